//! The interface between the engine and a decoder: batches of tokens in, logits out.
//!
//! A model's only state is the storage of keys and values, which is divided into blocks; the engine decides which
//! sequence uses which block. The engine's thread owns the model, and nothing here is sent to another thread.

pub(crate) mod architecture;
pub(crate) mod candle;
pub(crate) mod cpu;
pub(crate) mod reader;
#[cfg(test)]
pub(crate) mod scripted;

use std::sync::Arc;

use architecture::Architecture;
use candle_core::Device;

/// Tokens in one block of keys and values: the unit that the engine hands out, shares and evicts.
pub use crate::kernels::kv_store::BLOCK;
use crate::kernels::pool::Pool;
use crate::weights::gguf::Gguf;

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file names a decoder family that is not built in.
    #[error(
        "the chat model {path} has the architecture `{architecture}`, which is not supported; use a GGUF file of one \
         of the architectures {supported}"
    )]
    Architecture {
        /// The GGUF file.
        path: String,
        /// Its `general.architecture`.
        architecture: String,
        /// The architectures that are built in.
        supported: String,
    },
    /// The file requires something that is not built in, or lacks something.
    #[error("the chat model {path} cannot be run: {problem}; use another GGUF file")]
    Unsupported {
        /// The GGUF file.
        path: String,
        /// What is wrong with the file.
        problem: String,
    },
    /// The file's tensors could not be read.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
    /// The tensors could not be read or a forward pass failed.
    #[error("the chat model failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// There is not enough memory for the keys and values.
    #[error("{bytes} bytes for keys and values could not be allocated; lower --kv-cache-mb")]
    NoMemory {
        /// The bytes that were requested.
        bytes: usize,
    },
    /// A forward pass panicked.
    #[error(
        "the chat model panicked in the middle of a pass; the message above shows where, please report it"
    )]
    Panicked,
    /// The file could not be opened.
    #[error("the chat model could not be opened: {0}")]
    Io(#[from] std::io::Error),
}

/// The sizes of a model that the engine needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The most tokens a sequence can hold.
    pub context_length: usize,
    /// Length of one row of logits.
    pub vocabulary: usize,
    /// Bytes of one block's keys and values, all layers together.
    pub block_bytes: usize,
}

/// Consecutive tokens of one sequence that are read in one step.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The sequence's blocks, in order: `blocks[i]` holds its tokens `i*BLOCK..(i+1)*BLOCK`. They reach at least to
    /// `start + tokens.len()`. A block may be shared with other sequences as long as none of them writes to it: a chunk
    /// writes the positions `start..start + tokens.len()` and no others.
    pub blocks: &'a [u32],
    /// Tokens of the sequence that were read before.
    pub start: usize,
    /// The tokens to read; not empty.
    pub tokens: &'a [u32],
    /// How many of the last tokens get a row of logits: 0 in the middle of a prompt, 1 at its end and in decoding, and
    /// all of them if a draft is verified.
    pub logits: usize,
}

/// The weights of a decoder and the storage of keys and values.
pub trait Model: Send {
    /// The sizes that the engine needs.
    fn shape(&self) -> Shape;

    /// Reserves room for `blocks` blocks, numbered from 0. Forgets all stored keys and values. On a CPU the system
    /// commits memory when it is first written.
    ///
    /// # Errors
    /// The device does not have enough memory.
    fn reserve(&mut self, blocks: usize) -> Result<(), ModelError>;

    /// Reads all chunks as one batch (no two of the same sequence). Replaces the content of `logits` with the requested
    /// rows, chunk after chunk, token after token: `[Σ chunk.logits, vocabulary]`. On the CPU, the rows have the same
    /// bits for any division of the tokens into batches and chunks, and with or without cached tokens.
    ///
    /// # Errors
    /// The forward pass failed; the content of the chunks' blocks may be wrong.
    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError>;
}

/// Checks that a decoder for `gguf` is built in.
pub(crate) fn check(gguf: &Gguf) -> Result<(), ModelError> {
    Architecture::read(gguf).map(drop)
}

/// Loads the decoder that `gguf` describes onto `device`; on a CPU it computes on `pool`.
pub fn load(gguf: &Gguf, device: &Device, pool: Arc<Pool>) -> Result<Box<dyn Model>, ModelError> {
    Ok(match device {
        Device::Cpu => Box::new(cpu::Decoder::load(gguf, pool)?),
        _ => Box::new(candle::CandleDecoder::load(gguf, device)?),
    })
}
