//! The decoder on a CPU: `cpu_weights` repacks the file's weights, and [`crate::kernels`] computes.
//!
//! In: batches of chunks over the interface in [`super`]. Out: logits. It runs on the engine's thread and the pool's
//! threads. All buffers are kept from step to step. The bits of a row depend only on its own sequence: neither on other
//! rows of the batch, nor on the number of threads, nor on cached tokens.

mod cpu_layer;
mod cpu_weights;
mod operation;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::architecture::Architecture;
use super::{BLOCK, Chunk, Model, ModelError, Shape};
use crate::kernels::activations::Activations;
use crate::kernels::attention::{AttentionSpan, Partials, Plan};
use crate::kernels::elementwise::Norm;
use crate::kernels::kv_store::Store;
use crate::kernels::matmul::{Matmul, multiply};
use crate::kernels::pool::Pool;
use crate::kernels::qkv::Place;
use crate::kernels::rotary::Angles;
use crate::kernels::simd::Level;
use crate::kernels::tiles::Matrix;
use cpu_layer::CpuLayer;

/// A loaded decoder.
pub(crate) struct Decoder {
    architecture: Architecture,
    weights: Weights,
    store: Store,
    buffers: Buffers,
    pool: Arc<Pool>,
    level: Level,
}

struct Weights {
    /// `[vocabulary, width]`.
    embedding: Matrix,
    layers: Vec<CpuLayer>,
    /// `[width]`.
    norm: Vec<f32>,
    /// `[vocabulary, width]`; `None` if the embedding is used.
    head: Option<Matrix>,
}

/// The intermediate results, each `[rows, …]`; kept from step to step.
struct Buffers {
    /// The tokens' vectors between layers, `[rows, width]`.
    hidden: Vec<f32>,
    /// `[rows, heads · head_dim]`.
    queries: Vec<f32>,
    /// `[rows, kv_heads · head_dim]`.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// The output of attention, `[rows, heads · head_dim]`.
    attended: Vec<f32>,
    partials: Partials,
    /// `[rows, feed_forward]`.
    gate: Vec<f32>,
    up: Vec<f32>,
    /// An output that is normed before it is added, `[rows, width]`.
    added: Vec<f32>,
    /// The input of the next matrix product.
    input: Activations,
    angles: Angles,
    sliding_angles: Angles,
}

impl Buffers {
    fn new(architecture: &Architecture) -> Self {
        let angles = || Angles::new(architecture.traits().pairs, architecture.head_dim);
        Self {
            hidden: Vec::new(),
            queries: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            attended: Vec::new(),
            partials: Partials::default(),
            gate: Vec::new(),
            up: Vec::new(),
            added: Vec::new(),
            input: Activations::default(),
            angles: angles(),
            sliding_angles: angles(),
        }
    }

    fn resize(&mut self, architecture: &Architecture, rows: usize) {
        let (queries, keys) = (architecture.query_width(), architecture.key_width());
        for (buffer, width) in [
            (&mut self.hidden, architecture.width),
            (&mut self.queries, queries),
            (&mut self.keys, keys),
            (&mut self.values, keys),
            (&mut self.attended, queries),
            (&mut self.gate, architecture.feed_forward),
            (&mut self.up, architecture.feed_forward),
        ] {
            buffer.resize(rows * width, 0.0);
        }
        if architecture.traits().post_norms {
            self.added.resize(rows * architecture.width, 0.0);
        }
    }
}

impl Model for Decoder {
    fn shape(&self) -> Shape {
        let Architecture {
            layers,
            kv_heads,
            head_dim,
            ..
        } = self.architecture;
        Shape {
            context_length: self.architecture.context_length,
            vocabulary: self.architecture.vocabulary,
            block_bytes: Store::block_bytes(layers, kv_heads, head_dim),
        }
    }

    fn reserve(&mut self, blocks: usize) -> Result<(), ModelError> {
        let Architecture {
            layers,
            kv_heads,
            head_dim,
            ..
        } = self.architecture;
        // The old storage is freed first: there may not be memory for both.
        self.store = Store::new(layers, kv_heads, head_dim, 0);
        let bytes = Store::block_bytes(layers, kv_heads, head_dim).saturating_mul(blocks);
        // A trial allocation, which is freed at once: `Store::new` would end the process if the system refused.
        Vec::<u8>::new()
            .try_reserve_exact(bytes)
            .map_err(|_| ModelError::NoMemory { bytes })?;
        self.store = Store::new(layers, kv_heads, head_dim, blocks);
        Ok(())
    }

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        Ok(operation::run(self, chunks, logits)?)
    }
}

