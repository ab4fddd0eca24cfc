//! From a GGUF file to a [`Decoder`]: each matrix is read, repacked on all threads, and freed.
//!
//! The file is read and not mapped: pages of a mapping count as the process's memory, so the whole file would be in
//! memory in addition to its tiles.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::cpu_layer::CpuLayer;
use super::{Buffers, Decoder, Weights};
use crate::generation::model::ModelError;
use crate::generation::model::architecture::{self, Architecture, EMBEDDING, HEAD, LAST_NORM, LayerTensor};
use crate::kernels::attention::LONGEST_HEAD;
use crate::kernels::kv_store::Store;
use crate::kernels::pool::Pool;
use crate::kernels::simd::Level;
use crate::kernels::tiles::Matrix;
use crate::weights::gguf::Gguf;

impl Decoder {
    /// Loads the decoder that `gguf` describes; it computes on `pool`.
    pub(crate) fn load(gguf: &Gguf, pool: Arc<Pool>) -> Result<Self, ModelError> {
        Self::load_at(Level::best(), gguf, pool)
    }

    /// As [`Decoder::load`], with the instructions of `level`, which the CPU must have.
    pub(crate) fn load_at(level: Level, gguf: &Gguf, pool: Arc<Pool>) -> Result<Self, ModelError> {
        let architecture = Architecture::read(gguf)?;
        if architecture.head_dim > LONGEST_HEAD {
            return Err(ModelError::Unsupported {
                path: gguf.path().display().to_string(),
                problem: format!(
                    "its attention heads have {} numbers, and at most {LONGEST_HEAD} are supported",
                    architecture.head_dim
                ),
            });
        }
        let mut tensors = Tensors {
            gguf,
            file: File::open(gguf.path())?,
            bytes: Vec::new(),
            pool: &pool,
        };
        let layers = (0..architecture.layers)
            .map(|at| tensors.layer(&architecture, at))
            .collect::<Result<_, _>>()?;
        let weights = Weights {
            layers,
            embedding: tensors.matrix(EMBEDDING)?,
            norm: gguf.read_floats(LAST_NORM)?,
            head: match architecture.tied_head {
                true => None,
                false => Some(tensors.matrix(HEAD)?),
            },
        };
        Ok(Self {
            store: Store::new(
                architecture.layers,
                architecture.kv_heads,
                architecture.head_dim,
                0,
            ),
            buffers: Buffers::new(&architecture),
            architecture,
            weights,
            pool,
            level,
        })
    }
}

struct Tensors<'a> {
    gguf: &'a Gguf,
    file: File,
    /// The bytes of the tensor that is being repacked.
    bytes: Vec<u8>,
    pool: &'a Pool,
}

impl Tensors<'_> {
    fn layer(&mut self, architecture: &Architecture, at: usize) -> Result<CpuLayer, ModelError> {
        use LayerTensor::{
            AttentionNorm, AttentionOutput, AttentionPostNorm, Down, FeedForwardNorm, FeedForwardPostNorm,
            Gate, Key, KeyBias, KeyNorm, Query, QueryBias, QueryNorm, Up, Value, ValueBias,
        };
        let name = |tensor| architecture::layer(at, tensor);
        let floats = |tensor| self.gguf.read_floats(&name(tensor));
        let biases = match architecture.biases {
            true => Some([floats(QueryBias)?, floats(KeyBias)?, floats(ValueBias)?]),
            false => None,
        };
        let head_norms = match architecture.traits().qk_norm {
            true => Some([floats(QueryNorm)?, floats(KeyNorm)?]),
            false => None,
        };
        let post_norms = match architecture.traits().post_norms {
            true => Some([floats(AttentionPostNorm)?, floats(FeedForwardPostNorm)?]),
            false => None,
        };
        Ok(CpuLayer {
            biases,
            head_norms,
            post_norms,
            attention_norm: floats(AttentionNorm)?,
            feed_forward_norm: floats(FeedForwardNorm)?,
            query: self.matrix(&name(Query))?,
            key: self.matrix(&name(Key))?,
            value: self.matrix(&name(Value))?,
            output: self.matrix(&name(AttentionOutput))?,
            gate: self.matrix(&name(Gate))?,
            up: self.matrix(&name(Up))?,
            down: self.matrix(&name(Down))?,
        })
    }

    fn matrix(&mut self, name: &str) -> Result<Matrix, ModelError> {
        let unsupported = |problem: String| ModelError::Unsupported {
            path: self.gguf.path().display().to_string(),
            problem: format!("its tensor {name}: {problem}"),
        };
        let tensor = self
            .gguf
            .tensor(name)
            .ok_or_else(|| unsupported("it is missing".into()))?;
        let &[rows, columns] = tensor.shape else {
            return Err(unsupported("it is not a matrix".into()));
        };
        let length = usize::try_from(tensor.bytes.end - tensor.bytes.start)
            .map_err(|error| unsupported(error.to_string()))?;
        self.bytes.resize(length, 0);
        self.file
            .read_exact_at(&mut self.bytes, tensor.bytes.start)
            .map_err(|error| unsupported(format!("it cannot be read: {error}")))?;
        Matrix::pack(self.pool, tensor.kind, &self.bytes, rows, columns)
            .map_err(|error| unsupported(error.to_string()))
    }
}
