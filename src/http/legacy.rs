//! `POST /get`: a form with `msg` in, plain text out.
//!
//! The endpoint of the system this one took over from, kept so that its page goes on working; its own error for an
//! empty message is kept too. Every question stands alone: there is no history.

use std::time::Instant;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{
    Shared,
    error::{self, ApiError},
    extract::FormBody,
};
use crate::assistant::{AnswerEvent, Filters, Outcome, Question, Speaker, Turn};

/// The form.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(example = serde_json::json!({"msg": "Which kettle is quiet?"}))]
pub(super) struct LegacyForm {
    #[serde(default)]
    msg: String,
}

/// How it is refused: by the old error, or as everywhere.
#[derive(JsonSchema)]
#[schemars(rename = "FormRefusal", untagged)]
#[allow(dead_code)]
pub(super) enum LegacyError {
    Empty { error: String },
    Other(error::Body),
}

/// The handler.
pub(super) async fn get(
    State(context): State<Shared>,
    FormBody(asked): FormBody<LegacyForm>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    let longest = context.options.max_message_chars;
    if asked.msg.trim().is_empty() {
        let error = serde_json::json!({"error": "Empty message"});
        return Ok((StatusCode::BAD_REQUEST, Json(error)).into_response());
    }
    if asked.msg.chars().count() > longest {
        return Err(ApiError::invalid(format!("A question may have {longest} characters.")).at("msg"));
    }
    let (service, ticket) = context.admit()?;
    let turns = vec![Turn {
        role: Speaker::User,
        content: asked.msg,
    }];
    let question = Question {
        turns,
        filters: Filters::default(),
        max_tokens: None,
        traced: false,
        arrived,
    };
    let events = service.assistant.answer(question).await?;
    tokio::select! {
        text = last_word(events) => Ok(text?.into_response()),
        () = ticket.cut() => Err(ApiError::stopping()),
    }
}

/// The authoritative text, once it is there.
async fn last_word(mut events: mpsc::Receiver<AnswerEvent>) -> Result<String, ApiError> {
    while let Some(event) = events.recv().await {
        match event {
            AnswerEvent::Final(answer) if answer.outcome == Outcome::Cancelled => {
                return Err(ApiError::stopping());
            }
            AnswerEvent::Final(answer) => return Ok(answer.text),
            AnswerEvent::Failed => return Err(ApiError::internal()),
            _ => {}
        }
    }
    tracing::error!("an answer ended without its last event");
    Err(ApiError::internal())
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
        last_word(receive).await
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
