//! The memory that a model reads per generated token. Multiplied by tokens per second, this is the bandwidth in use; if
//! it is near the maximum of the memory, faster arithmetic does not help.
//!
//! In: a GGUF file's header and the shape of its model. Out: bytes. Pure; cannot fail.

use super::row::{BenchKind, Test};
use crate::generation::model::architecture::{EMBEDDING, HEAD};
use crate::generation::model::{BLOCK, Shape};
use crate::weights::gguf::Gguf;

/// The memory that a decoding step reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Traffic {
    /// Bytes of all weights, as in the file, without an embedding matrix that is not also the head: a step reads only a
    /// few of its rows.
    weights: f64,
    /// Bytes of the keys and values of one token.
    token: f64,
}

impl Traffic {
    /// The traffic of the model in `gguf`, whose keys and values have this shape.
    pub(super) fn new(gguf: &Gguf, shape: Shape) -> Self {
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

    /// Bytes read per token that `test` counts: the weights once per step, and the keys and values of every sequence,
    /// at its mean length. `None` if only prompts are read: there, arithmetic is the limit. With users, the traffic of
    /// their prompts is left out, so the result is a lower bound.
    pub(super) fn bytes_per_token(&self, test: Test) -> Option<f64> {
        let (users, generated) = (test.users as f64, test.generate as f64);
        let context = (test.depth + test.prompt) as f64 + generated / 2.0;
        let step = self.weights + users * context * self.token;
        match test.kind {
            BenchKind::Decode | BenchKind::Users => Some(step * generated / test.tokens() as f64),
            BenchKind::Prefill | BenchKind::FirstToken => None,
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
    fn a_step_reads_the_weights_once_and_the_context_of_every_user() {
        let decode = Test {
            depth: 90,
            ..Test::new(BenchKind::Decode, 0, 20)
        };
        // The context grows from 90 to 110 tokens: 100 on average.
        assert_eq!(TRAFFIC.bytes_per_token(decode), Some(2000.0));
        let users = Test {
            users: 4,
            ..Test::new(BenchKind::Users, 90, 20)
        };
        // Each of 20 steps reads 1000 + 4 * 100 * 10 bytes; 4 * 110 tokens are counted.
        assert_eq!(TRAFFIC.bytes_per_token(users), Some(5000.0 * 20.0 / 440.0));
        for kind in [BenchKind::FirstToken, BenchKind::Prefill] {
            assert_eq!(TRAFFIC.bytes_per_token(Test::new(kind, 9, 0)), None);
        }
    }

    #[test]
    fn an_embedding_that_is_also_the_head_is_read_completely() {
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
        // The untied file has one more matrix, but only the head of the two is read.
        assert_eq!(weights(false), weights(true));
    }
}
