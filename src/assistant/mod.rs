//! A conversation in, a grounded answer out.
//!
//! [`Assistant::answer`] is the whole pipeline on one screen: question → evidence → finding → words.
//! It runs as a task on the async side and computes nothing there: embedding and generation answer over channels;
//! findings, prompts and the checks of sentences are made on tokio's blocking threads.

mod answer_stream;
mod answer_trace;
mod chat_template;
mod conversation;
mod grounding;
mod outcome_recorder;
mod prompt;
mod self_test;
mod told;
pub(crate) mod wording;

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::Instrument;

pub use crate::retrieval::Evidence;
pub(crate) use crate::retrieval::{Filters, Recommended};
pub(crate) use answer_trace::AnswerTrace;
pub(crate) use chat_template::{ChatMessage, TemplateError};
pub(crate) use conversation::{Answer, AnswerEvent, AskError, Checked, Outcome, Question, SentenceVerdict};
pub use prompt::PromptBuilder;
pub(crate) use prompt::PromptError;

use crate::embedding::EmbeddingError;
use crate::findings::{self, Finding};
use crate::generation::constraint::{Citations, NoRepeat};
use crate::generation::{
    Engine, Finished, GenerationEvent, Overloaded, Reason, Request, Sampling, SubmitError,
};
use crate::metrics;
use crate::retrieval::{self, Retriever};
use answer_stream::{AnswerSource, AnswerStream};
use outcome_recorder::OutcomeRecorder;
use prompt::Prompt;
use told::Sentence;

/// Events that may wait for a slow client. When the channel is full, the answer waits; the engine never does.
const EVENTS: usize = 64;

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Assistant {
    retriever: Retriever,
    engine: Engine,
    prompts: Arc<PromptBuilder>,
    max_tokens: usize,
    /// Whether the model writes answers, where it can; else they are told by rule.
    written: bool,
}

impl Assistant {
    /// An assistant that tells answers by rule, unless it is made to have them [written](Self::written): then they have
    /// at most `max_tokens` tokens.
    pub(crate) fn new(
        retriever: Retriever,
        engine: Engine,
        prompts: impl Into<Arc<PromptBuilder>>,
        max_tokens: usize,
    ) -> Self {
        Self {
            retriever,
            engine,
            prompts: prompts.into(),
            max_tokens,
            written: false,
        }
    }

    /// The same assistant, whose answers the model writes, or not.
    pub(crate) fn written(self, written: bool) -> Self {
        Self { written, ..self }
    }

    /// The same assistant over other reviews. Answers that have begun keep their own.
    pub(crate) fn over(&self, retriever: Retriever) -> Self {
        Self {
            retriever,
            ..self.clone()
        }
    }

    /// Answers a question. The last event ends the answer; dropping the receiver stops the work.
    ///
    /// # Errors
    /// [`AskError`], before any event. A busy model is no error: the answer is then told by rule.
    pub(crate) async fn answer(&self, question: Question) -> Result<mpsc::Receiver<AnswerEvent>, AskError> {
        let outcome = OutcomeRecorder::begin(question.arrived);
        let grounds = match self.retriever.retrieve(&question.turns, &question.filters).await {
            Ok(grounds) => grounds,
            Err(error) => return Err(refuse(outcome, search_failed(error))),
        };
        let retrieval_ms = outcome.milliseconds();
        let retriever = self.retriever.clone();
        let conclude = move || {
            let found = findings::find(&grounds, retriever.shop());
            let told = told::sentences(&found);
            (grounds, found, told)
        };
        let (grounds, found, told) = match compute(conclude).await {
            Ok(concluded) => concluded,
            Err(error) => return Err(refuse(outcome, error)),
        };
        metrics::RAG_FINDINGS_TOTAL.add(&[found.finding.kind()], 1);
        let mut trace = question.traced.then(|| {
            AnswerTrace::of(
                &grounds,
                &found.evidence,
                self.retriever.vocabulary(),
                retrieval_ms,
            )
        });
        let source = match self.written && found.finding.is_for_a_model() {
            false => AnswerSource::Told(match found.finding {
                Finding::None(_) => Outcome::NoEvidence,
                _ => Outcome::Answered,
            }),
            true => match self
                .prompt(grounds.query.asked.clone(), &told, found.evidence.clone())
                .await
            {
                Err(error) => return Err(refuse(outcome, error)),
                Ok(Some(prompt)) => {
                    trace = trace.map(|trace| trace.with_prompt(&prompt, &self.prompts));
                    self.write(prompt, question.max_tokens)
                }
                Ok(None) => AnswerSource::Told(Outcome::Extractive),
            },
        };
        let (events, receiver) = mpsc::channel(EVENTS);
        let answer_stream = AnswerStream {
            outcome,
            retrieval_ms,
            found,
            told,
            products: grounds.products,
            trace,
            retriever: self.retriever.clone(),
            events,
        };
        tokio::spawn(answer_stream.run(source).in_current_span());
        Ok(receiver)
    }

