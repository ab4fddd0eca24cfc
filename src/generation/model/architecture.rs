//! The computation of a decoder, as a GGUF file's metadata and tensor names describe it.
//!
//! In: a checked [`Gguf`]. Out: an [`Architecture`], the numbers and switches from which the decoders for CPU and GPU
//! are built; or an error that names what is not supported, and what is. Only the header and the few numbers of
//! `rope_freqs.weight` are read.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `family.rs` | What do all models of a family have in common? |
//! | `read.rs`, `metadata.rs` | Which sizes and settings does the metadata give? |
//! | `rope_metadata.rs`, `rotation.rs` | How are queries and keys rotated? |
//! | `tensor_names.rs`, `tensor_shapes.rs` | Which tensors must the file have? |
//!
//! All families are one decoder. For each layer, with `norm` the RMSNorm `x · weight / sqrt(mean(x²) + ε)` (GGUF has
//! the weight as it is multiplied, also if a model's original files have `weight - 1`):
//!
//! ```text
//! a = norm(x);  q, k, v = a·Wq (+ bias), a·Wk (+ bias), a·Wv (+ bias);  (q, k = norm(q), norm(k), head by head)
//! q, k = rotate(q), rotate(k);  a = softmax(q·kᵀ · attention_scale)·v · Wo;  x = x + (norm) a
//! f = norm(x);  f = (act(f·Wgate) ⊙ f·Wup) · Wdown;  x = x + (norm) f
//! ```
//!
//! Before the first layer `x = embedding[token] · embedding_scale`, after the last `logits = norm(x) · Whead`. The
//! parts in brackets are those that not all families have.

mod family;
mod metadata;
mod read;
mod rope_metadata;
mod rotation;
mod tensor_names;
mod tensor_shapes;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use family::{Family, Traits};
pub(crate) use rotation::Rotation;
pub(crate) use tensor_names::{EMBEDDING, HEAD, LAST_NORM, LayerTensor, layer};

use super::ModelError;
use crate::weights::gguf::Gguf;

/// The sizes and switches of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Architecture {
    /// The family, with its [`Traits`].
    pub family: Family,
    /// The number of layers.
    pub layers: usize,
    /// The length of a token's vector between layers.
    pub width: usize,
    /// The number of query heads.
    pub heads: usize,
    /// The number of heads of keys and values; `heads / kv_heads` query heads share one.
    pub kv_heads: usize,
    /// The length of one head's query, key or value; even.
    pub head_dim: usize,
    /// The length of a token's vector inside the feed-forward network.
    pub feed_forward: usize,
    /// The number of tokens: the rows of the embedding and the length of the logits.
    pub vocabulary: usize,
    /// The context length, in tokens, that the model was trained for.
    pub context_length: usize,
    /// The ε of every RMSNorm.
    pub norm_epsilon: f32,
    /// The factor of the products of queries and keys.
    pub attention_scale: f32,
    /// The factor of the embeddings.
    pub embedding_scale: f32,
    /// Whether queries, keys and values have biases.
    pub biases: bool,
    /// Whether the output head uses the embedding's matrix.
    pub tied_head: bool,
    /// The rotation of layers that see all tokens before.
    pub rotation: Rotation,
    /// The layers with a sliding window, if there are any.
    pub sliding: Option<Sliding>,
}

/// The layers that see only the last tokens (gemma3).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sliding {
    /// How many tokens they see, including the token itself.
    pub window: usize,
    /// Which layers have the window, `[layers]`.
    pub layers: Vec<bool>,
    /// Their rotation.
    pub rotation: Rotation,
}

impl Architecture {
    /// Reads the decoder's description in `gguf`, and checks that the file has the tensors of that decoder, in the
    /// right shapes, and no others.
    ///
    /// # Errors
    /// The family or a part of the decoder is not supported, or the file contradicts itself.
    pub(crate) fn read(gguf: &Gguf) -> Result<Self, ModelError> {
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
    pub(crate) fn traits(&self) -> Traits {
        self.family.traits()
    }

    /// The length of all heads' queries of one token.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// The length of all heads' keys of one token; the values have the same.
    pub(crate) fn key_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// How many tokens a layer sees, including the token itself; `None` is all of them.
    pub(crate) fn window(&self, layer: usize) -> Option<usize> {
        let sliding = self.sliding.as_ref()?;
        sliding.layers[layer].then_some(sliding.window)
    }
}
