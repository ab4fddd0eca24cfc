//! `POST /api/feedback`: a thumb up or down on an answer. It is counted, and appended as one JSON line to the file that
//! the operator configured, if any. Nothing else is stored, and nothing of it is logged.

use std::io::Write;
use std::path::Path;

use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::extract::JsonBody;
use super::{SharedContext, clock, request_id};
use crate::metrics::ANSWER_FEEDBACK_TOTAL;

/// At most so many evidence ids: more than any answer has.
const MAX_EVIDENCE: usize = 16;
/// At most so many characters of a comment.
const MAX_COMMENT: usize = 500;

/// The request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"verdict": "down", "comment": "It is about another kettle."}))]
pub(super) struct FeedbackRequest {
    verdict: Thumb,
    /// The `x-request-id` of the answer.
    answer_id: Option<String>,
    /// The `review_id`s of the answer's evidence.
    evidence_ids: Option<Vec<u32>>,
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Thumb {
    Up,
    Down,
}

/// A line of the file.
#[derive(Debug, Serialize)]
struct FeedbackLine {
    /// Seconds since 1970.
    time: u64,
    #[serde(flatten)]
    feedback: CheckedFeedback,
}

#[derive(Debug, Serialize)]
struct CheckedFeedback {
    verdict: Thumb,
    answer_id: Option<String>,
    evidence_ids: Vec<u32>,
    comment: Option<String>,
}

/// The handler: 204 once it is counted and written.
pub(super) async fn feedback(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<FeedbackRequest>,
) -> Result<NoContent, ApiError> {
    let feedback = request.checked()?;
    let verdict = feedback.verdict;
    if let Some(path) = context.options.feedback_file.clone() {
        let line = FeedbackLine {
            time: clock::unix_time().as_secs(),
            feedback,
        };
        let written = tokio::task::spawn_blocking(move || append(&path, &line)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(
                "Feedback could not be written to --feedback-file; check its folder and the disk."
            );
            return Err(ApiError::internal());
        }
    }
    ANSWER_FEEDBACK_TOTAL.add(&[verdict.as_str()], 1);
    Ok(NoContent)
}

impl Thumb {
    fn as_str(self) -> &'static str {
        match self {
            Thumb::Up => "up",
            Thumb::Down => "down",
        }
    }
}

impl FeedbackRequest {
    fn checked(self) -> Result<CheckedFeedback, ApiError> {
        let refuse = |field: &str, message: String| Err(ApiError::invalid(message).at(field));
        let id = self.answer_id.as_deref();
        if id.is_some_and(|id| !request_id::is_usable(id.as_bytes())) {
            return refuse(
                "answer_id",
                "answer_id must be the x-request-id of an answer.".into(),
            );
        }
        let evidence_ids = self.evidence_ids.unwrap_or_default();
        if evidence_ids.len() > MAX_EVIDENCE {
            return refuse(
                "evidence_ids",
                format!("Send at most {MAX_EVIDENCE} evidence_ids."),
            );
        }
        let comment = self.comment.filter(|comment| !comment.trim().is_empty());
        let length = comment.as_deref().map_or(0, |comment| comment.chars().count());
        if length > MAX_COMMENT {
            return refuse(
                "comment",
                format!("A comment may have at most {MAX_COMMENT} characters, not {length}."),
            );
        }
        Ok(CheckedFeedback {
            verdict: self.verdict,
            answer_id: self.answer_id,
            evidence_ids,
            comment,
        })
    }
}

/// Appends a line with a single write, so that the lines of two requests do not mix.
fn append(path: &Path, line: &FeedbackLine) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::testing::error_fields;
    use super::*;
    use serde_json::{Value, json};

    fn checked(feedback: Value) -> Result<CheckedFeedback, ApiError> {
        let request: FeedbackRequest = serde_json::from_value(feedback).expect("it parses");
        request.checked()
    }

    #[test]
    fn an_error_names_the_field_that_is_out_of_range() {
        for (field, value) in [
            ("answer_id", json!("two words")),
            ("answer_id", json!("x".repeat(129))),
            ("evidence_ids", json!(vec![1; 17])),
            ("comment", json!("é".repeat(501))),
        ] {
            let refused = checked(json!({"verdict": "up", field: value})).expect_err(field);
            assert_eq!(error_fields(&refused)["param"], field);
        }
        assert!(serde_json::from_value::<FeedbackRequest>(json!({"verdict": "sideways"})).is_err());
    }

    #[test]
    fn each_feedback_becomes_one_line() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("feedback.jsonl");
        for comment in ["line\nbreak", " "] {
            let feedback =
                json!({"verdict": "down", "answer_id": "a-1", "evidence_ids": [4], "comment": comment});
            let feedback = checked(feedback).expect("it is valid");
            append(&path, &FeedbackLine { time: 5, feedback }).expect("a line");
        }
        let text = std::fs::read_to_string(&path).expect("the file");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let line = |comment: Value| {
            json!({
                "time": 5, "verdict": "down", "answer_id": "a-1", "evidence_ids": [4], "comment": comment,
            })
        };
        assert_eq!(lines, [line(json!("line\nbreak")), line(Value::Null)]);
    }
}
