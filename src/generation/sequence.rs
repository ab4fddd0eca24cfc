//! One request on the engine's thread, from accepted to finished: what it is told, what it says, how long it took.
//!
//! In: rows of logits, and the time they were there. Out: events to the client, and the tokens that were said. The
//! scheduler's [`super::block_table`] is the other half: which tokens are in which blocks. A client who reads slowly or
//! left never holds it up; logits that nothing can be chosen from end the generation with [`Reason::Error`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use super::constraint::{Constraint, ConstraintError, Mask};
use super::detokenizer::{Detokenizer, Piece};
use super::model::BLOCK;
use super::prompt_lookup::PromptLookup;
use super::sampler::{SampleError, Sampler};
use super::{Finished, GenerationEvent, Reason, Request, generation_metrics};

/// A request that was accepted, and where its events go.
pub struct GenerationJob {
    /// What to generate; `max_tokens` has been cut to what the context can hold.
    pub request: Request,
    /// Has room for every event the request can cause, so that a slow reader never holds the engine up.
    pub events: mpsc::Sender<GenerationEvent>,
    /// When it was accepted.
    pub submitted: Instant,
}

/// The events a request can cause, at most, when `ahead` others can be ahead of it.
pub fn event_capacity(request: &Request, ahead: usize) -> usize {
    // Each place in the queue, the beginning of the prompt and each of its chunks, each token with its
    // probabilities and text, the last text, the end.
    (ahead + 1) + (request.prompt.len() / BLOCK + 2) + 2 * request.max_tokens + 1 + 1
}

/// What all sequences of a model share.
pub struct Shared {
    /// Turns ids into text.
    pub tokenizer: Arc<Tokenizer>,
    /// Tokens that end a turn.
    pub end_tokens: Vec<u32>,
    /// Length of one row of logits.
    pub vocabulary: usize,
    /// The model's name, for metrics.
    pub name: String,
    /// Whether drafts are looked up.
    pub lookup: bool,
}

/// A request while it waits and runs.
pub struct Sequence {
    events: mpsc::Sender<GenerationEvent>,
    submitted: Instant,
    deadline: Option<Instant>,
    max_tokens: usize,
    text: Detokenizer,
    sampler: Sampler,
    /// The form that the text must take, and the mask that it is asked for.
    form: Option<(Box<dyn Constraint>, Mask)>,
    lookup: Option<PromptLookup>,
    /// How many were ahead when the client was last told.
    ahead: Option<usize>,
    admitted: Option<Instant>,
    started: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    finished: Finished,
}

/// What a step made a sequence say.
#[derive(Debug, Default)]
pub struct Said {
    /// The tokens, the one that ended the turn not among them.
    pub tokens: Vec<u32>,
    /// Why nothing more comes, when that is so.
    pub end: Option<Reason>,
}

/// Why no token could be chosen.
#[derive(Debug, thiserror::Error)]
enum ChoiceError {
    #[error(transparent)]
    Sample(#[from] SampleError),
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
}

impl Sequence {
    /// A request that has just been accepted; and its prompt.
    pub fn new(job: GenerationJob, shared: &Shared) -> (Self, Vec<u32>) {
        let GenerationJob {
            request,
            events,
            submitted,
        } = job;
        let prompt = request.prompt;
        let sequence = Self {
            events,
            submitted,
            deadline: request.deadline,
            max_tokens: request.max_tokens,
            text: Detokenizer::new(shared.tokenizer.clone(), request.stop),
            sampler: Sampler::new(&request.sampling, &prompt),
            form: request
                .constraint
                .map(|form| (form, Mask::none(shared.vocabulary))),
            lookup: shared.lookup.then(|| PromptLookup::new(&prompt)),
            ahead: None,
            admitted: None,
            started: None,
            first: None,
            last: None,
            finished: Finished::of_prompt(prompt.len()),
        };
        (sequence, prompt)
    }

    /// Why it has to end before its next step, if it has to.
    pub fn is_over(&self, now: Instant) -> Option<Reason> {
        if self.events.is_closed() {
            return Some(Reason::Cancelled);
        }
        (self.deadline? <= now).then_some(Reason::Deadline)
    }

    /// Tells the client that `ahead` others go first, unless that is known.
    pub fn wait(&mut self, ahead: usize, wait: Duration) {
        if self.ahead != Some(ahead) {
            self.ahead = Some(ahead);
            self.send(GenerationEvent::Queued { ahead, wait });
        }
    }

    /// It runs from now on.
    pub fn admit(&mut self, now: Instant) {
        if self.admitted.is_none() {
            self.admitted = Some(now);
            if self.ahead.is_none() {
                self.wait(0, Duration::ZERO);
            }
        }
    }

    /// A step is about to read its prompt on, of which `read` tokens are known so far.
    pub fn start(&mut self, read: usize, now: Instant) {
        if self.started.is_none() {
            self.started = Some(now);
            self.finished.queue = now - self.submitted;
            self.progress(read);
        }
    }

