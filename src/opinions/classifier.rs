//! A logistic regression on vectors: labelled vectors in, a direction out. Pure.
//!
//! Learned by Newton's method, whose equations are solved by conjugate gradients (Lin, Weng and Keerthi 2008,
//! <https://www.jmlr.org/papers/v9/lin08b.html>): no matrix is built, and the same examples always give the same
//! classifier.

use serde::{Deserialize, Serialize};

/// At most so many of Newton's steps …
const STEPS: usize = 30;
/// … of at most so many of conjugate gradients; …
const INNER_STEPS: usize = 60;
/// … they end where the gradient is this much smaller than the one they began with.
const SETTLED: f64 = 1e-4;
const INNER_SETTLED: f64 = 1e-2;
/// How much the bias is penalised: so little that it is not, and enough that it is finite.
const BIAS_PENALTY: f64 = 1e-3;

/// Says which of two sides a vector is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Classifier {
    /// One for each number of a vector, then the bias.
    weights: Vec<f32>,
}

/// What is learned from.
struct Examples<'a> {
    /// Each vector, its side as 1 or −1, and how much it counts.
    vectors: Vec<(&'a [f32], f64, f64)>,
    penalty: f64,
}

impl Classifier {
    /// Learns to tell the vectors of one side from those of the other. Both sides count the same, however many vectors
    /// they have. `penalty` is how much the size of the weights counts against the errors on the examples, which are
    /// counted as a sum. `None` where a side has none.
    pub(super) fn learn(positive: &[&[f32]], negative: &[&[f32]], penalty: f64) -> Option<Self> {
        let dimension = positive.first().zip(negative.first())?.0.len();
        let all = (positive.len() + negative.len()) as f64;
        let side = |vectors: &[&'_ [f32]]| all / (2.0 * vectors.len() as f64);
        let (of_positive, of_negative) = (side(positive), side(negative));
        let positive = positive.iter().map(|vector| (*vector, 1.0, of_positive));
        let negative = negative.iter().map(|vector| (*vector, -1.0, of_negative));
        let examples = Examples {
            vectors: positive.chain(negative).collect(),
            penalty,
        };
        let weights = examples.solve(dimension);
        Some(Self {
            weights: weights.into_iter().map(|weight| weight as f32).collect(),
        })
    }

    /// The log-odds that a vector is on the positive side.
    pub(crate) fn score(&self, vector: &[f32]) -> f32 {
        let (bias, weights) = self.weights.split_last().expect("there is a bias");
        crate::index::dot(weights, vector) + bias
    }
}

impl Examples<'_> {
    /// The weights, of which the last is the bias.
    fn solve(&self, dimension: usize) -> Vec<f64> {
        let mut weights = vec![0.0; dimension + 1];
        let mut enough = None;
        for _ in 0..STEPS {
            let (gradient, curvature) = self.at(&weights);
            if length(&gradient) <= *enough.get_or_insert(SETTLED * length(&gradient)) {
                break;
            }
            for (weight, step) in weights.iter_mut().zip(self.step(&gradient, &curvature)) {
                *weight += step;
            }
        }
        weights
    }

    /// The gradient, and how much each example bends it.
    fn at(&self, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut gradient = self.penalised(weights);
        let bends = |(vector, side, counts): &(&[f32], f64, f64)| {
            let wrong = 1.0 / (1.0 + (side * predict(weights, vector)).exp());
            add(&mut gradient, vector, -side * counts * wrong);
            counts * wrong * (1.0 - wrong)
        };
        let curvature = self.vectors.iter().map(bends).collect();
        (gradient, curvature)
    }

    /// Solves the second derivative times the step = −`gradient`.
    fn step(&self, gradient: &[f64], curvature: &[f64]) -> Vec<f64> {
        let mut step = vec![0.0; gradient.len()];
        let mut rest: Vec<f64> = gradient.iter().map(|value| -value).collect();
        let mut direction = rest.clone();
        let enough = INNER_SETTLED * length(gradient);
        for _ in 0..INNER_STEPS {
            let bent = self.bent(&direction, curvature);
            let before = dot(&rest, &rest);
            let far = before / dot(&direction, &bent);
            for at in 0..step.len() {
                step[at] += far * direction[at];
                rest[at] -= far * bent[at];
            }
            if length(&rest) <= enough {
                break;
            }
            let kept = dot(&rest, &rest) / before;
            for (direction, rest) in direction.iter_mut().zip(&rest) {
                *direction = rest + kept * *direction;
            }
        }
        step
    }

    /// The second derivative times `direction`.
    fn bent(&self, direction: &[f64], curvature: &[f64]) -> Vec<f64> {
        let mut bent = self.penalised(direction);
        for ((vector, ..), curvature) in self.vectors.iter().zip(curvature) {
            add(&mut bent, vector, curvature * predict(direction, vector));
        }
        bent
    }

    fn penalised(&self, weights: &[f64]) -> Vec<f64> {
        let (bias, weights) = weights.split_last().expect("there is a bias");
        let penalised = weights.iter().map(|weight| weight * self.penalty);
        penalised.chain([bias * BIAS_PENALTY]).collect()
    }
}

/// The weights, of which the last is the bias, times the vector.
fn predict(weights: &[f64], vector: &[f32]) -> f64 {
    let products = weights
        .iter()
        .zip(vector)
        .map(|(weight, value)| weight * f64::from(*value));
    products.sum::<f64>() + weights[vector.len()]
}

/// Adds so many times the vector, and 1 for the bias.
fn add(sum: &mut [f64], vector: &[f32], times: f64) {
    for (sum, value) in sum.iter_mut().zip(vector) {
        *sum += times * f64::from(*value);
    }
    sum[vector.len()] += times;
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn length(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_gives_the_log_odds_of_its_examples() {
        // Of four vectors at 1 three are positive, of four at −1 one: log-odds of ±ln 3, which a small penalty shrinks
        // little.
        let (right, left) = ([1.0_f32], [-1.0_f32]);
        let positive: Vec<&[f32]> = vec![&right, &right, &right, &left];
        let negative: Vec<&[f32]> = vec![&left, &left, &left, &right];
        let learned = Classifier::learn(&positive, &negative, 1e-6).expect("both sides have examples");
        assert!((learned.score(&right) - 3_f32.ln()).abs() < 1e-3, "{learned:?}");
        assert!((learned.score(&left) + 3_f32.ln()).abs() < 1e-3, "{learned:?}");
        // Both sides count the same, whatever their numbers.
        let many: Vec<&[f32]> = positive.iter().copied().cycle().take(40).collect();
        let same = Classifier::learn(&many, &negative, 1e-6).expect("both sides have examples");
        assert!((same.score(&right) - learned.score(&right)).abs() < 1e-3);
        // A penalty keeps what can be told apart perfectly finite.
        let apart = Classifier::learn(&[&right], &[&left], 1.0).expect("both sides have examples");
        assert!(
            apart.score(&right) > 0.1 && apart.score(&right) < 2.0,
            "{apart:?}"
        );
        assert_eq!(Classifier::learn(&positive, &[], 1.0), None);
    }
}
