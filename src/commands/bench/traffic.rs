//! How much of its memory a model must read to say a token. Times tokens a second, that is the bandwidth in use; where it
//! is near what the memory can do, no faster arithmetic helps.
//!
//! In: a GGUF file's header and the shape of the model that runs it. Out: bytes. Pure; cannot fail.

use super::row::Test;
use crate::generation::model::architecture::{EMBEDDING, HEAD};
use crate::generation::model::{BLOCK, Shape};
use crate::weights::gguf::Gguf;

/// What a step of decoding reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Bytes of all weights, as the file holds them; of an embedding that is not also the head, a step reads next to
    /// nothing.
    weights: f64,
    /// Bytes of one token's keys and values.
    token: f64,
}

impl Traffic {
    /// That of the model of `gguf`, whose keys and values have this shape.
    pub fn new(gguf: &Gguf, shape: Shape) -> Self {
        let embedding = gguf.tensor(HEAD).map_or("", |_| EMBEDDING);
        let weights: u64 = gguf
            .tensor_names()
            .into_iter()
            .filter(|name| *name != embedding)
            .filter_map(|name| gguf.tensor(name))
            .map(|tensor| tensor.bytes.end - tensor.bytes.start)
            .sum();
        Self {
            weights: weights as f64,
            token: shape.block_bytes as f64 / BLOCK as f64,
        }
    }

    /// Bytes read for each token that `test` counts: the weights once a step, and the keys and values of each text that
    /// is gone on with, at its mean length. `None` where prompts are all that is read: there the arithmetic counts.
    /// With users, reading their prompts is left out, so it is less than what was really read.
    pub fn bytes_per_token(&self, test: Test) -> Option<f64> {
        let (users, said) = (test.users() as f64, test.generate() as f64);
        let context = (test.depth() + test.prompt()) as f64 + said / 2.0;
        let step = self.weights + users * context * self.token;
        match test {
            Test::Decode { .. } | Test::Users { .. } => Some(step * said / test.tokens() as f64),
            Test::Prefill { .. } | Test::FirstToken { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::model::architecture::Family;
    use crate::generation::model::architecture::testing::Tiny;
    use crate::weights::testing;

    const TRAFFIC: Traffic = Traffic {
        weights: 1000.0,
        token: 10.0,
    };

    #[test]
    fn a_step_reads_the_weights_once_and_every_context() {
        let decode = Test::Decode {
            generate: 20,
            depth: 90,
        };
        // 100 tokens of context on the way from 90 to 110.
        assert_eq!(TRAFFIC.bytes_per_token(decode), Some(2000.0));
        let users = Test::Users {
            users: 4,
            prompt: 90,
            generate: 20,
        };
        // Each of 20 steps reads 1000 + 4 * 100 * 10 bytes; 4 * 110 tokens are counted.
        assert_eq!(TRAFFIC.bytes_per_token(users), Some(5000.0 * 20.0 / 440.0));
        assert_eq!(TRAFFIC.bytes_per_token(Test::FirstToken { prompt: 9 }), None);
        let prefill = Test::Prefill { prompt: 9, depth: 0 };
        assert_eq!(TRAFFIC.bytes_per_token(prefill), None);
    }

    #[test]
    fn an_embedding_is_read_whole_where_it_is_the_head_too() {
        let shape = Shape {
            context_length: 1,
            vocabulary: 1,
            block_bytes: 32,
        };
        let tied = Gguf::read(&testing::chat_model()).unwrap();
        // All tensors of the default model, whose head is tied.
        let expected = Traffic {
            weights: 96_576_768.0,
            token: 2.0,
        };
        assert_eq!(Traffic::new(&tied, shape), expected);
        let weights = |tied_head| {
            let tiny = Tiny {
                tied_head,
                ..Tiny::new(Family::Llama)
            };
            Traffic::new(&tiny.gguf().1, shape).weights
        };
        // The untied file has a matrix more, but of the two only the head is read.
        assert_eq!(weights(false), weights(true));
    }
}
