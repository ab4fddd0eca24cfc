//! The storage of keys and values as numbered blocks: who holds which, what is known to be in them, and which are
//! forgotten when room is needed.
//!
//! In: tokens and block numbers. Out: block numbers. Pure: no tensors and no clock; it lives on the engine's thread
//! and cannot fail but for [`BlockPool::allocate`], which says when everything is held.
//!
//! A block is *free*, *held* by one sequence or several, or *kept*: held by nobody, but known to contain certain
//! tokens after certain others, so that a prompt that begins the same way finds it. Kept blocks are forgotten one by
//! one, the least recently used first, when no free block is left. A block is never forgotten before the blocks that
//! follow it: what can be found can always be found from a sequence's first token on.

use std::collections::{BTreeSet, HashMap};

use super::model::BLOCK;

/// What a full block contains, exactly. Blocks are compared by this and not by a hash of it, so that no prompt can
/// be made to find another's keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Content {
    /// The block with the tokens before these; `None` at the beginning of a sequence. While a block is known its
    /// parent is too, so the number stands for all tokens before.
    parent: Option<u32>,
    tokens: [u32; BLOCK],
}

#[derive(Debug, Clone, Default)]
struct Block {
    /// Sequences that hold it.
    holders: usize,
    /// What it is found by, once it is full.
    content: Option<Content>,
    /// Known blocks whose parent it is.
    children: usize,
    /// When its last holder let it go.
    released: u64,
}

/// All blocks of a model's storage.
#[derive(Debug)]
pub struct BlockPool {
    blocks: Vec<Block>,
    /// Neither held nor known; the next to be handed out comes last.
    free: Vec<u32>,
    known: HashMap<Content, u32>,
    /// Kept blocks that nothing known follows, by the time of their release.
    spare: BTreeSet<(u64, u32)>,
    held: usize,
    /// Counts releases.
    time: u64,
}

impl BlockPool {
    /// Free blocks, numbered from 0.
    pub fn new(count: usize) -> Self {
        let count = u32::try_from(count).expect("the engine limits the number of blocks");
        Self {
            blocks: vec![Block::default(); count as usize],
            // Low numbers first, so that storage that was never needed is never touched.
            free: (0..count).rev().collect(),
            known: HashMap::new(),
            spare: BTreeSet::new(),
            held: 0,
            time: 0,
        }
    }

    /// Blocks that [`BlockPool::allocate`] can still hand out.
    pub fn available(&self) -> usize {
        self.blocks.len() - self.held
    }

    /// Blocks with something in them: held or kept.
    pub fn occupied(&self) -> usize {
        self.blocks.len() - self.free.len()
    }

    /// Hands out a block, forgetting the least recently used where none is free. `None` when all are held.
    pub fn allocate(&mut self) -> Option<u32> {
        let block = self.free.pop().or_else(|| self.forget())?;
        self.blocks[block as usize].holders = 1;
        self.held += 1;
        Some(block)
    }

    /// The block that contains `tokens` (a full block of them) after those up to `parent`; whoever asks now holds it.
    pub fn find(&mut self, parent: Option<u32>, tokens: &[u32]) -> Option<u32> {
        let block = *self.known.get(&content(parent, tokens))?;
        self.hold(block);
        Some(block)
    }

    /// Makes known what `block` contains, for others to find: `tokens`, a full block of them, after those up to
    /// `parent`. Gives the block to use from now on: where the same content was known before, that block is held
    /// instead and `block` let go.
    ///
    /// The caller holds both `block` and `parent`, and nobody writes into `block` any more.
    pub fn publish(&mut self, block: u32, parent: Option<u32>, tokens: &[u32]) -> u32 {
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

    /// Lets go of a sequence's blocks, given in the sequence's order.
    pub fn release(&mut self, blocks: &[u32]) {
        // The end of a sequence is of less use to others than its beginning, so it is the older one.
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
                self.spare.insert((self.time, number));
            }
        }
    }

    fn hold(&mut self, number: u32) {
        let block = &mut self.blocks[number as usize];
        if block.holders == 0 {
            self.spare.remove(&(block.released, number));
            self.held += 1;
        }
        block.holders += 1;
    }

    /// Forgets the least recently used block that nothing follows.
    fn forget(&mut self) -> Option<u32> {
        let (_, number) = self.spare.pop_first()?;
        let content = self.blocks[number as usize].content.take()?;
        self.known.remove(&content);
        if let Some(parent) = content.parent {
            let block = &mut self.blocks[parent as usize];
            block.children -= 1;
            if block.children == 0 && block.holders == 0 {
                self.spare.insert((block.released, parent));
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
        /// Checks what must hold between two calls.
        ///
        /// # Panics
        /// Where it does not.
        pub fn check(&self) {
            let count = |is: fn(&Block) -> bool| self.blocks.iter().filter(|block| is(block)).count();
            assert_eq!(self.held, count(|block| block.holders > 0));
            assert_eq!(self.known.len(), count(|block| block.content.is_some()));
            assert_eq!(
                self.free.len(),
                count(|block| block.holders == 0 && block.content.is_none())
            );
            let last = |block: &Block| block.holders == 0 && block.content.is_some() && block.children == 0;
            assert_eq!(self.spare.len(), count(last));
            for (number, block) in (0..).zip(&self.blocks) {
                let Some(content) = block.content else { continue };
                assert_eq!(self.known.get(&content), Some(&number));
                let Some(parent) = content.parent else { continue };
                let parent = &self.blocks[parent as usize];
                assert!(
                    parent.content.is_some(),
                    "{number} can be found, and not what precedes it"
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

    /// Reads a sequence of full blocks, each of one repeated token, as a track does; gives what it holds.
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
    fn the_same_beginning_is_the_same_blocks_and_the_same_tokens_elsewhere_are_not() {
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
    fn a_block_read_twice_at_once_is_kept_once() {
        let mut pool = BlockPool::new(4);
        let (one, two) = (
            pool.allocate().expect("a block"),
            pool.allocate().expect("another"),
        );
        assert_eq!(pool.publish(one, None, &tokens(7)), one);
        assert_eq!(pool.publish(two, None, &tokens(7)), one);
        assert_eq!((pool.occupied(), pool.available()), (1, 3));
        pool.release(&[one]);
        pool.release(&[one]);
        assert_eq!((pool.occupied(), pool.available()), (1, 4));
        pool.check();
    }

    #[test]
    fn the_least_recently_used_end_goes_first_and_what_is_held_stays() {
        let mut pool = BlockPool::new(6);
        let [old, new] = [[1, 2, 3], [1, 5, 6]].map(|sequence| read(&mut pool, &sequence));
        pool.release(&old);
        pool.release(&new);
        // One block is free; the others go in this order: the end of the old one, its middle, the end of the new one.
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
        fn whatever_happens_what_is_found_is_what_was_read(
            steps in prop::collection::vec((any::<bool>(), prop::collection::vec(0_u32..3, 1..4), 0_usize..8), 1..80),
        ) {
            let mut pool = BlockPool::new(12);
            // What each block was last filled with, from the beginning of its sequence on.
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
