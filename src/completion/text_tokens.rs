//! Text → the chat model's tokens and back, for clients that count or prepare them. Blocks the calling thread for a
//! time in proportion to the text; fails only if the tokenizer fails.

use super::{Completer, CompletionError};
use crate::weights::tokenizer;

/// How a text becomes tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Encoding {
    /// Whether the ids begin with the token that begins every text, if the model has one.
    pub begin: bool,
    /// Whether the names of special tokens, such as `<|im_end|>`, become those tokens.
    pub special: bool,
}

impl Completer {
    /// The token ids of a text.
    ///
    /// # Errors
    /// [`CompletionError::Internal`].
    pub(crate) fn encode(&self, text: &str, encoding: Encoding) -> Result<Vec<u32>, CompletionError> {
        let tokens = &self.tokens;
        let encoder = if encoding.special {
            &*tokens.tokenizer
        } else {
            &tokens.plain
        };
        let encoded = encoder
            .encode_fast(text, false)
            .map_err(|error| CompletionError::Internal(error.to_string()))?;
        let begin = tokens.begin.filter(|_| encoding.begin);
        Ok(begin
            .into_iter()
            .chain(encoded.get_ids().iter().copied())
            .collect())
    }

    /// The text of token ids, with the names of special tokens. `None` if the model does not have one of the ids.
    pub(crate) fn decode(&self, ids: &[u32]) -> Option<String> {
        let bytes: Option<Vec<Vec<u8>>> = ids.iter().map(|id| self.piece(*id)).collect();
        Some(String::from_utf8_lossy(&bytes?.concat()).into_owned())
    }

    /// The bytes of one token, which may be a part of a character; for a special token, its name. `None` if the model
    /// does not have the id.
    pub(crate) fn piece(&self, id: u32) -> Option<Vec<u8>> {
        let tokens = &self.tokens;
        let bytes = tokenizer::bytes(&tokens.tokenizer, id);
        if !bytes.is_empty() {
            return Some(bytes);
        }
        tokens.tokenizer.id_to_token(id).map(String::into_bytes)
    }
}
