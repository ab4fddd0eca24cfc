//! Reviews in; what buyers speak of (battery, mic, delivery …), and who clearly praises it or complains, out.
//!
//! Nothing is known beforehand of what a shop sells or of what is good. `reading` reads the reviews: `text` cuts and
//! numbers words, `role` is what English and Hindi bring along, `usage` counts how buyers use each word, and
//! `word_vectors` are the words as the embedding model sees them. `terms` finds the things that buyers name, `mentions`
//! the places, and `aspects` those that are a part of the product; `tone` learns from the stars what praises. Both use
//! a `classifier`, and `calibration` says from where on they are sure. `learning` has the order of it all; what comes
//! out are `shop_opinions`, and `quotes` chooses what to show of them.
//!
//! Runs once for the same reviews, on the thread that loads them; the same reviews always give the same opinions. A
//! shop whose reviews say too little has no aspects. How right the counts are is in `docs/opinions.md`.

mod aspects;
mod calibration;
mod classifier;
mod learning;
mod mentions;
mod quotes;
mod reading;
mod role;
mod shop_opinions;
mod terms;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod tone;
mod usage;
mod word_vectors;

pub(crate) use calibration::CLEAR;
pub(crate) use mentions::window;
pub(crate) use reading::Source;
pub(crate) use shop_opinions::{AspectId, Mention, Opinions, ProductAspect, Verdict};
pub(crate) use text::singular_of;

#[cfg(test)]
mod tests;
