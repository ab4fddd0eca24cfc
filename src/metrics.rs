//! Every metric of the server: name, help, labels and buckets, in one file.
//!
//! In: measurements from every stage, through the typed statics below. Out: the Prometheus text that `/metrics`
//! serves. Any thread may record; recording is a hash look-up and an atomic add, and does nothing before
//! [`install`]. Label values are enums, route templates or a model's name, never text from a user.
//!
//! The constants are the metrics' names in capitals, so that searching for a name from a dashboard finds its call
//! sites. `monitoring/README.md` lists the same names; a test compares them.

use metrics::{Key, KeyName, Label, Level, Metadata};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds to the first token: from a cached prompt on a GPU to a new one on a busy laptop.
const FIRST_TOKEN_SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0,
];
/// Seconds from one token to the next.
const PER_TOKEN_SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
];
/// Seconds of a whole request, or of its queue, prefill and decode phases.
const REQUEST_SECONDS: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0,
    240.0,
];
/// Seconds of an HTTP request, to the end of the response body.
const HTTP_SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];
/// Seconds of one stage of retrieval, or of embedding.
const RETRIEVAL_SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
];
const TOKENS_PER_SECOND: &[f64] = &[
    1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0,
];
const TOKENS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 8192.0,
];
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
const RATIO: &[f64] = &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// A label of a metric. `values` lists all values, whose series are at zero from the first scrape; it is empty for a
/// label whose values are known only at run time (a model's name, a route).
#[derive(Debug)]
pub struct LabelSet {
    /// The label's name.
    pub name: &'static str,
    /// All possible values, or empty if they are known only at run time.
    pub values: &'static [&'static str],
}

impl LabelSet {
    const fn new(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values }
    }
}

const MODEL: LabelSet = LabelSet::new("model", &[]);
const ROUTE: LabelSet = LabelSet::new("route", &[]);
const METHOD: LabelSet = LabelSet::new("method", &[]);
const STATUS: LabelSet = LabelSet::new("status", &[]);
const VERDICT: LabelSet = LabelSet::new("verdict", &["supported", "unsupported", "none"]);
const OPINION: LabelSet = LabelSet::new("verdict", &["up", "down"]);
const OUTCOME: LabelSet = LabelSet::new(
    "outcome",
    &[
        "answered",
        "extractive",
        "no_evidence",
        "overloaded",
        "cancelled",
        "error",
    ],
);
/// The kinds of [`crate::findings::Finding`].
const FINDING: LabelSet = LabelSet::new(
    "kind",
    &[
        "recommendation",
        "verdict",
        "aspect",
        "fact",
        "comparison",
        "complaints",
        "figures",
        "list",
        "open",
        "talk",
        "none",
    ],
);
const REASON: LabelSet = LabelSet::new("reason", &["stop", "length", "cancelled", "error"]);
const STAGE: LabelSet = LabelSet::new("stage", &["embed", "dense", "lexical", "fuse"]);
const DROPPED: LabelSet = LabelSet::new("reason", &[]);
const RELOADED: LabelSet = LabelSet::new("outcome", &["changed", "unchanged", "failed"]);
const VERSION: LabelSet = LabelSet::new("version", &[]);
const GIT_SHA: LabelSet = LabelSet::new("git_sha", &[]);
const DEVICE: LabelSet = LabelSet::new("device", &[]);
const ROLE: LabelSet = LabelSet::new("role", &[]);
const NAME: LabelSet = LabelSet::new("name", &[]);
const SHA256: LabelSet = LabelSet::new("sha256", &[]);
const FINGERPRINT: LabelSet = LabelSet::new("fingerprint", &[]);

/// The properties that all kinds of metric have.
#[derive(Debug)]
pub struct Description {
    /// The metric's name in the exposition.
    pub name: &'static str,
    /// The `# HELP` text.
    pub help: &'static str,
    /// Its labels, in the order in which callers pass their values.
    pub labels: &'static [LabelSet],
}

impl Description {
    fn key(&self, values: &[&str]) -> Key {
        assert_eq!(
            values.len(),
            self.labels.len(),
            "{} takes {} label values",
            self.name,
            self.labels.len()
        );
        let labels = self
            .labels
            .iter()
            .zip(values)
            .map(|(label, value)| Label::new(label.name, value.to_string()));
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }

