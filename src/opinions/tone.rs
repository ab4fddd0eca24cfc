//! Does a text praise or complain? Learned from the stars: texts of five-star reviews against those of one and two.

use super::classifier::Classifier;
use super::reading::{Embed, Source, vectors};
use crate::reviews;

/// Passages of each side that are learned from at most. On SemEval-2014 more than 1,000 added nothing.
const MOST: usize = 5_000;
/// A shop with fewer on either side learns nothing of its own.
const FEWEST: usize = 60;
/// How much the size of the classifier's weights counts. Between 1 and 3 the labelled reviews saw no difference.
const PENALTY: f64 = 1.0;

/// Learns the tone of a shop's texts; where it has too few complaints or too few praises, that of the reviews that are
/// a part of the program.
pub(super) fn learn<E>(source: &Source<'_>, embed: Embed<'_, E>) -> Result<Classifier, E> {
    if let Some(learned) = learned(source, FEWEST) {
        return Ok(learned);
    }
    let corpus = reviews::included();
    let passages = reviews::passages(&corpus);
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text(&corpus)).collect();
    let vectors = vectors(source.dimension, &texts, embed)?;
    let included = Source {
        corpus: &corpus,
        passages: &passages,
        vector: &|passage| vectors.row(passage),
        ..*source
    };
    Ok(learned(&included, 1).expect("both sides have passages"))
}

/// Learns from a shop, if it has so many passages of each side.
fn learned(source: &Source<'_>, fewest: usize) -> Option<Classifier> {
    // Evenly spread over the reviews.
    let side = |stars: &[u8]| -> Vec<&[f32]> {
        let rating = |at: &usize| source.corpus.reviews[source.passages[*at].review.0 as usize].rating;
        let places = 0..source.passages.len();
        let all: Vec<usize> = places.filter(|at| stars.contains(&rating(at))).collect();
        let taken = all.len().min(MOST);
        let spread = (0..taken).map(|at| all[at * all.len() / taken]);
        spread.map(|at| (source.vector)(at)).collect()
    };
    let (liked, disliked) = (side(&[5]), side(&[1, 2]));
    let are_enough = liked.len().min(disliked.len()) >= fewest;
    are_enough.then(|| Classifier::learn(&liked, &disliked, PENALTY))?
}
