//! What every token of a model says, laid out so that a grammar rules out whole families of tokens at once.
//!
//! In: the chat model's tokenizer and its end tokens. Out: a tree of the tokens' bytes, to be built once for a model
//! and shared by all requests. Special tokens say nothing and are not in it, so no grammar ever allows one but the
//! end tokens. For a vocabulary of 49,152 tokens it takes a tenth of a second and 17 MB, so it is built by whoever
//! first needs it. Fails on vocabularies that the tree has no room for.

use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::api::ParserLimits;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use tokenizers::Tokenizer;

use crate::weights::tokenizer;

/// A longer token is never said under a grammar; the tree has no room for one of over 1,024 bytes.
const LONGEST_TOKEN: usize = 512;

/// The tree counts the bytes below a node in 22 bits.
const MOST_BYTES: usize = (1 << 22) - 1;

/// The tree numbers tokens in 24 bits, and the last number stands for none.
const MOST_TOKENS: usize = (1 << 24) - 1;

/// Tokens that lie within a JSON string are found allowed or not all at once, by these kinds, which only save time:
/// strings of up to 10 and up to 30 characters, and of any length, without escapes.
const INSIDE_STRINGS: [&str; 3] = [
    r#"[^"\\\x00-\x1F\x7F]{1,10}"#,
    r#"[^"\\\x00-\x1F\x7F]{1,30}"#,
    r#"[^"\\\x00-\x1F\x7F]+"#,
];

/// The most that a grammar may cost. Ordinary schemas stay far below: 500 properties take a third of the symbols, and
/// a mask a thousandth of the fuel. What exceeds these is refused when it is compiled or ends the generation.
fn limits() -> ParserLimits {
    ParserLimits {
        // Some 2 ms of building regular expressions.
        initial_lexer_fuel: 200_000,
        // Symbols of all productions.
        max_grammar_size: 10_000,
        // Some 10 ms for one mask.
        step_lexer_fuel: 50_000,
        step_max_items: 10_000,
        // 1 to 2 kB each, kept as long as the generation runs.
        max_lexer_states: 10_000,
        // The state would hold what the model said.
        verbose_errors: false,
        ..ParserLimits::default()
    }
}

/// The tokens of one model, for constraints on their text. Shared between threads.
pub struct TokenTrie {
    factory: ParserFactory,
}

/// Why constraints on text cannot be had with a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenTrieError {
    /// The numbers of its tokens or their lengths are beyond all known vocabularies.
    #[error(
        "the model's vocabulary of {tokens} tokens and {bytes} bytes is too large for constraints on text, which can \
         do with {MOST_TOKENS} tokens and {MOST_BYTES} bytes; use another model"
    )]
    TooLarge {
        /// How many tokens it has.
        tokens: usize,
        /// The bytes of all its tokens.
        bytes: usize,
    },
    /// A text that may go on could never end.
    #[error(
        "the model's vocabulary has no end token, so a constrained text could not end; use another model"
    )]
    NoEnd,
    /// The library refused the kinds of tokens, which are constants.
    #[error("the model's vocabulary could not be prepared for constraints on text: {0}")]
    Kinds(String),
}

impl TokenTrie {
    /// Lays out the tokens of a model, of which `end` end its turn. Computes for a good while: not for an async thread.
    ///
    /// # Errors
    ///
    /// See [`TokenTrieError`].
    pub fn new(tokenizer: &Tokenizer, end: &[u32]) -> Result<Self, TokenTrieError> {
        let last = tokenizer.get_vocab(true).into_values().max();
        let tokens = last.map_or(0, |last| last as usize + 1);
        let too_large = |bytes| TokenTrieError::TooLarge { tokens, bytes };
        if tokens > MOST_TOKENS {
            return Err(too_large(0));
        }
        let end: Vec<u32> = end.iter().copied().filter(|id| (*id as usize) < tokens).collect();
        let Some(first_end) = end.first() else {
            return Err(TokenTrieError::NoEnd);
        };
        let said = |id| {
            if end.contains(&id) {
                vec![]
            } else {
                sayable(tokenizer, id)
            }
        };
        let words: Vec<Vec<u8>> = (0..tokens as u32).map(said).collect();
        let bytes = words.iter().map(Vec::len).sum();
        if bytes > MOST_BYTES {
            return Err(too_large(bytes));
        }
        let trie = TokTrie::from(&TokRxInfo::new(tokens as u32, *first_end), &words).with_eos_tokens(&end);
        // It is asked for no encoding: the model chooses among all tokens that fit, so none has to be right.
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let kinds = INSIDE_STRINGS.map(str::to_string);
        let mut factory = ParserFactory::new(&environment, InferenceCapabilities::default(), &kinds)
            .map_err(|error| TokenTrieError::Kinds(error.to_string()))?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Self { factory })
    }

    /// What makes a parser of a grammar.
    pub(super) fn factory(&self) -> &ParserFactory {
        &self.factory
    }
}

/// What a token says, as far as a text under a grammar can hold it.
fn sayable(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    let mut bytes = tokenizer::bytes(tokenizer, id);
    // The library's mark of special tokens; no text has this byte.
    let is_mark = bytes.first() == Some(&TokTrie::SPECIAL_TOKEN_MARKER);
    if is_mark || bytes.len() > LONGEST_TOKEN {
        bytes.clear();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::testing::byte_tokenizer;

    #[test]
    fn end_tokens_and_marks_say_nothing_and_all_else_its_bytes() {
        let vocabulary = TokenTrie::new(&byte_tokenizer(), &[0, 7, 999]).expect("256 tokens");
        let environment = vocabulary.factory.tok_env();
        let trie = environment.tok_trie();
        assert_eq!((trie.vocab_size(), trie.eos_tokens()), (256, &[0, 7][..]));
        for id in 0..=255 {
            let expected: &[u8] = if [0, 7, 255].contains(&id) { &[] } else { &[id] };
            assert_eq!(trie.token(u32::from(id)), expected);
        }
    }

    #[test]
    fn a_vocabulary_without_an_end_is_refused() {
        let end = |end: &[u32]| TokenTrie::new(&byte_tokenizer(), end).err();
        assert_eq!(end(&[]), Some(TokenTrieError::NoEnd));
        assert_eq!(end(&[256]), Some(TokenTrieError::NoEnd));
        assert_eq!(end(&[255]), None);
    }
}
