//! A conversation in, one parsed question out: its words, the products that it names, what it demands of them and what
//! kind of answer it wants. Pure.
//!
//! `conversation` makes the last question whole, with `pointing`'s help; `vocabulary` parses it: `constraints` takes
//! its demands out, `spelling` corrects its slips, `names` finds products, `figure`, `task` and `intent` say what it
//! wants.

mod amounts;
mod bounds;
mod constraints;
mod conversation;
mod figure;
mod intent;
mod names;
mod parsed_query;
mod pointing;
mod spelling;
mod task;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod vocabulary;

pub(crate) use constraints::{Constraints, Span};
pub(crate) use conversation::{Speaker, Turn};
pub(crate) use figure::{Figure, Quantity, Wish};
pub(crate) use intent::Intent;
pub(crate) use parsed_query::{ParsedQuery, SAY_WHICH, Word};
pub(crate) use vocabulary::Vocabulary;

/// The last question of a conversation, parsed.
pub(crate) fn read(turns: &[Turn], vocabulary: &Vocabulary) -> ParsedQuery {
    let said = turns
        .last()
        .map(|turn| vocabulary.plain(&turn.content))
        .unwrap_or_default();
    ParsedQuery {
        said,
        ..vocabulary.parse(&conversation::standalone(turns, vocabulary))
    }
}
