//! What is known of a word beforehand: how it holds sentences together. English and Hindi, as Indian buyers mix them.
//! Nothing here names what a product has, or says what is good.

use crate::language::{NumberClass, WordClass, is_function_word, is_negation, lexicon};

/// What a word does in a sentence, whatever the sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Role {
    /// Neither what an opinion is about nor what a thing is like.
    pub function: bool,
    /// Stands before a thing: "the", "its".
    pub points: bool,
    /// Points at the product itself: "this".
    pub this: bool,
    /// Stands before "this" where the thing is no product: "at this price".
    pub preposition: bool,
    /// Joins a thing and what it is like: "is".
    pub joins: bool,
    /// Strengthens or weakens what is said: "very".
    pub degree: bool,
    /// "Not", "nahi".
    pub negates: bool,
    /// Stands before what is done: "I", "to", "can".
    pub acts: bool,
    /// Begins another thought: "but", "lekin".
    pub turns: bool,
    /// What something costs.
    pub price: bool,
}

/// What a word does, in lower case; `None` where it may name a thing, or what a thing is like.
pub(super) fn role(word: &str) -> Option<Role> {
    let has = |class| lexicon().has(word, class);
    let is_number = [NumberClass::Cardinal, NumberClass::Ordinal]
        .iter()
        .any(|class| lexicon().number(word, *class).is_some());
    let negates = is_negation(word);
    let names_nothing =
        has(WordClass::Time) || has(WordClass::Background) || has(WordClass::Person) || is_number || negates;
    let role = Role {
        function: is_function_word(word) || names_nothing,
        points: has(WordClass::Determiner),
        this: has(WordClass::This),
        preposition: has(WordClass::Preposition),
        joins: has(WordClass::Copula),
        degree: has(WordClass::Degree),
        negates,
        acts: has(WordClass::BeforeVerb),
        turns: has(WordClass::Contrast),
        price: has(WordClass::Price),
    };
    (role != Role::default()).then_some(role)
}
