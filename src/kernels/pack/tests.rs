//! Packed rows compared with what candle reads in the same bytes, and the places of single codes.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Tensor};
use half::{bf16, f16};
use proptest::prelude::*;

use super::PackError;
use crate::kernels::simd::LANES;
use crate::kernels::testing::{Random, alone, packed, threads};
use crate::kernels::tiles::{COLUMNS, Matrix, Tile8, Tiles, WIDE};

/// Types whose packing loses nothing.
const EXACT: [GgmlDType; 5] = [
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
];
/// Types whose scales and minima are rounded.
const ROUNDED: [GgmlDType; 2] = [GgmlDType::Q4K, GgmlDType::Q5K];
/// Types that are quantised again.
const REQUANTISED: [GgmlDType; 4] = [GgmlDType::Q6K, GgmlDType::F16, GgmlDType::BF16, GgmlDType::F32];

fn any_type() -> impl Strategy<Value = GgmlDType> {
    prop::sample::select([&EXACT[..], &ROUNDED, &REQUANTISED].concat())
}

/// A half-precision number of either sign between 0 and 8, also below the normal ones.
fn half(random: &mut Random) -> f16 {
    let bits = random.bits();
    let exponent = (bits >> 16) % 18;
    f16::from_bits((bits & 0x83ff) as u16 | (exponent as u16) << 10)
}

/// A tensor of this type: any codes, and finite factors.
fn data(kind: GgmlDType, rows: usize, columns: usize, seed: u64) -> Vec<u8> {
    // Where a block has its half-precision numbers.
    let halves: &[usize] = match kind {
        GgmlDType::Q4_1 | GgmlDType::Q5_1 | GgmlDType::Q4K | GgmlDType::Q5K => &[0, 2],
        GgmlDType::Q6K => &[208],
        _ => &[0],
    };
    let mut random = Random(seed);
    let mut data = vec![0; rows * columns / kind.block_size() * kind.type_size()];
    for block in data.chunks_exact_mut(kind.type_size()) {
        let factor = half(&mut random).to_f32() / 3.0;
        match kind {
            GgmlDType::F32 => block.copy_from_slice(&factor.to_le_bytes()),
            GgmlDType::BF16 => block.copy_from_slice(&bf16::from_f32(factor).to_le_bytes()),
            _ => {
                block.fill_with(|| random.bits() as u8);
                for place in halves {
                    block[*place..][..2].copy_from_slice(&half(&mut random).to_le_bytes());
                }
            }
        }
    }
    data
}

/// The weights that candle reads in the same bytes.
fn oracle(kind: GgmlDType, data: &[u8], rows: usize, columns: usize) -> Vec<Vec<f32>> {
    let storage = QStorage::from_data(Cow::Borrowed(data), &Device::Cpu, kind).unwrap();
    let tensor: Tensor = QTensor::new(storage, (rows, columns))
        .unwrap()
        .dequantize(&Device::Cpu)
        .unwrap();
    tensor.to_vec2().unwrap()
}

/// A tensor of [`data`], packed, and what candle reads in the same bytes.
fn packed_and_read(kind: GgmlDType, rows: usize, columns: usize, seed: u64) -> (Matrix, Vec<Vec<f32>>) {
    let data = data(kind, rows, columns, seed);
    let matrix = Matrix::pack(&alone(), kind, &data, rows, columns).unwrap();
    (matrix, oracle(kind, &data, rows, columns))
}

fn row(matrix: &Matrix, row: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; matrix.columns()];
    matrix.row(row, &mut out);
    out
}

/// Scale, minimum and code of one weight, read where the descriptions of the tiles say.
fn parts(matrix: &Matrix, row: usize, k: usize) -> (f32, f32, u8) {
    let (tile, lane, k) = (
        row / LANES * matrix.blocks() + k / COLUMNS,
        row % LANES,
        k % COLUMNS,
    );
    let half_code = |codes: &[u8; 256]| codes[k / 8 * 64 + lane * 4 + k % 4] >> (k / 4 % 2 * 4) & 0xf;
    let eighths = |tile: &Tile8| {
        let code = tile.codes[k / 4 * 64 + lane * 4 + k % 4];
        (tile.scale[lane], tile.min[lane], code)
    };
    let (scale, min, code) = match matrix.tiles() {
        Tiles::Four(tiles) => {
            let tile = &tiles[tile];
            (tile.scale[lane], tile.min[lane], half_code(&tile.codes))
        }
        Tiles::Five(tiles) => {
            let tile = &tiles[tile];
            let fifth = tile.high[k / 4] >> (lane * 4 + k % 4) & 1;
            (
                tile.scale[lane],
                tile.min[lane],
                half_code(&tile.codes) | (fifth as u8) << 4,
            )
        }
        Tiles::Eight(tiles) => eighths(&tiles[tile]),
        Tiles::Wide(tiles) => eighths(&tiles[tile].0),
    };
    (f16::from_bits(scale).to_f32(), f16::from_bits(min).to_f32(), code)
}

