//! The step between a layer's projections and its attention: queries and keys are finished, keys and values are stored.

use super::disjoint::Disjoint;
use super::elementwise::Norm;
pub use super::kv_store::Place;
use super::kv_store::Store;
use super::pool::Pool;
use super::rotary::Angles;
use super::simd::Level;

/// The operations of a layer on its projections before attention.
#[derive(Debug, Clone, Copy)]
pub struct QkvFinish<'a> {
    /// Biases of queries, keys and values, each as long as a row of them.
    pub biases: Option<[&'a [f32]; 3]>,
    /// The norms of each head's queries and keys.
    pub norms: Option<[Norm<'a>; 2]>,
    /// The rows' rotations.
    pub angles: &'a Angles,
}

/// A layer's projections: queries `[rows, heads, head_dim]`, keys and values `[rows, kv_heads, head_dim]`.
pub struct Projections<'a> {
    /// The queries, finished in place.
    pub queries: &'a mut [f32],
    /// The keys, finished in place and then stored.
    pub keys: &'a mut [f32],
    /// The values, which are stored.
    pub values: &'a mut [f32],
}

/// Finishes the projections and stores each row's keys and values in its place, in `layer` of the store.
///
/// # Panics
/// If two rows have the same place, a place is not in the store, or a slice does not have its shape.
pub fn finish_and_store(
    pool: &Pool,
    level: Level,
    finish: &QkvFinish<'_>,
    projections: Projections<'_>,
    (store, layer): (&mut Store, usize),
    places: &[Place],
) {
    let rows = places.len();
    if rows == 0 {
        return;
    }
    let widths = [
        projections.queries.len() / rows,
        projections.keys.len() / rows,
        projections.values.len() / rows,
    ];
    let size = store.head_dim();
    assert_eq!(
        projections.queries.len(),
        rows * widths[0],
        "queries for each row"
    );
    assert_eq!(
        projections.keys.len(),
        rows * store.kv_heads() * size,
        "a key for each head"
    );
    assert_eq!(
        projections.keys.len(),
        projections.values.len(),
        "as many values as keys"
    );
    let parts = [projections.queries, projections.keys, projections.values].map(Disjoint::new);
    let writer = store.writer(layer, places);
    pool.for_rows(rows, |row| {
        // SAFETY: each row is processed once, and rows do not overlap.
        let [queries, keys, values] = std::array::from_fn(|part| unsafe {
            let width = widths[part];
            parts[part].part(row * width..(row + 1) * width)
        });
        if let Some([query, key, value]) = finish.biases {
            add(queries, query);
            add(keys, key);
            add(values, value);
        }
        if let Some([query, key]) = finish.norms {
            queries
                .chunks_exact_mut(size)
                .for_each(|head| query.apply(level, head));
            keys.chunks_exact_mut(size)
                .for_each(|head| key.apply(level, head));
        }
        finish.angles.turn(level, row, queries);
        finish.angles.turn(level, row, keys);
        // SAFETY: each row is processed once.
        unsafe { writer.write(level, row, keys, values) };
    });
}

/// Adds `other` to `row`.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn add(row: &mut [f32], other: &[f32]) {
    assert_eq!(row.len(), other.len(), "rows of one length");
    for (number, other) in row.iter_mut().zip(other) {
        *number += other;
    }
}

#[cfg(test)]
mod tests {
    use half::f16;
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::kv_store::BLOCK;
    use crate::kernels::rotary::Pairs;
    use crate::kernels::testing::{Random, assert_panics, bits, levels, put, threads};

    const LAYERS: usize = 2;

    /// The content of a store's layer: each place, and the keys and values of its heads' numbers.
    fn content(store: &Store, layer: usize) -> Vec<(Place, Vec<[u16; 2]>)> {
        let (size, stride) = (store.head_dim(), store.head_dim().next_multiple_of(16));
        let places =
            (0..store.blocks() as u32).flat_map(|block| (0..BLOCK).map(move |slot| Place { block, slot }));
        let token = |Place { block, slot }: Place| {
            (0..store.kv_heads())
                .flat_map(|head| {
                    let (keys, values) = store.head(layer, block, head);
                    (0..size).map(move |number| [keys[number * BLOCK + slot], values[slot * stride + number]])
                })
                .collect()
        };
        places.map(|place| (place, token(place))).collect()
    }

    struct Batch {
        places: Vec<Place>,
        /// Queries, keys and values.
        parts: [Vec<f32>; 3],
        angles: Angles,
        /// The weights of the norms of queries and keys.
        weights: [Vec<f32>; 2],
        /// The biases of queries, keys and values.
        biases: [Vec<f32>; 3],
    }

