//! The assistant as a backend: a conversation in, checked sentences with their citations out as steps.
//!
//! The assistant ignores the sampler's settings and system messages; a `Warning` header lists those that were sent. A
//! setting that would change the form of the answer is refused.

use std::time::Instant;

use axum::http::HeaderValue;
use tokio::sync::mpsc;

use super::super::HttpOptions;
use super::super::error::ApiError;
use super::super::stream::next_event;
use super::super::wire::{EvidenceQuote, checked_turns};
use super::RECOMMENDER;
use super::markdown::Markdown;
use super::request::{CompletionRequest, MessageRole};
use super::step::{Annotation, BackendStep, End, UrlCitation};
use crate::app::Service;
use crate::assistant::{AnswerEvent, Filters, Outcome, Question, SentenceVerdict};
use crate::completion::Form;
use crate::query::{Speaker, Turn};
use crate::reviews::short_title;

/// A running answer of the assistant.
pub(super) struct AssistantBackend {
    events: mpsc::Receiver<AnswerEvent>,
    /// What the answer rests on.
    pub evidence: Vec<EvidenceQuote>,
    /// What the answer concludes.
    pub finding: Option<serde_json::Value>,
    /// The first event after these.
    first: Option<AnswerEvent>,
    /// Whether the client set a limit of its own.
    limited: bool,
    /// How many citations have been sent.
    cited: usize,
    /// The answer so far, in Markdown: citations are places in it.
    text: String,
    /// How it is written.
    markdown: Markdown,
}

impl AssistantBackend {
    /// Starts the assistant's answer, and waits for the evidence and the finding.
    ///
    /// # Errors
    /// 400 for a conversation that cannot be answered, 429 if retrieval is overloaded.
    pub(super) async fn begin(
        request: &CompletionRequest,
        options: &HttpOptions,
        service: &Service,
        arrived: Instant,
    ) -> Result<Self, ApiError> {
        check_form(request)?;
        let question = Question {
            turns: checked_turns(turns(request), options)?,
            filters: Filters::default(),
            max_tokens: request.limit(),
            traced: false,
            arrived,
        };
        let mut events = service.assistant.answer(question).await?;
        let (mut evidence, mut finding) = (vec![], None);
        let first = loop {
            match events.recv().await {
                Some(AnswerEvent::Evidence(found)) => evidence = EvidenceQuote::numbered(found),
                Some(AnswerEvent::Finding(found)) => finding = Some(found),
                Some(AnswerEvent::Products(_)) => {}
                other => break other,
            }
        };
        let titles = evidence.iter().map(|quote| short_title(&quote.product_title));
        Ok(AssistantBackend {
            events,
            markdown: Markdown::of(finding.as_deref(), titles),
            evidence,
            finding: finding.and_then(|finding| serde_json::to_value(finding).ok()),
            first,
            limited: request.limit().is_some(),
            cited: 0,
            text: String::new(),
        })
    }

    /// The next step.
    pub(super) async fn next(&mut self) -> Result<BackendStep, ApiError> {
        loop {
            let event = match self.first.take() {
                Some(first) => first,
                None => next_event(&mut self.events).await?,
            };
            match event {
                AnswerEvent::Token(text) => {
                    let text = self.markdown.next(&text);
                    if text.is_empty() {
                        continue;
                    }
                    self.text.push_str(&text);
                    return Ok(BackendStep::Text {
                        text,
                        logprobs: vec![],
                    });
                }
                AnswerEvent::Citation(checked) if checked.verdict == SentenceVerdict::Supported => {
                    let sentence = self.markdown.in_markdown(&checked.sentence);
                    let citations =
                        citations(&self.text, &sentence, &checked.cited, &self.evidence, self.cited);
                    self.cited += citations.len();
                    if !citations.is_empty() {
                        return Ok(BackendStep::Citations(citations));
                    }
                }
                AnswerEvent::Final(answer) if answer.outcome == Outcome::Cancelled => {
                    return Err(ApiError::stopping());
                }
                AnswerEvent::Final(answer) => {
                    let end = End::new(answer.generation.as_ref());
                    // The answer consists of whole sentences: the server's own limit cuts nothing that a client could
                    // ask for.
                    let reason = if self.limited { end.reason } else { "stop" };
                    return Ok(BackendStep::End(End { reason, ..end }));
                }
                AnswerEvent::Failed => return Err(ApiError::internal()),
                _ => {}
            }
        }
    }
}

/// The marks `[n]` of the last `sentence`, which cites these, as places in the whole `text`; a number without a mark
/// has the whole sentence as its place. The first citation gets the index `first`.
fn citations(
    text: &str,
    sentence: &str,
    cited: &[usize],
    evidence: &[EvidenceQuote],
    first: usize,
) -> Vec<Annotation> {
    let Some(start) = text.rfind(sentence) else {
        return vec![];
    };
    let places = cited.iter().filter_map(|number| {
        let quote = evidence.get(number.checked_sub(1)?)?;
        let mark = format!("[{number}]");
        let (from, to) = match sentence.find(&mark) {
            Some(at) => (start + at, start + at + mark.len()),
            None => (start, start + sentence.len()),
        };
        let url_citation = UrlCitation {
            start_index: text[..from].chars().count(),
            end_index: text[..to].chars().count(),
            title: quote.product_title.clone(),
            url: format!("/api/reviews/{}", quote.review_id),
        };
        Some(url_citation)
    });
    (first..)
        .zip(places)
        .map(|(index, url_citation)| Annotation::UrlCitation { index, url_citation })
        .collect()
}

/// The turns of the user and of the assistant, each with its number in the request.
fn turns(request: &CompletionRequest) -> impl Iterator<Item = (usize, Turn)> {
    (1..).zip(&request.messages).filter_map(|(number, message)| {
        let role = match message.role {
            MessageRole::System | MessageRole::Developer => return None,
            MessageRole::User => Speaker::User,
            MessageRole::Assistant => Speaker::Assistant,
        };
        let content = message.text();
        Some((number, Turn { role, content }))
    })
}

/// Refuses settings that would change the form of the answer.
fn check_form(request: &CompletionRequest) -> Result<(), ApiError> {
    let requested = [
        ("stop", !request.stops().is_empty()),
        ("logprobs", request.logprobs == Some(true)),
        ("response_format", request.form()? != Form::Text),
        ("logit_bias", request.logit_bias.iter().flatten().next().is_some()),
    ];
    match requested.into_iter().find(|(_, requested)| *requested) {
        Some((field, _)) => {
            let message = format!(
                "The model {RECOMMENDER} chooses the form of its answers itself; leave {field} out, or ask the chat \
                 model by its own name."
            );
            Err(ApiError::invalid(message).at(field))
        }
        None => Ok(()),
    }
}

/// The `Warning` header that lists the settings that were sent and have no effect, if any.
pub(super) fn warning(request: &CompletionRequest) -> Option<HeaderValue> {
    let sent = [
        ("temperature", request.temperature.is_some()),
        ("top_p", request.top_p.is_some()),
        ("top_k", request.top_k.is_some()),
        ("min_p", request.min_p.is_some()),
        ("repetition_penalty", request.repetition_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("seed", request.seed.is_some()),
        (
            "system messages",
            request
                .messages
                .iter()
                .any(|message| matches!(message.role, MessageRole::System | MessageRole::Developer)),
        ),
    ];
    let names: Vec<&str> = sent
        .into_iter()
        .filter(|(_, sent)| *sent)
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() {
        return None;
    }
    let text = format!("199 - \"{RECOMMENDER} does not use: {}\"", names.join(", "));
    HeaderValue::from_str(&text).ok()
}
