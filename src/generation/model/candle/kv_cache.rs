//! Keys and values of one layer, in blocks that the engine numbers.

use candle_core::{DType, Device, Result, Tensor};

use crate::generation::model::BLOCK;
use crate::generation::model::architecture::Architecture;

/// The storage of one layer. A slot holds one token: slot `block * BLOCK + offset`.
///
/// Heads are the first dimension, `[kv_heads, slots, head_dim]`, so that the numbers gathered for a sequence are in the
/// order that the matrix products need, without a second copy.
pub(super) struct KvCache {
    keys: Tensor,
    values: Tensor,
}

impl KvCache {
    /// Storage for `blocks` blocks, all zeros: on the CPU the system commits pages when they are first written.
    pub(super) fn new(architecture: &Architecture, blocks: usize, device: &Device) -> Result<Self> {
        let shape = (architecture.kv_heads, blocks * BLOCK, architecture.head_dim);
        Ok(Self {
            keys: Tensor::zeros(shape, DType::F32, device)?,
            values: Tensor::zeros(shape, DType::F32, device)?,
        })
    }

    /// Bytes of one token's keys and values in one layer.
    pub(super) fn bytes_per_token(architecture: &Architecture) -> usize {
        2 * architecture.key_width() * size_of::<f32>()
    }

    /// Stores keys and values, `[kv_heads, tokens, head_dim]`. `slots` has the slot of each number, and so the same
    /// shape: candle scatters number by number.
    pub(super) fn write(&self, keys: &Tensor, values: &Tensor, slots: &Tensor) -> Result<()> {
        self.keys.scatter_set(slots, keys, 1)?;
        self.values.scatter_set(slots, values, 1)
    }

    /// Keys and values of `slots`, `[n]`, each `[kv_heads, n, head_dim]`.
    pub(super) fn read(&self, slots: &Tensor) -> Result<(Tensor, Tensor)> {
        Ok((
            self.keys.index_select(slots, 1)?,
            self.values.index_select(slots, 1)?,
        ))
    }
}
