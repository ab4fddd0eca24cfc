//! Every refusal has the same shape, with its status, its type, and the name of the invalid field.

use serde_json::{Value, json};

use crate::harness::client::{Reply, chat_request};
use crate::harness::json::{fields, text, with};
use crate::harness::shared;

/// Checks the shape of an error; gives it.
fn error(reply: &Reply) -> Value {
    let error = reply.json()["error"].clone();
    let mut keys: Vec<&str> = fields(&error).map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "message", "param", "type"]);
    let message = text(&error["message"]);
    assert!(message.ends_with('.') && message.len() > 10, "{message}");
    error
}

#[test]
fn invalid_questions_are_refused_with_the_field() {
    let user = |content: &str| json!({"role": "user", "content": content});
    let request = |changes: Value| with(chat_request("Is it loud?"), &changes).to_string();
    let messages = |messages: Value| request(json!({"messages": messages}));
    // Short enough for HTTP, and too long for the prompt.
    for (body, param) in [
        (String::new(), "null"),
        ("{\"messages\":".into(), "null"),
        ("[]".into(), "null"),
        ("{}".into(), "messages"),
        (request(json!({"model": "gpt-4"})), "model"),
        (messages("Is it loud?".into()), "messages"),
        (
            messages(json!([{"role": "system", "content": "x"}])),
            "messages[0].role",
        ),
        (messages(json!([{"role": "user"}])), "messages[0].content"),
        (messages(json!([])), "messages"),
        (messages(json!([user(" ")])), "messages"),
        (
            messages(json!([user("x"), {"role": "assistant", "content": "y"}])),
            "messages",
        ),
        (request(json!({"max_tokens": 0})), "max_tokens"),
        (request(json!({"max_tokens": 201})), "max_tokens"),
        (request(json!({"max_tokens": "many"})), "max_tokens"),
        (
            request(json!({"filters": {"product_ids": ["NO-1"]}})),
            "filters.product_ids",
        ),
        (
            request(json!({"filters": {"min_rating": 6}})),
            "filters.min_rating",
        ),
        (request(json!({"filters": {"colour": "red"}})), "filters.colour"),
        (request(json!({"debug": "yes"})), "debug"),
    ] {
        let reply = shared().send("POST", "/api/chat", "application/json", &body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(reply.status, 400, "{shown}: {}", reply.body);
        let error = error(&reply);
        assert_eq!(error["type"], "invalid_request_error", "{shown}: {error}");
        assert_eq!(
            error["param"].as_str().unwrap_or("null"),
            param,
            "{shown}: {error}"
        );
    }
}

#[test]
fn requests_that_no_endpoint_takes_are_refused() {
    // One byte more than the limit: the server would not read the rest of a longer body, and then TCP decides whether a
    // client that is still sending gets the refusal.
    let large = " ".repeat((1 << 20) - 1) + "{}";
    let question = chat_request("Is it loud?").to_string();
    let (json, none) = ("application/json", "");
    let (not_found, invalid) = ("not_found_error", "invalid_request_error");
    for (method, path, content_type, body, status, kind) in [
        ("GET", "/nothing", none, none, 404, not_found),
        ("GET", "/api/reviews/99999", none, none, 404, not_found),
        ("GET", "/api/reviews/one", none, none, 404, not_found),
        ("GET", "/api/products/NO-1", none, none, 404, not_found),
        ("GET", "/api/products?limit=0", none, none, 400, invalid),
        ("GET", "/api/chat", none, none, 405, invalid),
        ("POST", "/readyz", json, "{}", 405, invalid),
        ("POST", "/api/chat", json, large.as_str(), 413, invalid),
        ("POST", "/api/chat", "text/plain", question.as_str(), 415, invalid),
    ] {
        let reply = shared().send(method, path, content_type, body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(reply.header("content-type"), json, "{method} {path}");
        assert_eq!(error(&reply)["type"], kind, "{method} {path}");
        assert!(!reply.header("x-request-id").is_empty(), "{method} {path}");
    }
}
