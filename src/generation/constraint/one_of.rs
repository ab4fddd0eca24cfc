//! A closed list of answers: the numbers of the evidence, the stars of a rating, "yes" or "no".

use std::collections::BTreeMap;

use super::{Constraint, ConstraintError, Mask};

/// The text is one of a list of token sequences.
///
/// The answers share a trie, whose nodes are the beginnings of answers. An answer that also begins a longer one ends
/// only by an end token; any other is complete with its last token, so that no step is spent on what is known.
#[derive(Debug, Clone)]
pub struct OneOf {
    /// The root is 0; a child stands after its parent.
    nodes: Vec<Node>,
    /// The node that the text so far leads to; `None` once an end token came.
    at: Option<usize>,
    end: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    children: BTreeMap<u32, usize>,
    is_answer: bool,
}

impl OneOf {
    /// `answers` are token ids as the model would generate them; `end` are the tokens with which it ends its turn.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::Empty`] when there is no answer, or an empty one.
    pub fn new(answers: &[Vec<u32>], end: &[u32]) -> Result<Self, ConstraintError> {
        if answers.is_empty() || answers.iter().any(Vec::is_empty) {
            return Err(ConstraintError::Empty);
        }
        let mut nodes = vec![Node::default()];
        for answer in answers {
            let mut at = 0;
            for token in answer {
                let new = nodes.len();
                at = *nodes[at].children.entry(*token).or_insert(new);
                if at == new {
                    nodes.push(Node::default());
                }
            }
            nodes[at].is_answer = true;
        }
        Ok(Self {
            nodes,
            at: Some(0),
            end: end.to_vec(),
        })
    }

    /// The tokens that may come next.
    fn next(&self) -> impl Iterator<Item = u32> {
        let node = self.at.map(|at| &self.nodes[at]);
        let children = node.into_iter().flat_map(|node| node.children.keys());
        let may_end = node.is_some_and(|node| node.is_answer && !node.children.is_empty());
        let end = self.end.iter().filter(move |_| may_end);
        children.chain(end).copied()
    }
}

impl Constraint for OneOf {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        mask.clear();
        let vocabulary = mask.vocabulary();
        match self.next().find(|token| !mask.allow(*token)) {
            Some(token) => Err(ConstraintError::TokenTrie { token, vocabulary }),
            None => Ok(()),
        }
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        if !self.next().any(|next| next == token) {
            return Err(ConstraintError::NotAllowed(token));
        }
        // What is allowed and no child is an end token.
        self.at = self
            .at
            .and_then(|at| self.nodes[at].children.get(&token).copied());
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.at.is_none_or(|at| self.nodes[at].children.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: u32 = 9;

    fn allowed(constraint: &mut OneOf) -> Vec<u32> {
        let mut mask = Mask::none(10);
        mask.allow(8); // Must be forgotten.
        constraint.mask(&mut mask).expect("all tokens are below 10");
        (0..10).filter(|token| mask.allows(*token)).collect()
    }

    /// All texts that the masks lead to.
    fn texts(constraint: &OneOf, text: &mut Vec<u32>, all: &mut Vec<Vec<u32>>) {
        if constraint.is_complete() {
            all.push(text.clone());
            return;
        }
        for token in allowed(&mut constraint.clone()) {
            let mut next = constraint.clone();
            next.accept(token).expect("the mask allows it");
            text.push(token);
            texts(&next, text, all);
            text.pop();
        }
    }

    #[test]
    fn the_masks_lead_to_the_answers_and_nowhere_else() {
        type Texts = &'static [&'static [u32]];
        let cases: [(Texts, Texts); 4] = [
            (&[&[1]], &[&[1]]),
            (&[&[1, 2], &[1, 3], &[4]], &[&[1, 2], &[1, 3], &[4]]),
            // 1 also begins 1 0: it takes an end token to choose it.
            (&[&[1], &[1, 0], &[2]], &[&[1, 0], &[1, END], &[2]]),
            (&[&[1], &[1]], &[&[1]]),
        ];
        for (answers, expected) in cases {
            let answers: Vec<Vec<u32>> = answers.iter().map(|answer| answer.to_vec()).collect();
            let constraint = OneOf::new(&answers, &[END]).expect("answers");
            let mut all = Vec::new();
            texts(&constraint, &mut Vec::new(), &mut all);
            assert_eq!(all, expected, "{answers:?}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_refused_and_changes_nothing() {
        let mut constraint = OneOf::new(&[vec![1, 2], vec![3, 4]], &[END]).expect("answers");
        constraint.accept(1).expect("begins an answer");
        for wrong in [1, 4, END] {
            assert_eq!(constraint.accept(wrong), Err(ConstraintError::NotAllowed(wrong)));
        }
        assert_eq!(allowed(&mut constraint), [2]);
        constraint.accept(2).expect("ends an answer");
        assert!(constraint.is_complete());
        assert_eq!(allowed(&mut constraint), [0; 0]);
        for late in [2, END] {
            assert_eq!(constraint.accept(late), Err(ConstraintError::NotAllowed(late)));
        }
    }

    #[test]
    fn what_cannot_be_satisfied_is_refused() {
        assert_eq!(OneOf::new(&[], &[END]).err(), Some(ConstraintError::Empty));
        assert_eq!(
            OneOf::new(&[vec![1], vec![]], &[END]).err(),
            Some(ConstraintError::Empty)
        );
        let mut beyond = OneOf::new(&[vec![10]], &[END]).expect("an answer");
        let error = beyond.mask(&mut Mask::none(10));
        assert_eq!(
            error,
            Err(ConstraintError::TokenTrie {
                token: 10,
                vocabulary: 10
            })
        );
    }
}