/// Chunk and position of each row.
fn positions<'a>(chunks: &'a [Chunk<'a>]) -> impl Iterator<Item = (&'a Chunk<'a>, usize)> {
    chunks.iter().flat_map(|chunk| {
        (chunk.start..chunk.start + chunk.tokens.len()).map(move |position| (chunk, position))
    })
}

impl Decoder {
    /// Reads the chunks, whose tokens are `tokens`; returns the requested logits.
    fn step(&mut self, tokens: &[u32], chunks: &[Chunk<'_>]) -> Vec<f32> {
        let plan = self.plan(chunks);
        let places: Vec<Place> = positions(chunks)
            .map(|(chunk, position)| Place {
                block: chunk.blocks[position / BLOCK],
                slot: position % BLOCK,
            })
            .collect();
        self.embed(tokens, chunks);
        for (at, layer) in self.weights.layers.iter().enumerate() {
            let step = cpu_layer::Step {
                architecture: &self.architecture,
                pool: &self.pool,
                level: self.level,
                plan: &plan,
                places: &places,
                at,
            };
            step.run(layer, &mut self.store, &mut self.buffers);
        }
        self.head(chunks)
    }

    fn plan<'a>(&self, chunks: &[Chunk<'a>]) -> Plan<'a> {
        let mut rows = 0;
        let spans = chunks
            .iter()
            .map(|chunk| {
                let first = rows;
                rows += chunk.tokens.len();
                AttentionSpan {
                    blocks: chunk.blocks,
                    start: chunk.start,
                    rows: first..rows,
                }
            })
            .collect();
        let group = self.architecture.heads / self.architecture.kv_heads;
        Plan::new(spans, self.architecture.kv_heads, group, self.pool.threads())
    }

    /// Fills `hidden` with the tokens' embeddings, and computes the rows' angles.
    fn embed(&mut self, tokens: &[u32], chunks: &[Chunk<'_>]) {
        let Self {
            architecture,
            buffers,
            weights,
            ..
        } = self;
        buffers.resize(architecture, tokens.len());
        let rows = buffers.hidden.chunks_exact_mut(architecture.width);
        for (row, token) in rows.zip(tokens) {
            weights.embedding.row(*token as usize, row);
            if architecture.embedding_scale != 1.0 {
                row.iter_mut()
                    .for_each(|number| *number *= architecture.embedding_scale);
            }
        }
        let numbers = || positions(chunks).map(|(_, position)| position);
        let rotation = &architecture.rotation;
        buffers
            .angles
            .set(numbers(), &rotation.frequencies, rotation.magnitude);
        if let Some(sliding) = &architecture.sliding {
            let rotation = &sliding.rotation;
            buffers
                .sliding_angles
                .set(numbers(), &rotation.frequencies, rotation.magnitude);
        }
    }

    /// The output head, for the requested rows.
    fn head(&mut self, chunks: &[Chunk<'_>]) -> Vec<f32> {
        let mut rows = Vec::new();
        let mut end = 0;
        for chunk in chunks {
            end += chunk.tokens.len();
            rows.extend(end - chunk.logits..end);
        }
        let (width, level) = (self.architecture.width, self.level);
        let Buffers { hidden, input, .. } = &mut self.buffers;
        let norm = Norm {
            weight: &self.weights.norm,
            epsilon: self.architecture.norm_epsilon,
        };
        input.resize(rows.len(), width);
        input.write_rows(&self.pool, |row, to| {
            let at = rows[row] * width;
            norm.quantise(level, &hidden[at..at + width], to);
        });
        let mut logits = vec![0.0; rows.len() * self.architecture.vocabulary];
        let matrix = self.weights.head.as_ref().unwrap_or(&self.weights.embedding);
        let product = Matmul {
            matrix,
            out: &mut logits,
            add: false,
        };
        multiply(&self.pool, level, input, &mut [product]);
        logits
    }
}