    /// So many tokens of the prompt are known by now, `cached` of them from the prefix cache.
    pub fn read(&mut self, read: usize, cached: usize) {
        self.finished.cached_tokens = cached;
        self.progress(read);
    }

    /// What may come next after `tokens`, at most `room` of it.
    pub fn draft(&mut self, tokens: &[u32], room: usize) -> Vec<u32> {
        let lookup = self.lookup.as_mut();
        lookup.map_or(vec![], |lookup| lookup.draft(tokens, room).to_vec())
    }

    /// Says the token that each row of `logits` chooses, as long as `draft` has foreseen it: a row counts only if
    /// all tokens that it was computed from were said. The rows came at `now`.
    pub fn hear(&mut self, logits: &mut [f32], draft: &[u32], now: Instant, shared: &Shared) -> Said {
        let mut said = Said::default();
        if self.max_tokens == 0 {
            said.end = Some(Reason::Length);
            return said;
        }
        for (at, row) in logits.chunks_exact_mut(shared.vocabulary).enumerate() {
            match self.choose(row) {
                Ok(token) if shared.end_tokens.contains(&token) => said.end = Some(Reason::Stop),
                Ok(token) => {
                    said.tokens.push(token);
                    said.end = self.say(token, now, shared);
                }
                Err(error) => {
                    tracing::error!(%error, "No token could be chosen; the generation was ended.");
                    said.end = Some(Reason::Error);
                }
            }
            if said.end.is_some() || draft.get(at) != said.tokens.last() {
                break;
            }
        }
        self.learn(draft, &said.tokens);
        said
    }

    fn choose(&mut self, row: &mut [f32]) -> Result<u32, ChoiceError> {
        if let Some((form, mask)) = &mut self.form {
            form.mask(mask)?;
        }
        let mask = self.form.as_ref().map(|(_, mask)| mask);
        let choice = self.sampler.sample(row, mask)?;
        if let Some((form, _)) = &mut self.form {
            form.accept(choice.token)?;
        }
        if let Some(logprobs) = choice.logprob {
            self.send(GenerationEvent::Logprobs {
                token: choice.token,
                logprobs,
            });
        }
        Ok(choice.token)
    }

    /// Sends a token's text; says whether it was the last one.
    fn say(&mut self, token: u32, now: Instant, shared: &Shared) -> Option<Reason> {
        self.finished.generated_tokens += 1;
        match self.last.replace(now) {
            None => {
                self.first = Some(now);
                self.finished.first_token = Some(now - self.submitted);
            }
            Some(last) => generation_metrics::gap(&shared.name, now - last),
        }
        match self.text.push(token) {
            Piece::Text(piece) => self.send_text(piece),
            Piece::Stopped(piece) => {
                self.send_text(piece);
                return Some(Reason::Stop);
            }
        }
        if self.form.as_ref().is_some_and(|(form, _)| form.is_complete()) {
            return Some(Reason::Stop);
        }
        (self.finished.generated_tokens >= self.max_tokens).then_some(Reason::Length)
    }

    /// Counts how good a draft was.
    fn learn(&mut self, draft: &[u32], said: &[u32]) {
        if draft.is_empty() {
            return;
        }
        let accepted = draft
            .iter()
            .zip(said)
            .take_while(|(draft, said)| draft == said)
            .count();
        self.finished.draft_tokens += draft.len();
        self.finished.accepted_tokens += accepted;
        if let Some(lookup) = &mut self.lookup {
            lookup.outcome(draft.len(), accepted);
        }
    }

    /// The prompt has been read to its end, by `now`.
    pub fn prompt_read(&mut self, now: Instant) {
        self.finished.prefill = now - self.started.unwrap_or(now);
        generation_metrics::prefix_cache(self.finished.prompt_tokens, self.finished.cached_tokens);
    }

    /// How long it has been running; nothing if it never did.
    pub fn service(&self, now: Instant) -> Option<Duration> {
        Some(now - self.admitted?)
    }

    /// Sends the rest of the text. What is left to send is the end itself, on the channel given back.
    pub fn end(mut self, reason: Reason, now: Instant) -> (mpsc::Sender<GenerationEvent>, Finished) {
        let rest = self.text.finish();
        if reason != Reason::Error {
            self.send_text(rest);
        }
        let mut finished = self.finished;
        finished.reason = reason;
        finished.total = now - self.submitted;
        if self.started.is_none() {
            finished.queue = finished.total;
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            finished.decode = last - first;
        }
        (self.events, finished)
    }

    fn progress(&self, processed: usize) {
        self.send(GenerationEvent::Progress {
            processed,
            total: self.finished.prompt_tokens,
        });
    }

    fn send_text(&self, text: String) {
        if !text.is_empty() {
            self.send(GenerationEvent::Text(text));
        }
    }

    /// Sends an event; that the client has left is noticed before the next step.
    fn send(&self, event: GenerationEvent) {
        let sent = self.events.try_send(event);
        debug_assert!(
            !matches!(sent, Err(mpsc::error::TrySendError::Full(_))),
            "the channel has room for every event"
        );
    }
}
