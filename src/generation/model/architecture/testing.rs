//! Tiny decoders with random weights, written as GGUF files, for the tests of everything that runs a decoder.

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use tempfile::NamedTempFile;

use super::tensor_names::{EMBEDDING, HEAD, LAST_NORM, LayerTensor, ROTARY_FACTORS, layer};
use super::{Architecture, Family, Rotation};
use crate::generation::model::{Chunk, Model, ModelError};
use crate::kernels::testing::Random;
use crate::weights::gguf::Gguf;
use crate::weights::testing;

/// The types that tensors may have.
pub(crate) const KINDS: [GgmlDType; 11] = [
    GgmlDType::F32,
    GgmlDType::F16,
    GgmlDType::BF16,
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
];

/// Factors such as those of Llama 3.1, for the eight pairs of a tiny decoder's head.
pub(crate) const ROTARY_FACTORS_OF_LLAMA: [f32; 8] = [1.0, 1.0, 1.5, 2.0, 4.0, 8.0, 8.0, 8.0];

/// A decoder to be written to a file. All its sizes differ, so that a test notices when one is used for another.
#[derive(Clone)]
pub(crate) struct Tiny {
    pub family: Family,
    pub layers: usize,
    pub width: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    /// The tensor type of all matrices.
    pub kind: GgmlDType,
    pub biases: bool,
    pub tied_head: bool,
    /// The divisors of the rotary frequencies.
    pub rotary_factors: Option<Vec<f32>>,
    /// More metadata, which also replaces the usual entries; names without the family.
    pub metadata: Vec<(&'static str, Value)>,
    pub seed: u64,
}

impl Tiny {
    pub(crate) fn new(family: Family) -> Self {
        Self {
            family,
            layers: 2,
            width: 96,
            heads: 6,
            kv_heads: 2,
            head_dim: 16,
            feed_forward: 160,
            vocabulary: 50,
            kind: GgmlDType::F32,
            biases: family == Family::Qwen2,
            tied_head: true,
            rotary_factors: None,
            metadata: Vec::new(),
            seed: 1,
        }
    }

    /// A llama whose matrices are of the type `kind`. K-quants come in blocks of 256 columns.
    pub(crate) fn of_kind(kind: GgmlDType) -> Self {
        Self {
            width: 256,
            heads: 4,
            head_dim: 64,
            feed_forward: 256,
            kind,
            ..Self::new(Family::Llama)
        }
    }

    /// A gemma3 of four layers, three of which see only the last 5 tokens.
    pub(crate) fn sliding() -> Self {
        Self {
            layers: 4,
            metadata: vec![
                ("attention.sliding_window", Value::U32(5)),
                ("attention.sliding_window_pattern", Value::U32(3)),
                ("rope.freq_base", Value::F32(1e6)),
                ("rope.scaling.type", text("linear")),
                ("rope.scaling.factor", Value::F32(8.0)),
            ],
            ..Self::new(Family::Gemma3)
        }
    }

    /// One of each family, and each option that a family leaves open, with a name for messages.
    pub(crate) fn all() -> Vec<(&'static str, Self)> {
        let llama = Self::new(Family::Llama);
        let untied = Self {
            tied_head: false,
            biases: true,
            rotary_factors: Some(ROTARY_FACTORS_OF_LLAMA.to_vec()),
            metadata: vec![("rope.freq_base", Value::F32(5e5))],
            ..llama.clone()
        };
        let own_keys = Self {
            kv_heads: 6,
            ..llama.clone()
        };
        let yarn = Self {
            metadata: vec![
                ("rope.scaling.type", text("yarn")),
                ("rope.scaling.factor", Value::F32(4.0)),
                ("rope.scaling.original_context_length", Value::U32(32)),
            ],
            ..Self::new(Family::Qwen2)
        };
        let wide_heads = Self {
            head_dim: 32,
            ..Self::new(Family::Qwen3)
        };
        vec![
            ("llama", llama),
            ("llama, untied, biases, Llama 3.1's factors", untied),
            ("llama, each head its own keys", own_keys),
            ("qwen2", Self::new(Family::Qwen2)),
            ("qwen2, yarn", yarn),
            ("qwen3, heads wider than the model", wide_heads),
            ("gemma3, sliding", Self::sliding()),
            ("gemma3", Self::new(Family::Gemma3)),
        ]
    }

    /// Writes the file; it exists as long as the returned handle.
    pub(crate) fn write(&self) -> NamedTempFile {
        self.write_tensors(&named(&self.tensors()))
    }

