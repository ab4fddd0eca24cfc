//! A question, as it is understood.

use std::collections::BTreeSet;

use super::constraints::Constraints;
use super::figure::Figure;
use super::intent::Intent;
use crate::language::{WordClass, lexicon};
use crate::reviews::ProductId;

/// A question, with what it goes on with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What was asked last.
    pub question: String,
    /// The earlier question that it goes on with, where it cannot be understood alone.
    pub earlier: Option<String>,
}

impl Asked {
    /// A question that can be understood alone.
    pub(crate) fn alone(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            earlier: None,
        }
    }

    /// Both in one.
    pub(crate) fn whole(&self) -> String {
        match &self.earlier {
            Some(earlier) => format!("{earlier} {}", self.question),
            None => self.question.clone(),
        }
    }
}

/// A telling word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// In lower case, as it was meant.
    pub written: String,
    /// As it is compared.
    pub stem: String,
    /// How much it counts: 1, or less in an earlier question.
    pub weight: f32,
    /// Whether it is a part of a product's name.
    pub names: bool,
    /// Whether it is what titles call things, …
    pub kind: bool,
    /// … and the name of the thing itself: "kettle", and not "steel".
    pub head: bool,
}

/// A question, parsed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ParsedQuery {
    /// What was asked, word for word, after the earlier question that it goes on with, where it does.
    pub asked: String,
    /// What was said last, in English and without slips.
    pub said: String,
    /// What was asked, in English, without slips and without its demands.
    pub whole: String,
    /// What was asked last, without the names of products; the same where that says nothing.
    pub last: String,
    /// Its telling words, those of the earlier question included; each once.
    pub words: Vec<Word>,
    /// The names in it, in their order, each with the products that it may mean.
    pub named: Vec<BTreeSet<ProductId>>,
    /// What stands on either side of "or", where both sides may be products that are compared.
    pub sides: Option<[String; 2]>,
    /// What kind of answer it wants.
    pub intent: Intent,
    /// Whether it asks for all products of a kind.
    pub lists: bool,
    /// Whether it points at a product without saying which: "Does it leak?"
    pub points: bool,
    /// Whether it asks how much of something there is.
    pub asks_amount: bool,
    /// What it asks the number of, as it is compared: "pages".
    pub counted: Option<String>,
    /// Whether it says in words that it wants to choose: "which", "suggest".
    pub chooses: bool,
    /// Whether it asks if something is good.
    pub asks_if_good: bool,
    /// The figure that it asks for, and nothing else.
    pub figure: Option<Figure>,
    /// Whether it is a task, which no review can answer.
    pub is_task: bool,
    /// What it demands of products.
    pub constraints: Constraints,
}

/// Words that say what kind of answer a question wants, and nothing of its topic.
const OF_KIND: [WordClass; 6] = [
    WordClass::Choosing,
    WordClass::Comparing,
    WordClass::Fault,
    WordClass::Listing,
    WordClass::Review,
    WordClass::Thing,
];

/// So many words for kinds of products say which is meant, though none names a thing: "immersion rod".
pub(crate) const SAY_WHICH: usize = 2;

impl ParsedQuery {
    /// Its words for kinds of products, without mere numbers.
    pub(crate) fn kind_words(&self) -> impl Iterator<Item = &Word> {
        let tells = |word: &&Word| word.kind && word.stem.chars().any(|c| !c.is_ascii_digit());
        self.words.iter().filter(tells)
    }

    /// The words that say what is asked of products, and not of which.
    pub(crate) fn aspect(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| !word.names && !word.kind)
    }

    /// Those words, as they were meant.
    pub(crate) fn aspect_text(&self) -> String {
        let words: Vec<&str> = self.aspect().map(|word| word.written.as_str()).collect();
        words.join(" ")
    }

    /// The words that say what is asked of things, what titles say of them included: "waterproof", of watches.
    pub(crate) fn topic(&self) -> String {
        self.topic_words(false)
            .map(|word| word.written.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The same words; the names of things are among them if those `are_parts`.
    pub(crate) fn topic_words(&self, are_parts: bool) -> impl Iterator<Item = &Word> {
        let tells = move |word: &&Word| {
            !word.names && (are_parts || !word.head) && !lexicon().has_any(&word.written, &OF_KIND)
        };
        self.words.iter().filter(tells)
    }

    /// Whether it says what kind of thing it is about.
    pub(crate) fn names_a_kind(&self) -> bool {
        self.words.iter().any(|word| word.head)
    }

    /// The products that it names.
    pub(crate) fn scope(&self) -> BTreeSet<ProductId> {
        self.named.iter().flatten().copied().collect()
    }

    /// Whether it sets products beside each other and names only one.
    pub(super) fn compares_one(&self) -> bool {
        self.intent == Intent::Compare && self.named.len() == 1
    }

    /// Whether it is about one product and says which.
    pub(crate) fn names_one(&self) -> bool {
        self.scope().len() == 1
    }
}
