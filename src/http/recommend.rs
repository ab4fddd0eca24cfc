//! `POST /api/search` and `POST /api/recommend`: what retrieval finds for a question. The chat model is not asked.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::extract::JsonBody;
use super::wire::{
    EvidenceQuote, Recommendation, ReviewSource, SearchFilters, check_question, recommendations,
};
use super::{HttpOptions, SharedContext};
use crate::query::Turn;
use crate::retrieval::Filters;
use crate::reviews::Corpus;

/// The request of both endpoints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"question": "Which kettle is quiet?", "filters": {"max_price": 2000}}))]
pub(super) struct SearchRequest {
    question: String,
    #[serde(default)]
    filters: Option<SearchFilters>,
}

/// What was found, best first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SearchResults<T> {
    items: Vec<T>,
}

/// `POST /api/search`: the evidence that an answer would rest on.
pub(super) async fn search(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<SearchRequest>,
) -> Result<Json<SearchResults<EvidenceQuote>>, ApiError> {
    let (catalogue, _ticket) = context.admit_search()?;
    let (asked, filters) = request.checked(&catalogue.corpus, &context.options)?;
    let found = catalogue.retriever.retrieve(&asked, &filters).await?;
    let items = EvidenceQuote::numbered(found.evidence);
    Ok(Json(SearchResults { items }))
}

/// `POST /api/recommend`: the products that fit the question.
pub(super) async fn recommend(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<SearchRequest>,
) -> Result<Json<SearchResults<Recommendation>>, ApiError> {
    let (catalogue, _ticket) = context.admit_search()?;
    let (asked, filters) = request.checked(&catalogue.corpus, &context.options)?;
    let found = catalogue.retriever.recommend(&asked, &filters).await?;
    let items = recommendations(ReviewSource::from(&*catalogue), found);
    Ok(Json(SearchResults { items }))
}

impl SearchRequest {
    fn checked(self, corpus: &Corpus, limits: &HttpOptions) -> Result<([Turn; 1], Filters), ApiError> {
        let question = self.question.trim();
        check_question(question, "question", limits)?;
        let asked = [Turn::user(question)];
        Ok((asked, self.filters.unwrap_or_default().checked(corpus)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{corpus, error_fields, options};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_a_question_with_known_filters() {
        let check = |request| {
            let request: SearchRequest = serde_json::from_value(request).expect("it parses");
            request.checked(&corpus(), &options())
        };
        let (asked, filters) = check(json!({"question": " Loud? ", "filters": {"product_ids": ["KET-1"]}}))
            .expect("it is in order");
        assert_eq!(asked, [Turn::user("Loud?")]);
        assert_eq!(filters.product_ids, ["KET-1"]);
        for (request, param) in [
            (json!({"question": " "}), "question"),
            (
                json!({"question": "é".repeat(options().max_message_chars + 1)}),
                "question",
            ),
            (
                json!({"question": "a", "filters": {"product_ids": ["NO"]}}),
                "filters.product_ids",
            ),
        ] {
            let error = error_fields(&check(request).expect_err(param));
            assert_eq!(error["param"], param, "{error}");
        }
        assert!(serde_json::from_value::<SearchRequest>(json!({"question": "a", "limit": 3})).is_err());
    }
}
