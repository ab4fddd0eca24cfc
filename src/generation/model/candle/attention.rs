//! Attention of a batch over the stored keys and values.

use candle_core::{Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::rotary_emb::{rope, rope_i};

use super::candle_batch::{Batch, Group};
use super::kv_cache::KvCache;
use super::view::View;
use crate::generation::model::architecture::Architecture;
use crate::kernels::rotary::Pairs;

/// The sizes that attention needs.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    scale: f64,
    pairs: Pairs,
}

impl Heads {
    /// The sizes of `architecture`.
    pub(super) fn new(architecture: &Architecture) -> Self {
        Self {
            heads: architecture.heads,
            kv_heads: architecture.kv_heads,
            head_dim: architecture.head_dim,
            scale: f64::from(architecture.attention_scale),
            pairs: architecture.traits().pairs,
        }
    }

    /// `[rows, n * head_dim]` → `[n, rows, head_dim]`.
    pub(super) fn split(&self, rows: &Tensor) -> Result<Tensor> {
        let (count, width) = rows.dims2()?;
        rows.reshape((count, width / self.head_dim, self.head_dim))?
            .transpose(0, 1)?
            .contiguous()
    }

    /// Rotates queries or keys, `[n, rows, head_dim]`, by the positions of their rows.
    pub(super) fn rotate(&self, heads: &Tensor, view: &View) -> Result<Tensor> {
        let rotate = match self.pairs {
            Pairs::Neighbours => rope_i,
            Pairs::Halves => rope,
        };
        rotate(&heads.unsqueeze(0)?, &view.cosines, &view.sines)?.squeeze(0)
    }

    /// Queries `[heads, rows, head_dim]` → the output of attention, `[rows, heads * head_dim]`.
    pub(super) fn attend(
        &self,
        queries: &Tensor,
        cache: &KvCache,
        batch: &Batch,
        view: &View,
    ) -> Result<Tensor> {
        let groups: Vec<Tensor> = batch
            .groups
            .iter()
            .zip(&view.masks)
            .map(|(group, mask)| self.attend_group(queries, cache, group, mask.as_ref()))
            .collect::<Result<_>>()?;
        match groups.as_slice() {
            [one] => Ok(one.clone()),
            several => Tensor::cat(several, 0),
        }
    }

    fn attend_group(
        &self,
        queries: &Tensor,
        cache: &KvCache,
        group: &Group,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let Group {
            row,
            chunks,
            tokens,
            span,
            ref slots,
        } = *group;
        let shared = self.heads / self.kv_heads;
        // The queries that share a head of keys become rows of one product, so that no keys are copied.
        let apart = (self.kv_heads, chunks, shared, tokens, self.head_dim);
        let queries = queries
            .narrow(1, row, chunks * tokens)?
            .reshape((self.kv_heads, shared, chunks, tokens, self.head_dim))?
            .transpose(1, 2)?
            .reshape((self.kv_heads, chunks, shared * tokens, self.head_dim))?;
        let (keys, values) = cache.read(slots)?;
        let keys = keys.reshape((self.kv_heads, chunks, span, self.head_dim))?;
        let values = values.reshape((self.kv_heads, chunks, span, self.head_dim))?;

        let mut scores = (queries.matmul(&keys.t()?)? * self.scale)?;
        if let Some(mask) = mask {
            scores = scores
                .reshape((self.kv_heads, chunks, shared, tokens, span))?
                .broadcast_add(mask)?
                .reshape((self.kv_heads, chunks, shared * tokens, span))?;
        }
        softmax_last_dim(&scores)?
            .matmul(&values)?
            .reshape(apart)?
            .permute((1, 3, 0, 2, 4))?
            .reshape((chunks * tokens, self.heads * self.head_dim))
    }
}
