//! Metadata → [`Rotation`]: base, factors and scaling of the rotary frequencies.

use super::metadata::DecoderMetadata;
use super::rotation::{Rotation, Scaling};
use super::tensor_names::ROTARY_FACTORS;

/// The base of rotary frequencies if the file gives none.
pub(super) const ROTARY_BASE: f64 = 10_000.0;

impl DecoderMetadata<'_> {
    /// The rotation of layers that see all tokens before.
    pub(super) fn rotation(&self, head_dim: usize) -> Result<Rotation, String> {
        let factors = match self.gguf.tensor(ROTARY_FACTORS) {
            None => None,
            Some(_) => Some(
                self.gguf
                    .read_floats(ROTARY_FACTORS)
                    .map_err(|error| error.to_string())?,
            ),
        };
        if let Some(factors) = &factors
            && (factors.len() != head_dim / 2
                || factors.iter().any(|factor| factor.is_nan() || *factor <= 0.0))
        {
            return Err(format!(
                "its {ROTARY_FACTORS} does not have {} numbers above zero",
                head_dim / 2
            ));
        }
        let base = self.positive("rope.freq_base")?.unwrap_or(ROTARY_BASE);
        let rotation = Rotation::new(head_dim, base, factors.as_deref(), self.scaling()?);
        match rotation.frequencies.iter().all(|frequency| frequency.is_finite()) {
            true => Ok(rotation),
            false => Err(format!(
                "its {} or {} is out of range",
                self.key("rope.freq_base"),
                self.key("rope.scaling")
            )),
        }
    }

    fn scaling(&self) -> Result<Scaling, String> {
        let key = self.key("rope.scaling.type");
        // A factor without a type is linear: old files have no types.
        let kind = match self.gguf.text(&key) {
            Some(kind) => kind,
            None if self.gguf.has(&key) => return Err(format!("its {key} is not a text")),
            None => "linear",
        };
        let factor = match self.positive("rope.scaling.factor")? {
            Some(factor) => Some(factor),
            None => self.positive("rope.scale_linear")?,
        };
        match (kind, factor) {
            ("none", _) | ("linear", None) => Ok(Scaling::None),
            ("linear", Some(factor)) => Ok(Scaling::Linear(factor)),
            ("yarn", factor) => Ok(Scaling::Yarn {
                factor: factor.ok_or_else(|| format!("it has no {}", self.key("rope.scaling.factor")))?,
                original_context: self
                    .optional("rope.scaling.original_context_length")?
                    .unwrap_or(self.gguf.context_length()) as f64,
                fast: self.positive("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                slow: self.positive("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
                attention: self.positive("rope.scaling.attn_factor")?.unwrap_or(1.0),
            }),
            (other, _) => Err(format!(
                "its {key} is `{other}`, and supported are none, linear and yarn"
            )),
        }
    }
}
