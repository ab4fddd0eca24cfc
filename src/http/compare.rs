//! `POST /api/compare`: two to four products, aspect by aspect, by what their reviews say. No model is asked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SharedContext;
use super::error::ApiError;
use super::extract::JsonBody;
use super::wire::{AspectFacts, ProductFacts, ReviewSource, ShrunkRating, find_product};
use crate::opinions::{AspectId, ProductAspect};
use crate::reviews::{ProductId, mean_rating};

/// How many products a comparison can have.
const PRODUCTS: RangeInclusive<usize> = 2..=4;
/// At most so many aspects can be named.
const MAX_ASPECTS: usize = 20;
/// How many aspects are compared if the request names none.
const DEFAULT_ASPECTS: usize = 8;

/// What is to be compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"product_ids": ["HDP-DHUNIX-RAGAPRO", "HDP-ORVEN-STRING1"]}))]
pub(super) struct ComparisonRequest {
    /// The shop's ids.
    product_ids: Vec<String>,
    /// Aspects, with the names of `GET /api/products/{id}`. If absent: of those that a review clearly judges, the ones
    /// that most reviews of all the products mention.
    #[serde(default)]
    aspects: Option<Vec<String>>,
}

/// The products, and a row for each aspect.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Comparison {
    /// In the order of the request.
    products: Vec<ComparedProduct>,
    aspects: Vec<ComparisonRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ComparedProduct {
    #[serde(flatten)]
    facts: ProductFacts,
    shrunk_rating: ShrunkRating,
}

/// One aspect.
#[derive(Debug, Serialize, JsonSchema)]
struct ComparisonRow {
    name: String,
    /// A cell for each product, in their order. If a product's reviews do not mention the aspect, its cell has zeros
    /// and no quotes.
    cells: Vec<ComparisonCell>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ComparisonCell {
    product_id: String,
    #[serde(flatten)]
    facts: AspectFacts,
}

/// `POST /api/compare`.
pub(super) async fn compare(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<ComparisonRequest>,
) -> Result<Json<Comparison>, ApiError> {
    request
        .answer(ReviewSource::from(&*context.catalogue()?))
        .map(Json)
}

impl ComparisonRequest {
    fn answer(&self, source: ReviewSource<'_>) -> Result<Comparison, ApiError> {
        let products = self.products(source)?;
        let counted: Vec<Vec<ProductAspect>> = products
            .iter()
            .map(|product| source.opinions.of_product(*product))
            .collect();
        let aspects = match &self.aspects {
            Some(names) => named(names, source, &counted)?,
            None => common(&counted),
        };
        let shop_mean = mean_rating(&source.corpus.products);
        let compared = |product: &ProductId| {
            let product = &source.corpus.products[product.0 as usize];
            ComparedProduct {
                facts: ProductFacts::new(product),
                shrunk_rating: ShrunkRating::new(product, shop_mean),
            }
        };
        let cell = |aspect: AspectId, (product, counted): (&ProductId, &Vec<ProductAspect>)| {
            let counted = counted.iter().find(|counted| counted.aspect == aspect).copied();
            ComparisonCell {
                product_id: source.corpus.products[product.0 as usize].key.clone(),
                facts: source.facts(*product, counted.unwrap_or(ProductAspect::none(aspect))),
            }
        };
        let row = |aspect: AspectId| ComparisonRow {
            name: source.opinions.name(aspect).to_string(),
            cells: products
                .iter()
                .zip(&counted)
                .map(|counted| cell(aspect, counted))
                .collect(),
        };
        Ok(Comparison {
            products: products.iter().map(compared).collect(),
            aspects: aspects.into_iter().map(row).collect(),
        })
    }

