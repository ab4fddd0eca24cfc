//! `GET /api/products`, `/api/products/{id}` and `/api/reviews/{id}`: what the data file holds, with the arithmetic
//! of its stars. No model is asked.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SharedContext;
use super::error::ApiError;
use super::extract::{Params, Segment};
use super::wire::{AspectFacts, ProductFacts, ReviewQuote, ReviewSource, ShrunkRating, find_product};
use crate::opinions::Verdict;
use crate::reviews::{Corpus, mean_rating};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// At most so many aspects of a product are shown.
const MAX_ASPECTS: usize = 12;
/// An aspect that fewer of the product's reviews mention is chance.
const MIN_REVIEWS: usize = 2;
/// At most so many quotes that praise, and so many that complain, are shown.
const MAX_QUOTES: usize = 3;

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

/// A part of a list, and the length of the whole list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    items: Vec<T>,
    total: usize,
    limit: usize,
    offset: usize,
}

/// One product, the aspects that its reviews mention, and its reviews' numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProductDetail {
    #[serde(flatten)]
    facts: ProductFacts,
    shrunk_rating: ShrunkRating,
    /// Of the aspects that at least two reviews mention and one clearly judges, those that most reviews mention.
    aspects: Vec<AspectFacts>,
    /// The clearest praise.
    best_quotes: Vec<ReviewQuote>,
    /// The clearest complaints.
    worst_quotes: Vec<ReviewQuote>,
    review_ids: Page<u32>,
}

/// One review.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReviewDetail {
    id: u32,
    product_id: String,
    product_title: String,
    rating: u8,
    summary: String,
    text: String,
}

/// `GET /api/products`, in the order of the data file.
pub(super) async fn products(
    State(context): State<SharedContext>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ProductFacts>>, ApiError> {
    let catalogue = context.catalogue()?;
    query
        .slice(&catalogue.corpus.products, ProductFacts::new)
        .map(Json)
}

/// `GET /api/products/{id}`, by the shop's id.
pub(super) async fn product(
    State(context): State<SharedContext>,
    Segment(id): Segment,
    Params(query): Params<PageQuery>,
) -> Result<Json<ProductDetail>, ApiError> {
    let catalogue = context.catalogue()?;
    product_detail(ReviewSource::from(&*catalogue), &id, &query).map(Json)
}

/// `GET /api/reviews/{id}`, by the number that evidence carries.
pub(super) async fn review(
    State(context): State<SharedContext>,
    Segment(id): Segment,
) -> Result<Json<ReviewDetail>, ApiError> {
    review_detail(&context.catalogue()?.corpus, &id).map(Json)
}

fn product_detail(source: ReviewSource<'_>, id: &str, query: &PageQuery) -> Result<ProductDetail, ApiError> {
    let found = find_product(source.corpus, id);
    let (number, product) =
        found.ok_or_else(|| ApiError::not_found(format!("There is no product {id:?}.")))?;
    let review_ids = query.slice(&product.reviews, |review| review.0)?;
    let aspects = source.opinions.of_product(number).into_iter();
    let aspects = aspects
        .filter(|aspect| aspect.reviews >= MIN_REVIEWS && aspect.is_judged())
        .take(MAX_ASPECTS);
    Ok(ProductDetail {
        facts: ProductFacts::new(product),
        shrunk_rating: ShrunkRating::new(product, mean_rating(&source.corpus.products)),
        aspects: aspects.map(|aspect| source.facts(number, aspect)).collect(),
        best_quotes: source.quotes(number, None, Verdict::Praised, MAX_QUOTES),
        worst_quotes: source.quotes(number, None, Verdict::Complained, MAX_QUOTES),
        review_ids,
    })
}

fn review_detail(corpus: &Corpus, id: &str) -> Result<ReviewDetail, ApiError> {
    let found = id
        .parse::<u32>()
        .ok()
        .and_then(|id| Some((id, corpus.reviews.get(id as usize)?)));
    let (id, review) = found.ok_or_else(|| ApiError::not_found(format!("There is no review {id:?}.")))?;
    let product = &corpus.products[review.product.0 as usize];
    Ok(ReviewDetail {
        id,
        product_id: product.key.clone(),
        product_title: product.title.clone(),
        rating: review.rating,
        summary: review.summary.clone(),
        text: review.text.clone(),
    })
}

impl PageQuery {
    /// This part of `list`. It is empty if it begins after the end of the list.
    fn slice<T, W>(&self, list: &[T], wire: impl Fn(&T) -> W) -> Result<Page<W>, ApiError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let message = format!("limit must be from 1 to {MAX_LIMIT}, not {limit}.");
            return Err(ApiError::invalid(message).at("limit"));
        }
        let items = list.iter().skip(self.offset).take(limit).map(wire).collect();
        Ok(Page {
            items,
            total: list.len(),
            limit,
            offset: self.offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::corpus;
    use super::*;
    use crate::opinions::Opinions;
    use serde_json::json;

    fn page(limit: Option<usize>, offset: usize) -> PageQuery {
        PageQuery { limit, offset }
    }

    #[test]
    fn a_product_has_its_facts_and_the_numbers_of_its_reviews() {
        let (corpus, opinions) = (corpus(), Opinions::default());
        let source = ReviewSource {
            corpus: &corpus,
            opinions: &opinions,
        };
        let detail = product_detail(source, "KET-1", &page(Some(2), 1)).expect("it exists");
        assert_eq!(
            serde_json::to_value(detail).expect("it serialises"),
            json!({
                "id": "KET-1", "title": "Kettle", "category": "Kettles", "price": 1299, "currency": "INR", "reviews": 3,
                "mean_rating": 3.33, "histogram": [1, 0, 0, 1, 1],
                "shrunk_rating": {"value": 3.333, "shop_mean": 3.333, "prior_reviews": 10},
                "aspects": [], "best_quotes": [], "worst_quotes": [],
                "review_ids": {"items": [1, 2], "total": 3, "limit": 2, "offset": 1},
            })
        );
        assert!(product_detail(source, "KET-9", &PageQuery::default()).is_err());
    }

    #[test]
    fn a_review_names_its_product() {
        let detail = review_detail(&corpus(), "1").expect("it exists");
        assert_eq!(
            serde_json::to_value(detail).expect("it serialises"),
            json!({
                "id": 1, "product_id": "KET-1", "product_title": "Kettle", "rating": 4, "summary": "Kettle",
                "text": "Loud.",
            })
        );
    }

    #[test]
    fn an_unknown_review_is_not_found() {
        for id in ["3", "-1", "one", "4294967296", ""] {
            let error = review_detail(&corpus(), id).expect_err(id);
            assert_eq!(error, ApiError::not_found(format!("There is no review {id:?}.")));
        }
    }

    #[test]
    fn pages_of_a_list_stay_within_bounds() {
        let list: Vec<usize> = (0..250).collect();
        let table = [
            (page(None, 0), Some((0, DEFAULT_LIMIT))),
            (page(Some(MAX_LIMIT), 200), Some((200, 50))),
            (page(Some(1), 250), Some((250, 0))),
            (page(Some(1), usize::MAX), Some((usize::MAX, 0))),
            (page(Some(0), 0), None),
            (page(Some(MAX_LIMIT + 1), 0), None),
        ];
        for (page, expected) in table {
            let part = page.slice(&list, |item| *item).ok();
            let shape = part.as_ref().map(|part| (part.offset, part.items.len()));
            assert_eq!(shape, expected, "{page:?}");
            assert!(part.is_none_or(
                |part| part.total == 250 && part.items.first().is_none_or(|item| *item == page.offset)
            ));
        }
    }
}
