//! What is understood of a question, seen in what is found for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::shared;

fn search(request: &Value) -> Vec<Value> {
    let reply = shared().post("/api/search", request);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["items"].as_array().expect("a list").clone()
}

/// The ids of the products that evidence is on.
fn on(items: &[Value]) -> BTreeSet<String> {
    let id = |item: &Value| item["product_id"].as_str().expect("an id").to_string();
    items.iter().map(id).collect()
}

fn products(request: &Value) -> BTreeSet<String> {
    on(&search(request))
}

fn asked(question: &str) -> Vec<String> {
    products(&json!({"question": question})).into_iter().collect()
}

#[test]
fn a_price_in_the_question_leaves_dearer_products_out() {
    let battery = "headphones with a good battery";
    assert_eq!(asked(&format!("Which {battery}?")), ["HP-1", "HP-2"]);
    assert_eq!(asked(&format!("Which {battery} under 1,500?")), ["HP-2"]);
    assert_eq!(
        asked(&format!("Which {battery} between ₹2000 and ₹3000?")),
        ["HP-1"]
    );
    assert!(asked(&format!("Which {battery} under 500?")).is_empty());
    let both = json!({"question": format!("Which {battery} under 3000?"), "filters": {"max_price": 1500}});
    assert_eq!(
        products(&both),
        BTreeSet::from(["HP-2".to_string()]),
        "the stricter holds"
    );
}

#[test]
fn a_product_is_known_by_its_model_and_its_complaints_are_found() {
    let found = search(&json!({"question": "What do people complain about with the Boilwel car?"}));
    assert_eq!(on(&found), BTreeSet::from(["KE-1".to_string()]));
    assert!(
        found[0]["rating"].as_u64().is_some_and(|stars| stars < 4),
        "{found:?}"
    );
    assert_eq!(asked("How is the Pulse?"), ["HP-2"], "a model without its brand");
}

#[test]
fn products_that_are_compared_have_places_of_their_own() {
    let found = search(&json!({"question": "Velto Aria or Kasso Pulse: which battery lasts longer?"}));
    assert_eq!(on(&found), BTreeSet::from(["HP-1", "HP-2"].map(String::from)));
    assert_ne!(found[0]["product_id"], found[1]["product_id"], "in turns");
}
