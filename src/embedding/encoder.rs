//! Tokenise, forward, pool, normalise: the arithmetic of embedding, on the calling thread and the pool's threads.
//!
//! The models are sentence-transformers of the BERT family. The vector of a text is the mean of the last layer over its
//! tokens, or the first token's row, scaled to length 1 (Reimers and Gurevych 2019,
//! <https://arxiv.org/abs/1908.10084>).

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

/// Tokens of a batch on our kernels. Measured on 449 real reviews with two threads: any number from 192 to 512 gives
/// 270 to 290 reviews per second. A query may wait for one batch of bulk, so the number is small: a batch takes 15
/// milliseconds.
const BATCH_TOKENS: usize = 256;
/// Tokens of a batch in candle, padding included. Measured on 450 real reviews with two threads: 83 reviews per second,
/// against 73 with half as many tokens and 75 with four times as many; larger batches do not fit into the processor's
/// cache.
const PADDED_BATCH_TOKENS: usize = 1024;
/// Texts tokenised at a time: only the token ids of a text are kept; the rest of its encoding is large.
const TOKENISED_AT_ONCE: usize = 128;

/// A loaded embedding model and its tokenizer.
pub(crate) struct Encoder {
    tokenizer: Tokenizer,
    model: Model,
    precision: Precision,
    dimension: usize,
    pooling: Pooling,
    prefixes: Prefixes,
}

/// The implementation of the model.
enum Model {
    Kernels(Bert),
    // Boxed: with the feature `cuda`, tensors are large values.
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
    /// the CPU, the precision is always [`Precision::F32`]; `pool` computes [`Precision::Int8`].
    ///
    /// # Errors
    /// A file that is missing, damaged, or at odds with another; the message names it.
    pub(crate) fn load(
        model: &EmbeddingModel,
        device: &Device,
        precision: Precision,
        pool: &Arc<Pool>,
    ) -> Result<Self, EmbeddingError> {
        let config = read_config(&model.dir.join("config.json"))?;
        let mut tokenizer =
            tokenizer::from_file(&model.dir.join("tokenizer.json"), model.max_tokens).map_err(Arc::new)?;
        // The letters "[SEP]" in a review are text, not a special token.
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
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The words, in lower case, that are one token: the common words of the model's language.
    pub(crate) fn words(&self) -> HashSet<String> {
        let vocabulary = self.tokenizer.get_vocab(false);
        // If the tokenizer marks the beginning of a word, a token without the mark continues a word.
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

    /// The precision of the computation.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// The vectors of questions: [`Encoder::encode`] with the model's prefix for questions before each text.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub(crate) fn encode_queries(
        &self,
        texts: &[&str],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.encode_after(&self.prefixes.query, texts, progress)
    }

    /// The vectors of passages: [`Encoder::encode`] with the model's prefix for passages before each text.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub(crate) fn encode_passages(
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

    /// The vectors of `texts`, of length 1, in their order, without prefixes. After each batch, some milliseconds long,
    /// `progress` is called with the number of texts that are done. An empty text has a vector too: that of the two
    /// tokens that frame every text. In [`Precision::Int8`], a text's vector is the same to the last bit whatever texts
    /// are beside it.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub(crate) fn encode(
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
            let rows: Vec<&[u32]> = batch.iter().map(|&position| &tokens[position][..]).collect();
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

    /// Token ids of each text, between the model's two special tokens and cut at its limit.
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
        let vectors = pooled
            .into_iter()
            .map(|row| unit(row).ok_or(EmbeddingError::NotAVector));
        vectors.collect()
    }
}

fn read_config(path: &Path) -> Result<Config, EmbeddingError> {
    let bytes = std::fs::read(path).map_err(EmbeddingError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|source| EmbeddingError::Config {
        path: path.into(),
        source: Arc::new(source),
    })
}

/// Checks what candle would notice in the middle of a batch, or never.
fn check(config: &Config, tokenizer: &Tokenizer, model: &EmbeddingModel) -> Result<(), EmbeddingError> {
    // Not the number of tokens: ids may have gaps.
    let last = tokenizer.get_vocab(true).into_values().max();
    let vocabulary = last.map_or(0, |id| id as usize + 1);
    let (known, positions) = (config.vocab_size, config.max_position_embeddings);
    let (longest, hidden, heads) = (model.max_tokens, config.hidden_size, config.num_attention_heads);
    let what = if vocabulary > known {
        format!("tokenizer.json has {vocabulary} tokens and config.json only {known}")
    } else if longest > positions {
        format!("texts may have {longest} tokens, and config.json has only {positions} positions")
    } else if heads == 0 || hidden == 0 || !hidden.is_multiple_of(heads) {
        format!("config.json has a hidden size of {hidden}, which {heads} attention heads cannot share")
    } else {
        return Ok(());
    };
    Err(EmbeddingError::Mismatch {
        dir: model.dir.clone(),
        what,
    })
}

/// Checks the special tokens around every text: another part of tokenizer.json lists them, with their ids. Without this
/// check, three faults would be noticed only in the middle of a batch: an id outside the vocabulary, special tokens
/// that leave no room for a text, and no special tokens, so that an empty text has no token.
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
            "tokenizer.json puts the tokens {ids:?} around each text; there must be at least one, fewer than the {} \
             tokens that a text may have, and each id must be below {}, the vocabulary size of config.json",
            model.max_tokens, config.vocab_size
        ),
    })
}

/// The vector scaled to length 1, or `None` if it has no direction. Computed in f64, so that the dot product with
/// itself is 1 within the last bits of f32.
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

/// A vector for every text, repeated texts included. The last text that needs a vector takes it, the others copy it.
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
