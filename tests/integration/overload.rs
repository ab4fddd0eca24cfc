//! More questions than the chat model can answer: answers of quotes only at first, then refusals with a time to retry.

use std::net::TcpStream;

use crate::harness::client::{chat_request, post_raw, read_all};
use crate::harness::json::list;
use crate::harness::metrics_text::Scrape;
use crate::harness::{Setup, shop};

/// Far more tokens than the model generates during the test.
const LONG: usize = 3000;
/// Questions at the same moment: many times the number that may wait for their embeddings.
const CROWD: usize = 300;
/// A slow machine may admit all questions of one crowd, one after another, but not of this many crowds.
const CROWDS: usize = 20;
const EXTRACTIVE: &str = "\"outcome\":\"extractive\"";
const OVERLOADED: &str = "\"type\":\"rate_limit_error\",\"param\":null,\"code\":\"overloaded\"";

#[test]
fn a_busy_model_gives_quotes_and_a_crowd_is_refused() {
    let server = Setup::shallow(8)
        .with("--max-running", 1)
        .with("--max-waiting", 0)
        .ready();
    let mut long = server.stream_model(LONG);
    long.wait_for("message");

    let answer = server.ask(shop::QUESTION);
    let last = answer.only("final");
    assert_eq!(
        (&last["outcome"], &last["usage"]["total_tokens"]),
        (&"extractive".into(), &0.into())
    );
    assert!(answer.text().contains("38 hours"), "{last}");
    assert!(answer.evidence().len() >= list(&last["evidence_ids"]).len());

    let mut refused = 0;
    for _ in 0..CROWDS {
        let ask = |_| post_raw(server.address, "/api/chat", &[], &chat_request(shop::QUESTION));
        let crowd: Vec<TcpStream> = (0..CROWD).map(ask).collect();
        for answer in crowd.into_iter().map(read_all) {
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
    assert!(refused > 0, "{CROWDS} crowds of {CROWD} were all admitted");

    let scrape = Scrape::of(&server);
    assert_eq!(scrape.answers("overloaded"), f64::from(refused));
    assert_eq!(
        scrape.value("llm_requests_running"),
        1.0,
        "the long answer continued all the time"
    );
    drop(long);
}
