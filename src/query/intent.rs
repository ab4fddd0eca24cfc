//! What kind of answer a question wants. Pure; by its words, in English and romanised Hindi.

use crate::language::WordClass::{
    Auxiliary, Choosing, Comparing, Complaining, Fault, Liking, Merit, QuestionWord, Seeking, Tag, Telling,
    Wanting,
};
use crate::language::{is_negation, lexicon};

/// What a question wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Products that fit: "Which kettle is best?"
    Recommend,
    /// How a product is: "How is the Zuvio's battery?"
    Product,
    /// Products beside each other: "Zuvio or Pellar?"
    Compare,
    /// What is wrong: "What do people complain about?"
    Complaints,
    /// Yes or no: "Does the lid leak?"
    YesNo,
    /// None of these: "Hello", "How is the sound?", "What is the capital of France?"
    #[default]
    Other,
}

impl Intent {
    /// Its name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Intent::Recommend => "recommend",
            Intent::Product => "product",
            Intent::Compare => "compare",
            Intent::Complaints => "complaints",
            Intent::YesNo => "yes_no",
            Intent::Other => "other",
        }
    }
}

/// What a question wants, by its `words` in lower case, that names `named` products, brands, or kinds of products.
pub(super) fn of(words: &[&str], named: usize, kinds: usize) -> Intent {
    let has = |class| words.iter().any(|word| lexicon().has(word, class));
    let starts = |class| words.first().is_some_and(|word| lexicon().has(word, class));
    let seeks = lexicon()
        .starts(words, Seeking)
        .is_some_and(|length| length < words.len());
    if has(Comparing) || named > 1 {
        return Intent::Compare;
    }
    if asks_what_is_wrong(words) {
        return Intent::Complaints;
    }
    if seeks && named == 0 {
        return Intent::Recommend;
    }
    let tagged = words.len() > 2 && words.last().is_some_and(|word| lexicon().has(word, Tag));
    if starts(Auxiliary) && !has(Telling) || tagged {
        return Intent::YesNo;
    }
    if has(Choosing) || named == 0 && has(Wanting) {
        return Intent::Recommend;
    }
    match (named, kinds) {
        (1.., _) => Intent::Product,
        // "A kettle for a hostel room"
        (0, 1..) if !has(QuestionWord) && !has(Telling) => Intent::Recommend,
        _ => Intent::Other,
    }
}

/// Whether it asks what is wrong, and not what is right as well.
fn asks_what_is_wrong(words: &[&str]) -> bool {
    let has = |class| words.iter().any(|word| lexicon().has(word, class));
    let negates = words.iter().any(|word| is_negation(word));
    lexicon().contains(words, Complaining) || negates && has(Liking) || has(Fault) && !has(Merit)
}
