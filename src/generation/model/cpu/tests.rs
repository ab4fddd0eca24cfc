//! The CPU's decoder against candle's in f32, and against itself: neither batches, pieces, cache nor threads change a
//! bit.

use std::sync::Arc;

use candle_core::Device;

use super::*;
use crate::generation::model::architecture::Family;
use crate::generation::model::architecture::testing::{KINDS, Tiny, chunk, distance, reserved, run, tokens};
use crate::generation::model::candle::CandleDecoder;
use crate::kernels::testing::{bits, levels, threads};
use crate::weights::gguf::Gguf;
use crate::weights::testing::chat_model;

fn decoder(gguf: &Gguf, level: Level, count: usize, blocks: usize) -> Decoder {
    reserved(Decoder::load_at(level, gguf, Arc::new(threads(count))), blocks)
}

/// What candle's decoder in f32 computes for `chunks`.
fn in_f32(gguf: &Gguf, blocks: usize, chunks: &[Chunk<'_>]) -> Vec<f32> {
    run(
        &mut reserved(CandleDecoder::load(gguf, &Device::Cpu), blocks),
        chunks,
    )
}

#[test]
fn every_family_and_option_is_near_the_f32_decoder_at_every_level() {
    for (name, tiny) in Tiny::all() {
        let (_file, gguf) = tiny.gguf();
        let tokens = tokens(7, 20);
        let blocks = [1, 0];
        let all = [chunk(&blocks, 0, &tokens, tokens.len())];
        let expected = in_f32(&gguf, 2, &all);
        for level in levels() {
            let found = run(&mut decoder(&gguf, level, 2, 2), &all);
            // Weights and activations of 8 bits: an error of about 0.005 each, and random weights let errors grow.
            let distance = distance(&found, &expected);
            assert!(distance < 0.03, "{name} at {level:?}: off by {distance}");
        }
    }
}

#[test]
fn pieces_batches_threads_and_drafts_change_no_bit() {
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
                    // Another sequence joins, is read too and leaves; the batch is in either order.
                    if index < 3 {
                        let at = index * 12;
                        chunks.push(chunk(&others, at, &other[at..at + 12], 1));
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
    for kind in KINDS {
        let tiny = Tiny::of_kind(kind);
        let (_file, gguf) = tiny.gguf();
        let tokens = tokens(5, 12);
        let all = [chunk(&[0], 0, &tokens, tokens.len())];
        let expected = in_f32(&gguf, 1, &all);
        let found = run(&mut decoder(&gguf, Level::best(), 2, 1), &all);
        let distance = distance(&found, &expected);
        assert!(distance < 0.03, "{kind:?}: off by {distance}");
    }
}

#[test]
fn the_default_model_is_near_f32_and_attention_split_into_partitions_changes_no_bit() {
    let gguf = Gguf::read(&chat_model()).unwrap();
    let mut own = decoder(&gguf, Level::best(), 2, 40);
    let tokens: Vec<u32> = (0..300).map(|at| 200 + at * 7919 % 40_000).collect();
    let blocks: Vec<u32> = (0..20).collect();
    let short = [chunk(&blocks, 0, &tokens[..24], 24)];
    let far = distance(&run(&mut own, &short), &in_f32(&gguf, 2, &short));
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
fn heads_that_are_too_long_are_refused_with_the_limit() {
    let tiny = Tiny {
        width: 288,
        heads: 1,
        kv_heads: 1,
        head_dim: 272,
        ..Tiny::new(Family::Llama)
    };
    let (_file, gguf) = tiny.gguf();
    let refused = Decoder::load(&gguf, Arc::new(threads(1)))
        .err()
        .expect("an error")
        .to_string();
    assert!(
        refused.contains("heads have 272 numbers, and at most 256"),
        "{refused}"
    );
}
