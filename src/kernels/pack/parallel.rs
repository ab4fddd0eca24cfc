//! Packing on all threads of a pool.

use std::sync::{Mutex, PoisonError};

use candle_core::quantized::GgmlDType;

use super::super::pool::Pool;
use super::super::tiles::Matrix;
use super::{PackError, Strip};

impl Matrix {
    /// Packs a tensor as [`Matrix::pack`] does, on the threads of `pool`.
    ///
    /// # Errors
    ///
    /// Every [`PackError`].
    pub fn pack_on(
        pool: &Pool,
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, PackError> {
        Self::pack_with(kind, data, rows, columns, |strips| all(pool, strips))
    }

    /// Packs a tensor as [`Matrix::pack_wide_with`] does, on the threads of `pool`.
    ///
    /// # Errors
    ///
    /// Every [`PackError`].
    pub fn pack_wide_on(
        pool: &Pool,
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, PackError> {
        Self::pack_wide_with(kind, data, rows, columns, |strips| all(pool, strips))
    }
}

fn all(pool: &Pool, strips: Vec<Strip<'_>>) -> Result<(), PackError> {
    // A strip is used up by packing it, and tasks are only lent what they work on.
    let strips: Vec<_> = strips.into_iter().map(|strip| Mutex::new(Some(strip))).collect();
    let failed = Mutex::new(None);
    pool.run(strips.len(), |number| {
        let strip = strips[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Err(error)) = strip.map(Strip::pack) {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}
