//! One layer: attention, feed-forward network, and a norm after each.

use super::{Rows, Shape};
use crate::kernels::bidirectional::{Bidirectional, Projected};
use crate::kernels::gelu::gelu_all;
use crate::kernels::matmul::{Matmul, multiply};
use crate::kernels::pool::Pool;
use crate::kernels::simd::Level;
use crate::kernels::tiles::Matrix;

/// A norm's weights, each as long as a row.
pub(super) struct BertNorm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// A layer's weights.
pub(super) struct BertLayer {
    pub query: Matrix,
    pub query_bias: Vec<f32>,
    pub key: Matrix,
    pub value: Matrix,
    pub output: Matrix,
    /// Includes the values' bias, multiplied by `output`.
    pub output_bias: Vec<f32>,
    pub attention_norm: BertNorm,
    pub up: Matrix,
    pub up_bias: Vec<f32>,
    pub down: Matrix,
    pub down_bias: Vec<f32>,
    pub norm: BertNorm,
}

impl BertLayer {
    /// Computes the rows of the next layer from those in `x` and `codes`. The rows of text `i` are
    /// `starts[i]..starts[i + 1]`.
    pub(super) fn forward(
        &self,
        pool: &Pool,
        level: Level,
        shape: &Shape,
        starts: &[usize],
        rows: &mut Rows,
    ) {
        self.attention(pool, level, shape, starts, rows);
        // Biases are added where the next step reads the row, which saves a pass over the rows.
        let output_bias = |_| &self.output_bias[..];
        let norm = self.attention_norm.of(shape);
        norm.apply_all(pool, level, &mut rows.x, output_bias, &mut rows.codes);

        let up = product(&self.up, &mut rows.inner, false);
        multiply(pool, level, &rows.codes, &mut [up]);
        gelu_all(pool, level, &rows.inner, &self.up_bias, &mut rows.inner_codes);
        let down = product(&self.down, &mut rows.x, true);
        multiply(pool, level, &rows.inner_codes, &mut [down]);
        let down_bias = |_| &self.down_bias[..];
        let norm = self.norm.of(shape);
        norm.apply_all(pool, level, &mut rows.x, down_bias, &mut rows.codes);
    }

    /// Adds the output of attention to `x`, without the bias.
    fn attention(&self, pool: &Pool, level: Level, shape: &Shape, starts: &[usize], rows: &mut Rows) {
        let projections = &mut [
            product(&self.query, &mut rows.queries, false),
            product(&self.key, &mut rows.keys, false),
            product(&self.value, &mut rows.values, false),
        ];
        multiply(pool, level, &rows.codes, projections);
        let attention = Bidirectional {
            heads: shape.heads,
            scale: ((shape.hidden / shape.heads) as f32).sqrt().recip(),
            query_bias: &self.query_bias,
        };
        let projected = Projected {
            queries: &rows.queries,
            keys: &rows.keys,
            values: &rows.values,
        };
        attention.attend(pool, level, starts, &projected, &mut rows.context);
        let context = &rows.context;
        rows.codes.write_rows(pool, |row, to| {
            to.write(level, &context[row * shape.hidden..][..shape.hidden]);
        });
        let output = product(&self.output, &mut rows.x, true);
        multiply(pool, level, &rows.codes, &mut [output]);
    }
}

fn product<'a>(matrix: &'a Matrix, out: &'a mut [f32], add: bool) -> Matmul<'a> {
    Matmul { matrix, out, add }
}
