//! A slice of which several threads write different parts at the same time.

use std::marker::PhantomData;
use std::ops::Range;

/// A mutable slice that is lent out in parts that do not overlap.
pub(super) struct Disjoint<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for a `&mut [T]`, which may be sent to another thread if `T` may; callers of `part` promise that
// parts in use at the same time do not overlap.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// The whole of `slice`.
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// Elements of the whole slice.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The start of the slice, for kernels that write scattered elements. The promise of [`Self::part`] applies to
    /// every element that is accessed through it.
    pub(super) fn start(&self) -> *mut T {
        self.start
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// While the part is in use, no overlapping part is.
    ///
    /// # Panics
    /// If the range reaches beyond the end.
    pub(super) unsafe fn part(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part of the slice"
        );
        // SAFETY: the part is inside the slice, which outlives `'a`; the caller promises that no other part overlaps
        // it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_write_their_parts() {
        let mut numbers = vec![0; 1_000];
        let all = Disjoint::new(&mut numbers);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let all = &all;
                scope.spawn(move || {
                    // SAFETY: each thread has a part of its own.
                    unsafe { all.part(thread * 250..(thread + 1) * 250) }.fill(thread);
                });
            }
        });
        assert!(numbers.iter().enumerate().all(|(at, number)| *number == at / 250));
    }

    #[test]
    #[should_panic(expected = "a part of the slice")]
    fn nothing_lies_beyond_the_end() {
        let mut numbers = [0; 10];
        let all = Disjoint::new(&mut numbers);
        // SAFETY: it is the only part.
        let _part = unsafe { all.part(5..11) };
    }
}