    /// Reads the common beginning of all prompts once, so that the first question finds it in the prefix cache.
    /// Blocks until that is done.
    ///
    /// # Errors
    /// A sentence that says what failed: every question would fail in the same way.
    pub(crate) fn warm_up(&self) -> Result<(), String> {
        let prompt = self.prompts.warm_up().map_err(|error| error.to_string())?;
        let mut steps = self
            .engine
            .generate(self.request(prompt, Some(1)))
            .map_err(|error| error.to_string())?;
        while let Some(step) = steps.blocking_recv() {
            match step {
                GenerationEvent::Finished(Finished {
                    reason: Reason::Error,
                    ..
                }) => break,
                GenerationEvent::Finished(_) => return Ok(()),
                _ => {}
            }
        }
        Err("the chat model failed on its first prompt; the lines above say how".into())
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn prompt(
        &self,
        question: String,
        told: &[Sentence],
        evidence: Vec<Evidence>,
    ) -> Result<Option<Prompt>, AskError> {
        let (prompts, told) = (self.prompts.clone(), told::counted(told));
        let built = compute(move || prompts.build(&question, &told, &evidence)).await?;
        built.map_err(|error| {
            tracing::error!(%error, "No prompt could be made; the question was refused with an internal error.");
            AskError::Internal
        })
    }

    /// Has the model write; while it is busy, the finding is told.
    fn write(&self, prompt: Prompt, max_tokens: Option<usize>) -> AnswerSource {
        match self.engine.generate(self.request(prompt, max_tokens)) {
            Ok(steps) => AnswerSource::Model(steps),
            Err(SubmitError::Overloaded(_)) => AnswerSource::Told(Outcome::Extractive),
            Err(refused @ SubmitError::TooLong(_)) => {
                tracing::error!(
                    error = %refused,
                    "A prompt was made that the model has no room for; the answer was told by rule."
                );
                AnswerSource::Told(Outcome::Extractive)
            }
        }
    }

    fn request(&self, prompt: Prompt, max_tokens: Option<usize>) -> Request {
        Request {
            prompt: prompt.ids,
            max_tokens: max_tokens.unwrap_or(self.max_tokens).min(self.max_tokens),
            stop: vec![],
            sampling: Sampling::GREEDY,
            constraint: Some(Box::new(NoRepeat::new(Citations::new(
                self.prompts.brackets(),
                prompt.evidence,
            )))),
            deadline: None,
        }
    }
}

/// Runs `work` on one of tokio's blocking threads: the async threads only move bytes and wait.
///
/// # Errors
/// [`AskError::Internal`] after a panic in `work`, which the panic hook has logged.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AskError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AskError::Internal)
}

fn search_failed(error: EmbeddingError) -> AskError {
    match error {
        EmbeddingError::Overloaded => AskError::Overloaded(Overloaded {
            retry_after_seconds: retrieval::RETRY_SECONDS,
        }),
        error => {
            tracing::error!(%error, "The search failed; the question was refused with an internal error.");
            AskError::Internal
        }
    }
}

/// Counts a refusal.
fn refuse(outcome: OutcomeRecorder, error: AskError) -> AskError {
    outcome.refused(match error {
        AskError::Overloaded(_) => "overloaded",
        AskError::Internal => "error",
    });
    error
}

/// A text without its line breaks: answers and lines of a prompt are paragraphs.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
