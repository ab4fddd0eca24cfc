//! One layer of the decoder: attention, then the feed-forward network.

use candle_core::{Result, Tensor};

use super::attention::Heads;
use super::candle_batch::Batch;
use super::candle_weights::{CandleNorm, Linear, TensorSource};
use super::kv_cache::KvCache;
use crate::generation::model::ModelError;
use crate::generation::model::architecture::{Architecture, LayerTensor, layer};
use crate::kernels::elementwise::Curve;

/// The weights of a layer.
pub(super) struct CandleLayer {
    heads: Heads,
    slides: bool,
    activation: Curve,
    attention_norm: CandleNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    query_norm: Option<CandleNorm>,
    key_norm: Option<CandleNorm>,
    attention_output: Linear,
    attention_post_norm: Option<CandleNorm>,
    feed_forward_norm: CandleNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
    feed_forward_post_norm: Option<CandleNorm>,
}

impl CandleLayer {
    /// Reads layer `at`.
    pub(super) fn load(
        source: &TensorSource<'_>,
        architecture: &Architecture,
        at: usize,
    ) -> std::result::Result<Self, ModelError> {
        let traits = architecture.traits();
        let name = |tensor| layer(at, tensor);
        let norm = |tensor| source.norm(&name(tensor), architecture.norm_epsilon);
        let optional = |there: bool, tensor| there.then(|| norm(tensor)).transpose();
        let plain = |tensor| {
            let weight = source.matrix(&name(tensor))?;
            Ok::<_, ModelError>(Linear { weight, bias: None })
        };
        let biased = |tensor, bias| {
            let bias = architecture.biases.then(|| source.vector(&name(bias)));
            Ok::<_, ModelError>(Linear {
                bias: bias.transpose()?,
                ..plain(tensor)?
            })
        };
        Ok(Self {
            heads: Heads::new(architecture),
            slides: architecture.window(at).is_some(),
            activation: traits.activation,
            attention_norm: norm(LayerTensor::AttentionNorm)?,
            query: biased(LayerTensor::Query, LayerTensor::QueryBias)?,
            key: biased(LayerTensor::Key, LayerTensor::KeyBias)?,
            value: biased(LayerTensor::Value, LayerTensor::ValueBias)?,
            query_norm: optional(traits.qk_norm, LayerTensor::QueryNorm)?,
            key_norm: optional(traits.qk_norm, LayerTensor::KeyNorm)?,
            attention_output: plain(LayerTensor::AttentionOutput)?,
            attention_post_norm: optional(traits.post_norms, LayerTensor::AttentionPostNorm)?,
            feed_forward_norm: norm(LayerTensor::FeedForwardNorm)?,
            gate: plain(LayerTensor::Gate)?,
            up: plain(LayerTensor::Up)?,
            down: plain(LayerTensor::Down)?,
            feed_forward_post_norm: optional(traits.post_norms, LayerTensor::FeedForwardPostNorm)?,
        })
    }

    /// `[rows, width]` → `[rows, width]`; stores the rows' keys and values.
    pub(super) fn forward(&self, hidden: &Tensor, batch: &Batch, cache: &KvCache) -> Result<Tensor> {
        let attended = self.attention(&self.attention_norm.forward(hidden)?, batch, cache)?;
        let hidden = (hidden + normed(attended, self.attention_post_norm.as_ref())?)?;
        let fed = self.feed_forward(&self.feed_forward_norm.forward(&hidden)?)?;
        hidden + normed(fed, self.feed_forward_post_norm.as_ref())?
    }

    fn attention(&self, rows: &Tensor, batch: &Batch, cache: &KvCache) -> Result<Tensor> {
        let view = match &batch.window {
            Some(window) if self.slides => window,
            _ => &batch.everything,
        };
        let rotated = |linear: &Linear, norm: Option<&CandleNorm>| {
            let heads = normed(self.heads.split(&linear.forward(rows)?)?, norm)?;
            self.heads.rotate(&heads, view)
        };
        let queries = rotated(&self.query, self.query_norm.as_ref())?;
        let keys = rotated(&self.key, self.key_norm.as_ref())?;
        let values = self.heads.split(&self.value.forward(rows)?)?;
        cache.write(&keys, &values, &batch.written)?;
        self.attention_output
            .forward(&self.heads.attend(&queries, cache, batch, view)?)
    }

    fn feed_forward(&self, rows: &Tensor) -> Result<Tensor> {
        let gate = self.gate.forward(rows)?;
        let gate = match self.activation {
            Curve::Silu => gate.silu()?,
            Curve::GeluTanh => gate.gelu()?,
        };
        self.down.forward(&(gate * self.up.forward(rows)?)?)
    }
}

fn normed(numbers: Tensor, norm: Option<&CandleNorm>) -> Result<Tensor> {
    match norm {
        Some(norm) => norm.forward(&numbers),
        None => Ok(numbers),
    }
}
