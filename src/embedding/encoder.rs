//! Tokenise, forward, pool, normalise: the arithmetic of stage 2, on the calling thread and those of the pool.
//!
//! A sentence-transformers model of the BERT family: the mean of the last layer over the text's own tokens, or its
//! first token's row, scaled to length 1 (Reimers and Gurevych 2019, <https://arxiv.org/abs/1908.10084>).

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use candle_core::Device;
use candle_transformers::models::bert::Config;
use tokenizers::Tokenizer;

use super::bert::Bert;
use super::candle_bert::Reference;
use super::token_batches::{batches, distinct};
use super::{EmbeddingError, Precision};
use crate::kernels::pool::Pool;
use crate::metrics;
use crate::weights::{EmbeddingModel, Pooling, Prefixes, tokenizer};

/// Tokens of a batch on our kernels. Measured on 449 real reviews with two threads: any number from 192 to 512 gives 270
/// to 290 reviews a second. A query waits for a batch of bulk, so this is one of the smaller ones: 15 milliseconds.
const BATCH_TOKENS: usize = 256;
/// Tokens of a batch in candle, padding included. Measured on 450 real reviews with two threads: 83 reviews a second,
/// against 73 at half as many tokens and 75 at four times as many; larger batches fall out of the cache.
const PADDED_BATCH_TOKENS: usize = 1024;
/// Texts tokenised at a time: a text's token ids are kept, the rest of its encoding is large and short-lived.
const TOKENISED_AT_ONCE: usize = 128;

/// A loaded embedding model and its tokenizer.
pub struct Encoder {
    tokenizer: Tokenizer,
    model: Model,
    precision: Precision,
    dimension: usize,
    pooling: Pooling,
    prefixes: Prefixes,
}

/// Who computes.
enum Model {
    Kernels(Bert),
    // Boxed: with the feature `cuda` tensors have long descriptions.
    Candle(Box<Reference>),
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("dimension", &self.dimension)
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Reads `config.json`, `tokenizer.json` and `model.safetensors` from the model's folder. On a device other than
    /// the CPU, it is computed in [`Precision::F32`] whatever `precision` says; `pool` computes [`Precision::Int8`].
    ///
    /// # Errors
    /// A file that is missing, damaged, or at odds with another; the message names it.
    pub fn load(
        model: &EmbeddingModel,
        device: &Device,
        precision: Precision,
        pool: &Arc<Pool>,
    ) -> Result<Self, EmbeddingError> {
        let config = read_config(&model.dir.join("config.json"))?;
        let mut tokenizer =
            tokenizer::from_file(&model.dir.join("tokenizer.json"), model.max_tokens).map_err(Arc::new)?;
        // A review that holds "[SEP]" is text, not structure.
        tokenizer.set_encode_special_tokens(true);
        check(&config, &tokenizer, model)?;
        check_frame(&config, &tokenizer, model)?;
        let path = model.dir.join("model.safetensors");
        let precision = precision.on(device);
        Ok(Self {
            tokenizer,
            model: match precision {
                Precision::Int8 => Model::Kernels(Bert::load(&config, &path, pool)?),
                Precision::F32 => Model::Candle(Box::new(Reference::load(&config, &path, device)?)),
            },
            precision,
            dimension: config.hidden_size,
            pooling: model.pooling,
            prefixes: model.prefixes.clone(),
        })
    }

    /// Numbers in a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The words, in lower case, that its tokenizer takes whole: the common ones of the model's language.
    pub fn words(&self) -> HashSet<String> {
        let vocabulary = self.tokenizer.get_vocab(false);
        // Where words begin with a mark, what has none continues one.
        let begins = ["▁", "Ġ"].into_iter().find(|mark| {
            vocabulary.keys().filter(|piece| piece.starts_with(mark)).count() > vocabulary.len() / 4
        });
        let is_word = |piece: &&str| piece.chars().all(char::is_alphabetic);
        vocabulary
            .keys()
            .filter_map(|piece| piece.strip_prefix(begins.unwrap_or_default()))
            .filter(is_word)
            .map(str::to_lowercase)
            .collect()
    }

