//! The tensors of a GGUF file: their places, and their values.
//!
//! In: a checked [`Gguf`]. Out: descriptions of tensors (names, types, shapes, places in the file), or the values of
//! small tensors. The decoders read the large ones themselves.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};

use super::WeightsError;
use super::gguf::{Gguf, damaged};
use super::tensor_types::size;

/// The type, the shape and the place of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorView<'a> {
    /// The format of its numbers.
    pub kind: GgmlDType,
    /// Its dimensions, the slowest first: a matrix is `[rows, columns]`, and a row is contiguous.
    pub shape: &'a [usize],
    /// The range of its bytes in the file. [`Gguf::read`] has checked that it is inside the file.
    pub bytes: Range<u64>,
}

impl Gguf {
    /// The names of all tensors, sorted.
    pub fn tensor_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.content.tensor_infos.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The tensor with this name.
    pub fn tensor(&self, name: &str) -> Option<TensorView<'_>> {
        let tensor = self.content.tensor_infos.get(name)?;
        let start = self.content.tensor_data_offset + tensor.offset;
        Some(TensorView {
            kind: tensor.ggml_dtype,
            shape: tensor.shape.dims(),
            bytes: start..start + u64::try_from(size(tensor)?).ok()?,
        })
    }

    /// Reads a tensor onto `device`, in the format of the file.
    ///
    /// # Errors
    /// [`WeightsError::Gguf`] if there is no such tensor, it is empty, or it cannot be read.
    pub fn read_tensor(&self, name: &str, device: &Device) -> Result<QTensor, WeightsError> {
        let tensor = self
            .tensor(name)
            .ok_or_else(|| damaged(self.path(), format!("it has no tensor {name}")))?;
        let length = usize::try_from(tensor.bytes.end - tensor.bytes.start)
            .map_err(|error| damaged(self.path(), error))?;
        if length == 0 {
            return Err(damaged(self.path(), format!("its tensor {name} is empty")));
        }
        let mut bytes = vec![0; length];
        let mut file = self.open()?;
        file.seek(SeekFrom::Start(tensor.bytes.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| damaged(self.path(), error))?;
        candle_core::quantized::ggml_file::qtensor_from_ggml(
            tensor.kind,
            &bytes,
            tensor.shape.to_vec(),
            device,
        )
        .map_err(|error| damaged(self.path(), error))
    }

    /// Reads the values of a tensor, such as a norm or a bias.
    ///
    /// # Errors
    /// As [`Gguf::read_tensor`], or if a value is infinite or NaN.
    pub fn read_floats(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let numbers: Vec<f32> = self
            .read_tensor(name, &Device::Cpu)?
            .dequantize(&Device::Cpu)
            .and_then(|tensor| tensor.flatten_all()?.to_vec1())
            .map_err(|error| damaged(self.path(), error))?;
        // The kernels' minima and maxima would hide a NaN.
        if !numbers.iter().all(|number| number.is_finite()) {
            let problem = format!("its tensor {name} has numbers that are not finite");
            return Err(damaged(self.path(), problem));
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;
    use crate::weights::testing::{assert_error, gguf, metadata};

    #[test]
    fn a_tensor_is_read_from_the_place_that_its_view_names() {
        let numbers: Vec<f32> = (0..64).map(|at| at as f32).collect();
        let tensor = Tensor::from_vec(numbers.clone(), (2, 32), &Device::Cpu).unwrap();
        let zeros = QTensor::quantize(&tensor.zeros_like().unwrap(), GgmlDType::Q8_0).unwrap();
        let tensor = QTensor::quantize(&tensor, GgmlDType::F32).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes = gguf(&metadata(), &[("b", &zeros), ("a", &tensor)]);
        std::fs::write(file.path(), &bytes).unwrap();
        let gguf = Gguf::read(file.path()).unwrap();

        assert_eq!(gguf.tensor_names(), ["a", "b"]);
        let view = gguf.tensor("a").unwrap();
        assert_eq!((view.kind, view.shape), (GgmlDType::F32, &[2, 32][..]));
        let stored: Vec<f32> = bytes[view.bytes.start as usize..view.bytes.end as usize]
            .chunks(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert_eq!(stored, numbers);
        assert_eq!(gguf.read_floats("a").unwrap(), numbers);
        assert_eq!(
            gguf.read_tensor("b", &Device::Cpu).unwrap().dtype(),
            GgmlDType::Q8_0
        );
        assert_eq!(gguf.tensor("c"), None);
        assert_error(gguf.read_floats("c"), &["no tensor c"]);
    }
}
