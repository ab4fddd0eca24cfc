//! `POST /tokenize` and `POST /detokenize`, as llama.cpp's server has them: the chat model's tokens of a text, and back.

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Shared, error::ApiError, extract::JsonBody};
use crate::completion::Encoding;

/// The request of `/tokenize`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"content": "Which kettle is quiet?", "with_pieces": true}))]
pub(in crate::http) struct TokenizeRequest {
    content: String,
    /// With the token that begins every text, where the model has one.
    add_special: Option<bool>,
    /// Whether `<|im_end|>` and the like become the tokens that they name. As in llama.cpp, they do unless it is false.
    parse_special: Option<bool>,
    /// With each token's text.
    with_pieces: Option<bool>,
}

/// The answer of `/tokenize`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Tokens {
    tokens: Vec<TextOrTokens>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum TextOrTokens {
    Id(u32),
    Piece { id: u32, piece: Piece },
}

/// A token's text, or its bytes where they are no text.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Bytes(Vec<u8>),
}

/// The request of `/detokenize`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"tokens": [9690, 6037]}))]
pub(in crate::http) struct DetokenizeRequest {
    tokens: Vec<u32>,
}

/// The answer of `/detokenize`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Text {
    content: String,
}

/// `POST /tokenize`.
pub(in crate::http) async fn tokenize(
    State(context): State<Shared>,
    JsonBody(request): JsonBody<TokenizeRequest>,
) -> Result<Json<Tokens>, ApiError> {
    let completer = context.service()?.completer.clone();
    let encoding = Encoding {
        begin: request.add_special == Some(true),
        special: request.parse_special != Some(false),
    };
    let with_pieces = request.with_pieces == Some(true);
    let work = move || {
        let ids = completer.encode(&request.content, encoding)?;
        let token = |id| match with_pieces {
            false => TextOrTokens::Id(id),
            true => TextOrTokens::Piece {
                id,
                piece: Piece::of(completer.piece(id).unwrap_or_default()),
            },
        };
        Ok::<_, ApiError>(ids.into_iter().map(token).collect())
    };
    let tokens = tokio::task::spawn_blocking(work).await;
    Ok(Json(Tokens {
        tokens: tokens.map_err(|_| ApiError::internal())??,
    }))
}

/// `POST /detokenize`.
pub(in crate::http) async fn detokenize(
    State(context): State<Shared>,
    JsonBody(request): JsonBody<DetokenizeRequest>,
) -> Result<Json<Text>, ApiError> {
    let completer = context.service()?.completer.clone();
    let content = tokio::task::spawn_blocking(move || completer.decode(&request.tokens)).await;
    let content = content.map_err(|_| ApiError::internal())?.ok_or_else(|| {
        ApiError::invalid("The chat model has no token of one of these numbers.").at("tokens")
    })?;
    Ok(Json(Text { content }))
}

impl Piece {
    fn of(bytes: Vec<u8>) -> Piece {
        String::from_utf8(bytes).map_or_else(|error| Piece::Bytes(error.into_bytes()), Piece::Text)
    }
}
