//! Which sequences wait, which run, and what the next step reads.
//!
//! In: prompts, and after each step the chosen tokens. Out: for each step, which tokens of which sequences are read as
//! one batch. Pure: no clock, no tensors, no channels; it lives on the engine's thread. Nothing fails here: a request
//! that can never fit is refused before.
//!
//! *Admission* is first come, first served; no sequence overtakes another. A sequence is admitted when all the blocks
//! that it may need are free or can be made free, so that a running sequence never has to be interrupted. Blocks that
//! others have filled with the same tokens do not count, because they are shared.
//!
//! *A step* reads the last token of every decoding sequence, with a draft of its next tokens, and as much of the
//! prompts as its budget allows, again first come, first served.

use std::collections::VecDeque;

use super::block_pool::BlockPool;
use super::block_table::BlockTable;
use super::model::{BLOCK, Chunk};

/// Prompt tokens that a step reads while no sequence decodes: enough for the matrix products to run at full speed, and
/// few enough for several steps a second: each shows progress and notices clients that left.
const ROWS_ALONE: usize = 256;
/// Rows that a step reads in addition to the last tokens of decoding sequences: drafts, then prompts. They delay the
/// next token of every sequence: by 0.1 seconds at 1,000 tokens a second.
const ROWS_BESIDE: usize = 96;
/// The part of [`ROWS_BESIDE`] that drafts may use, divided among the decoding sequences: if these are many, the batch
/// is large without drafts.
const ROWS_DRAFTED: usize = 32;

/// What a step reads from one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// The sequence.
    pub id: u64,
    /// Tokens that were read or found in the prefix cache before.
    pub start: usize,
    /// Tokens to read; at least 1.
    pub count: usize,
    /// How many of the last tokens get a row of logits.
    pub logits: usize,
    /// How many of the first `start` tokens were found in the prefix cache.
    pub cached: usize,
    /// Whether the tokens are the last chosen token with a draft, and not a part of a prompt.
    pub decodes: bool,
}

/// Waiting and running sequences, and the blocks that they share.
#[derive(Debug)]
pub(super) struct Scheduler {
    waiting: VecDeque<BlockTable>,
    running: Vec<BlockTable>,
    max_running: usize,
    pool: BlockPool,
    block_count: usize,
}

impl Scheduler {
    /// No sequences yet; at most `max_running` (at least 1) will run at a time, in `blocks` blocks.
    pub(super) fn new(max_running: usize, blocks: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            running: vec![],
            max_running,
            pool: BlockPool::new(blocks),
            block_count: blocks,
        }
    }

    /// Puts a sequence at the end of the queue. Prompt and answer together must fit into all blocks.
    pub(super) fn submit(&mut self, id: u64, prompt: Vec<u32>, max_tokens: usize) {
        let table = BlockTable::new(id, prompt, max_tokens);
        debug_assert!(table.promised() <= self.block_count, "it could never be admitted");
        self.waiting.push_back(table);
    }

    /// Admits waiting sequences, in order, as long as there is room.
    pub(super) fn admit(&mut self) {
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

    /// The waiting sequences, in the order of the queue.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().map(|table| table.id)
    }

    /// The running sequences.
    pub(super) fn running(&self) -> impl Iterator<Item = u64> {
        self.running.iter().map(|table| table.id)
    }

    /// Begins a step. `draft(id, tokens, room)` proposes at most `room` tokens that may come after the `tokens` of
    /// sequence `id`. The result is empty if no sequence runs.
    pub(super) fn plan(&mut self, mut draft: impl FnMut(u64, &[u32], usize) -> Vec<u32>) -> Vec<Read> {
        let decoding = self.running.iter().filter(|table| table.decodes()).count();
        let room = ROWS_DRAFTED / decoding.max(1);
        let mut reads = Vec::with_capacity(self.running.len());
        let mut budget = if decoding == 0 { ROWS_ALONE } else { ROWS_BESIDE };
        for table in self.running.iter_mut().filter(|table| table.decodes()) {
            let room = room.min(table.draft_room());
            let mut proposed = draft(table.id, table.tokens(), room);
            proposed.truncate(room);
            table.begin_decode(&proposed, &mut self.pool);
            budget -= proposed.len();
            reads.push(Read::new(table, 1 + proposed.len(), 1 + proposed.len()));
        }
        self.plan_prompts(budget, &mut reads);
        reads
    }

    /// Divides `budget` rows, at least [`BLOCK`], among the prompts that are not completely read.
    fn plan_prompts(&mut self, mut budget: usize, reads: &mut Vec<Read>) {
        for at in 0..self.running.len() {
            let (before, rest) = self.running.split_at_mut(at);
            let table = &mut rest[0];
            if table.decodes() {
                continue;
            }
            table.reuse(&mut self.pool);
            // Another sequence is about to read the same block: it will be found after this step.
            if before.iter().any(|other| table.follows(other)) {
                continue;
            }
            let left = table.unread();
            let count = match left <= budget {
                true => left,
                // Whole blocks, so that the next chunk begins with a block, which may be in the pool by then.
                false => budget / BLOCK * BLOCK,
            };
            if count == 0 {
                return;
            }
            budget -= count;
            table.begin(count, &mut self.pool);
            reads.push(Read::new(table, count, usize::from(count == left)));
        }
    }

    /// The chunk that the model reads for `read`.
    pub(super) fn chunk(&self, read: &Read) -> Chunk<'_> {
        let table = self.table(read.id);
        Chunk {
            blocks: table.blocks(),
            start: read.start,
            tokens: &table.tokens()[read.start..read.start + read.count],
            logits: read.logits,
        }
    }

    /// The draft of sequence `id` that the step verifies; may be empty.
    pub(super) fn draft(&self, id: u64) -> &[u32] {
        self.table(id).draft()
    }

    /// Ends the step for sequence `id`. `chosen` is its draft as far as the model chose the same tokens, and then one
    /// more token; empty in the middle of a prompt.
    pub(super) fn advance(&mut self, id: u64, chosen: &[u32]) {
        let table = self.running.iter_mut().find(|table| table.id == id);
        table
            .expect("only running sequences are read")
            .advance(chosen, &mut self.pool);
    }

    /// Removes a sequence that has ended. Its full blocks stay in the pool as long as there is room.
    pub(super) fn remove(&mut self, id: u64) {
        self.waiting.retain(|table| table.id != id);
        if let Some(at) = self.running.iter().position(|table| table.id == id) {
            self.running.remove(at).release(&mut self.pool);
        }
    }

    /// Forgets all stored blocks, because the model failed and they may be wrong. No sequence runs now.
    pub(super) fn forget_blocks(&mut self) {
        debug_assert!(
            self.running.is_empty(),
            "a running sequence would lose its blocks"
        );
        self.pool = BlockPool::new(self.block_count);
    }

    /// Blocks with keys and values in them, of running sequences or kept for later ones.
    pub(super) fn occupied_blocks(&self) -> usize {
        self.pool.occupied()
    }

    fn table(&self, id: u64) -> &BlockTable {
        let table = self.running.iter().find(|table| table.id == id);
        table.expect("only running sequences are read")
    }
}

impl Read {
    fn new(table: &BlockTable, count: usize, logits: usize) -> Self {
        Self {
            id: table.id,
            start: table.read(),
            count,
            logits,
            cached: table.cached(),
            decodes: table.decodes(),
        }
    }
}

#[cfg(test)]
mod tests;
