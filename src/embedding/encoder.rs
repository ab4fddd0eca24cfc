//! Tokenise, forward, pool, normalise: the arithmetic of stage 2, on the calling thread.
//!
//! A sentence-transformers model of the BERT family: the mean of the last layer over the text's own tokens, scaled
//! to length 1 (Reimers and Gurevych 2019, <https://arxiv.org/abs/1908.10084>).

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, DTYPE};
use tokenizers::Tokenizer;

use super::EmbeddingError;
use super::batch::{batches, distinct};
use crate::metrics;
use crate::weights::{EmbeddingModel, tokenizer};

/// Tokens of a batch, padding included. Measured on 450 real reviews with two threads: 83 reviews a second, against 73
/// at half as many tokens and 75 at four times as many; larger batches fall out of the cache.
const BATCH_TOKENS: usize = 1024;
/// Texts tokenised at a time: a text's token ids are kept, the rest of its encoding is large and short-lived.
const TOKENISED_AT_ONCE: usize = 1024;

/// A loaded embedding model and its tokenizer.
pub struct Encoder {
    tokenizer: Tokenizer,
    model: BertModel,
    device: Device,
    dimension: usize,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("dimension", &self.dimension)
            .field("device", &self.device)
            .finish()
    }
}

impl Encoder {
    /// Reads `config.json`, `tokenizer.json` and `model.safetensors` from the model's folder.
    ///
    /// # Errors
    /// A file that is missing, damaged, or at odds with another; the message names it.
    pub fn load(model: &EmbeddingModel, device: &Device) -> Result<Self, EmbeddingError> {
        let config = read_config(&model.dir.join("config.json"))?;
        let mut tokenizer =
            tokenizer::from_file(&model.dir.join("tokenizer.json"), model.max_tokens).map_err(Arc::new)?;
        // A review that holds "[SEP]" is text, not structure.
        tokenizer.set_encode_special_tokens(true);
        check(&config, &tokenizer, model)?;
        let path = model.dir.join("model.safetensors");
        // Read rather than mapped: the tensors are copies anyway, and the file's bytes are freed at the end of this.
        let bytes = read(&path)?;
        let model = VarBuilder::from_buffered_safetensors(bytes, DTYPE, device)
            .and_then(|variables| BertModel::load(variables, &config))
            .map_err(|source| EmbeddingError::Weights {
                path,
                source: Arc::new(source),
            })?;
        Ok(Self {
            tokenizer,
            model,
            device: device.clone(),
            dimension: config.hidden_size,
        })
    }

    /// Numbers in a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The texts' vectors of length 1, in the order of the texts. `progress` is told after each batch how many texts
    /// are done. An empty text has a vector too: that of the two tokens every text is framed by.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub fn encode(
        &self,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let (different, positions) = distinct(texts);
        let mut copies = vec![0; different.len()];
        positions.iter().for_each(|&position| copies[position] += 1);
        let tokens = self.tokenise(&different)?;
        let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();

