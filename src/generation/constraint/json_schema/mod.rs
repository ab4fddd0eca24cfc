//! A text that is JSON and keeps to a schema.
//!
//! In: a JSON schema (<https://json-schema.org>, draft 2020-12) and the model's [`TokenTrie`]. Out: a [`Constraint`].
//! It is compiled on whichever thread asks, in about a millisecond, and runs on the engine's thread, where a mask over
//! 49,152 tokens takes 19 µs in the middle and 153 µs at the 99th percentile (a product's description). Compiling fails,
//! saying why, on schemas that cannot be kept to or would cost too much; running fails only where a regular expression
//! of the schema turns out to be too costly, or asks for characters that the model has no tokens for.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `schema_limits.rs` | Is the schema small enough to be compiled? |
//! | `error.rs` | Why not? |
//!
//! What a client can rely on:
//!
//! - A text that ends with [`Reason::Stop`](crate::generation::Reason::Stop), and not at a stop text, is one JSON value
//!   that the schema allows. One that ends with `length` is the beginning of one.
//! - Properties come in the order in which the schema lists them. Everything stands on one line, with at most a blank
//!   after a colon or a comma: a small model that may lay its text out does nothing else for hundreds of tokens.
//! - The text ends with the last bracket. Only what could go on, such as a number by itself, takes an end token.
//! - Keywords that check nothing (`title`, `default`, unknown ones) change nothing. One that would have to be checked
//!   and cannot be is an error: `not`, `if`, `uniqueItems`, `contains`, `propertyNames`, references to other files,
//!   a `oneOf` whose options may overlap, and so on.
//! - A number may have more digits, and a larger exponent, than a computer's numbers have, unless the schema bounds it.
//!
//! `{"type": "object"}` is any object, which OpenAI's API calls the format `json_object`.

mod schema_limits;
mod error;
#[cfg(test)]
mod tests;

use llguidance::Matcher;
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::SimpleVob;
use serde_json::{Value, json};

pub use self::error::SchemaError;
use super::{Constraint, ConstraintError, Mask, TokenTrie};

/// The compiler follows references and nested schemas by recursion, 10 kB a level. [`schema_limits::MOST_BYTES`] of schema
/// have room for 1,600 levels, which none of the threads that ask have room for.
const STACK: usize = 64 << 20;

/// How the library says that no token may come next.
const NOTHING_ALLOWED: &str = "NoExtensionBias";

/// The state of one text. Boxed and given to a request; see [`super`].
pub struct JsonSchema {
    matcher: Matcher,
    /// What may come next, once it has been asked for.
    allowed: Option<SimpleVob>,
}

impl JsonSchema {
    /// Compiles a schema. Takes about a millisecond, and at worst some tenths of a second: not for an async thread.
    ///
    /// # Errors
    ///
    /// See [`SchemaError`].
    pub fn new(schema: &Value, vocabulary: &TokenTrie) -> Result<Self, SchemaError> {
        schema_limits::check(schema)?;
        let grammar = TopLevelGrammar::from_json_schema(on_one_line(schema));
        let compile = || vocabulary.factory().create_parser(grammar);
        let parser = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("schema".into())
                .stack_size(STACK);
            let thread = thread.spawn_scoped(scope, compile).map_err(SchemaError::Thread)?;
            let parser = thread.join().map_err(|_| SchemaError::TooComplex)?;
            parser.map_err(|error| SchemaError::of_compiler(&error.to_string()))
        })?;
        let mut constraint = Self {
            matcher: Matcher::new(Ok(parser)),
            allowed: None,
        };
        // What no text satisfies, and what is too large to begin with, is sometimes found only here.
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

/// The schema, with the compiler's own settings in the place where it looks for them.
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

/// Why there is no mask: the first line of the library's message, which holds nothing of the text.
fn stuck(message: &str) -> ConstraintError {
    ConstraintError::Stuck(message.lines().next().unwrap_or_default().to_string())
}

impl Constraint for JsonSchema {
    fn mask(&mut self, mask: &mut Mask) -> Result<(), ConstraintError> {
        let vocabulary = mask.vocabulary();
        let copied = mask.copy(self.allowed()?.as_slice());
        copied.map_err(|token| ConstraintError::TokenTrie { token, vocabulary })
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
