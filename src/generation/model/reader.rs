//! One sequence read through a bare model, without the engine: what measurements of a decoder stand on.
//!
//! In: tokens. Out: rows of logits. It computes on the calling thread and whatever threads the model brings; it fails
//! as the model does.

use super::{BLOCK, Chunk, Model, ModelError};

/// A model with one sequence in its storage.
pub struct Reader {
    model: Box<dyn Model>,
    blocks: Vec<u32>,
    /// Tokens read.
    position: usize,
    /// The rows of the last step, kept for their memory.
    logits: Vec<f32>,
}

impl Reader {
    /// Makes room for a sequence of `tokens` tokens, of which none is read yet.
    ///
    /// # Errors
    /// The device has not so much memory.
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

    /// Goes back to where `position` tokens were read: what follows is forgotten, what is before needs not be read
    /// again.
    ///
    /// # Panics
    /// If so many have not been read.
    pub fn go_back(&mut self, position: usize) {
        assert!(position <= self.position, "only what was read can be kept");
        self.position = position;
    }

    /// Reads `tokens` as one batch, and gives the logits after each of the last `rows` of them: `[rows, vocabulary]`.
    ///
    /// # Errors
    /// The forward pass failed.
    ///
    /// # Panics
    /// If there is no room for the tokens, or more rows are asked for than there are tokens.
    pub fn read(&mut self, tokens: &[u32], rows: usize) -> Result<&[f32], ModelError> {
        let end = self.position + tokens.len();
        assert!(
            end <= self.blocks.len() * BLOCK,
            "{end} tokens are more than there is room for"
        );
        assert!(rows <= tokens.len(), "a row of logits comes after a token");
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

    /// Reads `tokens` in batches of `batch`, as a prompt is read, and gives the logits after the last of them.
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

    /// The model; what it has read will be forgotten by whoever reserves storage next.
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
    fn batches_do_not_change_what_is_read() {
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
    fn going_back_keeps_what_is_before() {
        let mut reader = reader();
        reader.read(&[97, 98, 99], 0).unwrap();
        let first = reader.read(&[100], 1).unwrap().to_vec();
        let other = {
            reader.go_back(3);
            reader.read(&[101], 1).unwrap().to_vec()
        };
        assert_ne!(first, other);
        reader.go_back(3);
        assert_eq!(reader.read(&[100], 1).unwrap(), first);
    }

    #[test]
    #[should_panic(expected = "more than there is room for")]
    fn there_is_an_end_to_the_room() {
        let mut reader = reader();
        let tokens = [97; 65];
        let _ = reader.read(&tokens, 0);
    }
}
