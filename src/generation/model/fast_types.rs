//! Tensors of types that candle multiplies slowly on a CPU, read as types that it multiplies fast.
//!
//! candle 0.11 has no SIMD dot product for Q4_1, Q5_0 and Q5_1 on x86: their products take two to three times as
//! long as those of Q8_0. Q8_0 holds what they hold: blocks of the same 32 weights, with an error of at most 1/254 of
//! a block's largest weight, far below that of four or five bits.

use std::collections::HashMap;
use std::io::{Cursor, Read, Seek};

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, TensorInfo};
use candle_core::quantized::{GgmlDType, QTensor};

use super::ModelError;

/// What is slow, on a CPU.
fn is_slow(dtype: GgmlDType) -> bool {
    matches!(dtype, GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1)
}

/// The same model with its slow tensors as Q8_0, and a reader for it. One tensor after the other, so that memory
/// holds the result and one tensor.
pub fn quickened<R: Read + Seek>(
    content: &Content,
    reader: &mut R,
) -> Result<(Content, Cursor<Vec<u8>>), ModelError> {
    let mut data = Vec::new();
    let mut tensor_infos = HashMap::new();
    for (name, info) in &content.tensor_infos {
        let tensor = content.tensor(reader, name, &Device::Cpu)?;
        let tensor = match is_slow(info.ggml_dtype) {
            true => QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)?,
            false => tensor,
        };
        let offset = data.len() as u64;
        data.extend_from_slice(&tensor.data()?);
        tensor_infos.insert(
            name.clone(),
            TensorInfo {
                ggml_dtype: tensor.dtype(),
                shape: info.shape.clone(),
                offset,
            },
        );
    }
    let metadata = content.metadata.clone();
    Ok((
        Content {
            magic: content.magic,
            metadata,
            tensor_infos,
            tensor_data_offset: 0,
        },
        Cursor::new(data),
    ))
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;
    use candle_core::quantized::gguf_file;

    use super::*;

    #[test]
    fn slow_tensors_change_their_type_and_hardly_their_values() {
        let weights: Vec<f32> = (0..64 * 32)
            .map(|at| ((at * 37 % 101) as f32 / 50.0 - 1.0).powi(3))
            .collect();
        let weights = Tensor::from_vec(weights, (32, 64), &Device::Cpu).expect("64 columns");
        let tensors = [GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q6K, GgmlDType::F32].map(|dtype| {
            let weights = if dtype == GgmlDType::Q6K {
                weights.reshape((8, 256))
            } else {
                Ok(weights.clone())
            };
            QTensor::quantize(&weights.expect("the same number of weights"), dtype).expect("whole blocks")
        });
        let names = ["q4_1", "q5_0", "q6_k", "f32"];
        let named: Vec<(&str, &QTensor)> = names.into_iter().zip(&tensors).collect();
        let mut file = Cursor::new(Vec::new());
        gguf_file::write(&mut file, &[], &named).expect("memory");
        file.set_position(0);
        let content = Content::read(&mut file).expect("what was just written");

        let (quick, mut reader) = quickened(&content, &mut file).expect("whole tensors");
        for (name, original) in named {
            let read = quick
                .tensor(&mut reader, name, &Device::Cpu)
                .expect("a tensor of that name");
            let expected = if is_slow(original.dtype()) {
                GgmlDType::Q8_0
            } else {
                original.dtype()
            };
            assert_eq!(read.dtype(), expected, "{name}");
            let values = |tensor: &QTensor| {
                let values = tensor
                    .dequantize(&Device::Cpu)
                    .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
                values.expect("numbers")
            };
            let far = values(original)
                .iter()
                .zip(values(&read))
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            // The largest weight is 1: half a step of 1/127, and the scale is rounded to f16.
            assert!(far <= 1.0 / 254.0 + 1.0 / 1024.0, "{name} is off by {far}");
        }
    }
}
