//! A chat model's GGUF file: header and metadata, checked.
//!
//! In: a path. Out: a [`Gguf`] whose tensors all lie inside the file and whose dimensions are plausible, so that a
//! damaged file can neither cause a panic nor make the program allocate more memory than the file justifies. The
//! tensors stay on disk. Runs on the loading thread and holds at most [`MAX_HEADER`] bytes of the file in memory.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};

use super::{WeightsError, gguf_header, tensor_types};

/// The longest header: metadata and tensor descriptions. With a vocabulary of 262,144 tokens it takes 16 MB.
pub(crate) const MAX_HEADER: u64 = 64 << 20;
/// The largest plausible dimension of a model's shape. It does not limit the vocabulary or the context.
const MAX_DIMENSION: usize = 1 << 20;

/// A GGUF file whose header has been read and checked.
pub struct Gguf {
    path: PathBuf,
    pub(super) content: Content,
    architecture: String,
    context_length: usize,
}

impl std::fmt::Debug for Gguf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gguf")
            .field("path", &self.path)
            .field("architecture", &self.architecture)
            .finish_non_exhaustive()
    }
}

impl Gguf {
    /// Reads and checks the header of `path`.
    ///
    /// # Errors
    /// [`WeightsError::Gguf`].
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let file = File::open(path).map_err(|error| damaged(path, error))?;
        let length = file.metadata().map_err(|error| damaged(path, error))?.len();
        let mut header = Vec::new();
        file.take(MAX_HEADER)
            .read_to_end(&mut header)
            .map_err(|error| damaged(path, error))?;
        Self::parse(path, &header, length).map_err(|problem| damaged(path, problem))
    }

    fn parse(path: &Path, header: &[u8], length: u64) -> Result<Self, String> {
        gguf_header::check(header)?;
        let content = Content::read(&mut Cursor::new(header)).map_err(|error| error.to_string())?;
        for (name, tensor) in &content.tensor_infos {
            let end = end(tensor).and_then(|end| end.checked_add(content.tensor_data_offset));
            if end.is_none_or(|end| end > length) {
                return Err(format!(
                    "its tensor {name} reaches beyond the end of the file; the file is cut short or damaged"
                ));
            }
        }
        let architecture =
            text(&content, "general.architecture").ok_or("its metadata has no general.architecture")?;
        let dimensions = MetadataReader {
            content: &content,
            architecture,
        };
        dimensions.check()?;
        Ok(Self {
            path: path.to_path_buf(),
            architecture: architecture.to_string(),
            context_length: dimensions.number("context_length")?,
            content,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The decoder family: `llama`, `qwen2` …
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The context that the model was trained with, in tokens.
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// The model's name, as its author wrote it.
    pub fn name(&self) -> Option<&str> {
        self.text("general.name")
    }

    /// The Jinja template that turns a conversation into a prompt.
    pub fn chat_template(&self) -> Option<&str> {
        self.text("tokenizer.chat_template")
    }

    /// The token that begins a text, if the model has one.
    pub fn bos_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.bos_token_id")
    }

    /// The token that ends a turn.
    pub fn eos_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.eos_token_id")
    }

    /// The token that ends a message, if it is not [`Self::eos_id`].
    pub fn eot_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.eot_token_id")
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        text(&self.content, key)
    }

    /// A list of texts of the metadata; `None` also if an element is not a text.
    pub fn texts(&self, key: &str) -> Option<Vec<&str>> {
        self.list(key, |text| text.to_string().ok().map(String::as_str))
    }

    /// A list of whole numbers of the metadata; `None` also if an element is not one.
    pub fn numbers(&self, key: &str) -> Option<Vec<u64>> {
        self.list(key, whole)
    }

    /// A whole number of the metadata, of any width.
    pub fn number(&self, key: &str) -> Option<u64> {
        whole(self.content.metadata.get(key)?)
    }

    /// A number of the metadata that may have a fraction.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.content.metadata.get(key)? {
            Value::F32(number) => Some(f64::from(*number)),
            Value::F64(number) => Some(*number),
            _ => None,
        }
    }

    /// A list of numbers of the metadata that may have fractions; `None` also if an element is not one.
    pub fn floats(&self, key: &str) -> Option<Vec<f32>> {
        self.list(key, |float| float.to_f32().ok())
    }

    /// A flag of the metadata.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.content.metadata.get(key)?.to_bool().ok()
    }

    /// A list of flags of the metadata; `None` also if an element is not one.
    pub fn flags(&self, key: &str) -> Option<Vec<bool>> {
        self.list(key, |flag| flag.to_bool().ok())
    }

    /// Whether the metadata has an entry with this key.
    pub fn has(&self, key: &str) -> bool {
        self.content.metadata.contains_key(key)
    }

    /// Opens the file to read tensors.
    pub fn open(&self) -> Result<BufReader<File>, WeightsError> {
        File::open(&self.path)
            .map(BufReader::new)
            .map_err(|error| damaged(&self.path, error))
    }

    fn id(&self, key: &str) -> Option<u32> {
        u32::try_from(self.number(key)?).ok()
    }

    /// A list of the metadata; `None` also if an element is of another type than `element` reads.
    fn list<'a, T>(&'a self, key: &str, element: impl Fn(&'a Value) -> Option<T>) -> Option<Vec<T>> {
        let values = self.content.metadata.get(key)?.to_vec().ok()?;
        values.iter().map(element).collect()
    }
}

