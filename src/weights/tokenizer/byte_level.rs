//! Byte-level BPE: the tokenizers of GPT-2 and its descendants (`tokenizer.ggml.model` = `gpt2`).
//!
//! In: a checked [`Gguf`] and its vocabulary. Out: a tokenizer, without added tokens. Every byte is written as one
//! printable character; pairs are merged in the order of a list. Bytes that the vocabulary lacks are removed: SmolLM2's
//! vocabulary lacks six control characters and the bytes that occur in no UTF-8 of an assigned character. As in
//! llama.cpp, texts are not normalised, so that ids decode to the same bytes.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::gguf_vocabulary::GgufVocabulary;
use super::split::Splitting;
use crate::weights::gguf::Gguf;

/// A tokenizer that splits, merges and decodes as the file says.
pub(super) fn build(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Result<Tokenizer, String> {
    // llama.cpp's default for a file that names none.
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

/// The pairs to merge, in order of rank. `tokenizers` panics on some pairs outside the vocabulary, so they are an error
/// here.
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
