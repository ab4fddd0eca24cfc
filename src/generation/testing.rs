//! What the tests of this stage share.

use tokenizers::models::bpe::BPE;
use tokenizers::{DecoderWrapper, Tokenizer};

/// A tokenizer whose ids are bytes: byte-level BPE with no merges.
pub fn byte_tokenizer() -> Tokenizer {
    // GPT-2's alphabet: printable bytes stand for themselves, the others for the characters from U+0100 on.
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = (0x100..).filter_map(char::from_u32);
    let mut letter = |byte: u8| {
        if printable(byte) {
            Some(char::from(byte))
        } else {
            others.next()
        }
    };
    let vocabulary: [(String, u32); 256] = std::array::from_fn(|byte| {
        let letter =
            letter(byte as u8).expect("68 bytes are not printable, and there are more letters than that");
        (letter.to_string(), byte as u32)
    });
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, vec![])
        .build()
        .expect("a vocabulary without merges");
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_decoder(Some(DecoderWrapper::ByteLevel(Default::default())));
    tokenizer
}
