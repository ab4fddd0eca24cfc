//! The tensors that depend on how many tokens a layer sees: rotary angles, and masks that hide the other tokens.

use candle_core::{Device, Result, Tensor};

use crate::generation::model::Chunk;
use crate::generation::model::architecture::Rotation;

/// The tensors of all layers that see the same number of tokens.
pub(super) struct View {
    /// `[rows, head_dim / 2]`.
    pub cosines: Tensor,
    /// `[rows, head_dim / 2]`.
    pub sines: Tensor,
    /// For each group `[1, chunks, 1, tokens, span]`: 0 if a token sees a position, -∞ if not. `None` if all see all.
    pub masks: Vec<Option<Tensor>>,
}

impl View {
    /// `runs` are the chunks of each group; `window` is the number of tokens that a token sees, `None` all before it.
    pub(super) fn new(
        rotation: &Rotation,
        window: Option<usize>,
        runs: &[&[Chunk<'_>]],
        device: &Device,
    ) -> Result<Self> {
        let (cosines, sines): (Vec<f32>, Vec<f32>) = runs
            .iter()
            .flat_map(|run| run.iter().flat_map(positions))
            .flat_map(|position| rotation.angles(position))
            .unzip();
        let shape = (
            cosines.len() / rotation.frequencies.len(),
            rotation.frequencies.len(),
        );
        Ok(Self {
            cosines: Tensor::from_vec(cosines, shape, device)?,
            sines: Tensor::from_vec(sines, shape, device)?,
            masks: runs
                .iter()
                .map(|run| mask(run, window, device))
                .collect::<Result<_>>()?,
        })
    }
}

fn mask(run: &[Chunk<'_>], window: Option<usize>, device: &Device) -> Result<Option<Tensor>> {
    let span = span(run);
    let sees = |position: usize, other: usize| {
        other <= position && window.is_none_or(|window| position - other < window)
    };
    let mask: Vec<f32> = run
        .iter()
        .flat_map(positions)
        .flat_map(|position| (0..span).map(move |other| (position, other)))
        .map(|(position, other)| {
            if sees(position, other) {
                0.0
            } else {
                f32::NEG_INFINITY
            }
        })
        .collect();
    if mask.iter().all(|number| *number == 0.0) {
        return Ok(None);
    }
    Tensor::from_vec(mask, (1, run.len(), 1, run[0].tokens.len(), span), device).map(Some)
}

/// The positions of a chunk's tokens in their sequence.
pub(super) fn positions(chunk: &Chunk<'_>) -> std::ops::Range<usize> {
    chunk.start..end(chunk)
}

/// The length of a chunk's context, including its own tokens.
pub(super) fn end(chunk: &Chunk<'_>) -> usize {
    chunk.start + chunk.tokens.len()
}

/// The length of the longest context of a run.
pub(super) fn span(run: &[Chunk<'_>]) -> usize {
    run.iter().map(end).max().unwrap_or(0)
}
