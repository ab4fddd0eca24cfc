//! The chat model alone, without reviews and without the engine, for the commands that measure it.

use tokenizers::Tokenizer;

use crate::app;
use crate::config::Config;
use crate::generation::model::{self, Model};
use crate::weights::gguf::Gguf;
use crate::weights::{self, device, tokenizer};

/// A chat model that is ready to read.
pub(super) struct LoadedModel {
    /// Its name, for metrics.
    pub name: String,
    /// What its file says.
    pub gguf: Gguf,
    /// Turns text into tokens.
    pub tokenizer: Tokenizer,
    /// The decoder.
    pub model: Box<dyn Model>,
    /// What it computes on: `cpu` or `cuda`.
    pub device: &'static str,
}

/// Loads the chat model that `config` names, onto the device and with the threads that it names.
///
/// # Errors
/// What keeps the model from being used, in the words of the stage that found it.
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
    /// The token that begins every text, where the model has one.
    pub fn begin(&self) -> Option<u32> {
        tokenizer::bos_token(&self.gguf)
    }
}
