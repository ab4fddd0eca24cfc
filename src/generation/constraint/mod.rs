//! Which tokens may come next: a mask for each step, so that a text takes a given form.
//!
//! A [`Constraint`] belongs to one sequence and lives on the engine's thread. Before a token is chosen it fills a
//! [`Mask`], which the sampler applies; afterwards it is told the token. Tokens of a draft that were not accepted are
//! never told. It can fail when it is told a token that it did not allow, which is a mistake of the caller.
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

pub use citations::{Brackets, Citations};
pub use json_schema::{JsonSchema, SchemaError};
pub use mask::Mask;
pub use no_repeat::NoRepeat;
pub use token_trie::{TokenTrie, TokenTrieError};

/// A form that a generated text must take.
pub trait Constraint: Send {
    /// Makes `mask` hold exactly the tokens that may come next; whatever it held before is forgotten. At least one
    /// token is allowed as long as the text is not [complete](Constraint::is_complete).
    ///
    /// # Errors
    ///
    /// [`ConstraintError::TokenTrie`] when an allowed token is beyond the mask's vocabulary,
    /// [`ConstraintError::Stuck`] when it takes too much to tell what is allowed, or nothing is.
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError>;

    /// Goes on by a token that was chosen.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::NotAllowed`] when the mask did not hold the token; the state stays as it was.
    fn accept(&mut self, token: u32) -> Result<(), ConstraintError>;

    /// Nothing can follow: the generation ends here, as with [`Reason::Stop`](super::Reason::Stop).
    fn is_complete(&self) -> bool;
}

/// Why a constraint cannot be made or go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// It was told a token that it had not allowed.
    #[error("token {0} was chosen although the constraint does not allow it; choose under its mask")]
    NotAllowed(u32),
    /// It allows a token that the model does not have.
    #[error(
        "the constraint allows token {token}, but the model has {vocabulary} tokens; use the model's tokenizer"
    )]
    TokenTrie {
        /// The token.
        token: u32,
        /// How many tokens the model has.
        vocabulary: usize,
    },
    /// It cannot tell what may come next. Says nothing of the text.
    #[error(
        "the constraint cannot go on ({0}); simplify its regular expressions, or use a model with more tokens"
    )]
    Stuck(String),
}
