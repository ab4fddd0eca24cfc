//! The storage of keys and values as numbered blocks: which sequences hold a block, which tokens it contains, and which
//! blocks are evicted when room is needed.
//!
//! In: tokens and block numbers. Out: block numbers. Pure: no tensors and no clock; it lives on the engine's thread.
//! Only [`BlockPool::allocate`] can fail, if all blocks are held.
//!
//! A block is *free*, *held* by one or more sequences, or *kept*. No sequence holds a kept block, but its tokens and
//! the tokens before them are known, so that a prompt with the same beginning finds it. When no block is free, kept
//! blocks are evicted one by one, the least recently used first. A block is never evicted before the blocks that follow
//! it: every block that can be found can be reached from a sequence's first token.

use std::collections::{BTreeSet, HashMap};

use super::model::BLOCK;

/// The exact content of a full block. Blocks are compared by their content and not by its hash, so that nobody can
/// construct a prompt that finds the keys and values of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Content {
    /// The block with the tokens before these; `None` at the beginning of a sequence. While a block is known, its
    /// parent is known, too, so the number identifies all tokens before.
    parent: Option<u32>,
    tokens: [u32; BLOCK],
}

#[derive(Debug, Clone, Default)]
struct Block {
    /// How many sequences hold it.
    holders: usize,
    /// The content by which it is found; `None` before it is full.
    content: Option<Content>,
    /// How many known blocks have it as their parent.
    children: usize,
    /// The time when its last holder released it.
    released: u64,
}

/// All blocks of a model's storage.
#[derive(Debug)]
pub(super) struct BlockPool {
    blocks: Vec<Block>,
    /// Blocks that are neither held nor known; the last one is handed out next.
    free: Vec<u32>,
    known: HashMap<Content, u32>,
    /// Kept blocks that no known block follows, by the time of their release.
    evictable: BTreeSet<(u64, u32)>,
    held: usize,
    /// The number of releases, which serves as a clock.
    time: u64,
}

impl BlockPool {
    /// A pool of `count` free blocks, numbered from 0.
    pub(super) fn new(count: usize) -> Self {
        let count = u32::try_from(count).expect("the engine limits the number of blocks");
        Self {
            blocks: vec![Block::default(); count as usize],
            // Low numbers are handed out first, so that storage that is not needed is never written.
            free: (0..count).rev().collect(),
            known: HashMap::new(),
            evictable: BTreeSet::new(),
            held: 0,
            time: 0,
        }
    }

    /// Blocks that [`BlockPool::allocate`] can still hand out.
    pub(super) fn available(&self) -> usize {
        self.blocks.len() - self.held
    }

    /// Blocks that are held or kept.
    pub(super) fn occupied(&self) -> usize {
        self.blocks.len() - self.free.len()
    }

    /// Hands out a block. If none is free, evicts the least recently used one. `None` if all are held.
    pub(super) fn allocate(&mut self) -> Option<u32> {
        let block = self.free.pop().or_else(|| self.evict())?;
        self.blocks[block as usize].holders = 1;
        self.held += 1;
        Some(block)
    }

    /// The block that contains `tokens` (a full block of them) after those up to `parent`; the caller then holds it.
    pub(super) fn find(&mut self, parent: Option<u32>, tokens: &[u32]) -> Option<u32> {
        let block = *self.known.get(&content(parent, tokens))?;
        self.hold(block);
        Some(block)
    }

    /// Publishes the content of `block`, so that others can find it: `tokens`, a full block of them, after those up to
    /// `parent`. Returns the block to use from now on: if the same content was published before, its block is held
    /// instead, and `block` is released.
    ///
    /// The caller holds both `block` and `parent`, and nothing is written to `block` any more.
    pub(super) fn publish(&mut self, block: u32, parent: Option<u32>, tokens: &[u32]) -> u32 {
        if let Some(same) = self.find(parent, tokens) {
            self.release(&[block]);
            return same;
        }
        let content = content(parent, tokens);
        if let Some(parent) = parent {
            self.blocks[parent as usize].children += 1;
        }
        self.blocks[block as usize].content = Some(content);
        self.known.insert(content, block);
        block
    }

    /// Releases a sequence's blocks, given in the sequence's order.
    pub(super) fn release(&mut self, blocks: &[u32]) {
        // The end of a sequence is less useful to others than its beginning, so it counts as released earlier.
        for &number in blocks.iter().rev() {
            let block = &mut self.blocks[number as usize];
            block.holders -= 1;
            if block.holders > 0 {
                continue;
            }
            self.held -= 1;
            if block.content.is_none() {
                self.free.push(number);
                continue;
            }
            self.time += 1;
            block.released = self.time;
            if block.children == 0 {
                self.evictable.insert((self.time, number));
            }
        }
    }

    fn hold(&mut self, number: u32) {
        let block = &mut self.blocks[number as usize];
        if block.holders == 0 {
            self.evictable.remove(&(block.released, number));
            self.held += 1;
        }
        block.holders += 1;
    }

    /// Evicts the least recently used block that no known block follows.
    fn evict(&mut self) -> Option<u32> {
        let (_, number) = self.evictable.pop_first()?;
        let content = self.blocks[number as usize].content.take()?;
        self.known.remove(&content);
        if let Some(parent) = content.parent {
            let block = &mut self.blocks[parent as usize];
            block.children -= 1;
            if block.children == 0 && block.holders == 0 {
                self.evictable.insert((block.released, parent));
            }
        }
        Some(number)
    }
}

