//! The arithmetic that candle is slow at on a processor; with `main` the one home of `unsafe`.
//!
//! In: weights as they lie in a GGUF file, rows of numbers. Out: products, norms, attention. All code is written once,
//! over [`simd`], and runs with the best instructions of the processor. The functions for callers outside this folder
//! are safe and check their slices; inside, the threads of a [`pool`] write disjoint parts of one buffer. Only packing
//! can fail. A wrong shape is a bug of the caller and panics.
//!
//! | folder or file | the question it answers |
//! | --- | --- |
//! | `simd/` | How does this processor compute with sixteen numbers at once? |
//! | `pool`, `disjoint` | Which thread computes what, and where may it write? |
//! | `tiles`, `pack/` | How are weights laid out in memory, and how are they packed? |
//! | `activations` | How are the numbers laid out that are multiplied with weights? |
//! | `gemm`, `matmul` | What is the product of rows and weights? |
//! | `kv_store`, `attention/` | Where are keys and values stored, and what is a decoder's attention over them? |
//! | `bidirectional/` | What is an encoder's attention over a text? |
//! | `elementwise`, `rotary`, `qkv` | What happens to each row between a decoder's products? |
//! | `layer_norm`, `gelu` | What happens to each row between an encoder's products? |
//! | `int8` | What are the dot products of a query and the rows of an index? |
//!
//! A row's result never depends on the other rows of a batch, on the number of threads, or on how a sequence was cut
//! into steps. So batching, caching and drafting never change a text.

pub mod activations;
pub mod attention;
pub mod bidirectional;
mod disjoint;
pub mod elementwise;
pub mod gelu;
mod gemm;
pub mod int8;
pub mod kv_store;
pub mod layer_norm;
pub mod matmul;
pub mod pack;
pub mod pool;
pub mod qkv;
pub mod rotary;
pub mod simd;
pub mod tiles;
mod unrolled;

#[cfg(test)]
pub(crate) mod testing;
