//! For tests: vectors in clusters, like those of sentences about the same things.

use super::Vectors;
use crate::kernels::testing::Random;

pub(super) const DIMENSION: usize = 32;

/// `count` unit vectors around `count / 20` centres, every tenth a copy of an earlier one.
pub(super) fn clustered(count: usize, seed: u64) -> Vectors {
    let mut random = Random(seed);
    let centres: Vec<Vec<f32>> = (0..count / 20 + 1)
        .map(|_| (0..DIMENSION).map(|_| random.number()).collect())
        .collect();
    let mut vectors = Vectors::new(DIMENSION);
    for i in 0..count {
        if i % 10 == 9 {
            let earlier = vectors.row(random.below(i)).to_vec();
            vectors.push(&earlier);
        } else {
            let centre = &centres[random.below(centres.len())];
            vectors.push(&unit(centre.iter().map(|x| x + random.number() * 0.5).collect()));
        }
    }
    vectors
}

/// The vector scaled to length 1.
pub(super) fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}
