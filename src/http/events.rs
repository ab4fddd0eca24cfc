//! What happens while a question is answered, as the JSON that `/api/chat` streams. Pure.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::{self, ApiError};
use super::recommend::Recommendation;
use super::trace::Trace;
use crate::{
    assistant::{Answer, AnswerEvent, Evidence, Recommended},
    generation::Finished,
};

/// The data of one server-sent event; [`Wire::name`] is its event's name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Wire {
    /// Accepted, with `position` others to go first, which should take so long.
    Queue { position: usize, eta_seconds: f64 },
    /// What the answer rests on.
    Evidence { items: Vec<Item> },
    /// The products that it is of, with their figures.
    Products { items: Vec<Recommendation> },
    /// How the question was understood and what came of it; only where it was asked for.
    Trace(Box<Trace>),
    /// How much of the prompt has been read.
    Progress { prompt_tokens: usize, processed: usize },
    /// More of the answer.
    Token { text: String },
    /// A sentence, checked.
    Citation {
        sentence: String,
        evidence_ids: Vec<usize>,
        verdict: &'static str,
    },
    /// The end: the authoritative answer.
    Final(Box<Final>),
    /// The end: no answer.
    Error(error::Body),
}

/// One quote. Offsets are in characters of the review's text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Item {
    /// What the answer cites it as: 1, 2, …
    id: usize,
    review_id: u32,
    /// The shop's own id.
    product_id: String,
    product_title: String,
    rating: u8,
    summary: String,
    quote: String,
    start: usize,
    end: usize,
    before: String,
    after: String,
    score: f32,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Final {
    text: String,
    outcome: &'static str,
    /// Never: what was streamed is not taken back.
    replaced: bool,
    evidence_ids: Vec<usize>,
    usage: GenerationUsage,
    timings: Timings,
}

/// Tokens, as OpenAI's clients count them. All zero where the model was not asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
struct GenerationUsage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

/// Where the time went: llama.cpp's names for the model's part, and ours around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
struct Timings {
    queue_ms: f64,
    retrieval_ms: f64,
    /// From the question's arrival to the answer's first piece.
    ttft_ms: Option<f64>,
    #[serde(flatten)]
    model: ModelTimings,
}

/// llama.cpp's part. Rates are null where nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct ModelTimings {
    /// Prompt tokens computed: those of the cache (`cache_n`) come on top.
    prompt_n: usize,
    prompt_ms: f64,
    prompt_per_second: Option<f64>,
    predicted_n: usize,
    predicted_ms: f64,
    predicted_per_second: Option<f64>,
    cache_n: usize,
    /// Tokens that prompt lookup proposed, and those of them that the model chose too.
    draft_n: usize,
    draft_n_accepted: usize,
}

impl Wire {
    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Wire::Queue { .. } => "queue",
            Wire::Evidence { .. } => "evidence",
            Wire::Products { .. } => "products",
            Wire::Trace(_) => "trace",
            Wire::Progress { .. } => "progress",
            Wire::Token { .. } => "token",
            Wire::Citation { .. } => "citation",
            Wire::Final(_) => "final",
            Wire::Error(_) => "error",
        }
    }

    /// Whether nothing may follow.
    pub fn is_last(&self) -> bool {
        matches!(self, Wire::Final(_) | Wire::Error(_))
    }
}

impl Wire {
    /// An event of the assistant's; `shown` gives a product its figures.
    pub fn of(event: AnswerEvent, shown: impl Fn(Recommended) -> Recommendation) -> Wire {
        match event {
            AnswerEvent::Products(products) => Wire::Products {
                items: products.into_iter().map(shown).collect(),
            },
            AnswerEvent::Trace(trace) => Wire::Trace(Box::new((*trace).into())),
            AnswerEvent::Queued { ahead, wait } => Wire::Queue {
                position: ahead,
                eta_seconds: tenths(wait),
            },
            AnswerEvent::Evidence(evidence) => Wire::Evidence {
                items: Item::numbered(evidence),
            },
            AnswerEvent::Progress {
                processed,
                prompt_tokens,
            } => Wire::Progress {
                prompt_tokens,
                processed,
            },
            AnswerEvent::Token(text) => Wire::Token { text },
            AnswerEvent::Citation(checked) => Wire::Citation {
                sentence: checked.sentence,
                evidence_ids: checked.cited,
                verdict: checked.verdict.as_str(),
            },
            AnswerEvent::Final(answer) => Wire::Final(Box::new(answer.into())),
            AnswerEvent::Failed => ApiError::internal().into(),
        }
    }
}