/// Reads the dimensions of a decoder by their keys without the architecture's name.
struct MetadataReader<'a> {
    content: &'a Content,
    architecture: &'a str,
}

impl MetadataReader<'_> {
    fn optional(&self, name: &str) -> Result<Option<usize>, String> {
        let key = format!("{}.{name}", self.architecture);
        let Some(value) = self.content.metadata.get(&key) else {
            return Ok(None);
        };
        match whole(value).and_then(|number| usize::try_from(number).ok()) {
            Some(number @ 1..) => Ok(Some(number)),
            _ => Err(format!("its {key} is not a whole number above zero")),
        }
    }

    fn number(&self, name: &str) -> Result<usize, String> {
        self.optional(name)?
            .ok_or_else(|| format!("its metadata has no {}.{name}", self.architecture))
    }

    fn small(&self, name: &str) -> Result<usize, String> {
        match self.number(name)? {
            number if number <= MAX_DIMENSION => Ok(number),
            number => Err(format!(
                "its {}.{name} is {number}, which no model has",
                self.architecture
            )),
        }
    }

    /// Checks that the dimensions fit together, before any memory is allocated by them.
    fn check(&self) -> Result<(), String> {
        let (blocks, heads, width) = (
            self.small("block_count")?,
            self.small("attention.head_count")?,
            self.small("embedding_length")?,
        );
        if blocks > self.content.tensor_infos.len() {
            return Err(format!(
                "it claims {blocks} blocks and has {} tensors",
                self.content.tensor_infos.len()
            ));
        }
        if self
            .optional("rope.dimension_count")?
            .is_some_and(|dimensions| dimensions > width)
            || heads > width
        {
            return Err(format!(
                "its heads or rotary dimensions are more than its {width} embedding dimensions"
            ));
        }
        let kv_heads = self.optional("attention.head_count_kv")?.unwrap_or(heads);
        if kv_heads > heads || !heads.is_multiple_of(kv_heads) {
            return Err(format!(
                "its {heads} heads cannot share {kv_heads} heads of keys and values"
            ));
        }
        for name in ["attention.key_length", "attention.value_length"] {
            self.optional(name)?;
        }
        Ok(())
    }
}

fn text<'a>(content: &'a Content, key: &str) -> Option<&'a str> {
    content.metadata.get(key)?.to_string().ok().map(String::as_str)
}

/// A whole number of any width that is not negative.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::I8(n) => u64::try_from(*n).ok(),
        Value::I16(n) => u64::try_from(*n).ok(),
        Value::I32(n) => u64::try_from(*n).ok(),
        Value::I64(n) => u64::try_from(*n).ok(),
        Value::Bool(_) => None,
        other => other.to_u64().ok(),
    }
}

/// Where a tensor's data ends, counted from the start of all tensors' data; `None` if that overflows, or if the tensor
/// does not consist of whole blocks.
fn end(tensor: &TensorInfo) -> Option<u64> {
    tensor
        .offset
        .checked_add(u64::try_from(tensor_types::size(tensor)?).ok()?)
}

pub(super) fn damaged(path: &Path, problem: impl std::fmt::Display) -> WeightsError {
    WeightsError::Gguf {
        path: path.to_path_buf(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests;
