//! Who waits, who runs, and what the next step reads.
//!
//! In: prompts, and after each step the tokens that were said. Out: for each step, which tokens of which sequences
//! to read as one batch. Pure: no clock, no tensors, no channels; it lives on the engine's thread. Nothing fails
//! here: a request that can never fit is refused before it comes here.
//!
//! *Admission* is first come, first served, and nobody overtakes. A sequence is admitted when all the blocks that it
//! can come to need are free or can be made free, so that no running sequence ever has to give way. What others
//! have read before it does not count, for it is shared.
//!
//! *A step* reads the last token of every sequence that speaks, with a draft of what it may say next, and as much of
//! the prompts as its budget allows, again first come, first served.

use std::collections::VecDeque;

use super::block_pool::BlockPool;
use super::block_table::BlockTable;
use super::model::{BLOCK, Chunk};

/// Prompt tokens that a step reads while nobody speaks: enough for the matrix products to run at full speed, few
/// enough that a client who left is noticed, and progress shown, a few times a second.
const ROWS_ALONE: usize = 256;
/// Rows that a step reads beside the last tokens of those who speak: drafts, then prompts. They make everybody's next
/// token late: by 0.1 seconds at 1,000 tokens a second.
const ROWS_BESIDE: usize = 96;
/// Of those, the rows that drafts may take, divided among all who speak: with many, the batch is large without them.
const ROWS_DRAFTED: usize = 32;

/// What a step reads of one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Whose tokens.
    pub id: u64,
    /// Tokens read, or found in the prefix cache, before.
    pub start: usize,
    /// Tokens to read; at least 1.
    pub count: usize,
    /// So many of the last ones get a row of logits.
    pub logits: usize,
    /// Of `start`, so many were found in the prefix cache.
    pub cached: usize,
    /// Whether it is the token said last, with a draft, and not part of a prompt.
    pub decodes: bool,
}

/// Waiting and running sequences, and the blocks that they share.
#[derive(Debug)]
pub struct Scheduler {
    waiting: VecDeque<BlockTable>,
    running: Vec<BlockTable>,
    max_running: usize,
    pool: BlockPool,
    block_count: usize,
}

impl Scheduler {
    /// Nobody yet; at most `max_running` (at least 1) will run at a time, in `blocks` blocks.
    pub fn new(max_running: usize, blocks: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            running: vec![],
            max_running,
            pool: BlockPool::new(blocks),
            block_count: blocks,
        }
    }

    /// Lets a sequence wait for its turn. Prompt and answer together have at most as many tokens as there is room
    /// for in all blocks.
    pub fn submit(&mut self, id: u64, prompt: Vec<u32>, max_tokens: usize) {
        let track = BlockTable::new(id, prompt, max_tokens);
        debug_assert!(track.promised() <= self.block_count, "it could never be admitted");
        self.waiting.push_back(track);
    }

    /// Admits those whose turn it is.
    pub fn admit(&mut self) {
        while self.running.len() < self.max_running
            && let Some(first) = self.waiting.front_mut()
        {
            first.reuse(&mut self.pool);
            let promised: usize = self.running.iter().map(BlockTable::promised).sum();
            if promised + first.promised() > self.pool.available() {
                first.release(&mut self.pool);
                return;
            }
            self.running.extend(self.waiting.pop_front());
        }
    }

    /// Those who wait, in the order of their turns.
    pub fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().map(|track| track.id)
    }

    /// Those who run.
    pub fn running(&self) -> impl Iterator<Item = u64> {
        self.running.iter().map(|track| track.id)
    }

    /// Begins a step. `draft` proposes what the sequence of that number may say next, given its tokens so far: at
    /// most so many tokens. Empty where nobody runs.
    pub fn plan(&mut self, mut draft: impl FnMut(u64, &[u32], usize) -> Vec<u32>) -> Vec<Read> {
        let speaking = self.running.iter().filter(|track| track.decodes()).count();
        let room = ROWS_DRAFTED / speaking.max(1);
        let mut reads = Vec::with_capacity(self.running.len());
        let mut budget = if speaking == 0 { ROWS_ALONE } else { ROWS_BESIDE };
        for track in self.running.iter_mut().filter(|track| track.decodes()) {
            let room = room.min(track.draft_room());
            let mut proposed = draft(track.id, track.tokens(), room);
            proposed.truncate(room);
            track.begin_decode(&proposed, &mut self.pool);
            budget -= proposed.len();
            reads.push(Read::new(track, 1 + proposed.len(), 1 + proposed.len()));
        }
        self.plan_prompts(budget, &mut reads);
        reads
    }

    /// Divides `budget` rows, at least [`BLOCK`], among the prompts that are not read to their ends.
    fn plan_prompts(&mut self, mut budget: usize, reads: &mut Vec<Read>) {
        for at in 0..self.running.len() {
            let (before, rest) = self.running.split_at_mut(at);
            let track = &mut rest[0];
            if track.decodes() {
                continue;
            }
            track.reuse(&mut self.pool);
            // What another sequence is about to read is found after this step.
            if before.iter().any(|other| track.follows(other)) {
                continue;
            }
            let left = track.unread();
            let count = match left <= budget {
                true => left,
                // Whole blocks, so that the next chunk begins with one and may find it in the pool.
                false => budget / BLOCK * BLOCK,
            };
            if count == 0 {
                return;
            }
            budget -= count;
            track.begin(count, &mut self.pool);
            reads.push(Read::new(track, count, usize::from(count == left)));
        }
    }

    /// What the model reads for `read`.
    pub fn chunk(&self, read: &Read) -> Chunk<'_> {
        let track = self.track(read.id);
        Chunk {
            blocks: track.blocks(),
            start: read.start,
            tokens: &track.tokens()[read.start..read.start + read.count],
            logits: read.logits,
        }
    }

    /// The draft of sequence `id` that the step verifies; may be empty.
    pub fn draft(&self, id: u64) -> &[u32] {
        self.track(id).draft()
    }

    /// Ends the step for sequence `id`, which said `said`: its draft's tokens as far as the model chose the same, and
    /// then the model's own choice. Empty in the middle of a prompt.
    pub fn advance(&mut self, id: u64, said: &[u32]) {
        let track = self.running.iter_mut().find(|track| track.id == id);
        track
            .expect("only those who run are read")
            .advance(said, &mut self.pool);
    }

    /// Forgets a sequence that has ended. What it has read stays known as long as there is room.
    pub fn remove(&mut self, id: u64) {
        self.waiting.retain(|track| track.id != id);
        if let Some(at) = self.running.iter().position(|track| track.id == id) {
            self.running.remove(at).release(&mut self.pool);
        }
    }

    /// Forgets all that was ever read, when the storage cannot be trusted any more. Nobody runs now.
    pub fn forget_blocks(&mut self) {
        debug_assert!(self.running.is_empty(), "what runs would lose its blocks");
        self.pool = BlockPool::new(self.block_count);
    }

    /// Blocks with keys and values in them, of running sequences or kept for later ones.
    pub fn occupied_blocks(&self) -> usize {
        self.pool.occupied()
    }

    fn track(&self, id: u64) -> &BlockTable {
        let track = self.running.iter().find(|track| track.id == id);
        track.expect("only those who run are read")
    }
}

impl Read {
    fn new(track: &BlockTable, count: usize, logits: usize) -> Self {
        Self {
            id: track.id,
            start: track.read(),
            count,
            logits,
            cached: track.cached(),
            decodes: track.decodes(),
        }
    }
}

#[cfg(test)]
mod tests;
