//! Attention compared with plain loops in double precision, over random shapes, at every level of this processor.

use proptest::prelude::*;

use super::*;
use crate::kernels::testing::{Random, assert_near, levels, softmax, threads};

/// `softmax((q + b) · kᵀ · scale) · v` of one text, computed as it is written here.
fn plain(bidirectional: &Bidirectional<'_>, rows: usize, projected: &Projected<'_>) -> Vec<f64> {
    let width = bidirectional.query_bias.len();
    let size = width / bidirectional.heads;
    let at = |slice: &[f32], row: usize, number: usize| f64::from(slice[row * width + number]);
    let mut out = vec![0.0; rows * width];
    for row in 0..rows {
        for head in 0..bidirectional.heads {
            let numbers = head * size..(head + 1) * size;
            let query = |n| at(projected.queries, row, n) + f64::from(bidirectional.query_bias[n]);
            let score = |key| {
                numbers
                    .clone()
                    .map(|n| query(n) * at(projected.keys, key, n))
                    .sum::<f64>()
            };
            let scores: Vec<f64> = (0..rows)
                .map(|key| score(key) * f64::from(bidirectional.scale))
                .collect();
            let weights = softmax(&scores);
            for n in numbers {
                let found = |(key, weight): (usize, &f64)| weight * at(projected.values, key, n);
                out[row * width + n] = weights.iter().enumerate().map(found).sum();
            }
        }
    }
    out
}

struct Batch {
    starts: Vec<usize>,
    heads: usize,
    bias: Vec<f32>,
    parts: [Vec<f32>; 3],
}

impl Batch {
    fn new(texts: &[usize], heads: usize, size: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut starts = vec![0];
        starts.extend(texts.iter().scan(0, |end, tokens| {
            *end += tokens;
            Some(*end)
        }));
        let rows = starts[texts.len()];
        Self {
            starts,
            heads,
            bias: random.numbers(heads * size, 1.0),
            parts: [(); 3].map(|()| random.numbers(rows * heads * size, 1.0)),
        }
    }

    fn attention(&self) -> Bidirectional<'_> {
        Bidirectional {
            heads: self.heads,
            scale: 1.7,
            query_bias: &self.bias,
        }
    }

    fn of(&self, text: usize) -> (usize, [&[f32]; 3]) {
        let width = self.bias.len();
        let rows = self.starts[text]..self.starts[text + 1];
        let of = |part: usize| &self.parts[part][rows.start * width..rows.end * width];
        (rows.len(), [of(0), of(1), of(2)])
    }

    fn attend(&self, level: Level, pool: &Pool) -> Vec<f32> {
        let [queries, keys, values] = &self.parts;
        self.run(level, pool, &self.starts, [queries, keys, values])
    }

    fn run(&self, level: Level, pool: &Pool, starts: &[usize], parts: [&[f32]; 3]) -> Vec<f32> {
        let mut out = vec![f32::NAN; parts[0].len()];
        self.attention()
            .attend(pool, level, starts, &projected(parts), &mut out);
        out
    }
}

fn projected([queries, keys, values]: [&[f32]; 3]) -> Projected<'_> {
    Projected {
        queries,
        keys,
        values,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_level_computes_what_plain_loops_do(
        texts in prop::collection::vec(0_usize..40, 0..4), heads in 1_usize..4, size in 1_usize..70, seed: u64,
    ) {
        let batch = Batch::new(&texts, heads, size, seed);
        let width = heads * size;
        for level in levels() {
            let out = batch.attend(level, &threads(2));
            for text in 0..texts.len() {
                let (rows, parts) = batch.of(text);
                let expected = plain(&batch.attention(), rows, &projected(parts));
                let found = &out[batch.starts[text] * width..][..rows * width];
                // Weights sum to 1 and values are below 1, so the errors are those of the exponents.
                assert_near(level, found, &expected, |_| 2e-5);
            }
        }
    }
}

#[test]
fn a_text_gets_the_same_bits_alone_and_among_others_on_any_number_of_threads() {
    let batch = Batch::new(&[7, 33, 1, 0, 18], 3, 32, 5);
    for level in levels() {
        let together = batch.attend(level, &threads(1));
        assert_eq!(together, batch.attend(level, &threads(3)), "{level:?}");
        for text in 0..5 {
            let (rows, parts) = batch.of(text);
            let alone = batch.run(level, &threads(1), &[0, rows], parts);
            let among_others = &together[batch.starts[text] * 96..][..rows * 96];
            assert_eq!(among_others, alone, "{level:?}");
        }
    }
}
