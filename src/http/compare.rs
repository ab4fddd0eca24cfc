//! `POST /api/compare`: two to four products, aspect by aspect, by what their reviews say. No model is asked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aspects::{AspectFacts, Source};
use super::catalogue::{ProductFacts, ShrunkRating};
use super::{Shared, error::ApiError, extract::JsonBody};
use crate::aspects::{AspectId, ProductAspect};
use crate::reviews::{ProductId, mean_rating};

/// Fewest and most products of a comparison.
const PRODUCTS: std::ops::RangeInclusive<usize> = 2..=4;
/// Most aspects of one, and those that it has where the request names none.
const MOST_ASPECTS: usize = 20;
const ASPECTS: usize = 8;

/// What is to be compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"product_ids": ["HDP-DHUNIX-RAGAPRO", "HDP-ORVEN-STRING1"]}))]
pub(super) struct ProductInquiry {
    /// The shop's ids.
    product_ids: Vec<String>,
    /// As `GET /api/products/{id}` names them; absent means those that most reviews of all the products speak of.
    #[serde(default)]
    aspects: Option<Vec<String>>,
}

/// The products, and a row for each aspect.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Comparison {
    /// In the order of the request.
    products: Vec<Compared>,
    aspects: Vec<ComparisonRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Compared {
    #[serde(flatten)]
    facts: ProductFacts,
    shrunk_rating: ShrunkRating,
}

/// One aspect.
#[derive(Debug, Serialize, JsonSchema)]
struct ComparisonRow {
    name: String,
    /// A cell for each product, in their order; one whose reviews are silent has zeros and no quote.
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Cell {
    product_id: String,
    #[serde(flatten)]
    facts: AspectFacts,
}

/// `POST /api/compare`.
pub(super) async fn compare(
    State(context): State<Shared>,
    JsonBody(inquiry): JsonBody<ProductInquiry>,
) -> Result<Json<Comparison>, ApiError> {
    let catalogue = context.catalogue()?;
    let source = Source {
        corpus: &catalogue.corpus,
        aspects: catalogue.retriever.aspects(),
    };
    inquiry.answer(source).map(Json)
}

impl ProductInquiry {
    fn answer(&self, source: Source<'_>) -> Result<Comparison, ApiError> {
        let products = self.products(source)?;
        let counted: Vec<Vec<ProductAspect>> = products
            .iter()
            .map(|product| source.aspects.of_product(*product))
            .collect();
        let aspects = match &self.aspects {
            Some(names) => named(names, source, &counted)?,
            None => common(&counted),
        };
        let shop_mean = mean_rating(&source.corpus.products);
        let compared = |product: &ProductId| {
            let product = &source.corpus.products[product.0 as usize];
            Compared {
                facts: ProductFacts::of(product),
                shrunk_rating: ShrunkRating::of(product, shop_mean),
            }
        };
        let row = |aspect: AspectId| ComparisonRow {
            name: source.aspects.name(aspect).to_string(),
            cells: products
                .iter()
                .map(|product| Cell::of(*product, aspect, source))
                .collect(),
        };
        Ok(Comparison {
            products: products.iter().map(compared).collect(),
            aspects: aspects.into_iter().map(row).collect(),
        })
    }

