//! `POST /v1/embeddings`: texts in, unit vectors out, as numbers or as their bytes in base64.

use axum::Json;
use axum::extract::State;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::super::SharedContext;
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use super::request::Ignored;
use crate::embedding::TokenCounter;

/// At most so many texts in a request: OpenAI's limit.
const MAX_TEXTS: usize = 2048;

/// The request. An unknown field is a 400 that names it; `user` is ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"model": "all-MiniLM-L6-v2", "input": ["a quiet kettle", "a loud one"]}))]
pub(in crate::http) struct EmbeddingsRequest {
    model: String,
    input: EmbeddingInput,
    encoding_format: Option<VectorFormat>,
    dimensions: Option<usize>,
    #[serde(rename = "user")]
    _user: Option<Ignored>,
}

/// One text or several. Token ids are recognised only to refuse them with a hint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "input must be a text or a list of texts")]
enum EmbeddingInput {
    One(String),
    Many(Vec<String>),
    Tokens(#[schemars(with = "Vec<u32>")] Vec<IgnoredAny>),
}

/// The format of the vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum VectorFormat {
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
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<EmbeddingsRequest>,
) -> Result<Json<Embeddings>, ApiError> {
    let (service, mut ticket) = context.admit()?;
    let info = &service.catalogue.info;
    if request.model != info.embedding_model {
        return Err(ApiError::unknown_model(&request.model));
    }
    let texts = request.input.texts()?;
    check_dimensions(request.dimensions, info.embedding_dimension)?;
    let counter = service.counter.clone();
    let counted = spawn_blocking(move || Ok::<_, ApiError>((count_tokens(&counter, &texts)?, texts)));
    let (tokens, texts) = counted.await??;
    let vectors = ticket.unless_cut(service.embedder.embed(texts)).await?;
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

impl EmbeddingInput {
    fn texts(self) -> Result<Vec<String>, ApiError> {
        let refuse = |message: &str| Err(ApiError::invalid(message).at("input"));
        let texts = match self {
            EmbeddingInput::One(text) => vec![text],
            EmbeddingInput::Many(texts) => texts,
            EmbeddingInput::Tokens(ids) => {
                return refuse(&format!(
                    "This server takes texts, but these are {} token ids of another model; with langchain-openai, set \
                     check_embedding_ctx_length=False.",
                    ids.len()
                ));
            }
        };
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return refuse("There is nothing to embed: send at least one text, and no empty text.");
        }
        if texts.len() > MAX_TEXTS {
            return refuse(&format!(
                "A request may have at most {MAX_TEXTS} texts; send the rest in another request."
            ));
        }
        Ok(texts)
    }
}

impl Vector {
    fn new(numbers: Vec<f32>, format: VectorFormat) -> Vector {
        match format {
            VectorFormat::Float => Vector::Numbers(numbers),
            VectorFormat::Base64 => {
                let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
                Vector::Base64(BASE64_STANDARD.encode(bytes))
            }
        }
    }
}

/// Refuses another number of dimensions than the model's vectors have.
fn check_dimensions(requested: Option<usize>, dimension: usize) -> Result<(), ApiError> {
    match requested {
        Some(requested) if requested != dimension => {
            let message = format!(
                "Vectors of this model have {dimension} dimensions, not {requested}; leave dimensions out."
            );
            Err(ApiError::invalid(message).at("dimensions"))
        }
        _ => Ok(()),
    }
}

/// The number of tokens of all texts. A text that is too long for the model is refused.
fn count_tokens(counter: &TokenCounter, texts: &[String]) -> Result<usize, ApiError> {
    let (mut total, limit) = (0, counter.limit());
    for (index, text) in texts.iter().enumerate() {
        let tokens = counter.count(text)?;
        if tokens > limit {
            let message = format!(
                "Text {index} has {tokens} tokens, and the model reads {limit}; split it into shorter texts."
            );
            return Err(ApiError::context_length(message, "input"));
        }
        total += tokens;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::error_fields;
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_encodes_little_endian_floats() {
        let vector = Vector::new(vec![1.0, -2.0], VectorFormat::Base64);
        assert_eq!(vector, Vector::Base64("AACAPwAAAMA=".into()));
        assert_eq!(
            Vector::new(vec![1.0], VectorFormat::Float),
            Vector::Numbers(vec![1.0])
        );
    }

    #[test]
    fn a_refused_input_is_told_what_to_send() {
        let table = [
            (json!([1, 2]), "check_embedding_ctx_length=False"),
            (json!([[1], [2]]), "check_embedding_ctx_length=False"),
            (json!(""), "at least one text"),
            (json!(["a", ""]), "at least one text"),
            (json!(vec!["a"; MAX_TEXTS + 1]), "2048"),
        ];
        for (input, hint) in table {
            let input: EmbeddingInput = serde_json::from_value(input).expect("it parses");
            let error = error_fields(&input.texts().expect_err(hint));
            assert_eq!(error["param"], "input");
            let message = error["message"].as_str().expect("a message");
            assert!(message.contains(hint), "{message}");
        }
    }

    #[test]
    fn only_the_models_own_dimension_is_accepted() {
        for requested in [None, Some(384)] {
            assert_eq!(check_dimensions(requested, 384), Ok(()));
        }
        let refused = check_dimensions(Some(10), 384).expect_err("another dimension");
        assert_eq!(error_fields(&refused)["param"], "dimensions");
    }
}
