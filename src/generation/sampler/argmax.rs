//! The largest logit: greedy choice needs nothing else, and every other choice begins with it.

use super::SampleError;

/// Logits that are compared together; the position is computed once per block instead of once per logit.
const BLOCK: usize = 1024;

/// Running maxima that are kept separately, so that the compiler can use vector instructions: it may not reorder
/// comparisons of floats by itself.
const LANES: usize = 32;

/// The id of the largest logit, the lowest such id, and the logit. One pass, no allocation.
///
/// # Errors
///
/// [`SampleError::NotFinite`] if a logit is NaN or positive infinity, [`SampleError::NothingAllowed`] if no logit is
/// above negative infinity.
pub(super) fn argmax(logits: &[f32]) -> Result<(u32, f32), SampleError> {
    let mut best = 0;
    let mut largest = f32::NEG_INFINITY;
    for (number, block) in logits.chunks(BLOCK).enumerate() {
        let in_block = largest_of(block).ok_or(SampleError::NotFinite)?;
        if in_block > largest {
            (best, largest) = (number, in_block);
        }
    }
    if largest == f32::INFINITY {
        return Err(SampleError::NotFinite);
    }
    if largest == f32::NEG_INFINITY {
        return Err(SampleError::NothingAllowed);
    }
    let start = best * BLOCK;
    let within = logits[start..].iter().position(|logit| *logit == largest);
    Ok(((start + within.unwrap_or(0)) as u32, largest))
}

/// The largest logit of a block; `None` if the block holds a NaN.
fn largest_of(block: &[f32]) -> Option<f32> {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let mut is_nan = [0u32; LANES];
    let rows = block.chunks_exact(LANES);
    let rest = rows.remainder();
    for row in rows {
        for lane in 0..LANES {
            lanes[lane] = if row[lane] > lanes[lane] {
                row[lane]
            } else {
                lanes[lane]
            };
            is_nan[lane] |= u32::from(row[lane].is_nan());
        }
    }
    let any_nan = is_nan.contains(&1) || rest.iter().any(|logit| logit.is_nan());
    let all = lanes.iter().chain(rest).copied();
    (!any_nan).then(|| all.fold(f32::NEG_INFINITY, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_largest_logit_at_any_position() {
        for length in [1, 31, 32, 33, 1023, 1024, 1025, 2500] {
            for at in [0, length / 2, length - 1] {
                let mut logits: Vec<f32> = (0..length).map(|i| -3.0 - (i % 7) as f32).collect();
                logits[at] = -1.5;
                assert_eq!(argmax(&logits), Ok((at as u32, -1.5)), "{at} of {length}");
            }
        }
    }

    #[test]
    fn ties_go_to_the_lowest_id() {
        let mut logits = [0.0; 2500];
        for at in [2400, 1030, 1025, 70] {
            logits[at] = 2.0;
            assert_eq!(argmax(&logits), Ok((at as u32, 2.0)));
        }
    }

    #[test]
    fn a_logit_that_is_not_finite_is_an_error() {
        for at in [0, 40, 1030, 2499] {
            for bad in [f32::NAN, f32::INFINITY] {
                let mut logits = [1.0; 2500];
                logits[at] = bad;
                assert_eq!(argmax(&logits), Err(SampleError::NotFinite), "{bad} at {at}");
            }
        }
        assert_eq!(argmax(&[]), Err(SampleError::NothingAllowed));
        assert_eq!(argmax(&[f32::NEG_INFINITY; 40]), Err(SampleError::NothingAllowed));
    }
}
