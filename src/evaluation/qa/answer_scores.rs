//! Scores answers: the overlap with the marked spans, the support in the evidence, and correct refusals.

use std::fmt;

use serde::Serialize;

use super::{SubjQa, SubjQaQuestion};
use crate::digest::sha256;
use crate::evaluation::ranking::mean;
use crate::evaluation::score_table::{BySystem, ScoreTable};
use crate::evaluation::{EvaluationError, Failure, token_overlap};

/// An answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The system's name in the results: `extractive`, `generated`.
    pub system: &'static str,
    /// The text, without citations.
    pub text: String,
    /// Whether it says that the reviews do not answer the question.
    pub refused: bool,
    /// The texts that it was made from: quotes, product names.
    pub evidence: Vec<String>,
}

/// Answers questions.
pub(crate) trait Answerer {
    /// Answers a question about one item from the reviews of that item, by each system.
    ///
    /// # Errors
    /// A system cannot answer.
    fn answer(&self, set: &SubjQa, question: &SubjQaQuestion) -> Result<Vec<Answered>, Failure>;
}

/// The scores of the answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Answers {
    /// The number of questions that were asked.
    questions: usize,
    /// The number of those that a review answers.
    answerable: usize,
    /// The scores of each system: see [`scores`].
    systems: ScoreTable<4>,
}

/// One answer, scored.
struct Scored {
    answerable: bool,
    refused: bool,
    f1: f64,
    groundedness: Option<f64>,
}

/// Has `count` of the questions answered: always the same ones, and a smaller count takes the first of them.
pub(super) fn measure(
    set: &SubjQa,
    questions: &[&SubjQaQuestion],
    answer: &dyn Answerer,
    count: usize,
) -> Result<Answers, EvaluationError> {
    let mut asked = questions.to_vec();
    asked.sort_by_cached_key(|question| {
        let item = &set.items[question.item].id;
        sha256(format!("{item}\n{}", question.text))
    });
    asked.truncate(count);
    let mut systems = BySystem::new();
    for question in &asked {
        let answers = answer
            .answer(set, question)
            .map_err(EvaluationError::asked(&question.text))?;
        for answered in answers {
            systems.add(answered.system, score(question, &answered));
        }
    }
    Ok(Answers {
        questions: asked.len(),
        answerable: asked.iter().filter(|question| question.is_answerable()).count(),
        systems: systems.table(
            ["F1", "groundedness", "refusal precision", "refusal recall"],
            scores,
        ),
    })
}

fn score(question: &SubjQaQuestion, answered: &Answered) -> Scored {
    let (text, refused) = (&answered.text, answered.refused);
    let f1 = token_overlap::best_f1(text, &question.spans);
    let groundedness = token_overlap::precision(text, &answered.evidence.join("\n"));
    Scored {
        answerable: question.is_answerable(),
        refused,
        f1: if refused { 0.0 } else { f1 },
        groundedness: groundedness.filter(|_| !refused),
    }
}

/// Means over questions; a mean of nothing is absent.
///
/// - [`token_overlap::best_f1`] over the answerable questions; a refusal counts 0
/// - [`token_overlap::precision`] against the evidence, over the answers that are not refusals
/// - the share of unanswerable questions among the refused ones
/// - the share of refused questions among the unanswerable ones
fn scores(scored: Vec<Scored>) -> [Option<f64>; 4] {
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| mean(values));
    let share = |of: fn(&Scored) -> bool, are: fn(&Scored) -> bool| {
        let chosen = scored.iter().filter(|scored| of(scored));
        mean(chosen.map(|scored| f64::from(u8::from(are(scored)))).collect())
    };
    let answerable = scored.iter().filter(|scored| scored.answerable);
    [
        mean(answerable.map(|scored| scored.f1).collect()),
        mean(scored.iter().filter_map(|scored| scored.groundedness).collect()),
        share(|scored| scored.refused, |scored| !scored.answerable),
        share(|scored| !scored.answerable, |scored| scored.refused),
    ]
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            questions,
            answerable,
            systems,
        } = self;
        write!(
            f,
            "{questions} questions were answered, {answerable} of them answerable:\n{systems}"
        )
    }
}
