//! Against plain loops in double precision, over random shapes, at every level this processor has.

use proptest::prelude::*;

use super::*;

/// `softmax((q + b) · kᵀ · scale) · v` of one text, as it stands in the books.
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
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let sum: f64 = weights.iter().sum();
            for n in numbers {
                let found = |(key, weight): (usize, &f64)| weight * at(projected.values, key, n);
                out[row * width + n] = weights.iter().enumerate().map(found).sum::<f64>() / sum;
            }
        }
    }
    out
}

/// Numbers from -1 to 1 that look random.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / (u32::MAX / 2) as f32 - 1.0
    };
    std::iter::repeat_with(step).take(count).collect()
}

struct Batch {
    starts: Vec<usize>,
    heads: usize,
    bias: Vec<f32>,
    parts: [Vec<f32>; 3],
}

impl Batch {
    fn new(texts: &[usize], heads: usize, size: usize, seed: u32) -> Self {
        let mut starts = vec![0];
        starts.extend(texts.iter().scan(0, |end, tokens| {
            *end += tokens;
            Some(*end)
        }));
        let rows = starts[texts.len()];
        let part = |n| numbers(rows * heads * size, seed + n);
        Self {
            starts,
            heads,
            bias: numbers(heads * size, seed + 9),
            parts: [part(0), part(1), part(2)],
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

    fn attend(&self, level: Level, threads: usize) -> Vec<f32> {
        let [queries, keys, values] = &self.parts;
        self.run(level, threads, &self.starts, [queries, keys, values])
    }

    fn run(&self, level: Level, threads: usize, starts: &[usize], parts: [&[f32]; 3]) -> Vec<f32> {
        let pool = Pool::new("test", threads).unwrap();
        let mut out = vec![f32::NAN; parts[0].len()];
        let projected = projected(parts);
        self.attention()
            .attend(&pool, level, starts, &projected, &mut out);
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

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_there())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_level_computes_what_plain_loops_do(
        texts in prop::collection::vec(0_usize..40, 0..4), heads in 1_usize..4, size in 1_usize..70, seed in 1_u32..1_000,
    ) {
        let batch = Batch::new(&texts, heads, size, seed);
        let width = heads * size;
        for level in levels() {
            let out = batch.attend(level, 2);
            for text in 0..texts.len() {
                let (rows, parts) = batch.of(text);
                let expected = plain(&batch.attention(), rows, &projected(parts));
                let found = &out[batch.starts[text] * width..];
                for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                    // Weights sum to 1 and values are below 1, so errors are those of the exponents.
                    prop_assert!(
                        (f64::from(*found) - expected).abs() < 2e-5,
                        "{level:?}: number {at} of text {text} is {found}, not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_text_gets_the_same_bits_alone_and_among_others_on_any_number_of_threads() {
    let batch = Batch::new(&[7, 33, 1, 0, 18], 3, 32, 5);
    for level in levels() {
        let together = batch.attend(level, 1);
        assert_eq!(together, batch.attend(level, 3), "{level:?}");
        for text in 0..5 {
            let (rows, parts) = batch.of(text);
            let alone = batch.run(level, 1, &[0, rows], parts);
            assert_eq!(
                together[batch.starts[text] * 96..][..rows * 96],
                alone,
                "{level:?}"
            );
        }
    }
}
