//! Stage 5: a conversation in, a grounded answer out.
//!
//! [`Assistant::answer`] is the whole pipeline on one screen: question → evidence → prompt → tokens → checked answer.
//! It runs as a task on the async side and computes nothing there: embedding and generation answer over channels,
//! the prompt is made on tokio's blocking threads.

mod chat_template;
mod conversation;
mod answer_stream;
mod outcome_recorder;
mod extractive;
mod figures;
mod grounding;
mod prompt;
mod question;
mod answer_trace;

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::Instrument;

pub use crate::retrieval::{Evidence, Filters, Recommended};
pub use answer_trace::AnswerTrace;
pub use chat_template::{ChatMessage, TemplateError};
pub use conversation::{Answer, AnswerEvent, AskError, Outcome, Question, Speaker, Turn};
pub use grounding::{Checked, Verdict};
pub use prompt::{DEFAULT_BUDGET, PromptBuilder, PromptError};

use crate::embedding::EmbeddingError;
use crate::generation::constraint::{Citations, NoRepeat};
use crate::generation::{
    Engine, Finished, GenerationEvent, Overloaded, Reason, Request, Sampling, SubmitError,
};
use crate::retrieval::{self, Figures, Grounds, Retriever};
use answer_stream::{AnswerSource, AnswerStream};
use outcome_recorder::OutcomeRecorder;
use prompt::Prompt;

/// Events that wait for a slow reader before the answer waits with them; the engine never does.
const EVENTS: usize = 64;

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub struct Assistant {
    retriever: Retriever,
    engine: Engine,
    prompts: Arc<PromptBuilder>,
    max_tokens: usize,
}

impl Assistant {
    /// An assistant whose answers have at most `max_tokens` tokens.
    pub fn new(
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
        }
    }

    /// The same assistant over other reviews; answers that have begun keep theirs.
    pub fn over(&self, retriever: Retriever) -> Self {
        Self {
            retriever,
            ..self.clone()
        }
    }

    /// Answers a question. The events come until the one that ends the answer; dropping the receiver ends the work.
    ///
    /// # Errors
    /// At once, before any event: [`AskError`]. A busy model is no error: the answer is then made of quotes.
    pub async fn answer(&self, question: Question) -> Result<mpsc::Receiver<AnswerEvent>, AskError> {
        let outcome = OutcomeRecorder::begin(question.arrived);
        let asked = question::standalone(&question.turns, self.retriever.vocabulary());
        let grounds = match self.retriever.retrieve(&asked, &question.filters).await {
            Ok(grounds) => grounds,
            Err(error) => return Err(refuse(outcome, not_found(error))),
        };
        let retrieval_ms = outcome.milliseconds();
        let mut trace = question
            .traced
            .then(|| AnswerTrace::of(&asked, &grounds, self.retriever.vocabulary(), retrieval_ms));
        let Grounds {
            evidence,
            products,
            understood,
        } = grounds;

        let complete = understood.figures.as_ref().is_some_and(Figures::are_complete);
        let source = if complete {
            AnswerSource::Figures
        } else if evidence.is_empty() {
            AnswerSource::Nothing
        } else {
            match self.prompt(asked.whole, evidence.clone()).await {
                Err(error) => return Err(refuse(outcome, error)),
                Ok(Some(prompt)) => {
                    trace = trace.map(|trace| trace.with_prompt(&prompt, &self.prompts));
                    self.say(prompt, question.max_tokens)
                }
                Ok(None) => AnswerSource::Quotes,
            }
        };
        let (events, receiver) = mpsc::channel(EVENTS);
        let answer_stream = AnswerStream {
            outcome,
            retrieval_ms,
            evidence,
            products,
            understood,
            trace,
            retriever: self.retriever.clone(),
            events,
        };
        tokio::spawn(answer_stream.run(source).in_current_span());
        Ok(receiver)
    }

    /// Reads the prompts' shared beginning once, so that the first question finds it in the prefix cache. Answers
    /// when that is done; a model that fails here fails for everyone.
    pub fn warm_up(&self) -> Result<(), String> {
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
    async fn prompt(&self, question: String, evidence: Vec<Evidence>) -> Result<Option<Prompt>, AskError> {
        let prompts = self.prompts.clone();
        let built = tokio::task::spawn_blocking(move || prompts.build(&question, &evidence)).await;
        match built {
            Ok(Ok(prompt)) => Ok(prompt),
            Ok(Err(error @ PromptError::TooLong { .. })) => {
                Err(AskError::Invalid(capitalised(&error.to_string())))
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "No prompt could be made; the question was refused with an internal error.");
                Err(AskError::Internal)
            }
            Err(_) => Err(AskError::Internal),
        }
    }

    /// The model's words, or quotes while it is busy.
    fn say(&self, prompt: Prompt, max_tokens: Option<usize>) -> AnswerSource {
        let shown = prompt.evidence;
        match self.engine.generate(self.request(prompt, max_tokens)) {
            Ok(steps) => AnswerSource::Model { steps, shown },
            Err(SubmitError::Overloaded(_)) => AnswerSource::Quotes,
            Err(refused @ SubmitError::TooLong(_)) => {
                tracing::error!(
                    error = %refused,
                    "A prompt was made that the model has no room for; the question was answered with quotes."
                );
                AnswerSource::Quotes
            }
        }
    }

    fn request(&self, prompt: Prompt, max_tokens: Option<usize>) -> Request {
        Request {
            prompt: prompt.ids,
            max_tokens: max_tokens.unwrap_or(self.max_tokens).min(self.max_tokens),
            // An answer is a paragraph: after a line break a small model goes on with the pattern of the prompt.
            stop: vec!["\n".into()],
            sampling: Sampling::GREEDY,
            constraint: Some(Box::new(NoRepeat::new(Citations::new(
                self.prompts.brackets(),
                prompt.evidence,
            )))),
            deadline: None,
        }
    }
}

fn not_found(error: EmbeddingError) -> AskError {
    match error {
        EmbeddingError::Overloaded => AskError::Overloaded(Overloaded {
            retry_after_seconds: retrieval::RETRY_SECONDS,
        }),
        error => {
            tracing::error!(%error, "Evidence could not be looked up; the question was refused with an internal error.");
            AskError::Internal
        }
    }
}

/// Counts what is not answered. A question that is none counts nowhere.
fn refuse(outcome: OutcomeRecorder, error: AskError) -> AskError {
    outcome.refused(match error {
        AskError::Overloaded(_) => Some("overloaded"),
        AskError::Internal => Some("error"),
        AskError::Invalid(_) => None,
    });
    error
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
