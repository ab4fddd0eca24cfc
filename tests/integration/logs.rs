//! What a request leaves in the log: one line with what its answer took, and nothing of what was asked.

use serde_json::{Value, json};

use crate::harness::client::{asked, received, sent};
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const KEY: &str = "a-key-that-nobody-may-read";

/// The line of the request with this id.
fn line(server: &Server, id: &str) -> Value {
    wait::until("the request's line", PATIENCE, || {
        let mut lines = server.logged("message", "request");
        lines.retain(|line| line["span"]["request_id"] == id);
        assert!(lines.len() < 2, "{lines:#?}");
        lines.pop()
    })
}

#[test]
fn an_answer_leaves_one_line_with_its_outcome_tokens_and_times() {
    let server = Setup::shallow(8).ready();
    let traceparent = format!("traceparent: 00-{TRACE}-{PARENT}-01");
    let key = format!("authorization: Bearer {KEY}");
    let headers = ["x-request-id: grounded", &traceparent, &key];
    received(sent(
        server.address,
        "/api/chat",
        &headers,
        &asked(shop::QUESTION),
    ));
    let grounded = line(&server, "grounded");
    assert_eq!(
        (&grounded["status"], &grounded["complete"]),
        (&200.into(), &true.into())
    );
    let span = &grounded["span"];
    assert_eq!(
        (&span["trace_id"], &span["parent_id"]),
        (&TRACE.into(), &PARENT.into())
    );
    assert!(["answered", "extractive"].contains(&span["outcome"].as_str().expect("an outcome")));

    let model = server.get("/info").json()["chat_model"].clone();
    let messages = asked(shop::QUESTION)["messages"].clone();
    for (id, stream) in [("bare", false), ("streamed", true)] {
        let bare = json!({"model": model, "max_tokens": 5, "messages": messages, "stream": stream});
        let id_header = format!("x-request-id: {id}");
        received(sent(server.address, "/v1/chat/completions", &[&id_header], &bare));
        assert_eq!(line(&server, id)["span"]["outcome"], "length", "{id}");
    }
    for id in ["grounded", "bare", "streamed"] {
        let span = line(&server, id)["span"].clone();
        let figure = |name: &str| {
            span[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name} of {id}: {span}"))
        };
        assert!(figure("prompt_tokens") > 8.0 && figure("completion_tokens") > 0.0);
        assert!(figure("queue_ms") >= 0.0 && figure("decode_ms") >= 0.0);
        assert!(figure("prefill_ms") > 0.0 && figure("first_token_ms") > 0.0);
    }

    let log: String = server.log().iter().map(Value::to_string).collect();
    for secret in [shop::QUESTION, KEY] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}
