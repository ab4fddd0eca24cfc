//! Every operation of every level, compared with the same operation on plain numbers.

use half::f16;
use proptest::prelude::*;

use super::{LANES, Lanes, Level};
use crate::kernels::testing::{Random, bits, kernel, levels};

type Row = [f32; LANES];

/// The results of the operations on numbers for three rows.
#[derive(Debug, Clone, PartialEq)]
struct Arithmetic {
    splat: Row,
    /// Sum, difference, product, quotient, larger, smaller.
    two: [Row; 6],
    /// `a · b + c`, rounded once or twice.
    mul_add: Row,
    round: Row,
    swap_pairs: Row,
    /// For each `n`, the first `n` lanes of `a` and the others of `b`.
    first: Vec<Row>,
    /// For each `n`, `n` numbers of `a` loaded, the others zero.
    load_some: Vec<Row>,
    /// For each `n`, `n` numbers of `a` stored over `b`.
    store_some: Vec<Row>,
    sum: f32,
    largest: f32,
}

kernel! {
    Compute(a: Row, b: Row, c: Row) -> Arithmetic, L {
        let load = |row: &Row| L::load(row.as_ptr());
        let (x, y, z) = (load(&a), load(&b), load(&c));
        let stored = |count: usize| {
            let mut to = b;
            x.store_some(to[..count].as_mut_ptr(), count);
            to
        };
        Arithmetic {
            splat: row(L::splat(a[0])),
            two: [x.add(y), x.sub(y), x.mul(y), x.div(y), x.max(y), x.min(y)].map(|lanes| row(lanes)),
            mul_add: row(x.mul_add(y, z)),
            round: row(x.round()),
            swap_pairs: row(x.swap_pairs()),
            first: (0..=LANES + 1).map(|count| row(x.first(count, y))).collect(),
            load_some: (0..=LANES).map(|count| row(L::load_some(a[..count].as_ptr(), count))).collect(),
            store_some: (0..=LANES).map(stored).collect(),
            sum: x.sum(),
            largest: x.largest(),
        }
    }
}

/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn row<L: Lanes>(lanes: L) -> Row {
    let mut to = [f32::NAN; LANES];
    // SAFETY: promised by the caller; the array has sixteen elements.
    unsafe { lanes.store(to.as_mut_ptr()) };
    to
}

fn each<T>(f: impl Fn(usize) -> T) -> [T; LANES] {
    std::array::from_fn(f)
}