    fn products(&self, source: Source<'_>) -> Result<Vec<ProductId>, ApiError> {
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
        let find = |id: &String| {
            let at = source
                .corpus
                .products
                .iter()
                .position(|product| product.key == *id);
            at.map(|at| ProductId(at as u32))
                .ok_or_else(|| ApiError::not_found(format!("There is no product {id:?}.")).at("product_ids"))
        };
        ids.iter().map(find).collect()
    }
}

impl Cell {
    fn of(product: ProductId, aspect: AspectId, source: Source<'_>) -> Self {
        Self {
            product_id: source.corpus.products[product.0 as usize].key.clone(),
            facts: source.facts(product, source.aspects.about(product, aspect)),
        }
    }
}

/// The aspects of these names, each once.
fn named(
    names: &[String],
    source: Source<'_>,
    counted: &[Vec<ProductAspect>],
) -> Result<Vec<AspectId>, ApiError> {
    if !(1..=MOST_ASPECTS).contains(&names.len()) {
        let message = format!(
            "Name from 1 to {MOST_ASPECTS} aspects, or leave the field out; these are {}.",
            names.len()
        );
        return Err(ApiError::invalid(message).at("aspects"));
    }
    let mut aspects = Vec::new();
    for name in names {
        let aspect = source
            .aspects
            .named(name)
            .ok_or_else(|| unknown(name, source, counted))?;
        if !aspects.contains(&aspect) {
            aspects.push(aspect);
        }
    }
    Ok(aspects)
}

fn unknown(name: &str, source: Source<'_>, counted: &[Vec<ProductAspect>]) -> ApiError {
    let known: Vec<&str> = common(counted)
        .into_iter()
        .map(|aspect| source.aspects.name(aspect))
        .collect();
    let known = match known.is_empty() {
        true => "they are too few to tell of what they speak".to_string(),
        false => format!("they speak of {}", known.join(", ")),
    };
    ApiError::invalid(format!("The reviews do not speak of {name:?}; {known}.")).at("aspects")
}

/// The aspects that most of the products' reviews speak of; first those that all products' reviews speak of.
fn common(counted: &[Vec<ProductAspect>]) -> Vec<AspectId> {
    let mut reviews: BTreeMap<AspectId, (usize, usize)> = BTreeMap::new();
    for aspect in counted.iter().flatten() {
        let (products, all) = reviews.entry(aspect.aspect).or_default();
        *products += 1;
        *all += aspect.reviews;
    }
    let mut aspects: Vec<_> = reviews.into_iter().collect();
    aspects.sort_by_key(|(aspect, counts)| (Reverse(*counts), *aspect));
    aspects
        .into_iter()
        .take(ASPECTS)
        .map(|(aspect, _)| aspect)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aspects::Aspects;
    use crate::reviews::{Corpus, passages, testing};
    use serde_json::{Value, json};

    /// Two kettles, of which the second has a poor handle.
    fn catalogue() -> Corpus {
        let reviews = [
            (
                0,
                5,
                [
                    "The lid is good, the handle is very good.",
                    "Nice lid, good handle.",
                    "The lid is nice.",
                ],
            ),
            (
                1,
                2,
                [
                    "The handle is poor, the lid is bad.",
                    "Bad handle of plastic.",
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

    fn asked(request: Value) -> Result<Value, (u16, Value)> {
        let corpus = catalogue();
        let aspects = Aspects::of(&corpus, &passages(&corpus));
        let source = Source {
            corpus: &corpus,
            aspects: &aspects,
        };
        let inquiry: ProductInquiry = serde_json::from_value(request).expect("it parses");
        let answer = inquiry.answer(source);
        answer
            .map(|comparison| serde_json::to_value(comparison).expect("it serialises"))
            .map_err(|error| {
                let status = axum::response::IntoResponse::into_response(error.clone()).status();
                let body = serde_json::to_value(error.into_body()).expect("it serialises");
                (status.as_u16(), body["error"].clone())
            })
    }

    #[test]
    fn every_aspect_has_a_cell_for_every_product() {
        let comparison = asked(json!({"product_ids": ["a/b c", "KET-1"]})).expect("it is in order");
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
        let lids = asked(json!({"product_ids": ["a/b c", "KET-1"], "aspects": ["Lids", "lid"]}));
        assert_eq!(ids(&lids.expect("it is in order")["aspects"], "name"), ["lid"]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused_in_words() {
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
                "they speak of handle, lid",
            ),
            (
                json!({"product_ids": ["KET-1", "a/b c"], "aspects": []}),
                400,
                "aspects",
                "leave the field out",
            ),
        ] {
            let (answered, error) = asked(request.clone()).expect_err("it is not in order");
            assert_eq!(
                (answered, error["param"].as_str()),
                (status, Some(param)),
                "{request}"
            );
            assert!(
                error["message"].as_str().is_some_and(|said| said.contains(words)),
                "{error}"
            );
        }
        assert!(serde_json::from_value::<ProductInquiry>(json!({"product_ids": [], "limit": 3})).is_err());
    }
}
