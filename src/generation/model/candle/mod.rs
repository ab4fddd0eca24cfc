//! A decoder on candle's tensors.
//!
//! In: an [`Architecture`] and its GGUF file, then batches of tokens. Out: logits. Runs on the engine's thread; on a
//! GPU its operations are queued, and only reading the logits waits for them. Any operation of candle can fail, for
//! lack of memory or because of the device.
//!
//! On CUDA the weights stay quantised, and candle's kernels multiply them: one kernel for up to eight rows, another for
//! more, so there the last bits of a row depend on the number of rows in the batch. On the CPU the weights are expanded
//! to f32: large and slow, but plain arithmetic, against which the CPU's own kernels are tested.
//!
//! candle queues the work of each thread in a queue of its own. Before another thread may read what one thread has put
//! on a GPU, that queue must be empty: loading and reserving wait for that at their end.

mod attention;
mod candle_batch;
mod candle_layer;
mod candle_weights;
mod kv_cache;
#[cfg(test)]
mod tests;
mod view;

use candle_core::Device;
use candle_core::quantized::QMatMul;

use super::architecture::{Architecture, EMBEDDING, HEAD, LAST_NORM};
use super::{BLOCK, Chunk, Model, ModelError, Shape};
use crate::weights::gguf::Gguf;
use candle_batch::Batch;
use candle_layer::CandleLayer;
use candle_weights::{CandleNorm, TensorSource};
use kv_cache::KvCache;

/// The weights of a decoder on a candle device, and its keys and values.
pub(crate) struct CandleDecoder {
    architecture: Architecture,
    device: Device,
    /// `[vocabulary, width]`.
    embedding: QMatMul,
    layers: Vec<CandleLayer>,
    last_norm: CandleNorm,
    /// `[vocabulary, width]`; the embedding's matrix if the head is tied.
    head: QMatMul,
    /// One for each layer.
    caches: Vec<KvCache>,
}

impl CandleDecoder {
    /// Loads the decoder that `gguf` describes onto `device`. It has no room for keys and values before
    /// [`Model::reserve`].
    pub(crate) fn load(gguf: &Gguf, device: &Device) -> Result<Self, ModelError> {
        let architecture = Architecture::read(gguf)?;
        let source = TensorSource { gguf, device };
        let embedding = source.matrix(EMBEDDING)?;
        let decoder = Self {
            layers: (0..architecture.layers)
                .map(|at| CandleLayer::load(&source, &architecture, at))
                .collect::<Result<_, _>>()?,
            last_norm: source.norm(LAST_NORM, architecture.norm_epsilon)?,
            head: if architecture.tied_head {
                embedding.clone()
            } else {
                source.matrix(HEAD)?
            },
            embedding,
            caches: Vec::new(),
            device: device.clone(),
            architecture,
        };
        device.synchronize()?;
        Ok(decoder)
    }
}

impl Model for CandleDecoder {
    fn shape(&self) -> Shape {
        Shape {
            context_length: self.architecture.context_length,
            vocabulary: self.architecture.vocabulary,
            block_bytes: BLOCK * self.architecture.layers * KvCache::bytes_per_token(&self.architecture),
        }
    }

    fn reserve(&mut self, blocks: usize) -> Result<(), ModelError> {
        // The old caches are freed first: there may not be memory for both.
        self.caches.clear();
        let caches = (0..self.architecture.layers)
            .map(|_| KvCache::new(&self.architecture, blocks, &self.device))
            .collect::<Result<_, _>>();
        self.caches = caches.map_err(|error| {
            tracing::error!(%error, "The device does not have enough memory for keys and values.");
            let bytes = self.shape().block_bytes.saturating_mul(blocks);
            ModelError::NoMemory { bytes }
        })?;
        Ok(self.device.synchronize()?)
    }

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        logits.clear();
        if chunks.is_empty() {
            return Ok(());
        }
        assert_eq!(
            self.caches.len(),
            self.layers.len(),
            "blocks must be reserved before tokens are read"
        );
        let batch = Batch::new(&self.architecture, chunks, &self.device)?;
        let mut hidden = self.embedding.embedding(&batch.tokens)?;
        if self.architecture.embedding_scale != 1.0 {
            hidden = (hidden * f64::from(self.architecture.embedding_scale))?;
        }
        for (layer, cache) in self.layers.iter().zip(&self.caches) {
            hidden = layer.forward(&hidden, &batch, cache)?;
        }
        if let Some(wanted) = &batch.wanted {
            let rows = self.last_norm.forward(&hidden.index_select(wanted, 0)?)?;
            *logits = candle_core::Module::forward(&self.head, &rows)?
                .flatten_all()?
                .to_vec1()?;
        }
        Ok(())
    }
}
