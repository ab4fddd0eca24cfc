//! `POST /api/chat`: takes a conversation, and streams an answer with its evidence.

use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ApiError;
use super::extract::JsonBody;
use super::wire::{ReviewSource, SearchFilters, checked_turns, recommendations};
use super::{HttpOptions, SharedContext, stream};
use crate::assistant::Question;
use crate::query::{Speaker, Turn};
use crate::reviews::Corpus;

/// The request. An unknown field is an error, so that a misspelt filter is noticed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "messages": [{"role": "user", "content": "Which kettle is quiet?"}], "filters": {"min_rating": 3},
}))]
pub(super) struct ChatRequest {
    messages: Vec<ChatTurn>,
    #[serde(default)]
    filters: Option<SearchFilters>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    debug: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChatTurn {
    role: ChatRole,
    content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    User,
    Assistant,
}

/// The handler.
pub(super) async fn chat(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<ChatRequest>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    let (service, ticket) = context.admit()?;
    let question = question(request, &context.options, &service.catalogue.corpus, arrived)?;
    let events = service.assistant.answer(question).await?;
    let catalogue = service.catalogue.clone();
    Ok(stream::answer(events, ticket, move |products| {
        recommendations(ReviewSource::from(&*catalogue), products)
    }))
}

fn question(
    request: ChatRequest,
    limits: &HttpOptions,
    corpus: &Corpus,
    arrived: Instant,
) -> Result<Question, ApiError> {
    let turns = (1..).zip(request.messages.into_iter().map(Turn::from));
    let turns = checked_turns(turns, limits)?;
    let most = limits.max_tokens;
    if let Some(tokens) = request.max_tokens.filter(|tokens| !(1..=most).contains(tokens)) {
        let message = format!("max_tokens must be from 1 to {most}, not {tokens}.");
        return Err(ApiError::invalid(message).at("max_tokens"));
    }
    Ok(Question {
        turns,
        filters: request.filters.unwrap_or_default().checked(corpus)?,
        max_tokens: request.max_tokens,
        traced: request.debug == Some(true),
        arrived,
    })
}

impl From<ChatTurn> for Turn {
    fn from(message: ChatTurn) -> Turn {
        let role = match message.role {
            ChatRole::User => Speaker::User,
            ChatRole::Assistant => Speaker::Assistant,
        };
        Turn {
            role,
            content: message.content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{corpus, error_fields, options};
    use super::*;
    use crate::assistant::Filters;
    use serde_json::{Value, json};

    fn check(request: Value) -> Result<Question, ApiError> {
        let request = serde_json::from_value(request).expect("the request parses");
        question(request, &options(), &corpus(), Instant::now())
    }

    fn user(content: &str) -> Value {
        json!({"role": "user", "content": content})
    }

    #[test]
    fn a_whole_request_becomes_a_question() {
        let question = check(json!({
            "messages": [user("Hi"), {"role": "assistant", "content": "Hello."}, user("Is the kettle loud?")],
            "filters": {"product_ids": ["KET-1"], "category": "Kettles", "min_rating": 2, "max_price": 1500},
            "max_tokens": 20,
            "debug": false,
        }))
        .expect("it is in order");
        assert_eq!(
            question.turns[1],
            Turn {
                role: Speaker::Assistant,
                content: "Hello.".into()
            }
        );
        assert_eq!(question.turns[2].content, "Is the kettle loud?");
        assert_eq!(
            question.filters,
            Filters {
                product_ids: vec!["KET-1".into()],
                category: Some("Kettles".into()),
                min_rating: Some(2),
                max_price: Some(1500),
            }
        );
        assert_eq!(question.max_tokens, Some(20));
    }

    #[test]
    fn nulls_and_absent_fields_mean_no_limit() {
        let filters = json!({"product_ids": null, "category": null, "min_rating": null, "max_price": null});
        for request in [
            json!({"messages": [user("Loud?")]}),
            json!({"messages": [user("Loud?")], "filters": null, "max_tokens": null, "debug": null}),
            json!({"messages": [user("Loud?")], "filters": {}}),
            json!({"messages": [user("Loud?")], "filters": filters}),
        ] {
            let question = check(request).expect("it is in order");
            assert_eq!(
                (question.filters, question.max_tokens),
                (Filters::default(), None)
            );
        }
    }

    #[test]
    fn an_error_names_the_field_that_is_out_of_range() {
        let limits = options();
        let question = [user("Loud?")];
        let table = [
            (json!({"messages": []}), "messages"),
            (json!({"messages": [user(" \n")]}), "messages"),
            (
                json!({"messages": [user("Hi"), {"role": "assistant", "content": "Hello."}]}),
                "messages",
            ),
            (
                json!({"messages": vec![user("Hi"); limits.max_messages + 1]}),
                "messages",
            ),
            (
                json!({"messages": [user(&"é".repeat(limits.max_message_chars + 1))]}),
                "messages",
            ),
            (json!({"messages": question, "max_tokens": 0}), "max_tokens"),
            (
                json!({"messages": question, "max_tokens": limits.max_tokens + 1}),
                "max_tokens",
            ),
            (
                json!({"messages": question, "filters": {"product_ids": ["NO-1"]}}),
                "filters.product_ids",
            ),
            (
                json!({"messages": question, "filters": {"min_rating": 6}}),
                "filters.min_rating",
            ),
        ];
        for (request, param) in table {
            let error = error_fields(&check(request).expect_err(param));
            assert_eq!(error["param"], param, "{error}");
            assert_eq!(error["type"], "invalid_request_error", "{error}");
        }
        let longest = "é".repeat(limits.max_message_chars);
        let largest =
            json!({"messages": vec![user(&longest); limits.max_messages], "max_tokens": limits.max_tokens});
        assert!(check(largest).is_ok());
    }
}
