//! More questions than the chat model can take: quotes at first, then a refusal that says when to come back.

use std::sync::Barrier;

use crate::harness::client::{Client, asked};
use crate::harness::metrics::Scrape;
use crate::harness::{Setup, shop};

/// Far more than the model says while the test runs.
const LONG: usize = 3000;
/// Questions at the same moment.
const CROWD: usize = 64;
/// A crowd that the machine let in one by one may find room; so many in a row do not.
const CROWDS: usize = 20;

/// Status, outcome or error code, and seconds to wait.
fn reaction(client: &Client) -> (u16, String, String) {
    let reply = client.post("/api/chat", &asked(shop::QUESTION));
    let retry = reply.header("retry-after").to_string();
    let said = if reply.status == 200 {
        let outcome = ["extractive", "answered"]
            .into_iter()
            .find(|outcome| reply.body.contains(&format!("\"outcome\":\"{outcome}\"")));
        outcome.expect("a final event").to_string()
    } else {
        let error = reply.json()["error"].clone();
        assert_eq!(error["type"], "rate_limit_error", "{error}");
        assert_eq!(error["param"], serde_json::Value::Null);
        error["code"].as_str().expect("a code").to_string()
    };
    (reply.status, said, retry)
}

#[test]
fn a_busy_model_means_quotes_and_a_crowd_is_sent_away() {
    let server = Setup::shallow(8)
        .with("--max-running", 1)
        .with("--max-waiting", 0)
        .ready();
    let mut long = server.stream_of_the_model(LONG);
    long.wait_for("message");

    let answer = server.ask(shop::QUESTION);
    let last = answer.only("final");
    assert_eq!(
        (&last["outcome"], &last["usage"]["total_tokens"]),
        (&"extractive".into(), &0.into())
    );
    assert!(answer.text().contains("38 hours"), "{last}");
    assert!(answer.evidence().len() >= last["evidence_ids"].as_array().expect("a list").len());

    let mut refused = 0;
    for _ in 0..CROWDS {
        let together = Barrier::new(CROWD);
        let reactions: Vec<_> = std::thread::scope(|scope| {
            let ask = || {
                together.wait();
                reaction(&server)
            };
            let asking: Vec<_> = (0..CROWD).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .map(|thread| thread.join().expect("an answer"))
                .collect()
        });
        for (status, said, retry) in reactions {
            match status {
                200 => assert_eq!(said, "extractive"),
                429 => {
                    assert_eq!(said, "overloaded");
                    assert!(
                        retry.parse::<u64>().is_ok_and(|seconds| seconds >= 1),
                        "{retry:?}"
                    );
                    refused += 1;
                }
                other => panic!("{other}: {said}"),
            }
        }
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0, "{CROWDS} crowds of {CROWD} found room");

    let scrape = Scrape::of(&server);
    assert_eq!(
        scrape.value("rag_requests_total{outcome=\"overloaded\"}"),
        f64::from(refused)
    );
    assert_eq!(
        scrape.value("llm_requests_running"),
        1.0,
        "the long answer went on all the time"
    );
    drop(long);
}
