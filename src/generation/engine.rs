//! The engine: a cloneable handle, and the thread that owns the chat model.
//!
//! Receive → run → retire, one sequence at a time; the waiting room is counted, so that a full one is known at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use super::model::Model;
use super::prefix_cache::PrefixCache;
use super::sequence::{self, Job, Resources};
use super::{Event, Finished, Overloaded, Reason, Request};
use crate::metrics;

/// Guessed length of a generation, in milliseconds, until one has been seen.
const FIRST_GUESS_MS: u64 = 5_000;

/// Hands requests to the engine's thread. The thread ends when the last handle is gone.
#[derive(Clone)]
pub struct Engine {
    jobs: std_mpsc::SyncSender<Job>,
    state: Arc<State>,
    context_length: usize,
}

/// What handles and thread share: counts, no locks.
struct State {
    /// Accepted and not ended.
    open: AtomicUsize,
    /// So many may be open: one running, the others waiting.
    limit: usize,
    /// Running mean of a generation's milliseconds.
    mean_ms: AtomicU64,
}

/// What the engine's thread is given to own.
pub struct Parts {
    /// The weights.
    pub model: Box<dyn Model>,
    /// The model's tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Tokens that end a turn.
    pub end_tokens: Vec<u32>,
    /// The model's name, for metrics.
    pub name: String,
}

impl Engine {
    /// Starts the thread. `max_waiting` requests may wait while one runs.
    pub fn start(parts: Parts, max_waiting: usize) -> std::io::Result<Self> {
        let limit = max_waiting + 1;
        let context_length = parts.model.context_length();
        let (jobs, received) = std_mpsc::sync_channel(limit);
        let state = Arc::new(State {
            open: AtomicUsize::new(0),
            limit,
            mean_ms: AtomicU64::new(FIRST_GUESS_MS),
        });
        metrics::touch_model(&parts.name);
        metrics::LLM_REQUESTS_RUNNING.set(&[], 0.0);
        metrics::LLM_REQUESTS_WAITING.set(&[], 0.0);
        metrics::LLM_KV_CACHE_BYTES.set(&[], 0.0);
        let worker = state.clone();
        std::thread::Builder::new()
            .name("generation".into())
            .spawn(move || work(parts, &received, &worker))?;
        Ok(Self {
            jobs,
            state,
            context_length,
        })
    }

    /// Tokens of prompt and answer together that a generation can hold.
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// Accepts a request, or refuses it at once. Dropping the receiver ends the generation.
    ///
    /// # Panics
    /// If the prompt is empty.
    pub fn generate(&self, request: Request) -> Result<mpsc::Receiver<Event>, Overloaded> {
        assert!(!request.prompt.is_empty(), "a generation needs a prompt");
        let enter = |open| (open < self.state.limit).then_some(open + 1);
        let ahead = self
            .state
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, enter)
            .map_err(|open| {
                metrics::LLM_REQUESTS_REJECTED_TOTAL.add(&[], 1);
                self.state.overloaded(open)
            })?;
        let (events, receiver) = mpsc::channel(sequence::event_capacity(&request));
        let queued = events.try_send(Event::Queued { ahead });
        debug_assert!(queued.is_ok(), "a new channel has room");
        metrics::LLM_REQUESTS_WAITING.add(&[], 1.0);
        let job = Job {
            request,
            events,
            submitted: Instant::now(),
        };
        // The channel has a place for every open request, and the thread lives as long as this handle.
        self.jobs
            .try_send(job)
            .map_err(|_| self.state.overloaded(self.state.limit))?;
        Ok(receiver)
    }
}

impl State {
    fn overloaded(&self, open: usize) -> Overloaded {
        let mean_ms = self.mean_ms.load(Ordering::Relaxed);
        // A place is free once the running one has ended; on average half of it is done. Nobody gains from
        // hearing "in 0 seconds".
        let seconds = (mean_ms as f64 * (open as f64 / self.limit as f64) / 1000.0).ceil() as u64;
        Overloaded {
            retry_after_seconds: seconds.max(1),
        }
    }

