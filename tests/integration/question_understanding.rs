//! What is understood of a question, seen in what is found for it.

use std::collections::BTreeSet;
use std::io::Cursor;

use serde_json::{Value, json};

use crate::harness::shared;
use crate::harness::sse::Events;

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

/// The evidence for the last of these questions and answers, which take turns.
fn talked(turns: &[&str]) -> Vec<Value> {
    let message = |(at, content): (usize, &&str)| {
        let role = if at % 2 == 0 { "user" } else { "assistant" };
        json!({"role": role, "content": content})
    };
    let messages: Vec<Value> = turns.iter().enumerate().map(message).collect();
    let reply = shared().post("/api/chat", &json!({"messages": messages, "max_tokens": 1}));
    let mut events = Events::of(Cursor::new(reply.body));
    let evidence = events.find(|event| event.name == "evidence").expect("evidence");
    evidence.data["items"].as_array().expect("a list").clone()
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
fn a_demand_that_cannot_be_met_is_said() {
    let answer = shared().ask("Which headphones with a good battery under 500?");
    assert_eq!(answer.only("final")["outcome"], "no_evidence");
    assert!(
        answer
            .text()
            .starts_with("None of the matching products is in that price range. None of the")
    );
    let answer = shared().ask("Which headphones with a good battery under 1,500?");
    assert!(answer.text().starts_with("A buyer of the "), "{}", answer.text());
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

#[test]
fn a_follow_up_is_about_what_was_spoken_of() {
    let hinge = talked(&[
        "How is the battery of the Velto Aria?",
        "It lasts.",
        "and does its hinge break?",
    ]);
    assert_eq!(on(&hinge), BTreeSet::from(["HP-1".to_string()]));
    assert!(
        hinge[0]["quote"]
            .as_str()
            .is_some_and(|quote| quote.contains("hinge broke")),
        "{hinge:?}"
    );

    let answer = "A buyer of the Pacer Lite Running Shoes says: “light” [1] A buyer of the Nimbu X2 Phone says so too [2]";
    let second = talked(&["What is light?", answer, "Does the second one get hot?"]);
    assert_eq!(on(&second), BTreeSet::from(["PH-1".to_string()]));

    let other = talked(&[
        "How long does the battery of the Velto Aria last?",
        "Long.",
        "what about the Kasso Pulse?",
    ]);
    assert_eq!(on(&other), BTreeSet::from(["HP-2".to_string()]));
    assert!(
        other[0]["quote"]
            .as_str()
            .is_some_and(|quote| quote.contains("battery")),
        "{other:?}"
    );
}
