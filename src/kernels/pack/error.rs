//! Why a tensor could not be packed.

use candle_core::quantized::GgmlDType;

/// Why a tensor could not be packed. The caller knows the tensor's name and puts it in front.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Weights of this type are not supported.
    #[error(
        "weights of type {kind:?} are not supported; take a file whose tensors are of the types Q4_0, Q4_1, Q4_K, \
         Q5_0, Q5_1, Q5_K, Q6_K, Q8_0, F16, BF16 or F32"
    )]
    Unsupported {
        /// The type of the tensor.
        kind: GgmlDType,
    },

    /// The rows do not consist of whole blocks.
    #[error(
        "its rows are {columns} weights long, and its type {kind:?} needs a multiple of {block}; the file is damaged: \
         get it again"
    )]
    Columns {
        /// The type of the tensor.
        kind: GgmlDType,
        /// Weights of a row.
        columns: usize,
        /// Weights of a block of this type.
        block: usize,
    },

    /// The tensor's data is longer or shorter than its shape says.
    #[error(
        "{rows} rows of {columns} weights take up {expected} bytes, and there are {found}; the file is damaged: \
         get it again"
    )]
    Length {
        /// Rows of the tensor.
        rows: usize,
        /// Weights of a row.
        columns: usize,
        /// The bytes that the shape needs.
        expected: usize,
        /// The bytes of the data.
        found: usize,
    },

    /// A scale or a minimum is infinite, not a number, or too large for a half-precision number.
    #[error(
        "in row {row} the scale {scale} or the minimum {min} of the weights from column {column} on is not a finite \
         number of 16 bits (at most 65504); the file is damaged, or its weights are too large to be used"
    )]
    Range {
        /// The row, counted from 0.
        row: usize,
        /// The first of the 32 columns, counted from 0.
        column: usize,
        /// The value of the scale.
        scale: f32,
        /// The value of the minimum.
        min: f32,
    },
}
