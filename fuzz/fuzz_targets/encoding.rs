//! Any bytes as a text in some encoding; and, if they are UTF-8, the same text in other encodings, which must give the
//! same reviews.

#![no_main]

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, KOI8_R, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1251,
    WINDOWS_1252,
};
use libfuzzer_sys::fuzz_target;
use review_files::{Flags, Outcome, read};

/// The encodings that a program for one language writes.
const LEGACY: [&Encoding; 10] = [
    BIG5, EUC_JP, EUC_KR, GB18030, GBK, ISO_8859_2, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252,
];

fuzz_target!(|bytes: &[u8]| {
    let given = |encoding| Flags {
        encoding,
        ..Flags::default()
    };
    let plain = read_text(bytes, given(None));
    let Ok(text) = std::str::from_utf8(bytes) else {
        read_text(bytes, given(Some(LEGACY[bytes.len() % LEGACY.len()])));
        return;
    };
    // A zero byte is UTF-16; and these are the first bytes of a workbook and of Parquet, which are no text.
    if text.contains('\0') || ["PK", "PAR1"].iter().any(|start| text.trim_start().starts_with(start)) {
        return;
    }
    // UTF-16 with its mark is told without any option.
    let is_little = bytes.len().is_multiple_of(2);
    let wide = text.trim_start_matches('\u{feff}').encode_utf16().flat_map(|unit| match is_little {
        true => unit.to_le_bytes(),
        false => unit.to_be_bytes(),
    });
    let mark: &[u8] = if is_little { b"\xff\xfe" } else { b"\xfe\xff" };
    let wide: Vec<u8> = mark.iter().copied().chain(wide).collect();
    assert!(plain.is_like(&read_text(&wide, given(None))), "UTF-16 with a mark is another text");
    let unmarked = read_text(&wide[2..], given(Some(if is_little { UTF_16LE } else { UTF_16BE })));
    assert!(plain.is_like(&unmarked), "UTF-16 by option is another text");
    // An older encoding is, if it is given.
    let encoding = LEGACY[bytes.len() % LEGACY.len()];
    let (encoded, _, unmappable) = encoding.encode(text);
    let (decoded, _, _) = encoding.decode(&encoded);
    let legacy = read_text(&encoded, given(Some(encoding)));
    if !unmappable && decoded == text {
        assert!(plain.is_like(&legacy), "{} is another text", encoding.name());
    }
    read_text(&encoded, given(None));
});

fn read_text(bytes: &[u8], flags: Flags) -> Outcome {
    let outcome = read("reviews.csv", bytes, flags);
    outcome.never_panics();
    outcome
}
