//! Counts the tokens of a text for the embedding model: for usage figures, and to refuse texts that would be cut off.
//! Runs on the caller's thread; the time grows with the text. Fails only if the tokenizer fails.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::EmbeddingError;
use crate::weights::{EmbeddingModel, tokenizer};

/// Counts tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TokenCounter {
    tokenizer: Arc<Tokenizer>,
    limit: usize,
}

impl TokenCounter {
    /// Loads the tokenizer of a model on disk.
    ///
    /// # Errors
    /// [`EmbeddingError::Tokenizer`].
    pub(crate) fn load(model: &EmbeddingModel) -> Result<Self, EmbeddingError> {
        let path = model.dir.join("tokenizer.json");
        let tokenizer = tokenizer::from_file(&path, usize::MAX).map_err(Arc::new)?;
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            limit: model.max_tokens,
        })
    }

    /// The number of tokens of a text, including those that the model puts around it.
    ///
    /// # Errors
    /// [`EmbeddingError::Tokenize`].
    pub(crate) fn count(&self, text: &str) -> Result<usize, EmbeddingError> {
        let encoding = self.tokenizer.encode_fast(text, true);
        Ok(encoding.map_err(EmbeddingError::tokenize)?.len())
    }

    /// The most tokens of a text that the model can read.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }
}
