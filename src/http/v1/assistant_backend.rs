//! The assistant behind OpenAI's interface: a conversation in, checked sentences with their citations out as steps.
//!
//! It chooses its words by itself: settings of the sampler and system messages change nothing, and a `Warning` header
//! says which were sent. What would have to change the form of the answer is refused.

use std::time::Instant;

use axum::http::HeaderValue;
use tokio::sync::mpsc;

use super::super::{HttpOptions, error::ApiError, events::Item};
use super::{
    request::{ChatRequest, MessageRole},
    step::{Annotation, Backend, BackendStep, End, UrlCitation},
};
use crate::{
    app::Service,
    assistant::{self, AnswerEvent, Checked, Filters, Outcome, Question, Turn, Verdict},
    completion::Form,
};

/// The answer on its way.
pub(super) struct AssistantBackend {
    events: mpsc::Receiver<AnswerEvent>,
    /// What it rests on.
    pub evidence: Vec<Item>,
    /// An event that came before the evidence was known not to come.
    first: Option<AnswerEvent>,
    /// Whether the client set a limit of its own.
    limited: bool,
    /// So many citations have been given.
    cited: usize,
    /// All that has been said: citations are places in it.
    said: String,
}

/// Asks the assistant, and waits for the evidence. Gives the warning for the response's head, too.
///
/// # Errors
/// A conversation that cannot be answered, 400; retrieval that cannot keep up, 429.
pub(super) async fn begin(
    request: &ChatRequest,
    options: &HttpOptions,
    service: &Service,
    arrived: Instant,
) -> Result<(Backend, Option<HeaderValue>), ApiError> {
    refuse_forms(request)?;
    let question = Question {
        turns: turns(request, options)?,
        filters: Filters::default(),
        max_tokens: request.limit(),
        traced: false,
        arrived,
    };
    let mut events = service.assistant.answer(question).await?;
    let (evidence, first) = match events.recv().await {
        Some(AnswerEvent::Evidence(evidence)) => (Item::numbered(evidence), None),
        other => (vec![], other),
    };
    let grounded = AssistantBackend {
        events,
        evidence,
        first,
        limited: request.limit().is_some(),
        cited: 0,
        said: String::new(),
    };
    Ok((Backend::AssistantBackend(Box::new(grounded)), warning(request)))
}

impl AssistantBackend {
    /// The next step.
    pub async fn next(&mut self) -> Result<BackendStep, ApiError> {
        loop {
            let event = match self.first.take() {
                Some(first) => Some(first),
                None => self.events.recv().await,
            };
            match event {
                Some(AnswerEvent::Token(text)) => {
                    self.said.push_str(&text);
                    return Ok(BackendStep::Text {
                        text,
                        logprobs: vec![],
                    });
                }
                Some(AnswerEvent::Citation(checked)) if checked.verdict == Verdict::Supported => {
                    let citations = citations(&self.said, &checked, &self.evidence, self.cited);
                    self.cited += citations.len();
                    if !citations.is_empty() {
                        return Ok(BackendStep::Citations(citations));
                    }
                }
                Some(AnswerEvent::Final(answer)) if answer.outcome == Outcome::Cancelled => {
                    return Err(ApiError::stopping());
                }
                Some(AnswerEvent::Final(answer)) => {
                    let end = End::of(answer.generation.as_ref());
                    // Only whole sentences are said: the server's own limit cuts nothing that a client could ask for.
                    let reason = if self.limited { end.reason } else { "stop" };
                    return Ok(BackendStep::End(End { reason, ..end }));
                }
                Some(AnswerEvent::Failed) => return Err(ApiError::internal()),
                Some(_) => {}
                None => {
                    tracing::error!("an answer ended without its last event");
                    return Err(ApiError::internal());
                }
            }
        }
    }
}

/// The marks `[n]` of a sentence that has just been said, as places in all that was said; the whole sentence for a
/// number that it does not show. `before` citations were given before.
fn citations(said: &str, checked: &Checked, evidence: &[Item], before: usize) -> Vec<Annotation> {
    let Some(start) = said.rfind(&checked.sentence) else {
        return vec![];
    };
    let places = checked.cited.iter().filter_map(|number| {
        let item = evidence.get(number.checked_sub(1)?)?;
        let mark = format!("[{number}]");
        let (from, to) = match checked.sentence.find(&mark) {
            Some(at) => (start + at, start + at + mark.len()),
            None => (start, start + checked.sentence.len()),
        };
        let url_citation = UrlCitation {
            start_index: said[..from].chars().count(),
            end_index: said[..to].chars().count(),
            title: item.product_title().to_string(),
            url: format!("/api/reviews/{}", item.review_id()),
        };
        Some(url_citation)
    });
    (before..)
        .zip(places)
        .map(|(index, url_citation)| Annotation::UrlCitation { index, url_citation })
        .collect()
}

fn turns(request: &ChatRequest, options: &HttpOptions) -> Result<Vec<Turn>, ApiError> {
    let refuse = |message: String| Err(ApiError::invalid(message).at("messages"));
    let turns: Vec<Turn> = request
        .messages
        .iter()
        .filter_map(|message| {
            let role = match message.role {
                MessageRole::System | MessageRole::Developer => return None,
                MessageRole::User => assistant::Speaker::User,
                MessageRole::Assistant => assistant::Speaker::Assistant,
            };
            let content = message.text();
            Some(Turn { role, content })
        })
        .collect();
    match turns.last() {
        Some(Turn {
            role: assistant::Speaker::User,
            content,
        }) if !content.trim().is_empty() => {}
        _ => return refuse("The last message must be the user's question, and not empty.".into()),
    }
    let longest = options.max_message_chars;
    if turns.len() > options.max_messages {
        return refuse(format!(
            "A conversation with {} may have {} messages; leave the oldest out.",
            super::RECOMMENDER,
            options.max_messages
        ));
    }
    if turns.iter().any(|turn| turn.content.chars().count() > longest) {
        return refuse(format!("A message may have {longest} characters."));
    }
    Ok(turns)
}

fn refuse_forms(request: &ChatRequest) -> Result<(), ApiError> {
    let asked = [
        ("stop", !request.stops().is_empty()),
        ("logprobs", request.logprobs == Some(true)),
        ("response_format", request.form()? != Form::Text),
        ("logit_bias", request.logit_bias.iter().flatten().next().is_some()),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        Some((field, _)) => {
            let message = format!(
                "The model {} chooses the form of its answers itself; leave {field} out, or ask the chat model by its \
                 own name.",
                super::RECOMMENDER
            );
            Err(ApiError::invalid(message).at(field))
        }
        None => Ok(()),
    }
}

/// Says what was sent and changes nothing, if anything was.
fn warning(request: &ChatRequest) -> Option<HeaderValue> {
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
    let text = format!(
        "199 - \"{} does not use: {}\"",
        super::RECOMMENDER,
        names.join(", ")
    );
    HeaderValue::from_str(&text).ok()
}
