//! A text that ends where it begins to say the same again, as small models do without end.

use super::{Constraint, ConstraintError, Mask};

/// So many tokens that stood in the text before are a repetition; fewer may be a name.
const REPETITION: usize = 8;

/// A text of another form, ended where it repeats itself.
#[derive(Debug, Clone)]
pub struct NoRepeat<C> {
    form: C,
    said: Vec<u32>,
}

impl<C> NoRepeat<C> {
    /// A text of this form.
    pub fn new(form: C) -> Self {
        Self { form, said: vec![] }
    }

    fn repeats(&self) -> bool {
        let Some(last) = self.said.last_chunk::<REPETITION>() else {
            return false;
        };
        // What stood before may overlap it: "very very very".
        let before = &self.said[..self.said.len() - 1];
        before.windows(REPETITION).any(|window| window == last)
    }
}

impl<C: Constraint> Constraint for NoRepeat<C> {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        self.form.mask(mask)
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        self.form.accept(token)?;
        self.said.push(token);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.form.is_complete() || self.repeats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any text, which is complete after the token 0.
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

    fn length(text: impl IntoIterator<Item = u32>) -> usize {
        let mut once = NoRepeat::new(Free(false));
        let said = text.into_iter().take_while(|token| {
            let goes_on = !once.is_complete();
            goes_on && once.accept(*token).is_ok()
        });
        said.count()
    }

    #[test]
    fn a_text_ends_after_the_first_repetition() {
        assert_eq!(length(1..=40), 40, "nothing repeats");
        // A sentence of five tokens, again and again: the ninth to thirteenth token complete the first repetition.
        assert_eq!(length((0..40).map(|at| at % 5 + 1)), 13);
        // Seven tokens in common are a name.
        assert_eq!(length((1..=7).chain(20..=30).chain(1..=7).chain(40..=45)), 31);
        assert_eq!(length([1, 0, 2]), 2, "the form is complete");
        assert_eq!(length([1, 99, 2]), 1, "what the form refuses is not said");
    }
}
