//! candle's decoder against the formulas in plain loops, against candle's own Llama, and against itself in pieces and
//! batches.

use std::io::Cursor;

use candle_core::quantized::gguf_file::Content;
use candle_core::{DType, Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;

use super::*;
use crate::generation::model::architecture::Family;
use crate::generation::model::architecture::testing::{
    ROTARY_FACTORS_OF_LLAMA, Tiny, chunk, distance, largest_difference, reserved, run, tokens,
};
use crate::weights::device::{self, DeviceChoice};
use crate::weights::testing::chat_model;

mod gpu;
mod naive;

/// A GPU, if this is built for one and the machine has one; else the CPU.
fn device() -> Device {
    device::select(DeviceChoice::Auto).unwrap().0
}

/// The largest difference: sums of some hundred products near one, added in another order.
const TOLERANCE: f32 = 2e-4;

fn decoder(tiny: &Tiny, blocks: usize) -> CandleDecoder {
    let (_file, gguf) = tiny.gguf();
    reserved(CandleDecoder::load(&gguf, &device()), blocks)
}

/// The default model with two blocks.
fn default_model() -> CandleDecoder {
    let gguf = Gguf::read(&chat_model()).unwrap();
    reserved(CandleDecoder::load(&gguf, &device()), 2)
}

/// Logits of all tokens of one sequence, read in one step.
fn alone(tiny: &Tiny, tokens: &[u32]) -> Vec<f32> {
    let blocks: Vec<u32> = (0..tokens.len().div_ceil(BLOCK) as u32).collect();
    run(
        &mut decoder(tiny, blocks.len()),
        &[chunk(&blocks, 0, tokens, tokens.len())],
    )
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    let far = largest_difference(found, expected);
    assert!(
        far <= tolerance && found.iter().all(|number| number.is_finite()),
        "{what}: off by {far}"
    );
}

#[test]
fn every_family_and_option_computes_what_the_formulas_say() {
    for (name, tiny) in Tiny::all() {
        let (_file, gguf) = tiny.gguf();
        let tokens = tokens(7, 20);
        let expected = naive::logits(&gguf, &tokens);
        let spread = expected
            .iter()
            .fold(0.0_f32, |most, number| most.max(number.abs()));
        assert!(spread > 0.5, "{name}: logits up to {spread} would hide an error");
        assert_close(&alone(&tiny, &tokens), &expected, TOLERANCE, name);
    }
}

#[test]
fn every_option_changes_the_logits() {
    // Otherwise the test before could not notice an option that both decoders ignore.
    let tokens = tokens(7, 20);
    let sliding = Tiny::sliding();
    let far =
        |changed: &Tiny, from: &Tiny| largest_difference(&alone(changed, &tokens), &alone(from, &tokens));
    for (at, (key, _)) in sliding.metadata.iter().enumerate() {
        // A factor without a type is linear, too.
        if *key != "rope.scaling.type" {
            let mut without = sliding.clone();
            without.metadata.remove(at);
            assert!(far(&without, &sliding) > 0.01, "{key}");
        }
    }
    let llama = Tiny::new(Family::Llama);
    let factors = Some(ROTARY_FACTORS_OF_LLAMA.to_vec());
    for changed in [
        Tiny {
            rotary_factors: factors,
            ..llama.clone()
        },
        Tiny {
            tied_head: false,
            ..llama.clone()
        },
    ] {
        assert!(far(&changed, &llama) > 0.01);
    }
}

#[test]
fn reading_in_pieces_gives_what_reading_at_once_gives() {
    for (name, tiny) in Tiny::all() {
        let tokens = tokens(3, 45);
        let expected = alone(&tiny, &tokens);
        let vocabulary = tiny.vocabulary;
        // Out of order, with room at the end.
        let blocks = [4, 0, 3, 1];
        for pieces in [&[45][..], &[16, 16, 13], &[1, 30, 1, 1, 12], &[1; 45]] {
            let mut decoder = decoder(&tiny, 5);
            let mut start = 0;
            for piece in pieces {
                let logits = run(
                    &mut decoder,
                    &[chunk(&blocks, start, &tokens[start..start + piece], *piece)],
                );
                let expected = &expected[start * vocabulary..(start + piece) * vocabulary];
                assert_close(
                    &logits,
                    expected,
                    TOLERANCE,
                    &format!("{name}, {pieces:?} at {start}"),
                );
                start += piece;
            }
        }
    }
}

#[test]
fn a_batch_gives_what_each_sequence_gives_alone() {
    for (name, tiny) in Tiny::all() {
        let vocabulary = tiny.vocabulary;
        let sequences = [
            tokens(1, 40),
            tokens(2, 3),
            tokens(4, 17),
            tokens(5, 33),
            tokens(6, 1),
        ];
        let blocks: [&[u32]; 5] = [&[9, 2, 5], &[0], &[7, 1], &[3, 8, 4], &[6]];
        // Tokens of each that are read before the batch. In the batch, two sequences decode, and two begin.
        let before = [39, 2, 0, 20, 0];
        let wanted = [1, 1, 17, 0, 1];
        let mut decoder = decoder(&tiny, 10);
        let prompts: Vec<_> = (0..5)
            .filter(|at| before[*at] > 0)
            .map(|at| chunk(blocks[at], 0, &sequences[at][..before[at]], 0))
            .collect();
        assert!(
            run(&mut decoder, &prompts).is_empty(),
            "no chunk asked for logits"
        );
        let batch: Vec<_> = (0..5)
            .map(|at| chunk(blocks[at], before[at], &sequences[at][before[at]..], wanted[at]))
            .collect();
        let logits = run(&mut decoder, &batch);
        let mut expected = Vec::new();
        for (sequence, wanted) in sequences.iter().zip(wanted) {
            let all = alone(&tiny, sequence);
            expected.extend_from_slice(&all[all.len() - wanted * vocabulary..]);
        }
        assert_close(&logits, &expected, TOLERANCE, name);
    }
}

#[test]
fn sequences_share_blocks_and_wrong_drafts_are_overwritten() {
    let tiny = Tiny::new(Family::Qwen3);
    let mut decoder = decoder(&tiny, 4);
    let shared = tokens(1, 16);
    run(&mut decoder, &[chunk(&[2], 0, &shared, 0)]);
    let (first, second) = (tokens(2, 5), tokens(3, 5));
    // A draft: the first two tokens are right, the others are not.
    let draft = [first[0], first[1], 49, 48, 47];
    run(&mut decoder, &[chunk(&[2, 0], 16, &draft, 5)]);
    let logits = run(
        &mut decoder,
        &[chunk(&[2, 0], 18, &first[2..], 1), chunk(&[2, 3], 16, &second, 1)],
    );
    let expected = [first, second].map(|own| {
        let all = alone(&tiny, &[&shared[..], &own].concat());
        all[all.len() - tiny.vocabulary..].to_vec()
    });
    assert_close(&logits, &expected.concat(), TOLERANCE, "after the draft");
}

#[test]
fn nan_in_another_sequence_does_no_harm() {
    let tiny = Tiny::new(Family::Llama);
    let mut decoder = decoder(&tiny, 4);
    let (long, short) = (tokens(1, 20), tokens(2, 4));
    run(
        &mut decoder,
        &[chunk(&[1, 2], 0, &long[..19], 0), chunk(&[3], 0, &short[..3], 0)],
    );
    // Block 0 belongs to another sequence and is broken.
    for cache in &decoder.caches {
        let broken = Tensor::full(f32::NAN, (2, 1, 16), &device()).unwrap();
        let slots = Tensor::zeros((2, 1, 16), DType::U32, &device()).unwrap();
        cache.write(&broken, &broken, &slots).unwrap();
    }
    let logits = run(
        &mut decoder,
        &[chunk(&[1, 2], 19, &long[19..], 1), chunk(&[3], 3, &short[3..], 1)],
    );
    let expected = [long, short].map(|tokens| {
        let all = alone(&tiny, &tokens);
        all[all.len() - tiny.vocabulary..].to_vec()
    });
    assert_close(&logits, &expected.concat(), TOLERANCE, "beside NaN");
}

#[test]
fn the_shape_is_the_files_and_an_empty_batch_has_no_logits() {
    let mut decoder = decoder(&Tiny::new(Family::Llama), 1);
    let expected = Shape {
        context_length: 128,
        vocabulary: 50,
        // 16 tokens × 2 layers × 2 (keys and values) × 2 heads × 16 numbers × 4 bytes.
        block_bytes: 8192,
    };
    assert_eq!(decoder.shape(), expected);
    assert!(run(&mut decoder, &[]).is_empty());
}

#[test]
fn another_thread_can_read_what_one_thread_has_just_loaded() {
    // On a GPU each thread has a queue of its own. The model is large, so that its weights take a while to arrive.
    let read =
        |mut decoder: CandleDecoder| run(&mut decoder, &[chunk(&[1, 0], 0, &[1, 4093, 198, 14413], 1)]);
    let here = read(default_model());
    let loaded = default_model();
    let elsewhere = std::thread::spawn(move || read(loaded)).join().unwrap();
    assert_eq!(here, elsewhere);
}

/// The logits after the last token, by candle's own Llama.
fn candles_llama(file: &std::path::Path, tokens: &[u32]) -> Vec<f32> {
    let mut reader = Cursor::new(std::fs::read(file).unwrap());
    let content = Content::read(&mut reader).unwrap();
    let mut model = ModelWeights::from_gguf(content, &mut reader, &device()).unwrap();
    let input = Tensor::new(tokens, &device()).unwrap().unsqueeze(0).unwrap();
    model
        .forward(&input, 0)
        .unwrap()
        .squeeze(0)
        .unwrap()
        .to_vec1()
        .unwrap()
}

#[test]
fn candles_own_llama_agrees_on_a_tiny_file() {
    for tied_head in [true, false] {
        let tiny = Tiny {
            tied_head,
            ..Tiny::new(Family::Llama)
        };
        let tokens = tokens(7, 33);
        let logits = alone(&tiny, &tokens);
        let file = tiny.write();
        let expected = candles_llama(file.path(), &tokens);
        assert_close(
            &logits[32 * tiny.vocabulary..],
            &expected,
            TOLERANCE,
            "the last token",
        );
    }
}

#[test]
fn candles_own_llama_agrees_on_the_default_model() {
    // "<|im_start|>user\nWhich headset has the best battery?<|im_end|>\n<|im_start|>assistant\n"
    let tokens = [
        1, 4093, 198, 14413, 1680, 1614, 553, 260, 1450, 6979, 47, 2, 198, 1, 520, 9531, 198,
    ];
    let logits = run(&mut default_model(), &[chunk(&[1, 0], 0, &tokens, 1)]);
    let expected = candles_llama(&chat_model(), &tokens);
    // candle rounds what it multiplies to 8 bits; we do not.
    let error = distance(&logits, &expected);
    assert!(error < 0.02, "the relative error is {error}");
    let best = |logits: &[f32]| {
        logits
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .map(|(at, _)| at)
    };
    assert_eq!(best(&logits), best(&expected));
}
