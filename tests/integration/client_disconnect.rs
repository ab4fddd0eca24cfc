//! A client that goes away ends its generation, while it is said and while its prompt is read; and whenever it goes, its
//! question counts as cancelled.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::client::asked;
use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

/// Far more tokens than are said before the server notices.
const LONG: usize = 3000;

/// Waits until the model is idle; gives the tokens that it has said.
fn after_cancelling(server: &Server, cancelled: f64) -> f64 {
    wait::until("an idle model and a cancelled generation", PATIENCE, || {
        let scrape = Scrape::of(server);
        let ended = scrape.value("llm_requests_finished_total{reason=\"cancelled\"}") == cancelled;
        let idle = scrape.value("llm_requests_running") == 0.0;
        (ended && idle).then(|| scrape.sum("llm_generation_tokens_total"))
    })
}

#[test]
fn a_client_that_leaves_stops_the_model() {
    let server = Setup::shallow(8).with("--max-prompt-tokens", 1000).ready();
    let warm_up = Scrape::of(&server).sum("llm_generation_tokens_total");

    // In the middle of a prompt that takes many steps to read.
    let question = format!("{} {}", shop::QUESTION, "Please tell me in hours. ".repeat(100));
    let mut events = server.stream(&question);
    events.wait_for("progress");
    drop(events);
    assert_eq!(after_cancelling(&server, 1.0), warm_up, "no token was said");

    // In the middle of what it says.
    let mut events = server.stream_of_the_model(LONG);
    events.wait_for("message");
    drop(events);
    let said = after_cancelling(&server, 2.0) - warm_up;
    assert!(said < LONG as f64 / 2.0, "{said} of {LONG} tokens were said");
    assert_eq!(
        Scrape::of(&server).value("rag_requests_total{outcome=\"cancelled\"}"),
        1.0
    );
    wait::until("the request's end", PATIENCE, || {
        let scrape = Scrape::of(&server);
        let flight = |route| {
            scrape.value(&format!(
                "http_requests_in_flight{{route=\"{route}\",method=\"POST\"}}"
            ))
        };
        (flight("/api/chat") + flight("/v1/chat/completions") == 0.0).then_some(())
    });
}

/// Some leave before the question is understood, some before there is evidence, some before the answer.
#[test]
fn every_question_that_was_heard_counts_once_whenever_its_asker_leaves() {
    let server = Setup::shallow(8).ready();
    let body = asked(shop::QUESTION).to_string();
    let head = "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for patience in 1..20 {
        let mut connection = TcpStream::connect(server.address).expect("the server listens");
        connection
            .write_all(request.as_bytes())
            .expect("the server reads");
        std::thread::sleep(Duration::from_millis(patience));
    }
    // By then it has heard all that it will hear.
    assert_eq!(server.post("/api/chat", &asked(shop::QUESTION)).status, 200);
    wait::until("all to be counted", PATIENCE, || {
        let scrape = Scrape::of(&server);
        let requests = scrape.of_metric("http_requests_total");
        let questions: f64 = requests
            .iter()
            .filter(|(series, _)| series.contains("\"/api/chat\""))
            .map(|(_, count)| count)
            .sum();
        let cancelled = scrape.value("rag_requests_total{outcome=\"cancelled\"}");
        let counted = scrape.sum("rag_requests_total");
        let timed = scrape.sum("rag_request_duration_seconds_count");
        let idle = scrape.value("http_requests_in_flight{route=\"/api/chat\",method=\"POST\"}") == 0.0;
        (idle && cancelled > 0.0 && counted == questions && timed == questions).then_some(())
    });
}
