//! For tests: the real model, and a tiny one with random weights.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde_json::json;

use super::{Encoder, Precision};
use crate::kernels::pool::Pool;
use crate::kernels::testing::Random;
use crate::weights::EmbeddingModel;

/// A pool of two threads.
pub(crate) fn pool() -> Arc<Pool> {
    Arc::new(Pool::new("test", 2).unwrap())
}

/// The default embedding model in the default precision.
pub(crate) fn minilm() -> Encoder {
    minilm_in(Precision::Int8, &pool())
}

/// The default embedding model.
pub(crate) fn minilm_in(precision: Precision, pool: &Arc<Pool>) -> Encoder {
    let dir = crate::weights::testing::embedding_model();
    load(&model(&dir, "all-MiniLM-L6-v2", 256), precision, pool)
}

/// A mean-pooling model without a known hash, whose texts begin with nothing.
pub(crate) fn model(dir: &Path, name: &str, max_tokens: usize) -> EmbeddingModel {
    EmbeddingModel {
        dir: dir.into(),
        name: name.into(),
        sha256: None,
        max_tokens,
        pooling: Default::default(),
        prefixes: Default::default(),
        golden: None,
    }
}

/// The encoder of a model that can be loaded.
pub(crate) fn load(model: &EmbeddingModel, precision: Precision, pool: &Arc<Pool>) -> Encoder {
    Encoder::load(model, &Device::Cpu, precision, pool).unwrap()
}

const WORDS: [&str; 9] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "sound", "battery", "sep",
];
const HIDDEN: usize = 16;
const INNER: usize = 32;

/// A two-layer BERT of random but fixed weights, in the default precision.
pub(crate) fn tiny() -> Encoder {
    tiny_in(Precision::Int8)
}

/// As [`tiny`], in this precision.
pub(crate) fn tiny_in(precision: Precision) -> Encoder {
    let dir = tempfile::tempdir().unwrap();
    load(&write_tiny(dir.path()), precision, &pool())
}

/// Writes the files of [`tiny`] into a folder.
pub(crate) fn write_tiny(dir: &Path) -> EmbeddingModel {
    std::fs::write(dir.join("config.json"), config().to_string()).unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    candle_core::safetensors::save(&weights(), dir.join("model.safetensors")).unwrap();
    model(dir, "tiny", 8)
}

fn config() -> serde_json::Value {
    json!({
        "vocab_size": WORDS.len(), "hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": INNER, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
        "max_position_embeddings": 8, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
        "pad_token_id": 0, "model_type": "bert"
    })
}

fn tokenizer() -> serde_json::Value {
    let vocabulary: HashMap<&str, usize> = WORDS.iter().copied().zip(0..).collect();
    let special = |id: usize| {
        json!({ "id": id, "content": WORDS[id], "special": true, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false })
    };
    let frame = |id: usize| json!({ "SpecialToken": { "id": WORDS[id], "type_id": 0 } });
    let text = |sequence: &str| json!({ "Sequence": { "id": sequence, "type_id": 0 } });
    let named = |id: usize| json!({ "id": WORDS[id], "ids": [id], "tokens": [WORDS[id]] });
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0), special(1), special(2), special(3)],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                        "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing", "single": [frame(2), text("A"), frame(3)],
                            "pair": [frame(2), text("A"), frame(3), text("B"), frame(3)],
                            "special_tokens": { "[CLS]": named(2), "[SEP]": named(3) } },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": vocabulary }
    })
}

fn weights() -> HashMap<String, Tensor> {
    let mut random = Random(7);
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let values = random.numbers(shape.iter().product(), 0.3);
        tensors.insert(name, Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
    };
    for (name, rows) in [("word", WORDS.len()), ("position", 8), ("token_type", 2)] {
        add(format!("embeddings.{name}_embeddings.weight"), &[rows, HIDDEN]);
    }
    let mut both = |name: String, shape: &[usize]| {
        add(format!("{name}.weight"), shape);
        add(format!("{name}.bias"), &shape[..1]);
    };
    both("embeddings.LayerNorm".into(), &[HIDDEN]);
    for layer in 0..2 {
        let layer = format!("encoder.layer.{layer}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            both(format!("{layer}.attention.{part}"), &[HIDDEN, HIDDEN]);
        }
        both(format!("{layer}.attention.output.LayerNorm"), &[HIDDEN]);
        both(format!("{layer}.intermediate.dense"), &[INNER, HIDDEN]);
        both(format!("{layer}.output.dense"), &[HIDDEN, INNER]);
        both(format!("{layer}.output.LayerNorm"), &[HIDDEN]);
    }
    tensors
}

/// Asserts that all numbers of two vectors differ by at most `tolerance`.
#[track_caller]
pub(crate) fn assert_near(left: &[f32], right: &[f32], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    let worst = left
        .iter()
        .zip(right)
        .map(|(l, r)| (l - r).abs())
        .fold(0.0, f32::max);
    assert!(worst <= tolerance, "the vectors differ by {worst}");
}