fn content(parent: Option<u32>, tokens: &[u32]) -> Content {
    let tokens = tokens.try_into().expect("a full block of tokens");
    Content { parent, tokens }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl BlockPool {
        /// Checks the invariants that hold between two calls.
        ///
        /// # Panics
        /// If one of them is violated.
        pub(crate) fn check(&self) {
            let count = |is: fn(&Block) -> bool| self.blocks.iter().filter(|block| is(block)).count();
            assert_eq!(self.held, count(|block| block.holders > 0));
            assert_eq!(self.known.len(), count(|block| block.content.is_some()));
            assert_eq!(
                self.free.len(),
                count(|block| block.holders == 0 && block.content.is_none())
            );
            let last = |block: &Block| block.holders == 0 && block.content.is_some() && block.children == 0;
            assert_eq!(self.evictable.len(), count(last));
            for (number, block) in (0..).zip(&self.blocks) {
                let Some(content) = block.content else { continue };
                assert_eq!(self.known.get(&content), Some(&number));
                let Some(parent) = content.parent else { continue };
                let parent = &self.blocks[parent as usize];
                assert!(
                    parent.content.is_some(),
                    "{number} can be found, but its parent cannot"
                );
                assert!(
                    parent.holders >= block.holders,
                    "{number} is held without its parent"
                );
            }
        }
    }

    fn tokens(of: u32) -> [u32; BLOCK] {
        [of; BLOCK]
    }

    /// Reads a sequence of full blocks, each of one repeated token, as a block table does; returns the held blocks.
    fn read(pool: &mut BlockPool, sequence: &[u32]) -> Vec<u32> {
        let mut held: Vec<u32> = vec![];
        for token in sequence {
            let parent = held.last().copied();
            let block = pool.find(parent, &tokens(*token)).unwrap_or_else(|| {
                let block = pool.allocate().expect("room");
                pool.publish(block, parent, &tokens(*token))
            });
            held.push(block);
        }
        held
    }

    #[test]
    fn blocks_are_shared_only_if_all_tokens_before_are_the_same() {
        let mut pool = BlockPool::new(8);
        let first = read(&mut pool, &[1, 2, 3]);
        let second = read(&mut pool, &[1, 2, 4]);
        assert_eq!(first[..2], second[..2]);
        assert_ne!(first[2], second[2]);
        assert_eq!((pool.occupied(), pool.available()), (4, 4));
        let elsewhere = read(&mut pool, &[2, 1]);
        assert!(!elsewhere.iter().any(|block| first.contains(block)));
        pool.check();
    }

    #[test]
    fn content_that_is_published_twice_is_kept_once() {
        let mut pool = BlockPool::new(4);
        let [one, two] = [(); 2].map(|()| pool.allocate().expect("a block"));
        assert_eq!(pool.publish(one, None, &tokens(7)), one);
        assert_eq!(pool.publish(two, None, &tokens(7)), one);
        assert_eq!((pool.occupied(), pool.available()), (1, 3));
        pool.release(&[one]);
        pool.release(&[one]);
        assert_eq!((pool.occupied(), pool.available()), (1, 4));
        pool.check();
    }

    #[test]
    fn the_end_of_the_least_recently_used_sequence_is_evicted_first_and_held_blocks_stay() {
        let mut pool = BlockPool::new(6);
        let [old, new] = [[1, 2, 3], [1, 5, 6]].map(|sequence| read(&mut pool, &sequence));
        pool.release(&old);
        pool.release(&new);
        // One block is free; the others are evicted in this order: the end of the old one, its middle, the end of the
        // new one.
        let taken: Vec<u32> = (0..4).map(|_| pool.allocate().expect("room")).collect();
        assert_eq!(taken[1..], [old[2], old[1], new[2]]);
        assert_eq!(
            pool.find(None, &tokens(1)),
            Some(old[0]),
            "the beginning is still known"
        );
        pool.check();
        assert_eq!(pool.allocate(), Some(new[1]));
        assert_eq!(pool.allocate(), None, "everything is held");
        pool.check();
    }

    proptest! {
        #[test]
        fn the_pool_finds_only_blocks_with_the_same_tokens(
            steps in prop::collection::vec((any::<bool>(), prop::collection::vec(0_u32..3, 1..4), 0_usize..8), 1..80),
        ) {
            let mut pool = BlockPool::new(12);
            // The tokens that each block was last filled with, from the beginning of its sequence on.
            let mut written: Vec<Vec<u32>> = vec![vec![]; 12];
            let mut held: Vec<Vec<u32>> = vec![];
            for (reads, sequence, which) in steps {
                if !reads || pool.available() < sequence.len() {
                    if !held.is_empty() {
                        let gone = held.swap_remove(which % held.len());
                        pool.release(&gone);
                    }
                } else {
                    let mut blocks: Vec<u32> = vec![];
                    for (at, token) in sequence.iter().enumerate() {
                        let parent = blocks.last().copied();
                        let found = pool.find(parent, &tokens(*token));
                        if let Some(block) = found {
                            prop_assert_eq!(&written[block as usize], &sequence[..=at]);
                        }
                        let block = found.unwrap_or_else(|| {
                            let block = pool.allocate().expect("there was room");
                            written[block as usize] = sequence[..=at].to_vec();
                            pool.publish(block, parent, &tokens(*token))
                        });
                        blocks.push(block);
                    }
                    held.push(blocks);
                }
                pool.check();
            }
        }
    }
}