    /// Every combination of label values; none if the values of a label are known only at run time.
    fn closed_series(&self) -> Vec<Vec<&'static str>> {
        self.labels.iter().fold(vec![vec![]], |series, label| {
            series
                .iter()
                .flat_map(|head| {
                    label
                        .values
                        .iter()
                        .map(|value| [head.as_slice(), &[*value]].concat())
                })
                .collect()
        })
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// A number that only grows. Label values are passed in the order of [`Description::labels`].
#[derive(Debug)]
pub struct Counter(pub Description);
/// A number that goes up and down.
#[derive(Debug)]
pub struct Gauge(pub Description);
/// A distribution over fixed buckets.
#[derive(Debug)]
pub struct Histogram(pub Description, &'static [f64]);

impl Counter {
    /// Adds `n`; adding 0 makes the series exist.
    pub fn add(&self, labels: &[&str], n: u64) {
        metrics::with_recorder(|recorder| recorder.register_counter(&self.0.key(labels), &METADATA))
            .increment(n);
    }
}

impl Gauge {
    /// Sets the value.
    pub fn set(&self, labels: &[&str], value: f64) {
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.0.key(labels), &METADATA)).set(value);
    }

    /// Adds `delta`, which may be negative.
    pub fn add(&self, labels: &[&str], delta: f64) {
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.0.key(labels), &METADATA))
            .increment(delta);
    }
}

impl Histogram {
    /// Records one observation.
    pub fn record(&self, labels: &[&str], value: f64) {
        self.register(labels).record(value);
    }

    /// Makes the series exist, at zero.
    pub fn touch(&self, labels: &[&str]) {
        drop(self.register(labels));
    }

    fn register(&self, labels: &[&str]) -> metrics::Histogram {
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.0.key(labels), &METADATA))
    }
}

