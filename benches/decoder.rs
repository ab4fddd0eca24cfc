//! The default chat model: prefill, decoding of one sequence, and decoding of a batch; and the cost of the metrics.
//!
//! `cargo bench --bench decoder`. The models are those of `models/`, or of the folder in `RECOMMENDER_TEST_MODELS`.
//! The printed throughput is in tokens ("elements") a second. For numbers that are comparable with llama.cpp's, and for
//! any GGUF file, use the command `bench`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::Device;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flipkart_recommender::config::cores;
use flipkart_recommender::internals::{BLOCK, Chunk, Gguf, Model, Pool, Reader, chat_model, load_decoder};
use flipkart_recommender::metrics;

/// The prompt tokens that the engine reads in one step.
const STEP: usize = 256;

/// The default chat model on all cores.
fn load() -> Box<dyn Model> {
    let dir = std::env::var_os("RECOMMENDER_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("models"),
        PathBuf::from,
    );
    let chat = chat_model(&dir, None).expect("the default chat model; run `make models` first");
    let gguf = Gguf::read(&chat.path).expect("a sound file");
    let pool = Pool::new("compute", cores()).expect("threads");
    load_decoder(&gguf, &Device::Cpu, Arc::new(pool)).expect("a decoder that is built in")
}

/// Arbitrary tokens; their values do not change the time.
fn text(length: usize) -> Vec<u32> {
    (0..length as u32).map(|at| 1000 + at * 7919 % 40_000).collect()
}

fn prefill(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prefill");
    group.sample_size(10);
    let mut reader = Reader::new(load(), 1024).expect("memory");
    for length in [64, 512] {
        let text = text(length);
        group.throughput(Throughput::Elements(length as u64));
        group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
            bencher.iter(|| {
                reader.go_back(0);
                reader.read_prompt(&text, STEP).expect("a pass").len()
            });
        });
    }
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode at depth");
    group.sample_size(20).throughput(Throughput::Elements(1));
    let mut reader = Reader::new(load(), 1024).expect("memory");
    for depth in [16, 800] {
        reader.go_back(0);
        reader.read_prompt(&text(depth), STEP).expect("a pass");
        group.bench_function(BenchmarkId::from_parameter(depth), |bencher| {
            bencher.iter(|| {
                reader.go_back(depth);
                reader.read(&[1000], 1).expect("a pass").len()
            });
        });
    }
}

/// One token for each of several sequences that have read 128 tokens.
fn batch(criterion: &mut Criterion) {
    const DEPTH: usize = 128;
    const BLOCKS: usize = DEPTH / BLOCK + 1;
    let mut group = criterion.benchmark_group("decode of users");
    group.sample_size(20);
    let mut model = load();
    let mut logits = vec![];
    for users in [1, 2, 4, 8] {
        model.reserve(users * BLOCKS).expect("memory");
        let blocks: Vec<u32> = (0..(users * BLOCKS) as u32).collect();
        let text = text(users * DEPTH);
        let chunks = |start, tokens: usize, rows| -> Vec<Chunk<'_>> {
            let chunk = |user: usize| Chunk {
                blocks: &blocks[user * BLOCKS..][..BLOCKS],
                start,
                tokens: &text[user * DEPTH..][..tokens],
                logits: rows,
            };
            (0..users).map(chunk).collect()
        };
        model.forward(&chunks(0, DEPTH, 0), &mut logits).expect("a pass");
        let step = chunks(DEPTH, 1, 1);
        group.throughput(Throughput::Elements(users as u64));
        group.bench_function(BenchmarkId::from_parameter(users), |bencher| {
            bencher.iter(|| model.forward(&step, &mut logits).expect("a pass"));
        });
    }
}

/// The engine's metrics for each token of one user. Compare with `decode`: less than a hundredth of its time.
fn measuring(criterion: &mut Criterion) {
    metrics::install();
    let name = &["SmolLM2-135M-Instruct"][..];
    criterion.bench_function("measuring a token", |bencher| {
        bencher.iter(|| {
            metrics::LLM_BATCH_SIZE.record(name, 1.0);
            metrics::LLM_INTER_TOKEN_LATENCY_SECONDS.record(name, 0.0026);
            metrics::LLM_REQUESTS_RUNNING.set(&[], 1.0);
            metrics::LLM_REQUESTS_WAITING.set(&[], 0.0);
            metrics::LLM_KV_CACHE_BYTES.set(&[], 1e6);
        });
    });
}

criterion_group!(benches, prefill, decode, batch, measuring);
criterion_main!(benches);
