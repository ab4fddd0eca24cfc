//! Llama-family decoders (SmolLM2, Llama, Mistral) by candle's `quantized_llama`.
//!
//! candle keeps the keys and values inside the weights' struct. Its tensors are reference-counted, so a clone of an
//! unused struct is a fresh context over the same weights, and a clone of a used one is a fork.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::{MAX_SEQ_LEN, ModelWeights};

use super::fast_types::quickened;
use super::{Context, Model, ModelError};
use crate::weights::gguf::Gguf;

/// A loaded Llama.
pub struct Llama {
    unused: ModelWeights,
    device: Device,
    context_length: usize,
    bytes_per_token: usize,
}

impl Llama {
    /// Reads the tensors of `path` onto `device`.
    pub fn load(path: &Path, gguf: &Gguf, device: &Device) -> Result<Self, ModelError> {
        let mut reader = BufReader::new(File::open(path)?);
        let content = gguf.content();
        let unused = match device {
            Device::Cpu => {
                let (content, mut reader) = quickened(&content, &mut reader)?;
                ModelWeights::from_gguf(content, &mut reader, device)?
            }
            _ => ModelWeights::from_gguf(content, &mut reader, device)?,
        };
        Ok(Self {
            unused,
            device: device.clone(),
            // candle's table of rotary angles ends there, whatever the model was trained for.
            context_length: gguf.context_length().min(MAX_SEQ_LEN),
            bytes_per_token: gguf.kv_bytes_per_token(size_of::<f32>()),
        })
    }
}

impl Model for Llama {
    fn start(&self) -> Box<dyn Context> {
        Box::new(LlamaContext {
            weights: self.unused.clone(),
            device: self.device.clone(),
            read: 0,
            bytes_per_token: self.bytes_per_token,
        })
    }

    fn context_length(&self) -> usize {
        self.context_length
    }
}

#[derive(Clone)]
struct LlamaContext {
    weights: ModelWeights,
    device: Device,
    read: usize,
    bytes_per_token: usize,
}

impl Context for LlamaContext {
    fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let input = Tensor::new(tokens, &self.device)?.unsqueeze(0)?;
        let logits = self.weights.forward(&input, self.read)?;
        self.read += tokens.len();
        Ok(logits.squeeze(0)?.to_vec1()?)
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(self.clone())
    }

    fn len(&self) -> usize {
        self.read
    }

    fn bytes(&self) -> usize {
        self.read * self.bytes_per_token
    }
}
