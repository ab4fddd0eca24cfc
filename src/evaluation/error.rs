//! Why a measurement could not be made.

use std::path::{Path, PathBuf};

use crate::embedding::EmbeddingError;

/// What goes wrong in something that is measured: the evaluation only passes it on.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The yardstick cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system, or the decompression, said.
        source: std::io::Error,
    },
    /// A line is not what it has to be.
    #[error("line {line} of {} is not {expected}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the line has to be.
        expected: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing to measure with.
    #[error("{} holds nothing to measure with: {wanted}", path.display())]
    Nothing {
        /// The file or folder.
        path: PathBuf,
        /// What it has to hold.
        wanted: &'static str,
    },
    /// What is measured failed.
    #[error("the question “{question}” brought an error: {source}")]
    Asked {
        /// What was asked.
        question: String,
        /// What went wrong.
        source: Failure,
    },
    /// The encoder failed.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
}

impl EvaluationError {
    pub(super) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.into(),
            source,
        }
    }

    pub(super) fn asked(question: &str) -> impl FnOnce(Failure) -> Self {
        let question = question.to_string();
        move |source| Self::Asked { question, source }
    }
}
