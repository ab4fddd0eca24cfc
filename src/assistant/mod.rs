//! Stage 5: a conversation in, a grounded answer out.
//!
//! [`Assistant::answer`] is the whole pipeline on one screen: question → evidence → prompt → tokens → checked answer.
//! It runs as a task on the async side and computes nothing there: embedding and generation answer over channels,
//! the prompt is made on tokio's blocking threads.

mod chat_template;
mod conversation;
mod extractive;
mod grounding;
mod prompt;
mod question;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

pub use crate::retrieval::{Evidence, Filters};
pub use conversation::{Answer, AskError, Event, Outcome, Question, Role, Turn};
pub use prompt::{DEFAULT_BUDGET, PromptBuilder, PromptError};

use crate::embedding::EmbeddingError;
use crate::generation::{Engine, Event as Step, Finished, Overloaded, Reason, Refused, Request, Sampling};
use crate::metrics;
use crate::retrieval::{self, Retriever};
use grounding::Grounded;
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
    pub fn new(retriever: Retriever, engine: Engine, prompts: PromptBuilder, max_tokens: usize) -> Self {
        Self {
            retriever,
            engine,
            prompts: Arc::new(prompts),
            max_tokens,
        }
    }

    /// Answers a question. The events come until the one that ends the answer; dropping the receiver ends the work.
    ///
    /// # Errors
    /// At once, before any event: [`AskError`]. A busy model is no error: the answer is then made of quotes.
    pub async fn answer(&self, question: Question) -> Result<mpsc::Receiver<Event>, AskError> {
        let asked = question::standalone(&question.turns);
        let evidence = self
            .retriever
            .retrieve(&asked, &question.filters)
            .await
            .map_err(refuse)?;
        let retrieval_ms = milliseconds_since(question.arrived);

        let source = if evidence.is_empty() {
            Source::Nothing
        } else {
            match self.prompt(asked.whole, evidence.clone()).await? {
                Some(prompt) => self.say(prompt, question.max_tokens),
                None => Source::Quotes,
            }
        };
        let (events, receiver) = mpsc::channel(EVENTS);
        let course = Course {
            arrived: question.arrived,
            retrieval_ms,
            evidence,
            events,
        };
        tokio::spawn(course.run(source));
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
                Step::Finished(Finished {
                    reason: Reason::Error,
                    ..
                }) => break,
                Step::Finished(_) => return Ok(()),
                _ => {}
            }
        }
        Err("the chat model failed on its first prompt; the lines above say how".into())
    }

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
                Err(internal())
            }
            Err(_) => Err(internal()),
        }
    }

    /// The model's words, or quotes while it is busy.
    fn say(&self, prompt: Prompt, max_tokens: Option<usize>) -> Source {
        let (shown, opening) = (prompt.evidence, prompt.opening.clone());
        match self.engine.generate(self.request(prompt, max_tokens)) {
            Ok(steps) => Source::Model {
                steps,
                shown,
                opening,
            },
            Err(Refused::Overloaded(_)) => Source::Quotes,
            Err(refused @ Refused::TooLong(_)) => {
                tracing::error!(
                    error = %refused,
                    "A prompt was made that the model has no room for; the question was answered with quotes."
                );
                Source::Quotes
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
            constraint: None,
            deadline: None,
        }
    }
}

/// Where the words of an answer come from.
enum Source {
    /// The model, which was shown the first `shown` pieces of evidence and goes on from `opening`.
    Model {
        steps: mpsc::Receiver<Step>,
        shown: usize,
        opening: String,
    },
    /// The quotes themselves: the model is busy, or the best one is too long for a prompt.
    Quotes,
    /// There is no evidence.
    Nothing,
}

/// One answer on its way to the asker.
struct Course {
    arrived: Instant,
    retrieval_ms: f64,
    evidence: Vec<Evidence>,
    events: mpsc::Sender<Event>,
}

/// The asker has gone.
struct Gone;

impl Course {
    async fn run(self, source: Source) {
        let last = match self.tell(source).await {
            Ok(last) => last,
            Err(Gone) => {
                observe("cancelled", self.arrived);
                return;
            }
        };
        match &last {
            Event::Final(answer) => observe(answer.outcome.as_str(), self.arrived),
            _ => observe("error", self.arrived),
        }
        let _ = self.events.send(last).await;
    }

    /// Sends everything but the last event, which it gives back.
    async fn tell(&self, source: Source) -> Result<Event, Gone> {
        self.send(Event::Evidence(self.evidence.clone())).await?;
        match source {
            Source::Model {
                steps,
                shown,
                opening,
            } => self.relay(steps, shown, &opening).await,
            Source::Quotes => {
                self.recite(Outcome::Extractive, extractive::quotes(&self.evidence))
                    .await
            }
            Source::Nothing => {
                let said = Grounded {
                    text: extractive::NO_EVIDENCE.into(),
                    cited: vec![],
                };
                self.recite(Outcome::NoEvidence, said).await
            }
        }
    }

