//! `GET /api/products`, `/api/products/{id}` and `/api/reviews/{id}`: what the data file holds, with the arithmetic
//! of its stars. No model is asked.

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aspects::{AspectFacts, Quote, Source, rounded};
use super::{
    Shared,
    error::ApiError,
    extract::{Params, Segment},
};
use crate::aspects::Verdict;
use crate::reviews::{Corpus, PRIOR_REVIEWS, Product, ProductId, Rating, mean_rating};

const DEFAULT_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 100;
/// Aspects of one product that are shown.
const ASPECTS: usize = 12;
/// An aspect that fewer of its reviews name is chance.
const FEWEST_REVIEWS: usize = 2;
/// Quotes of either kind.
const QUOTES: usize = 3;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

/// A part of a list, and how long the whole is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    total: usize,
    limit: usize,
    offset: usize,
}

/// One product and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct ProductFacts {
    /// The shop's own id.
    id: String,
    title: String,
    category: Option<String>,
    /// In rupees.
    price: Option<u32>,
    /// How many reviews it has.
    reviews: u32,
    /// Their mean stars, to two decimals.
    mean_rating: f64,
    /// How many have one, two, … five stars.
    histogram: [u32; 5],
}

/// The mean drawn towards the shop's, and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct ShrunkRating {
    /// (`prior_reviews` × `shop_mean` + the product's stars) / (`prior_reviews` + its reviews), to three decimals.
    value: f64,
    /// The mean stars of all reviews of the shop.
    shop_mean: f64,
    /// How many reviews of the shop's mean stand beside the product's own.
    prior_reviews: u32,
}

/// One product, what its reviews speak of, and their numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProductDetail {
    #[serde(flatten)]
    facts: ProductFacts,
    shrunk_rating: ShrunkRating,
    /// Those that most of its reviews speak of.
    aspects: Vec<AspectFacts>,
    /// The most telling praise …
    best_quotes: Vec<Quote>,
    /// … and complaints.
    worst_quotes: Vec<Quote>,
    review_ids: Listing<u32>,
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
    State(context): State<Shared>,
    Params(page): Params<Page>,
) -> Result<Json<Listing<ProductFacts>>, ApiError> {
    Ok(Json(
        page.of(&context.catalogue()?.corpus.products, ProductFacts::of)?,
    ))
}

/// `GET /api/products/{id}`, by the shop's id.
pub(super) async fn product(
    State(context): State<Shared>,
    Segment(id): Segment,
    Params(page): Params<Page>,
) -> Result<Json<ProductDetail>, ApiError> {
    let catalogue = context.catalogue()?;
    let source = Source {
        corpus: &catalogue.corpus,
        aspects: catalogue.retriever.aspects(),
    };
    find_product(source, &id, &page).map(Json)
}

/// `GET /api/reviews/{id}`, by the number that evidence carries.
pub(super) async fn review(
    State(context): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<ReviewDetail>, ApiError> {
    find_review(&context.catalogue()?.corpus, &id).map(Json)
}

fn find_product(source: Source<'_>, id: &str, page: &Page) -> Result<ProductDetail, ApiError> {
    let products = &source.corpus.products;
    let found = (0..)
        .map(ProductId)
        .zip(products)
        .find(|(_, product)| product.key == id);
    let (number, product) =
        found.ok_or_else(|| ApiError::not_found(format!("There is no product {id:?}.")))?;
    let review_ids = page.of(&product.reviews, |review| review.0)?;
    let aspects = source.aspects.of_product(number).into_iter();
    let aspects = aspects
        .filter(|aspect| aspect.reviews >= FEWEST_REVIEWS)
        .take(ASPECTS);
    Ok(ProductDetail {
        facts: ProductFacts::of(product),
        shrunk_rating: ShrunkRating::of(product, mean_rating(products)),
        aspects: aspects.map(|aspect| source.facts(number, aspect)).collect(),
        best_quotes: source.quotes(number, None, Verdict::Praised, QUOTES),
        worst_quotes: source.quotes(number, None, Verdict::Complained, QUOTES),
        review_ids,
    })
}

fn find_review(corpus: &Corpus, id: &str) -> Result<ReviewDetail, ApiError> {
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

impl Page {
    /// This part of `list`; one that begins after its end is empty.
    fn of<T, W>(&self, list: &[T], wire: impl Fn(&T) -> W) -> Result<Listing<W>, ApiError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(
                ApiError::invalid(format!("limit must be from 1 to {LARGEST_LIMIT}, not {limit}."))
                    .at("limit"),
            );
        }
        let items = list.iter().skip(self.offset).take(limit).map(wire).collect();
        Ok(Listing {
            items,
            total: list.len(),
            limit,
            offset: self.offset,
        })
    }
}

