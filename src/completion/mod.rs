//! The chat model by itself: a conversation in, what the model says next out, without reviews and without checks.
//!
//! [`Completer`] is a cloneable handle for the async side. What computes (rendering the template, encoding, compiling a
//! JSON schema) runs on tokio's blocking threads, and the tokens come from the engine's thread. What is wrong with an
//! order is [`CompletionError`], before the first event. Here are the model's tokens too, for clients that count them.

mod text_tokens;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::{Value, json};
use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use crate::assistant::{ChatMessage, PromptBuilder, PromptError, TemplateError};
use crate::generation::constraint::{Constraint, JsonSchema, SchemaError, TokenTrie, TokenTrieError};
use crate::generation::{Engine, GenerationEvent, Request, Sampling, SamplingError, SubmitError};

pub use text_tokens::Encoding;

/// The chat model by itself. Cheap to clone.
#[derive(Clone)]
pub struct Completer {
    engine: Engine,
    prompts: Arc<PromptBuilder>,
    tokens: Arc<Tokens>,
}

/// The model's tokens.
struct Tokens {
    tokenizer: Arc<Tokenizer>,
    /// The same, blind to special tokens.
    plain: Tokenizer,
    /// Put first by who asks for it.
    begin: Option<u32>,
    end: Vec<u32>,
    /// How many the model has.
    count: usize,
    /// Laid out for constraints, by the first request that has one.
    vocabulary: OnceLock<Result<TokenTrie, TokenTrieError>>,
}

/// What is asked of the model.
pub struct Order {
    /// The conversation, oldest first; not empty.
    pub messages: Vec<ChatMessage>,
    /// At most so many tokens are said; fewer when the context is full.
    pub max_tokens: usize,
    /// Texts that end what is said and are not part of it.
    pub stop: Vec<String>,
    /// How a token is chosen.
    pub sampling: Sampling,
    /// The form of what is said.
    pub form: Form,
    /// When it ends with what has been said until then.
    pub deadline: Option<Instant>,
}

/// The form that a text takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Any.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema(Value),
}

/// Why an order is not begun.
#[derive(Debug, thiserror::Error)]
pub enum CompletionError {
    /// The waiting room is full, or the conversation too long.
    #[error(transparent)]
    SubmitError(#[from] SubmitError),
    /// A setting is out of range.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// The model's template takes no such conversation.
    #[error("the chat model takes no such conversation: {0}")]
    Conversation(#[source] TemplateError),
    /// No text can be kept to the schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// This model cannot keep to a schema.
    #[error(transparent)]
    TokenTrie(TokenTrieError),
    /// The tokenizer failed, or a thread died; for the log.
    #[error("the chat model's prompt could not be made: {0}")]
    Internal(String),
}

impl Completer {
    /// The model behind `engine`. `begin` is the token that a text of its own begins with, `end` those that end one, and
    /// `count` is how many tokens the model has.
    pub fn new(
        engine: Engine,
        prompts: Arc<PromptBuilder>,
        tokenizer: Arc<Tokenizer>,
        begin: Option<u32>,
        end: Vec<u32>,
        count: usize,
    ) -> Self {
        let mut plain = (*tokenizer).clone();
        plain.set_encode_special_tokens(true);
        let tokens = Tokens {
            tokenizer,
            plain,
            begin,
            end,
            count,
            vocabulary: OnceLock::new(),
        };
        Self {
            engine,
            prompts,
            tokens: Arc::new(tokens),
        }
    }

    /// Begins. The events come until [`GenerationEvent::Finished`]; dropping the receiver ends the work.
    ///
    /// # Errors
    /// See [`CompletionError`].
    pub async fn complete(&self, order: Order) -> Result<mpsc::Receiver<GenerationEvent>, CompletionError> {
        order.sampling.check(self.tokens.count)?;
        let this = self.clone();
        let request = tokio::task::spawn_blocking(move || this.request(order)).await;
        let request = request.map_err(|panic| CompletionError::Internal(panic.to_string()))??;
        Ok(self.engine.generate(request)?)
    }

    fn request(&self, order: Order) -> Result<Request, CompletionError> {
        let prompt = self.prompts.conversation(&order.messages);
        let prompt = prompt.map_err(|error| match error {
            PromptError::Template(error) => CompletionError::Conversation(error),
            other => CompletionError::Internal(other.to_string()),
        })?;
        Ok(Request {
            prompt,
            max_tokens: order.max_tokens,
            stop: order.stop,
            sampling: order.sampling,
            constraint: self.tokens.constraint(order.form)?,
            deadline: order.deadline,
        })
    }
}

impl Tokens {
    fn constraint(&self, form: Form) -> Result<Option<Box<dyn Constraint>>, CompletionError> {
        let schema = match form {
            Form::Text => return Ok(None),
            Form::JsonObject => json!({"type": "object"}),
            Form::JsonSchema(schema) => schema,
        };
        let vocabulary = self
            .vocabulary
            .get_or_init(|| TokenTrie::new(&self.tokenizer, &self.end));
        let vocabulary = vocabulary
            .as_ref()
            .map_err(|error| CompletionError::TokenTrie(error.clone()))?;
        Ok(Some(Box::new(JsonSchema::new(&schema, vocabulary)?)))
    }
}
