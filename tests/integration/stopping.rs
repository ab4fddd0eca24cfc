//! SIGTERM during an answer: the answer may finish, or is cut off when the time is over, and the process exits with 0.

use std::time::Duration;

use crate::harness::client::chat_request;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Setup, shop};

/// The time that the server may take to end after `--drain`.
const CLOSING: Duration = Duration::from_secs(2);

#[test]
fn a_running_answer_finishes_before_the_server_ends() {
    let mut server = Setup::shallow(8).with("--drain", 120).ready();
    let mut events = server.stream_model(600);
    events.wait_for("message");
    server.signal("TERM");
    let draining = wait::until("draining", PATIENCE, || {
        let reply = server.get("/readyz");
        (reply.status == 503).then_some(reply)
    });
    assert_eq!(draining.json()["status"], "draining");
    assert_eq!(server.get("/livez").status, 200);
    let refused = server.post("/api/chat", &chat_request(shop::QUESTION));
    refused.assert_refused(503, "type", "unavailable_error");

    let rest: Vec<_> = events.collect();
    let [.., last, end] = rest.as_slice() else {
        panic!("the answer continues: {rest:?}")
    };
    assert_eq!(end.data, "[DONE]");
    assert_eq!(
        last.data["usage"]["completion_tokens"], 600,
        "the answer is complete"
    );
    assert_eq!(
        server.wait_for_exit(CLOSING).code(),
        Some(0),
        "{:#?}",
        server.log()
    );
}

#[test]
fn a_long_answer_is_cut_off_when_the_time_is_over() {
    for (signal, drain) in [("TERM", 0), ("INT", 1)] {
        let mut server = Setup::shallow(8).with("--drain", drain).ready();
        let mut events = server.stream_model(4000);
        events.wait_for("message");
        server.signal(signal);
        let limit = Duration::from_secs(drain) + CLOSING;
        assert_eq!(server.wait_for_exit(limit).code(), Some(0), "{:#?}", server.log());
        let last = events.last().expect("the answer continues for a while");
        let error = &last.data["error"];
        let expected = (&"unavailable_error".into(), &"shutting_down".into());
        assert_eq!((&error["type"], &error["code"]), expected, "{last:?}");
    }
}
