//! What goes into the assistant and what comes out: questions, events, answers.

use std::time::{Duration, Instant};

use super::AnswerTrace;
use super::grounding::Checked;
use crate::generation::{Finished, Overloaded};
use crate::retrieval::{Evidence, Filters, Recommended};

/// Who said a turn of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The shopper.
    User,
    /// This assistant, earlier.
    Assistant,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Who said it.
    pub role: Speaker,
    /// What was said.
    pub content: String,
}

/// A question with all that belongs to it. The server keeps no conversation: it travels with the question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Earlier turns and, last, the question itself, a non-empty turn of the user.
    pub turns: Vec<Turn>,
    /// Which reviews may be used.
    pub filters: Filters,
    /// A tighter limit on the answer's tokens than the server's own.
    pub max_tokens: Option<usize>,
    /// Whether to tell what lies behind the answer.
    pub traced: bool,
    /// When the request came in: the clock of `rag_*` starts here.
    pub arrived: Instant,
}

/// What happens while a question is answered. Ends in exactly one `Final` or `Failed`.
#[derive(Debug, Clone)]
pub enum AnswerEvent {
    /// Accepted by the engine; comes again when its place in the queue changes.
    Queued {
        /// Generations that wait and go first.
        ahead: usize,
        /// Until it should be its turn.
        wait: Duration,
    },
    /// What the answer will rest on, best first; the position, from 1, is what the answer cites.
    Evidence(Vec<Evidence>),
    /// The products that the evidence is of and that fit best, with their figures.
    Products(Vec<Recommended>),
    /// What lies behind the answer, where it was asked for.
    Trace(Box<AnswerTrace>),
    /// Prompt tokens read so far.
    Progress {
        /// Of `prompt_tokens`, so many are done.
        processed: usize,
        /// The prompt's length.
        prompt_tokens: usize,
    },
    /// More of the answer. What has been said is not taken back.
    Token(String),
    /// A sentence has been checked: one that stands in what was just said, or one that the model said and that is left
    /// out.
    Citation(Checked),
    /// The end: the authoritative answer.
    Final(Answer),
    /// The end: no answer. The cause has been logged.
    Failed,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The model wrote it.
    Answered,
    /// Quotes alone: the model was busy, or nothing that it said stood the check.
    Extractive,
    /// Nothing in the reviews is about it.
    NoEvidence,
    /// The asker went away, or the server is stopping.
    Cancelled,
}

impl Outcome {
    /// The label value in metrics and on the wire.
    pub fn as_str(self) -> &'static str {
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
pub struct Answer {
    /// The authoritative text.
    pub text: String,
    /// How it came about.
    pub outcome: Outcome,
    /// Positions, from 1, of the evidence that `text` cites.
    pub cited: Vec<usize>,
    /// Milliseconds from arrival to the evidence.
    pub retrieval_ms: f64,
    /// Milliseconds from arrival to the first piece of the answer.
    pub first_token_ms: Option<f64>,
    /// What the model did, where it was asked.
    pub generation: Option<Finished>,
}

/// Why a question was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Neither the model nor retrieval has room.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The conversation is not one that can be answered; the message says why.
    #[error("{0}")]
    Invalid(String),
    /// A stage failed; it has been logged.
    #[error("the question could not be answered because of an internal error")]
    Internal,
}