/// A metric of any kind, for set-up and for tests that compare code and documents.
#[derive(Debug)]
pub enum Metric {
    /// See [`Counter`].
    Counter(&'static Counter),
    /// See [`Gauge`].
    Gauge(&'static Gauge),
    /// See [`Histogram`].
    Histogram(&'static Histogram),
}

impl Metric {
    /// Name, help and labels.
    pub fn description(&self) -> &'static Description {
        match self {
            Metric::Counter(counter) => &counter.0,
            Metric::Gauge(gauge) => &gauge.0,
            Metric::Histogram(histogram) => &histogram.0,
        }
    }

    /// Makes a series exist, at zero.
    fn touch(&self, labels: &[&str]) {
        match self {
            Metric::Counter(counter) => counter.add(labels, 0),
            Metric::Histogram(histogram) => histogram.touch(labels),
            // A gauge at zero would be a measurement; the series appears with its first value.
            Metric::Gauge(_) => {}
        }
    }
}

/// Declares the statics and [`ALL`]: one line a metric, `kind NAME [labels] buckets = name: help`.
macro_rules! metrics {
    ($($kind:ident $ident:ident [$($label:ident),*] $($buckets:ident)? = $name:literal : $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $ident: $kind =
                $kind(Description { name: $name, help: $help, labels: &[$($label),*] } $(, $buckets)?);
        )*
        /// Every metric, in the order of declaration.
        pub static ALL: &[Metric] = &[$(Metric::$kind(&$ident)),*];
    };
}

metrics! {
    Counter HTTP_REQUESTS_TOTAL [ROUTE, METHOD, STATUS] = "http_requests_total":
        "HTTP requests answered, without probes and scrapes.";
    Histogram HTTP_REQUEST_DURATION_SECONDS [ROUTE, METHOD] HTTP_SECONDS = "http_request_duration_seconds":
        "Seconds from the arrival of an HTTP request to the end of the response body.";
    Gauge HTTP_REQUESTS_IN_FLIGHT [ROUTE, METHOD] = "http_requests_in_flight":
        "HTTP requests in progress, until the end of the response body.";

    Counter RAG_REQUESTS_TOTAL [OUTCOME] = "rag_requests_total":
        "Questions about the reviews, by outcome.";
    Counter RAG_FINDINGS_TOTAL [FINDING] = "rag_findings_total":
        "Questions about the reviews, by the kind of what was found.";
    Histogram RAG_TIME_TO_FIRST_TOKEN_SECONDS [] FIRST_TOKEN_SECONDS = "rag_time_to_first_token_seconds":
        "Seconds from the arrival of a question to the first text of its answer.";
    Histogram RAG_REQUEST_DURATION_SECONDS [OUTCOME] REQUEST_SECONDS = "rag_request_duration_seconds":
        "Seconds from the arrival of a question to the end of its answer.";
    Gauge ANSWERS_SELF_TEST_RATIO [] = "answers_self_test_ratio":
        "Share of the chat model's sentences that stood when it wrote test answers, repetitions of counts aside; known with --answers auto.";
    Histogram ANSWER_GROUNDEDNESS_RATIO [] RATIO = "answer_groundedness_ratio":
        "Share of the chat model's claims that a quote supports, per answer with claims; unsupported claims are removed.";
    Counter ANSWER_CITATIONS_TOTAL [VERDICT] = "answer_citations_total":
        "Sentences of answers checked against the reviews, by verdict.";
    Counter ANSWER_FEEDBACK_TOTAL [OPINION] = "answer_feedback_total":
        "Votes of users on answers: thumbs up or down.";

    Counter LLM_PROMPT_TOKENS_TOTAL [MODEL] = "llm_prompt_tokens_total":
        "Prompt tokens of accepted generations, including cached tokens.";
    Counter LLM_PROMPT_TOKENS_CACHED_TOTAL [MODEL] = "llm_prompt_tokens_cached_total":
        "Prompt tokens whose keys and values came from the prefix cache.";
    Counter LLM_GENERATION_TOKENS_TOTAL [MODEL] = "llm_generation_tokens_total":
        "Tokens generated.";
    Histogram LLM_TIME_TO_FIRST_TOKEN_SECONDS [MODEL] FIRST_TOKEN_SECONDS = "llm_time_to_first_token_seconds":
        "Seconds from the submission of a generation to its first token.";
    Histogram LLM_INTER_TOKEN_LATENCY_SECONDS [MODEL] PER_TOKEN_SECONDS = "llm_inter_token_latency_seconds":
        "Seconds between two tokens of one generation; 0 between tokens of the same step.";
    Histogram LLM_TIME_PER_OUTPUT_TOKEN_SECONDS [MODEL] PER_TOKEN_SECONDS = "llm_time_per_output_token_seconds":
        "Mean seconds per token after the first, of one generation.";
    Histogram LLM_E2E_REQUEST_LATENCY_SECONDS [MODEL] REQUEST_SECONDS = "llm_e2e_request_latency_seconds":
        "Seconds from the submission of a generation to its end.";
    Histogram LLM_REQUEST_QUEUE_TIME_SECONDS [MODEL] REQUEST_SECONDS = "llm_request_queue_time_seconds":
        "Seconds a generation waited before its prefill began.";
    Histogram LLM_REQUEST_PREFILL_TIME_SECONDS [MODEL] REQUEST_SECONDS = "llm_request_prefill_time_seconds":
        "Seconds spent on the prompt of a generation.";
    Histogram LLM_REQUEST_DECODE_TIME_SECONDS [MODEL] REQUEST_SECONDS = "llm_request_decode_time_seconds":
        "Seconds from a generation's first token to its last.";
    Histogram LLM_DECODE_TOKENS_PER_SECOND [MODEL] TOKENS_PER_SECOND = "llm_decode_tokens_per_second":
        "Token throughput of a generation's decode phase.";
    Histogram LLM_PREFILL_TOKENS_PER_SECOND [MODEL] TOKENS_PER_SECOND = "llm_prefill_tokens_per_second":
        "Token throughput of a generation's prefill phase, without cached tokens.";
    Histogram LLM_REQUEST_PROMPT_TOKENS [MODEL] TOKENS = "llm_request_prompt_tokens":
        "Prompt tokens of a generation.";
    Histogram LLM_REQUEST_GENERATION_TOKENS [MODEL] TOKENS = "llm_request_generation_tokens":
        "Tokens generated by a generation.";
    Histogram LLM_BATCH_SIZE [MODEL] BATCH = "llm_batch_size":
        "Sequences in one step of the engine.";
    Counter LLM_REQUESTS_FINISHED_TOTAL [REASON] = "llm_requests_finished_total":
        "Finished generations, by reason.";
    Gauge LLM_REQUESTS_RUNNING [] = "llm_requests_running":
        "Generations in prefill or decode.";
    Gauge LLM_REQUESTS_WAITING [] = "llm_requests_waiting":
        "Generations in the queue.";
    Gauge LLM_REQUESTS_RUNNING_LIMIT [] = "llm_requests_running_limit":
        "The most generations that can be in prefill or decode at a time.";
    Gauge LLM_REQUESTS_WAITING_LIMIT [] = "llm_requests_waiting_limit":
        "The most generations that can be in the queue.";
    Counter LLM_REQUESTS_REJECTED_TOTAL [] = "llm_requests_rejected_total":
        "Generations refused because the queue was full.";
    Gauge LLM_KV_CACHE_BYTES [] = "llm_kv_cache_bytes":
        "Bytes of keys and values stored for running sequences and for the prefix cache.";
    Gauge LLM_KV_CACHE_CAPACITY_BYTES [] = "llm_kv_cache_capacity_bytes":
        "The most bytes of keys and values that can be stored.";
    Counter LLM_PREFIX_CACHE_QUERIES_TOTAL [] = "llm_prefix_cache_queries_total":
        "Prompt tokens looked up in the prefix cache.";
    Counter LLM_PREFIX_CACHE_HITS_TOTAL [] = "llm_prefix_cache_hits_total":
        "Prompt tokens found in the prefix cache.";
    Counter LLM_LOOKUP_DRAFT_TOKENS_TOTAL [] = "llm_lookup_draft_tokens_total":
        "Tokens proposed by prompt lookup and verified by the model.";
    Counter LLM_LOOKUP_ACCEPTED_TOKENS_TOTAL [] = "llm_lookup_accepted_tokens_total":
        "Tokens proposed by prompt lookup and accepted by the model.";

    Histogram EMBEDDING_DURATION_SECONDS [] RETRIEVAL_SECONDS = "embedding_duration_seconds":
        "Seconds to embed one batch of texts.";
    Histogram EMBEDDING_BATCH_SIZE [] BATCH = "embedding_batch_size":
        "Texts in one embedded batch.";
    Counter EMBEDDING_TEXTS_TOTAL [] = "embedding_texts_total":
        "Texts embedded.";
    Histogram RETRIEVAL_DURATION_SECONDS [STAGE] RETRIEVAL_SECONDS = "retrieval_duration_seconds":
        "Seconds of one stage of retrieval.";
    Histogram RETRIEVAL_TOP_SCORE [] RATIO = "retrieval_top_score":
        "Cosine similarity of the best passage found for a question.";

    Gauge RETRIEVAL_RECALL_RATIO [] = "retrieval_recall_ratio":
        "Share of the nearest passages that the index finds, measured by repeating sampled searches exactly.";

    Gauge INDEX_REVIEWS [] = "index_reviews":
        "Reviews in the index.";
    Gauge INDEX_PRODUCTS [] = "index_products":
        "Products with reviews in the index.";
    Gauge INDEX_PASSAGES [] = "index_passages":
        "Passages of reviews in the index.";
    Gauge INDEX_BUILD_SECONDS [] = "index_build_seconds":
        "Seconds to build the index or to read it from its snapshot.";
    Gauge INDEX_BUILT_TIMESTAMP_SECONDS [] = "index_built_timestamp_seconds":
        "Time when the current index was built or read from its snapshot, in seconds since 1970.";
    Counter INDEX_RELOADS_TOTAL [RELOADED] = "index_reloads_total":
        "Reloads of the reviews, by outcome.";
    Counter INDEX_ROWS_DROPPED_TOTAL [DROPPED] = "index_rows_dropped_total":
        "Rows of the data file that were dropped, by reason.";

    Gauge SERVER_READY [] = "server_ready":
        "1 while the server accepts questions, 0 while it loads or drains.";
    Gauge BUILD_INFO [VERSION, GIT_SHA, DEVICE] = "build_info":
        "Always 1; the labels show the version, commit and device.";
    Gauge MODEL_INFO [ROLE, NAME, SHA256] = "model_info":
        "Always 1 for each loaded model; the labels identify it.";
    Gauge INDEX_INFO [FINGERPRINT] = "index_info":
        "1 for the current index, 0 for replaced ones; the label is its fingerprint.";
    Gauge COMPUTE_THREADS [] = "compute_threads":
        "Threads used for inference.";
    Gauge CPU_QUOTA_CORES [] = "cpu_quota_cores":
        "CPU cores that the machine or the container quota allows.";
    Gauge GPU_MEMORY_USED_BYTES [] = "gpu_memory_used_bytes":
        "GPU memory in use, by this process and others; 0 if inference runs on the CPU.";
}

/// Renders the metrics, and bounds the recorder's memory while nobody scrapes.
#[derive(Clone)]
pub struct Exposition {
    handle: PrometheusHandle,
    process: metrics_process::Collector,
}

impl std::fmt::Debug for Exposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exposition")
    }
}

