//! One request on the engine's thread, from acceptance to its end: its events, its tokens and its timings.
//!
//! In: rows of logits, and the time at which they were computed. Out: events to the client, and the chosen tokens. The
//! scheduler's [`super::block_table`] is the other half: which tokens are in which blocks. A client that reads slowly
//! or has left never delays the engine. If no token can be chosen from the logits, the generation ends with
//! [`Reason::Error`].

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

/// An accepted request, and the channel for its events.
pub(super) struct GenerationJob {
    /// What to generate; `max_tokens` has been reduced to the room in the context.
    pub request: Request,
    /// Has room for every event the request can cause, so that a slow reader never delays the engine.
    pub events: mpsc::Sender<GenerationEvent>,
    /// When it was accepted.
    pub submitted: Instant,
}

/// The most events a request can cause if up to `ahead` others are before it in the queue.
pub(super) fn event_capacity(request: &Request, ahead: usize) -> usize {
    // One for each place in the queue, the beginning of the prompt and each of its chunks; two for each token (its
    // probabilities and its text); one for the last text and one for the end.
    (ahead + 1) + (request.prompt.len() / BLOCK + 2) + 2 * request.max_tokens + 1 + 1
}

/// The data that all sequences of a model share.
pub(super) struct Shared {
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
pub(super) struct Sequence {
    events: mpsc::Sender<GenerationEvent>,
    submitted: Instant,
    deadline: Option<Instant>,
    max_tokens: usize,
    text: Detokenizer,
    sampler: Sampler,
    /// The constraint on the text, and the mask that it fills.
    constraint: Option<(Box<dyn Constraint>, Mask)>,
    lookup: Option<PromptLookup>,
    /// The place in the queue that was last sent to the client.
    ahead: Option<usize>,
    admitted: Option<Instant>,
    started: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    finished: Finished,
}

/// The result of one step for a sequence.
#[derive(Debug, Default)]
pub(super) struct StepOutput {
    /// The chosen tokens, without the one that ended the turn.
    pub tokens: Vec<u32>,
    /// Why the generation ends with this step, if it does.
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
    /// A sequence for a request that has just been accepted, and its prompt.
    pub(super) fn new(job: GenerationJob, shared: &Shared) -> (Self, Vec<u32>) {
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
            constraint: request
                .constraint
                .map(|constraint| (constraint, Mask::none(shared.vocabulary))),
            lookup: shared.lookup.then(|| PromptLookup::new(&prompt)),
            ahead: None,
            admitted: None,
            started: None,
            first: None,
            last: None,
            finished: Finished::new(prompt.len()),
        };
        (sequence, prompt)
    }

    /// Why the sequence has to end before its next step: its client left or its deadline has passed.
    pub(super) fn must_end(&self, now: Instant) -> Option<Reason> {
        if self.events.is_closed() {
            return Some(Reason::Cancelled);
        }
        (self.deadline? <= now).then_some(Reason::Deadline)
    }

    /// Tells the client that `ahead` others go first. Does nothing if the number has not changed since the last time.
    pub(super) fn wait(&mut self, ahead: usize, wait: Duration) {
        if self.ahead != Some(ahead) {
            self.ahead = Some(ahead);
            self.send(GenerationEvent::Queued { ahead, wait });
        }
    }

    /// The sequence runs from now on. Does nothing after the first call.
    pub(super) fn admit(&mut self, now: Instant) {
        if self.admitted.is_none() {
            self.admitted = Some(now);
            if self.ahead.is_none() {
                self.wait(0, Duration::ZERO);
            }
        }
    }

    /// A step is about to read more of the prompt, of which `read` tokens have been read. Does nothing after the first
    /// call.
    pub(super) fn start(&mut self, read: usize, now: Instant) {
        if self.started.is_none() {
            self.started = Some(now);
            self.finished.queue = now - self.submitted;
            self.progress(read);
        }
    }

    /// `read` tokens of the prompt have been read, `cached` of them from the prefix cache.
    pub(super) fn read(&mut self, read: usize, cached: usize) {
        self.finished.cached_tokens = cached;
        self.progress(read);
    }

    /// A draft of at most `room` tokens that may come after `tokens`.
    pub(super) fn draft(&mut self, tokens: &[u32], room: usize) -> Vec<u32> {
        let lookup = self.lookup.as_mut();
        lookup.map_or(vec![], |lookup| lookup.draft(tokens, room).to_vec())
    }

