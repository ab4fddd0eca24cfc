//! Byte-level BPE: the tokenizers of GPT-2 and of what grew from it (`tokenizer.ggml.model` = `gpt2`).
//!
//! In: a checked [`Gguf`] and its vocabulary. Out: a tokenizer, without added tokens. Every byte is written as one
//! printable character; pairs are joined in the order of a list of merges. A byte that the vocabulary lacks is left
//! out: SmolLM2's lacks six control characters and what no UTF-8 of an assigned character has.
//! Texts are not normalised, as they are not in llama.cpp: what was encoded decodes to the same bytes.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::gguf_vocabulary::GgufVocabulary;
use super::split::Splitting;
use crate::weights::gguf::Gguf;

/// Splitting, merging and decoding as the file says.
pub(super) fn build(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Result<Tokenizer, String> {
    // A file that does not say is taken as llama.cpp takes it.
    let splitting = Splitting::named(gguf.text("tokenizer.ggml.pre").unwrap_or("default"))?;
    let ids = vocabulary.ids();
    let lacks = |byte: &char| !ids.contains_key(byte.encode_utf8(&mut [0; 4]) as &str);
    let missing: Vec<char> = ByteLevel::alphabet().into_iter().filter(lacks).collect();
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary.owned::<Vocab>(), merges(gguf, &ids)?)
        .ignore_merges(splitting.keeps_whole_tokens())
        .build()
        .map_err(|error| error.to_string())?;
    let mut tokenizer = Tokenizer::new(bpe);
    tokenizer.with_pre_tokenizer(Some(splitting.pre_tokenizer(&missing)?));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    Ok(tokenizer)
}

/// The pairs to join, in order of rank. `tokenizers` panics on some pairs outside the vocabulary; they end here.
fn merges(gguf: &Gguf, ids: &HashMap<&str, u32>) -> Result<Vec<(String, String)>, String> {
    let lines = gguf
        .texts("tokenizer.ggml.merges")
        .ok_or("the file has no list tokenizer.ggml.merges")?;
    let pair = |line: &&str| match line.split_once(' ') {
        Some((left, right))
            if ids.contains_key(left)
                && ids.contains_key(right)
                && ids.contains_key(format!("{left}{right}").as_str()) =>
        {
            Ok((left.to_string(), right.to_string()))
        }
        _ => Err(format!(
            "its merge `{line}` is not of two tokens of its vocabulary that make a third"
        )),
    };
    lines.iter().map(pair).collect()
}
