//! Is the answer the one that people marked, does it rest on what was found, and is it refused where nobody found one?

use std::fmt;

use serde::Serialize;

use super::{SubjQa, SubjQaQuestion};
use crate::digest::sha256;
use crate::evaluation::ranking::mean;
use crate::evaluation::search::BySystem;
use crate::evaluation::{EvaluationError, Failure, token_overlap};

/// An answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The system's name in the results: `extractive`, `generated`.
    pub system: &'static str,
    /// What it says, without marks of citation.
    pub text: String,
    /// Whether it says that the reviews do not tell.
    pub refused: bool,
    /// What it was made from: quotes, names of products.
    pub evidence: Vec<String>,
}

/// Answers questions.
pub trait Answerer {
    /// Answers a question about one item from the reviews of that item, by each system.
    ///
    /// # Errors
    /// Whatever keeps a system from answering.
    fn answer(&self, set: &SubjQa, question: &SubjQaQuestion) -> Result<Vec<Answered>, Failure>;
}

/// How good the answers are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answers {
    /// Questions asked.
    questions: usize,
    /// Those that some review answers.
    answerable: usize,
    /// By each system that answers.
    systems: BySystem<Quality>,
}

/// Means over questions; absent where there is nothing to take the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Quality {
    /// [`token_overlap::best_f1`] over the answerable questions; a refusal counts 0.
    f1: Option<f64>,
    /// [`token_overlap::precision`] against the evidence, over the answers that are no refusals.
    groundedness: Option<f64>,
    /// The share of unanswerable questions among those refused.
    refusal_precision: Option<f64>,
    /// The share of refused questions among the unanswerable ones.
    refusal_recall: Option<f64>,
}

/// One answer, scored.
struct Scored {
    answerable: bool,
    refused: bool,
    f1: f64,
    groundedness: Option<f64>,
}

/// Has `count` of the questions answered: always the same ones, and the first of them too for a smaller count.
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
    let mut systems = BySystem::<Vec<Scored>>::default();
    for question in &asked {
        let answers = answer
            .answer(set, question)
            .map_err(EvaluationError::asked(&question.text))?;
        for answered in answers {
            systems.of(answered.system).push(score(question, &answered));
        }
    }
    Ok(Answers {
        questions: asked.len(),
        answerable: asked.iter().filter(|question| question.is_answerable()).count(),
        systems: systems.map(|scored| quality(&scored)),
    })
}

fn score(question: &SubjQaQuestion, answered: &Answered) -> Scored {
    let Answered {
        text,
        refused,
        evidence,
        ..
    } = answered;
    let f1 = if *refused {
        0.0
    } else {
        token_overlap::best_f1(text, &question.spans)
    };
    let groundedness = match refused {
        true => None,
        false => token_overlap::precision(text, &evidence.join("\n")),
    };
    Scored {
        answerable: question.is_answerable(),
        refused: *refused,
        f1,
        groundedness,
    }
}

fn quality(scored: &[Scored]) -> Quality {
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| mean(values));
    let share = |of: fn(&Scored) -> bool, are: fn(&Scored) -> bool| {
        let chosen = scored.iter().filter(|scored| of(scored));
        mean(chosen.map(|scored| f64::from(u8::from(are(scored)))).collect())
    };
    let answerable = scored.iter().filter(|scored| scored.answerable);
    Quality {
        f1: mean(answerable.map(|scored| scored.f1).collect()),
        groundedness: mean(scored.iter().filter_map(|scored| scored.groundedness).collect()),
        refusal_precision: share(|scored| scored.refused, |scored| !scored.answerable),
        refusal_recall: share(|scored| !scored.answerable, |scored| scored.refused),
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            questions,
            answerable,
            systems,
        } = self;
        writeln!(
            f,
            "{questions} questions were answered, {answerable} of them answerable:"
        )?;
        writeln!(
            f,
            "{:<12}{:>10}{:>14}{:>20}{:>17}",
            "system", "F1", "groundedness", "refusal precision", "refusal recall"
        )?;
        let shown = |figure: Option<f64>| figure.map_or("–".into(), |figure| format!("{figure:.4}"));
        for (system, quality) in &systems.0 {
            let [f1, groundedness, precision, recall] = [
                quality.f1,
                quality.groundedness,
                quality.refusal_precision,
                quality.refusal_recall,
            ]
            .map(shown);
            writeln!(
                f,
                "{system:<12}{f1:>10}{groundedness:>14}{precision:>20}{recall:>17}"
            )?;
        }
        Ok(())
    }
}
