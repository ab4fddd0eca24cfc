//! A BERT encoder in single precision, by candle: it runs on GPUs, and our kernels are tested against it.
//!
//! In: token ids of some texts. Out: for each text the mean of the last layer over its tokens, or the first row. A
//! batch is as wide as its longest text; a mask hides the padding.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, DTYPE};

use super::EmbeddingError;
use crate::weights::Pooling;

/// A loaded encoder.
pub(super) struct Reference {
    model: BertModel,
    device: Device,
}

impl Reference {
    /// Reads the weights that `config` describes from `path`.
    pub(super) fn load(config: &Config, path: &Path, device: &Device) -> Result<Self, EmbeddingError> {
        // The file is read and not mapped: the tensors are copies anyway, and its bytes are freed at the end of this
        // function.
        let bytes = std::fs::read(path).map_err(EmbeddingError::read(path))?;
        let model = VarBuilder::from_buffered_safetensors(bytes, DTYPE, device)
            .and_then(|variables| BertModel::load(variables, config))
            .map_err(|source| EmbeddingError::Weights {
                path: path.into(),
                source: Arc::new(source),
            })?;
        // On a GPU, candle has a queue per thread, and another thread will embed.
        device.synchronize()?;
        Ok(Self {
            model,
            device: device.clone(),
        })
    }

    /// One row per text: the mean of its rows in the last layer, or the first of them.
    pub(super) fn pooled(&self, texts: &[&[u32]], pooling: Pooling) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let width = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = (texts.len(), width);
        // The mask hides the padding, so its ids do not matter.
        let padded = |text: &&[u32], place| text.get(place).copied().unwrap_or(0);
        let ids: Vec<u32> = texts
            .iter()
            .flat_map(|text| (0..width).map(move |place| padded(text, place)))
            .collect();
        let real = texts
            .iter()
            .flat_map(|text| (0..width).map(|place| f32::from(u8::from(place < text.len()))));
        let mask = Tensor::from_vec(real.collect::<Vec<_>>(), shape, &self.device)?;
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let pooled = match pooling {
            Pooling::Mean => mean_over_mask(&hidden, &mask)?,
            Pooling::Cls => hidden.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?,
        };
        Ok(pooled.to_vec2::<f32>()?)
    }
}

/// The mean of a `[batch, width, dimension]` tensor over the places where the `[batch, width]` mask is 1.
fn mean_over_mask(hidden: &Tensor, mask: &Tensor) -> Result<Tensor, candle_core::Error> {
    let mask = mask.unsqueeze(2)?;
    hidden.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_is_the_mean_over_the_mask() {
        let hidden = [
            [[1f32, 2.0], [3.0, 4.0], [100.0, 100.0]],
            [[1.0, 1.0], [2.0, 2.0], [6.0, 0.0]],
        ];
        let hidden = Tensor::new(&hidden, &Device::Cpu).unwrap();
        let mask = Tensor::new(&[[1f32, 1.0, 0.0], [1.0, 1.0, 1.0]], &Device::Cpu).unwrap();
        let pooled = mean_over_mask(&hidden, &mask).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(pooled, [[2.0, 3.0], [3.0, 1.0]]);
    }
}
