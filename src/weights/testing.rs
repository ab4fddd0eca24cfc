//! Where tests find the default models, and how they write small GGUF files.

use std::io::Cursor;
use std::path::PathBuf;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};

/// The models folder: `RECOMMENDER_TEST_MODELS`, or `models/` of this checkout. A test fails if there are no models.
pub(crate) fn models_dir() -> PathBuf {
    let dir = std::env::var_os("RECOMMENDER_TEST_MODELS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models")),
        PathBuf::from,
    );
    assert!(
        dir.join("chat").is_dir(),
        "the tests need the default models in {}; run `make models` first",
        dir.display()
    );
    dir
}

/// The default chat model's file.
pub(crate) fn chat_model() -> PathBuf {
    models_dir().join("chat/SmolLM2-135M-Instruct.Q4_1.gguf")
}

/// The default embedding model's folder.
pub(crate) fn embedding_model() -> PathBuf {
    models_dir().join("embedding/all-MiniLM-L6-v2")
}

/// Asserts that the result is an error whose message contains all `parts`.
#[track_caller]
pub(crate) fn assert_error<T>(result: Result<T, impl ToString>, parts: &[&str]) {
    let message = result.err().expect("an error").to_string();
    for part in parts {
        assert!(message.contains(part), "{message}, without {part}");
    }
}

/// The metadata of a tiny Llama.
pub(crate) fn metadata() -> Vec<(&'static str, Value)> {
    vec![
        ("general.architecture", Value::String("llama".to_string())),
        ("llama.context_length", Value::U32(64)),
        ("llama.embedding_length", Value::U32(32)),
        ("llama.block_count", Value::U32(1)),
        ("llama.attention.head_count", Value::U32(4)),
        ("llama.attention.head_count_kv", Value::U32(2)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
        (
            "tokenizer.ggml.token_type",
            Value::Array(vec![Value::I32(1), Value::I32(3)]),
        ),
    ]
}

/// The bytes of a GGUF file with two small tensors.
pub(crate) fn bytes(metadata: &[(&str, Value)]) -> Vec<u8> {
    let tensor = Tensor::zeros((2, 32), DType::F32, &Device::Cpu).unwrap();
    let q8 = QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap();
    let f32 = QTensor::quantize(&tensor, GgmlDType::F32).unwrap();
    gguf(metadata, &[("a.weight", &q8), ("b.weight", &f32)])
}

/// The bytes of a GGUF file.
pub(crate) fn gguf(metadata: &[(&str, Value)], tensors: &[(&str, &QTensor)]) -> Vec<u8> {
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let mut file = Cursor::new(Vec::new());
    gguf_file::write(&mut file, &metadata, tensors).unwrap();
    file.into_inner()
}
