//! The number formats of tensors: their names, their sizes, and which of them can be read.
//!
//! In: a type's number in a GGUF header. Out: nothing, or an error that names the type and lists the supported types.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::TensorInfo;

/// The types that both decoders read, the widest first.
const SUPPORTED: [GgmlDType; 11] = [
    GgmlDType::F32,
    GgmlDType::F16,
    GgmlDType::BF16,
    GgmlDType::Q8_0,
    GgmlDType::Q6K,
    GgmlDType::Q5K,
    GgmlDType::Q5_1,
    GgmlDType::Q5_0,
    GgmlDType::Q4K,
    GgmlDType::Q4_1,
    GgmlDType::Q4_0,
];

/// Numbers and names of ggml's types, from `enum ggml_type` and `type_traits` in
/// <https://github.com/ggml-org/ggml/blob/master/include/ggml.h>.
const NAMES: [(u32, &str); 33] = [
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (6, "Q5_0"),
    (7, "Q5_1"),
    (8, "Q8_0"),
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (12, "Q4_K"),
    (13, "Q5_K"),
    (14, "Q6_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (30, "BF16"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
];

/// A type's number in a GGUF header; `None` if it has none.
fn number(kind: GgmlDType) -> Option<u32> {
    let name = name(kind);
    NAMES
        .into_iter()
        .find_map(|(number, other)| (other == name).then_some(number))
}

/// The name of a type.
pub(crate) fn name(kind: GgmlDType) -> &'static str {
    match kind {
        GgmlDType::F32 => "F32",
        GgmlDType::F16 => "F16",
        GgmlDType::BF16 => "BF16",
        GgmlDType::Q4_0 => "Q4_0",
        GgmlDType::Q4_1 => "Q4_1",
        GgmlDType::Q5_0 => "Q5_0",
        GgmlDType::Q5_1 => "Q5_1",
        GgmlDType::Q8_0 => "Q8_0",
        GgmlDType::Q8_1 => "Q8_1",
        GgmlDType::Q2K => "Q2_K",
        GgmlDType::Q3K => "Q3_K",
        GgmlDType::Q4K => "Q4_K",
        GgmlDType::Q5K => "Q5_K",
        GgmlDType::Q6K => "Q6_K",
        GgmlDType::Q8K => "Q8_K",
    }
}

/// Checks that the type with this number can be read.
pub(super) fn check(tensor: &str, kind: u32) -> Result<(), String> {
    if SUPPORTED
        .into_iter()
        .any(|supported| number(supported) == Some(kind))
    {
        return Ok(());
    }
    let what = NAMES
        .into_iter()
        .find(|(number, _)| *number == kind)
        .map_or_else(|| format!("number {kind}"), |(_, name)| name.to_string());
    Err(format!(
        "its tensor {tensor} is of the type {what}, and the supported types are {}",
        SUPPORTED.map(name).join(", ")
    ))
}

/// The size of a tensor in bytes; `None` if it does not consist of whole blocks, or if the size overflows.
pub(super) fn size(tensor: &TensorInfo) -> Option<usize> {
    let elements = tensor
        .shape
        .dims()
        .iter()
        .try_fold(1_usize, |product, n| product.checked_mul(*n))?;
    let (block, bytes) = (tensor.ggml_dtype.block_size(), tensor.ggml_dtype.type_size());
    elements
        .is_multiple_of(block)
        .then(|| (elements / block).checked_mul(bytes))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::testing::assert_error;

    #[test]
    fn supported_types_pass_and_others_are_named() {
        // From ggml.h.
        let numbers = [0, 1, 30, 8, 14, 13, 7, 6, 12, 3, 2];
        assert_eq!(SUPPORTED.map(|kind| number(kind).unwrap()), numbers);
        for kind in numbers {
            check("a", kind).unwrap();
        }
        for (kind, expected) in [(20, "type IQ4_NL"), (10, "type Q2_K"), (99, "type number 99")] {
            let refused = check("blk.0.ffn_up.weight", kind);
            assert_error(refused, &[expected, "blk.0.ffn_up.weight", "Q4_1"]);
        }
    }
}
