//! GELU with the exact error function: the curve between the two products of a BERT encoder's feed-forward network.

use super::activations::{Activations, RowMut};
use super::pool::Pool;
use super::simd::{Kernel, Lanes, Level};

/// `x · Φ(x)` of each `row + bias`, where `Φ` is the normal distribution (<https://arxiv.org/abs/1606.08415>),
/// quantised into `to` for the next matrix product.
///
/// # Panics
/// If a row is not as long as `bias`.
pub fn gelu_all(pool: &Pool, level: Level, rows: &[f32], bias: &[f32], to: &mut Activations) {
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
        // SAFETY: as the caller's; every access stays inside the two slices, which are as long as each other.
        unsafe {
            self.to.fill::<L>(self.row.len(), |at, count| {
                let x = L::load_some(self.row.as_ptr().add(at), count);
                curve(x.add(L::load_some(self.bias.as_ptr().add(at), count)))
            });
        }
    }
}

/// Where the curve is taken to have reached its ends: `Φ(4.6)` is 1 to two millionths.
const END: f32 = 4.6;

/// `x · Φ(x)`, within 9e-5 up to 6 and from there on within 15 millionths of `|x|`: what quantising the result
/// loses is a hundred times that.
///
/// `Φ(x) = 1/2 + x · P(x²)` for `|x| ≤ END`, where `P` is the polynomial of degree 9 that reaches the end exactly and
/// whose largest error, times `x²`, is the least (found by Lawson's algorithm). A division and an exponential, which the
/// usual formulas take, cost three times as much.
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
    // SAFETY: as the caller's.
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
    use crate::kernels::testing::blocks_of;

    /// Sixteen numbers through the curve.
    struct Curve<'a>(&'a mut [f32; LANES]);

    impl Kernel for Curve<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: as the caller's; there are sixteen numbers.
            unsafe { curve(L::load(self.0.as_ptr())).store(self.0.as_mut_ptr()) };
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

    #[test]
    fn the_curve_is_that_of_the_error_function_at_every_level() {
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            for step in -350..350_i16 {
                let from = f32::from(step) * 0.016;
                let mut numbers = std::array::from_fn(|lane| from + lane as f32 * 0.001);
                let expected = numbers.map(|x| f64::from(x) * 0.5 * (1.0 + erf(f64::from(x) / 2_f64.sqrt())));
                level.run(Curve(&mut numbers));
                for (found, expected) in numbers.iter().zip(expected) {
                    let wrong = (f64::from(*found) - expected).abs();
                    assert!(wrong < 9e-5, "{level:?}: {found}, not {expected}");
                }
            }
            let mut far = [0.0; LANES];
            let xs = [100.0, -100.0, 1e30, -1e30];
            far[..4].copy_from_slice(&xs);
            level.run(Curve(&mut far));
            for (found, x) in far.iter().zip(xs) {
                assert!(
                    (found - x.max(0.0)).abs() <= x.abs() * 1.5e-5,
                    "{level:?}: {found} of {x}"
                );
            }
        }
    }

    #[test]
    fn rows_are_biased_and_quantised_each_on_its_own() {
        let pool = Pool::new("test", 2).unwrap();
        let width = 45;
        let bias: Vec<f32> = (0..width).map(|at| at as f32 * 0.01).collect();
        let rows: Vec<f32> = (0..width * 9).map(|at| (at as f32 * 0.7).sin() * 3.0).collect();
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            let mut together = Activations::default();
            gelu_all(&pool, level, &rows, &bias, &mut together);
            for (number, row) in rows.chunks_exact(width).enumerate() {
                let mut alone = Activations::default();
                gelu_all(&pool, level, row, &bias, &mut alone);
                assert_eq!(blocks_of(&together, number), blocks_of(&alone, 0));
                for (at, (x, bias)) in row.iter().zip(&bias).enumerate() {
                    let x = f64::from(x + bias);
                    let expected = x * 0.5 * (1.0 + erf(x / 2_f64.sqrt()));
                    let (codes, factors) = alone.block(0, at / 32);
                    let scale = f64::from(factors.scale);
                    let found = f64::from(codes[at % 32]) * scale;
                    assert!(
                        (found - expected).abs() <= scale * 0.501 + 3e-5,
                        "{level:?}: {found}, not {expected}"
                    );
                }
            }
        }
    }
}
