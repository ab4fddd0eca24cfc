//! The settings of the sampler, and their ranges.

/// The largest number of likely tokens that can be reported with each token; the OpenAI API's limit.
const MAX_LOGPROBS: usize = 20;

/// How a token is chosen. The documentation of the module `sampler` has the order in which the settings apply.
///
/// The fields are public and unchecked; [`Sampling::check`] finds what is out of range. [`Sampling::GREEDY`] has
/// every step switched off, so `Sampling { temperature: 0.7, ..Sampling::GREEDY }` adds one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sampling {
    /// 0 takes the most likely token; 1 draws by the model's probabilities; a larger number flattens them. From 0 to 2.
    pub temperature: f32,
    /// Draws from this number of the most likely tokens; 0 for all.
    pub top_k: usize,
    /// Draws from the fewest tokens that together have at least this probability; 1 for all. From 0 to 1.
    pub top_p: f32,
    /// Leaves out tokens that are less likely than this share of the most likely token's probability. From 0 (off) to
    /// 1.
    pub min_p: f32,
    /// Divides the positive logits, and multiplies the negative ones, of tokens in the prompt or the text so far; 1
    /// for no change. Above 0, at most 10.
    pub repetition_penalty: f32,
    /// Subtracted from the logit of every token that is in the text so far. From -2 to 2.
    pub presence_penalty: f32,
    /// Subtracted from a token's logit once for each time it is in the text so far. From -2 to 2.
    pub frequency_penalty: f32,
    /// Added to the logits of these tokens. From -100 (practically never) to 100 (practically always).
    pub logit_bias: Vec<(u32, f32)>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Reports the logarithms of the probabilities of the chosen token and of this number of the likeliest tokens; 20
    /// at most.
    pub logprobs: Option<usize>,
}

impl Sampling {
    /// The most likely token, always.
    pub(crate) const GREEDY: Sampling = Sampling {
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        repetition_penalty: 1.0,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
        logit_bias: Vec::new(),
        seed: 0,
        logprobs: None,
    };

    /// Checks that all fields are in range, for a model of `vocabulary` tokens.
    ///
    /// # Errors
    ///
    /// The first field that is out of range, as a sentence for the client.
    pub(crate) fn check(&self, vocabulary: usize) -> Result<(), SamplingError> {
        range("temperature", self.temperature, "from 0 to 2", |t| {
            (0.0..=2.0).contains(&t)
        })?;
        range("top_p", self.top_p, "from 0 to 1", |p| (0.0..=1.0).contains(&p))?;
        range("min_p", self.min_p, "from 0 to 1", |p| (0.0..=1.0).contains(&p))?;
        let factor = |r: f32| r > 0.0 && r <= 10.0;
        range(
            "repetition_penalty",
            self.repetition_penalty,
            "above 0 and at most 10",
            factor,
        )?;
        let penalty = |p: f32| (-2.0..=2.0).contains(&p);
        range("presence_penalty", self.presence_penalty, "from -2 to 2", penalty)?;
        range(
            "frequency_penalty",
            self.frequency_penalty,
            "from -2 to 2",
            penalty,
        )?;
        for (token, bias) in &self.logit_bias {
            range("logit_bias", *bias, "from -100 to 100", |b| {
                (-100.0..=100.0).contains(&b)
            })?;
            if *token as usize >= vocabulary {
                return Err(SamplingError::UnknownToken {
                    token: *token,
                    vocabulary,
                });
            }
        }
        match self.logprobs {
            Some(count) if count > MAX_LOGPROBS => Err(SamplingError::TooManyLogprobs { count }),
            _ => Ok(()),
        }
    }

    /// Whether a draw chooses from fewer than all tokens.
    pub(super) fn cuts(&self) -> bool {
        self.top_k > 0 || self.top_p < 1.0 || self.min_p > 0.0
    }

