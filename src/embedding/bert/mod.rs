//! A BERT encoder on our kernels: 8-bit products, everything between them in single precision.
//!
//! In: token ids of some texts. Out: for each text the pooled rows of the last layer. The texts' rows are stored one
//! after another without padding, `[Σ tokens, hidden]`. Post-norm layers as in Devlin et al. 2018,
//! <https://arxiv.org/abs/1810.04805>. A text's result does not depend on the texts beside it or on the number of
//! threads, to the last bit. Runs on the calling thread and the pool's; cannot fail once loaded.

mod bert_layer;
mod bert_weights;
mod word_embeddings;

use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::activations::Activations;
use crate::kernels::layer_norm::LayerNorm;
use crate::kernels::pool::Pool;
use crate::kernels::simd::Level;
use crate::weights::Pooling;
use bert_layer::{BertLayer, BertNorm};
use word_embeddings::WordEmbeddings;

/// A loaded encoder.
pub(super) struct Bert {
    pool: Arc<Pool>,
    level: Level,
    words: WordEmbeddings,
    /// The position embeddings, `[positions, hidden]`. The first token type's row, which all texts have, is added to
    /// them.
    places: Vec<f32>,
    norm: BertNorm,
    layers: Vec<BertLayer>,
    shape: Shape,
    /// Buffers of finished calls, for the next ones.
    spare: Mutex<Vec<Rows>>,
}

/// The dimensions of the model.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Numbers in a row.
    hidden: usize,
    /// Numbers in a row inside the feed-forward network.
    inner: usize,
    /// Attention heads.
    heads: usize,
    /// The epsilon of all norms.
    epsilon: f32,
}

/// The buffers of one batch, `[rows, …]` each.
struct Rows {
    /// The rows between layers.
    x: Vec<f32>,
    /// `x` quantised; inside attention, its quantised output.
    codes: Activations,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    /// The output of attention.
    context: Vec<f32>,
    /// Inside the feed-forward network, `[rows, inner]`.
    inner: Vec<f32>,
    /// `inner` after the activation, quantised.
    inner_codes: Activations,
}

impl Bert {
    /// One row of `hidden` numbers per text: the mean of its rows in the last layer, or the first of them. A text has
    /// at least one token and at most as many as the model has positions; ids are below the size of the vocabulary.
    pub(super) fn pooled(&self, texts: &[&[u32]], pooling: Pooling) -> Vec<Vec<f32>> {
        let mut starts = vec![0];
        starts.extend(texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        }));
        let mut rows = self.spare().pop().unwrap_or_default();
        rows.resize(texts.iter().map(|text| text.len()).sum(), &self.shape);
        self.embed(texts, &mut rows);
        for layer in &self.layers {
            layer.forward(&self.pool, self.level, &self.shape, &starts, &mut rows);
        }
        let pooled = starts
            .windows(2)
            .map(|bounds| self.mean(&rows.x, bounds[0], pooling.end(bounds[0], bounds[1])));
        let pooled = pooled.collect();
        self.spare().push(rows);
        pooled
    }

    /// Word and position embeddings, added and normalised.
    fn embed(&self, texts: &[&[u32]], rows: &mut Rows) {
        let hidden = self.shape.hidden;
        let mut places = Vec::with_capacity(rows.x.len() / hidden);
        let tokens = texts.iter().flat_map(|text| text.iter().enumerate());
        for ((place, &word), row) in tokens.zip(rows.x.chunks_exact_mut(hidden)) {
            self.words.row(word, row);
            places.push(place);
        }
        let place = |row: usize| &self.places[places[row] * hidden..][..hidden];
        self.norm
            .of(&self.shape)
            .apply_all(&self.pool, self.level, &mut rows.x, place, &mut rows.codes);
    }

    fn mean(&self, rows: &[f32], start: usize, end: usize) -> Vec<f32> {
        let hidden = self.shape.hidden;
        let mut mean = vec![0.0; hidden];
        for row in rows[start * hidden..end * hidden].chunks_exact(hidden) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(mean, number)| *mean += number);
        }
        mean.iter_mut().for_each(|mean| *mean /= (end - start) as f32);
        mean
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Rows>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pooling {
    /// The end of the rows that are averaged, for a text whose rows are `start..end`.
    fn end(self, start: usize, end: usize) -> usize {
        match self {
            Pooling::Mean => end,
            Pooling::Cls => start + 1,
        }
    }
}

impl Default for Rows {
    fn default() -> Self {
        let empty = Vec::new;
        Self {
            x: empty(),
            codes: Activations::wide(),
            queries: empty(),
            keys: empty(),
            values: empty(),
            context: empty(),
            inner: empty(),
            inner_codes: Activations::wide(),
        }
    }
}

impl Rows {
    /// Resizes the buffers. Their content is unspecified until it is written.
    fn resize(&mut self, rows: usize, shape: &Shape) {
        let of_hidden = [
            &mut self.x,
            &mut self.queries,
            &mut self.keys,
            &mut self.values,
            &mut self.context,
        ];
        of_hidden
            .into_iter()
            .for_each(|part| part.resize(rows * shape.hidden, 0.0));
        self.inner.resize(rows * shape.inner, 0.0);
    }
}

impl BertNorm {
    fn of<'a>(&'a self, shape: &Shape) -> LayerNorm<'a> {
        LayerNorm {
            weight: &self.weight,
            bias: &self.bias,
            epsilon: shape.epsilon,
        }
    }
}
