//! Checks that the models compute known results, on this machine and in this build.
//!
//! In: a loaded model and the manifest's golden text. Out: nothing, or an error that names what differs. Otherwise only
//! users would notice a wrong kernel, tokenizer or quantisation. Runs on the thread that loads.

use anyhow::{Context, bail, ensure};
use tokenizers::Tokenizer;

use crate::embedding::Encoder;
use crate::generation::{Engine, GenerationEvent, Reason, Request, Sampling};
use crate::weights::manifest::Golden;

/// Checks that the chat model continues the golden text as expected.
pub(super) fn chat(engine: &Engine, tokenizer: &Tokenizer, golden: &Golden) -> anyhow::Result<()> {
    let Some(expected) = &golden.continuation else {
        return Ok(());
    };
    let tokens = |text: &str| -> anyhow::Result<Vec<u32>> {
        let encoding = tokenizer.encode(text, false).map_err(anyhow::Error::msg)?;
        Ok(encoding.get_ids().to_vec())
    };
    let request = Request {
        prompt: tokens(&golden.text)?,
        max_tokens: tokens(expected)?.len(),
        stop: vec![],
        sampling: Sampling::GREEDY,
        constraint: None,
        deadline: None,
    };
    let mut steps = engine
        .generate(request)
        .context("The chat model's self-test could not be run")?;
    let (mut found, mut ended) = (String::new(), false);
    while let Some(step) = steps.blocking_recv() {
        match step {
            GenerationEvent::Text(text) => found.push_str(&text),
            GenerationEvent::Finished(finished) if finished.reason == Reason::Error => {
                bail!("The chat model failed in its self-test; the log lines above say why.")
            }
            GenerationEvent::Finished(_) => ended = true,
            _ => {}
        }
    }
    ensure!(
        ended,
        "The chat model stopped in its self-test; the log lines above say why."
    );
    ensure!(
        found == *expected,
        "The chat model fails its self-test: after {:?} it generates {found:?} instead of {expected:?}. Its weights are \
         correct, so its tokenizer or the arithmetic of this build is wrong on this machine; please report \
         this with the output of `doctor`.",
        golden.text
    );
    Ok(())
}

/// The allowed difference of each number of a vector of length 1: 8-bit precision changes it by some thousandths.
const NEAR: f32 = 0.01;

/// Checks that the embedding model makes the expected vector.
pub(super) fn embedding(encoder: &Encoder, golden: &Golden) -> anyhow::Result<()> {
    let Some(expected) = &golden.vector else {
        return Ok(());
    };
    let vectors = encoder
        .encode(&[&golden.text], &mut |_| ())
        .context("The embedding model's self-test could not be run")?;
    let found = &vectors[0];
    let near = |(found, expected): (&f32, &f32)| (found - expected).abs() <= NEAR;
    ensure!(
        found.len() >= expected.len() && found.iter().zip(expected).all(near),
        "The embedding model fails its self-test: the vector of {:?} begins with {:.3?} instead of {expected:.3?}. \
         Its weights are correct, so its tokenizer or the arithmetic of this build is wrong on this machine; please \
         report this with the output of `doctor`.",
        golden.text,
        &found[..expected.len().min(found.len())]
    );
    Ok(())
}
