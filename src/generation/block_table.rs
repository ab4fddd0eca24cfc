//! One sequence as the scheduler sees it: its tokens, how many of them have been read, and the blocks they are in.
//!
//! Pure, like [`super::block_pool`]; it lives on the engine's thread. Nothing here fails: a sequence is admitted only
//! when all the blocks that it may need are available, and takes them one by one as it grows.

use super::block_pool::BlockPool;
use super::model::BLOCK;

/// A sequence that waits or runs.
#[derive(Debug)]
pub(super) struct BlockTable {
    /// The engine's id of the sequence.
    pub id: u64,
    /// The prompt, the answer so far, and a draft of `drafted` tokens while a step verifies one.
    tokens: Vec<u32>,
    prompt: usize,
    /// The most tokens that prompt and answer can have together.
    most: usize,
    /// How many tokens have their keys and values in the blocks.
    read: usize,
    drafted: usize,
    /// Tokens that the current step reads, including the draft.
    reading: usize,
    blocks: Vec<u32>,
    /// How many blocks are published in the pool.
    published: usize,
    /// Tokens that were found in the pool, not read.
    cached: usize,
}

impl BlockTable {
    /// A sequence that has read nothing. `max_tokens` has been reduced to the room in the context.
    pub(super) fn new(id: u64, prompt: Vec<u32>, max_tokens: usize) -> Self {
        Self {
            id,
            prompt: prompt.len(),
            most: prompt.len() + max_tokens.max(1),
            tokens: prompt,
            read: 0,
            drafted: 0,
            reading: 0,
            blocks: vec![],
            published: 0,
            cached: 0,
        }
    }

    /// Whether the prompt has been read.
    pub(super) fn decodes(&self) -> bool {
        self.read >= self.prompt
    }

    /// The most blocks that it may still take.
    pub(super) fn promised(&self) -> usize {
        // The last token of the answer is never read.
        (self.most - 1).div_ceil(BLOCK) - self.blocks.len()
    }

    /// The prompt, the answer so far, and a draft if one is being verified.
    pub(super) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The draft that the current step verifies.
    pub(super) fn draft(&self) -> &[u32] {
        &self.tokens[self.tokens.len() - self.drafted..]
    }

    /// The blocks that hold its tokens, in order.
    pub(super) fn blocks(&self) -> &[u32] {
        &self.blocks
    }

    /// Tokens read, or found in the pool.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// Tokens found in the pool.
    pub(super) fn cached(&self) -> usize {
        self.cached
    }

    /// Prompt tokens that have not been read.
    pub(super) fn unread(&self) -> usize {
        self.prompt.saturating_sub(self.read)
    }

    /// The most tokens that a draft can usefully have.
    pub(super) fn draft_room(&self) -> usize {
        // A step gives one token more than it verifies.
        self.most.saturating_sub(self.tokens.len() + 1)
    }

    /// Takes blocks from the pool that contain the next tokens, as long as there are any. At least the last token of
    /// the prompt is left to read, because its logits choose the first token of the answer.
    pub(super) fn reuse(&mut self, pool: &mut BlockPool) {
        while let Some(next) = self.next_block() {
            let Some(block) = pool.find(self.blocks.last().copied(), next) else {
                return;
            };
            self.blocks.push(block);
            self.read += BLOCK;
            self.published += 1;
            self.cached += BLOCK;
        }
    }

    /// Whether in the current step `other` fills the block that this sequence needs next.
    pub(super) fn follows(&self, other: &BlockTable) -> bool {
        let end = self.read + BLOCK;
        self.next_block().is_some()
            && other.read < end
            && end <= other.read + other.reading
            && other.tokens[..end] == self.tokens[..end]
    }

    /// The tokens of the next block, if it may be shared.
    fn next_block(&self) -> Option<&[u32]> {
        let (start, end) = (self.read, self.read + BLOCK);
        (start.is_multiple_of(BLOCK) && end < self.prompt).then(|| &self.tokens[start..end])
    }

    /// Begins a step that reads the last token and verifies `draft`.
    pub(super) fn begin_decode(&mut self, draft: &[u32], pool: &mut BlockPool) {
        self.tokens.extend_from_slice(draft);
        self.drafted = draft.len();
        self.begin(1 + draft.len(), pool);
    }

    /// Begins a step that reads the next `count` tokens.
    pub(super) fn begin(&mut self, count: usize, pool: &mut BlockPool) {
        self.reading = count;
        while self.blocks.len() * BLOCK < self.read + count {
            let block = pool.allocate();
            self.blocks
                .push(block.expect("a sequence is admitted only if all its blocks are available"));
        }
    }

    /// Ends a step. `chosen` is the draft as far as the model chose the same tokens, and then one more token.
    pub(super) fn advance(&mut self, chosen: &[u32], pool: &mut BlockPool) {
        let right = chosen.len().saturating_sub(1);
        self.read += self.reading - self.drafted + right;
        self.tokens.truncate(self.tokens.len() - self.drafted);
        self.tokens.extend_from_slice(chosen);
        (self.reading, self.drafted) = (0, 0);
        while (self.published + 1) * BLOCK <= self.read {
            let at = self.published;
            let parent = at.checked_sub(1).map(|before| self.blocks[before]);
            let tokens = &self.tokens[at * BLOCK..(at + 1) * BLOCK];
            self.blocks[at] = pool.publish(self.blocks[at], parent, tokens);
            self.published += 1;
        }
    }

    /// Releases all blocks; their tokens have to be found in the pool or read again.
    pub(super) fn release(&mut self, pool: &mut BlockPool) {
        pool.release(&self.blocks);
        self.blocks.clear();
        (self.read, self.published, self.cached) = (0, 0, 0);
    }
}
