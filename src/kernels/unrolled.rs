//! Loops that are unrolled in the source.

/// Repeats `$body` for `$row` from 0 to `$rows - 1`, where `$rows` is a constant of at most twelve. If the compiler
/// does not unroll a loop, it keeps the sums in memory instead of registers, which costs the matrix products a third of
/// their speed.
macro_rules! unrolled {
    ($rows:expr, $row:ident, $body:block) => {
        $crate::kernels::unrolled::unrolled!(@ $rows, $row, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $rows:expr, $row:ident, $body:block, $($number:literal)*) => {
        $(if $number < $rows {
            let $row: usize = $number;
            $body
        })*
    };
}

pub(super) use unrolled;
