//! The decoder families: one row of [`Traits`] for each, with the properties that the metadata does not contain.
//!
//! To add a family whose parts are all built in, add its name to [`Family`] and to `Family::ALL`, and its row to
//! [`Family::traits`].

use crate::kernels::elementwise::Curve;
use crate::kernels::rotary::Pairs;

/// A family of decoders, named in a GGUF file's `general.architecture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// SmolLM2, Llama 2 and 3, Mistral.
    Llama,
    /// Qwen 2 and 2.5.
    Qwen2,
    /// Qwen 3, dense.
    Qwen3,
    /// Gemma 3, text only.
    Gemma3,
}

/// What all models of a family have in common. Biases, and an output head with its own matrix, differ within a family:
/// the file's tensors decide about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    /// What GGUF files call it; also the prefix of their metadata.
    pub name: &'static str,
    /// The curve of the feed-forward network's gate.
    pub activation: Curve,
    /// Which two numbers of a head are rotated together. The rows of GGUF's `llama` files are reordered for neighbours.
    pub pairs: Pairs,
    /// Whether a file may have a tensor of factors for the rotary frequencies (Llama 3.1 and later).
    pub rotary_factors: bool,
    /// Whether queries and keys are normed, head by head, before they are rotated.
    pub qk_norm: bool,
    /// Whether the outputs of attention and of the feed-forward network are normed before they are added.
    pub post_norms: bool,
    /// Whether embeddings are multiplied by the square root of the width.
    pub scaled_embedding: bool,
    /// The number of layers of the one model whose attention is scaled by `width / heads` instead of `head_dim`.
    pub attention_scale_exception: Option<usize>,
    /// `Some(n)`: if the file has a window, all layers but each n-th slide, unless the file says otherwise.
    pub sliding_pattern: Option<usize>,
}

const LLAMA: Traits = Traits {
    name: "llama",
    activation: Curve::Silu,
    pairs: Pairs::Neighbours,
    rotary_factors: true,
    qk_norm: false,
    post_norms: false,
    scaled_embedding: false,
    attention_scale_exception: None,
    sliding_pattern: None,
};

const QWEN2: Traits = Traits {
    name: "qwen2",
    pairs: Pairs::Halves,
    rotary_factors: false,
    ..LLAMA
};

const QWEN3: Traits = Traits {
    name: "qwen3",
    qk_norm: true,
    ..QWEN2
};

const GEMMA3: Traits = Traits {
    name: "gemma3",
    activation: Curve::GeluTanh,
    pairs: Pairs::Halves,
    rotary_factors: false,
    qk_norm: true,
    post_norms: true,
    scaled_embedding: true,
    // Gemma 3 27B (`query_pre_attn_scalar` in <https://github.com/google/gemma_pytorch/blob/main/gemma/config.py>).
    attention_scale_exception: Some(62),
    sliding_pattern: Some(6),
};

/// Metadata that changes what a decoder computes and that no family here supports, without the family's prefix. A file
/// in which one of them is not 0 is refused.
pub(super) const REFUSED_METADATA: [&str; 5] = [
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "attention.scale",
    "logit_scale",
    "rope.scaling.yarn_log_multiplier",
];

impl Family {
    const ALL: [Family; 4] = [Family::Llama, Family::Qwen2, Family::Qwen3, Family::Gemma3];

    /// The family's row.
    pub(crate) const fn traits(self) -> Traits {
        match self {
            Family::Llama => LLAMA,
            Family::Qwen2 => QWEN2,
            Family::Qwen3 => QWEN3,
            Family::Gemma3 => GEMMA3,
        }
    }

    /// The family that a GGUF file calls `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.traits().name == name)
    }

    /// The names of all families, for messages.
    pub(crate) fn list() -> String {
        Self::ALL.map(|family| family.traits().name).join(", ")
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.traits().name)
    }
}