impl Exposition {
    /// The text of `/metrics`, including the metrics of the process.
    pub fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }

    /// Adds the samples recorded since the last call to the buckets. Call it every few seconds; otherwise samples
    /// accumulate in memory until the next scrape.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Installs the process-wide recorder, describes every metric and sets every series with known labels to zero. A second
/// call (tests start several servers in one process) returns the first call's exposition.
pub fn install() -> Exposition {
    static INSTALLED: std::sync::OnceLock<Exposition> = std::sync::OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            let recorder = builder().build_recorder();
            let exposition = Exposition {
                handle: recorder.handle(),
                process: metrics_process::Collector::default(),
            };
            metrics::set_global_recorder(recorder).expect("nothing else installs a metrics recorder");
            exposition.process.describe();
            ALL.iter().for_each(describe);
            exposition
        })
        .clone()
}

fn builder() -> PrometheusBuilder {
    ALL.iter()
        .fold(PrometheusBuilder::new(), |builder, metric| match metric {
            // Without buckets, the exporter would make it a summary, and summaries of replicas cannot be added.
            Metric::Histogram(Histogram(description, buckets)) => builder
                .set_buckets_for_metric(Matcher::Full(description.name.to_string()), buckets)
                .expect("every histogram has buckets"),
            Metric::Counter(_) | Metric::Gauge(_) => builder,
        })
}

