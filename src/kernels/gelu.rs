//! GELU with the exact error function: the curve between the two products of a BERT encoder's feed-forward network.

use super::activations::{Activations, RowMut};
use super::lanes::{Kernel, Lanes, Level};
use super::pool::Pool;

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

/// `x · Φ(x) = max(x, 0) - |x| · Q(|x|)`, where `Q(z) = 1 - Φ(z) = erfc(z / √2) / 2` is the upper tail.
///
/// The tail is by formula 7.1.26 of Abramowitz and Stegun, Handbook of Mathematical Functions (1964), which is within
/// `1.5e-7` of `erfc`: `erfc(y) = (a₁t + … + a₅t⁵) · e^(-y²)` with `t = 1 / (1 + 0.3275911 y)`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn curve<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller's.
    unsafe {
        let zero = L::splat(0.0);
        let size = x.max(zero.sub(x));
        let y = size.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = L::splat(1.0).div(y.mul_add(L::splat(0.327_591_1), L::splat(1.0)));
        let mut sum = L::splat(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            sum = sum.mul_add(t, L::splat(coefficient));
        }
        let erfc = sum.mul(t).mul(zero.sub(y.mul(y)).exp());
        let tail = erfc.mul(L::splat(-0.5));
        size.mul_add(tail, x.max(zero))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::lanes::LANES;
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
                    assert!(wrong < 1e-6, "{level:?}: {found}, not {expected}");
                }
            }
            let mut far: [f32; LANES] = [0.0; LANES];
            far[..4].copy_from_slice(&[100.0, -100.0, 1e30, -1e30]);
            level.run(Curve(&mut far));
            for (found, expected) in far.iter().zip([100.0, 0.0, 1e30, 0.0, 0.0]) {
                assert!(
                    (found - expected).abs() < 1e-30,
                    "{level:?}: {found}, not {expected}"
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
                        (found - expected).abs() <= scale * 0.501,
                        "{level:?}: {found}, not {expected}"
                    );
                }
            }
        }
    }
}
