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

#![allow(unsafe_code)]

pub(crate) mod activations;
pub(crate) mod attention;
pub(crate) mod bidirectional;
mod disjoint;
pub(crate) mod elementwise;
pub(crate) mod gelu;
mod gemm;
pub(crate) mod int8;
pub(crate) mod kv_store;
pub(crate) mod layer_norm;
pub(crate) mod matmul;
pub(crate) mod pack;
pub(crate) mod pool;
pub(crate) mod qkv;
pub(crate) mod rotary;
pub(crate) mod simd;
pub(crate) mod tiles;
mod unrolled;

#[cfg(test)]
pub(crate) mod testing;
