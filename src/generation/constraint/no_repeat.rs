//! A text that ends when it repeats itself: small models often repeat the same words without end.

use super::{Constraint, ConstraintError, Mask};

/// The length of a repetition in tokens; fewer tokens that occurred before may be a name.
const REPETITION: usize = 8;

/// A text of another constraint that ends when it repeats itself.
#[derive(Debug, Clone)]
pub(crate) struct NoRepeat<C> {
    constraint: C,
    text: Vec<u32>,
}

impl<C> NoRepeat<C> {
    /// A text of `constraint`.
    pub(crate) fn new(constraint: C) -> Self {
        Self {
            constraint,
            text: vec![],
        }
    }

    fn repeats(&self) -> bool {
        let Some(last) = self.text.last_chunk::<REPETITION>() else {
            return false;
        };
        // The earlier occurrence may overlap the last one: "very very very".
        let before = &self.text[..self.text.len() - 1];
        before.windows(REPETITION).any(|window| window == last)
    }
}

impl<C: Constraint> Constraint for NoRepeat<C> {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        self.constraint.mask(mask)
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        self.constraint.accept(token)?;
        self.text.push(token);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.constraint.is_complete() || self.repeats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any text without the token 99; it is complete after the token 0.
    struct Free(bool);

    impl Constraint for Free {
        fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
            mask.allow_all();
            Ok(())
        }

        fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
            self.0 |= token == 0;
            match token {
                99 => Err(ConstraintError::NotAllowed(token)),
                _ => Ok(()),
            }
        }

        fn is_complete(&self) -> bool {
            self.0
        }
    }

    /// How many tokens of `text` are accepted.
    fn length(text: impl IntoIterator<Item = u32>) -> usize {
        let mut constraint = NoRepeat::new(Free(false));
        let accepts = |token: &u32| !constraint.is_complete() && constraint.accept(*token).is_ok();
        text.into_iter().take_while(accepts).count()
    }

    #[test]
    fn a_text_ends_after_the_first_repetition() {
        assert_eq!(length(1..=40), 40, "nothing repeats");
        // A sentence of five tokens, again and again: the sixth to the thirteenth token are the first repetition.
        assert_eq!(length((0..40).map(|at| at % 5 + 1)), 13);
        // Seven repeated tokens may be a name.
        assert_eq!(length((1..=7).chain(20..=30).chain(1..=7).chain(40..=45)), 31);
        assert_eq!(length([1, 0, 2]), 2, "the inner constraint is complete");
        assert_eq!(length([1, 99, 2]), 1, "the inner constraint refuses 99");
    }
}
