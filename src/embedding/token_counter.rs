//! How many tokens a text has for the embedding model, for those who pay by the token and for refusing what would be
//! cut off. On whichever thread asks, for as long as the text is; fails only where the tokenizer does.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::EmbeddingError;
use crate::weights::{EmbeddingModel, tokenizer};

/// Counts tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenCounter {
    tokenizer: Arc<Tokenizer>,
    limit: usize,
}

impl TokenCounter {
    /// Of a model on disk.
    ///
    /// # Errors
    /// [`EmbeddingError::Tokenizer`].
    pub fn load(model: &EmbeddingModel) -> Result<Self, EmbeddingError> {
        let path = model.dir.join("tokenizer.json");
        let tokenizer = tokenizer::from_file(&path, usize::MAX).map_err(Arc::new)?;
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            limit: model.max_tokens,
        })
    }

    /// Tokens of a text, those included that the model puts around it.
    ///
    /// # Errors
    /// [`EmbeddingError::Tokenize`].
    pub fn count(&self, text: &str) -> Result<usize, EmbeddingError> {
        let encoding = self.tokenizer.encode_fast(text, true);
        Ok(encoding.map_err(EmbeddingError::tokenize)?.len())
    }

    /// The most tokens of a text that the model reads.
    pub fn limit(&self) -> usize {
        self.limit
    }
}
