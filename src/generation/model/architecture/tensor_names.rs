//! The names of a decoder's tensors in a GGUF file
//! (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#standardized-tensor-names>).

/// The embedding, `[vocabulary, width]`.
pub(crate) const EMBEDDING: &str = "token_embd.weight";
/// The norm after the last layer, `[width]`.
pub(crate) const LAST_NORM: &str = "output_norm.weight";
/// The output head, `[vocabulary, width]`; if it is missing, the embedding is used.
pub(crate) const HEAD: &str = "output.weight";
/// The divisor of each rotary frequency, `[head_dim / 2]` (Llama 3.1 and later).
pub(super) const ROTARY_FACTORS: &str = "rope_freqs.weight";

/// A tensor of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerTensor {
    /// The norm before attention, `[width]`.
    AttentionNorm,
    /// The projection to queries, `[heads · head_dim, width]`.
    Query,
    /// The bias of queries, `[heads · head_dim]`.
    QueryBias,
    /// The projection to keys, `[kv_heads · head_dim, width]`.
    Key,
    /// The bias of keys, `[kv_heads · head_dim]`.
    KeyBias,
    /// The projection to values, `[kv_heads · head_dim, width]`.
    Value,
    /// The bias of values, `[kv_heads · head_dim]`.
    ValueBias,
    /// The norm of each head's queries, `[head_dim]`.
    QueryNorm,
    /// The norm of each head's keys, `[head_dim]`.
    KeyNorm,
    /// The output projection of attention, `[width, heads · head_dim]`.
    AttentionOutput,
    /// The norm after attention, `[width]`.
    AttentionPostNorm,
    /// The norm before the feed-forward network, `[width]`.
    FeedForwardNorm,
    /// The gate of the feed-forward network, `[feed_forward, width]`.
    Gate,
    /// The up projection of the feed-forward network, which the gate multiplies, `[feed_forward, width]`.
    Up,
    /// The down projection of the feed-forward network, `[width, feed_forward]`.
    Down,
    /// The norm after the feed-forward network, `[width]`.
    FeedForwardPostNorm,
}

/// The name of a tensor of layer `layer`.
pub(crate) fn layer(layer: usize, tensor: LayerTensor) -> String {
    let name = match tensor {
        LayerTensor::AttentionNorm => "attn_norm.weight",
        LayerTensor::Query => "attn_q.weight",
        LayerTensor::QueryBias => "attn_q.bias",
        LayerTensor::Key => "attn_k.weight",
        LayerTensor::KeyBias => "attn_k.bias",
        LayerTensor::Value => "attn_v.weight",
        LayerTensor::ValueBias => "attn_v.bias",
        LayerTensor::QueryNorm => "attn_q_norm.weight",
        LayerTensor::KeyNorm => "attn_k_norm.weight",
        LayerTensor::AttentionOutput => "attn_output.weight",
        LayerTensor::AttentionPostNorm => "post_attention_norm.weight",
        LayerTensor::FeedForwardNorm => "ffn_norm.weight",
        LayerTensor::Gate => "ffn_gate.weight",
        LayerTensor::Up => "ffn_up.weight",
        LayerTensor::Down => "ffn_down.weight",
        LayerTensor::FeedForwardPostNorm => "post_ffw_norm.weight",
    };
    format!("blk.{layer}.{name}")
}