    /// Writes the file with other tensors.
    pub(crate) fn write_tensors(&self, tensors: &[(&str, &QTensor)]) -> NamedTempFile {
        let metadata = self.all_metadata();
        let metadata: Vec<(&str, Value)> = metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), testing::gguf(&metadata, tensors)).unwrap();
        file
    }

    /// Writes the file and reads its header.
    pub(crate) fn gguf(&self) -> (NamedTempFile, Gguf) {
        let file = self.write();
        let gguf = Gguf::read(file.path()).unwrap();
        (file, gguf)
    }

    fn all_metadata(&self) -> Vec<(String, Value)> {
        let number = |number: usize| Value::U32(number as u32);
        let usual = [
            ("context_length", Value::U32(128)),
            ("block_count", number(self.layers)),
            ("embedding_length", number(self.width)),
            ("feed_forward_length", number(self.feed_forward)),
            ("attention.head_count", number(self.heads)),
            ("attention.head_count_kv", number(self.kv_heads)),
            ("attention.key_length", number(self.head_dim)),
            ("attention.value_length", number(self.head_dim)),
            ("rope.dimension_count", number(self.head_dim)),
            ("attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ];
        let replaced = |key: &str| self.metadata.iter().any(|(other, _)| *other == key);
        let usual = usual.into_iter().filter(|(key, _)| !replaced(key));
        let mut metadata: Vec<_> = usual
            .chain(self.metadata.iter().cloned())
            .map(|(key, value)| (format!("{}.{key}", self.family), value))
            .collect();
        metadata.push((
            "general.architecture".to_string(),
            text(self.family.traits().name),
        ));
        metadata
    }

    /// All tensors. Matrices keep the size of the vectors that they multiply, norms are near one.
    pub(crate) fn tensors(&self) -> Vec<(String, QTensor)> {
        let traits = self.family.traits();
        let mut random = Random(self.seed);
        let (queries, keys) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        let (width, feed_forward) = (self.width, self.feed_forward);
        let matrix = |random: &mut Random, rows, columns| matrix(random, rows, columns, self.kind);
        let mut tensors = vec![
            (EMBEDDING.to_string(), matrix(&mut random, self.vocabulary, width)),
            (LAST_NORM.to_string(), norm(&mut random, width)),
        ];
        if !self.tied_head {
            tensors.push((HEAD.to_string(), matrix(&mut random, self.vocabulary, width)));
        }
        if let Some(factors) = &self.rotary_factors {
            tensors.push((ROTARY_FACTORS.to_string(), vector(factors.clone())));
        }
        for at in 0..self.layers {
            let random = &mut random;
            let mut add = |name, tensor| tensors.push((layer(at, name), tensor));
            add(LayerTensor::AttentionNorm, norm(random, width));
            add(LayerTensor::Query, matrix(random, queries, width));
            add(LayerTensor::Key, matrix(random, keys, width));
            add(LayerTensor::Value, matrix(random, keys, width));
            add(LayerTensor::AttentionOutput, matrix(random, width, queries));
            add(LayerTensor::FeedForwardNorm, norm(random, width));
            add(LayerTensor::Gate, matrix(random, feed_forward, width));
            add(LayerTensor::Up, matrix(random, feed_forward, width));
            add(LayerTensor::Down, matrix(random, width, feed_forward));
            if self.biases {
                add(LayerTensor::QueryBias, vector(random.numbers(queries, 1.0)));
                add(LayerTensor::KeyBias, vector(random.numbers(keys, 1.0)));
                add(LayerTensor::ValueBias, vector(random.numbers(keys, 1.0)));
            }
            if traits.qk_norm {
                add(LayerTensor::QueryNorm, norm(random, self.head_dim));
                add(LayerTensor::KeyNorm, norm(random, self.head_dim));
            }
            if traits.post_norms {
                add(LayerTensor::AttentionPostNorm, norm(random, width));
                add(LayerTensor::FeedForwardPostNorm, norm(random, width));
            }
        }
        tensors
    }
}

impl Architecture {
    /// The rotation of one layer.
    pub(crate) fn rotation(&self, layer: usize) -> &Rotation {
        match &self.sliding {
            Some(sliding) if sliding.layers[layer] => &sliding.rotation,
            _ => &self.rotation,
        }
    }
}

/// Names and tensors, borrowed.
pub(crate) fn named(tensors: &[(String, QTensor)]) -> Vec<(&str, &QTensor)> {
    tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect()
}

/// A text of the metadata.
pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_string())
}

fn matrix(random: &mut Random, rows: usize, columns: usize, kind: GgmlDType) -> QTensor {
    // Evenly spread numbers have a variance of a third.
    let numbers = random.numbers(rows * columns, (3.0 / columns as f32).sqrt());
    let matrix = Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap();
    QTensor::quantize(&matrix, kind).unwrap()
}

fn norm(random: &mut Random, count: usize) -> QTensor {
    let numbers = random.numbers(count, 0.25).into_iter();
    vector(numbers.map(|number| 1.0 + number).collect())
}

fn vector(numbers: Vec<f32>) -> QTensor {
    QTensor::quantize(&Tensor::new(numbers, &Device::Cpu).unwrap(), GgmlDType::F32).unwrap()
}

/// Tokens of a tiny decoder.
pub(crate) fn tokens(seed: u64, count: usize) -> Vec<u32> {
    let mut random = Random(seed);
    // Not `below`: the tests' tolerances were measured with these tokens.
    (0..count)
        .map(|_| ((random.number() + 1.0) * 25.0).min(49.0) as u32)
        .collect()
}

/// A chunk of tokens to read.
pub(crate) fn chunk<'a>(blocks: &'a [u32], start: usize, tokens: &'a [u32], logits: usize) -> Chunk<'a> {
    Chunk {
        blocks,
        start,
        tokens,
        logits,
    }
}

/// The logits that `model` gives for a batch.
pub(crate) fn run(model: &mut dyn Model, chunks: &[Chunk<'_>]) -> Vec<f32> {
    let mut logits = vec![f32::NAN; 3];
    model.forward(chunks, &mut logits).unwrap();
    logits
}

/// A loaded model with room for `blocks` blocks.
pub(crate) fn reserved<M: Model>(model: Result<M, ModelError>, blocks: usize) -> M {
    let mut model = model.unwrap();
    model.reserve(blocks).unwrap();
    model
}

/// The relative error of the logits' root mean square.
pub(crate) fn distance(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().all(|logit| logit.is_finite()));
    let squares = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>();
    let error = squares(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    (error / squares(&mut expected.iter().copied())).sqrt()
}

/// The largest difference of two rows of logits.
pub(crate) fn largest_difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}
