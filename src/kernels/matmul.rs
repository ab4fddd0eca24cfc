//! Several matrix products of the same rows in one parallel region.

use super::activations::Activations;
use super::disjoint::Disjoint;
use super::gemm::Strips;
use super::pool::Pool;
use super::simd::{LANES, Level};
use super::tiles::Matrix;

/// Tasks per thread: enough that a thread that joins late finds work and that no thread waits long for the last task.
const TASKS: usize = 8;

/// One product.
pub struct Matmul<'a> {
    /// The weights, `[out columns, in columns]`.
    pub matrix: &'a Matrix,
    /// The result, `[rows, out columns]`.
    pub out: &'a mut [f32],
    /// Whether the result is added to the content of `out` or replaces it.
    pub add: bool,
}

/// Computes all `products` of `rows`. Each row's result is the same whatever the other rows are.
///
/// # Panics
/// If the shapes of a matrix, its output and the rows do not fit.
pub fn multiply(pool: &Pool, level: Level, rows: &Activations, products: &mut [Matmul<'_>]) {
    struct Part<'a> {
        matrix: &'a Matrix,
        out: Disjoint<'a, f32>,
        add: bool,
        strips: usize,
    }
    let parts: Vec<Part<'_>> = products
        .iter_mut()
        .map(|product| Part {
            matrix: product.matrix,
            strips: product.matrix.rows().div_ceil(LANES),
            out: Disjoint::new(product.out),
            add: product.add,
        })
        .collect();
    let strips: usize = parts.iter().map(|part| part.strips).sum();
    let size = strips.div_ceil(pool.threads() * TASKS).max(1);
    pool.run(strips.div_ceil(size), |task| {
        let mut first = 0;
        for part in &parts {
            let from = (task * size).clamp(first, first + part.strips) - first;
            let to = ((task + 1) * size).clamp(first, first + part.strips) - first;
            first += part.strips;
            if from < to {
                // SAFETY: every strip is in one task, and strips have no columns in common.
                level.run(unsafe { Strips::new(part.matrix, from..to, rows, &part.out, part.add) });
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;
    use half::f16;
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::{
        Random, alone, assert_near, assert_panics, bits, levels, packed, packed_wide, quantised,
        quantised_as, restored, threads,
    };

    /// The largest scale and minimum of a weight.
    const SCALE: f32 = 0.01;
    /// A bound for the sizes of `scale · code` and `min` of a weight together: 400 times [`SCALE`].
    const LARGEST: f64 = 4.0;

    /// How a matrix is packed, and from what.
    #[derive(Debug, Clone, Copy)]
    enum Form {
        /// A tensor of a file, packed in narrow tiles.
        Narrow(GgmlDType),
        /// Unquantised numbers in wide tiles.
        Wide,
    }

    impl Form {
        /// The next number of columns that the form allows.
        fn allowed(self, columns: usize) -> usize {
            match self {
                Form::Narrow(kind) => columns.next_multiple_of(kind.block_size()),
                Form::Wide => columns,
            }
        }

        /// Rows that can be multiplied with matrices of this form.
        fn rows(self, level: Level, numbers: &[f32], columns: usize) -> Activations {
            let empty = match self {
                Form::Narrow(_) => Activations::default(),
                Form::Wide => Activations::wide(),
            };
            quantised_as(empty, level, numbers, columns)
        }
    }

    fn matrix(form: Form, rows: usize, columns: usize, random: &mut Random) -> Matrix {
        let mut weights = || random.numbers(rows * columns, SCALE * 127.0);
        let kind = match form {
            // Rows may end within a block. The minimum is -128 · scale, the scale about 1/127.
            Form::Narrow(GgmlDType::F32) => return packed(&weights(), rows, columns).unwrap(),
            Form::Wide => return packed_wide(&weights(), rows, columns),
            Form::Narrow(kind) => kind,
        };
        let mut data = vec![0; rows * columns / kind.block_size() * kind.type_size()];
        for block in data.chunks_exact_mut(kind.type_size()) {
            block.fill_with(|| random.bits() as u8);
            // The scale and, where there is one, the minimum.
            let halves = if kind == GgmlDType::Q8_0 { 1 } else { 2 };
            for half in block.as_chunks_mut().0.iter_mut().take(halves) {
                *half = f16::from_f32(random.number() * SCALE).to_le_bytes();
            }
        }
        Matrix::pack(&alone(), kind, &data, rows, columns).unwrap()
    }

    /// Rows times the transposed matrix, and the error that each result may have.
    fn plain(rows: &Activations, matrix: &Matrix) -> (Vec<f64>, Vec<f64>) {
        let mut weights = vec![vec![0.0; matrix.columns()]; matrix.rows()];
        for (row, weights) in weights.iter_mut().enumerate() {
            matrix.row(row, weights);
        }
        let numbers = restored(rows);
        let mut wanted = Vec::new();
        let mut bounds = Vec::new();
        for numbers in numbers.chunks(matrix.columns()) {
            let total: f64 = numbers.iter().map(|number| f64::from(number.abs())).sum();
            // Each block adds two rounded products; all sums stay below `total · LARGEST`.
            let steps = 2 * matrix.blocks() + 4;
            bounds.resize(
                bounds.len() + weights.len(),
                total * LARGEST * steps as f64 * f64::from(f32::EPSILON) / 2.0,
            );
            wanted.extend(weights.iter().map(|weights| {
                let products = numbers.iter().zip(weights);
                products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
            }));
        }
        (wanted, bounds)
    }

    fn product(pool: &Pool, level: Level, rows: &Activations, matrix: &Matrix) -> Vec<f32> {
        let mut out = vec![f32::NAN; rows.rows() * matrix.rows()];
        let product = Matmul {
            matrix,
            out: &mut out,
            add: false,
        };
        multiply(pool, level, rows, &mut [product]);
        out
    }

    fn narrow() -> impl Strategy<Value = Form> {
        let kinds = [GgmlDType::Q4_1, GgmlDType::Q5_1, GgmlDType::Q8_0, GgmlDType::F32];
        prop::sample::select(kinds.map(Form::Narrow).to_vec())
    }

    fn any_form() -> impl Strategy<Value = Form> {
        prop_oneof![3 => narrow(), 1 => Just(Form::Wide)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn products_are_those_of_the_weights(
            form in any_form(), rows in 1..31usize, outs in 1..70usize, columns in 1..300usize, seed: u64,
        ) {
            let columns = form.allowed(columns);
            let mut random = Random(seed);
            let matrix = matrix(form, outs, columns, &mut random);
            let numbers = random.numbers(rows * columns, 2.0);
            for level in levels() {
                let rows = form.rows(level, &numbers, columns);
                let (wanted, bounds) = plain(&rows, &matrix);
                assert_near(level, &product(&alone(), level, &rows, &matrix), &wanted, |at| bounds[at]);
            }
        }

        #[test]
        fn neighbours_and_threads_change_no_bit(
            form in any_form(), rows in 1..31usize, outs in 1..70usize, columns in 1..300usize, seed: u64,
        ) {
            let columns = form.allowed(columns);
            let mut random = Random(seed);
            let matrix = matrix(form, outs, columns, &mut random);
            let numbers = random.numbers(rows * columns, 2.0);
            for level in levels() {
                let single = numbers
                    .chunks(columns)
                    .flat_map(|row| product(&alone(), level, &form.rows(level, row, columns), &matrix));
                let single = bits(&single.collect::<Vec<_>>());
                let rows = form.rows(level, &numbers, columns);
                for count in 1..=4 {
                    let found = product(&threads(count), level, &rows, &matrix);
                    prop_assert_eq!(&bits(&found), &single, "{:?}, {} threads", level, count);
                }
            }
        }

        #[test]
        fn a_region_is_its_products(
            forms in [narrow(), narrow(), narrow()], rows in 1..6usize, outs in [1..70usize, 1..40, 1..20],
            seed: u64,
        ) {
            let columns = 96;
            let mut random = Random(seed);
            let matrices: Vec<Matrix> = forms
                .into_iter()
                .zip(outs)
                .map(|(form, outs)| matrix(form, outs, columns, &mut random))
                .collect();
            let numbers = random.numbers(rows * columns, 2.0);
            for level in levels() {
                let input = quantised(level, &numbers, columns);
                let before: Vec<Vec<f32>> = outs.iter().map(|outs| Random(seed).numbers(rows * outs, 9.0)).collect();
                let mut found = before.clone();
                let mut products: Vec<Matmul<'_>> = matrices
                    .iter()
                    .zip(&mut found)
                    .enumerate()
                    .map(|(at, (matrix, out))| Matmul { matrix, out, add: at == 1 })
                    .collect();
                multiply(&threads(3), level, &input, &mut products);
                for (at, (matrix, found)) in matrices.iter().zip(&found).enumerate() {
                    let mut wanted = product(&alone(), level, &input, matrix);
                    if at == 1 {
                        wanted.iter_mut().zip(&before[at]).for_each(|(number, before)| *number += before);
                    }
                    prop_assert_eq!(bits(found), bits(&wanted), "{:?}, product {}", level, at);
                }
            }
        }
    }

    #[test]
    fn no_rows_make_no_products() {
        let matrix = packed(&[1.0; 40], 1, 40).unwrap();
        let mut rows = Activations::default();
        rows.resize(0, 40);
        assert!(product(&alone(), Level::best(), &rows, &matrix).is_empty());
    }

    #[test]
    fn the_largest_codes_of_a_wide_form_do_not_overflow() {
        // 128 codes of 255 times 127: the largest sum before it is scaled. Scales are half floats, so the weights are 1
        // within a thousandth.
        let matrix = packed_wide(&[1.0; 128], 1, 128);
        for level in levels() {
            for sign in [1.0, -1.0] {
                let rows = Form::Wide.rows(level, &[sign; 128], 128);
                let found = product(&alone(), level, &rows, &matrix);
                assert_near(level, &found, &[f64::from(sign) * 128.0], |_| 0.2);
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let level = Level::best();
        let matrix = packed(&[1.0; 160], 1, 160).unwrap();
        let multiplied = |rows: &Activations| drop(product(&alone(), level, rows, &matrix));
        let rows = quantised(level, &[1.0; 161], 161);
        assert_panics("what a matrix takes in", || multiplied(&rows));
        let rows = Form::Wide.rows(level, &[1.0; 160], 160);
        assert_panics("scales for as many columns", || multiplied(&rows));
        let rows = quantised(level, &[1.0; 160], 160);
        let too_short = Matmul {
            matrix: &matrix,
            out: &mut [],
            add: false,
        };
        assert_panics("what it puts out", || {
            multiply(&alone(), level, &rows, &mut [too_short])
        });
    }
}
