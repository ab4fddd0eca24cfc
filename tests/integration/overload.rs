//! More questions than the chat model can take: quotes at first, then a refusal that says when to come back.

use std::net::TcpStream;

use crate::harness::client::{asked, received, sent};
use crate::harness::metrics_text::Scrape;
use crate::harness::{Setup, shop};

/// Far more than the model says while the test runs.
const LONG: usize = 3000;
/// Questions at the same moment: many times those whose vectors may be waited for.
const CROWD: usize = 300;
/// A crowd that the machine let in one by one may find room; so many in a row do not.
const CROWDS: usize = 20;
const EXTRACTIVE: &str = "\"outcome\":\"extractive\"";
const OVERLOADED: &str = "\"type\":\"rate_limit_error\",\"param\":null,\"code\":\"overloaded\"";

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
        let crowd: Vec<TcpStream> = (0..CROWD)
            .map(|_| sent(server.address, "/api/chat", &[], &asked(shop::QUESTION)))
            .collect();
        for answer in crowd.into_iter().map(received) {
            if answer.starts_with("HTTP/1.1 200 ") {
                assert!(answer.contains(EXTRACTIVE), "{answer}");
            } else {
                assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
                assert!(
                    answer.contains("retry-after: ") && answer.contains(OVERLOADED),
                    "{answer}"
                );
                refused += 1;
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
