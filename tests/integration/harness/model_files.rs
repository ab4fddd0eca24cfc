//! The models of the tests: the real ones, and a shallow one for tests that do not look at the answer's text.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use candle_core::Device;
use candle_core::quantized::gguf_file::{self, Content, Value};
use flipkart_recommender::internals::chat_model;

use super::project_file;

/// The shallow model keeps this many of thirty layers.
const LAYERS: u32 = 20;

/// The folder of the default models.
///
/// # Panics
/// Where they have not been downloaded.
pub fn dir() -> PathBuf {
    let chosen = std::env::var_os("RECOMMENDER_TEST_MODELS");
    let dir = chosen.map_or_else(|| project_file("models"), PathBuf::from);
    for folder in ["chat", "embedding"] {
        let exists = dir.join(folder).is_dir();
        assert!(
            exists,
            "{} has no {folder}; run `make models` first",
            dir.display()
        );
    }
    dir
}

/// The default chat model's file.
pub fn chat() -> PathBuf {
    chat_model(&dir(), None)
        .expect("the default chat model; run `make models` first")
        .path
}

/// The default chat model with two thirds of its layers: the same tokenizer, template and code path in less time. Its
/// text makes no sense, and it never ends its turn.
pub fn shallow() -> PathBuf {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shallow.gguf");
        // Renamed when complete: another run of the tests may be reading the previous file.
        let new = path.with_extension(std::process::id().to_string());
        cut(&chat(), &new).expect("a shallow copy of the chat model");
        std::fs::rename(&new, &path).expect("a folder that can be written to");
        path
    });
    FILE.clone()
}

fn cut(from: &Path, to: &Path) -> candle_core::Result<()> {
    let mut reader = BufReader::new(File::open(from)?);
    let mut content = Content::read(&mut reader)?;
    content
        .metadata
        .insert("llama.block_count".into(), Value::U32(LAYERS));
    let names = content.tensor_infos.keys();
    let names: Vec<&String> = names
        .filter(|name| layer(name).is_none_or(|layer| layer < LAYERS))
        .collect();
    let tensors = names
        .iter()
        .map(|name| content.tensor(&mut reader, name, &Device::Cpu));
    let tensors: Vec<_> = tensors.collect::<candle_core::Result<_>>()?;
    let metadata: Vec<_> = content
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let tensors: Vec<_> = names.iter().map(|name| name.as_str()).zip(&tensors).collect();
    gguf_file::write(&mut BufWriter::new(File::create(to)?), &metadata, &tensors)
}

/// The layer that a tensor belongs to: 7 for `blk.7.attn_q.weight`, none for the embedding and the last norm.
fn layer(tensor: &str) -> Option<u32> {
    tensor.strip_prefix("blk.")?.split('.').next()?.parse().ok()
}
