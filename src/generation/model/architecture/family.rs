//! The decoder families, and what each fixes without its metadata saying so.

/// A family of decoders, named in a GGUF file's `general.architecture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// SmolLM2, Llama 2 and 3, Mistral.
    Llama,
    /// Qwen 2 and 2.5.
    Qwen2,
    /// Qwen 3, dense.
    Qwen3,
    /// Gemma 3, text only.
    Gemma3,
}

/// The curve of a feed-forward network's gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x / (1 + exp(-x))`.
    Silu,
    /// GELU by its tanh formula: `x/2 · (1 + tanh(sqrt(2/π) · (x + 0.044715·x³)))`.
    GeluTanh,
}

/// Which two numbers of a head are rotated together. GGUF's `llama` files have their rows reordered for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// `2i` and `2i + 1`.
    Neighbours,
    /// `i` and `i + head_dim/2`.
    Halves,
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Family {
    const ALL: [Family; 4] = [Family::Llama, Family::Qwen2, Family::Qwen3, Family::Gemma3];

    /// The family that a GGUF file calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// What GGUF files call it; also the prefix of their metadata.
    pub fn name(self) -> &'static str {
        match self {
            Family::Llama => "llama",
            Family::Qwen2 => "qwen2",
            Family::Qwen3 => "qwen3",
            Family::Gemma3 => "gemma3",
        }
    }

    /// All families, for messages.
    pub fn list() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    pub(super) fn pairing(self) -> Pairing {
        match self {
            Family::Llama => Pairing::Neighbours,
            Family::Qwen2 | Family::Qwen3 | Family::Gemma3 => Pairing::Halves,
        }
    }

    pub(super) fn activation(self) -> Activation {
        match self {
            Family::Llama | Family::Qwen2 | Family::Qwen3 => Activation::Silu,
            Family::Gemma3 => Activation::GeluTanh,
        }
    }

    pub(super) fn has_qk_norm(self) -> bool {
        matches!(self, Family::Qwen3 | Family::Gemma3)
    }

    pub(super) fn has_post_norms(self) -> bool {
        self == Family::Gemma3
    }
}
