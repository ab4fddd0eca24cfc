//! A finding → plain sentences, the conclusion first. Pure: every number in them is the finding's, none is said by a
//! model, and a quote stands as it is in its review.
//!
//! Each file words the findings that it is named after, in the terms of `phrases`.

mod choices;
mod comparison;
mod fact;
mod figures;
mod opinions;
mod phrases;
mod recommendation;
mod talk;

pub(super) use phrases::attributed;

use super::conversation::{Checked, SentenceVerdict};
use crate::findings::{Finding, Found, ProductFacts};
use crate::retrieval::{Evidence, Unmet};

/// Begins the lines of a list.
const ITEM: &str = "\n• ";

/// A sentence of an answer, with what separates it from the text before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    /// What stands before it.
    pub joint: &'static str,
    /// What it says, and the quotes that it cites.
    pub checked: Checked,
}

/// The answer that a finding makes, sentence by sentence.
pub(super) fn sentences(found: &Found) -> Vec<Sentence> {
    let mut told = Told {
        evidence: &found.evidence,
        sentences: vec![],
    };
    match &found.finding {
        Finding::Recommendation(finding) => told.recommendation(finding),
        Finding::Verdict(finding) => told.verdict(finding),
        Finding::Aspect(finding) => told.aspect(finding),
        Finding::Fact(finding) => told.fact(finding),
        Finding::Comparison(finding) => told.comparison(finding),
        Finding::Complaints(finding) => told.complaints(finding),
        Finding::Figures(figures) => told.say(" ", figures::told(figures)),
        Finding::List(finding) => told.list(finding),
        Finding::Open(finding) => told.open(finding),
        Finding::Talk(finding) => told.talk(finding),
        Finding::None(finding) => told.nothing(finding),
    }
    told.sentences
}

/// Of an answer's sentences those that quote nobody: what was counted.
pub(super) fn counted(sentences: &[Sentence]) -> Vec<String> {
    let counted = sentences.iter().map(|sentence| &sentence.checked.sentence);
    counted
        .filter(|sentence| !sentence.contains('“'))
        .cloned()
        .collect()
}

struct Told<'a> {
    evidence: &'a [Evidence],
    sentences: Vec<Sentence>,
}

impl Told<'_> {
    fn say(&mut self, joint: &'static str, sentence: String) {
        self.cite(joint, sentence, vec![]);
    }

    fn cite(&mut self, joint: &'static str, sentence: String, cited: Vec<usize>) {
        self.sentences.push(Sentence {
            joint: if self.sentences.is_empty() { "" } else { joint },
            checked: Checked {
                sentence,
                verdict: SentenceVerdict::Supported,
                cited,
            },
        });
    }

    /// A sentence that quotes.
    fn quote(&mut self, who: &str, number: usize) {
        let sentence = attributed(who, number, &self.evidence[number - 1]);
        self.sentences.push(Sentence {
            joint: " ",
            checked: sentence,
        });
    }

    /// The quote of a buyer of one of several products.
    fn quote_of_one(&mut self, number: usize, products: usize) {
        let evidence = &self.evidence[number - 1];
        match products {
            1 => self.quote("One writes", number),
            _ => self.quote(
                &format!("A buyer of the {} writes", evidence.short_title()),
                number,
            ),
        }
    }

    /// The quote of somebody who sees it otherwise.
    fn objection(&mut self, number: usize, products: usize) {
        let evidence = &self.evidence[number - 1];
        let what = match products {
            1 => "it".to_string(),
            _ => format!("the {}", evidence.short_title()),
        };
        let who = format!(
            "On the other side, one who gave {what} {} of 5 stars writes",
            evidence.rating
        );
        self.quote(&who, number);
    }
}

/// The product in question, or how many of them.
fn those(product: &ProductFacts, products: usize) -> String {
    match products {
        1 => format!("the {}", product.title),
        many => format!("the {many} products that fit"),
    }
}

/// What stands before what is told of each of several products.
fn by_product(they_differ: bool) -> &'static str {
    match they_differ {
        true => "It depends on the product:",
        false => "By product:",
    }
}

fn unmet_demand(demand: Unmet) -> &'static str {
    match demand {
        Unmet::PriceUnknown => {
            "The data here has no prices for these products, so the price limit could not be applied."
        }
        Unmet::Price => "None of the matching products is in that price range.",
        Unmet::Stars => "None of the matching products has such a rating.",
    }
}
