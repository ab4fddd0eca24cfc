//! The chat model by itself: a conversation in, the model's next message out, without reviews and without checks.
//!
//! [`Completer`] is a cloneable handle for the async side. The computation before a generation (rendering the template,
//! encoding, compiling a JSON schema) runs on tokio's blocking threads, and the tokens come from the engine's thread.
//! An order that cannot be carried out is a [`CompletionError`] before the first event. [`Completer`] also encodes and
//! decodes texts, for clients that count tokens; this blocks the calling thread.

mod text_tokens;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::{Value, json};
use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use crate::assistant::{ChatMessage, PromptBuilder, PromptError, TemplateError};
use crate::generation::constraint::{Constraint, JsonSchema, SchemaError, TokenTrie, TokenTrieError};
use crate::generation::{Engine, GenerationEvent, Request, Sampling, SamplingError, SubmitError};

pub(crate) use text_tokens::Encoding;

/// The chat model by itself. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Completer {
    engine: Engine,
    prompts: Arc<PromptBuilder>,
    tokens: Arc<Tokens>,
}

/// The model's tokens.
struct Tokens {
    tokenizer: Arc<Tokenizer>,
    /// The same, but the names of special tokens are ordinary text.
    plain: Tokenizer,
    /// The token that begins a text, if [`Encoding::begin`] requests it.
    begin: Option<u32>,
    end: Vec<u32>,
    /// The number of tokens of the model.
    count: usize,
    /// The tokens as constraints need them, built for the first request with a constraint.
    vocabulary: OnceLock<Result<TokenTrie, TokenTrieError>>,
}

/// A request to the model.
pub(crate) struct Order {
    /// The conversation, oldest first; not empty.
    pub messages: Vec<ChatMessage>,
    /// The most tokens of the answer; fewer if the context is full.
    pub max_tokens: usize,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
    /// How a token is chosen.
    pub sampling: Sampling,
    /// The form of the answer.
    pub form: Form,
    /// When the generation ends, if it has not ended before; the text until then is kept.
    pub deadline: Option<Instant>,
}

/// The form of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Any text.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that obeys this schema.
    JsonSchema(Value),
}

/// Why an order is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompletionError {
    /// The queue is full, or the conversation too long.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A setting is out of range.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// The model's template refuses the conversation.
    #[error("the chat model does not support this conversation: {0}")]
    Conversation(#[source] TemplateError),
    /// The schema is refused.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The model does not support constraints.
    #[error(transparent)]
    TokenTrie(TokenTrieError),
    /// The tokenizer failed, or a thread died; for the log.
    #[error("the chat model's prompt could not be built: {0}")]
    Internal(String),
}

impl Completer {
    /// A handle to the model of `engine`. `begin` is the token that begins a text, `end` are the tokens that end a
    /// turn, and `count` is the number of tokens of the model.
    pub(crate) fn new(
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

    /// Starts a generation. The events come until [`GenerationEvent::Finished`]; dropping the receiver ends it.
    ///
    /// # Errors
    /// See [`CompletionError`].
    pub(crate) async fn complete(
        &self,
        order: Order,
    ) -> Result<mpsc::Receiver<GenerationEvent>, CompletionError> {
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
