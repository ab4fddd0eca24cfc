//! Free text whose citations exist: square brackets contain only numbers of pieces of evidence.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::{Constraint, ConstraintError, Mask};
use crate::weights::tokenizer;

/// The tokens of a model that contain brackets, or that may come after an opening one. Built once for a model, in a few
/// milliseconds, and shared by all texts.
#[derive(Debug)]
pub struct Brackets {
    /// Tokens with a bracket, in the order of their ids.
    bracketed: Vec<(u32, Vec<u8>)>,
    /// Tokens that begin with a digit or a closing bracket, in the order of their ids.
    inner: Vec<(u32, Vec<u8>)>,
}

impl Brackets {
    /// Finds the tokens of a model.
    pub fn of(tokenizer: &Tokenizer) -> Self {
        let mut ids: Vec<u32> = tokenizer.get_vocab(true).into_values().collect();
        ids.sort_unstable();
        let with = |has: fn(&[u8]) -> bool| {
            let tokens = ids.iter().map(|id| (*id, tokenizer::bytes(tokenizer, *id)));
            tokens.filter(|(_, bytes)| has(bytes)).collect()
        };
        Self {
            bracketed: with(|bytes| bytes.iter().any(|byte| b"[]".contains(byte))),
            inner: with(|bytes| {
                bytes
                    .first()
                    .is_some_and(|byte| *byte == b']' || byte.is_ascii_digit())
            }),
        }
    }
}

/// Any text in which every `[` begins one of `[1]` … `[count]`, and which has no other `]`.
#[derive(Debug, Clone)]
pub(crate) struct Citations {
    brackets: Arc<Brackets>,
    count: u32,
    place: Place,
}

/// The position of the text's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// In a bracket, after the digits of this number; 0 if there is no digit yet.
    Inside(u32),
}

impl Citations {
    /// A text that may cite `1..=count` and begins outside of brackets.
    pub(crate) fn new(brackets: Arc<Brackets>, count: usize) -> Self {
        Self {
            brackets,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            place: Place::Outside,
        }
    }

    /// The place after `bytes`; `None` if they are not allowed.
    fn after(&self, bytes: &[u8]) -> Option<Place> {
        bytes
            .iter()
            .try_fold(self.place, |place, byte| match (place, byte) {
                (Place::Outside, b'[') => (self.count > 0).then_some(Place::Inside(0)),
                (Place::Outside, b']') => None,
                (Place::Outside, _) => Some(Place::Outside),
                (Place::Inside(number), b']') => (number > 0).then_some(Place::Outside),
                (Place::Inside(number), digit) => {
                    let digit = u32::from(*digit).checked_sub(u32::from(b'0'))?;
                    let number = number.checked_mul(10)?.checked_add(digit)?;
                    (digit < 10 && (1..=self.count).contains(&number)).then_some(Place::Inside(number))
                }
            })
    }
}

impl Constraint for Citations {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        match self.place {
            Place::Outside => {
                mask.allow_all();
                let bracketed = self.brackets.bracketed.iter();
                let refused = bracketed.filter(|(_, bytes)| self.after(bytes).is_none());
                refused.for_each(|(token, _)| mask.forbid(*token));
            }
            Place::Inside(_) => {
                mask.clear();
                let mut some = false;
                for (token, bytes) in &self.brackets.inner {
                    // A tokenizer may have more tokens than its model.
                    some |= self.after(bytes).is_some() && mask.allow(*token);
                }
                if !some {
                    let why = "the model has no token for a digit or a bracket";
                    return Err(ConstraintError::Stuck(why.into()));
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        let of = |tokens: &[(u32, Vec<u8>)]| {
            let at = tokens.binary_search_by_key(&token, |(token, _)| *token);
            at.ok().map(|at| self.after(&tokens[at].1))
        };
        let after = of(&self.brackets.bracketed).or_else(|| of(&self.brackets.inner));
        self.place = match (after, self.place) {
            (Some(after), _) => after.ok_or(ConstraintError::NotAllowed(token))?,
            (None, Place::Outside) => Place::Outside,
            (None, Place::Inside(_)) => return Err(ConstraintError::NotAllowed(token)),
        };
        Ok(())
    }

    fn is_complete(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::testing::byte_tokenizer;

    /// How many bytes of `text` are allowed, with tokens of single bytes, and whether the text may end after them.
    fn allowed_part(text: &str, count: usize) -> (usize, bool) {
        let mut citations = Citations::new(Arc::new(Brackets::of(&byte_tokenizer())), count);
        let mut mask = Mask::none(256);
        for (at, byte) in text.bytes().enumerate() {
            citations.mask(&mut mask).expect("something may follow");
            let allowed = mask.allows(u32::from(byte));
            assert_eq!(
                citations.clone().accept(u32::from(byte)).is_ok(),
                allowed,
                "{text} at {at}"
            );
            if !allowed {
                return (at, mask.allows(0));
            }
            citations.accept(u32::from(byte)).expect("it is allowed");
        }
        citations.mask(&mut mask).expect("something may follow");
        (text.len(), mask.allows(0))
    }

    #[test]
    fn brackets_contain_only_numbers_of_evidence() {
        for (text, count, length, free) in [
            ("Loud (very), says one [1] and [2][1].", 2, 37, true),
            ("बढ़िया [1] 👍", 1, "बढ़िया [1] 👍".len(), true),
            ("It is [3]", 2, 7, false),
            ("It is [1", 2, 8, false),
            ("It is [12]", 2, 8, false),
            ("It is [12]", 12, 10, true),
            ("It is [01]", 12, 7, false),
            ("It is []", 12, 7, false),
            ("It is [see", 12, 7, false),
            ("It is [[", 12, 7, false),
            ("a ] b", 3, 2, true),
            ("no [", 0, 3, true),
            ("[99999999999999999999]", usize::MAX, 10, false),
        ] {
            assert_eq!(allowed_part(text, count), (length, free), "{text}, {count}");
        }
    }

    #[test]
    fn all_characters_of_a_real_token_are_checked() {
        let gguf = crate::weights::gguf::Gguf::read(&crate::weights::testing::chat_model())
            .expect("the default model");
        let tokenizer = tokenizer::from_gguf(&gguf).expect("its tokenizer");
        let brackets = Arc::new(Brackets::of(&tokenizer));
        let ids = |text: &str| tokenizer.encode(text, false).expect("text").get_ids().to_vec();
        let says = |text: &str| {
            let mut citations = Citations::new(brackets.clone(), 3);
            ids(text).into_iter().all(|id| citations.accept(id).is_ok())
        };
        assert!(says("It is loud [1]. Very [2][3], indeed."));
        for text in [
            "It is loud [4].",
            "loud []",
            "a[i] = 0",
            "loud [1, 2]",
            "([)",
            "x]]",
        ] {
            assert!(!says(text), "{text}");
        }
        let mut mask = Mask::none(tokenizer.get_vocab_size(true));
        let mut citations = Citations::new(brackets.clone(), 3);
        citations.mask(&mut mask).expect("anything");
        let refused = (0..mask.vocabulary() as u32)
            .filter(|id| !mask.allows(*id))
            .count();
        assert!(
            (50..2_000).contains(&refused),
            "{refused} of {} tokens",
            mask.vocabulary()
        );
    }
}
