//! The understanding of questions, seen in the evidence that is found for them.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::harness::json::{list, number, text};
use crate::harness::shared;
use crate::harness::sse::Events;

fn search(request: &Value) -> Vec<Value> {
    shared().items("/api/search", request)
}

/// The ids of the products in evidence, each once, in order.
fn products_in(evidence: &[Value]) -> Vec<&str> {
    let mut ids: Vec<&str> = evidence.iter().map(|item| text(&item["product_id"])).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Checks which products the evidence for a request is about.
#[track_caller]
fn assert_products(request: Value, expected: &[&str]) {
    assert_eq!(products_in(&search(&request)), expected, "{request}");
}

/// Checks which products the evidence for a question is about.
#[track_caller]
fn assert_found(question: &str, expected: &[&str]) {
    assert_products(json!({"question": question}), expected);
}

/// The evidence for the last question of a conversation, in which questions and answers alternate.
fn evidence_in_conversation(turns: &[&str]) -> Vec<Value> {
    let message = |(at, content): (usize, &&str)| {
        let role = if at % 2 == 0 { "user" } else { "assistant" };
        json!({"role": role, "content": content})
    };
    let messages: Vec<Value> = turns.iter().enumerate().map(message).collect();
    let reply = shared().post("/api/chat", &json!({"messages": messages, "max_tokens": 1}));
    let evidence = Events::of(Cursor::new(reply.body)).wait_for("evidence");
    list(&evidence.data["items"]).to_vec()
}

#[test]
fn a_price_in_the_question_excludes_dearer_products() {
    let battery = "headphones with a good battery";
    assert_found(&format!("Which {battery}?"), &["HP-1", "HP-2"]);
    assert_found(&format!("Which {battery} under 1,500?"), &["HP-2"]);
    assert_found(&format!("Which {battery} between ₹2000 and ₹3000?"), &["HP-1"]);
    assert_found(&format!("Which {battery} under 500?"), &[]);
    // Of two limits, the lower one holds.
    let question = format!("Which {battery} under 3000?");
    assert_products(
        json!({"question": question, "filters": {"max_price": 1500}}),
        &["HP-2"],
    );
}

#[test]
fn an_answer_says_that_no_product_has_the_price() {
    let answer = shared().ask("Which headphones with a good battery under 500?");
    assert_eq!(answer.only("final")["outcome"], "no_evidence");
    assert!(
        answer
            .text()
            .starts_with("None of the matching products is in that price range.")
    );
    let answer = shared().ask("Which headphones with a good battery under 1,500?");
    assert_eq!(answer.only("finding")["unmet"], json!([]), "{}", answer.text());
}

#[test]
fn a_product_is_found_by_its_model_and_complaints_by_their_rating() {
    let found = search(&json!({"question": "What do people complain about with the Boilwel car?"}));
    assert_eq!(products_in(&found), ["KE-1"]);
    assert!(number(&found[0]["rating"]) < 4.0, "{found:?}");
    assert_found("How is the Pulse?", &["HP-2"]);
}

#[test]
fn evidence_alternates_between_compared_products() {
    let found = search(&json!({"question": "Velto Aria or Kasso Pulse: which battery lasts longer?"}));
    assert_eq!(products_in(&found), ["HP-1", "HP-2"]);
    assert_ne!(found[0]["product_id"], found[1]["product_id"]);
}

#[test]
fn a_follow_up_question_is_about_the_products_of_the_conversation() {
    let listed = "A buyer of the Pacer Lite Running Shoes says: “light” [1] \
        A buyer of the Nimbu X2 Phone says so too [2]";
    for (turns, product, quote) in [
        (
            [
                "How is the battery of the Velto Aria?",
                "It lasts.",
                "and does its hinge break?",
            ],
            "HP-1",
            "hinge broke",
        ),
        (
            ["What is light?", listed, "Does the second one get hot?"],
            "PH-1",
            "",
        ),
        (
            [
                "How long does the battery of the Velto Aria last?",
                "Long.",
                "what about the Kasso Pulse?",
            ],
            "HP-2",
            "battery",
        ),
    ] {
        let found = evidence_in_conversation(&turns);
        assert_eq!(products_in(&found), [product], "{turns:?}");
        assert!(text(&found[0]["quote"]).contains(quote), "{found:?}");
    }
}