    /// Rows for a store of three blocks.
    fn batch(rows: usize, group: usize, kv_heads: usize, size: usize, random: &mut Random) -> Batch {
        let mut all: Vec<Place> = (0..3)
            .flat_map(|block| (0..BLOCK).map(move |slot| Place { block, slot }))
            .collect();
        for at in (1..all.len()).rev() {
            all.swap(at, random.below(at + 1));
        }
        all.truncate(rows);
        let widths = [group * kv_heads * size, kv_heads * size, kv_heads * size];
        let mut angles = Angles::new(Pairs::Halves, size);
        let frequencies: Vec<f32> = (0..size / 2).map(|pair| 0.5_f32.powi(pair as i32)).collect();
        angles.set((0..rows).map(|row| 3 * row), &frequencies, 1.0);
        Batch {
            places: all,
            parts: widths.map(|width| random.numbers(rows * width, 2.0)),
            angles,
            weights: [(); 2].map(|()| random.numbers(size, 2.0)),
            biases: widths.map(|width| random.numbers(width, 1.0)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn rows_are_finished_and_stored(
            rows in 1..31usize, group in 1..4usize, kv_heads in 1..4usize,
            half in prop::sample::select(vec![4, 9, 16, 40]), biased: bool, normed: bool, seed: u64,
        ) {
            let size = 2 * half;
            let batch = batch(rows, group, kv_heads, size, &mut Random(seed));
            let norm = |weight| Norm { weight, epsilon: 1e-5 };
            let finish = QkvFinish {
                biases: biased.then(|| batch.biases.each_ref().map(Vec::as_slice)),
                norms: normed.then(|| batch.weights.each_ref().map(|weight| norm(weight))),
                angles: &batch.angles,
            };
            for level in levels() {
                // The same steps one after the other, by functions that have their own tests.
                let mut wanted = batch.parts.clone();
                for (part, numbers) in wanted.iter_mut().enumerate() {
                    let width = numbers.len() / rows;
                    for (row, numbers) in numbers.chunks_mut(width).enumerate() {
                        if biased {
                            numbers.iter_mut().zip(&batch.biases[part]).for_each(|(number, bias)| *number += bias);
                        }
                        if normed && part < 2 {
                            numbers.chunks_mut(size).for_each(|head| norm(&batch.weights[part]).apply(level, head));
                        }
                        if part < 2 {
                            batch.angles.turn(level, row, numbers);
                        }
                    }
                }
                for count in [1, 3] {
                    let mut store = Store::new(LAYERS, kv_heads, size, 3);
                    let mut found = batch.parts.clone();
                    let [queries, keys, values] = &mut found;
                    let projections = Projections { queries, keys, values };
                    finish_and_store(&threads(count), level, &finish, projections, (&mut store, 1), &batch.places);
                    for part in 0..3 {
                        prop_assert_eq!(bits(&found[part]), bits(&wanted[part]), "{:?}, part {}", level, part);
                    }
                    let width = kv_heads * size;
                    for (place, token) in content(&store, 1) {
                        let row = batch.places.iter().position(|taken| *taken == place);
                        let half = |part: &[f32], at| {
                            row.map_or(0, |row| f16::from_f32(part[row * width + at]).to_bits())
                        };
                        let stored = (0..width).map(|at| [half(&wanted[1], at), half(&wanted[2], at)]);
                        prop_assert_eq!(token, stored.collect::<Vec<_>>(), "{:?}, {:?}", level, place);
                    }
                    let untouched = content(&store, 0);
                    prop_assert!(untouched.iter().flat_map(|(_, token)| token).all(|halves| *halves == [0, 0]));
                }
            }
        }
    }

    /// Stores a row of ones for each place, in a store of one layer, two blocks and one head of eight.
    fn store_ones(layer: usize, places: &[Place]) -> Store {
        let mut store = Store::new(1, 1, 8, 2);
        let ones = vec![1.0; 8 * places.len()];
        put(Level::best(), (&mut store, layer), places, &ones, &ones);
        store
    }

    const FIRST: Place = Place { block: 1, slot: 3 };
    const SECOND: Place = Place { block: 0, slot: 3 };

    #[test]
    fn a_place_can_be_taken_again_in_the_next_batch() {
        let mut store = store_ones(0, &[FIRST, SECOND]);
        put(Level::best(), (&mut store, 0), &[FIRST], &[2.0; 8], &[2.0; 8]);
        let stored = content(&store, 0);
        let stored_at = |place| &stored.iter().find(|(at, _)| *at == place).unwrap().1;
        assert_eq!(*stored_at(FIRST), [[f16::from_f32(2.0).to_bits(); 2]; 8]);
        assert_eq!(*stored_at(SECOND), [[f16::ONE.to_bits(); 2]; 8]);
    }

    #[test]
    fn places_that_are_wrong_or_taken_are_refused() {
        let (block, slot) = (2, BLOCK);
        let cases: [(&str, usize, &[Place]); 4] = [
            ("two tokens for one place", 0, &[FIRST, SECOND, FIRST]),
            ("places of the store", 0, &[Place { block, slot: 0 }]),
            ("places of the store", 0, &[Place { block: 0, slot }]),
            ("a block of the store", 1, &[FIRST]),
        ];
        for (expected, layer, places) in cases {
            assert_panics(expected, || drop(store_ones(layer, places)));
        }
        assert_panics("a store that can be addressed", || {
            Store::new(1 << 20, 1 << 20, 1 << 20, 1 << 20);
        });
    }

    #[test]
    fn numbers_beyond_half_floats_become_the_largest() {
        let numbers = [1e9, -1e9, f32::INFINITY, 0.0, 0.0, 0.0, 0.0, 0.0];
        for level in levels() {
            let mut store = Store::new(1, 1, 8, 1);
            put(level, (&mut store, 0), &[SECOND], &numbers, &numbers);
            let (_, values) = store.head(0, 0, 0);
            let found = [0, 1, 2, 3].map(|number| f16::from_bits(values[3 * 16 + number]).to_f32());
            assert_eq!(found, [65_504.0, -65_504.0, 65_504.0, 0.0], "{level:?}");
        }
    }
}
