//! The models that the tests run with: the real ones, and a shallow one for tests that are not about the answer.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use candle_core::Device;
use candle_core::quantized::gguf_file::{self, Content, Value};
use flipkart_recommender::weights;

/// Layers that the shallow model keeps of thirty.
const LAYERS: u32 = 20;

/// The folder of the default models.
///
/// # Panics
/// Where they have not been fetched.
pub fn dir() -> PathBuf {
    let dir = std::env::var_os("RECOMMENDER_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("models"),
        PathBuf::from,
    );
    for folder in ["chat", "embedding"] {
        let there = dir.join(folder).is_dir();
        assert!(
            there,
            "{} has no {folder}; run `make models` first",
            dir.display()
        );
    }
    dir
}

/// The default chat model's file.
pub fn chat() -> PathBuf {
    weights::chat_model(&dir(), None)
        .expect("the default chat model; run `make models` first")
        .path
}

/// The default chat model with two thirds of its layers: the same tokenizer, template and code path in
/// less time. What it says makes no sense, and it never ends its turn.
pub fn shallow() -> PathBuf {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shallow.gguf");
        // Renamed when complete: another run of the tests may be reading the last one.
        let new = path.with_extension(std::process::id().to_string());
        cut(&chat(), &new).expect("a shallow copy of the chat model");
        std::fs::rename(&new, &path).expect("a folder that can be written to");
        path
    });
    FILE.clone()
}

fn cut(from: &Path, to: &Path) -> candle_core::Result<()> {
    let mut reader = BufReader::new(File::open(from)?);
    let Content {
        mut metadata,
        tensor_infos,
        magic,
        tensor_data_offset,
    } = Content::read(&mut reader)?;
    metadata.insert("llama.block_count".into(), Value::U32(LAYERS));
    let names: Vec<String> = tensor_infos
        .keys()
        .filter(|name| layer(name).is_none_or(|layer| layer < LAYERS))
        .cloned()
        .collect();
    let content = Content {
        magic,
        metadata,
        tensor_infos,
        tensor_data_offset,
    };
    let tensors: Vec<_> = names
        .iter()
        .map(|name| content.tensor(&mut reader, name, &Device::Cpu))
        .collect::<candle_core::Result<_>>()?;
    let metadata: Vec<_> = content
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let tensors: Vec<_> = names.iter().map(String::as_str).zip(&tensors).collect();
    gguf_file::write(&mut BufWriter::new(File::create(to)?), &metadata, &tensors)
}

/// `blk.7.attn_q.weight` is of layer 7; the embedding and the last norm are of none.
fn layer(tensor: &str) -> Option<u32> {
    tensor.strip_prefix("blk.")?.split('.').next()?.parse().ok()
}
