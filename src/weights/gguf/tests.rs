//! What is read from a valid GGUF file, and which errors damaged files give.

use super::*;
use crate::weights::testing::{self, assert_error, bytes, metadata};

fn read(bytes: &[u8]) -> Result<Gguf, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Gguf::read(file.path()).map_err(|error| {
        let message = error.to_string();
        assert!(message.contains(&file.path().display().to_string()), "{message}");
        message
    })
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .expect("the bytes to replace");
    [&bytes[..at], to, &bytes[at + to.len()..]].concat()
}

#[test]
fn a_valid_file_is_read() {
    let gguf = read(&bytes(&metadata())).unwrap();
    assert_eq!((gguf.architecture(), gguf.context_length()), ("llama", 64));
    assert_eq!((gguf.bos_id(), gguf.eos_id(), gguf.name()), (None, Some(2), None));
    assert_eq!(gguf.numbers("tokenizer.ggml.token_type"), Some(vec![1, 3]));
    assert_eq!(gguf.tensor_names().len(), 2);
    assert_eq!(gguf.number("llama.block_count"), Some(1));
    assert_eq!((gguf.number("nothing"), gguf.has("nothing")), (None, false));
    assert_eq!(
        (gguf.float("llama.block_count"), gguf.flags("llama.block_count")),
        (None, None)
    );
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let whole = bytes(&metadata());
    // The last tensor is padded to 32 bytes, which it fills.
    for length in 0..whole.len() {
        read(&whole[..length]).expect_err("a file that ends early");
    }
    let cut = read(&whole[..whole.len() - 1]);
    assert_error(cut, &["beyond the end of the file"]);
}

#[test]
fn damage_is_named() {
    let whole = bytes(&metadata());
    let huge = (1_u64 << 40).to_le_bytes();
    let array_of_two = |n: u64| [&9_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), &n.to_le_bytes()].concat();
    let cases = [
        (
            replaced(&whole, b"GGUF", b"GGML"),
            "does not begin with the letters GGUF",
        ),
        (
            [b"GGUF".as_slice(), &9_u32.to_le_bytes(), &[0; 16]].concat(),
            "version 9",
        ),
        (
            [b"GGUF".as_slice(), &3_u32.to_le_bytes(), &huge, &huge].concat(),
            "1099511627776 tensors",
        ),
        (
            replaced(&whole, &array_of_two(2), &array_of_two(1 << 40)),
            "1099511627776 elements",
        ),
        (
            replaced(&whole, &array_of_two(2), &array_of_two(1 << 20)),
            "damaged",
        ),
        // The name of the second tensor is followed by 2 dimensions, 32 and 2 numbers, the type, the offset.
        (
            replaced(
                &whole,
                &[b"b.weight", &[2, 0, 0, 0][..]].concat(),
                b"b.weight\x09\0\0\0",
            ),
            "9 dimensions",
        ),
        // A tensor's two dimensions of 2 × 32 numbers are followed by its type; 0 is F32.
        (
            replaced(
                &whole,
                &[&2_u64.to_le_bytes()[..], &0_u32.to_le_bytes()].concat(),
                &[&2_u64.to_le_bytes()[..], &20_u32.to_le_bytes()].concat(),
            ),
            "b.weight is of the type IQ4_NL, and the supported types are F32",
        ),
        (
            replaced(&whole, &96_u64.to_le_bytes(), &huge),
            "b.weight reaches beyond the end",
        ),
        (
            replaced(&whole, b"general.architecture", b"general.architectura"),
            "general.architecture",
        ),
    ];
    for (bytes, expected) in cases {
        assert_error(read(&bytes), &[expected]);
    }
}

#[test]
fn implausible_dimensions_are_refused() {
    let cases = [
        ("llama.context_length", Value::U32(0), "context_length"),
        ("llama.attention.head_count", Value::U32(0), "head_count"),
        ("llama.attention.head_count", Value::F32(4.0), "head_count"),
        ("llama.attention.head_count_kv", Value::U32(3), "cannot share"),
        ("llama.block_count", Value::U32(3), "claims 3 blocks"),
        ("llama.block_count", Value::U32(u32::MAX), "4294967295"),
        ("llama.embedding_length", Value::I64(-1), "embedding_length"),
        ("general.alignment", Value::U32(0), "alignment"),
    ];
    for (key, value, expected) in cases {
        let mut metadata = metadata();
        metadata.retain(|(existing, _)| *existing != key);
        metadata.push((key, value));
        assert_error(read(&bytes(&metadata)), &[expected]);
    }
}

#[test]
fn the_default_model_is_read() {
    let gguf = Gguf::read(&testing::chat_model()).unwrap();
    assert_eq!((gguf.architecture(), gguf.context_length()), ("llama", 8192));
    assert_eq!((gguf.bos_id(), gguf.eos_id()), (Some(1), Some(2)));
    assert!(gguf.chat_template().unwrap().contains("<|im_start|>"));
}