    fn retire(&self, milliseconds: u64) {
        let mean = self.mean_ms.load(Ordering::Relaxed);
        self.mean_ms
            .store((mean * 3 + milliseconds) / 4, Ordering::Relaxed);
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

fn work(parts: Parts, jobs: &std_mpsc::Receiver<Job>, state: &State) {
    let mut prefixes = PrefixCache::default();
    while let Ok(job) = jobs.recv() {
        metrics::LLM_REQUESTS_WAITING.add(&[], -1.0);
        metrics::LLM_REQUESTS_RUNNING.set(&[], 1.0);
        let mut resources = Resources {
            model: parts.model.as_ref(),
            prefixes: &mut prefixes,
            tokenizer: &parts.tokenizer,
            end_tokens: &parts.end_tokens,
            name: &parts.name,
        };
        let started = Instant::now();
        let finished = sequence::run(&job, &mut resources);
        observe(&finished, &parts.name, job.submitted.elapsed().as_secs_f64());
        metrics::LLM_REQUESTS_RUNNING.set(&[], 0.0);
        metrics::LLM_KV_CACHE_BYTES.set(&[], prefixes.bytes() as f64);
        state.retire(started.elapsed().as_millis() as u64);
        // The last event comes after the place is free: whoever reads it may ask again at once.
        let _ = job.events.try_send(Event::Finished(finished));
    }
}

/// Tells the metrics of a finished generation.
fn observe(finished: &Finished, name: &str, total_seconds: f64) {
    let model = &[name];
    metrics::LLM_REQUESTS_FINISHED_TOTAL.add(&[finished.reason.as_str()], 1);
    metrics::LLM_PROMPT_TOKENS_TOTAL.add(model, finished.prompt_tokens as u64);
    metrics::LLM_PROMPT_TOKENS_CACHED_TOTAL.add(model, finished.cached_tokens as u64);
    metrics::LLM_GENERATION_TOKENS_TOTAL.add(model, finished.generated_tokens as u64);
    metrics::LLM_REQUEST_QUEUE_TIME_SECONDS.record(model, finished.queue.as_secs_f64());
    if matches!(finished.reason, Reason::Cancelled | Reason::Error) {
        return;
    }
    metrics::LLM_E2E_REQUEST_LATENCY_SECONDS.record(model, total_seconds);
    metrics::LLM_REQUEST_PROMPT_TOKENS.record(model, finished.prompt_tokens as f64);
    metrics::LLM_REQUEST_GENERATION_TOKENS.record(model, finished.generated_tokens as f64);
    metrics::LLM_REQUEST_PREFILL_TIME_SECONDS.record(model, finished.prefill.as_secs_f64());
    metrics::LLM_REQUEST_DECODE_TIME_SECONDS.record(model, finished.decode.as_secs_f64());
    if let Some(speed) = finished.prefill_tokens_per_second() {
        metrics::LLM_PREFILL_TOKENS_PER_SECOND.record(model, speed);
    }
    if let Some(first_token) = finished.first_token {
        metrics::LLM_TIME_TO_FIRST_TOKEN_SECONDS.record(model, first_token.as_secs_f64());
    }
    if let Some(speed) = finished.decode_tokens_per_second() {
        metrics::LLM_DECODE_TOKENS_PER_SECOND.record(model, speed);
        metrics::LLM_TIME_PER_OUTPUT_TOKEN_SECONDS.record(model, 1.0 / speed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::generation::model::scripted::Scripted;
    use crate::generation::sampler::Sampling;
    use crate::generation::testing::byte_tokenizer;

    const END: u32 = 0;

    /// An engine that says `script`, then ends its turn; and the count of tokens it has read.
    fn engine(script: &str, max_waiting: usize) -> (Engine, Arc<AtomicUsize>) {
        gated(script, max_waiting, None)
    }

    fn gated(
        script: &str,
        max_waiting: usize,
        gate: Option<std_mpsc::Receiver<()>>,
    ) -> (Engine, Arc<AtomicUsize>) {
        let reads = Arc::new(AtomicUsize::new(0));
        let script = script.bytes().map(u32::from).chain([END]).collect();
        let gate = gate.map(|gate| Arc::new(Mutex::new(gate)));
        let parts = Parts {
            model: Box::new(Scripted {
                script,
                vocabulary: 256,
                reads: reads.clone(),
                gate,
            }),
            tokenizer: Arc::new(byte_tokenizer()),
            end_tokens: vec![END],
            name: "scripted".into(),
        };
        (Engine::start(parts, max_waiting).expect("a thread"), reads)
    }

    fn request(prompt: usize) -> Request {
        Request {
            prompt: vec![1; prompt],
            shared_prefix: 0,
            max_tokens: 100,
            stop: vec![],
            sampling: Sampling::GREEDY,
        }
    }

    /// All events of a generation; its text; how it ended.
    fn collect(mut receiver: mpsc::Receiver<Event>) -> (Vec<Event>, String, Finished) {
        let mut events: Vec<Event> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        let Some(Event::Finished(finished)) = events.pop() else {
            panic!("{events:?} has no end")
        };
        assert!(
            !events.iter().any(|event| matches!(event, Event::Finished(_))),
            "two ends"
        );
        let text = events.iter().filter_map(|event| match event {
            Event::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let text = text.collect();
        (events, text, finished)
    }

    #[test]
    fn a_generation_says_its_text_and_ends_once() {
        let (engine, _) = engine("hello ₹", 1);
        let (events, text, finished) = collect(engine.generate(request(70)).expect("room"));
        assert_eq!(text, "hello ₹");
        assert_eq!(
            (finished.reason, finished.generated_tokens),
            (Reason::Stop, "hello ₹".len())
        );
        assert_eq!(events[0], Event::Queued { ahead: 0 });
        let progress: Vec<_> = events
            .iter()
            .filter(|event| matches!(event, Event::Progress { .. }))
            .collect();
        assert_eq!(
            progress.last(),
            Some(&&Event::Progress {
                processed: 70,
                total: 70
            })
        );
        assert!(finished.first_token.is_some());
    }

    #[test]
    fn limits_and_stop_texts_end_it() {
        let (engine, _) = engine("one two three", 1);
        let short = Request {
            max_tokens: 5,
            ..request(2)
        };
        let (_, text, finished) = collect(engine.generate(short).expect("room"));
        assert_eq!((text.as_str(), finished.reason), ("one t", Reason::Length));
        let stop = Request {
            stop: vec![" thr".into()],
            ..request(2)
        };
        let (_, text, finished) = collect(engine.generate(stop).expect("room"));
        assert_eq!((text.as_str(), finished.reason), ("one two", Reason::Stop));
    }

    #[test]
    fn a_failing_model_ends_the_generation_and_not_the_engine() {
        // The script has no end token within reach: the scripted model fails after its last one.
        let (engine, _) = engine("", 1);
        let parts = Request {
            prompt: vec![1; 300],
            ..request(2)
        };
        let (_, _, finished) = collect(engine.generate(parts).expect("room"));
        assert_eq!(
            finished.reason,
            Reason::Error,
            "the prompt is longer than the context"
        );
        let (_, _, finished) = collect(engine.generate(request(2)).expect("room"));
        assert_eq!(finished.reason, Reason::Stop);
    }

    #[test]
    fn a_known_prefix_is_not_read_again_and_changes_nothing() {
        let (engine, reads) = engine("same", 1);
        let shared = Request {
            shared_prefix: 60,
            ..request(100)
        };
        let (_, first, cold) = collect(engine.generate(shared.clone()).expect("room"));
        let read_cold = reads.swap(0, Ordering::SeqCst);
        let (_, second, warm) = collect(engine.generate(shared).expect("room"));
        assert_eq!(first, second);
        assert_eq!((cold.cached_tokens, warm.cached_tokens), (0, 60));
        assert_eq!(read_cold - reads.load(Ordering::SeqCst), 60);
    }

    #[test]
    fn a_full_waiting_room_refuses_at_once_and_a_client_that_left_frees_its_place() {
        let (permits, gate) = std_mpsc::channel();
        let (engine, reads) = gated("x", 0, Some(gate));
        let first = engine.generate(request(200)).expect("room for one");
        let refused = engine.generate(request(2)).expect_err("the one place is taken");
        assert!(refused.retry_after_seconds >= 1);

        drop(first);
        permits.send(()).expect("the engine is there");
        // With the permit the engine may have been in the middle of a chunk; it reads no other.
        let mut next = engine.generate(request(2));
        while next.is_err() {
            std::thread::yield_now();
            next = engine.generate(request(2));
        }
        assert!(
            reads.load(Ordering::SeqCst) <= sequence::CHUNK,
            "an abandoned prompt is not read to its end"
        );
        drop(permits);
        let (_, text, _) = collect(next.expect("the place is free"));
        assert_eq!(text, "x");
    }
}
