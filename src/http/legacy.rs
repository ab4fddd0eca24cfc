//! `POST /get`: takes a form with `msg`, and answers in plain text.
//!
//! The endpoint of the predecessor system, kept so that its page goes on working; its own error for an empty message is
//! kept, too. Every question stands alone: there is no history.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::SharedContext;
use super::error::{ApiError, ErrorBody};
use super::extract::FormBody;
use super::stream::next_event;
use super::wire::check_question;
use crate::assistant::{AnswerEvent, Filters, Outcome, Question};
use crate::query::{Speaker, Turn};

/// The form.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(example = serde_json::json!({"msg": "Which kettle is quiet?"}))]
pub(super) struct LegacyForm {
    #[serde(default)]
    msg: String,
}

/// The error for an empty message, in the predecessor's shape; or any other error.
#[derive(JsonSchema)]
#[schemars(rename = "FormError", untagged)]
#[allow(dead_code)]
pub(super) enum LegacyError {
    Empty { error: String },
    Other(ErrorBody),
}

/// The handler.
pub(super) async fn get(
    State(context): State<SharedContext>,
    FormBody(form): FormBody<LegacyForm>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    if form.msg.trim().is_empty() {
        let error = serde_json::json!({"error": "Empty message"});
        return Ok((StatusCode::BAD_REQUEST, Json(error)).into_response());
    }
    check_question(&form.msg, "msg", &context.options)?;
    let (service, mut ticket) = context.admit()?;
    let turns = vec![Turn {
        role: Speaker::User,
        content: form.msg,
    }];
    let question = Question {
        turns,
        filters: Filters::default(),
        max_tokens: None,
        traced: false,
        arrived,
    };
    let events = service.assistant.answer(question).await?;
    let text = ticket.unless_cut(final_text(events)).await?;
    Ok(text.into_response())
}

/// The authoritative text, once the answer has ended.
async fn final_text(mut events: mpsc::Receiver<AnswerEvent>) -> Result<String, ApiError> {
    loop {
        match next_event(&mut events).await? {
            AnswerEvent::Final(answer) if answer.outcome == Outcome::Cancelled => {
                return Err(ApiError::stopping());
            }
            AnswerEvent::Final(answer) => return Ok(answer.text),
            AnswerEvent::Failed => return Err(ApiError::internal()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::Answer;

    async fn after(events: Vec<AnswerEvent>) -> Result<String, ApiError> {
        let (send, receive) = mpsc::channel(events.len().max(1));
        for event in events {
            send.try_send(event).expect("the channel has room");
        }
        drop(send);
        final_text(receive).await
    }

    fn ended(outcome: Outcome) -> AnswerEvent {
        AnswerEvent::Final(Answer {
            text: "All of it.".into(),
            outcome,
            cited: vec![],
            retrieval_ms: 1.0,
            first_token_ms: None,
            generation: None,
        })
    }

    #[tokio::test]
    async fn the_final_text_counts_and_not_what_was_streamed() {
        let streamed = vec![
            AnswerEvent::Evidence(vec![]),
            AnswerEvent::Token("All".into()),
            ended(Outcome::Answered),
        ];
        assert_eq!(after(streamed).await, Ok("All of it.".to_string()));
        assert_eq!(
            after(vec![ended(Outcome::NoEvidence)]).await,
            Ok("All of it.".to_string())
        );
        assert_eq!(
            after(vec![ended(Outcome::Cancelled)]).await,
            Err(ApiError::stopping())
        );
        assert_eq!(
            after(vec![AnswerEvent::Token("All".into()), AnswerEvent::Failed]).await,
            Err(ApiError::internal())
        );
        assert_eq!(after(vec![]).await, Err(ApiError::internal()));
    }
}
