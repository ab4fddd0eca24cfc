//! Logarithms of probabilities: how likely the chosen token and the likeliest tokens were for the model.

use super::SampleError;
use super::argmax::argmax;
use super::exponential::Weights;
use super::shortlist::Shortlist;

/// Natural logarithms of probabilities in the model's own distribution: before biases, penalties, masks and
/// temperature, as vLLM and llama.cpp's server report them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logprobs {
    /// The logarithm for the chosen token.
    pub chosen: f32,
    /// The likeliest tokens and their logarithms, the likeliest first. The chosen token may be among them or not.
    pub top: Vec<(u32, f32)>,
}

/// A row of the model's logits, kept until a token is chosen.
pub(super) struct Report {
    logits: Vec<f32>,
    count: usize,
    /// ln Σ e^logit: a logit minus this number is the logarithm of the probability.
    normalizer: f64,
}

impl Report {
    /// Keeps a row; the report will have the `count` likeliest tokens.
    ///
    /// # Errors
    ///
    /// The errors of [`argmax`].
    pub(super) fn new(logits: &[f32], count: usize) -> Result<Self, SampleError> {
        let (_, largest) = argmax(logits)?;
        let normalizer = f64::from(largest) + Weights::plain(largest).total(logits).ln();
        Ok(Self {
            logits: logits.to_vec(),
            count,
            normalizer,
        })
    }

    /// The report, for the token that was chosen.
    pub(super) fn of(self, chosen: u32) -> Logprobs {
        let logprob = |logit: f32| (f64::from(logit) - self.normalizer) as f32;
        let mut shortlist = Shortlist::default();
        let top = match self.count {
            0 => &[],
            count => shortlist.likeliest(&self.logits, count),
        };
        Logprobs {
            chosen: logprob(self.logits[chosen as usize]),
            top: top
                .iter()
                .map(|candidate| (candidate.token, logprob(candidate.logit)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_match_the_softmax() {
        let logits = [2.0f32, -1.0, 0.5, 2.0, -30.0];
        let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        let report = Report::new(&logits, 5).expect("finite").of(2);
        let tokens: Vec<u32> = report.top.iter().map(|(token, _)| *token).collect();
        assert_eq!(tokens, [0, 3, 2, 1, 4]);
        let probabilities: f64 = report
            .top
            .iter()
            .map(|(_, logprob)| f64::from(*logprob).exp())
            .sum();
        assert!((probabilities - 1.0).abs() < 1e-6, "{probabilities}");
        for (token, logprob) in &report.top {
            let exact = f64::from(logits[*token as usize]) - sum.ln();
            assert!(
                (f64::from(*logprob) - exact).abs() < 1e-5,
                "{token}: {logprob} for {exact}"
            );
        }
        assert_eq!(report.chosen, report.top[2].1);
    }

    #[test]
    fn the_report_has_as_many_tokens_as_requested() {
        for count in [0, 1, 3, 5, 20] {
            let report = Report::new(&[1.0, 2.0, 3.0, 4.0, 5.0], count).expect("finite");
            assert_eq!(report.of(0).top.len(), count.min(5));
        }
    }
}