fn describe(metric: &Metric) {
    let description = metric.description();
    let (name, help) = (KeyName::from_const_str(description.name), description.help.into());
    metrics::with_recorder(|recorder| match metric {
        Metric::Counter(_) => recorder.describe_counter(name, None, help),
        Metric::Gauge(_) => recorder.describe_gauge(name, None, help),
        Metric::Histogram(_) => recorder.describe_histogram(name, None, help),
    });
    for series in description.closed_series() {
        metric.touch(&series);
    }
}

/// Sets the series of a chat model to zero, once its name is known.
pub fn touch_model(model: &str) {
    for metric in ALL {
        if let [LabelSet { name: "model", .. }] = metric.description().labels {
            metric.touch(&[model]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_and_help_is_a_sentence() {
        for metric in ALL {
            let Description { name, help, .. } = metric.description();
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(name.bytes().all(fits), "{name}");
            let is_counter = matches!(metric, Metric::Counter(_));
            assert_eq!(is_counter, name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.'), "{name}: {help}");
        }
    }

    #[test]
    fn series_with_known_labels_start_at_zero_and_no_summary_appears() {
        let exposition = install();
        touch_model("tiny");
        let text = exposition.render();
        let is_summary = |line: &str| line.starts_with("# TYPE") && line.ends_with("summary");
        assert!(!text.lines().any(is_summary), "{text}");
        for metric in ALL {
            let description = metric.description();
            let name = description.name;
            let known = |label: &LabelSet| label.name == "model" || !label.values.is_empty();
            if !matches!(metric, Metric::Gauge(_)) && description.labels.iter().all(known) {
                assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
                assert!(
                    text.lines().any(|line| line.starts_with(name)),
                    "{name} has no series"
                );
            }
        }
        assert!(text.contains("rag_requests_total{outcome=\"no_evidence\"} "));
    }

    #[test]
    #[should_panic(expected = "takes 1 label values")]
    fn a_wrong_number_of_labels_is_a_bug() {
        RAG_REQUESTS_TOTAL.0.key(&[]);
    }
}