impl ShrunkRating {
    /// Of a product in a shop whose reviews have `shop_mean` stars in the mean.
    pub(super) fn of(product: &Product, shop_mean: f64) -> Self {
        Self {
            value: rounded(Rating::of(product, shop_mean).shrunk),
            shop_mean: rounded(shop_mean),
            prior_reviews: PRIOR_REVIEWS,
        }
    }
}

impl ProductFacts {
    /// The facts of one product.
    pub(super) fn of(product: &Product) -> ProductFacts {
        ProductFacts {
            id: product.key.clone(),
            title: product.title.clone(),
            category: product.category.clone(),
            price: product.price,
            reviews: product.histogram.iter().sum(),
            mean_rating: (product.mean_rating() * 100.0).round() / 100.0,
            histogram: product.histogram,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::aspects::Aspects;
    use crate::reviews::{Review, testing};
    use serde_json::json;

    /// Two products; the first has three reviews, the second none left.
    pub fn corpus() -> Corpus {
        let product = |key: &str, title| Product {
            key: key.into(),
            category: Some("Kettles".into()),
            price: Some(1299),
            ..testing::product(title)
        };
        let review = |rating, text| Review {
            summary: "Kettle".into(),
            ..testing::review(0, rating, text)
        };
        testing::corpus(
            vec![product("KET-1", "Kettle"), product("a/b c", "Slash")],
            vec![review(5, "Boils fast."), review(4, "Loud."), review(1, "Leaks.")],
        )
    }

    fn page(limit: Option<usize>, offset: usize) -> Page {
        Page { limit, offset }
    }

    #[test]
    fn a_product_has_its_facts_and_its_reviews_numbers() {
        let (corpus, aspects) = (corpus(), Aspects::default());
        let source = Source {
            corpus: &corpus,
            aspects: &aspects,
        };
        let detail = find_product(source, "KET-1", &page(Some(2), 1)).expect("it exists");
        assert_eq!(
            serde_json::to_value(detail).expect("it serialises"),
            json!({
                "id": "KET-1", "title": "Kettle", "category": "Kettles", "price": 1299, "reviews": 3,
                "mean_rating": 3.33, "histogram": [1, 0, 0, 1, 1],
                "shrunk_rating": {"value": 3.333, "shop_mean": 3.333, "prior_reviews": 10},
                "aspects": [], "best_quotes": [], "worst_quotes": [],
                "review_ids": {"items": [1, 2], "total": 3, "limit": 2, "offset": 1},
            })
        );
        assert!(find_product(source, "KET-9", &Page::default()).is_err());
    }

    #[test]
    fn a_review_has_its_product() {
        let detail = find_review(&corpus(), "1").expect("it exists");
        assert_eq!(
            serde_json::to_value(detail).expect("it serialises"),
            json!({
                "id": 1, "product_id": "KET-1", "product_title": "Kettle", "rating": 4, "summary": "Kettle",
                "text": "Loud.",
            })
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for id in ["3", "-1", "one", "4294967296", ""] {
            let error = find_review(&corpus(), id).expect_err(id);
            assert_eq!(error, ApiError::not_found(format!("There is no review {id:?}.")));
        }
    }

    #[test]
    fn parts_of_a_list_stay_within_bounds() {
        let list: Vec<usize> = (0..250).collect();
        let table = [
            (page(None, 0), Some((0, DEFAULT_LIMIT))),
            (page(Some(LARGEST_LIMIT), 200), Some((200, 50))),
            (page(Some(1), 250), Some((250, 0))),
            (page(Some(1), usize::MAX), Some((usize::MAX, 0))),
            (page(Some(0), 0), None),
            (page(Some(LARGEST_LIMIT + 1), 0), None),
        ];
        for (page, expected) in table {
            let part = page.of(&list, |item| *item).ok();
            let shape = part.as_ref().map(|part| (part.offset, part.items.len()));
            assert_eq!(shape, expected, "{page:?}");
            assert!(part.is_none_or(
                |part| part.total == 250 && part.items.first().is_none_or(|item| *item == page.offset)
            ));
        }
    }
}
