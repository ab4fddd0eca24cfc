//! The assistant's input and output: questions, events, answers.

use std::time::{Duration, Instant};

use super::AnswerTrace;
use crate::findings::Finding;
use crate::generation::{Finished, Overloaded};
use crate::query::Turn;
use crate::retrieval::{Evidence, Filters, Recommended};

/// A question with its conversation. The server stores no conversations: each request brings its own.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Earlier turns and, last, the question itself, a non-empty turn of the user.
    pub turns: Vec<Turn>,
    /// Which reviews may be used.
    pub filters: Filters,
    /// A tighter limit on the answer's tokens than the server's own.
    pub max_tokens: Option<usize>,
    /// Whether to send the trace: how the question was understood and what the model was given.
    pub traced: bool,
    /// Arrival of the request: the `rag_*` metrics count from here.
    pub arrived: Instant,
}

/// The events of one answer. The last one is `Final` or `Failed`, and there is exactly one of these.
#[derive(Debug, Clone)]
pub(crate) enum AnswerEvent {
    /// The engine has accepted the question; sent again when its place in the queue changes.
    Queued {
        /// The number of generations before it in the queue.
        ahead: usize,
        /// The estimated time until it starts.
        wait: Duration,
    },
    /// The evidence for the answer, best first. The answer cites its positions, from 1.
    Evidence(Vec<Evidence>),
    /// What the answer concludes, before its first word.
    Finding(Box<Finding>),
    /// The products that the evidence is about and that match best, with their statistics.
    Products(Vec<Recommended>),
    /// How the question was understood and what the model was given, if the client asked for it.
    Trace(Box<AnswerTrace>),
    /// Progress of reading the prompt.
    Progress {
        /// Prompt tokens read so far.
        processed: usize,
        /// The prompt's length in tokens.
        prompt_tokens: usize,
    },
    /// The next piece of the answer's text. Text that was sent is not taken back.
    Token(String),
    /// The result of a check: of a sentence that was just sent, or of one that was left out.
    Citation(Checked),
    /// The end: the complete answer.
    Final(Answer),
    /// The end: no answer. The cause has been logged.
    Failed,
}

/// What the check of a sentence against the evidence found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentenceVerdict {
    /// A quote supports the sentence.
    Supported,
    /// No quote supports it.
    Unsupported,
    /// The sentence claims nothing, or nothing new.
    None,
}

impl SentenceVerdict {
    /// The label value in metrics and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SentenceVerdict::Supported => "supported",
            SentenceVerdict::Unsupported => "unsupported",
            SentenceVerdict::None => "none",
        }
    }
}

/// A sentence with the result of its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The sentence as it stands in the answer if it is supported, otherwise as the model wrote it.
    pub sentence: String,
    /// The result.
    pub verdict: SentenceVerdict,
    /// Positions, from 1, of the evidence that supports it.
    pub cited: Vec<usize>,
}

impl Checked {
    /// A sentence that the answer leaves out.
    pub(crate) fn left_out(sentence: &str, verdict: SentenceVerdict) -> Self {
        Self {
            sentence: sentence.trim().to_string(),
            verdict,
            cited: vec![],
        }
    }
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As this server answers: told by rule, or written by a model that can.
    Answered,
    /// Told by rule, although a model was to write it: the model was busy, or too few of its sentences passed the
    /// check.
    Extractive,
    /// No review is about the question.
    NoEvidence,
    /// The client left, or the server is stopping.
    Cancelled,
}

impl Outcome {
    /// The label value in metrics and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Extractive => "extractive",
            Outcome::NoEvidence => "no_evidence",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// A complete answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The whole text.
    pub text: String,
    /// How the question ended.
    pub outcome: Outcome,
    /// Positions, from 1, of the evidence that `text` cites.
    pub cited: Vec<usize>,
    /// Milliseconds from arrival to the evidence.
    pub retrieval_ms: f64,
    /// Milliseconds from arrival to the first piece of the answer.
    pub first_token_ms: Option<f64>,
    /// The generation's statistics, if the model was used.
    pub generation: Option<Finished>,
}

/// Why a question was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// Retrieval is busy: too many texts wait to be embedded.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// A stage failed; it has been logged.
    #[error("the question could not be answered because of an internal error")]
    Internal,
}
