//! The events that `/api/chat` streams while a question is answered. Pure.

use std::time::Duration;

use serde::Serialize;

use super::super::error::{ApiError, ErrorBody};
use super::token_usage::milliseconds;
use super::trace::Trace;
use super::{EvidenceQuote, ModelTimings, Recommendation, TokenCounts};
use crate::assistant::{Answer, AnswerEvent, Recommended};
use crate::findings::Finding;

/// The data of one server-sent event; [`ChatEvent::name`] is the event's name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(in crate::http) enum ChatEvent {
    /// Accepted; `position` other answers go first, which should take `eta_seconds`.
    Queue { position: usize, eta_seconds: f64 },
    /// What the answer rests on.
    Evidence { items: Vec<EvidenceQuote> },
    /// What the answer concludes.
    Finding(Box<Finding>),
    /// The products that the evidence is about, with their figures.
    Products { items: Vec<Recommendation> },
    /// How the question was understood and what came of it; only if it was asked for.
    Trace(Box<Trace>),
    /// How much of the prompt has been read.
    Progress { prompt_tokens: usize, processed: usize },
    /// More of the answer.
    Token { text: String },
    /// A sentence that has been checked.
    Citation {
        sentence: String,
        evidence_ids: Vec<usize>,
        verdict: &'static str,
    },
    /// The last event: the authoritative answer.
    Final(Box<Final>),
    /// The last event: there is no answer.
    Error(ErrorBody),
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::http) struct Final {
    text: String,
    outcome: &'static str,
    /// Always false: text that was streamed is not taken back.
    replaced: bool,
    evidence_ids: Vec<usize>,
    usage: TokenCounts,
    timings: Timings,
}

/// Where the time went: the model's part with llama.cpp's names, and the rest with ours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Timings {
    queue_ms: f64,
    retrieval_ms: f64,
    /// From the question's arrival to the first piece of the answer.
    ttft_ms: Option<f64>,
    #[serde(flatten)]
    model: ModelTimings,
}

impl ChatEvent {
    /// The wire form of an event of the assistant; `recommendations` adds the figures of products.
    pub(crate) fn new(
        event: AnswerEvent,
        recommendations: impl Fn(Vec<Recommended>) -> Vec<Recommendation>,
    ) -> ChatEvent {
        match event {
            AnswerEvent::Products(products) => ChatEvent::Products {
                items: recommendations(products),
            },
            AnswerEvent::Finding(finding) => ChatEvent::Finding(finding),
            AnswerEvent::Trace(trace) => ChatEvent::Trace(Box::new((*trace).into())),
            AnswerEvent::Queued { ahead, wait } => ChatEvent::Queue {
                position: ahead,
                eta_seconds: tenths(wait),
            },
            AnswerEvent::Evidence(evidence) => ChatEvent::Evidence {
                items: EvidenceQuote::numbered(evidence),
            },
            AnswerEvent::Progress {
                processed,
                prompt_tokens,
            } => ChatEvent::Progress {
                prompt_tokens,
                processed,
            },
            AnswerEvent::Token(text) => ChatEvent::Token { text },
            AnswerEvent::Citation(checked) => ChatEvent::Citation {
                sentence: checked.sentence,
                evidence_ids: checked.cited,
                verdict: checked.verdict.as_str(),
            },
            AnswerEvent::Final(answer) => ChatEvent::Final(Box::new(answer.into())),
            AnswerEvent::Failed => ApiError::internal().into(),
        }
    }

    /// The event's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            ChatEvent::Queue { .. } => "queue",
            ChatEvent::Evidence { .. } => "evidence",
            ChatEvent::Products { .. } => "products",
            ChatEvent::Finding(_) => "finding",
            ChatEvent::Trace(_) => "trace",
            ChatEvent::Progress { .. } => "progress",
            ChatEvent::Token { .. } => "token",
            ChatEvent::Citation { .. } => "citation",
            ChatEvent::Final(_) => "final",
            ChatEvent::Error(_) => "error",
        }
    }

    /// Whether no other event follows.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self, ChatEvent::Final(_) | ChatEvent::Error(_))
    }
}

impl From<ApiError> for ChatEvent {
    fn from(error: ApiError) -> ChatEvent {
        ChatEvent::Error(error.into_body())
    }
}

impl From<Answer> for Final {
    fn from(answer: Answer) -> Final {
        let generation = answer.generation.as_ref();
        Final {
            usage: generation.map(TokenCounts::from).unwrap_or_default(),
            timings: Timings {
                queue_ms: generation.map_or(0.0, |finished| milliseconds(finished.queue)),
                retrieval_ms: answer.retrieval_ms,
                ttft_ms: answer.first_token_ms,
                model: generation.map(ModelTimings::from).unwrap_or_default(),
            },
            text: answer.text,
            outcome: answer.outcome.as_str(),
            replaced: false,
            evidence_ids: answer.cited,
        }
    }
}

/// Seconds to one decimal: an estimate is not more exact.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::{Checked, Evidence, Outcome, SentenceVerdict};
    use crate::generation::{Finished, Reason};
    use crate::retrieval::testing;
    use crate::reviews::ReviewId;
    use serde_json::{Value, json};

    fn wire(event: AnswerEvent) -> (&'static str, bool, Value) {
        let event = ChatEvent::new(event, |_| unreachable!("no test sends products"));
        (
            event.name(),
            event.is_last(),
            serde_json::to_value(&event).expect("an event serialises"),
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
    fn events_have_their_names_and_data() {
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
                    verdict: SentenceVerdict::Supported,
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
    fn without_the_model_token_counts_are_zero_and_rates_null() {
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
