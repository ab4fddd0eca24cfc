//! One layer of the decoder, over all rows of a batch.

use super::Buffers;
use crate::generation::model::architecture::Architecture;
use crate::kernels::activations::Activations;
use crate::kernels::attention::{Attention, Plan, attend};
use crate::kernels::elementwise::{self, Norm};
use crate::kernels::kv_store::Store;
use crate::kernels::matmul::{Matmul, multiply};
use crate::kernels::pool::Pool;
use crate::kernels::qkv::{Place, Projections, QkvFinish, add, finish_and_store};
use crate::kernels::simd::Level;
use crate::kernels::tiles::Matrix;

/// A layer's weights; names and shapes as in [`crate::generation::model::architecture::LayerTensor`].
pub(super) struct CpuLayer {
    pub attention_norm: Vec<f32>,
    pub query: Matrix,
    pub key: Matrix,
    pub value: Matrix,
    /// The biases of queries, keys and values.
    pub biases: Option<[Vec<f32>; 3]>,
    /// The norms of each head's queries and keys.
    pub head_norms: Option<[Vec<f32>; 2]>,
    pub output: Matrix,
    pub feed_forward_norm: Vec<f32>,
    pub gate: Matrix,
    pub up: Matrix,
    pub down: Matrix,
    /// The norms after attention and after the feed-forward network.
    pub post_norms: Option<[Vec<f32>; 2]>,
}

/// The data that the layers of a step share, and the layer's number.
pub(super) struct Step<'a> {
    pub architecture: &'a Architecture,
    pub pool: &'a Pool,
    pub level: Level,
    pub plan: &'a Plan<'a>,
    /// The place of each row's keys and values.
    pub places: &'a [Place],
    /// The layer's number.
    pub at: usize,
}

impl Step<'_> {
    /// Adds the layer's output to `hidden`.
    pub(super) fn run(&self, layer: &CpuLayer, store: &mut Store, buffers: &mut Buffers) {
        self.attention(layer, store, buffers);
        self.feed_forward(layer, buffers);
    }

    fn attention(&self, layer: &CpuLayer, store: &mut Store, buffers: &mut Buffers) {
        let window = self.architecture.window(self.at);
        self.norm_rows(&layer.attention_norm, &buffers.hidden, &mut buffers.input);
        self.multiply(
            &buffers.input,
            &mut [
                product(&layer.query, &mut buffers.queries),
                product(&layer.key, &mut buffers.keys),
                product(&layer.value, &mut buffers.values),
            ],
        );
        let finish = QkvFinish {
            biases: layer
                .biases
                .as_ref()
                .map(|biases| biases.each_ref().map(Vec::as_slice)),
            norms: layer
                .head_norms
                .as_ref()
                .map(|norms| norms.each_ref().map(|weight| self.norm(weight))),
            angles: match window {
                Some(_) => &buffers.sliding_angles,
                None => &buffers.angles,
            },
        };
        let projections = Projections {
            queries: &mut buffers.queries,
            keys: &mut buffers.keys,
            values: &mut buffers.values,
        };
        finish_and_store(
            self.pool,
            self.level,
            &finish,
            projections,
            (store, self.at),
            self.places,
        );
        let attention = Attention {
            heads: self.architecture.heads,
            scale: self.architecture.attention_scale,
            window,
        };
        attend(
            self.pool,
            self.level,
            &attention,
            (store, self.at),
            self.plan,
            &buffers.queries,
            &mut buffers.attended,
            &mut buffers.partials,
        );
        let width = self.architecture.query_width();
        let attended = &buffers.attended;
        buffers.input.resize(self.places.len(), width);
        buffers.input.write_rows(self.pool, |row, to| {
            to.write(self.level, &attended[row * width..(row + 1) * width]);
        });
        let post_norm = layer.post_norms.as_ref().map(|[norm, _]| norm.as_slice());
        self.add_to_hidden(&layer.output, post_norm, buffers);
    }

    fn feed_forward(&self, layer: &CpuLayer, buffers: &mut Buffers) {
        self.norm_rows(&layer.feed_forward_norm, &buffers.hidden, &mut buffers.input);
        self.multiply(
            &buffers.input,
            &mut [
                product(&layer.gate, &mut buffers.gate),
                product(&layer.up, &mut buffers.up),
            ],
        );
        let curve = self.architecture.traits().activation;
        let width = self.architecture.feed_forward;
        let (gate, up) = (&buffers.gate, &buffers.up);
        buffers.input.resize(self.places.len(), width);
        buffers.input.write_rows(self.pool, |row, to| {
            let own = row * width..(row + 1) * width;
            elementwise::gate(self.level, curve, &gate[own.clone()], &up[own], to);
        });
        let post_norm = layer.post_norms.as_ref().map(|[_, norm]| norm.as_slice());
        self.add_to_hidden(&layer.down, post_norm, buffers);
    }

    /// `hidden + (norm) input · matrix`.
    fn add_to_hidden(&self, matrix: &Matrix, post_norm: Option<&[f32]>, buffers: &mut Buffers) {
        let Some(weight) = post_norm else {
            let product = Matmul {
                matrix,
                out: &mut buffers.hidden,
                add: true,
            };
            return self.multiply(&buffers.input, &mut [product]);
        };
        self.multiply(&buffers.input, &mut [product(matrix, &mut buffers.added)]);
        let (width, norm) = (self.architecture.width, self.norm(weight));
        self.pool
            .for_rows_mut(&mut buffers.added, width, |_, row| norm.apply(self.level, row));
        add(&mut buffers.hidden, &buffers.added);
    }

    fn norm<'a>(&self, weight: &'a [f32]) -> Norm<'a> {
        Norm {
            weight,
            epsilon: self.architecture.norm_epsilon,
        }
    }

    fn norm_rows(&self, weight: &[f32], hidden: &[f32], input: &mut Activations) {
        let (width, norm) = (self.architecture.width, self.norm(weight));
        input.resize(self.places.len(), width);
        input.write_rows(self.pool, |row, to| {
            norm.quantise(self.level, &hidden[row * width..(row + 1) * width], to);
        });
    }

    fn multiply(&self, input: &Activations, products: &mut [Matmul<'_>]) {
        multiply(self.pool, self.level, input, products);
    }
}

fn product<'a>(matrix: &'a Matrix, out: &'a mut [f32]) -> Matmul<'a> {
    Matmul {
        matrix,
        out,
        add: false,
    }
}
