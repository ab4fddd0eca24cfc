//! A chat model's GGUF file: header and metadata, checked.
//!
//! In: a path. Out: a [`Gguf`], of which every tensor lies inside the file and whose figures make sense, so that
//! nothing read from a damaged file can panic or ask for memory the file does not account for. The tensors stay on
//! disk. Runs on the thread that loads; holds at most [`MAX_HEADER`] bytes of the file at a time.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};

use super::{WeightsError, gguf_header, gguf_tensors};

pub use super::gguf_tensors::TensorView;

/// The longest header: metadata and tensor descriptions. Those of vocabularies of 262,144 tokens take 16 MB.
pub const MAX_HEADER: u64 = 64 << 20;
/// The largest figure of a model's shape that makes sense; the vocabulary and the context have their own uses.
const MAX_FIGURE: usize = 1 << 20;

/// A GGUF file whose header has been read and found sound.
pub struct Gguf {
    path: PathBuf,
    pub(super) content: Content,
    architecture: String,
    context_length: usize,
    /// Numbers that each token leaves in the cache of keys and values.
    kv_per_token: usize,
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
            text(&content, "general.architecture").ok_or("it does not say its general.architecture")?;
        let figures = Figures {
            content: &content,
            architecture,
        };
        Ok(Self {
            path: path.to_path_buf(),
            architecture: architecture.to_string(),
            context_length: figures.number("context_length")?,
            kv_per_token: figures.kv_per_token()?,
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

    /// Tokens the model was trained to look back on.
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// Bytes of keys and values that one token leaves in the cache, at `element_bytes` a number.
    pub fn kv_bytes_per_token(&self, element_bytes: usize) -> usize {
        self.kv_per_token * element_bytes
    }

    /// The model's name as its maker wrote it.
    pub fn name(&self) -> Option<&str> {
        self.text("general.name")
    }

    /// The Jinja template that makes a prompt of a conversation.
    pub fn chat_template(&self) -> Option<&str> {
        self.text("tokenizer.chat_template")
    }

    /// The token that begins a text, where the model has one.
    pub fn bos_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.bos_token_id")
    }

    /// The token that ends a turn.
    pub fn eos_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.eos_token_id")
    }

    /// The token that ends a message, where it is not [`Self::eos_id`].
    pub fn eot_id(&self) -> Option<u32> {
        self.id("tokenizer.ggml.eot_token_id")
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        text(&self.content, key)
    }

    /// A list of texts of the metadata; `None` also if an element is not a text.
    pub fn texts(&self, key: &str) -> Option<Vec<&str>> {
        let texts = self.content.metadata.get(key)?.to_vec().ok()?;
        texts
            .iter()
            .map(|text| text.to_string().ok().map(String::as_str))
            .collect()
    }

    /// A list of whole numbers of the metadata; `None` also if an element is not one.
    pub fn numbers(&self, key: &str) -> Option<Vec<u64>> {
        self.content
            .metadata
            .get(key)?
            .to_vec()
            .ok()?
            .iter()
            .map(whole)
            .collect()
    }

    /// A whole number of the metadata, of whatever width it was written.
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
        let floats = self.content.metadata.get(key)?.to_vec().ok()?;
        floats.iter().map(|float| float.to_f32().ok()).collect()
    }

    /// A yes or no of the metadata.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.content.metadata.get(key)?.to_bool().ok()
    }

    /// A list of flags of the metadata; `None` also if an element is not one.
    pub fn flags(&self, key: &str) -> Option<Vec<bool>> {
        let flags = self.content.metadata.get(key)?.to_vec().ok()?;
        flags.iter().map(|flag| flag.to_bool().ok()).collect()
    }

    /// Whether the metadata has an entry of this name.
    pub fn has(&self, key: &str) -> bool {
        self.content.metadata.contains_key(key)
    }

    /// A copy of metadata and tensor descriptions, which candle's models take by value.
    pub fn content(&self) -> Content {
        let copy = |tensor: &TensorInfo| TensorInfo {
            ggml_dtype: tensor.ggml_dtype,
            shape: tensor.shape.clone(),
            offset: tensor.offset,
        };
        Content {
            magic: self.content.magic,
            metadata: self.content.metadata.clone(),
            tensor_infos: self
                .content
                .tensor_infos
                .iter()
                .map(|(name, tensor)| (name.clone(), copy(tensor)))
                .collect(),
            tensor_data_offset: self.content.tensor_data_offset,
        }
    }

    /// The file, to read tensors from.
    pub fn open(&self) -> Result<BufReader<File>, WeightsError> {
        File::open(&self.path)
            .map(BufReader::new)
            .map_err(|error| damaged(&self.path, error))
    }

    fn id(&self, key: &str) -> Option<u32> {
        self.content
            .metadata
            .get(key)
            .and_then(whole)
            .and_then(|id| u32::try_from(id).ok())
    }
}

