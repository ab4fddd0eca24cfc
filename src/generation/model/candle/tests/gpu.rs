//! The decoder on a GPU, with quantised weights, against the same decoder in f32 on the CPU. On a machine without a GPU
//! each test prints a line and ends; the tests in `tests.rs` then run on the CPU.

use std::ops::Range;

use candle_core::quantized::GgmlDType;

use super::*;
use crate::generation::model::architecture::testing::KINDS;

/// The first GPU. If there is none, prints why.
fn gpu() -> Option<Device> {
    device::select(DeviceChoice::Cuda)
        .map_err(|reason| eprintln!("skipped: {reason}"))
        .ok()
        .map(|(device, _)| device)
}

fn on(device: &Device, gguf: &Gguf, blocks: usize) -> CandleDecoder {
    reserved(CandleDecoder::load(gguf, device), blocks)
}

/// The largest relative error. 8-bit activations cause it in two or four layers of random weights, which let errors
/// grow; that of single precision is far smaller.
const NEAR: f32 = 0.03;

/// Reads a prompt in one step, then one token a step, and compares each row with the f32 decoder's. The prompt uses the
/// kernels for many rows, the tokens after it those for few rows.
#[track_caller]
fn assert_near_in_prompt_and_decode(gpu: &Device, gguf: &Gguf, far: f32, what: &str) {
    let tokens = tokens(7, 29);
    let blocks = [1, 0];
    let mut reference = on(&Device::Cpu, gguf, 2);
    let expected = run(&mut reference, &[chunk(&blocks, 0, &tokens, tokens.len())]);
    let vocabulary = reference.shape().vocabulary;
    let mut decoder = on(gpu, gguf, 2);
    let mut found = run(&mut decoder, &[chunk(&blocks, 0, &tokens[..21], 21)]);
    for at in 21..tokens.len() {
        found.extend(run(&mut decoder, &[chunk(&blocks, at, &tokens[at..=at], 1)]));
    }
    for (part, rows) in [("prompt", 0..21), ("decode", 21..tokens.len())] {
        let rows = rows.start * vocabulary..rows.end * vocabulary;
        let distance = distance(&found[rows.clone()], &expected[rows]);
        assert!(distance < far, "{what}, {part}: off by {distance}");
    }
}

#[test]
fn every_family_on_a_gpu_is_near_the_f32_decoder() {
    let Some(gpu) = gpu() else { return };
    for (name, tiny) in Tiny::all() {
        // Widths of 96 and 160 are not multiples of the 256 columns that the kernels process at a time.
        for kind in [GgmlDType::F32, GgmlDType::Q8_0] {
            let (_file, gguf) = Tiny { kind, ..tiny.clone() }.gguf();
            assert_near_in_prompt_and_decode(&gpu, &gguf, NEAR, &format!("{name}, {kind:?}"));
        }
    }
}

#[test]
fn every_tensor_type_on_a_gpu_is_near_the_f32_decoder() {
    let Some(gpu) = gpu() else { return };
    for kind in KINDS {
        let tiny = Tiny::of_kind(kind);
        let (_file, gguf) = tiny.gguf();
        assert_near_in_prompt_and_decode(&gpu, &gguf, NEAR, &format!("{kind:?}"));
    }
}

#[test]
fn many_sequences_on_a_gpu_decode_as_each_does_in_f32() {
    let Some(gpu) = gpu() else { return };
    let tiny = Tiny {
        kind: GgmlDType::Q8_0,
        ..Tiny::new(Family::Qwen3)
    };
    let (_file, gguf) = tiny.gguf();
    // Contexts of 3 to 34 tokens, three blocks each; the last two tokens are read side by side.
    let sequences: Vec<Vec<u32>> = (0..32).map(|at| tokens(at, 3 + at as usize)).collect();
    let blocks: Vec<[u32; 3]> = (0..32).map(|at| [at, 32 + at, 64 + at]).collect();
    let mut decoder = on(&gpu, &gguf, 96);
    let pieces: [fn(usize) -> Range<usize>; 3] =
        [|end| 0..end - 2, |end| end - 2..end - 1, |end| end - 1..end];
    let mut found = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        let chunks: Vec<Chunk<'_>> = sequences
            .iter()
            .zip(&blocks)
            .map(|(tokens, blocks)| {
                let piece = piece(tokens.len());
                chunk(blocks, piece.start, &tokens[piece], usize::from(number == 2))
            })
            .collect();
        found = run(&mut decoder, &chunks);
    }
    for (at, tokens) in sequences.iter().enumerate() {
        let mut reference = on(&Device::Cpu, &gguf, 3);
        let expected = run(&mut reference, &[chunk(&[2, 0, 1], 0, tokens, 1)]);
        let row = &found[at * tiny.vocabulary..(at + 1) * tiny.vocabulary];
        let distance = distance(row, &expected);
        assert!(distance < NEAR, "sequence {at}: off by {distance}");
    }
}

#[test]
fn the_default_model_on_a_gpu_is_near_f32() {
    let Some(gpu) = gpu() else { return };
    let gguf = Gguf::read(&chat_model()).unwrap();
    let tokens: Vec<u32> = (0..48).map(|at| 200 + at * 7919 % 40_000).collect();
    let blocks = [2, 0, 1];
    let mut reference = on(&Device::Cpu, &gguf, 3);
    let expected = run(&mut reference, &[chunk(&blocks, 0, &tokens, 24)]);
    let mut decoder = on(&gpu, &gguf, 3);
    run(&mut decoder, &[chunk(&blocks, 0, &tokens[..24], 0)]);
    let mut found = run(&mut decoder, &[chunk(&blocks, 24, &tokens[24..44], 20)]);
    for at in 44..48 {
        found.extend(run(&mut decoder, &[chunk(&blocks, at, &tokens[at..=at], 1)]));
    }
    // The same bound as that of the CPU's 8-bit kernels.
    let distance = distance(&found, &expected);
    assert!(distance < 0.05, "off by {distance}");
}

#[test]
fn reserving_more_memory_than_the_gpu_has_is_an_error_that_says_what_to_do() {
    let Some(gpu) = gpu() else { return };
    let (_file, gguf) = Tiny::new(Family::Llama).gguf();
    let mut decoder = CandleDecoder::load(&gguf, &gpu).unwrap();
    // 2^30 blocks of 8 KiB: more than any GPU has.
    let message = decoder.reserve(1 << 30).unwrap_err().to_string();
    assert!(
        message.starts_with("8796093022208 bytes") && message.contains("--kv-cache-mb"),
        "{message}"
    );
    // The device still works after the error.
    decoder.reserve(1).unwrap();
    let tokens = tokens(1, 5);
    assert_eq!(run(&mut decoder, &[chunk(&[0], 0, &tokens, 1)]).len(), 50);
}
