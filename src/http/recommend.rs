//! `POST /api/search` and `POST /api/recommend`: what retrieval finds for a question. The chat model is not asked.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aspects::{Portion, rounded};
use super::catalogue::{ProductFacts, ShrunkRating};
use super::chat::{WireFilters, checked_filters};
use super::events::Item;
use super::{Shared, error::ApiError, extract::JsonBody};
use crate::app::Catalogue;
use crate::assistant::AskError;
use crate::embedding::EmbeddingError;
use crate::generation::Overloaded;
use crate::retrieval::{self, Asked, Basis, Filters, Recommended};
use crate::reviews::{Corpus, Share, mean_rating};

/// The request of both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"question": "Which kettle is quiet?", "filters": {"max_price": 2000}}))]
pub(super) struct SearchInquiry {
    question: String,
    #[serde(default)]
    filters: Option<WireFilters>,
}

/// Best first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found<T> {
    items: Vec<T>,
}

/// A product that fits the question, and every figure that its place rests on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Recommendation {
    product: ProductFacts,
    /// relevance × shrunk_rating / 5 × (1 − the middle of dissent's interval).
    score: f64,
    /// Of its most relevant passage, from 0 to 1.
    relevance: f64,
    /// The mean drawn towards the shop's, as if ten more reviews had the shop's mean.
    shrunk_rating: f64,
    /// What the shrunk rating is made of.
    rating: ShrunkRating,
    dissent: Dissent,
    quotes: Vec<Item>,
}

/// How many dissent.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Dissent {
    #[serde(flatten)]
    share: Portion,
    /// The aspect asked about, where the product's reviews judge it: dissent is then how many of the reviews that
    /// praise it or complain about it complain. Null where dissent is how many of the passages found are from reviews
    /// of three stars and fewer.
    aspect: Option<String>,
    /// The same in words.
    counted: String,
}

/// `POST /api/search`: the evidence that an answer would rest on.
pub(super) async fn search(
    State(context): State<Shared>,
    JsonBody(inquiry): JsonBody<SearchInquiry>,
) -> Result<Json<Found<Item>>, ApiError> {
    let (catalogue, _ticket) = context.browse()?;
    let (asked, filters) = inquiry.checked(&catalogue.corpus, context.options.max_message_chars)?;
    let found = catalogue.retriever.retrieve(&asked, &filters).await?;
    let items = Item::numbered(found.evidence);
    Ok(Json(Found { items }))
}

/// `POST /api/recommend`: the products that fit.
pub(super) async fn recommend(
    State(context): State<Shared>,
    JsonBody(inquiry): JsonBody<SearchInquiry>,
) -> Result<Json<Found<Recommendation>>, ApiError> {
    let (catalogue, _ticket) = context.browse()?;
    let (asked, filters) = inquiry.checked(&catalogue.corpus, context.options.max_message_chars)?;
    let found = catalogue.retriever.recommend(&asked, &filters).await?;
    let shown = shown(catalogue);
    let items = found.items.into_iter().map(shown).collect();
    Ok(Json(Found { items }))
}

/// What gives a recommended product its figures.
pub(super) fn shown(catalogue: Arc<Catalogue>) -> impl Fn(Recommended) -> Recommendation {
    let shop_mean = mean_rating(&catalogue.corpus.products);
    move |recommended| {
        let (corpus, aspects) = (&catalogue.corpus, catalogue.retriever.aspects());
        let rating = ShrunkRating::of(&corpus.products[recommended.product.0 as usize], shop_mean);
        let aspect = match recommended.basis {
            Basis::Aspect(aspect) => Some(aspects.name(aspect)),
            Basis::Passages => None,
        };
        let dissent = Dissent::of(recommended.dissent, aspect);
        Recommendation::of(recommended, rating, dissent, corpus)
    }
}

impl SearchInquiry {
    fn checked(self, corpus: &Corpus, max_chars: usize) -> Result<(Asked, Filters), ApiError> {
        let question = self.question.trim();
        let length = question.chars().count();
        if !(1..=max_chars).contains(&length) {
            let message =
                format!("The question must have from 1 to {max_chars} characters; this one has {length}.");
            return Err(ApiError::invalid(message).at("question"));
        }
        let asked = Asked {
            whole: question.to_string(),
            last: question.to_string(),
        };
        Ok((asked, checked_filters(self.filters.unwrap_or_default(), corpus)?))
    }
}

impl Recommendation {
    fn of(recommended: Recommended, rating: ShrunkRating, dissent: Dissent, corpus: &Corpus) -> Self {
        Self {
            product: ProductFacts::of(&corpus.products[recommended.product.0 as usize]),
            score: rounded(recommended.score),
            relevance: rounded(recommended.relevance),
            shrunk_rating: rounded(recommended.rating.shrunk),
            rating,
            dissent,
            quotes: Item::numbered(recommended.quotes),
        }
    }
}

impl Dissent {
    fn of(share: Share, aspect: Option<&str>) -> Self {
        let Share { count, of } = share;
        let counted = match aspect {
            Some(aspect) => format!("{count} of {of} reviews that judge the {aspect} complain about it."),
            None => format!("{count} of {of} passages found are from reviews of three stars and fewer."),
        };
        Self {
            share: Portion::of(share),
            aspect: aspect.map(str::to_string),
            counted,
        }
    }
}

impl From<EmbeddingError> for ApiError {
    fn from(error: EmbeddingError) -> ApiError {
        match error {
            EmbeddingError::Overloaded => AskError::from(Overloaded {
                retry_after_seconds: retrieval::RETRY_SECONDS,
            })
            .into(),
            error => {
                tracing::error!(%error, "Nothing could be looked up; the request was refused with an internal error.");
                ApiError::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::tests::corpus;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_inquiry_is_a_question_with_known_filters() {
        let check = |request| {
            let inquiry: SearchInquiry = serde_json::from_value(request).expect("it parses");
            inquiry.checked(&corpus(), 20)
        };
        let (asked, filters) = check(json!({"question": " Loud? ", "filters": {"product_ids": ["KET-1"]}}))
            .expect("it is in order");
        assert_eq!((asked.whole.as_str(), asked.last.as_str()), ("Loud?", "Loud?"));
        assert_eq!(filters.product_ids, ["KET-1"]);
        for (request, param) in [
            (json!({"question": " "}), "question"),
            (json!({"question": "é".repeat(21)}), "question"),
            (
                json!({"question": "a", "filters": {"product_ids": ["NO"]}}),
                "filters.product_ids",
            ),
        ] {
            let body = serde_json::to_value(check(request).expect_err(param).into_body()).expect("an error");
            assert_eq!(body["error"]["param"], param, "{body}");
        }
        assert!(serde_json::from_value::<SearchInquiry>(json!({"question": "a", "limit": 3})).is_err());
    }

    #[test]
    fn dissent_says_whose_it_is() {
        let share = Share { count: 10, of: 20 };
        for (aspect, counted) in [
            (
                Some("mic"),
                "10 of 20 reviews that judge the mic complain about it.",
            ),
            (
                None,
                "10 of 20 passages found are from reviews of three stars and fewer.",
            ),
        ] {
            let dissent = serde_json::to_value(Dissent::of(share, aspect)).expect("it serialises");
            let expected = json!({
                "count": 10, "of": 20, "share": 0.5, "interval": [0.299, 0.701], "aspect": aspect,
                "counted": counted,
            });
            assert_eq!(dissent, expected);
        }
    }
}