    /// Chooses a token from each row of `logits`, until one differs from `draft`: a row is valid only if all tokens
    /// that it was computed from were chosen. The rows were computed at `now`.
    pub(super) fn sample(
        &mut self,
        logits: &mut [f32],
        draft: &[u32],
        now: Instant,
        shared: &Shared,
    ) -> StepOutput {
        let mut output = StepOutput::default();
        if self.max_tokens == 0 {
            output.end = Some(Reason::Length);
            return output;
        }
        for (at, row) in logits.chunks_exact_mut(shared.vocabulary).enumerate() {
            match self.choose(row) {
                Ok(token) if shared.end_tokens.contains(&token) => output.end = Some(Reason::Stop),
                Ok(token) => {
                    output.tokens.push(token);
                    output.end = self.emit(token, now, shared);
                }
                Err(error) => {
                    tracing::error!(%error, "No token could be chosen; the generation was ended.");
                    output.end = Some(Reason::Error);
                }
            }
            if output.end.is_some() || draft.get(at) != output.tokens.last() {
                break;
            }
        }
        self.count_draft(draft, &output.tokens);
        output
    }

    fn choose(&mut self, row: &mut [f32]) -> Result<u32, ChoiceError> {
        if let Some((constraint, mask)) = &mut self.constraint {
            constraint.mask(mask)?;
        }
        let mask = self.constraint.as_ref().map(|(_, mask)| mask);
        let choice = self.sampler.sample(row, mask)?;
        if let Some((constraint, _)) = &mut self.constraint {
            constraint.accept(choice.token)?;
        }
        if let Some(logprobs) = choice.logprob {
            self.send(GenerationEvent::Logprobs {
                token: choice.token,
                logprobs,
            });
        }
        Ok(choice.token)
    }

    /// Sends a token's text. Returns the reason if it was the last token.
    fn emit(&mut self, token: u32, now: Instant, shared: &Shared) -> Option<Reason> {
        self.finished.generated_tokens += 1;
        match self.last.replace(now) {
            None => {
                self.first = Some(now);
                self.finished.first_token = Some(now - self.submitted);
            }
            Some(last) => generation_metrics::inter_token_latency(&shared.name, now - last),
        }
        match self.text.push(token) {
            Piece::Text(piece) => self.send_text(piece),
            Piece::Stopped(piece) => {
                self.send_text(piece);
                return Some(Reason::Stop);
            }
        }
        let constraint = self.constraint.as_ref();
        if constraint.is_some_and(|(constraint, _)| constraint.is_complete()) {
            return Some(Reason::Stop);
        }
        (self.finished.generated_tokens >= self.max_tokens).then_some(Reason::Length)
    }

    /// Counts the tokens of a draft that were chosen.
    fn count_draft(&mut self, draft: &[u32], chosen: &[u32]) {
        if draft.is_empty() {
            return;
        }
        let accepted = draft
            .iter()
            .zip(chosen)
            .take_while(|(draft, chosen)| draft == chosen)
            .count();
        self.finished.draft_tokens += draft.len();
        self.finished.accepted_tokens += accepted;
        if let Some(lookup) = &mut self.lookup {
            lookup.outcome(draft.len(), accepted);
        }
    }

    /// The whole prompt has been read, at `now`.
    pub(super) fn prompt_read(&mut self, now: Instant) {
        self.finished.prefill = now - self.started.unwrap_or(now);
        generation_metrics::prefix_cache(self.finished.prompt_tokens, self.finished.cached_tokens);
    }

    /// How long the sequence has been running; `None` if it was never admitted.
    pub(super) fn running_time(&self, now: Instant) -> Option<Duration> {
        Some(now - self.admitted?)
    }

    /// Sends the rest of the text. The caller sends the returned end on the returned channel.
    pub(super) fn end(mut self, reason: Reason, now: Instant) -> (mpsc::Sender<GenerationEvent>, Finished) {
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

    /// Sends an event. If the client has left, [`Self::must_end`] notices it before the next step.
    fn send(&self, event: GenerationEvent) {
        let sent = self.events.try_send(event);
        debug_assert!(
            !matches!(sent, Err(mpsc::error::TrySendError::Full(_))),
            "the channel has room for every event"
        );
    }
}
