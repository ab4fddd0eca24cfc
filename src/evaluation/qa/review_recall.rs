//! Does the review that answers a question come first among the item's?

use std::fmt;

use serde::Serialize;

use super::{SubjQa, SubjQaQuestion};
use crate::evaluation::ranking::{self, Judgements, mean};
use crate::evaluation::search::BySystem;
use crate::evaluation::{EvaluationError, Search};

/// Means over questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Retrieval {
    /// The share of questions for which a review that answers comes first.
    #[serde(rename = "recall@1")]
    pub recall_1: f64,
    /// The share for which one is among the first five.
    #[serde(rename = "recall@5")]
    pub recall_5: f64,
    /// See [`ranking::reciprocal_rank`], over all reviews of the item.
    pub mrr: f64,
}

/// Ranks the reviews of every question's item.
pub(super) fn measure(
    set: &SubjQa,
    questions: &[&SubjQaQuestion],
    search: &dyn Search,
) -> Result<BySystem<Retrieval>, EvaluationError> {
    let mut systems = BySystem::<Vec<Retrieval>>::default();
    for question in questions {
        let reviews = &set.items[question.item].reviews;
        let rankings = search
            .rank(&question.text, Some(reviews), reviews.len())
            .map_err(EvaluationError::asked(&question.text))?;
        let judgements: Judgements<usize> = question.answered_by.iter().map(|&review| (review, 1)).collect();
        for ranking in rankings {
            systems.of(ranking.system).push(Retrieval {
                recall_1: ranking::hit(&ranking.documents, &judgements, 1),
                recall_5: ranking::hit(&ranking.documents, &judgements, 5),
                mrr: ranking::reciprocal_rank(&ranking.documents, &judgements, reviews.len()),
            });
        }
    }
    Ok(systems.map(average))
}

fn average(figures: Vec<Retrieval>) -> Retrieval {
    let of = |figure: fn(&Retrieval) -> f64| mean(figures.iter().map(figure));
    Retrieval {
        recall_1: of(|figures| figures.recall_1),
        recall_5: of(|figures| figures.recall_5),
        mrr: of(|figures| figures.mrr),
    }
}

impl fmt::Display for Retrieval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            recall_1,
            recall_5,
            mrr,
        } = self;
        write!(f, "{recall_1:>10.4}{recall_5:>10.4}{mrr:>10.4}")
    }
}
