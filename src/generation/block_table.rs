//! One sequence as the scheduler sees it: its tokens, how many of them have been read, and the blocks they are in.
//!
//! Pure, like [`super::block_pool`]; it lives on the engine's thread. Nothing here fails: a track is admitted only when
//! the blocks that it can need at most are there, and takes them one by one as it grows.

use super::block_pool::BlockPool;
use super::model::BLOCK;

/// A sequence that waits or runs.
#[derive(Debug)]
pub struct BlockTable {
    /// What the engine calls it.
    pub id: u64,
    /// The prompt, what was said after it, and last a draft of `drafted` tokens while a step verifies one.
    tokens: Vec<u32>,
    prompt: usize,
    /// The most tokens that prompt and answer can have together.
    most: usize,
    /// So many of the tokens have their keys and values in the blocks.
    read: usize,
    drafted: usize,
    /// Tokens that the step under way reads, the draft included.
    reading: usize,
    blocks: Vec<u32>,
    /// So many of the blocks are known to the pool.
    published: usize,
    /// Tokens that were found in the pool, not read.
    cached: usize,
}

impl BlockTable {
    /// A sequence that has read nothing. `max_tokens` has been cut to what the context can hold.
    pub fn new(id: u64, prompt: Vec<u32>, max_tokens: usize) -> Self {
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
    pub fn decodes(&self) -> bool {
        self.read >= self.prompt
    }

    /// Blocks that it may still take.
    pub fn promised(&self) -> usize {
        // The last token that is said is never read.
        (self.most - 1).div_ceil(BLOCK) - self.blocks.len()
    }

    /// The prompt and what was said after it, and a draft where one is being verified.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The draft that the step under way verifies.
    pub fn draft(&self) -> &[u32] {
        &self.tokens[self.tokens.len() - self.drafted..]
    }

    /// The blocks that hold its tokens, in order.
    pub fn blocks(&self) -> &[u32] {
        &self.blocks
    }

    /// Tokens read, or found in the pool.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Tokens found in the pool.
    pub fn cached(&self) -> usize {
        self.cached
    }

    /// Prompt tokens that have not been read.
    pub fn unread(&self) -> usize {
        self.prompt.saturating_sub(self.read)
    }

    /// The most tokens that a draft can have and still be of use.
    pub fn draft_room(&self) -> usize {
        // A step says one token more than it verifies.
        self.most.saturating_sub(self.tokens.len() + 1)
    }

    /// Takes over blocks that the pool knows, as long as they go on where this one is. At least the last token of
    /// the prompt is left to read, because its logits choose the first token that is said.
    pub fn reuse(&mut self, pool: &mut BlockPool) {
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

    /// Whether the step under way lets `other` fill the block that this one needs next.
    pub fn follows(&self, other: &BlockTable) -> bool {
        let end = self.read + BLOCK;
        self.next_block().is_some()
            && other.read < end
            && end <= other.read + other.reading
            && other.tokens[..end] == self.tokens[..end]
    }

    /// The next tokens, where they fill a block that may be shared.
    fn next_block(&self) -> Option<&[u32]> {
        let (start, end) = (self.read, self.read + BLOCK);
        (start.is_multiple_of(BLOCK) && end < self.prompt).then(|| &self.tokens[start..end])
    }

    /// Begins a step that reads the token said last and verifies `draft`.
    pub fn begin_decode(&mut self, draft: &[u32], pool: &mut BlockPool) {
        self.tokens.extend_from_slice(draft);
        self.drafted = draft.len();
        self.begin(1 + draft.len(), pool);
    }

    /// Begins a step that reads the next `count` tokens.
    pub fn begin(&mut self, count: usize, pool: &mut BlockPool) {
        self.reading = count;
        while self.blocks.len() * BLOCK < self.read + count {
            let block = pool.allocate();
            self.blocks
                .push(block.expect("a track is admitted only with all its blocks"));
        }
    }

    /// Ends a step in which `said` was said: the draft's tokens as far as they were right, and then one more.
    pub fn advance(&mut self, said: &[u32], pool: &mut BlockPool) {
        let right = said.len().saturating_sub(1);
        self.read += self.reading - self.drafted + right;
        self.tokens.truncate(self.tokens.len() - self.drafted);
        self.tokens.extend_from_slice(said);
        (self.reading, self.drafted) = (0, 0);
        while (self.published + 1) * BLOCK <= self.read {
            let at = self.published;
            let parent = at.checked_sub(1).map(|before| self.blocks[before]);
            let tokens = &self.tokens[at * BLOCK..(at + 1) * BLOCK];
            self.blocks[at] = pool.publish(self.blocks[at], parent, tokens);
            self.published += 1;
        }
    }

    /// Lets go of all blocks; what was read has to be found or read again.
    pub fn release(&mut self, pool: &mut BlockPool) {
        pool.release(&self.blocks);
        self.blocks.clear();
        (self.read, self.published, self.cached) = (0, 0, 0);
    }
}
