//! `POST /api/chat`: a conversation in, an answer with its evidence streamed back.

use std::{ops::RangeInclusive, time::Instant};

use axum::{extract::State, response::Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    HttpOptions, Shared, error::ApiError, events::Wire, extract::JsonBody, recommend::shown, stream,
};
use crate::{
    assistant::{Filters, Question, Speaker, Turn},
    reviews::Corpus,
};

/// Stars that a review can have.
const RATINGS: RangeInclusive<u8> = 1..=5;

/// The request. A field that is not listed is an error, so that a misspelt filter is not silently no filter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"messages": [{"role": "user", "content": "Which kettle is quiet?"}], "filters": {"min_rating": 3}}))]
pub(super) struct ChatRequest {
    messages: Vec<Message>,
    #[serde(default)]
    filters: Option<WireFilters>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    debug: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    role: WireRole,
    content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum WireRole {
    User,
    Assistant,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WireFilters {
    product_ids: Option<Vec<String>>,
    category: Option<String>,
    min_rating: Option<u8>,
    max_price: Option<u32>,
}

/// The handler.
pub(super) async fn chat(
    State(context): State<Shared>,
    JsonBody(request): JsonBody<ChatRequest>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    let (service, ticket) = context.admit()?;
    let question = question(request, &context.options, &service.catalogue.corpus, arrived)?;
    let events = service.assistant.answer(question).await?;
    let shown = shown(service.catalogue.clone());
    Ok(stream::answer(events, ticket, move |event| {
        Wire::of(event, &shown)
    }))
}

fn question(
    request: ChatRequest,
    options: &HttpOptions,
    corpus: &Corpus,
    arrived: Instant,
) -> Result<Question, ApiError> {
    check_messages(&request.messages, options)?;
    if let Some(asked) = request
        .max_tokens
        .filter(|asked| !(1..=options.max_tokens).contains(asked))
    {
        let message = format!(
            "max_tokens must be from 1 to {}, not {asked}.",
            options.max_tokens
        );
        return Err(ApiError::invalid(message).at("max_tokens"));
    }
    Ok(Question {
        turns: request.messages.into_iter().map(Turn::from).collect(),
        filters: checked_filters(request.filters.unwrap_or_default(), corpus)?,
        max_tokens: request.max_tokens,
        traced: request.debug == Some(true),
        arrived,
    })
}

fn check_messages(messages: &[Message], options: &HttpOptions) -> Result<(), ApiError> {
    let refuse = |message: String| Err(ApiError::invalid(message).at("messages"));
    match messages.last() {
        Some(Message {
            role: WireRole::User,
            content,
        }) if !content.trim().is_empty() => {}
        _ => return refuse("The last message must be the user's question, and not empty.".to_string()),
    }
    if messages.len() > options.max_messages {
        return refuse(format!(
            "A conversation may have {} messages, this one has {}; leave the oldest out.",
            options.max_messages,
            messages.len()
        ));
    }
    let lengths = messages.iter().map(|message| message.content.chars().count());
    match (1..)
        .zip(lengths)
        .find(|(_, length)| *length > options.max_message_chars)
    {
        Some((place, length)) => refuse(format!(
            "Message {place} has {length} characters; {} are allowed.",
            options.max_message_chars
        )),
        None => Ok(()),
    }
}

/// The filters, where they name what exists: one that matches nothing is a slip, not a question without evidence.
pub(super) fn checked_filters(filters: WireFilters, corpus: &Corpus) -> Result<Filters, ApiError> {
    let product_ids = filters.product_ids.unwrap_or_default();
    if let Some(unknown) = product_ids
        .iter()
        .find(|id| !corpus.products.iter().any(|product| product.key == **id))
    {
        let message = format!("There is no product {unknown:?}; GET /api/products lists them.");
        return Err(ApiError::invalid(message).at("filters.product_ids"));
    }
    if let Some(stars) = filters.min_rating.filter(|stars| !RATINGS.contains(stars)) {
        let message = format!("min_rating must be from 1 to 5 stars, not {stars}.");
        return Err(ApiError::invalid(message).at("filters.min_rating"));
    }
    Ok(Filters {
        product_ids,
        category: filters.category,
        min_rating: filters.min_rating,
        max_price: filters.max_price,
    })
}

impl From<Message> for Turn {
    fn from(message: Message) -> Turn {
        let role = match message.role {
            WireRole::User => Speaker::User,
            WireRole::Assistant => Speaker::Assistant,
        };
        Turn {
            role,
            content: message.content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{catalogue::tests::corpus, testing::options};
    use super::*;
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
    fn what_is_out_of_range_is_refused_by_name() {
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
            let refused = check(request.clone())
                .expect_err(&request.to_string())
                .into_body();
            let body = serde_json::to_value(&refused).expect("an error serialises");
            assert_eq!(body["error"]["param"], param, "{body}");
            assert_eq!(body["error"]["type"], "invalid_request_error", "{body}");
        }
        let longest = "é".repeat(limits.max_message_chars);
        let largest =
            json!({"messages": vec![user(&longest); limits.max_messages], "max_tokens": limits.max_tokens});
        assert!(check(largest).is_ok());
    }
}
