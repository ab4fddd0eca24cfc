//! The chat model itself: a request in, what the engine reports out as steps.

use std::time::Instant;

use tokio::sync::mpsc;

use super::super::{HttpOptions, error::ApiError};
use super::{
    request::ChatRequest,
    step::{Backend, BackendStep, End},
    token_logprobs::TokenLogprob,
};
use crate::logging;
use crate::{
    app::Service,
    completion::{Completer, CompletionError, Order},
    generation::{GenerationEvent, Reason},
};

/// Tokens of an answer whose request names no limit.
const DEFAULT_TOKENS: usize = 512;

/// The answer on its way.
pub(super) struct ModelBackend {
    events: mpsc::Receiver<GenerationEvent>,
    completer: Completer,
    /// Whether probabilities were asked for.
    pub logprobs: bool,
    /// Those of tokens whose text has not come yet.
    waiting: Vec<TokenLogprob>,
    /// How many tokens have been sent with theirs.
    sent: usize,
    /// Held back for the step after the last text.
    end: Option<End>,
}

/// Asks the model.
///
/// # Errors
/// What is out of range, 400; a full waiting room, 429.
pub(super) async fn begin(
    request: &ChatRequest,
    options: &HttpOptions,
    service: &Service,
    arrived: Instant,
) -> Result<Backend, ApiError> {
    let sampling = request.sampling()?;
    let logprobs = sampling.logprobs.is_some();
    let order = Order {
        messages: request.messages.iter().map(Into::into).collect(),
        max_tokens: request
            .limit()
            .unwrap_or(DEFAULT_TOKENS)
            .min(options.max_completion_tokens),
        stop: request.stops(),
        sampling,
        form: request.form()?,
        deadline: Some(arrived + options.generation_time),
    };
    let completer = service.completer.clone();
    Ok(Backend::ModelBackend(Box::new(ModelBackend {
        events: completer.complete(order).await?,
        completer,
        logprobs,
        waiting: vec![],
        sent: 0,
        end: None,
    })))
}

impl ModelBackend {
    /// The next step.
    pub async fn next(&mut self) -> Result<BackendStep, ApiError> {
        if let Some(end) = self.end.take() {
            return Ok(BackendStep::End(end));
        }
        loop {
            match self.events.recv().await {
                Some(GenerationEvent::Queued { .. } | GenerationEvent::Progress { .. }) => {}
                Some(GenerationEvent::Logprobs { token, logprobs }) => {
                    self.waiting
                        .push(TokenLogprob::new(&self.completer, token, &logprobs));
                }
                Some(GenerationEvent::Text(text)) => {
                    let logprobs = std::mem::take(&mut self.waiting);
                    self.sent += logprobs.len();
                    return Ok(BackendStep::Text { text, logprobs });
                }
                Some(GenerationEvent::Finished(finished)) => match finished.reason {
                    Reason::Error => return Err(ApiError::internal()),
                    Reason::Cancelled => return Err(ApiError::stopping()),
                    Reason::Stop | Reason::Length | Reason::Deadline => {
                        let first_token = finished.first_token.map(|time| time.as_secs_f64() * 1000.0);
                        logging::answered(finished.reason.as_str(), first_token, Some(finished.work()));
                        let end = End::of(Some(&finished));
                        // The token that ends a turn is no part of the answer.
                        self.waiting
                            .truncate(finished.generated_tokens.saturating_sub(self.sent));
                        if self.waiting.is_empty() {
                            return Ok(BackendStep::End(end));
                        }
                        self.end = Some(end);
                        return Ok(BackendStep::Text {
                            text: String::new(),
                            logprobs: std::mem::take(&mut self.waiting),
                        });
                    }
                },
                None => {
                    tracing::error!("The engine left a generation without an end; its log lines say why.");
                    return Err(ApiError::internal());
                }
            }
        }
    }
}

impl From<CompletionError> for ApiError {
    fn from(error: CompletionError) -> ApiError {
        let why = error.to_string();
        match error {
            CompletionError::SubmitError(refused) => refused.into(),
            CompletionError::Sampling(setting) => ApiError::refused(why).at(setting.field()),
            CompletionError::Conversation(_) => ApiError::refused(why).at("messages"),
            CompletionError::Schema(_) | CompletionError::TokenTrie(_) => {
                ApiError::refused(why).at("response_format")
            }
            CompletionError::Internal(_) => {
                tracing::error!(error = why, "A request was refused with an internal error.");
                ApiError::internal()
            }
        }
    }
}
