//! The tokens of a GGUF file and their kinds.
//!
//! In: a checked [`Gguf`]. Out: the texts and kinds of all tokens by id, and the tokens that are searched in a text
//! before it is split. Fails on lists that are missing or do not fit together.

use std::collections::HashMap;

use tokenizers::AddedToken;

use crate::weights::gguf::Gguf;

/// The tokens that end a turn or a text in the families of chat models.
pub(super) const TURN_ENDS: [&str; 10] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<end_of_turn>",
    "<EOT>",
    "<eos>",
    "</s>",
];

/// The tokens that begin a turn in these families.
const TURN_STARTS: [&str; 3] = ["<|im_start|>", "<|start_header_id|>", "<start_of_turn>"];

/// The kind of a token: `llama_token_type` of llama.cpp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A piece of text.
    Normal,
    /// Stands for text that no other token can represent.
    Unknown,
    /// A mark that only a chat template may write, such as the end of a turn.
    Control,
    /// A piece of text that is never split.
    UserDefined,
    /// An unused entry of the list.
    Unused,
    /// One byte, written `<0x0A>`; SentencePiece only.
    Byte,
}

impl TokenKind {
    /// The kind of the token with this number and text. Some files call the marks of a turn normal or user-defined
    /// tokens, which would allow a review to write them; they are control tokens whatever the file says. For
    /// [`TURN_ENDS`], llama.cpp does the same.
    fn of(number: u64, text: &str) -> Self {
        match number {
            2 => TokenKind::Unknown,
            3 => TokenKind::Control,
            1 | 4 if TURN_ENDS.contains(&text) || TURN_STARTS.contains(&text) => TokenKind::Control,
            1 => TokenKind::Normal,
            4 => TokenKind::UserDefined,
            6 => TokenKind::Byte,
            _ => TokenKind::Unused,
        }
    }
}

/// All tokens, in the order of their ids.
pub(super) struct GgufVocabulary<'a> {
    tokens: Vec<(&'a str, TokenKind)>,
}

impl<'a> GgufVocabulary<'a> {
    /// Reads the lists of tokens and of their types.
    pub(super) fn read(gguf: &'a Gguf) -> Result<Self, String> {
        let texts = gguf
            .texts("tokenizer.ggml.tokens")
            .ok_or("the file has no list tokenizer.ggml.tokens")?;
        let types = gguf
            .numbers("tokenizer.ggml.token_type")
            .ok_or("the file has no list tokenizer.ggml.token_type, which says which tokens are special")?;
        if types.len() != texts.len() {
            return Err(format!(
                "it has {} tokens and {} token types",
                texts.len(),
                types.len()
            ));
        }
        let kind = |(text, number): (&'a str, u64)| (text, TokenKind::of(number, text));
        Ok(Self {
            tokens: texts.into_iter().zip(types).map(kind).collect(),
        })
    }

    /// Text and kind of each token, by id.
    pub(super) fn tokens(&self) -> &[(&'a str, TokenKind)] {
        &self.tokens
    }

    /// Text → id. If two tokens have the same text, the last one counts.
    pub(super) fn ids(&self) -> HashMap<&'a str, u32> {
        self.tokens.iter().map(|(text, _)| *text).zip(0..).collect()
    }

    /// [`Self::ids`] with owned texts, as `tokenizers` needs it.
    pub(super) fn owned<V: FromIterator<(String, u32)>>(&self) -> V {
        let texts = self.tokens.iter().map(|(text, _)| text.to_string());
        texts.zip(0..).collect()
    }

    /// The tokens that are found in a text before it is split. As in llama.cpp, user-defined tokens are always found,
    /// control tokens only if special tokens are encoded as such.
    pub(super) fn added(&self) -> Vec<AddedToken> {
        let added = self.tokens.iter().filter_map(|(text, kind)| match kind {
            TokenKind::Unknown | TokenKind::Control => Some(AddedToken::from(*text, true)),
            TokenKind::UserDefined => Some(AddedToken::from(*text, false).normalized(false)),
            TokenKind::Normal | TokenKind::Unused | TokenKind::Byte => None,
        });
        added.collect()
    }
}
