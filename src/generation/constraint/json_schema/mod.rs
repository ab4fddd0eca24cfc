//! A text that is JSON and obeys a schema.
//!
//! In: a JSON schema (<https://json-schema.org>, draft 2020-12) and the model's [`TokenTrie`]. Out: a [`Constraint`].
//! It is compiled on a thread of its own while the caller waits, in about a millisecond, and runs on the engine's
//! thread, where a mask over 49,152 tokens takes 19 µs at the median and 153 µs at the 99th percentile (a product's
//! description). Compiling fails, with a reason, if a schema is not supported or would cost too much; running fails
//! only if a regular expression of the schema turns out to be too costly, or requires characters that the model has no
//! tokens for.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `schema_limits.rs` | Is the schema small enough to be compiled? |
//! | `error.rs` | Why is a schema refused? |
//!
//! What a client can rely on:
//!
//! - A text that ends with [`Reason::Stop`](crate::generation::Reason::Stop), and not at a stop text, is one JSON value
//!   that the schema allows. A text that ends with `length` is the beginning of one.
//! - Properties come in the order in which the schema lists them. Everything is on one line, with at most a blank after
//!   a colon or a comma: a small model that may indent its text writes hundreds of tokens of blanks.
//! - The text ends with the last bracket. Only a text that could continue, such as a number by itself, takes an end
//!   token.
//! - Keywords that check nothing (`title`, `default`, unknown ones) change nothing. A keyword that must be checked and
//!   cannot be is an error: `not`, `if`, `uniqueItems`, `contains`, `propertyNames`, references to other files,
//!   a `oneOf` whose options may overlap, and so on.
//! - A number may have more digits, and a larger exponent, than an `f64`, unless the schema limits it.
//!
//! `{"type": "object"}` is any object, which OpenAI's API calls the format `json_object`.

mod error;
mod schema_limits;
#[cfg(test)]
mod tests;

use llguidance::Matcher;
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::SimpleVob;
use serde_json::{Value, json};

pub(crate) use self::error::SchemaError;
use super::{Constraint, ConstraintError, Mask, TokenTrie};

/// Bytes of the compiler's stack. It follows references and nested schemas by recursion, with 10 kB a level. A schema
/// of [`schema_limits::MOST_BYTES`] can have 1,600 levels, which is too much for the stack of an ordinary thread.
const STACK: usize = 64 << 20;

/// The library's message if no token may come next.
const NOTHING_ALLOWED: &str = "NoExtensionBias";

/// The state of one text. It is boxed and given to a request; see [`super`].
pub(crate) struct JsonSchema {
    matcher: Matcher,
    /// The tokens that may come next, once they have been computed.
    allowed: Option<SimpleVob>,
}

impl JsonSchema {
    /// Compiles a schema. Takes about a millisecond, and at worst a few tenths of a second: not for an async thread.
    ///
    /// # Errors
    ///
    /// See [`SchemaError`].
    pub(crate) fn new(schema: &Value, vocabulary: &TokenTrie) -> Result<Self, SchemaError> {
        schema_limits::check(schema)?;
        let grammar = TopLevelGrammar::from_json_schema(on_one_line(schema));
        let compile = || vocabulary.factory().create_parser(grammar);
        let parser = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("schema".into())
                .stack_size(STACK);
            let thread = thread.spawn_scoped(scope, compile).map_err(SchemaError::Thread)?;
            let parser = thread.join().map_err(|_| SchemaError::TooComplex)?;
            parser.map_err(|error| SchemaError::from_compiler(&error.to_string()))
        })?;
        let mut constraint = Self {
            matcher: Matcher::new(Ok(parser)),
            allowed: None,
        };
        // For some schemas, only the first mask shows that no text satisfies them, or that they are too large.
        match constraint.allowed() {
            Ok(_) => Ok(constraint),
            Err(ConstraintError::Stuck(why)) if why == NOTHING_ALLOWED => Err(SchemaError::Unsatisfiable),
            Err(_) => Err(SchemaError::TooComplex),
        }
    }

    fn allowed(&mut self) -> Result<&SimpleVob, ConstraintError> {
        if self.allowed.is_none() {
            let allowed = self.matcher.compute_mask_or_eos();
            self.allowed = Some(allowed.map_err(|error| stuck(&error.to_string()))?);
        }
        Ok(self.allowed.get_or_insert_default())
    }
}

/// The schema with the compiler's own settings, under the key where the compiler expects them.
fn on_one_line(schema: &Value) -> Value {
    let mut schema = match schema {
        Value::Bool(true) => json!({}),
        other => other.clone(),
    };
    let settings = json!({"whitespace_flexible": false, "item_separator": ", ?", "key_separator": ": ?"});
    if let Value::Object(keywords) = &mut schema {
        keywords.insert("x-guidance".into(), settings);
    }
    schema
}

/// The error if there is no mask: the first line of the library's message, which holds nothing of the text.
fn stuck(message: &str) -> ConstraintError {
    ConstraintError::Stuck(message.lines().next().unwrap_or_default().to_string())
}

impl Constraint for JsonSchema {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        let vocabulary = mask.vocabulary();
        let copied = mask.copy(self.allowed()?.as_slice());
        copied.map_err(|token| ConstraintError::BeyondVocabulary { token, vocabulary })
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        let allowed = self.allowed()?;
        let is_allowed = (token as usize) < allowed.len() && allowed.is_allowed(token);
        if self.is_complete() || !is_allowed {
            return Err(ConstraintError::NotAllowed(token));
        }
        self.allowed = None;
        let consumed = self.matcher.consume_token(token);
        consumed.map_err(|error| stuck(&error.to_string()))
    }

    fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}
