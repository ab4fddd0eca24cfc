//! A conversation → the question that can be understood without it. Pure.

use unicode_segmentation::UnicodeSegmentation;

use super::{Role, Turn};
use crate::retrieval::Asked;

/// Words that point back at what was said before.
const POINTING: &[&str] = &[
    "it", "its", "it's", "this", "that", "these", "those", "they", "them", "their", "one", "ones", "same",
];
/// Questions that begin so go on with the last one.
const CONTINUING: &[&str] = &["and", "or", "but", "what about", "how about", "also"];

/// The last question, and what it says together with the one before it where it leans on that ("and its mic?").
pub fn standalone(turns: &[Turn]) -> Asked {
    let mut asked = turns
        .iter()
        .rev()
        .filter(|turn| turn.role == Role::User)
        .map(|turn| turn.content.trim());
    let question = asked.next().unwrap_or_default();
    let whole = match asked.next() {
        Some(before) if leans_on_the_past(question) => format!("{before} {question}"),
        _ => question.to_string(),
    };
    Asked {
        whole,
        last: question.to_string(),
    }
}

fn leans_on_the_past(question: &str) -> bool {
    let lower = question.to_lowercase();
    let continues = CONTINUING.iter().any(|start| {
        lower
            .strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    let points = lower.unicode_words().any(|word| POINTING.contains(&word));
    continues || points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_leans_on_the_last_one_takes_it_along() {
        for (turns, expected) in [
            (vec!["Is it good?"], "Is it good?"),
            (
                vec!["Is the Zuvio good?", "and its mic?"],
                "Is the Zuvio good? and its mic?",
            ),
            (
                vec!["Best kettle?", " Which phone is cheapest? "],
                "Which phone is cheapest?",
            ),
            (
                vec!["Best kettle?", "what about the lid"],
                "Best kettle? what about the lid",
            ),
            (
                vec!["a", "Is the Zuvio good?", "does that last?"],
                "Is the Zuvio good? does that last?",
            ),
        ] {
            let answer = Turn {
                role: Role::Assistant,
                content: "Yes.".into(),
            };
            let user = |content: &str| Turn {
                role: Role::User,
                content: content.into(),
            };
            let turns: Vec<Turn> = turns
                .into_iter()
                .flat_map(|question| [answer.clone(), user(question)])
                .collect();
            assert_eq!(standalone(&turns).whole, expected);
        }
    }
}