/// Asserts that weights have moved by no more than quantising each `shared` of them with one scale moves them.
fn assert_quantised(weights: &[f32], packed: &[f32], shared: usize) {
    for (weights, packed) in weights.chunks(shared).zip(packed.chunks(shared)) {
        let largest = weights
            .iter()
            .fold(0f32, |largest, weight| largest.max(weight.abs()));
        let scale = largest / 127.0 * (1.0 + 2f32.powi(-10)) + 2f32.powi(-24);
        let bound = scale / 2.0 * 1.0001;
        for (weight, packed) in weights.iter().zip(packed) {
            assert!(
                (weight - packed).abs() <= bound,
                "{weight} became {packed}, beyond {bound}"
            );
        }
    }
}

proptest! {
    #[test]
    fn types_of_blocks_lose_nothing(
        kind in prop::sample::select(&EXACT[..]), rows in 1..40usize, blocks in 1..5usize, seed: u64,
    ) {
        let (matrix, read) = packed_and_read(kind, rows, blocks * 32, seed);
        for (index, expected) in read.into_iter().enumerate() {
            prop_assert_eq!(row(&matrix, index), expected);
        }
    }

    #[test]
    fn scales_of_scales_are_rounded_within_the_bound(
        kind in prop::sample::select(&ROUNDED[..]), rows in 1..40usize, blocks in 1..3usize, seed: u64,
    ) {
        let (matrix, read) = packed_and_read(kind, rows, blocks * 256, seed);
        for (index, expected) in read.into_iter().enumerate() {
            for (k, (expected, packed)) in expected.into_iter().zip(row(&matrix, index)).enumerate() {
                let (scale, min, code) = parts(&matrix, index, k);
                let code = f32::from(code);
                // The bound is stated for the exact scale and minimum; these are the rounded ones.
                let sizes = (code * scale.abs() + min.abs()) * 1.001;
                let bound = 2f32.powi(-11) * sizes + 2f32.powi(-25) * (code + 1.0);
                prop_assert!((expected - packed).abs() <= bound, "{expected} became {packed}, beyond {bound}");
            }
        }
    }

    #[test]
    fn other_types_are_quantised_within_the_bound_at_any_length(
        kind in prop::sample::select(&REQUANTISED[..]), rows in 1..40usize, columns in 1..640usize, seed: u64,
    ) {
        let columns = columns.next_multiple_of(kind.block_size());
        let (matrix, read) = packed_and_read(kind, rows, columns, seed);
        for (index, expected) in read.into_iter().enumerate() {
            assert_quantised(&expected, &row(&matrix, index), COLUMNS);
        }
    }

    #[test]
    fn wide_tiles_in_a_row_share_a_scale(
        kind in prop::sample::select(&REQUANTISED[1..]), rows in 1..40usize, columns in 1..300usize, seed: u64,
    ) {
        let data = data(kind, rows, columns, seed);
        let matrix = Matrix::pack_wide(&threads(2), kind, &data, rows, columns).unwrap();
        for (index, expected) in oracle(kind, &data, rows, columns).into_iter().enumerate() {
            assert_quantised(&expected, &row(&matrix, index), WIDE * COLUMNS);
            for k in 0..columns {
                let (scale, min, code) = parts(&matrix, index, k);
                prop_assert_eq!(scale, parts(&matrix, index, k / (WIDE * COLUMNS) * (WIDE * COLUMNS)).0);
                prop_assert_eq!(scale * f32::from(code) + min, row(&matrix, index)[k]);
            }
        }
    }

    #[test]
    fn codes_lie_where_the_forms_say(kind in any_type(), rows in 1..40usize, seed: u64) {
        let (matrix, _) = packed_and_read(kind, rows, 512, seed);
        for index in 0..rows.next_multiple_of(LANES) {
            let expected = (index < rows).then(|| row(&matrix, index));
            for k in 0..512 {
                let (scale, min, code) = parts(&matrix, index, k);
                match &expected {
                    Some(expected) => prop_assert_eq!(scale * f32::from(code) + min, expected[k]),
                    None => prop_assert_eq!((scale, min), (0.0, 0.0)),
                }
            }
        }
    }

    #[test]
    fn threads_pack_the_same(kind in any_type(), rows in 1..100usize, seed: u64) {
        let data = data(kind, rows, 256, seed);
        let alone = Matrix::pack(&alone(), kind, &data, rows, 256).unwrap();
        let together = Matrix::pack(&threads(3), kind, &data, rows, 256).unwrap();
        for index in 0..rows {
            prop_assert_eq!(row(&alone, index), row(&together, index));
        }
    }
}