    fn products(&self, source: ReviewSource<'_>) -> Result<Vec<ProductId>, ApiError> {
        let ids = &self.product_ids;
        if !PRODUCTS.contains(&ids.len()) {
            let (least, most) = (PRODUCTS.start(), PRODUCTS.end());
            let message = format!(
                "A comparison is of {least} to {most} products, not of {}.",
                ids.len()
            );
            return Err(ApiError::invalid(message).at("product_ids"));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = ids.iter().find(|id| !seen.insert(*id)) {
            let message = format!("The product {twice:?} is named twice; name different products.");
            return Err(ApiError::invalid(message).at("product_ids"));
        }
        let find = |id: &String| match find_product(source.corpus, id) {
            Some((number, _)) => Ok(number),
            None => Err(ApiError::not_found(format!("There is no product {id:?}.")).at("product_ids")),
        };
        ids.iter().map(find).collect()
    }
}

/// The aspects with these names, each once.
fn named(
    names: &[String],
    source: ReviewSource<'_>,
    counted: &[Vec<ProductAspect>],
) -> Result<Vec<AspectId>, ApiError> {
    if !(1..=MAX_ASPECTS).contains(&names.len()) {
        let message = format!(
            "Name from 1 to {MAX_ASPECTS} aspects, not {}, or leave the field out.",
            names.len()
        );
        return Err(ApiError::invalid(message).at("aspects"));
    }
    let mut aspects = Vec::new();
    for name in names {
        let aspect = source
            .opinions
            .named(name)
            .ok_or_else(|| unknown_aspect(name, source, counted))?;
        if !aspects.contains(&aspect) {
            aspects.push(aspect);
        }
    }
    Ok(aspects)
}

fn unknown_aspect(name: &str, source: ReviewSource<'_>, counted: &[Vec<ProductAspect>]) -> ApiError {
    let known: Vec<&str> = common(counted)
        .into_iter()
        .map(|aspect| source.opinions.name(aspect))
        .collect();
    let known = match known.is_empty() {
        true => "they clearly judge no aspect".to_string(),
        false => format!("they judge {}", known.join(", ")),
    };
    ApiError::invalid(format!("The reviews do not mention {name:?}; {known}.")).at("aspects")
}

/// Of the aspects that a review clearly judges those that most reviews mention; first those that are mentioned of all
/// products.
fn common(counted: &[Vec<ProductAspect>]) -> Vec<AspectId> {
    let mut reviews: BTreeMap<AspectId, (usize, usize)> = BTreeMap::new();
    let is_judged = |aspect: &AspectId| {
        let mut counted = counted.iter().flatten();
        counted.any(|counted| counted.aspect == *aspect && counted.is_judged())
    };
    for aspect in counted.iter().flatten() {
        let (products, all) = reviews.entry(aspect.aspect).or_default();
        *products += 1;
        *all += aspect.reviews;
    }
    reviews.retain(|aspect, _| is_judged(aspect));
    let mut aspects: Vec<_> = reviews.into_iter().collect();
    aspects.sort_by_key(|(aspect, counts)| (Reverse(*counts), *aspect));
    aspects.truncate(DEFAULT_ASPECTS);
    aspects.into_iter().map(|(aspect, _)| aspect).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::error_fields;
    use super::*;
    use crate::opinions::testing::learned;
    use crate::reviews::{Corpus, testing};
    use axum::response::IntoResponse;
    use serde_json::{Value, json};

    /// Two kettles; the second has a poor handle.
    fn catalogue() -> Corpus {
        let reviews = [
            (
                0,
                5,
                [
                    "The lid is excellent and the handle is wonderful.",
                    "Great lid, great handle, I love it.",
                    "The lid is very nice.",
                ],
            ),
            (
                1,
                2,
                [
                    "The handle is poor, the lid is bad.",
                    "Bad handle, it broke at once.",
                    "The handle is very bad.",
                ],
            ),
        ];
        let of_product = |(product, rating, texts): (u32, u8, [&str; 3])| {
            texts.map(|text| testing::review(product, rating, text))
        };
        let products = ["KET-1", "a/b c"].map(testing::product);
        testing::corpus(
            products.into(),
            reviews.into_iter().flat_map(of_product).collect(),
        )
    }

    fn compared(request: Value) -> Result<Value, (u16, Value)> {
        let corpus = catalogue();
        let opinions = learned(&corpus);
        let source = ReviewSource {
            corpus: &corpus,
            opinions: &opinions,
        };
        let request: ComparisonRequest = serde_json::from_value(request).expect("it parses");
        let answer = request.answer(source);
        answer
            .map(|comparison| serde_json::to_value(comparison).expect("it serialises"))
            .map_err(|error| {
                let status = error.clone().into_response().status();
                (status.as_u16(), error_fields(&error))
            })
    }

    #[test]
    fn every_aspect_has_a_cell_for_every_product() {
        let comparison = compared(json!({"product_ids": ["a/b c", "KET-1"]})).expect("it is in order");
        let ids = |list: &Value, key: &str| -> Vec<Value> {
            list.as_array()
                .expect("a list")
                .iter()
                .map(|item| item[key].clone())
                .collect()
        };
        assert_eq!(ids(&comparison["products"], "id"), ["a/b c", "KET-1"]);
        assert_eq!(ids(&comparison["aspects"], "name"), ["handle", "lid"]);
        let handle = &comparison["aspects"][0]["cells"];
        assert_eq!(ids(handle, "product_id"), ["a/b c", "KET-1"]);
        assert_eq!(ids(handle, "reviews"), [json!(3), json!(2)]);
        assert_eq!(ids(handle, "complained"), [json!(3), json!(0)]);
        assert_eq!(ids(handle, "praised"), [json!(0), json!(2)]);
        assert_eq!(handle[0]["best"], Value::Null);
        assert_eq!(handle[1]["worst"], Value::Null);
        assert_eq!(handle[0]["praise"]["of"], 3);
        assert!(
            handle[0]["worst"]["quote"]
                .as_str()
                .is_some_and(|quote| quote.contains("handle"))
        );
        let lids = compared(json!({"product_ids": ["a/b c", "KET-1"], "aspects": ["Lids", "lid"]}));
        assert_eq!(ids(&lids.expect("it is in order")["aspects"], "name"), ["lid"]);
    }

    #[test]
    fn a_refusal_names_the_field_and_the_reason() {
        let five: Vec<String> = (0..5).map(|at| at.to_string()).collect();
        for (request, status, param, words) in [
            (
                json!({"product_ids": ["KET-1"]}),
                400,
                "product_ids",
                "2 to 4 products, not of 1",
            ),
            (json!({"product_ids": five}), 400, "product_ids", "not of 5"),
            (
                json!({"product_ids": ["KET-1", "KET-1"]}),
                400,
                "product_ids",
                "named twice",
            ),
            (
                json!({"product_ids": ["KET-1", "NO"]}),
                404,
                "product_ids",
                "no product \"NO\"",
            ),
            (
                json!({"product_ids": ["KET-1", "a/b c"], "aspects": ["engine"]}),
                400,
                "aspects",
                "they judge handle, lid",
            ),
            (
                json!({"product_ids": ["KET-1", "a/b c"], "aspects": []}),
                400,
                "aspects",
                "leave the field out",
            ),
        ] {
            let (actual, error) = compared(request.clone()).expect_err("it is not in order");
            assert_eq!(
                (actual, error["param"].as_str()),
                (status, Some(param)),
                "{request}"
            );
            assert!(
                error["message"]
                    .as_str()
                    .is_some_and(|message| message.contains(words)),
                "{error}"
            );
        }
        assert!(serde_json::from_value::<ComparisonRequest>(json!({"product_ids": [], "limit": 3})).is_err());
    }
}