    /// What it computes in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The vectors of questions: as [`Encoder::encode`], of the texts with what the model wants before a question.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub fn encode_queries(
        &self,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.encode_after(&self.prefixes.query, texts, progress)
    }

    /// The vectors of what is searched: likewise.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub fn encode_passages(
        &self,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.encode_after(&self.prefixes.passage, texts, progress)
    }

    fn encode_after(
        &self,
        prefix: &str,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        if prefix.is_empty() {
            return self.encode(texts, progress);
        }
        let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.encode(&texts, progress)
    }

    /// The texts' vectors of length 1, in the order of the texts, as they are. `progress` is told after each piece of work, some
    /// milliseconds long, how many texts are done. An empty text has a vector too: that of the two tokens every text
    /// is framed by. In [`Precision::Int8`] a text's vector is the same to the last bit whatever texts are beside it.
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
        let tokens = self.tokenise(&different, progress)?;
        let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();

        let mut vectors = vec![Vec::new(); different.len()];
        let mut done = 0;
        let budget = match self.model {
            Model::Kernels(_) => BATCH_TOKENS,
            Model::Candle(_) => PADDED_BATCH_TOKENS,
        };
        for batch in batches(&lengths, budget) {
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
    fn tokenise(
        &self,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<u32>>, EmbeddingError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for (number, chunk) in texts.chunks(TOKENISED_AT_ONCE).enumerate() {
            if number > 0 {
                progress(0);
            }
            let encodings = self.tokenizer.encode_batch_fast(chunk.to_vec(), true);
            let encodings = encodings.map_err(EmbeddingError::tokenize)?;
            tokens.extend(encodings.iter().map(|encoding| encoding.get_ids().to_vec()));
        }
        Ok(tokens)
    }

    /// One batch through the model.
    fn forward(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let pooled = match &self.model {
            Model::Kernels(model) => model.pooled(texts, self.pooling),
            Model::Candle(model) => model.pooled(texts, self.pooling)?,
        };
        let vectors = pooled.into_iter().map(unit);
        vectors
            .map(|vector| vector.ok_or(EmbeddingError::NotAVector))
            .collect()
    }
}

fn read_config(path: &Path) -> Result<Config, EmbeddingError> {
    let bytes = std::fs::read(path).map_err(EmbeddingError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|source| EmbeddingError::Config {
        path: path.into(),
        source: Arc::new(source),
    })
}

/// What candle would find out in the middle of a batch, or not at all.
fn check(config: &Config, tokenizer: &Tokenizer, model: &EmbeddingModel) -> Result<(), EmbeddingError> {
    // Not the number of words: ids may have gaps.
    let vocabulary = tokenizer
        .get_vocab(true)
        .into_values()
        .max()
        .map_or(0, |id| id as usize + 1);
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
    } else if heads == 0 || config.hidden_size == 0 || !config.hidden_size.is_multiple_of(heads) {
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

/// What frames every text comes from a part of tokenizer.json of its own, with ids of its own. An id beyond the table
/// of words, a frame that fills a text, or none, so that an empty text has no token, would be found out in the middle
/// of a batch.
fn check_frame(config: &Config, tokenizer: &Tokenizer, model: &EmbeddingModel) -> Result<(), EmbeddingError> {
    let frame = tokenizer
        .encode_fast("", true)
        .map_err(EmbeddingError::tokenize)?;
    let ids = frame.get_ids();
    let known = ids.iter().all(|id| (*id as usize) < config.vocab_size);
    if known && (1..model.max_tokens).contains(&ids.len()) {
        return Ok(());
    }
    Err(EmbeddingError::Mismatch {
        dir: model.dir.clone(),
        what: format!(
            "tokenizer.json frames each text by the tokens {ids:?}; of {} tokens a text may have, some have to be a \
             frame, not all, and config.json has {} tokens",
            model.max_tokens, config.vocab_size
        ),
    })
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
mod tests;