/// The figures of a decoder's shape, by their names without the architecture.
struct Figures<'a> {
    content: &'a Content,
    architecture: &'a str,
}

impl Figures<'_> {
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
            .ok_or_else(|| format!("it does not say its {}.{name}", self.architecture))
    }

    fn small(&self, name: &str) -> Result<usize, String> {
        match self.number(name)? {
            number if number <= MAX_FIGURE => Ok(number),
            number => Err(format!(
                "its {}.{name} is {number}, which no model has",
                self.architecture
            )),
        }
    }

    fn kv_per_token(&self) -> Result<usize, String> {
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
        let keys = self
            .optional("attention.key_length")?
            .unwrap_or(width / heads)
            .min(MAX_FIGURE);
        let values = self
            .optional("attention.value_length")?
            .unwrap_or(width / heads)
            .min(MAX_FIGURE);
        Ok(blocks * kv_heads * (keys + values))
    }
}

fn text<'a>(content: &'a Content, key: &str) -> Option<&'a str> {
    content.metadata.get(key)?.to_string().ok().map(String::as_str)
}

/// A whole number that is not negative, of whatever width it was written.
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

/// Where a tensor's data ends, counted from where all tensors' data begins; `None` if that is no number, or if the
/// tensor does not consist of whole blocks.
fn end(tensor: &TensorInfo) -> Option<u64> {
    tensor
        .offset
        .checked_add(u64::try_from(gguf_tensors::size(tensor)?).ok()?)
}

pub(super) fn damaged(path: &Path, problem: impl std::fmt::Display) -> WeightsError {
    WeightsError::Gguf {
        path: path.to_path_buf(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::testing::{self, bytes, metadata};

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
    fn a_sound_file_tells_what_it_is() {
        let gguf = read(&bytes(&metadata())).unwrap();
        assert_eq!((gguf.architecture(), gguf.context_length()), ("llama", 64));
        // 1 block × 2 heads × (8 + 8) numbers × 4 bytes.
        assert_eq!(gguf.kv_bytes_per_token(4), 128);
        assert_eq!((gguf.bos_id(), gguf.eos_id(), gguf.name()), (None, Some(2), None));
        assert_eq!(gguf.numbers("tokenizer.ggml.token_type"), Some(vec![1, 3]));
        assert_eq!(gguf.content().tensor_infos.len(), 2);
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
        assert!(
            read(&whole[..whole.len() - 1])
                .unwrap_err()
                .contains("beyond the end of the file")
        );
    }

    #[test]
    fn damage_is_named() {
        let whole = bytes(&metadata());
        let huge = (1_u64 << 40).to_le_bytes();
        let array_of_two =
            |n: u64| [&9_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), &n.to_le_bytes()].concat();
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
            // What follows a tensor's two dimensions of 2 × 32 numbers is its type; 0 is F32.
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
            let message = read(&bytes).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn figures_that_make_no_sense_are_refused() {
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
            let message = read(&bytes(&metadata)).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_default_model_is_what_it_should_be() {
        let gguf = Gguf::read(&testing::chat_model()).unwrap();
        assert_eq!((gguf.architecture(), gguf.context_length()), ("llama", 8192));
        assert_eq!((gguf.bos_id(), gguf.eos_id()), (Some(1), Some(2)));
        // 30 blocks × 3 heads × (64 + 64) numbers.
        assert_eq!(gguf.kv_bytes_per_token(1), 11_520);
        assert!(gguf.chat_template().unwrap().contains("<|im_start|>"));
    }
}
