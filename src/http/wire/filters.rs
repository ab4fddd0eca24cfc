//! The filters of a question.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::error::ApiError;
use super::find_product;
use crate::retrieval::Filters;
use crate::reviews::Corpus;

/// Stars that a review can have.
const RATINGS: RangeInclusive<u8> = 1..=5;

/// Which products and reviews may be used. A field that is null or absent filters nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::http) struct SearchFilters {
    product_ids: Option<Vec<String>>,
    category: Option<String>,
    min_rating: Option<u8>,
    max_price: Option<u32>,
}

impl SearchFilters {
    /// The filters for retrieval.
    ///
    /// # Errors
    /// 400 for a product that does not exist or a rating that no review can have: such a filter is a mistake, and not a
    /// question without evidence.
    pub(crate) fn checked(self, corpus: &Corpus) -> Result<Filters, ApiError> {
        let product_ids = self.product_ids.unwrap_or_default();
        if let Some(unknown) = product_ids.iter().find(|id| find_product(corpus, id).is_none()) {
            let message = format!("There is no product {unknown:?}; GET /api/products lists them.");
            return Err(ApiError::invalid(message).at("filters.product_ids"));
        }
        if let Some(stars) = self.min_rating.filter(|stars| !RATINGS.contains(stars)) {
            let message = format!("min_rating must be from 1 to 5 stars, not {stars}.");
            return Err(ApiError::invalid(message).at("filters.min_rating"));
        }
        Ok(Filters {
            product_ids,
            category: self.category,
            min_rating: self.min_rating,
            max_price: self.max_price,
        })
    }
}
