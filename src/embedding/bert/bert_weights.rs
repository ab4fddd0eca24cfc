//! Reads an encoder from `config.json` and `model.safetensors`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use candle_transformers::models::bert::{Config, HiddenAct};

use super::bert_layer::{BertLayer, BertNorm};
use super::word_embeddings::WordEmbeddings;
use super::{Bert, Shape};
use crate::embedding::EmbeddingError;
use crate::embedding::safetensors_file::Tensors;
use crate::kernels::pool::Pool;
use crate::kernels::simd::Level;

/// The word embeddings' name, which shows the prefix of all names in a file.
const WORDS: &str = "embeddings.word_embeddings.weight";

impl Bert {
    /// Reads the weights that `config` describes from `path`, to be computed with on `pool`.
    pub(in crate::embedding) fn load(
        config: &Config,
        path: &Path,
        pool: &Arc<Pool>,
    ) -> Result<Self, EmbeddingError> {
        if config.hidden_act != HiddenAct::Gelu {
            return Err(EmbeddingError::Tensor {
                path: path.into(),
                problem: format!(
                    "config.json requires the activation {:?}, and int8 supports only gelu; compute in f32 instead",
                    config.hidden_act
                ),
            });
        }
        let shape = Shape {
            hidden: config.hidden_size,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            epsilon: config.layer_norm_eps as f32,
        };
        // Some files put the model's family before all names.
        let family = config.model_type.as_deref().unwrap_or("bert");
        let prefixes = [String::new(), format!("{family}.")];
        let loader = Loader {
            tensors: Tensors::open(path)?.with_prefix_of(WORDS, &prefixes),
            pool,
            shape,
        };
        let words = WordEmbeddings::load(&loader.tensors, pool, WORDS, config.vocab_size, shape.hidden)?;
        let layers = (0..config.num_hidden_layers).map(|number| loader.layer(number));
        Ok(Self {
            pool: pool.clone(),
            level: Level::best(),
            words,
            places: loader.places(config)?,
            norm: loader.norm("embeddings.LayerNorm")?,
            layers: layers.collect::<Result<_, _>>()?,
            shape,
            spare: Mutex::default(),
        })
    }
}

struct Loader<'a> {
    tensors: Tensors,
    pool: &'a Pool,
    shape: Shape,
}

impl Loader<'_> {
    /// The position embeddings, with the first token type's row added to each.
    fn places(&self, config: &Config) -> Result<Vec<f32>, EmbeddingError> {
        let hidden = self.shape.hidden;
        let name = |table: &str| format!("embeddings.{table}_embeddings.weight");
        let shape = [config.max_position_embeddings, hidden];
        let mut places = self.tensors.table(&name("position"), &shape)?;
        let shape = [config.type_vocab_size, hidden];
        let types = self.tensors.table(&name("token_type"), &shape)?;
        for place in places.chunks_exact_mut(hidden) {
            place
                .iter_mut()
                .zip(&types)
                .for_each(|(number, of_type)| *number += of_type);
        }
        Ok(places)
    }

    fn layer(&self, number: usize) -> Result<BertLayer, EmbeddingError> {
        let Shape { hidden, inner, .. } = self.shape;
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let matrix = |part: &str, rows, columns| {
            let name = format!("{}.weight", name(part));
            self.tensors.matrix(self.pool, &name, rows, columns)
        };
        let bias = |part: &str, length| self.tensors.vector(&format!("{}.bias", name(part)), length);
        let output = self.tensors.table(
            &format!("{}.weight", name("attention.output.dense")),
            &[hidden, hidden],
        )?;
        let output_bias = bias("attention.output.dense", hidden)?;
        let value_bias = bias("attention.self.value", hidden)?;
        Ok(BertLayer {
            query: matrix("attention.self.query", hidden, hidden)?,
            query_bias: bias("attention.self.query", hidden)?,
            key: matrix("attention.self.key", hidden, hidden)?,
            value: matrix("attention.self.value", hidden, hidden)?,
            output: matrix("attention.output.dense", hidden, hidden)?,
            output_bias: through(&output, &value_bias, output_bias),
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            up: matrix("intermediate.dense", inner, hidden)?,
            up_bias: bias("intermediate.dense", inner)?,
            down: matrix("output.dense", hidden, inner)?,
            down_bias: bias("output.dense", hidden)?,
            norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    fn norm(&self, name: &str) -> Result<BertNorm, EmbeddingError> {
        let of = |part: &str| self.tensors.vector(&format!("{name}.{part}"), self.shape.hidden);
        Ok(BertNorm {
            weight: of("weight")?,
            bias: of("bias")?,
        })
    }
}

/// `matrix · vector + bias`: a vector that is added before a product, as a bias after the product.
fn through(matrix: &[f32], vector: &[f32], bias: Vec<f32>) -> Vec<f32> {
    let rows = matrix.chunks_exact(vector.len()).zip(bias);
    let dot = |row: &[f32]| row.iter().zip(vector).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    rows.map(|(row, bias)| (f64::from(bias) + dot(row)) as f32)
        .collect()
}