/// The results of [`Compute`], number by number; `mul_add` is rounded once.
fn plain(a: Row, b: Row, c: Row) -> Arithmetic {
    let partly = |count, first: Row, other: Row| each(|i| if i < count { first[i] } else { other[i] });
    let mut halved = a.to_vec();
    while halved.len() > 1 {
        let (low, high) = halved.split_at(halved.len() / 2);
        halved = low.iter().zip(high).map(|(low, high)| low + high).collect();
    }
    Arithmetic {
        splat: [a[0]; LANES],
        two: [
            each(|i| a[i] + b[i]),
            each(|i| a[i] - b[i]),
            each(|i| a[i] * b[i]),
            each(|i| a[i] / b[i]),
            each(|i| a[i].max(b[i])),
            each(|i| a[i].min(b[i])),
        ],
        mul_add: each(|i| a[i].mul_add(b[i], c[i])),
        round: each(|i| a[i].round_ties_even()),
        swap_pairs: each(|i| a[i ^ 1]),
        first: (0..=LANES + 1).map(|count| partly(count, a, b)).collect(),
        load_some: (0..=LANES).map(|count| partly(count, a, [0.0; LANES])).collect(),
        store_some: (0..=LANES).map(|count| partly(count, a, b)).collect(),
        sum: halved[0],
        largest: a.into_iter().fold(f32::NEG_INFINITY, f32::max),
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    // Multiples of a half among them, for ties.
    let number = prop_oneof![
        -1e6_f32..1e6,
        -1.0_f32..1.0,
        (-200_i16..200).prop_map(|n| f32::from(n) / 2.0)
    ];
    prop::array::uniform16(number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arithmetic_is_that_of_plain_numbers(a in any_row(), b in any_row(), c in any_row()) {
        // Zeros of both signs are equal; which of them `max` and `min` give is not defined.
        let b = b.map(|number| if number == 0.0 { 1.0 } else { number });
        for level in levels() {
            let mut wanted = plain(a, b, c);
            if level == Level::Portable {
                wanted.mul_add = each(|i| a[i] * b[i] + c[i]);
            }
            prop_assert_eq!(&level.run(Compute(a, b, c)), &wanted, "{:?}", level);
        }
    }

    #[test]
    fn dots_are_exact_for_all_codes(seed: u64, extreme: bool) {
        let mut random = Random(seed);
        let mut any = |codes: [u8; 2]| if extreme {
            codes[random.below(2)]
        } else {
            codes[0] + random.below(usize::from(codes[1] - codes[0]) + 1) as u8
        };
        let small = std::array::from_fn(|_| any([0, 31]));
        let wide = std::array::from_fn(|_| any([0, 255]));
        // From -127 to 127, as signed bytes.
        let quads = std::array::from_fn(|_| [(); 4].map(|()| any([1, 255]).wrapping_add(128)));
        for level in levels() {
            prop_assert_eq!(level.run(Dots(small, wide, quads)), dots(&small, &wide, &quads), "{:?}", level);
        }
    }

    #[test]
    fn sums_are_scaled_with_one_rounding(
        seed: u64, byte in -127..=127i8, halves in prop::array::uniform16(0..0x7c00u16),
    ) {
        let mut random = Random(seed);
        let codes: [u8; 64] = std::array::from_fn(|_| random.bits() as u8);
        // Every half float: what a tile's scales are.
        let scale = halves.map(|half| f16::from_bits(half).to_f32() * if half % 2 == 0 { 1.0 } else { -1.0 });
        let wanted = each(|lane| {
            let codes: i32 = codes[lane * 4..][..4].iter().map(|code| i32::from(*code)).sum();
            (codes * i32::from(byte) * QUADS as i32) as f32 * scale[lane]
        });
        for level in levels() {
            let found = level.run(Scaled(codes, byte, scale));
            prop_assert_eq!(found, wanted, "{:?}", level);
        }
    }

    #[test]
    fn codes_are_split(codes in prop::collection::vec(any::<u8>(), 64), bits: u64) {
        let codes: [u8; 64] = codes.try_into().unwrap();
        let low = codes.map(|code| code & 15);
        let wanted = [
            low,
            codes.map(|code| code >> 4),
            std::array::from_fn(|i| low[i] + 16 * (bits >> i & 1) as u8),
        ];
        for level in levels() {
            prop_assert_eq!(level.run(Split(codes, bits)), wanted, "{:?}", level);
        }
    }

    #[test]
    fn codes_are_stored_with_their_sum(row in prop::array::uniform16(-127.0_f32..=127.0)) {
        let codes = row.map(|number| number.round_ties_even() as i8);
        let sum = codes.iter().map(|code| i32::from(*code)).sum();
        for level in levels() {
            prop_assert_eq!(level.run(StoreCodes(row)), (codes, sum), "{:?}", level);
        }
    }
}

/// The quads of a block, so that the sums are as large as they can be.
const QUADS: usize = 8;

kernel! {
    /// Sums of small codes, which are below 32, and of wide ones.
    Dots(small: [u8; 64], wide: [u8; 64], quads: [[u8; 4]; QUADS]) -> [Row; 2], L {
        let (small, wide) = (L::load_codes(small.as_ptr()), L::load_codes(wide.as_ptr()));
        let (mut first, mut second) = (L::no_sums(), L::no_sums());
        for quad in quads.map(i32::from_le_bytes) {
            first = L::dot_small(first, small, quad);
            second = L::dot(second, wide, quad);
        }
        [first, second].map(|sums| numbers::<L>(sums))
    }
}

/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn numbers<L: Lanes>(sums: L::Sums) -> Row {
    // SAFETY: promised by the caller.
    unsafe {
        let one = L::splat(1.0);
        row(L::scaled(sums, one, L::offset(one)))
    }
}

fn dots(small: &[u8; 64], wide: &[u8; 64], quads: &[[u8; 4]; QUADS]) -> [Row; 2] {
    let sums = |codes: &[u8; 64]| {
        each(|lane| {
            let products = quads.iter().flat_map(|quad| {
                let codes = codes[lane * 4..].iter();
                codes
                    .zip(quad)
                    .map(|(code, byte)| i32::from(*code) * i32::from(byte.cast_signed()))
            });
            products.sum::<i32>()
        })
    };
    // At most 8 · 4 · 255 · 127, which an `f32` holds.
    [small, wide].map(|codes| sums(codes).map(|sum| sum as f32))
}

kernel! {
    /// Sums of products of wide codes and a byte, the same for all four codes of a lane; each sum times a scale.
    Scaled(codes: [u8; 64], byte: i8, scale: Row) -> Row, L {
        let quad = i32::from_le_bytes([byte.cast_unsigned(); 4]);
        let codes = L::load_codes(codes.as_ptr());
        let sums = (0..QUADS).fold(L::no_sums(), |sums, _| L::dot(sums, codes, quad));
        let scale = L::load(scale.as_ptr());
        row(L::scaled(sums, scale, L::offset(scale)))
    }
}

kernel! {
    /// The low halves, the high halves, the low ones with sixteens.
    Split(codes: [u8; 64], bits: u64) -> [[u8; 64]; 3], L {
        let codes = L::load_codes(codes.as_ptr());
        let low = L::low(codes);
        [low, L::high(codes), L::add_sixteen(low, bits)].map(|codes| bytes::<L>(codes))
    }
}

/// Codes cannot be stored; a dot product with one byte that is 1 shows a quarter of them.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn bytes<L: Lanes>(codes: L::Codes) -> [u8; 64] {
    let quarters: [Row; 4] = std::array::from_fn(|k| {
        // SAFETY: promised by the caller.
        unsafe { numbers::<L>(L::dot(L::no_sums(), codes, 1 << (8 * k))) }
    });
    std::array::from_fn(|i| quarters[i % 4][i / 4] as u8)
}

kernel! {
    StoreCodes(numbers: Row) -> ([i8; LANES], i32), L {
        let mut codes = [0; LANES];
        let sum = L::load(numbers.as_ptr()).store_codes(codes.as_mut_ptr());
        (codes, sum)
    }
}

kernel! {
    /// Powers of `e` or of two.
    Powers(of_two: bool, exponents: Row) -> Row, L {
        let x = L::load(exponents.as_ptr());
        row(if of_two { x.exp2() } else { x.exp() })
    }
}

#[test]
fn powers_are_good_to_two_units_in_the_last_place() {
    for (of_two, first, last) in [(false, -8_700, 8_800), (true, -12_600, 12_700)] {
        // From first to last in small steps, and closely around zero.
        let far = (first..=last).map(|i| i as f32 / 100.0);
        let near = (-2_000..2_000).map(|i| i as f32 * 1e-6);
        let numbers: Vec<f32> = far.chain(near).collect();
        for level in levels() {
            let mut worst = 0.0_f64;
            for of in numbers.as_chunks::<LANES>().0 {
                for (number, power) in of.iter().zip(level.run(Powers(of_two, *of))) {
                    let number = f64::from(*number);
                    let wanted = if of_two { number.exp2() } else { number.exp() };
                    worst = worst.max((f64::from(power) / wanted - 1.0).abs());
                }
            }
            // A unit in the last place is at most 2^-23 of the number.
            assert!(
                worst < 2.0 * f64::from(f32::EPSILON),
                "{level:?}, of two {of_two}: off by {worst:e}"
            );
        }
    }
}

#[test]
fn powers_stay_finite_and_above_zero() {
    let mut of = [0.0; LANES];
    of[..6].copy_from_slice(&[f32::NEG_INFINITY, -1e30, -127.0, 89.0, 1e30, f32::INFINITY]);
    for level in levels() {
        let (low, high) = ((-87_f32).exp(), 88_f32.exp());
        let powers = level.run(Powers(false, of));
        for (power, bound) in powers.iter().zip([low, low, low, high, high, high]) {
            assert!((power / bound - 1.0).abs() < 1e-6, "{level:?}: {power}");
        }
        let powers_of_two = level.run(Powers(true, of));
        let (low, high) = (f32::MIN_POSITIVE, 127_f32.exp2());
        assert_eq!(
            powers_of_two[..6],
            [low, low, low, 89_f32.exp2(), high, high],
            "{level:?}"
        );
        // The largest score's weight has to be exactly one, so that merging a single part changes nothing.
        assert_eq!(
            (&powers[6..], &powers_of_two[6..]),
            (&[1.0; 10][..], &[1.0; 10][..]),
            "{level:?}"
        );
    }
}

kernel! {
    Scale(numbers: Row, powers: Row) -> Row, L {
        row(L::load(numbers.as_ptr()).scale(L::load(powers.as_ptr())))
    }
}

#[test]
fn scaling_is_multiplication_by_powers_of_two() {
    for level in levels() {
        for start in (-126..=112).step_by(LANES).chain([112]) {
            let powers: [i16; LANES] = each(|lane| start + lane as i16);
            let wanted = powers.map(|power| (1.5 * 2_f64.powi(power.into())) as f32);
            assert_eq!(
                level.run(Scale([1.5; LANES], powers.map(f32::from))),
                wanted,
                "{level:?}"
            );
        }
    }
}

kernel! {
    LoadHalves(halves: [u16; LANES]) -> Row, L { row(L::load_f16(halves.as_ptr())) }
}

kernel! {
    StoreHalves(numbers: Row) -> [u16; LANES], L {
        let mut to = [0; LANES];
        L::load(numbers.as_ptr()).store_f16(to.as_mut_ptr());
        to
    }
}

#[test]
fn every_half_float_is_read_and_written_back() {
    for level in levels() {
        for start in (0..=u16::MAX).step_by(LANES) {
            let halves: [u16; LANES] = each(|lane| start + lane as u16);
            // The packer refuses files with infinities and NaN, and the store of keys and values has none.
            if halves.iter().any(|half| !f16::from_bits(*half).is_finite()) {
                continue;
            }
            let numbers = level.run(LoadHalves(halves));
            let wanted = halves.map(|half| f16::from_bits(half).to_f32());
            assert_eq!(bits(&numbers), bits(&wanted), "{level:?}");
            assert_eq!(level.run(StoreHalves(numbers)), halves, "{level:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn numbers_become_the_nearest_half_float(numbers in prop::array::uniform16(-65_504.0_f32..65_504.0), small: bool) {
        // Small ones are below the normal half floats.
        let numbers = numbers.map(|number| if small { number * 1e-9 } else { number });
        for level in levels() {
            let wanted = numbers.map(|number| f16::from_f32(number).to_bits());
            prop_assert_eq!(level.run(StoreHalves(numbers)), wanted, "{:?}", level);
        }
    }
}

#[test]
fn the_best_level_is_the_first_that_is_supported() {
    assert_eq!(Level::best(), levels()[0]);
    assert_eq!(levels().last(), Some(&Level::Portable));
}
