//! Attention compared with a softmax in double precision, and with itself in other batches.

use std::ops::Range;

use half::f16;
use proptest::prelude::*;

use super::*;
use crate::kernels::kv_store::BLOCK;
use crate::kernels::qkv::Place;
use crate::kernels::testing::{
    Random, alone, assert_near, assert_panics, bits, levels, put, softmax, threads,
};

const LAYER: usize = 1;

#[derive(Debug, Clone)]
struct Heads {
    kv_heads: usize,
    /// Heads of queries for each head of keys and values.
    group: usize,
    size: usize,
    window: Option<usize>,
}

/// A sequence whose tokens are all in the store, and the number of its last tokens that are rows of the batch.
struct Sequence {
    blocks: Vec<u32>,
    /// `[tokens, kv_heads, size]`.
    keys: Vec<f32>,
    values: Vec<f32>,
    start: usize,
    rows: usize,
}

struct Batch {
    heads: Heads,
    store: Store,
    sequences: Vec<Sequence>,
    /// `[rows, heads, size]`.
    queries: Vec<f32>,
}

impl Batch {
    /// Sequences, each given as the number of tokens before its rows and the number of rows.
    fn new(heads: &Heads, spans: &[(usize, usize)], seed: u64) -> Self {
        let mut random = Random(seed);
        let per_sequence = spans
            .iter()
            .map(|(start, rows)| (start + rows).div_ceil(BLOCK))
            .max()
            .unwrap();
        let mut store = Store::new(LAYER + 1, heads.kv_heads, heads.size, per_sequence * spans.len());
        let sequences: Vec<Sequence> = spans
            .iter()
            .enumerate()
            .map(|(number, (start, rows))| {
                // The blocks of all sequences are mixed, and the last of a sequence comes first.
                let block = |at: usize| ((per_sequence - 1 - at) * spans.len() + number) as u32;
                let width = heads.kv_heads * heads.size;
                let mut numbers = |size| random.numbers((start + rows) * width, size);
                Sequence {
                    blocks: (0..per_sequence).map(block).collect(),
                    keys: numbers(2.0),
                    values: numbers(3.0),
                    start: *start,
                    rows: *rows,
                }
            })
            .collect();
        for sequence in &sequences {
            sequence.store_in(&mut store);
        }
        let rows: usize = spans.iter().map(|(_, rows)| rows).sum();
        let queries = random.numbers(rows * heads.kv_heads * heads.group * heads.size, 2.0);
        Self {
            heads: heads.clone(),
            store,
            sequences,
            queries,
        }
    }

    fn width(&self) -> usize {
        self.heads.kv_heads * self.heads.group * self.heads.size
    }

    fn scale(&self) -> f32 {
        (self.heads.size as f32).sqrt().recip()
    }

    fn attend(&self, pool: &Pool, level: Level, spans: Vec<AttentionSpan<'_>>, queries: &[f32]) -> Vec<f32> {
        let Heads { kv_heads, group, .. } = self.heads;
        let plan = Plan::new(spans, kv_heads, group, pool.threads());
        let attention = Attention {
            heads: kv_heads * group,
            scale: self.scale(),
            window: self.heads.window,
        };
        let mut out = vec![f32::NAN; queries.len()];
        // Numbers that an earlier layer left in the buffers must not matter.
        let mut partials = Partials {
            sums: vec![f32::NAN; 64],
            states: Vec::new(),
        };
        let store = (&self.store, LAYER);
        attend(
            pool,
            level,
            &attention,
            store,
            &plan,
            queries,
            &mut out,
            &mut partials,
        );
        out
    }

    /// The results of all rows of all sequences in one batch.
    fn together(&self, pool: &Pool, level: Level) -> Vec<f32> {
        let mut end = 0;
        let spans = self.sequences.iter().map(|sequence| {
            end += sequence.rows;
            sequence.span(0..sequence.rows, end - sequence.rows)
        });
        self.attend(pool, level, spans.collect(), &self.queries)
    }

    /// The results of all rows, each in a batch of its own.
    fn one_by_one(&self, pool: &Pool, level: Level) -> Vec<f32> {
        let rows = self
            .sequences
            .iter()
            .flat_map(|sequence| (0..sequence.rows).map(move |row| (sequence, row)));
        let queries = self.queries.chunks(self.width());
        rows.zip(queries)
            .flat_map(|((sequence, row), queries)| {
                self.attend(pool, level, vec![sequence.span(row..row + 1, 0)], queries)
            })
            .collect()
    }