    /// Whether the text so far changes what is chosen next.
    pub(super) fn penalizes(&self) -> bool {
        self.repetition_penalty != 1.0 || self.presence_penalty != 0.0 || self.frequency_penalty != 0.0
    }
}

/// Refuses a number outside its range; NaN is outside every range.
fn range(
    field: &'static str,
    given: f32,
    allowed: &'static str,
    is_allowed: impl Fn(f32) -> bool,
) -> Result<(), SamplingError> {
    if is_allowed(given) {
        Ok(())
    } else {
        Err(SamplingError::OutOfRange {
            field,
            given,
            allowed,
        })
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum SamplingError {
    /// A number outside its range.
    #[error("`{field}` is {given}; give a number {allowed}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// Its value.
        given: f32,
        /// The range, as words.
        allowed: &'static str,
    },
    /// A bias for a token that the model does not have.
    #[error("`logit_bias` names token {token}; this model's tokens are numbered from 0 to {}", vocabulary - 1)]
    UnknownToken {
        /// The token named.
        token: u32,
        /// How many tokens the model has.
        vocabulary: usize,
    },
    /// The client asked for more tokens than can be reported.
    #[error("`top_logprobs` is {count}; ask for at most {MAX_LOGPROBS}")]
    TooManyLogprobs {
        /// How many the client asked for.
        count: usize,
    },
}

impl SamplingError {
    /// The wrong field, by its name in the OpenAI API.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            SamplingError::OutOfRange { field, .. } => field,
            SamplingError::UnknownToken { .. } => "logit_bias",
            SamplingError::TooManyLogprobs { .. } => "top_logprobs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sampling {
        /// Greedy sampling with a change.
        pub(crate) fn with(change: impl FnOnce(&mut Self)) -> Self {
            let mut sampling = Self::GREEDY;
            change(&mut sampling);
            sampling
        }
    }

    #[test]
    fn every_field_has_its_range() {
        let good = Sampling {
            temperature: 2.0,
            top_k: usize::MAX,
            top_p: 0.0,
            min_p: 1.0,
            repetition_penalty: 10.0,
            presence_penalty: -2.0,
            frequency_penalty: 2.0,
            logit_bias: vec![(0, -100.0), (9, 100.0)],
            seed: u64::MAX,
            logprobs: Some(20),
        };
        assert_eq!(good.check(10), Ok(()));
        assert_eq!(Sampling::GREEDY.check(1), Ok(()));
        type Change = fn(&mut Sampling);
        let cases: [(&str, Change); 13] = [
            ("temperature", |s| s.temperature = 2.1),
            ("temperature", |s| s.temperature = -0.1),
            ("temperature", |s| s.temperature = f32::NAN),
            ("top_p", |s| s.top_p = 1.1),
            ("min_p", |s| s.min_p = -0.1),
            ("repetition_penalty", |s| s.repetition_penalty = 0.0),
            ("repetition_penalty", |s| s.repetition_penalty = f32::INFINITY),
            ("presence_penalty", |s| s.presence_penalty = -2.1),
            ("frequency_penalty", |s| s.frequency_penalty = 2.1),
            ("logit_bias", |s| s.logit_bias[1].1 = 100.5),
            ("logit_bias", |s| s.logit_bias[1].0 = 10),
            ("logit_bias", |s| s.logit_bias[0].1 = f32::NAN),
            ("top_logprobs", |s| s.logprobs = Some(21)),
        ];
        for (field, change) in cases {
            let mut bad = good.clone();
            change(&mut bad);
            let error = bad.check(10).expect_err(field);
            assert_eq!(error.field(), field);
            assert!(error.to_string().starts_with(&format!("`{field}` ")), "{error}");
        }
    }

    #[test]
    fn the_error_names_the_allowed_range() {
        let bad = Sampling::with(|s| s.temperature = 3.5);
        let error = bad.check(10).expect_err("3.5 is too large");
        assert_eq!(
            error.to_string(),
            "`temperature` is 3.5; give a number from 0 to 2"
        );
    }
}
