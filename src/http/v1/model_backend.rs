//! The chat model as a backend: a request in, the engine's events out as steps.

use std::time::Instant;

use tokio::sync::mpsc;

use super::super::HttpOptions;
use super::super::error::ApiError;
use super::request::CompletionRequest;
use super::step::{BackendStep, End};
use super::token_logprobs::TokenLogprob;
use crate::app::Service;
use crate::completion::{Completer, Order};
use crate::generation::{GenerationEvent, Reason};
use crate::logging;

/// The most tokens of an answer if the request sets no limit.
const DEFAULT_TOKENS: usize = 512;

/// A running answer of the chat model.
pub(super) struct ModelBackend {
    events: mpsc::Receiver<GenerationEvent>,
    completer: Completer,
    /// Whether the request asks for probabilities.
    pub logprobs: bool,
    /// The probabilities of tokens whose text has not arrived yet.
    waiting: Vec<TokenLogprob>,
    /// How many tokens have been sent with their probabilities.
    sent: usize,
    /// Held back for the step after the last text.
    end: Option<End>,
}

impl ModelBackend {
    /// Starts the chat model's answer.
    ///
    /// # Errors
    /// 400 if a value is out of range, 429 if the engine's queue is full.
    pub(super) async fn begin(
        request: &CompletionRequest,
        options: &HttpOptions,
        service: &Service,
        arrived: Instant,
    ) -> Result<Self, ApiError> {
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
        Ok(ModelBackend {
            events: completer.complete(order).await?,
            completer,
            logprobs,
            waiting: vec![],
            sent: 0,
            end: None,
        })
    }

    /// The next step.
    pub(super) async fn next(&mut self) -> Result<BackendStep, ApiError> {
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
                        let end = End::new(Some(&finished));
                        // The token that ends a turn is not part of the answer.
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
