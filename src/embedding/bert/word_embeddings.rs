//! The word embeddings, in 8-bit tiles: 9 bits a number instead of 32.

use crate::embedding::EmbeddingError;
use crate::embedding::safetensors_file::Tensors;
use crate::kernels::pool::Pool;
use crate::kernels::tiles::Matrix;

/// Rows that are read and packed at a time: a few megabytes.
const PART: usize = 2048;

/// A row for each word of the vocabulary.
pub(super) struct WordEmbeddings {
    /// `PART` rows each; the last may have fewer.
    parts: Vec<Matrix>,
}

impl WordEmbeddings {
    /// Reads the table `name` of `words` rows of `hidden` numbers.
    pub(super) fn load(
        tensors: &Tensors,
        pool: &Pool,
        name: &str,
        words: usize,
        hidden: usize,
    ) -> Result<Self, EmbeddingError> {
        let parts = tensors.parts(pool, name, words, hidden, PART)?;
        Ok(Self { parts })
    }

    /// Writes the row of a word.
    ///
    /// # Panics
    /// If there is no such word, or `out` is not as long as a row.
    pub(super) fn row(&self, word: u32, out: &mut [f32]) {
        let word = word as usize;
        self.parts[word / PART].row(word % PART, out);
    }
}
