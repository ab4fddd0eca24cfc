//! The errors of evaluations.

use std::path::{Path, PathBuf};

use crate::embedding::EmbeddingError;

/// An error of the measured system, which the evaluation only passes on.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvaluationError {
    /// A file of the evaluation set cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system or of the decompression.
        source: std::io::Error,
    },
    /// A line is invalid.
    #[error("line {line} of {} is not {expected}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// A description of a valid line.
        expected: &'static str,
        /// The problem.
        problem: String,
    },
    /// The evaluation set has too little data.
    #[error("{} has too little data for a measurement: {wanted}", path.display())]
    Nothing {
        /// The file or folder.
        path: PathBuf,
        /// The required content.
        wanted: &'static str,
    },
    /// The measured system failed.
    #[error("the question “{question}” failed: {source}")]
    Asked {
        /// The question.
        question: String,
        /// The error of the measured system.
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
