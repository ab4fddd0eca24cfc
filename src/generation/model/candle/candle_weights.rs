//! The tensors of a GGUF file, in the form that candle multiplies.

use std::sync::Arc;

use candle_core::quantized::QMatMul;
use candle_core::{Device, Module, Result, Tensor};

use crate::generation::model::ModelError;
use crate::weights::gguf::Gguf;

/// A file, and the device that its tensors are loaded onto.
pub(super) struct TensorSource<'a> {
    /// The file.
    pub gguf: &'a Gguf,
    /// The device.
    pub device: &'a Device,
}

impl TensorSource<'_> {
    /// A matrix: on a GPU it stays quantised, on the CPU it is expanded to f32.
    pub(super) fn matrix(&self, name: &str) -> std::result::Result<QMatMul, ModelError> {
        let tensor = self.gguf.read_tensor(name, self.device)?;
        Ok(match self.device {
            Device::Cpu => QMatMul::Tensor(tensor.dequantize(self.device)?),
            _ => QMatMul::from_arc(Arc::new(tensor))?,
        })
    }

    /// A vector.
    pub(super) fn vector(&self, name: &str) -> std::result::Result<Tensor, ModelError> {
        Ok(Tensor::new(self.gguf.read_floats(name)?, self.device)?)
    }

    /// A norm's weight.
    pub(super) fn norm(&self, name: &str, epsilon: f32) -> std::result::Result<CandleNorm, ModelError> {
        Ok(CandleNorm {
            weight: self.vector(name)?,
            epsilon,
        })
    }
}

/// A matrix, and the bias that is added to a product with it.
pub(super) struct Linear {
    /// `[to, from]`.
    pub weight: QMatMul,
    /// `[to]`.
    pub bias: Option<Tensor>,
}

impl Linear {
    /// `[rows, from]` → `[rows, to]`.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let product = self.weight.forward(rows)?;
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }
}

/// RMSNorm.
pub(super) struct CandleNorm {
    weight: Tensor,
    epsilon: f32,
}

impl CandleNorm {
    /// Norms along the last dimension.
    pub(super) fn forward(&self, numbers: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(numbers, &self.weight, self.epsilon)
    }
}
