//! Which products there are of a kind or a brand, within the question's demands. Pure.

use serde::Serialize;

use super::shop::ProductFacts;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::ProductId;

/// Products that are listed.
const LISTED: usize = 8;

/// Products, the best rated first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ListFinding {
    /// So many there are.
    pub total: usize,
    /// The first of them.
    pub products: Vec<ProductFacts>,
}

/// The products that are asked for.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>) -> ListFinding {
    let products: Vec<ProductId> = shop.best_rated(grounds.all.iter().copied());
    ListFinding {
        total: products.len(),
        products: products
            .into_iter()
            .take(LISTED)
            .map(|product| shop.facts(product))
            .collect(),
    }
}
