//! The engine's thread: receive → admit → step → emit → retire, until the last handle is dropped and all generations
//! have ended.
//!
//! In: accepted requests. Out: their events. It owns the model and all sequences; the [`super::scheduler`] decides
//! which sequences are in a step. If the model fails, the running sequences end with [`Reason::Error`]; waiting and
//! later requests are not affected.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use super::engine_state::EngineState;
use super::model::{Model, ModelError};
use super::scheduler::{Read, Scheduler};
use super::sequence::{GenerationJob, Sequence, Shared};
use super::{GenerationEvent, Reason, generation_metrics};

/// The data that the thread owns.
pub(super) struct Worker {
    jobs: Receiver<GenerationJob>,
    state: Arc<EngineState>,
    model: Box<dyn Model>,
    shared: Shared,
    scheduler: Scheduler,
    /// All waiting and running sequences, by the scheduler's ids.
    sequences: BTreeMap<u64, Sequence>,
    next_id: u64,
    /// The rows of the last step, kept to reuse their memory.
    logits: Vec<f32>,
}

impl Worker {
    /// A worker over a model whose storage has been reserved.
    pub(super) fn new(
        jobs: Receiver<GenerationJob>,
        state: Arc<EngineState>,
        model: Box<dyn Model>,
        shared: Shared,
        scheduler: Scheduler,
    ) -> Self {
        Self {
            jobs,
            state,
            model,
            shared,
            scheduler,
            sequences: BTreeMap::new(),
            next_id: 0,
            logits: vec![],
        }
    }

    /// Works until the last handle is dropped and all generations have ended.
    pub(super) fn run(mut self) {
        while self.receive() {
            self.sweep();
            self.admit();
            self.step();
        }
    }

    /// Accepts the submitted requests; waits for one if there is nothing else to do. Returns false when no more can
    /// come.
    fn receive(&mut self) -> bool {
        if self.sequences.is_empty() {
            let Ok(job) = self.jobs.recv() else { return false };
            self.accept(job);
        }
        while let Ok(job) = self.jobs.try_recv() {
            self.accept(job);
        }
        true
    }

    fn accept(&mut self, job: GenerationJob) {
        let id = self.next_id;
        self.next_id += 1;
        let max_tokens = job.request.max_tokens;
        let (sequence, prompt) = Sequence::new(job, &self.shared);
        self.scheduler.submit(id, prompt, max_tokens);
        self.sequences.insert(id, sequence);
    }

    /// Ends the sequences whose client left or whose deadline has passed, also those that wait.
    fn sweep(&mut self) {
        let now = Instant::now();
        let must_end = |(id, sequence): (&u64, &Sequence)| Some((*id, sequence.must_end(now)?));
        let ended: Vec<(u64, Reason)> = self.sequences.iter().filter_map(must_end).collect();
        for (id, reason) in ended {
            self.retire(id, reason, now);
        }
    }

    /// Admits the sequences for which there is room, and tells the waiting ones their places in the queue.
    fn admit(&mut self) {
        let now = Instant::now();
        self.scheduler.admit();
        for id in self.scheduler.running() {
            if let Some(sequence) = self.sequences.get_mut(&id) {
                sequence.admit(now);
            }
        }
        let running = self.scheduler.running().count();
        self.state.set_running(running);
        for (ahead, id) in self.scheduler.waiting().enumerate() {
            if let Some(sequence) = self.sequences.get_mut(&id) {
                sequence.wait(ahead, self.state.wait(ahead, running));
            }
        }
        self.report();
    }

    /// Reads a batch, and lets each of its sequences choose its next tokens.
    fn step(&mut self) {
        let Self {
            scheduler, sequences, ..
        } = self;
        let reads = scheduler.plan(|id, tokens, room| {
            let sequence = sequences.get_mut(&id);
            sequence.map_or(vec![], |sequence| sequence.draft(tokens, room))
        });
        if reads.is_empty() {
            return;
        }
        let begun = Instant::now();
        for read in &reads {
            if let Some(sequence) = sequences.get_mut(&read.id) {
                sequence.start(read.start, begun);
            }
        }
        generation_metrics::step(&self.shared.name, reads.len());
        let chunks: Vec<_> = reads.iter().map(|read| scheduler.chunk(read)).collect();
        // After a panic, as after any other failure, nothing in the storage is used again.
        let pass = catch_unwind(AssertUnwindSafe(|| self.model.forward(&chunks, &mut self.logits)));
        match pass.unwrap_or(Err(ModelError::Panicked)) {
            Ok(()) => self.emit(&reads, Instant::now()),
            Err(error) => self.fail(&error, &reads),
        }
    }

    /// Gives each sequence its rows.
    fn emit(&mut self, reads: &[Read], now: Instant) {
        let mut rows = std::mem::take(&mut self.logits);
        let mut taken = 0;
        for read in reads {
            let end = taken + read.logits * self.shared.vocabulary;
            self.settle(read, &mut rows[taken..end], now);
            taken = end;
        }
        self.logits = rows;
    }

    fn settle(&mut self, read: &Read, rows: &mut [f32], now: Instant) {
        let Some(sequence) = self.sequences.get_mut(&read.id) else {
            return;
        };
        if !read.decodes {
            sequence.read(read.start + read.count, read.cached);
        }
        if rows.is_empty() {
            return self.scheduler.advance(read.id, &[]);
        }
        if !read.decodes {
            sequence.prompt_read(now);
        }
        let output = sequence.sample(rows, self.scheduler.draft(read.id), now, &self.shared);
        self.scheduler.advance(read.id, &output.tokens);
        if let Some(reason) = output.end {
            self.retire(read.id, reason, now);
        }
    }

    /// Ends all running sequences, and forgets all stored keys and values, which may be wrong.
    fn fail(&mut self, error: &ModelError, reads: &[Read]) {
        let running: Vec<u64> = self.scheduler.running().collect();
        tracing::error!(
            %error,
            generations = running.len(),
            tokens = reads.iter().map(|read| read.count).sum::<usize>(),
            "The chat model failed in the middle of a step; the running generations were ended."
        );
        let now = Instant::now();
        for id in running {
            self.retire(id, Reason::Error, now);
        }
        self.scheduler.forget_blocks();
        self.report();
    }

    /// Ends a sequence.
    fn retire(&mut self, id: u64, reason: Reason, now: Instant) {
        self.scheduler.remove(id);
        let Some(sequence) = self.sequences.remove(&id) else {
            return;
        };
        // Generations that were cut short do not show how long others take.
        let cut_short = matches!(reason, Reason::Cancelled | Reason::Error);
        let running_time = sequence.running_time(now).filter(|_| !cut_short);
        let (events, finished) = sequence.end(reason, now);
        generation_metrics::finished(&self.shared.name, &finished);
        self.report();
        self.state.retire(running_time);
        // The last event is sent after the place is free: a client that reads it may send a request at once.
        let _ = events.try_send(GenerationEvent::Finished(finished));
    }

    /// Updates the metrics of running and waiting generations and of stored bytes.
    fn report(&self) {
        let (running, waiting) = (self.scheduler.running().count(), self.scheduler.waiting().count());
        generation_metrics::running_and_waiting(running, waiting);
        let block_bytes = self.model.shape().block_bytes;
        generation_metrics::kv_bytes(self.scheduler.occupied_blocks() * block_bytes);
    }
}
