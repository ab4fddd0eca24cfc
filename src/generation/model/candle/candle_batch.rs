//! Chunks → the index tensors of one forward pass, computed once and used by all layers.
//!
//! Rows are the tokens of all chunks, one after the other. Matrix products take all rows at once. Attention takes
//! groups: neighbouring chunks of the same number of tokens, such as all decoding sequences, with their contexts padded
//! to the longest. So the number of operations in a step depends on the number of groups, not of sequences.

use candle_core::{Device, Result, Tensor};

use super::view::{View, end, positions, span};
use crate::generation::model::architecture::Architecture;
use crate::generation::model::{BLOCK, Chunk};

/// The input of a forward pass, besides weights, keys and values.
pub(super) struct Batch {
    /// `[rows]`.
    pub tokens: Tensor,
    /// The slot of each number of the new keys and values, `[kv_heads, rows, head_dim]`.
    pub written: Tensor,
    /// The rows that get logits, `[n]`; `None` if no row does.
    pub wanted: Option<Tensor>,
    /// The groups, in the order of their rows; together they contain all rows.
    pub groups: Vec<Group>,
    /// The view of layers that see all tokens before.
    pub everything: View,
    /// The view of layers with a window, if the model has any.
    pub window: Option<View>,
}

/// Neighbouring chunks whose attention is computed together.
pub(super) struct Group {
    /// The first row.
    pub row: usize,
    /// The number of chunks.
    pub chunks: usize,
    /// The number of tokens of each chunk.
    pub tokens: usize,
    /// The length of the longest context, including the new tokens.
    pub span: usize,
    /// The slots of all contexts, `[chunks * span]`; shorter contexts are padded with their first slot, which the mask
    /// hides.
    pub slots: Tensor,
}

impl Batch {
    /// The input for `chunks`, which are not empty.
    pub(super) fn new(architecture: &Architecture, chunks: &[Chunk<'_>], device: &Device) -> Result<Self> {
        let tokens: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.tokens).copied().collect();
        let rows = tokens.len();
        let written: Vec<u32> = chunks
            .iter()
            .flat_map(|chunk| positions(chunk).map(|position| slot(chunk, position)))
            .collect();
        let of_numbers = (architecture.kv_heads, rows, architecture.head_dim);
        let runs: Vec<&[Chunk<'_>]> = chunks.chunk_by(|a, b| a.tokens.len() == b.tokens.len()).collect();
        let wanted = wanted(chunks);
        Ok(Self {
            tokens: Tensor::new(tokens, device)?,
            written: Tensor::from_vec(written, (1, rows, 1), device)?
                .broadcast_as(of_numbers)?
                .contiguous()?,
            wanted: match wanted.is_empty() {
                true => None,
                false => Some(Tensor::new(wanted, device)?),
            },
            groups: groups(&runs, device)?,
            everything: View::new(&architecture.rotation, None, &runs, device)?,
            window: match &architecture.sliding {
                Some(sliding) => Some(View::new(&sliding.rotation, Some(sliding.window), &runs, device)?),
                None => None,
            },
        })
    }
}

fn groups(runs: &[&[Chunk<'_>]], device: &Device) -> Result<Vec<Group>> {
    let mut row = 0;
    let group = |run: &&[Chunk<'_>]| {
        let (tokens, span) = (run[0].tokens.len(), span(run));
        let slots: Vec<u32> = run
            .iter()
            .flat_map(|chunk| {
                // The mask hides the padding. But a product with NaN is NaN, so it is a slot of the chunk itself.
                (0..span).map(|position| match position < end(chunk) {
                    true => slot(chunk, position),
                    false => slot(chunk, 0),
                })
            })
            .collect();
        let first = row;
        row += run.len() * tokens;
        Ok(Group {
            row: first,
            chunks: run.len(),
            tokens,
            span,
            slots: Tensor::new(slots, device)?,
        })
    };
    runs.iter().map(group).collect()
}

/// The rows that get logits.
fn wanted(chunks: &[Chunk<'_>]) -> Vec<u32> {
    let mut end = 0;
    let mut wanted = Vec::new();
    for chunk in chunks {
        end += chunk.tokens.len() as u32;
        wanted.extend(end - chunk.logits as u32..end);
    }
    wanted
}

fn slot(chunk: &Chunk<'_>, position: usize) -> u32 {
    chunk.blocks[position / BLOCK] * BLOCK as u32 + (position % BLOCK) as u32
}
