//! Every refusal has the one shape, its status, its type, and the name of the field at fault.

use serde_json::{Value, json};

use crate::harness::client::asked;
use crate::harness::{shared, shop};

/// Checks the shape; gives type, param and code.
fn parts(body: &Value) -> [&Value; 3] {
    let error = body["error"].as_object().unwrap_or_else(|| panic!("{body}"));
    let keys: Vec<&str> = error.keys().map(String::as_str).collect();
    assert!(
        ["message", "type", "param", "code"]
            .iter()
            .all(|key| keys.contains(key))
            && keys.len() == 4,
        "{body}"
    );
    let message = error["message"].as_str().expect("a message");
    assert!(message.ends_with('.') && message.len() > 10, "{message}");
    ["type", "param", "code"].map(|key| &error[key])
}

#[test]
fn questions_that_cannot_be_answered() {
    let user = |content: &str| json!({"role": "user", "content": content});
    let with = |key: &str, value: Value| {
        let mut request = asked("Is it loud?");
        request[key] = value;
        request.to_string()
    };
    let table: &[(String, &str)] = &[
        (String::new(), "null"),
        ("{\"messages\":".into(), "null"),
        ("[]".into(), "null"),
        ("{}".into(), "messages"),
        (with("model", "gpt-4".into()), "model"),
        (with("messages", "Is it loud?".into()), "messages"),
        (
            with("messages", json!([{"role": "system", "content": "x"}])),
            "messages[0].role",
        ),
        (with("messages", json!([{"role": "user"}])), "messages[0].content"),
        (with("messages", json!([])), "messages"),
        (with("messages", json!([user(" ")])), "messages"),
        (
            with(
                "messages",
                json!([user("x"), {"role": "assistant", "content": "y"}]),
            ),
            "messages",
        ),
        (
            with("messages", json!([user(&"battery ".repeat(1000))])),
            "messages",
        ),
        // Short enough for the wire, too long for the prompt.
        (
            with(
                "messages",
                json!([user(&format!(
                    "{} {}",
                    shop::QUESTION,
                    "Please tell me in hours. ".repeat(100)
                ))]),
            ),
            "messages",
        ),
        (with("max_tokens", 0.into()), "max_tokens"),
        (with("max_tokens", 13.into()), "max_tokens"),
        (with("max_tokens", "many".into()), "max_tokens"),
        (
            with("filters", json!({"product_ids": ["NO-1"]})),
            "filters.product_ids",
        ),
        (with("filters", json!({"min_rating": 6})), "filters.min_rating"),
        (with("filters", json!({"colour": "red"})), "filters.colour"),
        (with("debug", "yes".into()), "debug"),
    ];
    for (body, param) in table {
        let reply = shared().send("POST", "/api/chat", "application/json", body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(reply.status, 400, "{shown}: {}", reply.body);
        let refusal = reply.json();
        let [kind, found, _] = parts(&refusal);
        assert_eq!(kind, "invalid_request_error", "{shown}: {refusal}");
        assert_eq!(found.as_str().unwrap_or("null"), *param, "{shown}: {refusal}");
    }
}

#[test]
fn requests_that_lead_nowhere() {
    // One byte more than is taken: of a longer body the server would not read the rest, and whether a client that is
    // still sending it sees the refusal is up to TCP.
    let large = " ".repeat((1 << 20) - 1) + "{}";
    let question = asked("Is it loud?").to_string();
    let json = "application/json";
    let table: [(&str, &str, &str, &str, u16, &str); 9] = [
        ("GET", "/nothing", "", "", 404, "not_found_error"),
        ("GET", "/api/reviews/99999", "", "", 404, "not_found_error"),
        ("GET", "/api/reviews/one", "", "", 404, "not_found_error"),
        ("GET", "/api/products/NO-1", "", "", 404, "not_found_error"),
        (
            "GET",
            "/api/products?limit=0",
            "",
            "",
            400,
            "invalid_request_error",
        ),
        ("GET", "/api/chat", "", "", 405, "invalid_request_error"),
        ("POST", "/readyz", json, "{}", 405, "invalid_request_error"),
        ("POST", "/api/chat", json, &large, 413, "invalid_request_error"),
        (
            "POST",
            "/api/chat",
            "text/plain",
            &question,
            415,
            "invalid_request_error",
        ),
    ];
    for (method, path, content_type, body, status, kind) in table {
        let reply = shared().send(method, path, content_type, body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(reply.header("content-type"), json, "{method} {path}");
        assert_eq!(parts(&reply.json())[0], kind, "{method} {path}");
        assert!(!reply.header("x-request-id").is_empty(), "{method} {path}");
    }
}
