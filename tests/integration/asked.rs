//! What is understood of a question, seen in what is found for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::shared;

/// The ids of the products that `request` finds evidence on.
fn products(request: &Value) -> BTreeSet<String> {
    let reply = shared().post("/api/search", request);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let items = reply.json()["items"].as_array().expect("a list").clone();
    let id = |item: &Value| item["product_id"].as_str().expect("an id").to_string();
    items.iter().map(id).collect()
}

fn asked(question: &str) -> Vec<String> {
    products(&json!({"question": question})).into_iter().collect()
}

#[test]
fn a_price_in_the_question_leaves_dearer_products_out() {
    let battery = "headphones with a good battery";
    assert_eq!(asked(&format!("Which {battery}?")), ["HP-1", "HP-2"]);
    assert_eq!(asked(&format!("Which {battery} under 1,500?")), ["HP-2"]);
    assert_eq!(asked(&format!("Which {battery} between ₹2000 and ₹3000?")), ["HP-1"]);
    assert!(asked(&format!("Which {battery} under 500?")).is_empty());
    let both = json!({"question": format!("Which {battery} under 3000?"), "filters": {"max_price": 1500}});
    assert_eq!(products(&both), BTreeSet::from(["HP-2".to_string()]), "the stricter holds");
}