    /// Passes on what the engine reports, then checks what the model said.
    async fn relay(
        &self,
        mut steps: mpsc::Receiver<Step>,
        shown: usize,
        opening: &str,
    ) -> Result<Event, Gone> {
        let mut streamed = String::new();
        let mut first_token_ms = None;
        loop {
            // An asker who left is noticed also while the model says nothing; dropping `steps` then stops it.
            let step = tokio::select! {
                step = steps.recv() => step,
                () = self.events.closed() => return Err(Gone),
            };
            match step {
                Some(Step::Queued { ahead, wait }) => self.send(Event::Queued { ahead, wait }).await?,
                // Nobody asks for them.
                Some(Step::Logprobs { .. }) => {}
                Some(Step::Progress { processed, total }) => {
                    self.send(Event::Progress {
                        processed,
                        prompt_tokens: total,
                    })
                    .await?;
                }
                Some(Step::Text(text)) => {
                    // The opening stands in the prompt: it is shown once the model goes on from it.
                    let text = if streamed.is_empty() {
                        format!("{opening}{text}")
                    } else {
                        text
                    };
                    first_token_ms.get_or_insert_with(|| self.first_piece());
                    streamed.push_str(&text);
                    self.send(Event::Token(text)).await?;
                }
                Some(Step::Finished(Finished {
                    reason: Reason::Error,
                    ..
                }))
                | None => return Ok(Event::Failed),
                Some(Step::Finished(generation)) => {
                    if streamed.is_empty() {
                        // The model had nothing to add.
                        first_token_ms.get_or_insert_with(|| self.first_piece());
                        streamed = opening.to_string();
                        self.send(Event::Token(streamed.clone())).await?;
                    }
                    return Ok(Event::Final(self.check(
                        &streamed,
                        opening,
                        shown,
                        first_token_ms,
                        generation,
                    )));
                }
            }
        }
    }

    fn check(
        &self,
        streamed: &str,
        opening: &str,
        shown: usize,
        first_token_ms: Option<f64>,
        generation: Finished,
    ) -> Answer {
        let said = streamed.strip_prefix(opening).unwrap_or_default();
        let grounded = grounding::ground(opening, said, &self.evidence[..shown]);
        let outcome = match generation.reason {
            Reason::Cancelled => Outcome::Cancelled,
            // Nothing that the model said has stayed.
            _ if grounded.text == opening => Outcome::Extractive,
            _ => Outcome::Answered,
        };
        let Grounded { text, cited } = grounded;
        let replaced = text != streamed;
        let retrieval_ms = self.retrieval_ms;
        Answer {
            text,
            outcome,
            replaced,
            cited,
            retrieval_ms,
            first_token_ms,
            generation: Some(generation),
        }
    }

    /// Says something that is known as a whole.
    async fn recite(&self, outcome: Outcome, said: Grounded) -> Result<Event, Gone> {
        let Grounded { text, cited } = said;
        let first_token_ms = Some(self.first_piece());
        self.send(Event::Token(text.clone())).await?;
        let retrieval_ms = self.retrieval_ms;
        Ok(Event::Final(Answer {
            text,
            outcome,
            replaced: false,
            cited,
            retrieval_ms,
            first_token_ms,
            generation: None,
        }))
    }

    /// Milliseconds from the question's arrival to the answer's first piece, which is now.
    fn first_piece(&self) -> f64 {
        metrics::RAG_TIME_TO_FIRST_TOKEN_SECONDS.record(&[], self.arrived.elapsed().as_secs_f64());
        milliseconds_since(self.arrived)
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}

fn refuse(error: EmbeddingError) -> AskError {
    match error {
        EmbeddingError::Overloaded => {
            metrics::RAG_REQUESTS_TOTAL.add(&["overloaded"], 1);
            AskError::Overloaded(Overloaded {
                retry_after_seconds: retrieval::RETRY_SECONDS,
            })
        }
        error => {
            tracing::error!(%error, "Evidence could not be looked up; the question was refused with an internal error.");
            internal()
        }
    }
}

fn internal() -> AskError {
    metrics::RAG_REQUESTS_TOTAL.add(&["error"], 1);
    AskError::Internal
}

fn observe(outcome: &str, arrived: Instant) {
    metrics::RAG_REQUESTS_TOTAL.add(&[outcome], 1);
    metrics::RAG_REQUEST_DURATION_SECONDS.record(&[outcome], arrived.elapsed().as_secs_f64());
}

fn milliseconds_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
