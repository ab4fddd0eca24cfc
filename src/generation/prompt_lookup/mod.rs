//! Drafts of the next tokens, looked up in the tokens so far: answers quote the evidence in their prompt.
//!
//! In: the tokens of a sequence so far. Out: a guess at the next few, which the model verifies in one batch; the text
//! is the same with and without drafts. A [`PromptLookup`] belongs to one sequence and lives on the engine's thread.
//! Nothing can fail.
//!
//! ```text
//! draft(context, room) ──► verified by the model ──► outcome(drafted, accepted)
//! ```
//!
//! The index finds an earlier occurrence of the last tokens; the tokens after it are the draft. The budget limits its
//! length, so that wrong drafts cost almost nothing. (The idea is Saxena's "Prompt Lookup Decoding", 2023.)

mod draft_budget;
mod ngram_index;
#[cfg(test)]
mod tests;

use draft_budget::DraftBudget;
use ngram_index::NgramIndex;

/// The drafts of one sequence.
pub(super) struct PromptLookup {
    index: NgramIndex,
    budget: DraftBudget,
    /// Length of the context at the last draft, or of the prompt.
    seen: usize,
}

impl PromptLookup {
    /// A sequence without generated tokens. Takes time in proportion to the prompt: about 100 ns a token.
    pub(super) fn new(prompt: &[u32]) -> Self {
        let mut index = NgramIndex::default();
        index.extend(prompt);
        Self {
            index,
            budget: DraftBudget::default(),
            seen: prompt.len(),
        }
    }

    /// A guess at what follows `context`, which is the prompt and all generated tokens: at most `room` tokens, and none
    /// if there is no match or if drafts do not pay at present. Call it at every step of decoding, and then
    /// [`outcome`](PromptLookup::outcome) if the guess was used.
    pub(super) fn draft<'context>(&mut self, context: &'context [u32], room: usize) -> &'context [u32] {
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

    /// Counts a draft: how many tokens were verified, and how many of them the model chose, too.
    pub(super) fn outcome(&mut self, drafted: usize, accepted: usize) {
        self.budget.settle(drafted, accepted);
    }
}
