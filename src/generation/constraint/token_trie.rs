//! The bytes of all tokens of a model as a tree, so that a grammar excludes all tokens with the same beginning at once.
//!
//! In: the chat model's tokenizer and its end tokens. Out: a tree of the tokens' bytes, built once for a model and
//! shared by all requests. Special tokens have no bytes and are not in it, so the only ones that a grammar allows are
//! the end tokens. A vocabulary of 49,152 tokens takes a tenth of a second and 17 MB, so the tree is built for the
//! first request that needs it. Fails if the vocabulary is too large for the tree.

use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::api::ParserLimits;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use tokenizers::Tokenizer;

use crate::weights::tokenizer;

/// No grammar allows a longer token; the tree has no room for one of more than 1,024 bytes.
const LONGEST_TOKEN: usize = 512;

/// The tree counts the bytes below a node in 22 bits.
const MOST_BYTES: usize = (1 << 22) - 1;

/// The tree numbers tokens in 24 bits, and the last number means "no token".
const MOST_TOKENS: usize = (1 << 24) - 1;

/// Kinds of tokens that may be a part of a JSON string: up to 10 and up to 30 characters, and any length, without
/// escapes. All tokens of a kind are allowed or excluded at once, which only saves time.
const INSIDE_STRINGS: [&str; 3] = [
    r#"[^"\\\x00-\x1F\x7F]{1,10}"#,
    r#"[^"\\\x00-\x1F\x7F]{1,30}"#,
    r#"[^"\\\x00-\x1F\x7F]+"#,
];

/// The limits of a grammar's cost. Ordinary schemas stay far below: 500 properties take a third of the symbols, and
/// a mask a thousandth of the fuel. A grammar beyond the limits is refused when it is compiled, or ends the generation.
fn limits() -> ParserLimits {
    ParserLimits {
        // About 2 ms of building regular expressions.
        initial_lexer_fuel: 200_000,
        // Symbols of all productions.
        max_grammar_size: 10_000,
        // About 10 ms for one mask.
        step_lexer_fuel: 50_000,
        step_max_items: 10_000,
        // 1 to 2 kB each, kept as long as the generation runs.
        max_lexer_states: 10_000,
        // The messages would hold the text of the model.
        verbose_errors: false,
        ..ParserLimits::default()
    }
}

/// The tokens of one model, for constraints on their text. Shared between threads.
pub(crate) struct TokenTrie {
    factory: ParserFactory,
}

/// Why a model does not support constraints on text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenTrieError {
    /// The number of its tokens, or of their bytes, is larger than that of all known vocabularies.
    #[error(
        "the model's vocabulary of {tokens} tokens and {bytes} bytes is too large for constraints on text, which \
         support {MOST_TOKENS} tokens and {MOST_BYTES} bytes; use another model"
    )]
    TooLarge {
        /// How many tokens it has.
        tokens: usize,
        /// The bytes of all its tokens.
        bytes: usize,
    },
    /// There is no end token.
    #[error(
        "the model's vocabulary has no end token, so a constrained text could not end; use another model"
    )]
    NoEnd,
    /// The library refused the kinds of tokens, which are constants.
    #[error("the model's vocabulary could not be prepared for constraints on text: {0}")]
    Kinds(String),
}

impl TokenTrie {
    /// The tree of a model's tokens, of which `end` end its turn. Takes a tenth of a second: not for an async thread.
    ///
    /// # Errors
    ///
    /// See [`TokenTrieError`].
    pub(crate) fn new(tokenizer: &Tokenizer, end: &[u32]) -> Result<Self, TokenTrieError> {
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
        let word = |id| match end.contains(&id) {
            true => vec![],
            false => text_bytes(tokenizer, id),
        };
        let words: Vec<Vec<u8>> = (0..tokens as u32).map(word).collect();
        let bytes = words.iter().map(Vec::len).sum();
        if bytes > MOST_BYTES {
            return Err(too_large(bytes));
        }
        let trie = TokTrie::from(&TokRxInfo::new(tokens as u32, *first_end), &words).with_eos_tokens(&end);
        // The library never needs an encoding here, because the model chooses among all tokens that are allowed. So an
        // approximate environment suffices.
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let kinds = INSIDE_STRINGS.map(str::to_string);
        let mut factory = ParserFactory::new(&environment, InferenceCapabilities::default(), &kinds)
            .map_err(|error| TokenTrieError::Kinds(error.to_string()))?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Self { factory })
    }

    /// Makes parsers from grammars.
    pub(super) fn factory(&self) -> &ParserFactory {
        &self.factory
    }
}

/// The bytes of a token that a text under a grammar can contain.
fn text_bytes(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    let mut bytes = tokenizer::bytes(tokenizer, id);
    // The library marks special tokens by this byte, which no text contains.
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
    fn all_tokens_but_end_tokens_and_marks_have_their_bytes() {
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
