//! Keys and values of prompt beginnings that many requests share.
//!
//! Owned by the engine's thread. A prompt's shared prefix is always read on its own, found here or not, so a hit
//! gives the same bits as a miss.

use std::collections::VecDeque;

use super::model::Context;

/// How many beginnings are kept: the assistant has one, the others are for prompts that clients bring.
const ENTRIES: usize = 4;

/// The beginnings last used, newest first.
#[derive(Default)]
pub struct PrefixCache {
    entries: VecDeque<(Vec<u32>, Box<dyn Context>)>,
}

impl PrefixCache {
    /// A context that has read exactly `prefix`, if it is known.
    pub fn get(&mut self, prefix: &[u32]) -> Option<Box<dyn Context>> {
        let at = self.entries.iter().position(|(tokens, _)| tokens == prefix)?;
        let entry = self.entries.remove(at)?;
        let context = entry.1.fork();
        self.entries.push_front(entry);
        Some(context)
    }

    /// Keeps a context that has read exactly `prefix`; forgets the one longest unused.
    pub fn insert(&mut self, prefix: &[u32], context: &dyn Context) {
        self.entries.push_front((prefix.to_vec(), context.fork()));
        self.entries.truncate(ENTRIES);
    }

    /// Bytes of all keys and values kept.
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(|(_, context)| context.bytes()).sum()
    }
}
