//! Does a review that answers the question come first among the item's reviews?

use super::{SubjQa, SubjQaQuestion};
use crate::evaluation::ranking::{Judgements, hit, reciprocal_rank};
use crate::evaluation::score_table::{BySystem, ScoreTable, means};
use crate::evaluation::{EvaluationError, Search};

/// Ranks the reviews of every question's item. The scores are means over the questions: the share with an answering
/// review at rank 1, the share with one among the first five, and the [`reciprocal_rank`] over all reviews of the item.
pub(super) fn measure(
    set: &SubjQa,
    questions: &[&SubjQaQuestion],
    search: &dyn Search,
) -> Result<ScoreTable<3>, EvaluationError> {
    let mut systems = BySystem::new();
    for question in questions {
        let reviews = &set.items[question.item].reviews;
        let rankings = search
            .rank(&question.text, Some(reviews), reviews.len())
            .map_err(EvaluationError::asked(&question.text))?;
        let judgements: Judgements<usize> = question.answered_by.iter().map(|&review| (review, 1)).collect();
        for ranking in rankings {
            let scores = [
                hit(&ranking.documents, &judgements, 1),
                hit(&ranking.documents, &judgements, 5),
                reciprocal_rank(&ranking.documents, &judgements, reviews.len()),
            ];
            systems.add(ranking.system, scores);
        }
    }
    Ok(systems.table(["recall@1", "recall@5", "MRR"], means))
}
