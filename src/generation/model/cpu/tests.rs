//! The decoder on a processor against candle's in f32, and against itself: no batch, cut, cache or thread changes a
//! bit.

use std::sync::Arc;

use candle_core::Device;
use candle_core::quantized::GgmlDType;

use super::*;
use crate::generation::model::architecture::Family;
use crate::generation::model::architecture::testing::{Tiny, chunk, run, tokens};
use crate::generation::model::candle::CandleDecoder;
use crate::weights::gguf::Gguf;
use crate::weights::testing::chat_model;

fn pool(threads: usize) -> Arc<Pool> {
    Arc::new(Pool::new("test", threads).unwrap())
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_supported())
}

fn decoder(gguf: &Gguf, level: Level, threads: usize, blocks: usize) -> Decoder {
    let mut decoder = Decoder::load_at(level, gguf, pool(threads)).unwrap();
    decoder.reserve(blocks).unwrap();
    decoder
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|logit| logit.to_bits()).collect()
}

/// How far apart, as a part of how far the expected logits spread.
fn distance(found: &[f32], expected: &[f32]) -> f32 {
    let root_mean = |numbers: &mut dyn Iterator<Item = f32>| {
        let (sum, count) = numbers.fold((0.0, 0), |(sum, count), x| (sum + x * x, count + 1));
        (sum / count as f32).sqrt()
    };
    assert_eq!(found.len(), expected.len());
    root_mean(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / root_mean(&mut expected.iter().copied())
}

#[test]
fn every_family_and_option_is_near_the_f32_decoder_at_every_level() {
    for (name, tiny) in Tiny::all() {
        let (_file, gguf) = tiny.gguf();
        let tokens = tokens(7, 20);
        let blocks = [1, 0];
        let all = [chunk(&blocks, 0, &tokens, tokens.len())];
        let mut reference = CandleDecoder::load(&gguf, &Device::Cpu).unwrap();
        reference.reserve(2).unwrap();
        let expected = run(&mut reference, &all);
        for level in levels() {
            let found = run(&mut decoder(&gguf, level, 2, 2), &all);
            // Weights and activations of 8 bits: about half a hundredth each, and random weights let errors grow.
            let distance = distance(&found, &expected);
            assert!(distance < 0.03, "{name} at {level:?}: off by {distance}");
        }
    }
}

#[test]
fn cuts_batches_threads_and_drafts_change_no_bit() {
    for (name, tiny) in Tiny::all() {
        let (_file, gguf) = tiny.gguf();
        let (mine, other) = (tokens(3, 45), tokens(4, 37));
        let (blocks, others) = ([4, 0, 3], [1, 6, 2]);
        let expected = run(
            &mut decoder(&gguf, Level::best(), 1, 8),
            &[chunk(&blocks, 0, &mine, mine.len())],
        );
        let row = |position: usize| &expected[position * tiny.vocabulary..(position + 1) * tiny.vocabulary];
        for threads in [1, 3] {
            for pieces in [&[45][..], &[16, 16, 13], &[1, 30, 1, 1, 12], &[1; 45]] {
                let mut decoder = decoder(&gguf, Level::best(), threads, 8);
                let mut start = 0;
                for (index, piece) in pieces.iter().enumerate() {
                    let mut chunks = vec![chunk(&blocks, start, &mine[start..start + piece], 1)];
                    // Another sequence joins, reads along and leaves; the batch is in either order.
                    if index < 3 {
                        chunks.push(chunk(
                            &others,
                            index * 12,
                            &other[index * 12..(index + 1) * 12],
                            1,
                        ));
                    }
                    let first = index % 2;
                    if first == 1 {
                        chunks.reverse();
                    }
                    let logits = run(&mut decoder, &chunks);
                    start += piece;
                    let at = if first == 1 && chunks.len() == 2 { 1 } else { 0 };
                    let found = &logits[at * tiny.vocabulary..(at + 1) * tiny.vocabulary];
                    assert_eq!(
                        bits(found),
                        bits(row(start - 1)),
                        "{name}, {pieces:?} on {threads} threads, at {start}"
                    );
                }
            }
        }
        // A draft that is wrong from its second token on leaves nothing behind.
        let mut decoder = decoder(&gguf, Level::best(), 2, 8);
        run(&mut decoder, &[chunk(&blocks, 0, &mine[..20], 0)]);
        let draft = [mine[20], mine[21], 7, 9, 11];
        let logits = run(&mut decoder, &[chunk(&blocks, 20, &draft, 5)]);
        assert_eq!(
            bits(&logits[..2 * tiny.vocabulary]),
            bits(&expected[20 * tiny.vocabulary..22 * tiny.vocabulary])
        );
        let logits = run(&mut decoder, &[chunk(&blocks, 22, &mine[22..], 1)]);
        assert_eq!(bits(&logits), bits(row(44)), "{name}, after a draft");
    }
}

#[test]
fn every_tensor_type_is_read() {
    let kinds = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ];
    for kind in kinds {
        // K-quants come in blocks of 256 columns.
        let tiny = Tiny {
            width: 256,
            heads: 4,
            head_dim: 64,
            feed_forward: 256,
            kind,
            ..Tiny::new(Family::Llama)
        };
        let (_file, gguf) = tiny.gguf();
        let tokens = tokens(5, 12);
        let all = [chunk(&[0], 0, &tokens, tokens.len())];
        let mut reference = CandleDecoder::load(&gguf, &Device::Cpu).unwrap();
        reference.reserve(1).unwrap();
        let expected = run(&mut reference, &all);
        let found = run(&mut decoder(&gguf, Level::best(), 2, 1), &all);
        let distance = distance(&found, &expected);
        assert!(distance < 0.03, "{kind:?}: off by {distance}");
    }
}

#[test]
fn the_default_model_is_near_its_f32_self_and_keeps_its_bits_beyond_a_partition() {
    let gguf = Gguf::read(&chat_model()).unwrap();
    let mut own = decoder(&gguf, Level::best(), 2, 40);
    let tokens: Vec<u32> = (0..300).map(|at| 200 + at * 7919 % 40_000).collect();
    let blocks: Vec<u32> = (0..20).collect();
    let mut reference = CandleDecoder::load(&gguf, &Device::Cpu).unwrap();
    reference.reserve(2).unwrap();
    let short = [chunk(&blocks, 0, &tokens[..24], 24)];
    let (found, expected) = (run(&mut own, &short), run(&mut reference, &short));
    let far = distance(&found, &expected);
    assert!(far < 0.05, "off by {far}");

    let whole = run(&mut own, &[chunk(&blocks, 0, &tokens, 1)]);
    let elsewhere: Vec<u32> = (20..40).collect();
    run(&mut own, &[chunk(&elsewhere, 0, &tokens[..290], 0)]);
    let mut last = Vec::new();
    for at in 290..300 {
        last = run(&mut own, &[chunk(&elsewhere, at, &tokens[at..=at], 1)]);
    }
    assert_eq!(bits(&last), bits(&whole), "split between threads and not");
}

#[test]
fn heads_that_are_too_long_are_an_error_that_says_so() {
    let tiny = Tiny {
        width: 288,
        heads: 1,
        kv_heads: 1,
        head_dim: 272,
        ..Tiny::new(Family::Llama)
    };
    let (_file, gguf) = tiny.gguf();
    let refused = Decoder::load(&gguf, pool(1)).err().expect("an error").to_string();
    assert!(
        refused.contains("heads have 272 numbers, and at most 256"),
        "{refused}"
    );
}
