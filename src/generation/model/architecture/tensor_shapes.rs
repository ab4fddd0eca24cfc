//! Checks that a file has the tensors that its decoder needs, in the right shapes, and no others.
//!
//! An unknown tensor changes the model's computation (experts, adapters, scales), so it is an error: if it were
//! ignored, the model would generate nonsense.

use std::collections::HashMap;

use super::Architecture;
use super::tensor_names::{EMBEDDING, HEAD, LAST_NORM, LayerTensor, ROTARY_FACTORS, layer};
use crate::weights::gguf::Gguf;

pub(super) fn check(gguf: &Gguf, architecture: &Architecture) -> Result<(), String> {
    let expected: HashMap<String, Vec<usize>> = expected(architecture).into_iter().collect();
    let is_known = |name: &str| {
        expected.contains_key(name) || (name == ROTARY_FACTORS && architecture.traits().rotary_factors)
    };
    for name in gguf.tensor_names() {
        if !is_known(name) {
            return Err(format!(
                "it has the tensor {name}, which the decoder of the architecture `{}` does not use; mixtures of \
                 experts, adapters, extra scales and fused tensors are not supported",
                architecture.family
            ));
        }
    }
    let tokens = gguf
        .texts("tokenizer.ggml.tokens")
        .map_or(0, |tokens| tokens.len());
    if tokens > architecture.vocabulary {
        return Err(format!(
            "its tokenizer has {tokens} tokens, and its {EMBEDDING} has rows for {} of them",
            architecture.vocabulary
        ));
    }
    let mut names: Vec<_> = expected.keys().collect();
    names.sort_unstable();
    for name in names {
        let shape = &expected[name];
        match gguf.tensor(name) {
            None => return Err(format!("it has no tensor {name}")),
            Some(tensor) if tensor.shape != shape => {
                return Err(format!(
                    "its tensor {name} has the shape {:?}, and {shape:?} follows from its metadata",
                    tensor.shape
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Names and shapes of all tensors.
fn expected(architecture: &Architecture) -> Vec<(String, Vec<usize>)> {
    let Architecture {
        width, vocabulary, ..
    } = *architecture;
    let mut tensors = vec![
        (EMBEDDING.to_string(), vec![vocabulary, width]),
        (LAST_NORM.to_string(), vec![width]),
    ];
    if !architecture.tied_head {
        tensors.push((HEAD.to_string(), vec![vocabulary, width]));
    }
    for at in 0..architecture.layers {
        let named = |(tensor, shape)| (layer(at, tensor), shape);
        tensors.extend(layer_tensors(architecture).into_iter().map(named));
    }
    tensors
}

/// Shapes of the tensors that each layer has.
fn layer_tensors(architecture: &Architecture) -> Vec<(LayerTensor, Vec<usize>)> {
    let Architecture {
        width,
        feed_forward,
        head_dim,
        ..
    } = *architecture;
    let (queries, keys) = (architecture.query_width(), architecture.key_width());
    let mut tensors = vec![
        (LayerTensor::AttentionNorm, vec![width]),
        (LayerTensor::Query, vec![queries, width]),
        (LayerTensor::Key, vec![keys, width]),
        (LayerTensor::Value, vec![keys, width]),
        (LayerTensor::AttentionOutput, vec![width, queries]),
        (LayerTensor::FeedForwardNorm, vec![width]),
        (LayerTensor::Gate, vec![feed_forward, width]),
        (LayerTensor::Up, vec![feed_forward, width]),
        (LayerTensor::Down, vec![width, feed_forward]),
    ];
    if architecture.biases {
        tensors.extend([
            (LayerTensor::QueryBias, vec![queries]),
            (LayerTensor::KeyBias, vec![keys]),
            (LayerTensor::ValueBias, vec![keys]),
        ]);
    }
    if architecture.traits().qk_norm {
        tensors.extend([
            (LayerTensor::QueryNorm, vec![head_dim]),
            (LayerTensor::KeyNorm, vec![head_dim]),
        ]);
    }
    if architecture.traits().post_norms {
        tensors.extend([
            (LayerTensor::AttentionPostNorm, vec![width]),
            (LayerTensor::FeedForwardPostNorm, vec![width]),
        ]);
    }
    tensors
}
