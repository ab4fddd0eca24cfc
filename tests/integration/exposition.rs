//! `/metrics`: every metric exists from the start, an answer is counted, and invented requests add no series.

use flipkart_recommender::metrics::{ALL, Metric};
use serde_json::json;

use crate::harness::json::number;
use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

#[test]
fn the_first_scrape_has_every_metric_and_an_answer_is_counted() {
    let server = Setup::shallow(16).ready();
    let first = Scrape::of(&server);
    for metric in ALL {
        let name = metric.description().name;
        let series = first.of_metric(name);
        // A search of so small an index reads every row, so there is nothing to compare; and no test is needed to know
        // who words the answers.
        let comes_later = ["retrieval_recall_ratio", "answers_self_test_ratio"].contains(&name);
        assert_eq!(series.is_empty(), comes_later, "{name}");
        // The model has read its instructions by now, and the reviews are embedded; there was no question yet.
        let is_traffic = name.starts_with("http_") || name.starts_with("rag_");
        if is_traffic {
            assert!(series.iter().all(|(_, value)| *value == 0.0), "{series:?}");
        }
        if matches!(metric, Metric::Histogram(_)) {
            let bucket = format!("{name}_bucket");
            assert!(
                series.iter().any(|(series, _)| series.starts_with(&bucket)),
                "{series:?}"
            );
        }
    }
    let mut types = first.text.lines().filter(|line| line.starts_with("# TYPE"));
    assert_eq!(types.find(|line| line.ends_with("summary")), None);
    assert!(first.sum("process_resident_memory_bytes") > 0.0);

    let answer = server.ask(shop::QUESTION);
    let second = scrape_after(&server, 1.0);
    let grown = |series: &str| second.sum(series) - first.sum(series);
    for histogram in [
        "llm_decode_tokens_per_second",
        "llm_prefill_tokens_per_second",
        "llm_time_to_first_token_seconds",
        "llm_time_per_output_token_seconds",
        "llm_request_queue_time_seconds",
        "llm_request_prefill_time_seconds",
        "llm_request_decode_time_seconds",
        "llm_e2e_request_latency_seconds",
        "rag_time_to_first_token_seconds",
        "rag_request_duration_seconds",
        "retrieval_top_score",
    ] {
        assert_eq!(grown(&format!("{histogram}_count")), 1.0, "{histogram}");
        assert!(grown(&format!("{histogram}_sum")) > 0.0, "{histogram}");
    }
    let usage = &answer.only("final")["usage"];
    let generated = number(&usage["completion_tokens"]);
    assert!((2.0..=16.0).contains(&generated), "{generated} tokens");
    assert_eq!(grown("llm_generation_tokens_total"), generated);
    assert_eq!(grown("llm_inter_token_latency_seconds_count"), generated - 1.0);
    assert_eq!(grown("llm_prompt_tokens_total"), number(&usage["prompt_tokens"]));
    // The model has read its instructions before, and keeps them in whole blocks.
    let cached = number(&answer.only("final")["timings"]["cache_n"]);
    assert!(cached >= 64.0, "{cached}");
    assert_eq!(grown("llm_prefix_cache_hits_total"), cached);
    assert_eq!(
        grown("llm_prefix_cache_queries_total"),
        grown("llm_prompt_tokens_total")
    );
    let stored = second.value("llm_kv_cache_bytes");
    assert!(stored > 0.0 && stored <= second.value("llm_kv_cache_capacity_bytes"));
    assert!(grown("llm_lookup_accepted_tokens_total") <= grown("llm_lookup_draft_tokens_total"));
    assert_eq!(second.answers("answered") + second.answers("extractive"), 1.0);
    let ended = ["length", "stop"].map(|reason| second.generations(reason) - first.generations(reason));
    assert_eq!(ended.iter().sum::<f64>(), 1.0);
    let requests = "http_requests_total{route=\"/api/chat\",method=\"POST\",status=\"200\"}";
    assert_eq!(second.value(requests), 1.0);

    assert_no_series_for_invented_requests(&server);
}

/// Scrapes when this number of HTTP requests has been counted: a client may have a whole answer before the server
/// counts it.
fn scrape_after(server: &Server, requests: f64) -> Scrape {
    wait::until("all requests counted", PATIENCE, || {
        let scrape = Scrape::of(server);
        (scrape.sum("http_requests_total") == requests).then_some(scrape)
    })
}

/// Each round has five requests, so there are 10,000.
const ROUNDS: u32 = 2_000;

/// Invented paths, ids, questions and fields do not become labels.
fn assert_no_series_for_invented_requests(server: &Server) {
    let invent = |n: u32| {
        server.get(&format!("/invented/{n}"));
        server.get(&format!("/api/products/P-{n}"));
        server.send("PUT", &format!("/ui/{n}.js"), "", "");
        server.post("/api/chat", &json!({"messages": [], "n": n}));
        server.post(
            "/api/search",
            &json!({"question": format!("Is it {n} times better?")}),
        );
    };
    invent(0);
    let few = scrape_after(server, 1.0 + 5.0).len();
    (1..ROUNDS).for_each(invent);
    let many = scrape_after(server, 1.0 + 5.0 * f64::from(ROUNDS));
    assert_eq!(many.len(), few);
    let unmatched = "http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"}";
    assert_eq!(many.value(unmatched), f64::from(ROUNDS));
    assert!(!many.text.contains("invented"));
}
