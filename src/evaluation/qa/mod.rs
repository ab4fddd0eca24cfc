//! Questions about products, over SubjQA: is the answering review found among the item's reviews, and is the answer
//! correct?
//!
//! In: a [`SubjQa`], something that ranks reviews, and optionally something that answers. Out: scores for each of their
//! systems. Ranking is measured on answerable questions about items with at least two reviews; answering is measured on
//! all questions, because a refusal is an answer too.

mod answer_scores;
mod half;
mod review_recall;
mod subjqa;

use std::fmt;

use serde::Serialize;

pub(crate) use answer_scores::{Answered, Answerer, Answers};
pub(crate) use half::Half;
pub(crate) use subjqa::{SubjQa, SubjQaQuestion};

use super::{EvaluationError, ScoreTable, Search};

/// The scores of ranking and answering.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Qa {
    /// The half whose questions were asked.
    half: Half,
    /// The number of questions in that half.
    questions: usize,
    /// The number of those that a review answers.
    answerable: usize,
    /// The number of answerable questions whose item has at least two reviews: `retrieval` is measured on these.
    ranked: usize,
    /// The scores of each system that ranks.
    retrieval: ScoreTable<3>,
    /// The scores of the answers, if any were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Answers>,
}

/// Asks the questions of one half of the set, and has `answers.1` of them answered by `answers.0`.
///
/// # Errors
/// [`EvaluationError::Asked`] if `search` or the answerer fails.
pub(crate) fn qa(
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
            retrieval,
            answers,
        } = self;
        writeln!(
            f,
            "{questions} questions (half: {half}), {answerable} of them answerable"
        )?;
        write!(
            f,
            "{ranked} of those are about items with at least two reviews, which were ranked:\n{retrieval}"
        )?;
        match answers {
            Some(answers) => write!(f, "\n{answers}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
