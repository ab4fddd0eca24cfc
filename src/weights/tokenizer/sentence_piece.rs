//! SentencePiece's BPE: the tokenizers of Llama 1 and 2, Mistral and Gemma (`tokenizer.ggml.model` = `llama`).
//!
//! In: a checked [`Gguf`] and its vocabulary. Out: a tokenizer, without added tokens. Spaces are written `▁`, and a
//! text is not split into words. Of all neighbours that form a token, those with the highest score are merged first,
//! the leftmost among equals (Sennrich et al., <https://arxiv.org/abs/1508.07909>; Kudo and Richardson,
//! <https://arxiv.org/abs/1808.06226>). A character outside the vocabulary becomes one token for each of its bytes.
//!
//! `tokenizers` merges by a list of pairs in order of rank, so the scores are turned into such a list: for each token
//! all pairs that form it, tokens in descending order of score. Both methods agree unless different tokens have the
//! same score, which does not occur in a trained vocabulary.

use std::collections::HashMap;
use std::sync::Arc;

use tokenizers::Tokenizer;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace, Sequence as Normalizers};

use super::gguf_vocabulary::{GgufVocabulary, TokenKind};
use crate::weights::gguf::Gguf;

/// The longest token, in bytes. Each way to cut a token in two is looked up, which takes time quadratic in its length;
/// no trained vocabulary has a longer token.
const LONGEST_TOKEN: usize = 1 << 10;

/// How these vocabularies write a space.
const BLANK: &str = "▁";

/// A tokenizer that merges and decodes as the file says.
pub(super) fn build(gguf: &Gguf, vocabulary: &GgufVocabulary<'_>) -> Result<Tokenizer, String> {
    let ids = vocabulary.ids();
    for byte in 0..=u8::MAX {
        let token = format!("<0x{byte:02X}>");
        if !ids.contains_key(token.as_str()) {
            return Err(format!(
                "it has no token {token}, so there are characters that it cannot encode"
            ));
        }
    }
    let scores = gguf
        .floats("tokenizer.ggml.scores")
        .ok_or("the file has no list tokenizer.ggml.scores")?;
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary.owned::<Vocab>(), merges(vocabulary, &ids, &scores)?)
        .byte_fallback(true)
        // A cache would hold whole texts, which seldom occur twice.
        .cache_capacity(0)
        .build()
        .map_err(|error| error.to_string())?;
    let mut tokenizer = Tokenizer::new(bpe);
    let words = |error: tokenizers::Error| error.to_string();
    tokenizer
        .with_normalizer(Some(normalizer(gguf).map_err(words)?))
        .map_err(words)?;
    tokenizer.with_decoder(Some(decoder().map_err(words)?));
    Ok(tokenizer)
}

/// All pairs of tokens that form a token. Control tokens and bytes are neither parts nor results of a pair, so that
/// their spelling in a text never becomes such a token. (llama.cpp would merge `<` and `/s>` to the end of the text.)
fn merges(
    vocabulary: &GgufVocabulary<'_>,
    ids: &HashMap<&str, u32>,
    scores: &[f32],
) -> Result<Vec<(String, String)>, String> {
    let tokens = vocabulary.tokens();
    if scores.len() != tokens.len() {
        return Err(format!(
            "it has {} tokens and {} scores",
            tokens.len(),
            scores.len()
        ));
    }
    if let Some((text, _)) = tokens.iter().find(|(text, _)| text.len() > LONGEST_TOKEN) {
        return Err(format!(
            "it has a token of {} bytes, and no vocabulary has one so long",
            text.len()
        ));
    }
    let is_text = |id: u32| matches!(tokens[id as usize].1, TokenKind::Normal | TokenKind::UserDefined);
    let part = |text: &str| ids.get(text).is_some_and(|id| is_text(*id));
    // The sort is stable: among tokens with equal scores the lower id comes first.
    let mut made: Vec<u32> = (0..).take(tokens.len()).filter(|id| is_text(*id)).collect();
    made.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
    let pairs = made.into_iter().flat_map(|id| {
        let text = tokens[id as usize].0;
        let cuts = text.char_indices().skip(1).map(move |(at, _)| text.split_at(at));
        cuts.filter(|(left, right)| part(left) && part(right))
            .map(|(left, right)| (left.to_string(), right.to_string()))
    });
    Ok(pairs.collect())
}

