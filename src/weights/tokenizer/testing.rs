//! Small tokenizers for this folder's tests.

use candle_core::quantized::gguf_file::Value;
use tokenizers::Tokenizer;

use super::from_gguf;
use crate::weights::gguf::Gguf;
use crate::weights::testing::{bytes, metadata};

/// A text of metadata.
pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_string())
}

/// A list of texts of metadata.
pub(super) fn texts(texts: &[&str]) -> Value {
    Value::Array(texts.iter().map(|item| text(item)).collect())
}

/// A list of whole numbers of metadata.
pub(super) fn numbers(numbers: &[i32]) -> Value {
    Value::Array(numbers.iter().copied().map(Value::I32).collect())
}

/// A header with this metadata, where later entries replace earlier ones.
pub(super) fn gguf(entries: &[(&'static str, Value)]) -> Gguf {
    let mut metadata = metadata();
    metadata.retain(|(key, _)| entries.iter().all(|(other, _)| key != other));
    for (at, (key, value)) in entries.iter().enumerate() {
        if entries[at + 1..].iter().all(|(later, _)| later != key) {
            metadata.push((key, value.clone()));
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes(&metadata)).unwrap();
    Gguf::read(file.path()).unwrap()
}

fn tokenizer(
    mut entries: Vec<(&'static str, Value)>,
    replaced: &[(&'static str, Value)],
) -> Result<Tokenizer, String> {
    entries.extend_from_slice(replaced);
    from_gguf(&gguf(&entries)).map_err(|error| error.to_string())
}

/// Byte-level BPE of the tokens `a`, `b`, `ab`, `<e>`, `<u>` and `<|im_start|>`, with some metadata replaced. The last
/// two are user defined.
pub(super) fn byte_level(replaced: &[(&'static str, Value)]) -> Result<Tokenizer, String> {
    let entries = vec![
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("llama-bpe")),
        (
            "tokenizer.ggml.tokens",
            texts(&["a", "b", "ab", "<e>", "<u>", "<|im_start|>"]),
        ),
        ("tokenizer.ggml.merges", texts(&["a b"])),
        ("tokenizer.ggml.token_type", numbers(&[1, 1, 1, 3, 4, 4])),
    ];
    tokenizer(entries, replaced)
}

/// SentencePiece of `<unk>`, `<s>`, `</s>`, the 256 bytes (3 to 258), and [`PIECES`], with some metadata replaced.
pub(super) fn sentence_piece(replaced: &[(&'static str, Value)]) -> Result<Tokenizer, String> {
    let bytes: Vec<String> = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut tokens = vec!["<unk>", "<s>", "</s>"];
    tokens.extend(bytes.iter().map(String::as_str));
    tokens.extend(PIECES.iter().map(|(piece, ..)| *piece));
    let mut kinds = vec![2, 3, 3];
    kinds.extend([6; 256]);
    kinds.extend(PIECES.iter().map(|(_, _, kind)| *kind));
    let scores = [0.0; 3 + 256]
        .into_iter()
        .chain(PIECES.iter().map(|(_, score, _)| *score));
    let entries = vec![
        ("tokenizer.ggml.model", text("llama")),
        ("tokenizer.ggml.tokens", texts(&tokens)),
        (
            "tokenizer.ggml.scores",
            Value::Array(scores.map(Value::F32).collect()),
        ),
        ("tokenizer.ggml.token_type", numbers(&kinds)),
    ];
    tokenizer(entries, replaced)
}

/// The pieces of [`sentence_piece`] from id 259 on: text, score, kind.
pub(super) const PIECES: [(&str, f32, i32); 16] = [
    ("▁", -1.0, 1),
    ("a", -2.0, 1),
    ("b", -3.0, 1),
    ("c", -4.0, 1),
    // The higher score comes first, whatever the order of the ids.
    ("ab", -20.0, 1),
    ("bc", -10.0, 1),
    ("▁a", -15.0, 1),
    ("aa", -12.0, 1),
    ("abc", -30.0, 1),
    ("<u>", -40.0, 4),
    // Parts of the spelling of a control token, which are never merged to it.
    ("<", -5.0, 1),
    ("/s>", -6.0, 1),
    ("/", -7.0, 1),
    ("s>", -8.0, 1),
    ("s", -9.0, 1),
    (">", -11.0, 1),
];
