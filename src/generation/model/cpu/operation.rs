//! A step as a candle operation: the input is a tensor of token ids, the output a tensor of logits.
//!
//! One operation is a whole step, because its layers use buffers that are kept from step to step and share one division
//! into tasks; a graph of small operations would allocate in each of them and wake the threads more often.

use std::cell::RefCell;

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Storage, Tensor, bail};

use super::{Chunk, Decoder};

/// Runs the decoder over a batch's tokens.
struct Step<'a> {
    /// candle passes operations by shared reference; this one runs once.
    decoder: RefCell<&'a mut Decoder>,
    chunks: &'a [Chunk<'a>],
}

impl CustomOp1 for Step<'_> {
    fn name(&self) -> &'static str {
        "decoder-step"
    }

    /// `[rows]` token ids → `[requested rows, vocabulary]`.
    fn cpu_fwd(&self, tokens: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Some((from, to)) = layout.contiguous_offsets() else {
            bail!("the token ids are not contiguous");
        };
        let tokens = &tokens.as_slice::<u32>()?[from..to];
        let mut decoder = self.decoder.borrow_mut();
        let logits = decoder.step(tokens, self.chunks);
        let vocabulary = decoder.architecture.vocabulary;
        let rows = logits.len() / vocabulary;
        Ok((CpuStorage::F32(logits), Shape::from((rows, vocabulary))))
    }
}

/// Reads `chunks` and replaces the content of `logits` with their rows.
pub(super) fn run(decoder: &mut Decoder, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<()> {
    let tokens: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.tokens).copied().collect();
    let step = Step {
        decoder: RefCell::new(decoder),
        chunks,
    };
    let found = Tensor::new(tokens, &Device::Cpu)?.apply_op1_no_bwd(&step)?;
    logits.clear();
    match &*found.storage_and_layout().0 {
        Storage::Cpu(storage) => logits.extend_from_slice(storage.as_slice::<f32>()?),
        _ => bail!("the logits are not in the CPU's memory"),
    }
    Ok(())
}
