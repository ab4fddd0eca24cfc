//! Search and recommendation, which need no chat model: evidence and recommended products.

use serde_json::{Value, json};

use crate::harness::json::{list, number};
use crate::harness::{shared, shop};

#[test]
fn a_search_finds_the_evidence_of_the_answer() {
    let found = shared().items("/api/search", &json!({"question": shop::QUESTION}));
    assert!(!found.is_empty());
    assert_eq!(found, shared().ask(shop::QUESTION).evidence());
}

#[test]
fn recommended_products_have_their_figures_and_quotes() {
    let found = shared().items("/api/recommend", &json!({"question": shop::QUESTION}));
    let scores: Vec<f64> = found.iter().map(|item| number(&item["score"])).collect();
    assert!(
        !scores.is_empty() && scores.is_sorted_by(|a, b| a >= b),
        "{scores:?}"
    );
    for item in &found {
        let (dissent, product) = (&item["dissent"], &item["product"]);
        let [low, high] = [0, 1].map(|end| number(&dissent["interval"][end]));
        let expected =
            number(&item["relevance"]) * number(&item["shrunk_rating"]) / 5.0 * (1.0 - (low + high) / 2.0);
        assert!((expected - number(&item["score"])).abs() < 0.002, "{item}");
        assert!((low..=high).contains(&number(&dissent["share"])), "{item}");
        let quotes = list(&item["quotes"]);
        assert!((1..=3).contains(&quotes.len()), "{item}");
        assert!(
            quotes.iter().all(|quote| quote["product_id"] == product["id"]),
            "{item}"
        );
    }
}

#[test]
fn the_question_need_not_name_the_product_of_the_filters() {
    let search = |request: Value| shared().items("/api/search", &request);
    let filters = json!({"product_ids": ["HP-1"]});
    let found = search(json!({"question": "Is it any good?", "filters": filters}));
    assert!(found.len() > 1, "{found:?}");
    assert!(
        found.iter().all(|quote| quote["product_id"] == "HP-1"),
        "{found:?}"
    );
    let named = search(json!({"question": "Is the Velto Aria any good?"}));
    assert_eq!(found.len(), named.len(), "{found:?}\n{named:?}");
    assert!(search(json!({"question": "What is the capital of France?", "filters": filters})).is_empty());
}

#[test]
fn a_question_about_no_review_finds_nothing_and_an_invalid_one_is_refused() {
    for path in ["/api/search", "/api/recommend"] {
        let nothing = shared().items(path, &json!({"question": "What is the capital of France?"}));
        assert!(nothing.is_empty(), "{path}: {nothing:?}");
        for invalid in [
            json!({"question": ""}),
            json!({}),
            json!({"question": "loud?", "filters": {"product_ids": ["NO-1"]}}),
        ] {
            shared()
                .post(path, &invalid)
                .assert_refused(400, "type", "invalid_request_error");
        }
    }
}
