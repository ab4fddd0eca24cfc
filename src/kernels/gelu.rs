//! GELU with the exact error function: the activation between the two products of a BERT encoder's feed-forward
//! network.

use super::activations::{Activations, RowMut};
use super::pool::Pool;
use super::simd::{Kernel, Lanes, Level};

/// Computes `x · Φ(x)` of each `row + bias`, where `Φ` is the normal distribution (<https://arxiv.org/abs/1606.08415>),
/// and quantises it into `to` for the next matrix product.
///
/// # Panics
/// If a row is not as long as `bias`.
pub(crate) fn gelu_all(pool: &Pool, level: Level, rows: &[f32], bias: &[f32], to: &mut Activations) {
    let width = bias.len();
    to.resize(rows.len() / width, width);
    to.write_rows(pool, |number, to| {
        gelu(level, &rows[number * width..][..width], bias, to);
    });
}

/// One row of [`gelu_all`].
fn gelu(level: Level, row: &[f32], bias: &[f32], to: &mut RowMut<'_>) {
    assert!(
        row.len() == bias.len() && to.holds(row.len()),
        "rows of one length"
    );
    level.run(Gelu { row, bias, to });
}

struct Gelu<'a, 'b> {
    row: &'a [f32],
    bias: &'a [f32],
    to: &'a mut RowMut<'b>,
}

impl Kernel for Gelu<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: promised by the caller; every access stays inside the two slices, which are as long as each other.
        unsafe {
            self.to.fill::<L>(self.row.len(), |at, count| {
                let x = L::load_some(self.row.as_ptr().add(at), count);
                curve(x.add(L::load_some(self.bias.as_ptr().add(at), count)))
            });
        }
    }
}

/// Beyond ±`END`, `Φ` is taken as 0 or 1: `Φ(4.6)` is 1 within two millionths.
const END: f32 = 4.6;

/// `x · Φ(x)`, with an error of at most 9e-5 for `|x|` up to 6 and of at most 15 millionths of `|x|` beyond. Quantising
/// the result loses a hundred times as much.
///
/// `Φ(x) = 1/2 + x · P(x²)` for `|x| ≤ END`, where `P` is the polynomial of degree 9 that is exact at the end and whose
/// largest error, times `x²`, is the smallest (found by Lawson's algorithm). The usual formulas need a division and an
/// exponential, and cost three times as much.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn curve<L: Lanes>(x: L) -> L {
    const COEFFICIENTS: [f32; 9] = [
        1.413_430_4e-10,
        -8.025_391e-9,
        2.694_392_5e-7,
        -6.006_335e-6,
        9.488_934e-5,
        -1.107_823_1e-3,
        9.791_682e-3,
        -6.628_08e-2,
        3.988_579e-1,
    ];
    // SAFETY: promised by the caller.
    unsafe {
        let inside = x.min(L::splat(END)).max(L::splat(-END));
        let square = inside.mul(inside);
        let mut sum = L::splat(-1.108_484_5e-12);
        for coefficient in COEFFICIENTS {
            sum = sum.mul_add(square, L::splat(coefficient));
        }
        x.mul(inside.mul_add(sum, L::splat(0.5)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::LANES;
    use crate::kernels::testing::{
        assert_near, blocks_of, doubles, half_step, kernel, levels, restored, threads,
    };

    type Row = [f32; LANES];

    kernel! {
        /// Sixteen numbers through the curve.
        Curve(numbers: Row) -> Row, L {
            let mut to = [0.0; LANES];
            curve(L::load(numbers.as_ptr())).store(to.as_mut_ptr());
            to
        }
    }

    /// `erf(x) = 2/√π · Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1))`, good for `|x| < 4` in double precision.
    fn erf(x: f64) -> f64 {
        let (mut power, mut sum) = (x, x);
        for n in 1..200 {
            power *= -x * x / f64::from(n);
            sum += power / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    fn gelu(x: f64) -> f64 {
        x * 0.5 * (1.0 + erf(x / 2_f64.sqrt()))
    }

    #[test]
    fn the_curve_is_that_of_the_error_function_at_every_level() {
        for level in levels() {
            for step in -350..350_i16 {
                let from = f32::from(step) * 0.016;
                let numbers = std::array::from_fn(|lane| from + lane as f32 * 0.001);
                let expected = doubles(&numbers).into_iter().map(gelu).collect::<Vec<_>>();
                assert_near(level, &level.run(Curve(numbers)), &expected, |_| 9e-5);
            }
            let mut far: Row = [0.0; LANES];
            far[..4].copy_from_slice(&[100.0, -100.0, 1e30, -1e30]);
            let ends = far.map(|x| f64::from(x.max(0.0)));
            assert_near(level, &level.run(Curve(far)), &ends, |at| {
                f64::from(far[at].abs()) * 1.5e-5
            });
        }
    }

    #[test]
    fn rows_are_biased_and_quantised_each_on_its_own() {
        let (width, pool) = (45, threads(2));
        let bias: Vec<f32> = (0..width).map(|at| at as f32 * 0.01).collect();
        let rows: Vec<f32> = (0..width * 9).map(|at| (at as f32 * 0.7).sin() * 3.0).collect();
        for level in levels() {
            let mut together = Activations::default();
            gelu_all(&pool, level, &rows, &bias, &mut together);
            for (number, row) in rows.chunks_exact(width).enumerate() {
                let mut alone = Activations::default();
                gelu_all(&pool, level, row, &bias, &mut alone);
                assert_eq!(blocks_of(&together, number), blocks_of(&alone, 0));
                let biased = row.iter().zip(&bias).map(|(x, bias)| f64::from(x + bias));
                let expected = biased.map(gelu).collect::<Vec<_>>();
                assert_near(level, &restored(&alone), &expected, |at| {
                    half_step(&alone, at) + 3e-5
                });
            }
        }
    }
}