        let mut vectors = vec![Vec::new(); different.len()];
        let mut done = 0;
        for batch in batches(&lengths, BATCH_TOKENS) {
            let started = Instant::now();
            let rows: Vec<&[u32]> = batch
                .iter()
                .map(|&position| tokens[position].as_slice())
                .collect();
            for (&position, vector) in batch.iter().zip(self.forward(&rows)?) {
                vectors[position] = vector;
                done += copies[position];
            }
            metrics::EMBEDDING_DURATION_SECONDS.record(&[], started.elapsed().as_secs_f64());
            metrics::EMBEDDING_BATCH_SIZE.record(&[], batch.len() as f64);
            metrics::EMBEDDING_TEXTS_TOTAL.add(&[], batch.len() as u64);
            progress(done);
        }
        Ok(in_order(vectors, &positions, copies))
    }

    /// Token ids of each text, framed by the model's two special tokens and cut at its limit.
    fn tokenise(&self, texts: &[&str]) -> Result<Vec<Vec<u32>>, EmbeddingError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for chunk in texts.chunks(TOKENISED_AT_ONCE) {
            let encodings = self.tokenizer.encode_batch_fast(chunk.to_vec(), true);
            let encodings = encodings.map_err(|error| EmbeddingError::Tokenize(error.to_string()))?;
            tokens.extend(encodings.iter().map(|encoding| encoding.get_ids().to_vec()));
        }
        Ok(tokens)
    }

    /// One batch through the model.
    fn forward(&self, rows: &[&[u32]]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let shape = (rows.len(), width);
        // What stands in the padding makes no difference: the mask keeps it from being looked at.
        let padded = |row: &&[u32], place| row.get(place).copied().unwrap_or(0);
        let ids: Vec<u32> = rows
            .iter()
            .flat_map(|row| (0..width).map(move |place| padded(row, place)))
            .collect();
        let real = rows
            .iter()
            .flat_map(|row| (0..width).map(|place| f32::from(u8::from(place < row.len()))));
        let mask = Tensor::from_vec(real.collect::<Vec<_>>(), shape, &self.device)?;
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let pooled = mean_over_mask(&hidden, &mask)?.to_vec2::<f32>()?;
        pooled
            .into_iter()
            .map(|vector| unit(vector).ok_or(EmbeddingError::NotAVector))
            .collect()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EmbeddingError> {
    std::fs::read(path).map_err(|source| EmbeddingError::Read {
        path: path.into(),
        source: Arc::new(source),
    })
}

fn read_config(path: &Path) -> Result<Config, EmbeddingError> {
    serde_json::from_slice(&read(path)?).map_err(|source| EmbeddingError::Config {
        path: path.into(),
        source: Arc::new(source),
    })
}

/// What candle would find out in the middle of a batch, or not at all.
fn check(config: &Config, tokenizer: &Tokenizer, model: &EmbeddingModel) -> Result<(), EmbeddingError> {
    let vocabulary = tokenizer.get_vocab_size(true);
    let heads = config.num_attention_heads;
    let what = if vocabulary > config.vocab_size {
        format!(
            "tokenizer.json has {vocabulary} tokens and config.json only {}",
            config.vocab_size
        )
    } else if model.max_tokens > config.max_position_embeddings {
        let places = config.max_position_embeddings;
        format!(
            "{} tokens are asked for and config.json has {places} places",
            model.max_tokens
        )
    } else if heads == 0 || !config.hidden_size.is_multiple_of(heads) {
        format!(
            "config.json has {} numbers for {heads} attention heads",
            config.hidden_size
        )
    } else {
        return Ok(());
    };
    Err(EmbeddingError::Mismatch {
        dir: model.dir.clone(),
        what,
    })
}

/// The mean of a `[batch, width, dimension]` tensor over the places where the `[batch, width]` mask is 1.
fn mean_over_mask(hidden: &Tensor, mask: &Tensor) -> Result<Tensor, candle_core::Error> {
    let mask = mask.unsqueeze(2)?;
    hidden.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)
}

/// The vector at length 1, or nothing where it has no direction. In f64, so that a dot product with itself is 1
/// within f32's last bits.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector
        .iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt();
    (length.is_finite() && length > 0.0).then(|| {
        vector
            .iter_mut()
            .for_each(|x| *x = (f64::from(*x) / length) as f32);
        vector
    })
}