impl From<ApiError> for Wire {
    fn from(error: ApiError) -> Wire {
        Wire::Error(error.into_body())
    }
}

impl Item {
    /// Evidence, numbered from 1 in its order.
    pub fn numbered(evidence: Vec<Evidence>) -> Vec<Item> {
        (1..).zip(evidence).map(Item::new).collect()
    }

    /// The title of the product that is reviewed.
    pub fn product_title(&self) -> &str {
        &self.product_title
    }

    /// The review's number.
    pub fn review_id(&self) -> u32 {
        self.review_id
    }

    fn new((id, evidence): (usize, Evidence)) -> Item {
        Item {
            id,
            review_id: evidence.review.0,
            product_id: evidence.product_key,
            product_title: evidence.product_title,
            rating: evidence.rating,
            summary: evidence.summary,
            quote: evidence.quote,
            start: evidence.start,
            end: evidence.end,
            before: evidence.before,
            after: evidence.after,
            score: evidence.score,
        }
    }
}

impl From<Answer> for Final {
    fn from(answer: Answer) -> Final {
        let generation = answer.generation.as_ref();
        Final {
            usage: generation.map(GenerationUsage::of).unwrap_or_default(),
            timings: Timings {
                queue_ms: generation.map_or(0.0, |finished| milliseconds(finished.queue)),
                retrieval_ms: answer.retrieval_ms,
                ttft_ms: answer.first_token_ms,
                model: generation.map(ModelTimings::of).unwrap_or_default(),
            },
            text: answer.text,
            outcome: answer.outcome.as_str(),
            replaced: false,
            evidence_ids: answer.cited,
        }
    }
}

impl GenerationUsage {
    fn of(finished: &Finished) -> GenerationUsage {
        GenerationUsage {
            prompt_tokens: finished.prompt_tokens,
            completion_tokens: finished.generated_tokens,
            total_tokens: finished.prompt_tokens + finished.generated_tokens,
        }
    }
}

