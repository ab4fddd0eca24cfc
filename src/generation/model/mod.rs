//! The seam between the engine and a decoder: tokens in, logits out, state apart from the weights.
//!
//! The engine's thread owns a [`Model`]; each sequence owns a [`Context`]. Nothing here crosses a thread.

mod fast_types;
pub mod llama;
#[cfg(test)]
pub mod scripted;

use std::path::Path;

use candle_core::Device;

use crate::weights::gguf::Gguf;

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file names a decoder family that is not built in.
    #[error(
        "the chat model {path} has the architecture `{architecture}`, which is not supported; use a GGUF file of the \
         architecture `llama` (SmolLM2, Llama 2 and 3, Mistral)"
    )]
    Architecture {
        /// The GGUF file.
        path: String,
        /// Its `general.architecture`.
        architecture: String,
    },
    /// The tensors could not be read or a forward pass failed.
    #[error("the chat model failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The prompt leaves no room for an answer.
    #[error("the prompt has {tokens} tokens and the model's context holds {limit}")]
    TooLong {
        /// The prompt's tokens.
        tokens: usize,
        /// The model's context, in tokens.
        limit: usize,
    },
    /// The file could not be opened.
    #[error("the chat model could not be opened: {0}")]
    Io(#[from] std::io::Error),
}

/// The weights of a decoder. Immutable once loaded: all state is in the contexts.
pub trait Model: Send {
    /// A context that has read nothing.
    fn start(&self) -> Box<dyn Context>;
    /// The most tokens a context can hold.
    fn context_length(&self) -> usize;
}

/// What a decoder remembers of one sequence: keys and values of the tokens read so far.
pub trait Context: Send {
    /// Reads `tokens` (at least one) after those read before; gives the logits, `[vocabulary]`, that follow the last.
    fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError>;
    /// A copy that goes its own way from here. Cheap: keys and values are shared until either side reads on.
    fn fork(&self) -> Box<dyn Context>;
    /// Tokens read so far.
    fn len(&self) -> usize;
    /// Whether nothing has been read.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes that its keys and values take.
    fn bytes(&self) -> usize;
}

/// Whether a decoder for `gguf` is built in.
pub fn check(path: &Path, gguf: &Gguf) -> Result<(), ModelError> {
    match gguf.architecture() {
        "llama" => Ok(()),
        other => Err(ModelError::Architecture {
            path: path.display().to_string(),
            architecture: other.to_string(),
        }),
    }
}

/// Loads the decoder that `gguf` describes onto `device`.
pub fn load(path: &Path, gguf: &Gguf, device: &Device) -> Result<Box<dyn Model>, ModelError> {
    check(path, gguf)?;
    Ok(Box::new(llama::Llama::load(path, gguf, device)?))
}
