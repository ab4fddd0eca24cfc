//! SIGTERM while an answer streams: it may end, or is cut when its time is over, and the process ends well.

use std::time::Duration;

use crate::harness::client::asked;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Setup, shop};

/// What the server promises on top of `--drain`.
const CLOSING: Duration = Duration::from_secs(2);

#[test]
fn a_running_answer_ends_before_the_server_does() {
    let mut server = Setup::shallow(8).with("--drain", 120).ready();
    let mut events = server.stream_of_the_model(600);
    events.wait_for("message");
    server.signal("TERM");
    let draining = wait::until("draining", PATIENCE, || {
        let reply = server.get("/readyz");
        (reply.status == 503).then_some(reply)
    });
    assert_eq!(draining.json()["status"], "draining");
    assert_eq!(server.get("/livez").status, 200);
    let refused = server.post("/api/chat", &asked(shop::QUESTION));
    assert_eq!(
        (refused.status, &refused.json()["error"]["type"]),
        (503, &"unavailable_error".into())
    );

    let rest: Vec<_> = events.collect();
    let [.., last, end] = rest.as_slice() else {
        panic!("the answer goes on: {rest:?}")
    };
    assert_eq!(end.data, "[DONE]");
    assert_eq!(last.data["usage"]["completion_tokens"], 600, "all of it was said");
    assert_eq!(
        server.wait_for_exit(CLOSING).code(),
        Some(0),
        "{:#?}",
        server.log()
    );
}

#[test]
fn an_answer_without_end_is_cut_when_the_time_is_over() {
    for (signal, drain) in [("TERM", 0), ("INT", 1)] {
        let mut server = Setup::shallow(8).with("--drain", drain).ready();
        let mut events = server.stream_of_the_model(4000);
        events.wait_for("message");
        server.signal(signal);
        let limit = Duration::from_secs(drain) + CLOSING;
        assert_eq!(server.wait_for_exit(limit).code(), Some(0), "{:#?}", server.log());
        let last = events.last().expect("the answer goes on for a while");
        let error = &last.data["error"];
        assert_eq!(
            (&error["type"], &error["code"]),
            (&"unavailable_error".into(), &"shutting_down".into()),
            "{last:?}"
        );
    }
}
