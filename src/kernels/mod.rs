//! The arithmetic that candle is slow at on a processor; with `main` the one home of `unsafe`.
//!
//! In: weights as a GGUF file holds them, rows of numbers. Out: products, norms, attention. Everything here is written
//! once over [`simd`] and runs with the best instructions the processor has. The functions that others call are safe
//! and check their slices; inside, threads of a [`pool`] write disjoint parts of one buffer. Nothing here fails but
//! packing; a wrong shape is a bug of the caller and panics.
//!
//! | folder or file | what it answers |
//! | --- | --- |
//! | `simd/` | How are sixteen numbers computed with at once, on this processor? |
//! | `pool`, `disjoint` | Who computes what, and who may write where? |
//! | `tiles`, `pack/`, `pack_on` | How do weights lie in memory, and how do they get there? |
//! | `activations` | How do the numbers lie that weights are multiplied with? |
//! | `gemm`, `matmul` | What is rows times weights? |
//! | `kv_store`, `attention/` | Where do keys and values lie, and what does a decoder's query find there? |
//! | `bidirectional/` | What does an encoder's query find in its text? |
//! | `elementwise`, `rotary`, `qkv` | What happens to each row between a decoder's products? |
//! | `layer_norm`, `gelu` | What happens to each row between an encoder's products? |
//! | `int8` | How near are an index' rows to a query? |
//!
//! A row's result never depends on the rows beside it, on the number of threads, or on how a sequence was cut into
//! steps: batching, caching and drafting change no text.

pub mod activations;
pub mod attention;
pub mod bidirectional;
pub mod int8;
mod disjoint;
pub mod gelu;
pub mod simd;
pub mod layer_norm;
pub mod matmul;
pub mod pack;
mod pack_on;
pub mod qkv;
pub mod pool;
mod gemm;
pub mod rotary;
pub mod elementwise;
pub mod kv_store;
#[cfg(test)]
pub(crate) mod testing;
pub mod tiles;
mod unrolled;
