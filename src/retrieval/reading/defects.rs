//! What can go wrong with a thing, in the words of those who ask and of those who were hit. Pure.
//!
//! "Does it break?" is answered by "stopped working in a month", which has no word of the question.

use std::collections::HashSet;

use crate::index::words;

/// Words for one thing that goes wrong, and what a review says of it.
const DEFECTS: &[(&[&str], &str)] = &[
    (
        &[
            "break", "breaks", "broke", "broken", "damage", "damaged", "stopped", "fail", "fails", "failed",
            "dead",
        ],
        "it broke, it stopped working, it is damaged",
    ),
    (
        &["leak", "leaks", "leaking", "leaked", "drips"],
        "it leaks, water drips out",
    ),
    (
        &["overheat", "overheats", "overheating", "heats"],
        "it gets too hot",
    ),
    (
        &["tear", "tears", "tore", "torn", "rip", "ripped"],
        "it tore, the seam came off",
    ),
    (&["rust", "rusts", "rusted", "rusty"], "it has rust"),
    (&["crack", "cracks", "cracked"], "it cracked"),
    (&["scratch", "scratches", "scratched"], "it has scratches"),
    (&["hurt", "hurts", "pain", "painful"], "it hurts"),
    (
        &["lag", "lags", "hang", "hangs", "freezes", "stuck"],
        "it lags and hangs",
    ),
    (
        &["disconnect", "disconnects", "disconnected", "disconnecting"],
        "it disconnects",
    ),
    (&["smell", "smells", "stinks"], "it smells bad"),
    (
        &["peel", "peels", "fade", "fades", "faded"],
        "the colour came off",
    ),
];

/// A defect that is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Defect {
    /// The words that say it, as they are compared.
    pub words: HashSet<String>,
    /// What a review that has it says.
    pub said: &'static str,
}

/// The first defect among these words, which are as they are compared.
pub fn asked<'a>(question: impl Iterator<Item = &'a str>) -> Option<Defect> {
    let mut question = question;
    question.find_map(|word| {
        DEFECTS.iter().find_map(|(forms, said)| {
            let words: HashSet<String> = forms.iter().map(|form| words::folded(form)).collect();
            words.contains(word).then_some(Defect { words, said })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_is_known_in_all_its_forms() {
        for (question, said) in [
            ("does it break", Some("stopp")),
            ("is it leaking", Some("leak")),
            ("is it loud", None),
            ("", None),
        ] {
            let folded: Vec<String> = words::written(question).map(words::folded).collect();
            let defect = asked(folded.iter().map(String::as_str));
            assert_eq!(defect.is_some(), said.is_some(), "{question}");
            let words = defect.map(|defect| defect.words).unwrap_or_default();
            assert!(said.is_none_or(|said| words.contains(said)), "{words:?}");
        }
    }
}
