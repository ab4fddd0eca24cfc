//! `GET /api/stats`: the statistics on the server's own page, for sites without Prometheus and Grafana.
//!
//! All values are read from the text that `/metrics` serves and count from the start of the process; the page polls and
//! draws the differences. The endpoint also answers while the models are loading.

mod samples;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::{SharedContext, clock};
use samples::{Distribution, Samples};

/// All statistics. Times are in seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Stats {
    /// The same as in `/readyz`.
    status: String,
    uptime_seconds: f64,
    questions: QuestionStats,
    latency: LatencyStats,
    speed: SpeedStats,
    queue: QueueStats,
    cache: CacheStats,
    grounding: GroundingStats,
    feedback: FeedbackStats,
    index: IndexStats,
    server: ServerStats,
}

#[derive(Debug, Serialize, JsonSchema)]
struct QuestionStats {
    answered: u64,
    extractive: u64,
    no_evidence: u64,
    overloaded: u64,
    cancelled: u64,
    error: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LatencyStats {
    first_token: Distribution,
    answer: Distribution,
    queue: Distribution,
    /// Every stage of retrieval counts separately.
    retrieval: Distribution,
    embedding: Distribution,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SpeedStats {
    decode_tokens_per_second: Distribution,
    prefill_tokens_per_second: Distribution,
    prompt_tokens: u64,
    cached_prompt_tokens: u64,
    generated_tokens: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct QueueStats {
    running: u64,
    waiting: u64,
    rejected: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CacheStats {
    kv_bytes: u64,
    kv_capacity_bytes: u64,
    prefix_queries: u64,
    prefix_hits: u64,
    lookup_drafted: u64,
    lookup_accepted: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct GroundingStats {
    ratio: Distribution,
    supported: u64,
    unsupported: u64,
    none: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FeedbackStats {
    up: u64,
    down: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct IndexStats {
    reviews: u64,
    products: u64,
    passages: u64,
    /// In seconds since 1970.
    built_at: Option<f64>,
    recall: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ServerStats {
    version: &'static str,
    device: Option<String>,
    threads: u64,
    models: Vec<ModelStats>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ModelStats {
    role: String,
    name: String,
    sha256: String,
}

/// The handler.
pub(super) async fn stats(State(context): State<SharedContext>) -> Json<Stats> {
    let text = context.exposition.render();
    let uptime = clock::unix_time().as_secs_f64() - context.started as f64;
    let status = context.app.phase().to_string();
    Json(Stats::of(&Samples::parse(&text), status, uptime.max(0.0)))
}

impl Stats {
    fn of(samples: &Samples, status: String, uptime_seconds: f64) -> Stats {
        let total = |name: &str| samples.sum(name).unwrap_or(0.0) as u64;
        let distribution = |name: &str| samples.distribution(name);
        let outcome = |outcome: &str| samples.with_label("rag_requests_total", "outcome", outcome);
        let verdict = |verdict: &str| samples.with_label("answer_citations_total", "verdict", verdict);
        let feedback = |verdict: &str| samples.with_label("answer_feedback_total", "verdict", verdict);
        let label =
            |labels: &BTreeMap<String, String>, name: &str| labels.get(name).cloned().unwrap_or_default();
        Stats {
            status,
            uptime_seconds,
            questions: QuestionStats {
                answered: outcome("answered"),
                extractive: outcome("extractive"),
                no_evidence: outcome("no_evidence"),
                overloaded: outcome("overloaded"),
                cancelled: outcome("cancelled"),
                error: outcome("error"),
            },
            latency: LatencyStats {
                first_token: distribution("rag_time_to_first_token_seconds"),
                answer: distribution("rag_request_duration_seconds"),
                queue: distribution("llm_request_queue_time_seconds"),
                retrieval: distribution("retrieval_duration_seconds"),
                embedding: distribution("embedding_duration_seconds"),
            },
            speed: SpeedStats {
                decode_tokens_per_second: distribution("llm_decode_tokens_per_second"),
                prefill_tokens_per_second: distribution("llm_prefill_tokens_per_second"),
                prompt_tokens: total("llm_prompt_tokens_total"),
                cached_prompt_tokens: total("llm_prompt_tokens_cached_total"),
                generated_tokens: total("llm_generation_tokens_total"),
            },
            queue: QueueStats {
                running: total("llm_requests_running"),
                waiting: total("llm_requests_waiting"),
                rejected: total("llm_requests_rejected_total"),
            },
            cache: CacheStats {
                kv_bytes: total("llm_kv_cache_bytes"),
                kv_capacity_bytes: total("llm_kv_cache_capacity_bytes"),
                prefix_queries: total("llm_prefix_cache_queries_total"),
                prefix_hits: total("llm_prefix_cache_hits_total"),
                lookup_drafted: total("llm_lookup_draft_tokens_total"),
                lookup_accepted: total("llm_lookup_accepted_tokens_total"),
            },
            grounding: GroundingStats {
                ratio: distribution("answer_groundedness_ratio"),
                supported: verdict("supported"),
                unsupported: verdict("unsupported"),
                none: verdict("none"),
            },
            feedback: FeedbackStats {
                up: feedback("up"),
                down: feedback("down"),
            },
            index: IndexStats {
                reviews: total("index_reviews"),
                products: total("index_products"),
                passages: total("index_passages"),
                built_at: samples.sum("index_built_timestamp_seconds"),
                recall: samples.sum("retrieval_recall_ratio"),
            },
            server: ServerStats {
                version: env!("CARGO_PKG_VERSION"),
                device: samples
                    .labels("build_info")
                    .next()
                    .map(|labels| label(labels, "device")),
                threads: total("compute_threads"),
                models: samples
                    .labels("model_info")
                    .map(|labels| ModelStats {
                        role: label(labels, "role"),
                        name: label(labels, "name"),
                        sha256: label(labels, "sha256"),
                    })
                    .collect(),
            },
        }
    }
}
