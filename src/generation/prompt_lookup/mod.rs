//! Drafts of what may come next, looked up in what has been read: answers quote the evidence in their prompt.
//!
//! In: the tokens of a sequence so far. Out: a guess at the next few, to be verified in one batch; the text is the
//! same with and without it. A [`PromptLookup`] belongs to one sequence and lives on the engine's thread. Nothing can fail.
//!
//! ```text
//! draft(context, room) ──► verified by the model ──► outcome(drafted, accepted)
//! ```
//!
//! The index finds where the last tokens stood before; what followed there is the draft. The budget decides how long
//! it may be, so that drafts that fail cost next to nothing. (The idea is Saxena's "Prompt Lookup Decoding", 2023.)

mod draft_budget;
mod ngram_index;
#[cfg(test)]
mod tests;

use draft_budget::DraftBudget;
use ngram_index::NgramIndex;

/// The drafts of one sequence.
pub struct PromptLookup {
    index: NgramIndex,
    budget: DraftBudget,
    /// Length of the context at the last draft, or of the prompt.
    seen: usize,
}

impl PromptLookup {
    /// Nothing generated yet. Takes time in proportion to the prompt: some 100 ns a token.
    pub fn new(prompt: &[u32]) -> Self {
        let mut index = NgramIndex::default();
        index.extend(prompt);
        Self {
            index,
            budget: DraftBudget::default(),
            seen: prompt.len(),
        }
    }

    /// A guess at what follows `context`, which is the prompt and all that was generated: at most `room` tokens, and
    /// none where there is no match or drafts do not pay at present. To be called at every step of decoding, and
    /// followed by [`outcome`](Lookup::outcome) if the guess was used.
    pub fn draft<'context>(&mut self, context: &'context [u32], room: usize) -> &'context [u32] {
        self.budget.earn(context.len().saturating_sub(self.seen));
        self.seen = context.len();
        self.index.extend(context);
        let length = self.budget.length().min(room);
        if length == 0 {
            return &[];
        }
        match self.index.find(context, self.budget.least_match()) {
            Some(start) => &context[start..context.len().min(start + length)],
            None => &[],
        }
    }

    /// Tells how many tokens of a draft were verified, and how many of them were what the model chose.
    pub fn outcome(&mut self, drafted: usize, accepted: usize) {
        self.budget.settle(drafted, accepted);
    }
}