impl ModelTimings {
    /// Of a generation.
    pub fn of(finished: &Finished) -> ModelTimings {
        let computed = finished.prompt_tokens.saturating_sub(finished.cached_tokens);
        ModelTimings {
            prompt_n: computed,
            prompt_ms: milliseconds(finished.prefill),
            prompt_per_second: rate(computed, finished.prefill),
            predicted_n: finished.generated_tokens,
            predicted_ms: milliseconds(finished.decode),
            // From the first token to the last there is one step fewer than there are tokens.
            predicted_per_second: rate(finished.generated_tokens.saturating_sub(1), finished.decode),
            cache_n: finished.cached_tokens,
            draft_n: finished.draft_tokens,
            draft_n_accepted: finished.accepted_tokens,
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Seconds; what is estimated is given no more precisely than that.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

fn rate(count: usize, time: Duration) -> Option<f64> {
    (count > 0 && !time.is_zero()).then(|| count as f64 / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assistant::{Checked, Outcome, Verdict},
        generation::Reason,
        retrieval::testing,
        reviews::ReviewId,
    };
    use serde_json::{Value, json};

    fn wire(event: AnswerEvent) -> (&'static str, bool, Value) {
        let wire = Wire::of(event, |_| unreachable!("no test sends products"));
        (
            wire.name(),
            wire.is_last(),
            serde_json::to_value(&wire).expect("an event serialises"),
        )
    }

    fn evidence(quote: &str) -> Evidence {
        Evidence {
            review: ReviewId(41),
            product_key: "HDP-7".into(),
            summary: "Good".into(),
            start: 6,
            end: 6 + quote.chars().count(),
            before: "Hello ".into(),
            after: " the end".into(),
            ..testing::evidence("Quiet One", quote)
        }
    }

    fn answer(generation: Option<Finished>) -> Answer {
        Answer {
            text: "Yes [1].".into(),
            outcome: if generation.is_some() {
                Outcome::Answered
            } else {
                Outcome::NoEvidence
            },
            cited: vec![1],
            retrieval_ms: 12.5,
            first_token_ms: generation.as_ref().map(|_| 300.0),
            generation,
        }
    }

    #[test]
    fn small_events() {
        let table = [
            (
                AnswerEvent::Queued {
                    ahead: 2,
                    wait: Duration::from_millis(4321),
                },
                "queue",
                json!({"position": 2, "eta_seconds": 4.3}),
            ),
            (
                AnswerEvent::Progress {
                    processed: 64,
                    prompt_tokens: 300,
                },
                "progress",
                json!({"prompt_tokens": 300, "processed": 64}),
            ),
            (
                AnswerEvent::Token(" क्या 🙂".into()),
                "token",
                json!({"text": " क्या 🙂"}),
            ),
            (
                AnswerEvent::Citation(Checked {
                    sentence: "It is loud [2]".into(),
                    verdict: Verdict::Supported,
                    cited: vec![2],
                }),
                "citation",
                json!({"sentence": "It is loud [2]", "evidence_ids": [2], "verdict": "supported"}),
            ),
            (AnswerEvent::Evidence(vec![]), "evidence", json!({"items": []})),
        ];
        for (event, name, data) in table {
            assert_eq!(wire(event), (name, false, data));
        }
    }

    #[test]
    fn evidence_is_numbered_from_one_and_carries_the_shops_product_id() {
        let (name, last, data) = wire(AnswerEvent::Evidence(vec![
            evidence("batt\u{e9}rie 🙂"),
            evidence("b"),
        ]));
        assert_eq!((name, last), ("evidence", false));
        assert_eq!(
            data["items"][0],
            json!({
                "id": 1, "review_id": 41, "product_id": "HDP-7", "product_title": "Quiet One", "rating": 4,
                "summary": "Good", "quote": "batt\u{e9}rie 🙂", "start": 6, "end": 16, "before": "Hello ",
                "after": " the end", "score": 0.5,
            })
        );
        assert_eq!(data["items"][1]["id"], 2);
    }

    #[test]
    fn the_final_event_has_usage_and_timings() {
        let finished = Finished {
            reason: Reason::Stop,
            prompt_tokens: 300,
            cached_tokens: 100,
            generated_tokens: 41,
            draft_tokens: 12,
            accepted_tokens: 7,
            queue: Duration::from_millis(5),
            prefill: Duration::from_millis(400),
            decode: Duration::from_secs(2),
            total: Duration::from_millis(2410),
            first_token: Some(Duration::from_millis(405)),
        };
        let (name, last, data) = wire(AnswerEvent::Final(answer(Some(finished))));
        assert_eq!((name, last), ("final", true));
        assert_eq!(
            data,
            json!({
                "text": "Yes [1].", "outcome": "answered", "replaced": false, "evidence_ids": [1],
                "usage": {"prompt_tokens": 300, "completion_tokens": 41, "total_tokens": 341},
                "timings": {
                    "queue_ms": 5.0, "retrieval_ms": 12.5, "ttft_ms": 300.0,
                    "prompt_n": 200, "prompt_ms": 400.0, "prompt_per_second": 500.0,
                    "predicted_n": 41, "predicted_ms": 2000.0, "predicted_per_second": 20.0, "cache_n": 100,
                    "draft_n": 12, "draft_n_accepted": 7,
                },
            })
        );
    }

    #[test]
    fn without_the_model_the_figures_are_zero_and_the_rates_null() {
        let (_, _, data) = wire(AnswerEvent::Final(answer(None)));
        assert_eq!(
            data["usage"],
            json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})
        );
        assert_eq!(data["outcome"], "no_evidence");
        assert_eq!(data["timings"]["predicted_per_second"], Value::Null);
        assert_eq!(data["timings"]["ttft_ms"], Value::Null);
        assert_eq!(data["timings"]["retrieval_ms"], 12.5);
    }

    #[test]
    fn a_failure_is_an_error_in_the_usual_shape() {
        let (name, last, data) = wire(AnswerEvent::Failed);
        assert_eq!((name, last), ("error", true));
        assert_eq!(data["error"]["type"], "server_error");
        assert_eq!(data["error"].as_object().map(serde_json::Map::len), Some(4));
    }
}
