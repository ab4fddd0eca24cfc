//! The log of a request: one line with the outcome, the tokens and the times of its answer, without the question.

use serde_json::{Value, json};

use crate::harness::client::{COMPLETIONS, chat_request, post_raw, read_all};
use crate::harness::json::{number, text};
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const KEY: &str = "a-key-that-nobody-may-read";

/// The only line of the request with this id.
fn line(server: &Server, id: &str) -> Value {
    wait::until("the request's line", PATIENCE, || {
        let mut lines = server.logged("message", "request");
        lines.retain(|line| line["span"]["request_id"] == id);
        assert!(lines.len() < 2, "{lines:#?}");
        lines.pop()
    })
}

#[test]
fn an_answer_is_logged_in_one_line_with_its_outcome_tokens_and_times() {
    let server = Setup::shallow(8).ready();
    let traceparent = format!("traceparent: 00-{TRACE}-{PARENT}-01");
    let key = format!("authorization: Bearer {KEY}");
    let headers = ["x-request-id: grounded", &traceparent, &key];
    let question = chat_request(shop::QUESTION);
    read_all(post_raw(server.address, "/api/chat", &headers, &question));
    let grounded = line(&server, "grounded");
    assert_eq!(
        (&grounded["status"], &grounded["complete"]),
        (&json!(200), &json!(true))
    );
    let span = &grounded["span"];
    assert_eq!(
        (&span["trace_id"], &span["parent_id"]),
        (&json!(TRACE), &json!(PARENT))
    );
    assert!(
        ["answered", "extractive"].contains(&text(&span["outcome"])),
        "{span}"
    );

    for (id, stream) in [("bare", false), ("streamed", true)] {
        let messages = &question["messages"];
        // Greedy, because a sampled token may end the answer.
        let fields = json!({"max_tokens": 5, "messages": messages, "stream": stream, "temperature": 0});
        let id_header = format!("x-request-id: {id}");
        let request = server.model_request(fields);
        read_all(post_raw(server.address, COMPLETIONS, &[&id_header], &request));
        assert_eq!(line(&server, id)["span"]["outcome"], "length", "{id}");
    }
    for id in ["grounded", "bare", "streamed"] {
        let span = line(&server, id)["span"].clone();
        let figure = |name: &str| number(&span[name]);
        assert!(figure("prompt_tokens") > 8.0 && figure("completion_tokens") > 0.0);
        assert!(figure("queue_ms") >= 0.0 && figure("decode_ms") >= 0.0);
        assert!(figure("prefill_ms") > 0.0 && figure("first_token_ms") > 0.0);
    }

    let log: String = server.log().iter().map(Value::to_string).collect();
    for secret in [shop::QUESTION, KEY] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}
