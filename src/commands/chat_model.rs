//! Loads the chat model alone, without reviews and without the engine, for the commands that measure it.

use tokenizers::Tokenizer;

use crate::app;
use crate::config::Config;
use crate::generation::model::{self, Model};
use crate::weights::gguf::Gguf;
use crate::weights::{self, device, tokenizer};

/// A loaded chat model.
pub(super) struct LoadedModel {
    /// Its name, for metrics.
    pub name: String,
    /// The header and the tensors of its file.
    pub gguf: Gguf,
    /// Turns text into tokens.
    pub tokenizer: Tokenizer,
    /// The decoder.
    pub model: Box<dyn Model>,
    /// The device: `cpu` or `cuda`.
    pub device: &'static str,
}

/// Loads the configured chat model onto the configured device.
///
/// # Errors
/// The model cannot be used.
pub(super) fn load(config: &Config) -> anyhow::Result<LoadedModel> {
    let chat = weights::chat_model(&config.models, config.chat_model.as_deref())?;
    let (device, label) = device::select(config.device)?;
    let gguf = Gguf::read(&chat.path)?;
    Ok(LoadedModel {
        name: chat.name,
        tokenizer: tokenizer::from_gguf(&gguf)?,
        model: model::load(&gguf, &device, app::pool(config)?)?,
        gguf,
        device: label,
    })
}

impl LoadedModel {
    /// The token at the beginning of every text, if the model has one.
    pub(super) fn begin(&self) -> Option<u32> {
        tokenizer::bos_token(&self.gguf)
    }
}
