//! Tiny decoders with random weights, written as GGUF files, for the tests of everything that runs a decoder.

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use tempfile::NamedTempFile;

use super::Family;
use super::tensor_names::{EMBEDDING, HEAD, LAST_NORM, LayerTensor, ROTARY_FACTORS, layer};
use crate::generation::model::{Chunk, Model};
use crate::weights::gguf::Gguf;
use crate::weights::testing;

/// A decoder to be written. All its figures differ, so that one taken for another is noticed.
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
    /// The type of all matrices.
    pub kind: GgmlDType,
    pub biases: bool,
    pub tied_head: bool,
    /// What rotary frequencies are divided by.
    pub rotary_factors: Option<Vec<f32>>,
    /// Metadata beyond the usual, or instead of it; names without the family.
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

    /// One of each family, and each option that a family leaves open, with what it is called.
    pub(crate) fn all() -> Vec<(&'static str, Self)> {
        let text = |text: &str| Value::String(text.to_string());
        let llama = Self::new(Family::Llama);
        let qwen3 = Self::new(Family::Qwen3);
        let gemma3 = Self::new(Family::Gemma3);
        vec![
            ("llama", llama.clone()),
            (
                "llama, untied, biases, Llama 3.1's factors",
                Self {
                    tied_head: false,
                    biases: true,
                    rotary_factors: Some(vec![1.0, 1.0, 1.5, 2.0, 4.0, 8.0, 8.0, 8.0]),
                    metadata: vec![("rope.freq_base", Value::F32(5e5))],
                    ..llama.clone()
                },
            ),
            (
                "llama, each head its own keys",
                Self {
                    kv_heads: 6,
                    ..llama.clone()
                },
            ),
            ("qwen2", Self::new(Family::Qwen2)),
            (
                "qwen2, yarn",
                Self {
                    metadata: vec![
                        ("rope.scaling.type", text("yarn")),
                        ("rope.scaling.factor", Value::F32(4.0)),
                        ("rope.scaling.original_context_length", Value::U32(32)),
                    ],
                    ..Self::new(Family::Qwen2)
                },
            ),
            (
                "qwen3, heads wider than the model",
                Self {
                    head_dim: 32,
                    ..qwen3
                },
            ),
            (
                "gemma3, sliding",
                Self {
                    layers: 4,
                    metadata: vec![
                        ("attention.sliding_window", Value::U32(5)),
                        ("attention.sliding_window_pattern", Value::U32(3)),
                        ("rope.freq_base", Value::F32(1e6)),
                        ("rope.scaling.type", text("linear")),
                        ("rope.scaling.factor", Value::F32(8.0)),
                    ],
                    ..gemma3.clone()
                },
            ),
            ("gemma3", gemma3),
        ]
    }

    /// Writes the file; it lives as long as what is given back.
    pub(crate) fn write(&self) -> NamedTempFile {
        let tensors = self.tensors();
        let named: Vec<(&str, &QTensor)> = tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
            .collect();
        self.write_tensors(&named)
    }

    /// Writes the file with other tensors than its own.
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
            Value::String(self.family.to_string()),
        ));
        metadata
    }

    /// All tensors. Matrices keep the size of what they multiply, norms are near one.
    pub(crate) fn tensors(&self) -> Vec<(String, QTensor)> {
        let mut random = Random(self.seed);
        let (queries, keys) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        let (width, feed_forward) = (self.width, self.feed_forward);
        let mut tensors = vec![
            (
                EMBEDDING.to_string(),
                random.matrix(self.vocabulary, width, self.kind),
            ),
            (LAST_NORM.to_string(), random.norm(width)),
        ];
        if !self.tied_head {
            tensors.push((HEAD.to_string(), random.matrix(self.vocabulary, width, self.kind)));
        }
        if let Some(factors) = &self.rotary_factors {
            tensors.push((ROTARY_FACTORS.to_string(), vector(factors.clone())));
        }
        for at in 0..self.layers {
            let mut add = |name, tensor| tensors.push((layer(at, name), tensor));
            add(LayerTensor::AttentionNorm, random.norm(width));
            add(LayerTensor::Query, random.matrix(queries, width, self.kind));
            add(LayerTensor::Key, random.matrix(keys, width, self.kind));
            add(LayerTensor::Value, random.matrix(keys, width, self.kind));
            add(
                LayerTensor::AttentionOutput,
                random.matrix(width, queries, self.kind),
            );
            add(LayerTensor::FeedForwardNorm, random.norm(width));
            add(LayerTensor::Gate, random.matrix(feed_forward, width, self.kind));
            add(LayerTensor::Up, random.matrix(feed_forward, width, self.kind));
            add(LayerTensor::Down, random.matrix(width, feed_forward, self.kind));
            if self.biases {
                add(LayerTensor::QueryBias, random.bias(queries));
                add(LayerTensor::KeyBias, random.bias(keys));
                add(LayerTensor::ValueBias, random.bias(keys));
            }
            if self.family.has_qk_norm() {
                add(LayerTensor::QueryNorm, random.norm(self.head_dim));
                add(LayerTensor::KeyNorm, random.norm(self.head_dim));
            }
            if self.family.has_post_norms() {
                add(LayerTensor::AttentionPostNorm, random.norm(width));
                add(LayerTensor::FeedForwardPostNorm, random.norm(width));
            }
        }
        tensors
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): the same numbers everywhere.
pub(crate) struct Random(pub u64);

impl Random {
    /// Evenly spread between -1 and 1.
    pub(crate) fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// One of `0..below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        (((self.number() + 1.0) / 2.0 * below as f32) as usize).min(below - 1)
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }

    fn matrix(&mut self, rows: usize, columns: usize, kind: GgmlDType) -> QTensor {
        // Evenly spread numbers have a variance of a third.
        let size = (3.0 / columns as f32).sqrt();
        let numbers = self
            .numbers(rows * columns)
            .into_iter()
            .map(|number| number * size);
        let matrix = Tensor::from_iter(numbers, &Device::Cpu).unwrap();
        QTensor::quantize(&matrix.reshape((rows, columns)).unwrap(), kind).unwrap()
    }

    fn norm(&mut self, count: usize) -> QTensor {
        vector(
            self.numbers(count)
                .into_iter()
                .map(|number| 1.0 + number / 4.0)
                .collect(),
        )
    }

    fn bias(&mut self, count: usize) -> QTensor {
        vector(self.numbers(count))
    }
}

fn vector(numbers: Vec<f32>) -> QTensor {
    QTensor::quantize(&Tensor::new(numbers, &Device::Cpu).unwrap(), GgmlDType::F32).unwrap()
}

/// Tokens of a tiny decoder.
pub(crate) fn tokens(seed: u64, count: usize) -> Vec<u32> {
    let mut random = Random(seed);
    (0..count).map(|_| random.below(50) as u32).collect()
}

/// A run of tokens to read.
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
