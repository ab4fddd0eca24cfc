//! The default chat model itself: reading a text in pieces comes to the same as reading it at once.

use candle_core::Device;
use flipkart_recommender::generation::model::{self, Model};
use flipkart_recommender::weights::gguf::Gguf;
use flipkart_recommender::weights::tokenizer;
use tokenizers::Tokenizer;

use crate::harness::models;

const TEXT: &str =
    "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday, Monday, Tuesday, Wednesday,";
/// candle rounds what goes between the layers to eight bits, and sums a few rows in another order than many: logits
/// that span 30 then differ by 0.65. One missing token makes a difference of 3.
const NEAR: f32 = 1.0;

fn load() -> (Box<dyn Model>, Tokenizer) {
    let path = models::chat();
    let gguf = Gguf::read(&path).expect("a GGUF file");
    let model = model::load(&path, &gguf, &Device::Cpu).expect("a chat model");
    (model, tokenizer::from_gguf(&gguf).expect("its tokenizer"))
}

fn likeliest(logits: &[f32]) -> u32 {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.expect("a vocabulary").0 as u32
}

fn distance(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// Continues `prompt`, each time with the likeliest token; keeps the logits that chose it.
fn greedy(model: &dyn Model, prompt: &[u32], tokens: usize) -> (Vec<u32>, Vec<Vec<f32>>) {
    let mut context = model.start();
    let mut logits = context.read(prompt).expect("it reads");
    let (mut said, mut seen) = (Vec::new(), Vec::new());
    for _ in 0..tokens {
        let token = likeliest(&logits);
        said.push(token);
        seen.push(std::mem::replace(
            &mut logits,
            context.read(&[token]).expect("it reads"),
        ));
    }
    (said, seen)
}

#[test]
fn cached_decode_equals_full_prefill() {
    let (model, tokenizer) = load();
    let prompt = tokenizer
        .encode_fast(TEXT, false)
        .expect("it encodes")
        .get_ids()
        .to_vec();
    let (said, seen) = greedy(model.as_ref(), &prompt, 5);

    // The text so far, read anew at once, chooses the same token as the text read token by token.
    for (step, logits) in seen.iter().enumerate() {
        let whole: Vec<u32> = prompt.iter().chain(&said[..step]).copied().collect();
        let full = model.start().read(&whole).expect("it reads");
        let far = distance(logits, &full);
        assert!(far < NEAR, "step {step}: {far}");
        assert_eq!(likeliest(&full), said[step], "step {step}");
    }
    let text = tokenizer.decode(&said, false).expect("it decodes");
    assert!(text.starts_with(" Thursday, Friday,"), "{text:?}");
    assert_eq!(greedy(model.as_ref(), &prompt, 5).0, said, "twice the same");
}

#[test]
fn a_prompt_may_be_read_in_pieces_and_forked() {
    let (model, tokenizer) = load();
    let prompt = tokenizer
        .encode_fast(TEXT, false)
        .expect("it encodes")
        .get_ids()
        .to_vec();
    let whole = model.start().read(&prompt).expect("it reads");
    let other = model.start().read(&prompt[1..]).expect("it reads");
    assert!(
        distance(&other, &whole) > 2.0 * NEAR,
        "the measure notices one missing token"
    );
    for piece in [1, 5, prompt.len() - 1] {
        let mut context = model.start();
        let mut logits = Vec::new();
        for tokens in prompt.chunks(piece) {
            // A fork that goes elsewhere leaves its origin as it was.
            context.fork().read(&[0]).expect("it reads");
            logits = context.read(tokens).expect("it reads");
        }
        let far = distance(&logits, &whole);
        assert!(far < NEAR, "pieces of {piece}: {far}");
        assert_eq!(likeliest(&logits), likeliest(&whole), "pieces of {piece}");
        assert_eq!(context.len(), prompt.len());
    }
}
