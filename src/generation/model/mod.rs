//! The seam between the engine and a decoder: batches of tokens in, logits out.
//!
//! A model keeps no sequence's state but the storage of keys and values, which is cut into blocks; who uses which
//! block is the engine's business. The engine's thread owns the model, and nothing here crosses a thread.

pub mod architecture;
pub mod candle;
pub mod cpu;
pub mod reader;
#[cfg(test)]
pub mod scripted;

use std::sync::Arc;

use architecture::Architecture;
use candle_core::Device;

use crate::kernels::pool::Pool;
use crate::weights::gguf::Gguf;

/// Tokens in one block of keys and values: the unit that the engine hands out, shares and forgets.
pub const BLOCK: usize = crate::kernels::kv_store::BLOCK;

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
    /// The file asks for something that is not built in, or lacks something.
    #[error("the chat model {path} cannot be run: {problem}; use another GGUF file")]
    Unsupported {
        /// The GGUF file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file's tensors could not be read.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
    /// The tensors could not be read or a forward pass failed.
    #[error("the chat model failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// There is no memory for the keys and values.
    #[error("{bytes} bytes for keys and values are more than this machine gives; lower --kv-cache-mb")]
    NoMemory {
        /// What was asked for.
        bytes: usize,
    },
    /// A pass panicked.
    #[error(
        "the chat model panicked in the middle of a pass; the message above says where, please report it"
    )]
    Panicked,
    /// The file could not be opened.
    #[error("the chat model could not be opened: {0}")]
    Io(#[from] std::io::Error),
}

/// What the engine must know of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The most tokens a sequence can hold.
    pub context_length: usize,
    /// Length of one row of logits.
    pub vocabulary: usize,
    /// Bytes of one block's keys and values, all layers together.
    pub block_bytes: usize,
}

/// A run of tokens of one sequence, to be read in one step.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The sequence's blocks, in order: `blocks[i]` holds its tokens `i*BLOCK..(i+1)*BLOCK`. They reach at least to
    /// `start + tokens.len()`. Blocks may be shared with other sequences as long as nobody writes into them: a chunk
    /// writes the positions `start..start + tokens.len()` and no others.
    pub blocks: &'a [u32],
    /// Tokens of the sequence read before.
    pub start: usize,
    /// The tokens to read; not empty.
    pub tokens: &'a [u32],
    /// So many of the last tokens get a row of logits: 0 in the middle of a prompt, 1 at its end and in decoding,
    /// all of them when a draft is verified.
    pub logits: usize,
}

/// The weights of a decoder and the storage of keys and values.
pub trait Model: Send {
    /// What the engine must know of it.
    fn shape(&self) -> Shape;

    /// Makes room for `blocks` blocks, numbered from 0. Forgets what was stored. Memory is committed as it is first
    /// written.
    ///
    /// # Errors
    /// The device has not so much memory.
    fn reserve(&mut self, blocks: usize) -> Result<(), ModelError>;

    /// Reads all chunks as one batch (no two of the same sequence). Replaces what is in `logits` with the rows asked
    /// for, chunk after chunk, token after token: `[Σ chunk.logits, vocabulary]`.
    /// The rows are the same bits however tokens are batched, chunked or cached (on the CPU).
    ///
    /// # Errors
    /// The forward pass failed; what the chunks' blocks hold is then not to be trusted.
    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError>;
}

/// Whether a decoder for `gguf` is built in.
pub fn check(gguf: &Gguf) -> Result<(), ModelError> {
    Architecture::read(gguf).map(drop)
}

/// Loads the decoder that `gguf` describes onto `device`; on a processor it computes on `pool`.
pub fn load(gguf: &Gguf, device: &Device, pool: Arc<Pool>) -> Result<Box<dyn Model>, ModelError> {
    Ok(match device {
        Device::Cpu => Box::new(cpu::Decoder::load(gguf, pool)?),
        _ => Box::new(candle::CandleDecoder::load(gguf, device)?),
    })
}
