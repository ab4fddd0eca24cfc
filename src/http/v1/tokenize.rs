//! `POST /tokenize` and `POST /detokenize`, as in llama.cpp's server: from a text to the chat model's tokens, and back.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::super::SharedContext;
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use crate::completion::Encoding;

/// The request of `/tokenize`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"content": "Which kettle is quiet?", "with_pieces": true}))]
pub(in crate::http) struct TokenizeRequest {
    content: String,
    /// Whether to put the token that begins every text in front, if the model has one.
    add_special: Option<bool>,
    /// Whether special tokens in the text, such as `<|im_end|>`, become those tokens. As in llama.cpp, true by default.
    parse_special: Option<bool>,
    /// Whether to return each token's text, too.
    with_pieces: Option<bool>,
}

/// The response of `/tokenize`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Tokens {
    tokens: Vec<Token>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Token {
    Id(u32),
    Piece { id: u32, piece: Piece },
}

/// A token's text, or its bytes if they are not UTF-8.
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

/// The response of `/detokenize`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DetokenizedText {
    content: String,
}

/// `POST /tokenize`.
pub(in crate::http) async fn tokenize(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<TokenizeRequest>,
) -> Result<Json<Tokens>, ApiError> {
    let completer = context.service()?.completer.clone();
    let encoding = Encoding {
        begin: request.add_special == Some(true),
        special: request.parse_special != Some(false),
    };
    let with_pieces = request.with_pieces == Some(true);
    let tokens = spawn_blocking(move || {
        let ids = completer.encode(&request.content, encoding)?;
        let token = |id| match with_pieces {
            false => Token::Id(id),
            true => Token::Piece {
                id,
                piece: Piece::from(completer.piece(id).unwrap_or_default()),
            },
        };
        Ok::<_, ApiError>(ids.into_iter().map(token).collect())
    });
    Ok(Json(Tokens {
        tokens: tokens.await??,
    }))
}

/// `POST /detokenize`.
pub(in crate::http) async fn detokenize(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<DetokenizeRequest>,
) -> Result<Json<DetokenizedText>, ApiError> {
    let completer = context.service()?.completer.clone();
    let content = spawn_blocking(move || completer.decode(&request.tokens)).await?;
    let unknown = || ApiError::invalid("One of these numbers is not a token of the chat model.").at("tokens");
    Ok(Json(DetokenizedText {
        content: content.ok_or_else(unknown)?,
    }))
}

impl From<Vec<u8>> for Piece {
    fn from(bytes: Vec<u8>) -> Piece {
        String::from_utf8(bytes).map_or_else(|error| Piece::Bytes(error.into_bytes()), Piece::Text)
    }
}
