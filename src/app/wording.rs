//! Whether the chat model writes the answers, as the operator chose or as it does in a test, whose result is kept.

use crate::assistant::Assistant;
use crate::assistant::wording::Wording;
use crate::config::Config;
use crate::embedding::EmbeddingError;
use crate::index::Fingerprint;
use crate::metrics;
use crate::weights::ChatModel;

use super::saved_file;

/// From this share of sentences that stand on the model writes answers.
pub(crate) const ENOUGH: f64 = 0.6;
/// The version of the test. Raise it with every change of its findings, of the prompt or of the checks.
const METHOD: u32 = 3;

/// The assistant, made to have its answers written or told.
///
/// # Errors
/// The embedding model fails in the test.
pub(super) fn decide(
    assistant: Assistant,
    config: &Config,
    chat: &ChatModel,
) -> Result<Assistant, EmbeddingError> {
    let written = match config.answers {
        Wording::Told => false,
        Wording::Written => true,
        Wording::Auto => {
            let fingerprint = fingerprint(chat);
            let share = match known_share(config, chat) {
                Some(share) => share,
                None => {
                    let share = assistant.written_share()?;
                    saved_file::WORDING.save(&config.index_dir, &fingerprint, &share);
                    share
                }
            };
            metrics::ANSWERS_SELF_TEST_RATIO.set(&[], share);
            tracing::info!(
                share,
                needed = ENOUGH,
                written = share >= ENOUGH,
                "The chat model wrote test answers; this share of its sentences stood."
            );
            share >= ENOUGH
        }
    };
    Ok(assistant.written(written))
}

/// The share of sentences that stood when this model was tested, if it was.
pub(crate) fn known_share(config: &Config, chat: &ChatModel) -> Option<f64> {
    saved_file::WORDING.load(&config.index_dir, &fingerprint(chat))
}

/// Of the model's file, as far as that can be told without reading it, and of the test.
fn fingerprint(chat: &ChatModel) -> Fingerprint {
    let file = std::fs::metadata(&chat.path).ok();
    let changed = file.as_ref().and_then(|file| file.modified().ok());
    let file = format!("{:?} {changed:?} {:?}", file.map(|file| file.len()), chat.sha256);
    Fingerprint::new(&format!("{METHOD} {file}"), &[], &chat.name)
}
