//! Constraints on a text: for each step, a mask of the tokens that may come next.
//!
//! A [`Constraint`] belongs to one sequence and lives on the engine's thread. Before a token is chosen it fills a
//! [`Mask`], which the sampler applies; afterwards it gets the chosen token. It never gets rejected tokens of a draft.
//! It fails if it gets a token that it did not allow, which is a mistake of the caller.
//!
//! | constraint | the text |
//! | --- | --- |
//! | [`Citations`] | free text that cites only the evidence that exists |
//! | [`NoRepeat`] | a text of another constraint that ends when it repeats itself |
//! | [`JsonSchema`] | JSON of a given schema, over a [`TokenTrie`] that is built once for a model |
//!
//! A stop text, `max_tokens` and a deadline end a text whether it is complete or not, and nothing is added to it then.
//!
//! ```text
//! mask(&mut mask) ──► Sampler::sample(logits, Some(&mask)) ──► accept(token) ──► is_complete()? ──► the end
//! ```

mod citations;
mod json_schema;
mod mask;
mod no_repeat;
mod token_trie;

pub(crate) use citations::{Brackets, Citations};
pub(crate) use json_schema::{JsonSchema, SchemaError};
pub(crate) use mask::Mask;
pub(crate) use no_repeat::NoRepeat;
pub(crate) use token_trie::{TokenTrie, TokenTrieError};

/// A constraint on a generated text.
pub(crate) trait Constraint: Send {
    /// Sets `mask` to exactly the tokens that may come next, whatever it held before. At least one token is allowed as
    /// long as the text is not [complete](Constraint::is_complete).
    ///
    /// # Errors
    ///
    /// [`ConstraintError::BeyondVocabulary`] if an allowed token is beyond the mask's vocabulary,
    /// [`ConstraintError::Stuck`] if no token is allowed, or if it is too costly to compute which tokens are.
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError>;

    /// Adds the chosen token to the text.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::NotAllowed`] if the mask did not hold the token; the state does not change.
    fn accept(&mut self, token: u32) -> Result<(), ConstraintError>;

    /// Whether the text is complete: then the generation ends with [`Reason::Stop`](super::Reason::Stop).
    fn is_complete(&self) -> bool;
}

/// Why a constraint cannot continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConstraintError {
    /// It got a token that it had not allowed.
    #[error("token {0} was chosen although the constraint does not allow it; choose under its mask")]
    NotAllowed(u32),
    /// It allows a token that the model does not have.
    #[error(
        "the constraint allows token {token}, but the model has {vocabulary} tokens; use the model's tokenizer"
    )]
    BeyondVocabulary {
        /// The token.
        token: u32,
        /// How many tokens the model has.
        vocabulary: usize,
    },
    /// It cannot compute which tokens may come next. The message holds nothing of the text.
    #[error(
        "the constraint cannot continue ({0}); simplify its regular expressions, or use a model with more tokens"
    )]
    Stuck(String),
}
