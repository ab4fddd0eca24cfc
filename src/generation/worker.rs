//! The engine's thread: receive → admit → step → emit → retire, until the last handle is gone and all has ended.
//!
//! In: accepted requests. Out: their events. It owns the model and all sequences; the [`super::scheduler`] decides
//! who is in a step. A model that fails ends the sequences that ran, with [`Reason::Error`]; those that wait, and
//! those that come later, are served as if nothing had been.

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

/// What the thread owns.
pub struct Worker {
    jobs: Receiver<GenerationJob>,
    state: Arc<EngineState>,
    model: Box<dyn Model>,
    shared: Shared,
    scheduler: Scheduler,
    /// All that wait and run, by the numbers that the scheduler knows them by.
    sequences: BTreeMap<u64, Sequence>,
    next_id: u64,
    /// The rows of the last step, kept for their memory.
    logits: Vec<f32>,
}

impl Worker {
    /// A worker over a model whose storage has been reserved.
    pub fn new(
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

    /// Works until there is nothing left to do, now or ever.
    pub fn run(mut self) {
        while self.receive() {
            self.sweep();
            self.admit();
            self.step();
        }
    }

    /// Takes in what was submitted; waits for it if there is nothing else to do. False at the end.
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

    /// Ends those whose client left or whose time is up, also while they wait.
    fn sweep(&mut self) {
        let now = Instant::now();
        let over = |(id, sequence): (&u64, &Sequence)| Some((*id, sequence.is_over(now)?));
        let over: Vec<(u64, Reason)> = self.sequences.iter().filter_map(over).collect();
        for (id, reason) in over {
            self.retire(id, reason, now);
        }
    }

    /// Lets those run whose turn it is, and tells the others how many go first.
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

    /// Reads a batch, and lets each of its sequences say what follows.
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
        // What a panic leaves in the storage is forgotten, as after any other failure.
        let pass = catch_unwind(AssertUnwindSafe(|| self.model.forward(&chunks, &mut self.logits)));
        match pass.unwrap_or(Err(ModelError::Panicked)) {
            Ok(()) => self.emit(&reads, Instant::now()),
            Err(error) => self.fail(&error, &reads),
        }
    }

    /// Hands each sequence its rows.
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
        let said = sequence.hear(rows, self.scheduler.draft(read.id), now, &self.shared);
        self.scheduler.advance(read.id, &said.tokens);
        if let Some(reason) = said.end {
            self.retire(read.id, reason, now);
        }
    }

    /// Ends all that ran, and trusts nothing that is stored.
    fn fail(&mut self, error: &ModelError, reads: &[Read]) {
        let running: Vec<u64> = self.scheduler.running().collect();
        tracing::error!(
            %error,
            generations = running.len(),
            tokens = reads.iter().map(|read| read.count).sum::<usize>(),
            "The chat model failed in the middle of a step; the generations that ran were ended and their clients told."
        );
        let now = Instant::now();
        for id in running {
            self.retire(id, Reason::Error, now);
        }
        self.scheduler.forget_blocks();
        self.report();
    }

    /// The end of one.
    fn retire(&mut self, id: u64, reason: Reason, now: Instant) {
        self.scheduler.remove(id);
        let Some(sequence) = self.sequences.remove(&id) else {
            return;
        };
        // Those that were cut short say nothing of how long the others take.
        let cut_short = matches!(reason, Reason::Cancelled | Reason::Error);
        let service = sequence.service(now).filter(|_| !cut_short);
        let (events, finished) = sequence.end(reason, now);
        generation_metrics::finished(&self.shared.name, &finished);
        self.report();
        self.state.retire(service);
        // The last event comes after the place is free: whoever reads it may ask again at once.
        let _ = events.try_send(GenerationEvent::Finished(finished));
    }

    /// Tells the metrics who runs, who waits and what is stored.
    fn report(&self) {
        let (running, waiting) = (self.scheduler.running().count(), self.scheduler.waiting().count());
        generation_metrics::population(running, waiting);
        let block_bytes = self.model.shape().block_bytes;
        generation_metrics::kv_bytes(self.scheduler.occupied_blocks() * block_bytes);
    }
}