#[test]
fn columns_beyond_the_end_are_zero() {
    let matrix = packed(&[1.0; 2 * 40], 2, 40).unwrap();
    for k in 40..64 {
        let (scale, min, code) = parts(&matrix, 1, k);
        assert_eq!(scale * f32::from(code) + min, 0.0, "column {k}");
    }
}

#[test]
fn only_plain_numbers_have_a_wide_form() {
    let refused = Matrix::pack_wide(&alone(), GgmlDType::Q8_0, &[0; 34], 1, 32);
    assert!(refused.is_err());
}

#[test]
fn bytes_are_those_of_the_tiles() {
    let cases = [
        (GgmlDType::Q4_1, 64, 2 * 2 * 320),
        (GgmlDType::Q5_0, 64, 2 * 2 * 384),
        (GgmlDType::Q8_0, 64, 2 * 2 * 576),
        (GgmlDType::F16, 40, 2 * 2 * 576),
        (GgmlDType::F32, 0, 0),
    ];
    for (kind, columns, bytes) in cases {
        let matrix = Matrix::pack(&alone(), kind, &data(kind, 17, columns, 1), 17, columns).unwrap();
        assert_eq!(matrix.bytes(), bytes, "{kind:?}");
    }
}

#[test]
fn nothing_packs_to_nothing() {
    for (rows, columns) in [(0, 0), (0, 32), (0, usize::MAX), (3, 0)] {
        let matrix = Matrix::pack(&alone(), GgmlDType::F32, &[], rows, columns).unwrap();
        assert_eq!(
            (matrix.bytes(), matrix.rows(), matrix.columns()),
            (0, rows, columns)
        );
    }
}

#[test]
fn the_largest_weight_and_the_first_beyond_it() {
    assert!(packed(&[64_992.0; 32], 1, 32).is_ok());
    let error = packed(&[65_000.0; 32], 1, 32).unwrap_err();
    let PackError::Range { row, column, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((row, column), (0, 0));
}

#[test]
fn scales_that_are_not_finite_are_named_by_place() {
    let infinite = f16::INFINITY.to_le_bytes();
    // Type, where the number lies in the blocks, and what to put there.
    let cases = [
        (GgmlDType::Q4_0, 0, infinite),
        (GgmlDType::Q4_1, 0, f16::NAN.to_le_bytes()),
        (GgmlDType::Q4_1, 2, infinite),
        (GgmlDType::Q5_0, 0, infinite),
        (GgmlDType::Q5_1, 2, infinite),
        (GgmlDType::Q8_0, 0, f16::from_f32(512.0).to_le_bytes()),
        (GgmlDType::Q4K, 2, infinite),
        (GgmlDType::Q5K, 0, infinite),
        (GgmlDType::Q6K, 208, f16::NAN.to_le_bytes()),
        (GgmlDType::F16, 0, f16::NAN.to_le_bytes()),
        (GgmlDType::BF16, 0, bf16::NEG_INFINITY.to_le_bytes()),
        (GgmlDType::F32, 2, bf16::NAN.to_le_bytes()),
    ];
    for (kind, place, bytes) in cases {
        let (rows, columns) = (20, 512);
        let block = kind.block_size().max(COLUMNS) / kind.block_size() * kind.type_size();
        let mut data = data(kind, rows, columns, 1);
        // The last row but one, and its last block.
        let end = data.len() / rows * (rows - 1);
        data[end - block + place..][..2].copy_from_slice(&bytes);
        let error = Matrix::pack(&alone(), kind, &data, rows, columns).unwrap_err();
        let first = columns - kind.block_size().max(COLUMNS);
        assert!(
            matches!(error, PackError::Range { row: 18, column, .. } if column >= first),
            "{kind:?}: {error}"
        );
    }
}

#[test]
fn what_cannot_be_packed_is_an_error_that_says_why() {
    use GgmlDType::{F32, Q2K, Q4_0, Q4K, Q8_1};
    let cases = [
        (Q2K, 2 * 84, 256, "type Q2K are not supported; take a file"),
        (Q8_1, 2 * 36, 32, "Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0, F16"),
        (Q4K, 288, 128, "128 weights long, and its type Q4K needs"),
        (Q4K, 288, 128, "a multiple of 256"),
        (Q4_0, 35, 32, "2 rows of 32 weights take up 36 bytes"),
        (Q4_0, 35, 32, "36 bytes, and there are 35"),
        (Q4_0, 37, 32, "36 bytes, and there are 37"),
        (F32, 8, usize::MAX, "there are 8;"),
        (F32, 20, 3, "2 rows of 3 weights take up 24 bytes"),
    ];
    for (kind, bytes, columns, part) in cases {
        let error = Matrix::pack(&alone(), kind, &vec![0; bytes], 2, columns).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}
