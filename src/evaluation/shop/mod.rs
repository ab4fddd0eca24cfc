//! Retrieval for a shop's customers: is the first quote about a right product, does it answer the question, and is a
//! question refused if and only if no review answers it?
//!
//! In: a [`QuestionSet`] and something that quotes reviews ([`QuoteSearch`]). Out: scores, in total and by kind of
//! question. A passage has a grade for a question:
//!
//! | grade | the passage | of a question for complaints |
//! | --- | --- | --- |
//! | 3 | answers the question about a right product | a concrete fault |
//! | 2 | answers a part of it, or a neighbouring aspect | a vague complaint |
//! | 1 | is about a right product, but no answer | praise |
//! | 0 | is about another product | the same |
//!
//! Ranking is measured on the answerable questions for which some passage is at least useful. If nobody found one, no
//! review says it (`silent`), and a refusal would be right.

mod list_scores;
mod question_set;
mod report;

pub(crate) use question_set::QuestionSet;
pub(crate) use report::ShopRetrieval;

use super::{EvaluationError, Failure};
use list_scores::{DEPTH, ListScores};
use report::{AskedQuestion, GradedQuote, Refusals, Scores};

/// How well a passage answers a question: 0 to 3.
pub(crate) type Grade = u8;

/// Passages of this grade and better are useful.
const USEFUL: Grade = 2;

/// A quoted passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The id of its product.
    pub product: String,
    /// Its text, word for word.
    pub text: String,
}

/// Finds quotes for a conversation.
pub(crate) trait QuoteSearch {
    /// The quotes for the last of a shopper's turns, best first; none if the question is refused.
    ///
    /// # Errors
    /// The search cannot be made.
    fn quotes(&self, turns: &[String]) -> Result<Vec<Quoted>, Failure>;
}

/// Asks every question of the set.
///
/// # Errors
/// [`EvaluationError::Asked`] if `search` fails.
pub(crate) fn shop(set: &QuestionSet, search: &dyn QuoteSearch) -> Result<ShopRetrieval, EvaluationError> {
    let mut ranked: Vec<(&str, ListScores, bool)> = Vec::new();
    let (mut silent, mut unanswerable) = (Refusals::default(), Refusals::default());
    let mut asked = Vec::new();
    for question in &set.questions {
        let quotes = ask(search, &question.turns, &|quoted| {
            question.grade(&quoted.product, &quoted.text)
        })?;
        let best = question.best_grades();
        if !question.answerable {
            unanswerable.add(&quotes);
        } else if best.first().is_none_or(|&best| best < USEFUL) {
            silent.add(&quotes);
        } else {
            let grades: Vec<_> = quotes.iter().map(|quote| quote.grade).collect();
            ranked.push((&question.kind, ListScores::of(&grades, &best), quotes.is_empty()));
        }
        asked.push(AskedQuestion {
            n: Some(question.number),
            r#type: question.kind.clone(),
            turns: question.turns.clone(),
            quotes,
        });
    }
    for text in &set.unanswerable {
        let turns = vec![text.clone()];
        let quotes = ask(search, &turns, &|_| Some(0))?;
        unanswerable.add(&quotes);
        asked.push(AskedQuestion {
            n: None,
            r#type: "unanswerable".into(),
            turns,
            quotes,
        });
    }
    let kinds = ranked.iter().map(|(kind, ..)| *kind);
    let scores = |kind: &str| (kind.to_string(), Scores::of(&ranked, |of| of == kind));
    Ok(ShopRetrieval {
        total: Scores::of(&ranked, |_| true),
        types: kinds.map(scores).collect(),
        silent,
        unanswerable,
        questions: Some(asked),
    })
}

/// The first quotes for a conversation, with their grades.
fn ask(
    search: &dyn QuoteSearch,
    turns: &[String],
    grade: &dyn Fn(&Quoted) -> Option<Grade>,
) -> Result<Vec<GradedQuote>, EvaluationError> {
    let last = turns.last().map_or("", String::as_str);
    let quotes = search.quotes(turns).map_err(EvaluationError::asked(last))?;
    let graded = quotes.into_iter().take(DEPTH).map(|quoted| GradedQuote {
        grade: grade(&quoted),
        product: quoted.product,
        text: quoted.text,
    });
    Ok(graded.collect())
}

#[cfg(test)]
mod tests;
