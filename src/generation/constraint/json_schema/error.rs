//! Why a schema cannot be kept to, in words for whoever wrote it.
//!
//! The compiler's messages name its own settings, which nobody outside can set; the common ones are said anew here.

/// Messages are cut here: some quote the schema.
const LONGEST_MESSAGE: usize = 200;

/// Why no [`JsonSchema`](super::JsonSchema) can be made.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It is too long, written without blanks.
    #[error("the JSON schema is longer than {most} bytes; shorten it")]
    TooLong {
        /// The most bytes that it may have.
        most: usize,
    },
    /// It has more of something than can be compiled in good time.
    #[error("the JSON schema has {count} {what}, and can have {most} at most; simplify it")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much it has.
        count: u64,
        /// How much it may have.
        most: u64,
    },
    /// Each part is allowed, but not all of them together.
    #[error(
        "the JSON schema is too complex to be kept to; simplify its patterns, alternatives or references"
    )]
    TooComplex,
    /// The model could say nothing.
    #[error("no text satisfies the JSON schema; check its references to itself")]
    Unsatisfiable,
    /// It is not a schema, or asks for what cannot be checked while a text grows.
    #[error("the JSON schema cannot be kept to: {0}; change that part, or leave it out")]
    Unsupported(String),
    /// The system gave no thread to compile it on.
    #[error("there was no thread to compile the JSON schema on: {0}; try again later")]
    Thread(#[source] std::io::Error),
}

impl SchemaError {
    /// What a message of the compiler means.
    pub(super) fn of_compiler(message: &str) -> Self {
        let first = message.lines().next().unwrap_or_default();
        if let Some(keywords) = first.strip_prefix("Unimplemented keys: ") {
            let keywords = keywords.trim_matches(['[', ']']).replace('"', "`");
            return Self::Unsupported(format!("it uses {keywords}, which is not supported"));
        }
        if first.starts_with("oneOf constraints are not supported") {
            return Self::Unsupported("the options of a oneOf may overlap, so use anyOf".into());
        }
        if first.starts_with("Only absolute $ref") {
            return Self::Unsupported(
                "a $ref may only point into the schema itself and begins with #/".into(),
            );
        }
        if first.starts_with("regex parse error") {
            let last = message.lines().rfind(|line| line.starts_with("error: "));
            let what = last.map_or("", |line| &line["error: ".len()..]);
            return Self::Unsupported(format!(
                "a pattern is no regular expression that can be used ({what})"
            ));
        }
        let size = [
            "panic",
            "schema too large",
            "Schema intersection",
            "Unable to determine",
            "lexer",
        ];
        let size = size.iter().any(|start| first.starts_with(start)) || first.contains("too big");
        if size || first.starts_with("initial lexer") {
            return Self::TooComplex;
        }
        Self::Unsupported(first.chars().take(LONGEST_MESSAGE).collect())
    }
}
