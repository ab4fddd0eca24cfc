//! The speed of the kernels on this processor, with the shapes of SmolLM2-135M: `cargo bench --bench kernels`.
//!
//! Products and attention are reported in multiplications per second (criterion calls them elements), norms in numbers
//! per second. Set `BENCH_THREADS` to use another number of threads than the processor has.

use std::num::NonZero;

use candle_core::quantized::GgmlDType;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flipkart_recommender::internals::{
    Activations, Angles, Attention, AttentionSpan, BLOCK, Level, Matmul, Matrix, Norm, Pairs, Partials,
    Place, Plan, Pool, Projections, QkvFinish, Store, attend, finish_and_store, multiply,
};

/// Numbers of a token's row between layers.
const WIDTH: usize = 576;
/// Numbers in the middle of the feed-forward network.
const FEED_FORWARD: usize = 1_536;
const HEADS: usize = 9;
const KV_HEADS: usize = 3;
const HEAD_DIM: usize = 64;
/// Layers: together their weights do not fit the caches, as in a real step.
const LAYERS: usize = 30;

fn pool() -> Pool {
    let threads = std::env::var("BENCH_THREADS")
        .ok()
        .and_then(|threads| threads.parse().ok());
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(NonZero::get));
    Pool::new("bench", threads.unwrap_or(1)).expect("threads")
}

/// Numbers from -1 to 1 that look random.
fn numbers(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A matrix of a type whose blocks begin with a scale. The codes do not matter for the time.
fn matrix(pool: &Pool, kind: GgmlDType, rows: usize, columns: usize) -> Matrix {
    let mut data = vec![0x5a; rows * columns / kind.block_size() * kind.type_size()];
    // 0x2000 is the half float 1/128.
    for block in data.chunks_exact_mut(kind.type_size()) {
        block[..2].copy_from_slice(&[0, 0x20]);
    }
    Matrix::pack(pool, kind, &data, rows, columns).expect("a matrix")
}

fn products(criterion: &mut Criterion) {
    let (pool, level) = (pool(), Level::best());
    for kind in [GgmlDType::Q4_1, GgmlDType::Q5_1, GgmlDType::Q8_0] {
        let mut group = criterion.benchmark_group(format!("products of a layer's gate and up, {kind:?}"));
        // Every iteration uses the next layer's weights, because a real step finds no weights in the caches.
        let layers: Vec<[Matrix; 2]> = (0..LAYERS)
            .map(|_| [(); 2].map(|()| matrix(&pool, kind, FEED_FORWARD, WIDTH)))
            .collect();
        for rows in [1, 4, 8, 64, 256] {
            let numbers = numbers(rows * WIDTH);
            let mut input = Activations::default();
            input.resize(rows, WIDTH);
            input.write_rows(&pool, |row, to| to.write(level, &numbers[row * WIDTH..][..WIDTH]));
            let mut outs = [(); 2].map(|()| vec![0.0; rows * FEED_FORWARD]);
            group.throughput(Throughput::Elements((2 * rows * WIDTH * FEED_FORWARD) as u64));
            let mut layers = layers.iter().cycle();
            group.bench_function(BenchmarkId::new("rows", rows), |bencher| {
                bencher.iter(|| {
                    let [gate, up] = &mut outs;
                    let [first, second] = layers.next().expect("a cycle has no end");
                    let product = |matrix, out| Matmul {
                        matrix,
                        out,
                        add: false,
                    };
                    multiply(
                        &pool,
                        level,
                        &input,
                        &mut [product(first, gate), product(second, up)],
                    );
                });
            });
        }
        group.finish();
    }
}

/// A store with `tokens` tokens in one layer, and their blocks.
fn filled_store(pool: &Pool, level: Level, tokens: usize) -> (Store, Vec<u32>) {
    let blocks: Vec<u32> = (0..tokens.div_ceil(BLOCK) as u32).collect();
    let mut store = Store::new(1, KV_HEADS, HEAD_DIM, blocks.len());
    let places: Vec<Place> = (0..tokens)
        .map(|token| Place {
            block: blocks[token / BLOCK],
            slot: token % BLOCK,
        })
        .collect();
    let mut angles = Angles::new(Pairs::Neighbours, HEAD_DIM);
    angles.set(0..tokens, &[0.1; HEAD_DIM / 2], 1.0);
    let finish = QkvFinish {
        biases: None,
        norms: None,
        angles: &angles,
    };
    let mut parts = [HEADS, KV_HEADS, KV_HEADS].map(|heads| numbers(tokens * heads * HEAD_DIM));
    let [queries, keys, values] = &mut parts;
    let projections = Projections {
        queries,
        keys,
        values,
    };
    finish_and_store(pool, level, &finish, projections, (&mut store, 0), &places);
    (store, blocks)
}

fn attention(criterion: &mut Criterion) {
    const DEPTH: usize = 800;
    let (pool, level) = (pool(), Level::best());
    let (store, blocks) = filled_store(&pool, level, DEPTH + 256);
    let attention = Attention {
        heads: HEADS,
        scale: (HEAD_DIM as f32).sqrt().recip(),
        window: None,
    };
    let mut partials = Partials::default();
    let mut group = criterion.benchmark_group("attention of a layer over 800 tokens");
    for rows in [1, 256] {
        let span = AttentionSpan {
            blocks: &blocks,
            start: DEPTH,
            rows: 0..rows,
        };
        let plan = Plan::new(vec![span], KV_HEADS, HEADS / KV_HEADS, pool.threads());
        let queries = numbers(rows * HEADS * HEAD_DIM);
        let mut out = vec![0.0; queries.len()];
        // Every query is multiplied with the keys that it attends to, and every weight with a value.
        let seen: usize = (DEPTH + 1..=DEPTH + rows).sum();
        group.throughput(Throughput::Elements((2 * seen * HEADS * HEAD_DIM) as u64));
        group.bench_function(BenchmarkId::new("rows", rows), |bencher| {
            bencher.iter(|| {
                let store = (&store, 0);
                attend(
                    &pool,
                    level,
                    &attention,
                    store,
                    &plan,
                    &queries,
                    &mut out,
                    &mut partials,
                );
            });
        });
    }
    group.finish();
}

fn norms(criterion: &mut Criterion) {
    let (pool, level) = (pool(), Level::best());
    let weight = numbers(WIDTH);
    let norm = Norm {
        weight: &weight,
        epsilon: 1e-5,
    };
    let mut group = criterion.benchmark_group("norms that quantise");
    for rows in [1, 256] {
        let numbers = numbers(rows * WIDTH);
        let mut to = Activations::default();
        to.resize(rows, WIDTH);
        group.throughput(Throughput::Elements((rows * WIDTH) as u64));
        group.bench_function(BenchmarkId::new("rows", rows), |bencher| {
            bencher.iter(|| {
                to.write_rows(&pool, |row, to| {
                    norm.quantise(level, &numbers[row * WIDTH..][..WIDTH], to);
                });
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = kernels;
    // Two seconds each show what a change is worth; the defaults take four minutes.
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2))
        .sample_size(30);
    targets = products, attention, norms
}
criterion_main!(kernels);
