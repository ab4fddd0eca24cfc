//! `/metrics`: everything is there from the start, an answer is counted, and strangers add nothing.

use flipkart_recommender::metrics::{ALL, Metric};
use serde_json::json;

use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, shop};

#[test]
fn the_first_scrape_has_every_metric_and_an_answer_moves_them() {
    let server = Setup::shallow(16).ready();
    let first = Scrape::of(&server);
    for metric in ALL {
        let name = metric.description().name;
        let series = first.of_metric(name);
        // So small an index reads every row, and then there is nothing to compare.
        let comes_later = name == "retrieval_recall_ratio";
        assert_eq!(series.is_empty(), comes_later, "{name}");
        // The model has read its instructions by now, and the reviews are embedded; nobody has asked anything.
        let is_traffic = name.starts_with("http_") || name.starts_with("rag_");
        if is_traffic {
            assert!(series.iter().all(|(_, value)| *value == 0.0), "{series:?}");
        }
        if matches!(metric, Metric::Histogram(_)) {
            assert!(
                series
                    .iter()
                    .any(|(series, _)| series.starts_with(&format!("{name}_bucket"))),
                "{series:?}"
            );
        }
    }
    let summaries: Vec<_> = first
        .text
        .lines()
        .filter(|line| line.starts_with("# TYPE") && line.ends_with("summary"))
        .collect();
    assert!(summaries.is_empty(), "{summaries:?}");
    assert!(first.sum("process_resident_memory_bytes") > 0.0);

    let answer = server.ask(shop::QUESTION);
    let second = after(&server, 1.0);
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
    let said = usage["completion_tokens"].as_f64().expect("a number");
    assert!((2.0..=16.0).contains(&said), "{said} tokens");
    assert_eq!(grown("llm_generation_tokens_total"), said);
    assert_eq!(grown("llm_inter_token_latency_seconds_count"), said - 1.0);
    assert_eq!(
        Some(grown("llm_prompt_tokens_total")),
        usage["prompt_tokens"].as_f64()
    );
    // The model has read its instructions before, and keeps them in whole blocks.
    let cached = answer.only("final")["timings"]["cache_n"].clone();
    assert!(cached.as_f64().is_some_and(|tokens| tokens >= 64.0), "{cached}");
    assert_eq!(Some(grown("llm_prefix_cache_hits_total")), cached.as_f64());
    assert_eq!(
        grown("llm_prefix_cache_queries_total"),
        grown("llm_prompt_tokens_total")
    );
    let stored = second.value("llm_kv_cache_bytes");
    assert!(stored > 0.0 && stored <= second.value("llm_kv_cache_capacity_bytes"));
    assert!(grown("llm_lookup_accepted_tokens_total") <= grown("llm_lookup_draft_tokens_total"));
    let answers =
        ["answered", "extractive"].map(|outcome| format!("rag_requests_total{{outcome=\"{outcome}\"}}"));
    assert_eq!(
        answers.iter().map(|series| second.value(series)).sum::<f64>(),
        1.0
    );
    let ended = ["length", "stop"].map(|reason| {
        let series = format!("llm_requests_finished_total{{reason=\"{reason}\"}}");
        second.value(&series) - first.value(&series)
    });
    assert_eq!(ended.iter().sum::<f64>(), 1.0);
    assert_eq!(
        second.value("http_requests_total{route=\"/api/chat\",method=\"POST\",status=\"200\"}"),
        1.0
    );

    strangers_add_nothing(&server);
}

/// Scrapes once so many HTTP requests have been counted: a client may have all of an answer before its server has
/// put it away.
fn after(server: &Server, requests: f64) -> Scrape {
    wait::until("all requests counted", PATIENCE, || {
        let scrape = Scrape::of(server);
        (scrape.sum("http_requests_total") == requests).then_some(scrape)
    })
}

/// Five times so many requests are made up: 10,000.
const STRANGERS: u32 = 2_000;

/// Paths, ids, questions and fields that somebody made up are no labels.
fn strangers_add_nothing(server: &Server) {
    let made_up = |n: u32| {
        server.get(&format!("/made-up/{n}"));
        server.get(&format!("/api/products/P-{n}"));
        server.send("PUT", &format!("/ui/{n}.js"), "", "");
        server.post("/api/chat", &json!({"messages": [], "n": n}));
        server.post(
            "/api/search",
            &json!({"question": format!("Is it {n} times better?")}),
        );
    };
    made_up(0);
    let few = after(server, 1.0 + 5.0).len();
    (1..STRANGERS).for_each(made_up);
    let many = after(server, 1.0 + 5.0 * f64::from(STRANGERS));
    assert_eq!(many.len(), few);
    let unmatched = "http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"}";
    assert_eq!(many.value(unmatched), f64::from(STRANGERS));
    assert!(!many.text.contains("made-up"));
}
