//! `GET /api/products`, `/api/products/{id}` and `/api/reviews/{id}`: what the data file holds, with the arithmetic
//! of its stars. No model is asked.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::{
    Shared,
    error::ApiError,
    extract::{Params, Segment},
};
use crate::reviews::{Corpus, Product};

const DEFAULT_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 100;

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

/// A part of a list, and how long the whole is.
#[derive(Debug, Serialize)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    total: usize,
    limit: usize,
    offset: usize,
}

/// One product and its facts.
#[derive(Debug, Serialize)]
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

/// One product and the numbers of its reviews.
#[derive(Debug, Serialize)]
pub(super) struct ProductDetail {
    #[serde(flatten)]
    facts: ProductFacts,
    review_ids: Listing<u32>,
}

/// One review.
#[derive(Debug, Serialize)]
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
        page.of(&context.service()?.corpus.products, ProductFacts::of)?,
    ))
}

/// `GET /api/products/{id}`, by the shop's id.
pub(super) async fn product(
    State(context): State<Shared>,
    Segment(id): Segment,
    Params(page): Params<Page>,
) -> Result<Json<ProductDetail>, ApiError> {
    find_product(&context.service()?.corpus, &id, &page).map(Json)
}

/// `GET /api/reviews/{id}`, by the number that evidence carries.
pub(super) async fn review(
    State(context): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<ReviewDetail>, ApiError> {
    find_review(&context.service()?.corpus, &id).map(Json)
}

fn find_product(corpus: &Corpus, id: &str, page: &Page) -> Result<ProductDetail, ApiError> {
    let product = corpus.products.iter().find(|product| product.key == id);
    let product = product.ok_or_else(|| ApiError::not_found(format!("There is no product {id:?}.")))?;
    Ok(ProductDetail {
        facts: ProductFacts::of(product),
        review_ids: page.of(&product.reviews, |review| review.0)?,
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

impl ProductFacts {
    /// The facts of one product.
    pub(super) fn of(product: &Product) -> ProductFacts {
        ProductFacts {
            id: product.key.clone(),
            title: product.title.clone(),
            category: product.category.clone(),
            price: product.price,
            reviews: product.histogram.iter().sum(),
            mean_rating: (f64::from(product.mean_rating()) * 100.0).round() / 100.0,
            histogram: product.histogram,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::reviews::{ProductId, Review, ReviewId};
    use serde_json::json;

    /// Two products; the first has three reviews, the second none left.
    pub fn corpus() -> Corpus {
        let product = |key: &str, title: &str, histogram, reviews: Vec<u32>| Product {
            key: key.into(),
            title: title.into(),
            category: Some("Kettles".into()),
            price: Some(1299),
            histogram,
            reviews: reviews.into_iter().map(ReviewId).collect(),
        };
        let review = |rating, text: &str| Review {
            product: ProductId(0),
            rating,
            summary: "Kettle".into(),
            text: text.into(),
        };
        Corpus {
            reviews: vec![review(5, "Boils fast."), review(4, "Loud."), review(1, "Leaks.")],
            products: vec![
                product("KET-1", "Kettle", [1, 0, 0, 1, 1], vec![0, 1, 2]),
                product("a/b c", "Slash", [0; 5], vec![]),
            ],
            dropped: vec![],
            fingerprint: String::new(),
        }
    }

    fn page(limit: Option<usize>, offset: usize) -> Page {
        Page { limit, offset }
    }

    #[test]
    fn a_product_has_its_facts_and_its_reviews_numbers() {
        let detail = find_product(&corpus(), "KET-1", &page(Some(2), 1)).expect("it exists");
        assert_eq!(
            serde_json::to_value(detail).expect("it serialises"),
            json!({
                "id": "KET-1", "title": "Kettle", "category": "Kettles", "price": 1299, "reviews": 3,
                "mean_rating": 3.33, "histogram": [1, 0, 0, 1, 1],
                "review_ids": {"items": [1, 2], "total": 3, "limit": 2, "offset": 1},
            })
        );
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
        assert!(find_product(&corpus(), "KET-9", &Page::default()).is_err());
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
