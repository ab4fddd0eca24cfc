//! A client that disconnects ends its generation, while the prompt is read and while the answer is generated; whenever
//! it disconnects, its question counts as cancelled.

use crate::harness::client::{chat_request, post_raw};
use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

/// Far more tokens than the model generates before the server notices.
const LONG: usize = 3000;

fn in_flight(scrape: &Scrape, route: &str) -> f64 {
    scrape.value(&format!(
        "http_requests_in_flight{{route=\"{route}\",method=\"POST\"}}"
    ))
}

/// Waits until the model is idle, after this number of cancelled generations; gives the number of generated tokens.
fn tokens_after_cancelling(server: &Server, cancelled: f64) -> f64 {
    wait::until("an idle model and a cancelled generation", PATIENCE, || {
        let scrape = Scrape::of(server);
        let is_idle = scrape.value("llm_requests_running") == 0.0;
        let is_over = is_idle && scrape.generations("cancelled") == cancelled;
        is_over.then(|| scrape.sum("llm_generation_tokens_total"))
    })
}

#[test]
fn a_client_that_disconnects_stops_the_model() {
    let server = Setup::shallow(8).with("--max-prompt-tokens", 1000).ready();
    let warm_up = Scrape::of(&server).sum("llm_generation_tokens_total");

    // While the model reads a prompt of many steps.
    let question = format!("{} {}", shop::QUESTION, "Please tell me in hours. ".repeat(100));
    let mut events = server.stream(&question);
    events.wait_for("progress");
    drop(events);
    assert_eq!(
        tokens_after_cancelling(&server, 1.0),
        warm_up,
        "no token was generated"
    );

    // While the model generates.
    let mut events = server.stream_model(LONG);
    events.wait_for("message");
    drop(events);
    let generated = tokens_after_cancelling(&server, 2.0) - warm_up;
    assert!(
        generated < LONG as f64 / 2.0,
        "{generated} of {LONG} tokens were generated"
    );
    assert_eq!(Scrape::of(&server).answers("cancelled"), 1.0);
    wait::until_true("the request's end", || {
        let scrape = Scrape::of(&server);
        in_flight(&scrape, "/api/chat") + in_flight(&scrape, "/v1/chat/completions") == 0.0
    });
}

/// Some clients disconnect before the question is understood, some before there is evidence, some before the answer.
#[test]
fn every_question_counts_once_whenever_its_client_disconnects() {
    let server = Setup::shallow(8).ready();
    let question = chat_request(shop::QUESTION);
    // Before the response begins: after none, one, two … other requests have been answered.
    for others in 0..15 {
        let connection = post_raw(server.address, "/api/chat", &[], &question);
        (0..others).for_each(|_| drop(server.get("/livez")));
        drop(connection);
    }
    // After the response's head, and after each of its first events.
    for events in 0..5 {
        server.stream(shop::QUESTION).take(events).for_each(drop);
    }
    // When this is answered, the server has received all of the requests before.
    assert_eq!(server.post("/api/chat", &question).status, 200);
    wait::until_true("all questions counted", || {
        let scrape = Scrape::of(&server);
        let requests = scrape.of_metric("http_requests_total").into_iter();
        let questions = requests.filter(|(series, _)| series.contains("\"/api/chat\""));
        let questions: f64 = questions.map(|(_, count)| count).sum();
        let counts =
            ["rag_requests_total", "rag_request_duration_seconds_count"].map(|name| scrape.sum(name));
        let is_idle = in_flight(&scrape, "/api/chat") == 0.0;
        is_idle && scrape.answers("cancelled") > 0.0 && counts == [questions; 2]
    });
}
