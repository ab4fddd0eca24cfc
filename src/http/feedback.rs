//! `POST /api/feedback`: a thumb up or down on an answer. Counted; and where the operator names a file, appended to it as
//! one JSON line. Nothing else is kept, and nothing of it is logged.

use std::{io::Write, path::Path};

use axum::{extract::State, response::NoContent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shared, error::ApiError, extract::JsonBody, request_id};
use crate::metrics::ANSWER_FEEDBACK_TOTAL;

/// Reviews that an answer can rest on, with room to spare.
const MAX_EVIDENCE: usize = 16;
/// Characters of a comment.
const MAX_COMMENT: usize = 500;

/// The request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"verdict": "down", "comment": "It is about another kettle."}))]
pub(super) struct Feedback {
    verdict: Rating,
    /// The `x-request-id` of the answer.
    answer_id: Option<String>,
    /// The `review_id`s of the answer's evidence.
    evidence_ids: Option<Vec<u32>>,
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Rating {
    Up,
    Down,
}

/// A line of the file.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// Seconds since 1970.
    time: u64,
    #[serde(flatten)]
    said: Said,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Said {
    verdict: Rating,
    answer_id: Option<String>,
    evidence_ids: Vec<u32>,
    comment: Option<String>,
}

/// The handler: 204 once it is counted and written.
pub(super) async fn feedback(
    State(context): State<Shared>,
    JsonBody(feedback): JsonBody<Feedback>,
) -> Result<NoContent, ApiError> {
    let said = feedback.checked()?;
    let verdict = said.verdict;
    if let Some(path) = context.options.feedback_file.clone() {
        let line = Line {
            time: super::v1::now(),
            said,
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

impl Rating {
    fn as_str(self) -> &'static str {
        match self {
            Rating::Up => "up",
            Rating::Down => "down",
        }
    }
}

impl Feedback {
    fn checked(self) -> Result<Said, ApiError> {
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
                format!("A comment may have {MAX_COMMENT} characters, not {length}."),
            );
        }
        Ok(Said {
            verdict: self.verdict,
            answer_id: self.answer_id,
            evidence_ids,
            comment,
        })
    }
}

/// One write, so that lines of two requests do not mix.
fn append(path: &Path, line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(feedback: Value) -> Result<Said, ApiError> {
        let feedback: Feedback = serde_json::from_value(feedback).expect("it parses");
        feedback.checked()
    }

    #[test]
    fn what_is_too_much_is_refused_by_name() {
        for (field, value) in [
            ("answer_id", json!("two words")),
            ("answer_id", json!("x".repeat(129))),
            ("evidence_ids", json!(vec![1; 17])),
            ("comment", json!("é".repeat(501))),
        ] {
            let refused = checked(json!({"verdict": "up", field: value})).expect_err(field);
            let body = serde_json::to_value(refused.into_body()).expect("an error serialises");
            assert_eq!(body["error"]["param"], field);
        }
        assert!(serde_json::from_value::<Feedback>(json!({"verdict": "sideways"})).is_err());
    }

    #[test]
    fn lines_are_appended_whole() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("feedback.jsonl");
        for comment in ["line\nbreak", " "] {
            let feedback =
                json!({"verdict": "down", "answer_id": "a-1", "evidence_ids": [4], "comment": comment});
            let said = checked(feedback).expect("in order");
            append(&path, &Line { time: 5, said }).expect("a line");
        }
        let text = std::fs::read_to_string(&path).expect("the file");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let line = |comment: Value| json!({"time": 5, "verdict": "down", "answer_id": "a-1", "evidence_ids": [4], "comment": comment});
        assert_eq!(lines, [line(json!("line\nbreak")), line(Value::Null)]);
    }
}
