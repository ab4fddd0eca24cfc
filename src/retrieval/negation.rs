//! Whether a passage denies what is asked for, or finds fault with it: "games not possible" and "calling issues" are no
//! reasons to buy. Pure.

use std::collections::HashSet;

use crate::language::{self, WordClass, is_negation, lexicon, stem};

/// So many words after a word, or before it, a denial is of it.
const REACH: usize = 2;

/// Whether one of `asked`, which are stems, is denied in a text.
pub(super) fn of_any(text: &str, asked: &HashSet<String>) -> bool {
    let all: Vec<&str> = language::words(text).collect();
    let denies = |word: &&str| {
        is_negation(word) || lexicon().has_any(word, &[WordClass::Prohibition, WordClass::Complaint])
    };
    (0..all.len())
        .filter(|at| asked.contains(&stem(all[*at])))
        .any(|at| {
            all[at.saturating_sub(REACH)..all.len().min(at + REACH + 1)]
                .iter()
                .any(denies)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_word_denies_it() {
        let asked = ["gaming", "games", "grip"].map(stem).into();
        for (text, expected) in [
            ("Good for normal use, games not possible", true),
            ("gaming mat sochna", true),
            ("Can't play games", true),
            ("There is no lag at all in games", false),
            ("Grip is unreal, on wet rocks it did not slip", false),
            ("But gaming issues", true),
            ("Not bad", false),
            ("", false),
        ] {
            assert_eq!(of_any(text, &asked), expected, "{text}");
        }
    }
}