/// A vector for every text again; the last to need one takes it, the others copy.
fn in_order(mut vectors: Vec<Vec<f32>>, positions: &[usize], mut copies: Vec<usize>) -> Vec<Vec<f32>> {
    let take = |&position: &usize| {
        copies[position] -= 1;
        if copies[position] == 0 {
            std::mem::take(&mut vectors[position])
        } else {
            vectors[position].clone()
        }
    };
    positions.iter().map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_near, minilm, tiny, write_tiny};
    use super::*;

    const LONG: &str = "I bought these headphones three weeks ago for my daily commute. The bass is deep, the calls are \
        clear, and the battery lasted four days with two hours of music a day, but the left cushion came off.";

    fn encode(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
        encoder.encode(texts, &mut |_| {}).unwrap()
    }

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

    #[test]
    fn normalising_gives_length_one_or_nothing() {
        assert_eq!(unit(vec![3.0, 0.0, -4.0]), Some(vec![0.6, 0.0, -0.8]));
        for hopeless in [vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(unit(hopeless), None);
        }
    }

    #[test]
    fn padding_changes_nothing() {
        for encoder in [tiny(), minilm()] {
            let texts = ["good sound", LONG, "", "bad"];
            let together = encode(&encoder, &texts);
            for (text, vector) in texts.iter().zip(&together) {
                assert_near(vector, &encode(&encoder, &[text])[0], 1e-4);
                let length: f32 = vector.iter().map(|x| x * x).sum();
                assert!((length - 1.0).abs() < 1e-5, "{text:?} has length {length}");
            }
        }
    }

    #[test]
    fn order_is_kept_over_many_batches_and_equal_texts_have_equal_vectors() {
        let encoder = tiny();
        let words = [
            "good",
            "bad",
            "sound",
            "battery",
            "good sound",
            "bad battery sound",
        ];
        let texts: Vec<&str> = words.iter().cycle().take(1500).copied().collect();
        let mut progress = Vec::new();
        let vectors = encoder.encode(&texts, &mut |done| progress.push(done)).unwrap();
        assert_eq!(progress.last(), Some(&1500));
        for (position, text) in texts.iter().enumerate() {
            assert_near(&vectors[position], &encode(&encoder, &[text])[0], 1e-5);
            assert_eq!(vectors[position], vectors[position % words.len()]);
        }
        assert!(encode(&encoder, &[]).is_empty());
    }

    #[test]
    fn three_words_are_five_positions_and_the_models_limit_cuts() {
        let encoder = minilm();
        let long = "battery ".repeat(1000);
        let tokens = encoder.tokenise(&["good battery life", "", &long]).unwrap();
        assert_eq!(tokens.iter().map(Vec::len).collect::<Vec<_>>(), [5, 2, 256]);
    }

    #[test]
    fn no_special_token_is_made_of_a_reviews_text() {
        let encoder = minilm();
        let separator = encoder.tokenizer.token_to_id("[SEP]").unwrap();
        let tokens = encoder
            .tokenise(&["great [SEP] [CLS] [PAD] sound"])
            .unwrap()
            .remove(0);
        assert_eq!(
            tokens.iter().filter(|&&id| id == separator).count(),
            1,
            "{tokens:?}"
        );
        assert_eq!(tokens.last(), Some(&separator));
    }

    #[test]
    fn likeness_of_meaning_is_likeness_of_vectors() {
        let vectors = encode(
            &minilm(),
            &[
                "How long does the battery last?",
                "Two days of use on one charge.",
                "The delivery boy was rude.",
            ],
        );
        let cosine = |a: usize, b: usize| {
            vectors[a]
                .iter()
                .zip(&vectors[b])
                .map(|(x, y)| x * y)
                .sum::<f32>()
        };
        assert!(
            cosine(0, 1) > cosine(0, 2) + 0.1,
            "{} {}",
            cosine(0, 1),
            cosine(0, 2)
        );
    }

    #[test]
    fn damaged_models_are_errors_that_name_the_file() {
        type Damage = dyn Fn(&Path);
        let truncate = |dir: &Path| {
            let bytes = std::fs::read(dir.join("model.safetensors")).unwrap();
            std::fs::write(dir.join("model.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
        };
        fn edit(dir: &Path, from: &str, to: &str) {
            let config = std::fs::read_to_string(dir.join("config.json")).unwrap();
            assert!(config.contains(from));
            std::fs::write(dir.join("config.json"), config.replace(from, to)).unwrap();
        }
        let table: [(&str, &Damage); 6] = [
            ("model.safetensors", &truncate),
            ("model.safetensors", &|dir| {
                std::fs::remove_file(dir.join("model.safetensors")).unwrap()
            }),
            ("model.safetensors", &|dir| {
                edit(dir, "\"hidden_size\":16", "\"hidden_size\":32")
            }),
            ("config.json", &|dir| {
                std::fs::write(dir.join("config.json"), "{}").unwrap()
            }),
            ("config.json", &|dir| {
                edit(dir, "\"vocab_size\":9", "\"vocab_size\":5")
            }),
            ("config.json", &|dir| {
                edit(dir, "\"num_attention_heads\":2", "\"num_attention_heads\":0")
            }),
        ];
        for (file, damage) in table {
            let dir = tempfile::tempdir().unwrap();
            let model = write_tiny(dir.path());
            damage(dir.path());
            let message = Encoder::load(&model, &Device::Cpu).unwrap_err().to_string();
            assert!(message.contains(file), "{message}");
        }
    }
}
