//! The bytes of a token.
//!
//! In: a chat model's tokenizer and an id. Out: the bytes that the token adds to the text, which may end within a
//! character. The bytes of a text's ids, one after another, are the text.

use tokenizers::{Model, ModelWrapper, Tokenizer};

/// The bytes of a token; none for a special token or for an id outside the vocabulary.
pub(crate) fn bytes(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    if let Some(added) = tokenizer
        .get_added_vocabulary()
        .get_added_tokens_decoder()
        .get(&id)
    {
        return if added.special {
            Vec::new()
        } else {
            added.content.clone().into_bytes()
        };
    }
    let model = tokenizer.get_model();
    let token = model.id_to_token(id).unwrap_or_default();
    match model {
        ModelWrapper::BPE(bpe) if bpe.byte_fallback => sentence_piece(token),
        _ => byte_level(token),
    }
}

/// The bytes of a SentencePiece token: `<0x0A>` is a byte, `▁` is a space.
fn sentence_piece(token: String) -> Vec<u8> {
    let hex = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    match hex
        .filter(|hex| hex.len() == 2 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .map(|hex| u8::from_str_radix(hex, 16))
    {
        Some(Ok(byte)) => vec![byte],
        _ => token.replace('▁', " ").into_bytes(),
    }
}

/// The bytes of a byte-level token. If a character stands for no byte, the token was added to the vocabulary as plain
/// text.
fn byte_level(token: String) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = token.chars().map(byte).collect();
    bytes.unwrap_or(token.into_bytes())
}

/// GPT-2's alphabet (`bytes_to_unicode` in its encoder.py): a printable byte is written as itself, the 68 others, in
/// their order, as the characters from U+0100 on.
fn byte(c: char) -> Option<u8> {
    let byte = match u32::from(c) {
        printable @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => printable,
        low @ 0x100..=0x120 => low - 0x100,
        middle @ 0x121..=0x142 => middle - 0x121 + 0x7f,
        0x143 => 0xad,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{from_gguf, testing};
    use super::*;
    use crate::weights::gguf::Gguf;
    use std::collections::HashSet;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    #[test]
    fn the_alphabet_is_that_of_tokenizers_and_each_byte_has_one_character() {
        let bytes: HashSet<u8> = ByteLevel::alphabet().into_iter().filter_map(byte).collect();
        assert_eq!(bytes.len(), 256);
        for (c, expected) in [
            (' ', None),
            ('Ġ', Some(b' ')),
            ('Ċ', Some(b'\n')),
            ('é', Some(0xe9)),
            ('ł', Some(0xa0)),
            ('Ń', Some(0xad)),
            ('ń', None),
        ] {
            assert_eq!(byte(c), expected, "{c}");
        }
    }

    #[test]
    fn the_bytes_of_a_texts_tokens_are_the_text() {
        let text = "It’s 3½ ★ — बहुत अच्छा 👍🏽\n\t  <|im_end|>end";
        let byte_level = from_gguf(&Gguf::read(&crate::weights::testing::chat_model()).unwrap()).unwrap();
        for (tokenizer, expected) in [
            // A special token has no bytes.
            (byte_level, "It’s 3½ ★ — बहुत अच्छा 👍🏽\n\t  end"),
            // A space is put in front, and `<|im_end|>` is plain text in this vocabulary.
            (
                testing::sentence_piece(&[]).unwrap(),
                " It’s 3½ ★ — बहुत अच्छा 👍🏽\n\t  <|im_end|>end",
            ),
        ] {
            let ids = tokenizer.encode(text, false).unwrap().get_ids().to_vec();
            let decoded: Vec<u8> = ids.iter().flat_map(|id| bytes(&tokenizer, *id)).collect();
            assert_eq!(String::from_utf8(decoded).unwrap(), expected);
            assert_eq!(tokenizer.decode(&ids, true).unwrap(), expected);
        }
    }

    #[test]
    fn an_unknown_id_has_no_bytes() {
        assert!(bytes(&testing::sentence_piece(&[]).unwrap(), 1_000_000).is_empty());
    }
}
