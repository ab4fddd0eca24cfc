//! Builds a `tokenizers::Tokenizer` from GGUF metadata or from a `tokenizer.json`.
//!
//! In: a checked [`Gguf`], or a path. Out: a tokenizer. That of a chat model adds no tokens to a prompt, because the
//! chat template writes them; that of an embedding model adds the tokens that the model's file names. Runs on the
//! loading thread. Fails on an unsupported tokenizer, with an error that lists the supported ones: a slightly different
//! tokenizer would silently make a model answer badly. The ids of a chat model's tokenizer are llama.cpp's.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `gguf_vocabulary.rs` | Which tokens does a file define, and of which kind is each? |
//! | `byte_level.rs`, `split.rs` | How do GPT-2's descendants encode a text, and how is the text split before? |
//! | `sentence_piece.rs` | How does SentencePiece encode a text? |
//! | `token_bytes.rs` | Which bytes does a token stand for? |

mod byte_level;
mod gguf_vocabulary;
mod sentence_piece;
mod split;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod token_bytes;

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use self::gguf_vocabulary::{GgufVocabulary, TURN_ENDS};
pub(crate) use self::sentence_piece::continuing;
pub(crate) use self::token_bytes::bytes;
use super::WeightsError;
use super::gguf::Gguf;

/// The tokenizer of a chat model.
///
/// Control tokens are special tokens; with `set_encode_special_tokens` their texts are encoded as plain text.
///
/// # Errors
/// [`WeightsError::Tokenizer`].
pub fn from_gguf(gguf: &Gguf) -> Result<Tokenizer, WeightsError> {
    build(gguf).map_err(|problem| WeightsError::Tokenizer {
        path: gguf.path().to_path_buf(),
        problem,
    })
}

/// The tokens that end a turn: those that the file names, and the usual ones of the families of chat models.
pub(crate) fn end_tokens(gguf: &Gguf, tokenizer: &Tokenizer) -> Vec<u32> {
    let special = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let is_special = |id: &u32| special.get(id).is_some_and(|token| token.special);
    let usual = TURN_ENDS
        .iter()
        .filter_map(|token| tokenizer.token_to_id(token))
        .filter(is_special);
    let mut ids: Vec<u32> = gguf
        .eos_id()
        .into_iter()
        .chain(gguf.eot_id())
        .chain(usual)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The token that every text has to begin with, if there is one. If the file does not say, llama.cpp's defaults for its
/// kind of tokenizer apply.
pub(crate) fn bos_token(gguf: &Gguf) -> Option<u32> {
    let sentence_piece = gguf.text("tokenizer.ggml.model") == Some("llama");
    let llama3 = matches!(
        gguf.text("tokenizer.ggml.pre"),
        Some("llama-bpe" | "llama3" | "llama-v3")
    );
    let wanted = gguf
        .flag("tokenizer.ggml.add_bos_token")
        .unwrap_or(sentence_piece || llama3);
    // SentencePiece's own id, for files without one.
    let id = gguf.bos_id().or(sentence_piece.then_some(1));
    id.filter(|_| wanted)
}

/// The tokenizer of an embedding model. It cuts texts at `max_tokens` and does not pad, whatever its file says.
///
/// # Errors
/// [`WeightsError::Tokenizer`].
pub(crate) fn from_file(path: &Path, max_tokens: usize) -> Result<Tokenizer, WeightsError> {
    let problem = |error: tokenizers::Error| WeightsError::Tokenizer {
        path: path.to_path_buf(),
        problem: format!("{error}; it should be the model's tokenizer.json"),
    };
    let mut tokenizer = Tokenizer::from_file(path).map_err(problem)?;
    let truncation = TruncationParams {
        max_length: max_tokens,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).map_err(problem)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

fn build(gguf: &Gguf) -> Result<Tokenizer, String> {
    let vocabulary = GgufVocabulary::read(gguf)?;
    let mut tokenizer = match gguf.text("tokenizer.ggml.model") {
        Some("gpt2") => byte_level::build(gguf, &vocabulary)?,
        Some("llama") => sentence_piece::build(gguf, &vocabulary)?,
        other => {
            return Err(format!(
                "it is of the kind `{}`; supported are gpt2 (byte-level BPE) and llama (SentencePiece)",
                other.unwrap_or("unnamed")
            ));
        }
    };
    // The normalizer is already set, so that each token is normalised once.
    tokenizer
        .add_tokens(vocabulary.added())
        .map_err(|error| error.to_string())?;
    Ok(tokenizer)
}
