//! A safetensors file, read tensor by tensor: only the bytes that are being packed are in memory.
//!
//! In: the path. Out: matrices and vectors by name, on the caller's thread. Format:
//! <https://github.com/huggingface/safetensors#format>: the length of a JSON header in 8 bytes, the header, the data.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::EmbeddingError;
use crate::kernels::pool::Pool;
use crate::kernels::tiles::Matrix;

/// The longest accepted header, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open file.
pub(super) struct Tensors {
    path: PathBuf,
    file: File,
    header: Metadata,
    /// Where the data begins.
    data: u64,
    /// The prefix of all names in the file.
    prefix: String,
}

/// A tensor that the header lists.
struct FoundTensor<'a> {
    name: &'a str,
    info: &'a TensorInfo,
    kind: GgmlDType,
    /// Bytes of one number.
    width: usize,
}

impl Tensors {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddingError> {
        let unreadable = EmbeddingError::read(path);
        let file = File::open(path).map_err(&unreadable)?;
        let end = file.metadata().map_err(&unreadable)?.len();
        let mut length = [0; 8];
        file.read_exact_at(&mut length, 0).map_err(&unreadable)?;
        let length = u64::from_le_bytes(length);
        let damaged = |problem: String| EmbeddingError::Tensor {
            path: path.into(),
            problem,
        };
        if length > LONGEST_HEADER.min(end) {
            return Err(damaged(format!("its header cannot have {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact_at(&mut header, 8).map_err(unreadable)?;
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|error| damaged(format!("its header: {error}")))?;
        let data = 8 + length;
        if data + header.data_len() as u64 != end {
            return Err(damaged(format!(
                "{} bytes of numbers are announced and {} are there",
                header.data_len(),
                end - data
            )));
        }
        Ok(Self {
            path: path.into(),
            file,
            header,
            data,
            prefix: String::new(),
        })
    }

    /// Sets the prefix of all names: the first of `prefixes` with which the file has a tensor `name`.
    pub(super) fn with_prefix_of(mut self, name: &str, prefixes: &[String]) -> Self {
        let fits = |prefix: &&String| self.header.info(&format!("{prefix}{name}")).is_some();
        self.prefix = prefixes.iter().find(fits).cloned().unwrap_or_default();
        self
    }

    /// A vector of `length` numbers.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, EmbeddingError> {
        self.table(name, &[length])
    }

    /// All numbers of a tensor of this shape, one row after another.
    pub(super) fn table(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbeddingError> {
        let name = format!("{}{name}", self.prefix);
        let found = self.find(&name, shape)?;
        let bytes = self.bytes(&found, 0..shape.iter().product())?;
        let numbers = bytes.chunks_exact(found.width).map(|bytes| match *bytes {
            [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
            [a, b] if found.kind == GgmlDType::F16 => f16::from_le_bytes([a, b]).to_f32(),
            [a, b] => bf16::from_le_bytes([a, b]).to_f32(),
            _ => f32::NAN,
        });
        let numbers: Vec<f32> = numbers.collect();
        // The kernels' minimum and maximum would hide a NaN.
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(self.damaged(&name, "it has infinite or NaN values"));
        }
        Ok(numbers)
    }

    /// A matrix of `rows` rows of `columns` weights, in wide 8-bit tiles.
    pub(super) fn matrix(
        &self,
        pool: &Pool,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Matrix, EmbeddingError> {
        let name = format!("{}{name}", self.prefix);
        let found = self.find(&name, &[rows, columns])?;
        let bytes = self.bytes(&found, 0..rows * columns)?;
        Matrix::pack_wide(pool, found.kind, &bytes, rows, columns)
            .map_err(|error| self.damaged(&name, &error.to_string()))
    }

    /// The same in narrow tiles, for rows that are only looked up, as matrices of `part` rows; the last may have fewer.
    pub(super) fn parts(
        &self,
        pool: &Pool,
        name: &str,
        rows: usize,
        columns: usize,
        part: usize,
    ) -> Result<Vec<Matrix>, EmbeddingError> {
        let name = format!("{}{name}", self.prefix);
        let found = self.find(&name, &[rows, columns])?;
        let starts = (0..rows).step_by(part.max(1));
        let parts = starts.map(|start| {
            let rows = part.min(rows - start);
            let bytes = self.bytes(&found, start * columns..(start + rows) * columns)?;
            Matrix::pack(pool, found.kind, &bytes, rows, columns)
                .map_err(|error| self.damaged(&name, &error.to_string()))
        });
        parts.collect()
    }

    fn find<'a>(&'a self, name: &'a str, shape: &[usize]) -> Result<FoundTensor<'a>, EmbeddingError> {
        let info = self
            .header
            .info(name)
            .ok_or_else(|| self.damaged(name, "it is missing"))?;
        if info.shape != shape {
            let problem = format!(
                "its shape is {:?}, and config.json requires {shape:?}",
                info.shape
            );
            return Err(self.damaged(name, &problem));
        }
        let (kind, width) = match info.dtype {
            Dtype::F32 => (GgmlDType::F32, 4),
            Dtype::F16 => (GgmlDType::F16, 2),
            Dtype::BF16 => (GgmlDType::BF16, 2),
            other => {
                let problem = format!("its type is {other:?}, and only F32, F16 and BF16 are supported");
                return Err(self.damaged(name, &problem));
            }
        };
        Ok(FoundTensor {
            name,
            info,
            kind,
            width,
        })
    }

    /// The bytes of some of a tensor's numbers.
    fn bytes(
        &self,
        found: &FoundTensor<'_>,
        numbers: std::ops::Range<usize>,
    ) -> Result<Vec<u8>, EmbeddingError> {
        let from = found.info.data_offsets.0 + numbers.start * found.width;
        let mut bytes = vec![0; numbers.len() * found.width];
        self.file
            .read_exact_at(&mut bytes, self.data + from as u64)
            .map_err(|error| self.damaged(found.name, &error.to_string()))?;
        Ok(bytes)
    }

    fn damaged(&self, tensor: &str, problem: &str) -> EmbeddingError {
        EmbeddingError::Tensor {
            path: self.path.clone(),
            problem: format!("{tensor}: {problem}"),
        }
    }
}
