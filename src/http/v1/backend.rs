//! The backend that answers a request, behind one interface.

use super::super::error::ApiError;
use super::super::wire::EvidenceQuote;
use super::assistant_backend::AssistantBackend;
use super::model_backend::ModelBackend;
use super::step::BackendStep;

/// A running answer. Dropping it ends the work.
pub(super) enum Backend {
    /// The chat model itself.
    ChatModel(Box<ModelBackend>),
    /// The assistant, which answers from the reviews.
    Assistant(Box<AssistantBackend>),
}

impl Backend {
    /// The next step. Must not be called after [`BackendStep::End`] or an error.
    ///
    /// # Errors
    /// The answer failed, or the server is stopping.
    pub(super) async fn next(&mut self) -> Result<BackendStep, ApiError> {
        match self {
            Backend::ChatModel(model) => model.next().await,
            Backend::Assistant(assistant) => assistant.next().await,
        }
    }

    /// The assistant's evidence; the chat model has none.
    pub(super) fn evidence(&self) -> Option<&[EvidenceQuote]> {
        match self {
            Backend::ChatModel(_) => None,
            Backend::Assistant(assistant) => Some(&assistant.evidence),
        }
    }

    /// What the assistant's answer concludes.
    pub(super) fn finding(&self) -> Option<&serde_json::Value> {
        match self {
            Backend::ChatModel(_) => None,
            Backend::Assistant(assistant) => assistant.finding.as_ref(),
        }
    }

    /// Both, after the answer has ended.
    pub(super) fn into_grounds(self) -> (Option<Vec<EvidenceQuote>>, Option<serde_json::Value>) {
        match self {
            Backend::ChatModel(_) => (None, None),
            Backend::Assistant(assistant) => (Some(assistant.evidence), assistant.finding),
        }
    }

    /// Whether the request asks for probabilities.
    pub(super) fn has_logprobs(&self) -> bool {
        matches!(self, Backend::ChatModel(model) if model.logprobs)
    }
}