/// Spaces become `▁`. Unless the file says otherwise, a text gets a space in front, so that its first word is written
/// as all other words; so does the text after a special token.
fn normalizer(gguf: &Gguf) -> Result<NormalizerWrapper, tokenizers::Error> {
    let blanks = Replace::new(" ", BLANK)?;
    Ok(match gguf.flag("tokenizer.ggml.add_space_prefix") {
        Some(false) => blanks.into(),
        _ => Normalizers::new(vec![Prepend::new(BLANK.to_string()).into(), blanks.into()]).into(),
    })
}

/// The same tokenizer for a text that continues another text: it puts no space in front, not even after a special
/// token. A tokenizer that never puts one in front is returned as it is.
///
/// # Errors
/// If `tokenizers` refuses the changed normalizer.
pub(crate) fn continuing(tokenizer: &Arc<Tokenizer>) -> Result<Arc<Tokenizer>, tokenizers::Error> {
    let Some(NormalizerWrapper::Sequence(steps)) = tokenizer.get_normalizer() else {
        return Ok(tokenizer.clone());
    };
    let kept = steps.as_ref().iter();
    let kept = kept.filter(|step| !matches!(step, NormalizerWrapper::Prepend(_)));
    let mut continuing = (**tokenizer).clone();
    continuing.with_normalizer(Some(Normalizers::new(kept.cloned().collect())))?;
    Ok(Arc::new(continuing))
}

/// The decoder. It keeps the space in front of a text: a model's output continues a text, and only the first token of
/// the output tells whether there is a space between the two.
fn decoder() -> Result<DecoderWrapper, tokenizers::Error> {
    let blanks = Replace::new(BLANK, " ")?;
    Ok(Decoders::new(vec![
        blanks.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ])
    .into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::sentence_piece;
    use super::*;
    use candle_core::quantized::gguf_file::Value;

    fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        tokenizer.encode(text, false).unwrap().get_ids().to_vec()
    }

    /// Byte 0x00 is id 3, the pieces begin at 259: ▁ a b c ab bc ▁a aa abc <u> < /s> / s> s >. llama.cpp gave the
    /// same ids with the same vocabulary.
    #[test]
    fn the_highest_score_is_joined_first_and_the_leftmost_among_equals() {
        let tokenizer = sentence_piece(&[]).unwrap();
        for (text, expected) in [
            ("abc", vec![265, 264]),
            ("cabc", vec![259, 262, 267]),
            ("b ab", vec![259, 261, 265, 261]),
            ("baaa", vec![259, 261, 266, 260]),
            (" a", vec![259, 265]),
            ("", vec![]),
            // Outside the vocabulary: a token for each byte.
            ("é", vec![259, 0xc3 + 3, 0xa9 + 3]),
            ("a\n", vec![265, 0x0a + 3]),
            ("<0x41>", vec![259, 269, 51, 123, 55, 52, 274]),
            // The text after a special token also gets a space in front.
            ("a</s>a<u>b", vec![265, 2, 265, 268, 259, 261]),
        ] {
            assert_eq!(ids(&tokenizer, text), expected, "{text:?}");
        }
    }

    #[test]
    fn no_spelling_in_a_text_joins_to_a_control_token() {
        let mut tokenizer = sentence_piece(&[]).unwrap();
        tokenizer.set_encode_special_tokens(true);
        // `<` and `/s>` are neighbours, and together they are the token 2.
        assert_eq!(ids(&tokenizer, "a</s>"), [265, 269, 270]);
    }

    #[test]
    fn a_blank_is_put_in_front_unless_the_file_says_no_or_the_text_goes_on() {
        let no = sentence_piece(&[("tokenizer.ggml.add_space_prefix", Value::Bool(false))]).unwrap();
        assert_eq!(ids(&no, "abc a"), [267, 265]);
        let yes = sentence_piece(&[("tokenizer.ggml.add_space_prefix", Value::Bool(true))]).unwrap();
        assert_eq!(ids(&yes, "abc a"), [265, 264, 265]);
        let mut continuing = (*continuing(&Arc::new(yes)).unwrap()).clone();
        assert_eq!(ids(&continuing, "abc a</s>"), [267, 265, 2]);
        continuing.set_encode_special_tokens(true);
        assert_eq!(ids(&continuing, " a</s>"), [265, 269, 270]);
    }

    #[test]
    fn ids_decode_to_the_text_with_the_blank_in_front() {
        let tokenizer = sentence_piece(&[]).unwrap();
        for text in ["abc  b", "é👍🏽 a\n\ta", " a"] {
            assert_eq!(
                tokenizer.decode(&ids(&tokenizer, text), true).unwrap(),
                format!(" {text}")
            );
        }
    }
}
