//! Distributes the packing of a matrix over the threads of a pool.

use std::sync::{Mutex, PoisonError};

use super::PackError;
use crate::kernels::pool::Pool;

/// Calls `pack` with each of `strips`, on the threads of `pool`.
///
/// # Errors
/// One of the errors of `pack`.
pub(super) fn for_each<S: Send>(
    pool: &Pool,
    strips: impl Iterator<Item = S>,
    pack: impl Fn(S) -> Result<(), PackError> + Sync,
) -> Result<(), PackError> {
    // Packing consumes a strip, but tasks have only shared access to the strips.
    let strips: Vec<_> = strips.map(|strip| Mutex::new(Some(strip))).collect();
    let failed = Mutex::new(None);
    pool.run(strips.len(), |number| {
        let strip = strips[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Err(error)) = strip.map(&pack) {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}
