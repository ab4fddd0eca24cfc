//! What is no question for reviews: what can be asked instead, and what buyers tell of it. Pure.

use serde::Serialize;

use super::citations::Citations;
use crate::retrieval::{Grounds, Shop, Want};
use crate::reviews::examples;

/// Quotes of buyers on a question that only the shop itself can answer.
const QUOTES: usize = 2;

/// An answer to small talk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TalkFinding {
    /// What is wanted.
    pub about: Want,
    /// The reviews and products here.
    pub reviews: usize,
    /// The products here.
    pub products: usize,
    /// Questions that these reviews can answer.
    pub examples: Vec<String>,
    /// The numbers of quotes of buyers who tell of it.
    pub quotes: Vec<usize>,
}

/// The answer to `about`.
pub(super) fn find(about: Want, grounds: &Grounds, shop: Shop<'_>, cited: &mut Citations<'_>) -> TalkFinding {
    let corpus = shop.index.corpus();
    let tells = about == Want::Shop && !grounds.about.is_empty();
    let quotes = match tells {
        true => (0..QUOTES).map_while(|_| cited.best(&grounds.scope)).collect(),
        false => vec![],
    };
    TalkFinding {
        about,
        reviews: corpus.reviews.len(),
        products: corpus.products.len(),
        examples: examples(corpus),
        quotes,
    }
}
