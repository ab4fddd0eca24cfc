//! Steps of an answer → OpenAI's JSON, in one piece or as chunks. The shapes are written down here and nowhere else.

use std::{
    convert::Infallible,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    response::{IntoResponse, Response, Sse, sse},
};
use futures_util::{Stream, stream};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::super::{
    admission::Ticket,
    error::ApiError,
    events::{Item, ModelTimings},
};
use super::{
    step::{Annotation, Backend, BackendStep, End, TokenUsage},
    token_logprobs,
};

/// What all chunks of an answer have in common.
pub(super) struct ReplyHead {
    id: String,
    created: u64,
    model: String,
}

impl ReplyHead {
    /// Of an answer that begins now.
    pub fn new(model: &str) -> ReplyHead {
        ReplyHead {
            id: format!("chatcmpl-{}", Uuid::new_v4().simple()),
            created: now(),
            model: model.to_string(),
        }
    }
}

/// Seconds since 1970.
pub(in crate::http) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The answer in one piece.
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
    /// What the assistant's answer rests on; the chat model's has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<Item>>,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    index: u32,
    message: Message,
    logprobs: Option<token_logprobs::Content>,
    #[schemars(extend("enum" = ["stop", "length"]))]
    finish_reason: &'static str,
}

/// What is said, as one message.
#[derive(Default, Serialize, JsonSchema)]
struct Message {
    role: &'static str,
    content: String,
    refusal: Option<String>,
    annotations: Vec<Annotation>,
}

/// The answer in one piece, once it is complete.
///
/// # Errors
/// Those of [`Backend::next`].
pub(super) async fn whole(head: ReplyHead, mut backend: Backend) -> Result<Response, ApiError> {
    let mut message = Message {
        role: "assistant",
        ..Message::default()
    };
    let mut likely = backend.has_logprobs().then(token_logprobs::Content::default);
    let end = loop {
        match backend.next().await? {
            BackendStep::Text { text, logprobs } => {
                message.content.push_str(&text);
                likely
                    .iter_mut()
                    .for_each(|likely| likely.content.extend(logprobs.iter().cloned()));
            }
            BackendStep::Citations(citations) => message.annotations.extend(citations),
            BackendStep::End(end) => break end,
        }
    };
    Ok(Json(Completion {
        id: head.id,
        object: "chat.completion",
        created: head.created,
        model: head.model,
        choices: [Choice {
            index: 0,
            message,
            logprobs: likely,
            finish_reason: end.reason,
        }],
        usage: end.usage,
        timings: end.timings,
        evidence: backend.into_evidence(),
    })
    .into_response())
}

/// The answer in chunks, as it is said.
pub(super) fn streamed(head: ReplyHead, backend: Backend, ticket: Ticket, usage: bool) -> Response {
    let sse = Sse::new(chunks(head, backend, ticket, usage)).keep_alive(sse::KeepAlive::default());
    ([("x-accel-buffering", "no")], sse).into_response()
}

/// Where a stream of chunks is.
enum Place {
    Opening,
    Middle,
    TokenUsage(End),
    Done,
    Closed,
}

/// Hyper drops the stream when its client goes, and with it the course.
fn chunks(
    head: ReplyHead,
    backend: Backend,
    ticket: Ticket,
    usage: bool,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let cut = Box::pin(ticket.cut());
    let state = (Chunks { head, usage }, backend, cut, Place::Opening);
    stream::unfold(state, async |(chunks, mut backend, mut cut, place)| {
        let (data, place) = match place {
            Place::Opening => (chunks.opening(&backend), Place::Middle),
            Place::Middle => {
                let step = tokio::select! {
                    biased;
                    () = &mut cut => Err(ApiError::stopping()),
                    step = backend.next() => step,
                };
                match step {
                    Ok(BackendStep::Text { text, logprobs }) => {
                        let likely = backend.has_logprobs().then_some(token_logprobs::Content {
                            content: logprobs,
                            refusal: None,
                        });
                        (chunks.said(&text, likely), Place::Middle)
                    }
                    Ok(BackendStep::Citations(citations)) => (chunks.cited(&citations), Place::Middle),
                    Ok(BackendStep::End(end)) if chunks.usage => {
                        (chunks.closing(&end), Place::TokenUsage(end))
                    }
                    Ok(BackendStep::End(end)) => (chunks.closing(&end), Place::Done),
                    Err(error) => (text(&error.into_body()), Place::Closed),
                }
            }
            Place::TokenUsage(end) => (chunks.counted(&end), Place::Done),
            Place::Done => ("[DONE]".to_string(), Place::Closed),
            Place::Closed => return None,
        };
        let event = sse::Event::default().data(data);
        Some((Ok(event), (chunks, backend, cut, place)))
    })
}

/// A chunk. What is not there is left out, but for the usage, which is null until the last chunk.
#[derive(Serialize)]
struct Chunk<'c> {
    id: &'c str,
    object: &'static str,
    created: u64,
    model: &'c str,
    choices: Vec<Part<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<TokenUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<&'c ModelTimings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'c [Item]>,
}

/// What a chunk adds to the answer.
#[derive(Serialize)]
struct Part<'c> {
    index: u32,
    delta: Delta<'c>,
    logprobs: Option<token_logprobs::Content>,
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

/// Makes chunks.
struct Chunks {
    head: ReplyHead,
    /// Whether the client wants the usage.
    usage: bool,
}

impl Chunks {
    fn chunk<'c>(&'c self, delta: Delta<'c>) -> Chunk<'c> {
        Chunk {
            id: &self.head.id,
            object: "chat.completion.chunk",
            created: self.head.created,
            model: &self.head.model,
            choices: vec![Part {
                index: 0,
                delta,
                logprobs: None,
                finish_reason: None,
            }],
            usage: self.usage.then_some(None),
            timings: None,
            evidence: None,
        }
    }

    fn opening(&self, backend: &Backend) -> String {
        let mut chunk = self.chunk(Delta {
            role: Some("assistant"),
            content: Some(""),
            ..Delta::default()
        });
        chunk.evidence = backend.evidence();
        text(&chunk)
    }

    fn said(&self, said: &str, likely: Option<token_logprobs::Content>) -> String {
        let mut chunk = self.chunk(Delta {
            content: Some(said),
            ..Delta::default()
        });
        chunk.choices[0].logprobs = likely;
        text(&chunk)
    }

    fn cited(&self, annotations: &[Annotation]) -> String {
        text(&self.chunk(Delta {
            annotations: Some(annotations),
            ..Delta::default()
        }))
    }

    fn closing(&self, end: &End) -> String {
        let mut chunk = self.chunk(Delta::default());
        chunk.choices[0].finish_reason = Some(end.reason);
        chunk.timings = Some(&end.timings);
        text(&chunk)
    }

    fn counted(&self, end: &End) -> String {
        let mut chunk = self.chunk(Delta::default());
        chunk.choices.clear();
        chunk.usage = Some(Some(end.usage));
        text(&chunk)
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a chunk is made of texts and numbers")
}