    /// The expected results: a softmax over all keys that a row may see, in double precision.
    fn plain(&self) -> Vec<f64> {
        let Heads {
            kv_heads,
            group,
            size,
            window,
        } = self.heads;
        let positions = self.sequences.iter().flat_map(|sequence| {
            (sequence.start..sequence.start + sequence.rows).map(move |position| (sequence, position))
        });
        let mut out = Vec::new();
        for ((sequence, position), queries) in positions.zip(self.queries.chunks(self.width())) {
            let seen = window.map_or(0, |window| (position + 1).saturating_sub(window))..position + 1;
            for (head, query) in queries.chunks(size).enumerate() {
                let token = |all: &[f32], token: usize| {
                    let at = (token * kv_heads + head / group) * size;
                    all[at..at + size]
                        .iter()
                        .map(|x| f16::from_f32(*x).to_f64())
                        .collect::<Vec<f64>>()
                };
                let scores = seen.clone().map(|at| {
                    let key = token(&sequence.keys, at);
                    let dot: f64 = key.iter().zip(query).map(|(k, q)| k * f64::from(*q)).sum();
                    dot * f64::from(self.scale())
                });
                let weights = softmax(&scores.collect::<Vec<_>>());
                let mut sums = vec![0.0; size];
                for (at, weight) in seen.clone().zip(weights) {
                    let values = token(&sequence.values, at);
                    sums.iter_mut()
                        .zip(values)
                        .for_each(|(sum, value)| *sum += weight * value);
                }
                out.extend(sums);
            }
        }
        out
    }
}

impl Sequence {
    /// Some of the sequence's rows, which are the rows from `first` on in the batch.
    fn span(&self, rows: Range<usize>, first: usize) -> AttentionSpan<'_> {
        let in_batch = first..first + rows.len();
        span(&self.blocks, self.start + rows.start, in_batch)
    }

    fn store_in(&self, store: &mut Store) {
        let place_of = |token: usize| Place {
            block: self.blocks[token / BLOCK],
            slot: token % BLOCK,
        };
        let places: Vec<Place> = (0..self.start + self.rows).map(place_of).collect();
        put(Level::best(), (store, LAYER), &places, &self.keys, &self.values);
    }
}

/// Rows of a sequence with these blocks, the first of them at position `start`.
fn span(blocks: &[u32], start: usize, rows: Range<usize>) -> AttentionSpan<'_> {
    AttentionSpan { blocks, start, rows }
}

fn any_heads() -> impl Strategy<Value = Heads> {
    let heads = (
        1..3usize,
        prop::sample::select(vec![1, 3, 7, 14]),
        prop::sample::select(vec![8, 64, 80, 128, LONGEST_HEAD]),
        prop::option::of(prop::sample::select(vec![1, 5, 40, 300])),
    );
    heads.prop_map(|(kv_heads, group, size, window)| Heads {
        kv_heads,
        group,
        size,
        window,
    })
}

/// Tokens before the rows, and rows; around the ends of blocks and partitions as well as anywhere.
fn any_span() -> impl Strategy<Value = (usize, usize)> {
    let start = prop_oneof![0..40usize, 240..270usize, 500..530usize, 0..600usize];
    (start, prop_oneof![Just(1), 1..6usize, 1..31usize])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn results_are_those_of_a_softmax(
        heads in any_heads(), spans in prop::collection::vec(any_span(), 1..4), seed: u64,
    ) {
        let batch = Batch::new(&heads, &spans, seed);
        let wanted = batch.plain();
        for level in levels() {
            // Values are below 3; the scores' rounding moves the weights.
            assert_near(level, &batch.together(&alone(), level), &wanted, |_| 2e-5);
        }
    }

    #[test]
    fn batches_and_threads_change_no_bit(
        heads in any_heads(), spans in prop::collection::vec(any_span(), 1..4), seed: u64,
    ) {
        let batch = Batch::new(&heads, &spans, seed);
        for level in levels() {
            let wanted = bits(&batch.one_by_one(&alone(), level));
            // With several threads, single rows are cut into partitions.
            prop_assert_eq!(&bits(&batch.one_by_one(&threads(4), level)), &wanted, "{:?}, split", level);
            for count in 1..=4 {
                let found = bits(&batch.together(&threads(count), level));
                prop_assert_eq!(&found, &wanted, "{:?}, {} threads", level, count);
            }
        }
    }
}

