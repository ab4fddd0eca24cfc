//! A `tokenizers::Tokenizer` out of GGUF metadata or out of a `tokenizer.json`.
//!
//! In: a checked [`Gguf`], or a path. Out: a tokenizer that adds no tokens of its own to a chat prompt (the chat
//! template says where they go), and that adds to a text to embed what the model's file says. Runs on the thread that
//! loads. Fails, naming what is supported, on a tokenizer that is not built in: a near miss would make a model answer
//! badly without a word. The ids of a chat model's tokenizer are llama.cpp's.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `gguf_vocabulary.rs` | Which tokens are there, and what is each for? |
//! | `byte_level.rs`, `split.rs` | How does GPT-2's family encode a text, and how is the text split before? |
//! | `sentence_piece.rs` | How does SentencePiece encode a text? |
//! | `token_bytes.rs` | Which bytes does a token stand for? |

mod byte_level;
mod token_bytes;
mod sentence_piece;
mod split;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod gguf_vocabulary;

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use self::gguf_vocabulary::{ENDS, GgufVocabulary};
pub use self::sentence_piece::continuing;
pub use self::token_bytes::bytes;
use super::WeightsError;
use super::gguf::Gguf;

/// The tokenizer of a chat model.
///
/// Control tokens are special: `set_encode_special_tokens` makes plain text of them.
pub fn from_gguf(gguf: &Gguf) -> Result<Tokenizer, WeightsError> {
    build(gguf).map_err(|problem| WeightsError::Tokenizer {
        path: gguf.path().to_path_buf(),
        problem,
    })
}

/// The tokens that end a turn: those that the file names, and those that the families of chat models end with.
pub fn end_tokens(gguf: &Gguf, tokenizer: &Tokenizer) -> Vec<u32> {
    let special = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let is_special = |id: &u32| special.get(id).is_some_and(|token| token.special);
    let usual = ENDS
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

/// The token that every text is to begin with, if there is one. Where the file does not say, llama.cpp's defaults for
/// its kind of tokenizer hold.
pub fn bos_token(gguf: &Gguf) -> Option<u32> {
    let sentence_piece = gguf.text("tokenizer.ggml.model") == Some("llama");
    let llama3 = matches!(
        gguf.text("tokenizer.ggml.pre"),
        Some("llama-bpe" | "llama3" | "llama-v3")
    );
    let wanted = gguf
        .flag("tokenizer.ggml.add_bos_token")
        .unwrap_or(sentence_piece || llama3);
    // SentencePiece's own numbering, in files that leave it out.
    let id = gguf.bos_id().or(sentence_piece.then_some(1));
    id.filter(|_| wanted)
}

/// The tokenizer of an embedding model: cuts texts at `max_tokens` and pads nothing, whatever its file asks for.
pub fn from_file(path: &Path, max_tokens: usize) -> Result<Tokenizer, WeightsError> {
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
    // After the normalizer is set, so that each is normalised once.
    tokenizer
        .add_tokens(vocabulary.added())
        .map_err(|error| error.to_string())?;
    Ok(tokenizer)
}
