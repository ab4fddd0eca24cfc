//! The default chat model itself: prefilling a text in chunks gives the same bits as prefilling it at once.

use std::sync::Arc;

use candle_core::Device;
use flipkart_recommender::internals::{BLOCK, Chunk, Gguf, Model, Pool, from_gguf, load_decoder};
use tokenizers::Tokenizer;

use crate::harness::model_files;

const TEXT: &str =
    "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday, Monday, Tuesday, Wednesday,";
/// The number of blocks; each sequence uses a few of them.
const BLOCKS: u32 = 32;

fn load() -> (Box<dyn Model>, Tokenizer) {
    let path = model_files::chat();
    let gguf = Gguf::read(&path).expect("a GGUF file");
    let pool = Arc::new(Pool::new("test", 2).expect("threads"));
    let mut model = load_decoder(&gguf, &Device::Cpu, pool).expect("a chat model");
    model.reserve(BLOCKS as usize).expect("memory");
    (model, from_gguf(&gguf).expect("its tokenizer"))
}

fn likeliest(logits: &[f32]) -> u32 {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.expect("a vocabulary").0 as u32
}

fn distance(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let differences = left.iter().zip(right).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

/// Prefills `tokens` of a sequence that is stored in `blocks`, after `start` others; gives the logits after the last.
fn prefill(model: &mut dyn Model, blocks: &[u32], start: usize, tokens: &[u32]) -> Vec<f32> {
    let mut logits = Vec::new();
    let chunk = Chunk {
        blocks,
        start,
        tokens,
        logits: 1,
    };
    model.forward(&[chunk], &mut logits).expect("a forward pass");
    assert_eq!(logits.len(), model.shape().vocabulary);
    logits
}

/// Continues `prompt` with the likeliest token each time; gives these tokens, and the logits that chose each.
fn greedy(model: &mut dyn Model, prompt: &[u32], tokens: usize) -> (Vec<u32>, Vec<Vec<f32>>) {
    let blocks: Vec<u32> = (0..8).collect();
    let mut logits = prefill(model, &blocks, 0, prompt);
    let (mut chosen, mut seen) = (Vec::new(), Vec::new());
    for at in prompt.len()..prompt.len() + tokens {
        let token = likeliest(&logits);
        chosen.push(token);
        seen.push(std::mem::replace(
            &mut logits,
            prefill(model, &blocks, at, &[token]),
        ));
    }
    (chosen, seen)
}

fn prompt(tokenizer: &Tokenizer) -> Vec<u32> {
    let encoded = tokenizer.encode_fast(TEXT, false).expect("it encodes");
    encoded.get_ids().to_vec()
}

#[test]
fn cached_decode_equals_full_prefill() {
    let (mut model, tokenizer) = load();
    let model = model.as_mut();
    let prompt = prompt(&tokenizer);
    let (chosen, seen) = greedy(model, &prompt, 5);

    // The text so far, prefilled again at once, chooses the same token as decoding token by token.
    let elsewhere: Vec<u32> = (8..16).collect();
    for (step, logits) in seen.iter().enumerate() {
        let whole: Vec<u32> = prompt.iter().chain(&chosen[..step]).copied().collect();
        let full = prefill(model, &elsewhere, 0, &whole);
        assert_eq!(distance(logits, &full), 0.0, "step {step}");
        assert_eq!(likeliest(&full), chosen[step], "step {step}");
    }
    let text = tokenizer.decode(&chosen, false).expect("it decodes");
    assert!(text.starts_with(" Thursday, Friday,"), "{text:?}");
    assert_eq!(
        greedy(model, &prompt, 5).0,
        chosen,
        "the second run gives the same tokens"
    );
}

#[test]
fn a_prompt_may_be_prefilled_in_chunks_and_share_its_beginning() {
    let (mut model, tokenizer) = load();
    let model = model.as_mut();
    let prompt = prompt(&tokenizer);
    assert!(prompt.len() > BLOCK, "it begins with a whole block");
    let whole = prefill(model, &[0, 1, 2], 0, &prompt);
    let other = prefill(model, &[3, 4, 5], 0, &prompt[1..]);
    assert!(
        distance(&other, &whole) > 1.0,
        "the distance shows one missing token"
    );
    for (blocks, start, piece) in [([6, 7, 8], 0, 1), ([9, 10, 11], 0, 5), ([0, 12, 13], BLOCK, 3)] {
        let mut logits = Vec::new();
        let starts = (start..).step_by(piece);
        for (at, tokens) in starts.zip(prompt[start..].chunks(piece)) {
            logits = prefill(model, &blocks, at, tokens);
        }
        assert_eq!(distance(&logits, &whole), 0.0, "chunks of {piece} from {start}");
        assert_eq!(
            likeliest(&logits),
            likeliest(&whole),
            "chunks of {piece} from {start}"
        );
    }
}
