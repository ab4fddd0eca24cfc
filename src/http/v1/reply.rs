//! The steps of an answer as OpenAI's JSON, as one object or in chunks. These shapes are defined here and nowhere else.

use std::convert::Infallible;

use axum::Json;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::super::admission::Ticket;
use super::super::error::ApiError;
use super::super::wire::{EvidenceQuote, ModelTimings};
use super::super::{clock, stream as sse};
use super::backend::Backend;
use super::step::{Annotation, BackendStep, End, TokenUsage};
use super::token_logprobs::ReplyLogprobs;

/// What all chunks of an answer have in common.
pub(super) struct ReplyHead {
    id: String,
    created: u64,
    model: String,
}

impl ReplyHead {
    /// The head of an answer that begins now.
    pub(super) fn new(model: &str) -> ReplyHead {
        ReplyHead {
            id: format!("chatcmpl-{}", Uuid::new_v4().simple()),
            created: clock::unix_time().as_secs(),
            model: model.to_string(),
        }
    }
}

/// The answer as one object.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Completion {
    id: String,
    object: &'static str,
    /// Seconds since 1970.
    created: u64,
    model: String,
    choices: [Choice; 1],
    usage: TokenUsage,
    timings: ModelTimings,
    /// What the assistant's answer rests on; absent if the chat model answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<EvidenceQuote>>,
    /// What the assistant's answer concludes, as the event `finding` of `/api/chat`; absent if the chat model answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<serde_json::Value>,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    index: u32,
    message: ReplyMessage,
    logprobs: Option<ReplyLogprobs>,
    #[schemars(extend("enum" = ["stop", "length"]))]
    finish_reason: &'static str,
}

/// The answer's text, as one message.
#[derive(Default, Serialize, JsonSchema)]
struct ReplyMessage {
    role: &'static str,
    content: String,
    refusal: Option<String>,
    annotations: Vec<Annotation>,
}

/// The answer as one object, once it is complete.
///
/// # Errors
/// The errors of [`Backend::next`].
pub(super) async fn completion(head: ReplyHead, mut backend: Backend) -> Result<Response, ApiError> {
    let mut message = ReplyMessage {
        role: "assistant",
        ..ReplyMessage::default()
    };
    let mut all_logprobs = backend.has_logprobs().then(ReplyLogprobs::default);
    let end = loop {
        match backend.next().await? {
            BackendStep::Text { text, logprobs } => {
                message.content.push_str(&text);
                if let Some(all) = &mut all_logprobs {
                    all.content.extend(logprobs);
                }
            }
            BackendStep::Citations(citations) => message.annotations.extend(citations),
            BackendStep::End(end) => break end,
        }
    };
    let (evidence, finding) = backend.into_grounds();
    Ok(Json(Completion {
        id: head.id,
        object: "chat.completion",
        created: head.created,
        model: head.model,
        choices: [Choice {
            index: 0,
            message,
            logprobs: all_logprobs,
            finish_reason: end.reason,
        }],
        usage: end.usage,
        timings: end.timings,
        evidence,
        finding,
    })
    .into_response())
}

/// The answer in chunks, while it is generated.
pub(super) fn chunks(head: ReplyHead, backend: Backend, ticket: Ticket, usage: bool) -> Response {
    sse::respond(events(ChunkWriter { head, usage }, backend, ticket))
}

/// Which chunk is next.
enum Next {
    Role,
    Step,
    Usage(End),
    Done,
    Nothing,
}

/// Hyper drops the stream when its client leaves, and with it the backend, which ends the work.
fn events(
    writer: ChunkWriter,
    backend: Backend,
    ticket: Ticket,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let state = (writer, backend, ticket, Next::Role);
    stream::unfold(state, async |(writer, mut backend, mut ticket, next)| {
        let (data, next) = match next {
            Next::Role => (writer.role(&backend), Next::Step),
            Next::Step => match ticket.unless_cut(backend.next()).await {
                Ok(BackendStep::Text { text, logprobs }) => {
                    let logprobs = backend.has_logprobs().then_some(ReplyLogprobs {
                        content: logprobs,
                        refusal: None,
                    });
                    (writer.text(&text, logprobs), Next::Step)
                }
                Ok(BackendStep::Citations(citations)) => (writer.citations(&citations), Next::Step),
                Ok(BackendStep::End(end)) if writer.usage => (writer.finish(&end), Next::Usage(end)),
                Ok(BackendStep::End(end)) => (writer.finish(&end), Next::Done),
                Err(error) => (json(&error.into_body()), Next::Nothing),
            },
            Next::Usage(end) => (writer.usage(&end), Next::Done),
            Next::Done => ("[DONE]".to_string(), Next::Nothing),
            Next::Nothing => return None,
        };
        let event = Event::default().data(data);
        Some((Ok(event), (writer, backend, ticket, next)))
    })
}

/// A chunk. Absent fields are left out; but if the client wants the usage, it is null until the last chunk.
#[derive(Serialize)]
struct Chunk<'c> {
    id: &'c str,
    object: &'static str,
    created: u64,
    model: &'c str,
    choices: Vec<ChunkChoice<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<TokenUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<&'c ModelTimings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'c [EvidenceQuote]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'c serde_json::Value>,
}

/// What a chunk adds to the answer.
#[derive(Serialize)]
struct ChunkChoice<'c> {
    index: u32,
    delta: Delta<'c>,
    logprobs: Option<ReplyLogprobs>,
    finish_reason: Option<&'c str>,
}

#[derive(Default, Serialize)]
struct Delta<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'c [Annotation]>,
}

/// Writes the chunks of one answer.
struct ChunkWriter {
    head: ReplyHead,
    /// Whether the client wants the usage.
    usage: bool,
}

impl ChunkWriter {
    fn chunk<'c>(&'c self, delta: Delta<'c>) -> Chunk<'c> {
        Chunk {
            id: &self.head.id,
            object: "chat.completion.chunk",
            created: self.head.created,
            model: &self.head.model,
            choices: vec![ChunkChoice {
                index: 0,
                delta,
                logprobs: None,
                finish_reason: None,
            }],
            usage: self.usage.then_some(None),
            timings: None,
            evidence: None,
            finding: None,
        }
    }

    /// The first chunk: the role, the evidence and the finding.
    fn role(&self, backend: &Backend) -> String {
        let mut chunk = self.chunk(Delta {
            role: Some("assistant"),
            content: Some(""),
            ..Delta::default()
        });
        chunk.evidence = backend.evidence();
        chunk.finding = backend.finding();
        json(&chunk)
    }

    /// More text.
    fn text(&self, text: &str, logprobs: Option<ReplyLogprobs>) -> String {
        let mut chunk = self.chunk(Delta {
            content: Some(text),
            ..Delta::default()
        });
        chunk.choices[0].logprobs = logprobs;
        json(&chunk)
    }

    /// Citations of the text so far.
    fn citations(&self, annotations: &[Annotation]) -> String {
        json(&self.chunk(Delta {
            annotations: Some(annotations),
            ..Delta::default()
        }))
    }

    /// The end of the answer, with its reason.
    fn finish(&self, end: &End) -> String {
        let mut chunk = self.chunk(Delta::default());
        chunk.choices[0].finish_reason = Some(end.reason);
        chunk.timings = Some(&end.timings);
        json(&chunk)
    }

    /// The last chunk: the usage.
    fn usage(&self, end: &End) -> String {
        let mut chunk = self.chunk(Delta::default());
        chunk.choices.clear();
        chunk.usage = Some(Some(end.usage));
        json(&chunk)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a chunk is made of texts and numbers")
}
