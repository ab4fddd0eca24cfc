//! Attention of an encoder: every token of a text attends to all tokens of the text.
//!
//! In: queries, keys and values of several texts, whose rows lie one text after another without padding. Out: a row for
//! each token. A task is one head of one text, so a text's result does not depend on the other texts of the batch. Keys
//! and values are single precision: they are not kept, so half precision would save no memory.

mod bidirectional_kernel;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use super::disjoint::Disjoint;
use super::pool::Pool;
use super::simd::Level;
use bidirectional_kernel::HeadTask;

thread_local! {
    /// Transposed keys and the weights of a few queries, as large as the longest text of the thread so far needs.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The parameters of one layer's attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bidirectional<'a> {
    /// Heads of queries, and as many heads of keys and values.
    pub heads: usize,
    /// The factor of the scores.
    pub scale: f32,
    /// Added to each row of queries, `[heads, head_dim]`.
    pub query_bias: &'a [f32],
}

/// The projections of a batch's rows, each `[rows, heads, head_dim]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Projected<'a> {
    /// Without their bias.
    pub queries: &'a [f32],
    /// Without a bias: it would add the same number to all scores of a query, which does not change a softmax.
    pub keys: &'a [f32],
    /// Without a bias: weights sum to 1, so attention would pass it on unchanged. The caller adds it afterwards.
    pub values: &'a [f32],
}

impl Bidirectional<'_> {
    /// `softmax((q + query_bias) · kᵀ · scale) · v` for each text and head, into `out`, `[rows, heads, head_dim]`. The
    /// rows of text `i` are `starts[i]..starts[i + 1]`; `starts` begins with 0 and rises to the number of rows.
    ///
    /// # Panics
    /// If a slice does not have the shape.
    pub(crate) fn attend(
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
                    // The task writes only its head's numbers in its text's rows.
                    out: out.start().wrapping_add(at),
                    scratch,
                });
            });
        });
    }
}
