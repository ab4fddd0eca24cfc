//! What is found without the chat model: evidence and recommended products.

use serde_json::{Value, json};

use crate::harness::{shared, shop};

fn items(path: &str, request: &Value) -> Vec<Value> {
    let reply = shared().post(path, request);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["items"].as_array().expect("a list").clone()
}

#[test]
fn a_search_finds_what_an_answer_rests_on() {
    let found = items("/api/search", &json!({"question": shop::QUESTION}));
    assert!(!found.is_empty());
    assert_eq!(found, shared().ask(shop::QUESTION).evidence());
}

#[test]
fn what_is_recommended_comes_with_its_figures_and_quotes() {
    let found = items("/api/recommend", &json!({"question": shop::QUESTION}));
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
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
        assert!(
            low <= number(&dissent["share"]) && number(&dissent["share"]) <= high,
            "{item}"
        );
        let quotes = item["quotes"].as_array().expect("quotes");
        assert!((1..=3).contains(&quotes.len()), "{item}");
        assert!(
            quotes.iter().all(|quote| quote["product_id"] == product["id"]),
            "{item}"
        );
    }
}

#[test]
fn a_product_that_the_filters_name_need_not_be_named_again() {
    let of_it = |question: &str| {
        let filters = json!({"product_ids": ["HP-1"]});
        items("/api/search", &json!({"question": question, "filters": filters}))
    };
    let found = of_it("Is it any good?");
    assert!(found.len() > 1, "{found:?}");
    assert!(
        found.iter().all(|quote| quote["product_id"] == "HP-1"),
        "{found:?}"
    );
    let named = items("/api/search", &json!({"question": "Is the Velto Aria any good?"}));
    assert_eq!(found.len(), named.len(), "{found:?}\n{named:?}");
    assert!(of_it("What is the capital of France?").is_empty());
}

#[test]
fn what_nothing_is_about_finds_nothing_and_a_bad_inquiry_is_refused() {
    for path in ["/api/search", "/api/recommend"] {
        let nothing = items(path, &json!({"question": "What is the capital of France?"}));
        assert!(nothing.is_empty(), "{path}: {nothing:?}");
        for bad in [
            json!({"question": ""}),
            json!({}),
            json!({"question": "loud?", "filters": {"product_ids": ["NO-1"]}}),
        ] {
            let reply = shared().post(path, &bad);
            assert_eq!(reply.status, 400, "{path} {bad}: {}", reply.body);
            assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
        }
    }
}
