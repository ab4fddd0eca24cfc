//! What a decoder computes, as a GGUF file's metadata and tensor names describe it.
//!
//! In: a checked [`Gguf`]. Out: an [`Architecture`], plain figures and switches from which every decoder of ours is
//! built, whatever it runs on; or an error that names what is not supported, and what is. Nothing is read but the
//! header and the few numbers of `rope_freqs.weight`.
//!
//! All families are one decoder. For each layer, with `norm` the RMSNorm `x · weight / sqrt(mean(x²) + ε)` (GGUF holds
//! the weight as it is multiplied, also where a model's own files hold `weight - 1`):
//!
//! ```text
//! a = norm(x);  q, k, v = a·Wq (+ bias), a·Wk (+ bias), a·Wv (+ bias);  (q, k = norm(q), norm(k), head by head)
//! q, k = rotate(q), rotate(k);  a = softmax(q·kᵀ · attention_scale)·v · Wo;  x = x + (norm) a
//! f = norm(x);  f = (act(f·Wgate) ⊙ f·Wup) · Wdown;  x = x + (norm) f
//! ```
//!
//! Before the first layer `x = embedding[token] · embedding_scale`, after the last `logits = norm(x) · Whead`. What
//! stands in brackets is what families differ in.

mod family;
mod metadata;
mod tensor_names;
mod read;
mod rope_metadata;
mod rotation;
mod tensor_shapes;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use family::{Family, Traits};
pub use rotation::Rotation;
pub use tensor_names::{EMBEDDING, HEAD, LAST_NORM, LayerTensor, layer};

use super::ModelError;
use crate::weights::gguf::Gguf;

/// A decoder's figures and switches.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Which family it is of.
    pub family: Family,
    /// Layers.
    pub layers: usize,
    /// Numbers that stand for a token between layers.
    pub width: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values; `heads / kv_heads` heads of queries share one.
    pub kv_heads: usize,
    /// Numbers of one head's query, key or value; even.
    pub head_dim: usize,
    /// Numbers between the two halves of a feed-forward network.
    pub feed_forward: usize,
    /// Tokens, and so rows of the embedding and length of the logits.
    pub vocabulary: usize,
    /// Tokens the model was trained to look back on.
    pub context_length: usize,
    /// The ε of every RMSNorm.
    pub norm_epsilon: f32,
    /// What products of queries and keys are multiplied by.
    pub attention_scale: f32,
    /// What embeddings are multiplied by.
    pub embedding_scale: f32,
    /// Whether queries, keys and values have biases.
    pub biases: bool,
    /// Whether the embedding's matrix is the output head's, too.
    pub tied_head: bool,
    /// The rotation of layers that look back on everything.
    pub rotation: Rotation,
    /// The layers that do not, where there are some.
    pub sliding: Option<Sliding>,
}

/// Layers that look back on the last tokens only (gemma3).
#[derive(Debug, Clone, PartialEq)]
pub struct Sliding {
    /// Tokens they look back on, the token itself included.
    pub window: usize,
    /// Which layers they are, `[layers]`.
    pub layers: Vec<bool>,
    /// Their rotation.
    pub rotation: Rotation,
}

impl Architecture {
    /// Reads what `gguf` says of its decoder, and checks that it has the tensors of that decoder, in the right shapes,
    /// and no others.
    pub fn read(gguf: &Gguf) -> Result<Self, ModelError> {
        let path = || gguf.path().display().to_string();
        let family = Family::named(gguf.architecture()).ok_or_else(|| ModelError::Architecture {
            path: path(),
            architecture: gguf.architecture().to_string(),
            supported: Family::list(),
        })?;
        read::read(gguf, family)
            .and_then(|architecture| tensor_shapes::check(gguf, &architecture).map(|()| architecture))
            .map_err(|problem| ModelError::Unsupported {
                path: path(),
                problem,
            })
    }

    /// What the family fixes.
    pub fn traits(&self) -> Traits {
        self.family.traits()
    }

    /// Numbers of all heads' queries of one token.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Numbers of all heads' keys of one token, and of its values.
    pub fn key_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// How many tokens a layer looks back on, the token itself included; `None` is all of them.
    pub fn window(&self, layer: usize) -> Option<usize> {
        let sliding = self.sliding.as_ref()?;
        sliding.layers[layer].then_some(sliding.window)
    }
}
