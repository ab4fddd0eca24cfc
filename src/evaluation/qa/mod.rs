//! Questions about products, over SubjQA: is the review that answers found among the item's, and is the answer right?
//!
//! In: a [`SubjQa`], something that ranks reviews, and, if answers are wanted, something that answers. Out: figures for
//! each of their systems. Ranking is asked where there is something to rank: answerable questions about items with at
//! least two reviews. Answering is asked any question, since refusing is an answer too.

mod answer_scores;
mod half;
mod review_recall;
mod subjqa;

use std::fmt;

use serde::Serialize;

pub use answer_scores::{Answered, Answerer, Answers};
pub use half::Half;
pub use review_recall::Retrieval;
pub use subjqa::{SubjQa, SubjQaItem, SubjQaQuestion, SubjQaReview};

use super::search::BySystem;
use super::{EvaluationError, Search};

/// How well questions are answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Qa {
    /// The half whose questions were asked.
    half: Half,
    /// Questions in that half.
    questions: usize,
    /// Those that some review answers.
    answerable: usize,
    /// Those of them whose item has at least two reviews: what `retrieval` is measured on.
    ranked: usize,
    /// Of the item's reviews, by each system that ranks.
    retrieval: BySystem<Retrieval>,
    /// Absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Answers>,
}

/// Asks the questions of one half of the set, and has `answers.1` of them answered by `answers.0`.
///
/// # Errors
/// [`EvaluationError::Asked`] where what is measured fails.
pub fn qa(
    set: &SubjQa,
    half: Half,
    search: &dyn Search,
    answers: Option<(&dyn Answerer, usize)>,
) -> Result<Qa, EvaluationError> {
    let asked = set
        .questions
        .iter()
        .filter(|question| half.has(&set.items[question.item].id));
    let asked: Vec<&SubjQaQuestion> = asked.collect();
    let ranked: Vec<&SubjQaQuestion> = asked
        .iter()
        .copied()
        .filter(|question| question.is_answerable() && set.items[question.item].reviews.len() > 1)
        .collect();
    let retrieval = review_recall::measure(set, &ranked, search)?;
    let answers = answers.map(|(answer, count)| answer_scores::measure(set, &asked, answer, count));
    Ok(Qa {
        half,
        questions: asked.len(),
        answerable: asked.iter().filter(|question| question.is_answerable()).count(),
        ranked: ranked.len(),
        retrieval,
        answers: answers.transpose()?,
    })
}

impl fmt::Display for Qa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            half,
            questions,
            answerable,
            ranked,
            ..
        } = self;
        writeln!(
            f,
            "{questions} questions (half: {half}), {answerable} of them answerable"
        )?;
        writeln!(
            f,
            "{ranked} of those are about items with at least two reviews, which were ranked:"
        )?;
        writeln!(
            f,
            "{:<12}{:>10}{:>10}{:>10}",
            "system", "recall@1", "recall@5", "MRR"
        )?;
        for (system, figures) in &self.retrieval.0 {
            writeln!(f, "{system:<12}{figures}")?;
        }
        match &self.answers {
            Some(answers) => write!(f, "\n{answers}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
