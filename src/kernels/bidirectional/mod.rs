//! Attention of an encoder: every token of a text looks at all of the text's tokens.
//!
//! In: queries, keys and values of several texts, their rows packed one text after another without padding. Out: a
//! row for each token. A task is one head of one text, so what a text gets does not depend on the texts beside it.
//! Keys and values are single precision: nothing is stored for later, so there is nothing to save.

mod bidirectional_kernel;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use super::disjoint::Disjoint;
use super::pool::Pool;
use super::simd::Level;
use bidirectional_kernel::HeadTask;

thread_local! {
    /// Transposed keys and the weights of a few queries, as large as the longest text that the thread has seen.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// What attention of one layer is.
#[derive(Debug, Clone, Copy)]
pub struct Bidirectional<'a> {
    /// Heads of queries, and as many of keys and values.
    pub heads: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// Added to each row of queries, `[heads, head_dim]`.
    pub query_bias: &'a [f32],
}

/// The projections of a batch's rows, each `[rows, heads, head_dim]`.
#[derive(Debug, Clone, Copy)]
pub struct Projected<'a> {
    /// Without their bias.
    pub queries: &'a [f32],
    /// Without a bias: it would add the same to all scores of a query, and softmax takes that away again.
    pub keys: &'a [f32],
    /// Without a bias: weights sum to 1, so it would come through unchanged and can be added later.
    pub values: &'a [f32],
}

impl Bidirectional<'_> {
    /// `softmax((q + query_bias) · kᵀ · scale) · v` for each text and head, into `out`, `[rows, heads, head_dim]`. The
    /// rows of text `i` are `starts[i]..starts[i + 1]`; `starts` begins with 0 and rises to the number of rows.
    ///
    /// # Panics
    /// If a slice does not have the shape.
    pub fn attend(
        &self,
        pool: &Pool,
        level: Level,
        starts: &[usize],
        projected: &Projected<'_>,
        out: &mut [f32],
    ) {
        let width = self.query_bias.len();
        let size = width / self.heads;
        let rows = starts.last().copied().unwrap_or(0);
        assert!(
            starts.is_sorted() && starts.first().is_none_or(|&first| first == 0),
            "texts follow each other"
        );
        assert_eq!(size * self.heads, width, "heads of one size");
        let Projected {
            queries,
            keys,
            values,
        } = projected;
        let lengths = [queries.len(), keys.len(), values.len(), out.len()];
        assert_eq!(lengths, [rows * width; 4], "a row for each token");
        let texts = starts.len().saturating_sub(1);
        let out = Disjoint::new(out);
        pool.run(texts * self.heads, |task| {
            let (text, head) = (task / self.heads, task % self.heads);
            let (first, tokens) = (starts[text], starts[text + 1] - starts[text]);
            let at = first * width + head * size;
            if tokens == 0 {
                return;
            }
            SCRATCH.with_borrow_mut(|scratch| {
                level.run(HeadTask {
                    tokens,
                    width,
                    scale: self.scale,
                    query_bias: &self.query_bias[head * size..][..size],
                    queries: &queries[at..],
                    keys: &keys[at..],
                    values: &values[at..],
                    // Written at the head's own numbers of the text's own rows only.
                    out: out.start().wrapping_add(at),
                    scratch,
                });
            });
        });
    }
}
