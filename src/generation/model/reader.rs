//! One sequence that a model reads without the engine, for measurements of a decoder.
//!
//! In: tokens. Out: rows of logits. It computes on the calling thread and the model's own threads; it fails only if the
//! model fails.

use super::{BLOCK, Chunk, Model, ModelError};

/// A model with one sequence in its storage.
pub struct Reader {
    model: Box<dyn Model>,
    blocks: Vec<u32>,
    /// Tokens read so far.
    position: usize,
    /// The rows of the last step, kept to reuse their memory.
    logits: Vec<f32>,
}

impl Reader {
    /// Reserves room for a sequence of `tokens` tokens, none of which is read yet.
    ///
    /// # Errors
    /// The device does not have enough memory.
    pub fn new(mut model: Box<dyn Model>, tokens: usize) -> Result<Self, ModelError> {
        let blocks = u32::try_from(tokens.div_ceil(BLOCK)).unwrap_or(u32::MAX);
        model.reserve(blocks as usize)?;
        Ok(Self {
            model,
            blocks: (0..blocks).collect(),
            position: 0,
            logits: vec![],
        })
    }

    /// Length of one row of logits.
    pub fn vocabulary(&self) -> usize {
        self.model.shape().vocabulary
    }

    /// Goes back to the state after `position` tokens: later tokens are forgotten, the ones before are kept.
    ///
    /// # Panics
    /// If fewer than `position` tokens have been read.
    pub fn go_back(&mut self, position: usize) {
        assert!(
            position <= self.position,
            "only tokens that were read can be kept"
        );
        self.position = position;
    }

    /// Reads `tokens` as one batch. Returns the logits after each of the last `rows` tokens: `[rows, vocabulary]`.
    ///
    /// # Errors
    /// The forward pass failed.
    ///
    /// # Panics
    /// If there is no room for the tokens, or if there are fewer tokens than `rows`.
    pub fn read(&mut self, tokens: &[u32], rows: usize) -> Result<&[f32], ModelError> {
        let end = self.position + tokens.len();
        assert!(
            end <= self.blocks.len() * BLOCK,
            "{end} tokens are more than there is room for"
        );
        assert!(rows <= tokens.len(), "each row of logits belongs to a token");
        let chunk = Chunk {
            blocks: &self.blocks,
            start: self.position,
            tokens,
            logits: rows,
        };
        self.model.forward(&[chunk], &mut self.logits)?;
        self.position = end;
        Ok(&self.logits)
    }

    /// Reads `tokens` in batches of `batch`, as the engine reads a prompt. Returns the logits after the last token.
    ///
    /// # Errors
    /// The forward pass failed.
    ///
    /// # Panics
    /// As [`Self::read`]; or if `batch` is 0.
    pub fn read_prompt(&mut self, tokens: &[u32], batch: usize) -> Result<&[f32], ModelError> {
        let pieces = tokens.len().div_ceil(batch);
        for (piece, number) in tokens.chunks(batch).zip(1..) {
            self.read(piece, usize::from(number == pieces))?;
        }
        Ok(&self.logits)
    }

    /// The model. The next [`Model::reserve`] forgets what it has read.
    pub fn into_model(self) -> Box<dyn Model> {
        self.model
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, Voice};
    use super::*;

    /// A reader of a model whose logits depend on all tokens before.
    fn reader() -> Reader {
        Reader::new(Box::new(Scripted::new(Voice::Noise)), 50).unwrap()
    }

    #[test]
    fn batches_do_not_change_the_logits() {
        let tokens: Vec<u32> = (0..50).map(|at| 97 + at * 5 % 23).collect();
        let whole = reader().read(&tokens, 50).unwrap().to_vec();
        let vocabulary = reader().vocabulary();
        assert_eq!(whole.len(), 50 * vocabulary);
        for batch in [1, 7, 16, 49, 50, 64] {
            let mut reader = reader();
            let last = reader.read_prompt(&tokens, batch).unwrap();
            assert_eq!(last, &whole[49 * vocabulary..], "in batches of {batch}");
        }
    }

    #[test]
    fn going_back_keeps_the_tokens_before() {
        let mut reader = reader();
        reader.read(&[97, 98, 99], 0).unwrap();
        let first = reader.read(&[100], 1).unwrap().to_vec();
        reader.go_back(3);
        assert_ne!(reader.read(&[101], 1).unwrap(), first);
        reader.go_back(3);
        assert_eq!(reader.read(&[100], 1).unwrap(), first);
    }

    #[test]
    #[should_panic(expected = "more than there is room for")]
    fn more_tokens_than_there_is_room_for_are_refused() {
        let mut reader = reader();
        let tokens = [97; 65];
        let _ = reader.read(&tokens, 0);
    }
}
