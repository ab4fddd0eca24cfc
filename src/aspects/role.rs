//! What is known of a word beforehand: whether it holds sentences together, or praises or complains in any shop.
//! English and Hindi, as Indian buyers mix them. Nothing here names what a product has.

use crate::language::{NumberClass, WordClass, is_function_word, is_negation, lexicon};

/// What a word does in a sentence, whatever the sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Role {
    /// Neither an opinion nor what one is about.
    pub function: bool,
    /// Stands before a thing: "the", "its".
    pub points: bool,
    /// Points at the product itself: "this".
    pub this: bool,
    /// Stands before "this" where the thing is no product: "at this price".
    pub preposition: bool,
    /// Joins a thing and what it is like: "is", "hai".
    pub joins: bool,
    /// Joins from behind, as Hindi does: "bass accha hai".
    pub joins_behind: bool,
    /// Strengthens or weakens an opinion: "very".
    pub degree: bool,
    /// Turns an opinion round: "not", "nahi".
    pub negates: bool,
    /// Says that a praise is a wish: "could be better".
    pub wishes: bool,
    /// Says that what follows is not so: "all good except the mic".
    pub excepts: bool,
    /// Begins another thought: "but", "lekin".
    pub turns: bool,
    /// Stands before what is done: "I", "to", "can".
    pub acts: bool,
    /// Says what something does, though it may stand where a thing stands: "works well".
    pub done: bool,
    /// Praise is 1 and complaint -1 in any shop; 0 says nothing.
    pub opinion: i8,
}

/// What a word does, in lower case; `None` where it may name a thing, or what a thing is like.
pub(super) fn role(word: &str) -> Option<Role> {
    let has = |class| lexicon().has(word, class);
    let is_number = [NumberClass::Cardinal, NumberClass::Ordinal]
        .iter()
        .any(|class| lexicon().number(word, *class).is_some());
    let negates = is_negation(word);
    let names_nothing = has(WordClass::Time) || has(WordClass::Background) || is_number || negates;
    let role = Role {
        function: is_function_word(word) || names_nothing,
        points: has(WordClass::Determiner),
        this: has(WordClass::This),
        preposition: has(WordClass::Preposition),
        joins: has(WordClass::Copula),
        joins_behind: has(WordClass::FinalCopula),
        degree: has(WordClass::Degree),
        negates,
        wishes: has(WordClass::Wish),
        excepts: has(WordClass::Exception),
        turns: has(WordClass::Contrast),
        acts: has(WordClass::BeforeVerb),
        done: has(WordClass::Working),
        opinion: match (has(WordClass::Praise), has(WordClass::Complaint)) {
            (_, true) => -1,
            (true, false) => 1,
            (false, false) => 0,
        },
    };
    (role != Role::default()).then_some(role)
}