const HEADS: Heads = Heads {
    kv_heads: 2,
    group: 3,
    size: 8,
    window: None,
};

#[test]
fn a_few_deep_rows_are_split_only_for_several_threads() {
    let blocks: Vec<u32> = (0..64).collect();
    let partials =
        |start, rows, threads| Plan::new(vec![span(&blocks, start, 0..rows)], 2, 3, threads).partials();
    // Two heads of keys and values, four partitions.
    assert_eq!(partials(1_000, 1, 2), 8);
    assert_eq!(partials(1_000, 5, 2), 40);
    assert_eq!(partials(1_000, 1, 1), 0);
    assert_eq!(partials(200, 1, 2), 0);
    // Four tasks to a head are enough.
    assert_eq!(partials(900, 30, 2), 0);
}

#[test]
fn equal_keys_give_the_mean_of_the_values() {
    let mut batch = Batch::new(&HEADS, &[(300, 1)], 5);
    let sequence = &mut batch.sequences[0];
    sequence.keys.fill(0.25);
    sequence.values.fill(1.5);
    sequence.store_in(&mut batch.store);
    for level in levels() {
        let found = batch.together(&alone(), level);
        assert_near(level, &found, &vec![1.5; found.len()], |_| 1e-6);
    }
}

#[test]
fn very_large_scores_choose_one_value() {
    let mut batch = Batch::new(&HEADS, &[(300, 2)], 5);
    let width = HEADS.kv_heads * HEADS.size;
    let sequence = &mut batch.sequences[0];
    sequence.keys.fill(0.0);
    sequence.keys[280 * width..281 * width].fill(60_000.0);
    sequence.store_in(&mut batch.store);
    let wanted: Vec<f64> = sequence.values[280 * width..281 * width]
        .chunks(HEADS.size)
        .flat_map(|head| [head; 3].concat())
        .map(|value| f16::from_f32(value).to_f64())
        .collect();
    batch.queries.fill(30_000.0);
    for level in levels() {
        let found = batch.together(&alone(), level);
        assert_near(level, &found, &[&wanted[..], &wanted].concat(), |_| 1e-6);
    }
}

#[test]
fn no_rows_give_no_results() {
    let batch = Batch::new(&HEADS, &[(4, 1)], 1);
    assert!(batch.attend(&alone(), Level::best(), Vec::new(), &[]).is_empty());
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let plan = |rows: &[(usize, Range<usize>)]| {
        let spans = rows.iter().map(|(start, rows)| span(&[0], *start, rows.clone()));
        Plan::new(spans.collect(), 2, 3, 2);
    };
    assert_panics("spans that follow each other", || plan(&[(0, 0..2), (0, 1..3)]));
    assert_panics("spans that follow each other", || plan(&[(0, 0..2), (0, 3..4)]));
    assert_panics("blocks for all tokens of a span", || plan(&[(15, 0..2)]));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let batch = Batch::new(&HEADS, &[(4, 1)], 1);
    let attend = |span, queries: &[f32]| {
        batch.attend(&alone(), Level::best(), vec![span], queries);
    };
    let two_rows = batch.queries.repeat(2);
    assert_panics("a query for each head", || {
        attend(batch.sequences[0].span(0..1, 0), &two_rows)
    });
    assert_panics("a block of the store", || {
        attend(span(&[77], 4, 0..1), &batch.queries)
    });
    let mut other_heads = Batch::new(&HEADS, &[(4, 1)], 1);
    other_heads.store = Store::new(LAYER + 1, 1, HEADS.size, 4);
    assert_panics("a plan for these heads", || {
        other_heads.together(&alone(), Level::best());
    });
    let long = Batch::new(&Heads { size: 272, ..HEADS }, &[(4, 1)], 1);
    assert_panics("a head of no more than 256 numbers", || {
        long.together(&alone(), Level::best());
    });
}
