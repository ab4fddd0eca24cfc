//! `POST /v1/embeddings`: texts in, unit vectors out, as numbers or as their bytes in base64.

use axum::{Json, extract::State};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::super::{Shared, error::ApiError, extract::JsonBody};
use super::models;
use crate::embedding::{EmbeddingError, TokenCounter};

/// Texts of a request; OpenAI's limit.
const MAX_TEXTS: usize = 2048;

/// The request. A field that is not listed is a 400 that names it; `user` is ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"model": "all-MiniLM-L6-v2", "input": ["a quiet kettle", "a loud one"]}))]
pub(in crate::http) struct EmbeddingsRequest {
    model: String,
    input: Input,
    encoding_format: Option<Format>,
    dimensions: Option<usize>,
    #[serde(default, rename = "user")]
    #[schemars(with = "Option<serde_json::Value>")]
    _user: Option<IgnoredAny>,
}

/// One text or several. Tokens are recognised, to be refused with a hint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "input must be a text or a list of texts")]
enum Input {
    One(String),
    Many(Vec<String>),
    Tokens(#[schemars(with = "Vec<u32>")] Vec<IgnoredAny>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Float,
    /// Little-endian `f32`.
    Base64,
}

/// All vectors, in the order of their texts.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Embeddings {
    object: &'static str,
    data: Vec<EmbeddingItem>,
    model: String,
    usage: EmbeddingUsage,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EmbeddingItem {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
enum Vector {
    Numbers(Vec<f32>),
    Base64(String),
}

#[derive(Debug, Serialize, JsonSchema)]
struct EmbeddingUsage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// The handler.
pub(in crate::http) async fn embeddings(
    State(context): State<Shared>,
    JsonBody(request): JsonBody<EmbeddingsRequest>,
) -> Result<Json<Embeddings>, ApiError> {
    let (service, ticket) = context.admit()?;
    if request.model != service.catalogue.info.embedding_model {
        return Err(models::unknown(&request.model));
    }
    let texts = request.input.texts()?;
    let counter = service.counter.clone();
    let counted = tokio::task::spawn_blocking(move || (count(&counter, &texts), texts)).await;
    let (tokens, texts) = counted.map_err(|_| ApiError::internal())?;
    let tokens = tokens?;
    let embedded = tokio::select! {
        embedded = service.embedder.embed(texts) => embedded,
        () = ticket.cut() => return Err(ApiError::stopping()),
    };
    let vectors = embedded.map_err(failed)?;
    let dimension = vectors.first().map_or(0, Vec::len);
    if let Some(asked) = request.dimensions.filter(|asked| *asked != dimension) {
        let message =
            format!("Vectors of this model have {dimension} dimensions, not {asked}; leave dimensions out.");
        return Err(ApiError::invalid(message).at("dimensions"));
    }
    let format = request.encoding_format.unwrap_or_default();
    let vectors = vectors.into_iter().enumerate();
    Ok(Json(Embeddings {
        object: "list",
        data: vectors
            .map(|(index, vector)| EmbeddingItem {
                object: "embedding",
                index,
                embedding: Vector::new(vector, format),
            })
            .collect(),
        model: request.model,
        usage: EmbeddingUsage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        },
    }))
}

impl Input {
    fn texts(self) -> Result<Vec<String>, ApiError> {
        let refuse = |message: &str| Err(ApiError::invalid(message).at("input"));
        let texts = match self {
            Input::One(text) => vec![text],
            Input::Many(texts) => texts,
            Input::Tokens(ids) => {
                return refuse(&format!(
                    "This server takes texts, and these {} token ids are of another model; with langchain-openai, set \
                     check_embedding_ctx_length=False.",
                    ids.len()
                ));
            }
        };
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return refuse("There is nothing to embed: send at least one text, and none that is empty.");
        }
        if texts.len() > MAX_TEXTS {
            return refuse(&format!(
                "A request may have {MAX_TEXTS} texts; send the rest in another."
            ));
        }
        Ok(texts)
    }
}

impl Vector {
    fn new(numbers: Vec<f32>, format: Format) -> Vector {
        match format {
            Format::Float => Vector::Numbers(numbers),
            Format::Base64 => {
                let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
                Vector::Base64(BASE64_STANDARD.encode(bytes))
            }
        }
    }
}

/// Tokens of all texts; a text that the model would read only in part is refused.
fn count(counter: &TokenCounter, texts: &[String]) -> Result<usize, ApiError> {
    let mut total = 0;
    for (index, text) in texts.iter().enumerate() {
        let tokens = counter.count(text).map_err(failed)?;
        if tokens > counter.limit() {
            return Err(ApiError::context_length(
                format!(
                    "Text {index} has {tokens} tokens, and the model reads {}; cut it into shorter ones.",
                    counter.limit()
                ),
                "input",
            ));
        }
        total += tokens;
    }
    Ok(total)
}

fn failed(error: EmbeddingError) -> ApiError {
    match error {
        EmbeddingError::Overloaded => ApiError::busy_embedder(),
        error => {
            tracing::error!(%error, "Texts could not be embedded; the request was refused with an internal error.");
            ApiError::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_is_of_little_endian_floats() {
        let vector = Vector::new(vec![1.0, -2.0], Format::Base64);
        assert_eq!(vector, Vector::Base64("AACAPwAAAMA=".into()));
        assert_eq!(Vector::new(vec![1.0], Format::Float), Vector::Numbers(vec![1.0]));
    }

    #[test]
    fn tokens_and_nothing_are_refused_with_what_to_do() {
        let table = [
            (json!([1, 2]), "check_embedding_ctx_length=False"),
            (json!([[1], [2]]), "check_embedding_ctx_length=False"),
            (json!(""), "at least one text"),
            (json!(["a", ""]), "at least one text"),
            (json!(vec!["a"; MAX_TEXTS + 1]), "2048"),
        ];
        for (input, says) in table {
            let input: Input = serde_json::from_value(input).expect("it parses");
            let refused = input.texts().expect_err(says).into_body();
            let body = serde_json::to_value(&refused).expect("an error serialises");
            assert_eq!(body["error"]["param"], "input");
            assert!(
                body["error"]["message"]
                    .as_str()
                    .expect("a message")
                    .contains(says),
                "{body}"
            );
        }
    }
}
