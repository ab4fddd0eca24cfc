//! Why a schema is refused, in words for its author.
//!
//! The compiler's messages name its own settings, which a client cannot change; the common messages are replaced here.

/// The most characters of a message of the compiler: some quote the schema.
const LONGEST_MESSAGE: usize = 200;

/// Why no [`JsonSchema`](super::JsonSchema) can be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    /// It is too long, written without blanks.
    #[error("the JSON schema is longer than {most} bytes; shorten it")]
    TooLong {
        /// The most bytes that it may have.
        most: usize,
    },
    /// It has more of something than can be compiled quickly.
    #[error("the JSON schema has {count} {what}, and can have {most} at most; simplify it")]
    TooMany {
        /// What it has too many of.
        what: &'static str,
        /// How many it has.
        count: u64,
        /// How many it may have.
        most: u64,
    },
    /// Each part is allowed, but not all of them together.
    #[error("the JSON schema is too complex; simplify its patterns, alternatives or references")]
    TooComplex,
    /// No text satisfies it.
    #[error("no text satisfies the JSON schema; check its references to itself")]
    Unsatisfiable,
    /// It is not a schema, or requires something that cannot be checked while a text grows.
    #[error("the JSON schema is not supported: {0}; change that part, or leave it out")]
    Unsupported(String),
    /// The system refused to start a thread that compiles it.
    #[error("no thread could be started to compile the JSON schema: {0}; try again later")]
    Thread(#[source] std::io::Error),
}

impl SchemaError {
    /// Translates a message of the compiler.
    pub(super) fn from_compiler(message: &str) -> Self {
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
                "a $ref may only point into the schema itself, so it must begin with #/".into(),
            );
        }
        if first.starts_with("regex parse error") {
            let last = message.lines().rfind(|line| line.starts_with("error: "));
            let what = last.map_or("", |line| &line["error: ".len()..]);
            return Self::Unsupported(format!(
                "a pattern is not a supported regular expression ({what})"
            ));
        }
        let size = [
            "panic",
            "schema too large",
            "Schema intersection",
            "Unable to determine",
            "lexer",
            "initial lexer",
        ];
        if size.iter().any(|start| first.starts_with(start)) || first.contains("too big") {
            return Self::TooComplex;
        }
        Self::Unsupported(first.chars().take(LONGEST_MESSAGE).collect())
    }
}
