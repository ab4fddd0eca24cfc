//! The numbers of a decoder in a file's metadata, by their names without the family.
//!
//! In: a checked [`Gguf`]. Out: numbers, or a description of what is wrong with them.

use super::Family;
use crate::weights::gguf::Gguf;

/// The metadata of a decoder, by names without the family.
pub(super) struct DecoderMetadata<'a> {
    pub(super) gguf: &'a Gguf,
    pub(super) family: Family,
}

impl DecoderMetadata<'_> {
    /// The full name of an entry.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    /// A whole number above zero; `None` if there is no such entry.
    pub(super) fn optional(&self, name: &str) -> Result<Option<usize>, String> {
        let key = self.key(name);
        if !self.gguf.has(&key) {
            return Ok(None);
        }
        match self
            .gguf
            .number(&key)
            .and_then(|number| usize::try_from(number).ok())
        {
            Some(number @ 1..) => Ok(Some(number)),
            _ => Err(format!(
                "its {key} is not one whole number above zero; models whose layers differ in it are not supported"
            )),
        }
    }

    /// A whole number above zero.
    pub(super) fn number(&self, name: &str) -> Result<usize, String> {
        self.optional(name)?
            .ok_or_else(|| format!("it has no {}", self.key(name)))
    }

    /// A finite number above zero; `None` if there is no such entry.
    pub(super) fn positive(&self, name: &str) -> Result<Option<f64>, String> {
        let key = self.key(name);
        if !self.gguf.has(&key) {
            return Ok(None);
        }
        match self.gguf.float(&key) {
            Some(number) if number > 0.0 && number.is_finite() => Ok(Some(number)),
            _ => Err(format!("its {key} is not a number above zero")),
        }
    }
}
