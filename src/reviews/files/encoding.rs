//! Bytes in, text out, in whatever encoding a program wrote it.
//!
//! UTF-8 and UTF-16 are certain: by their mark, or by the zero in every other byte. Bytes that are not UTF-8 are in the
//! encoding of an older program if no character of several bytes is valid UTF-8, or if all of them are characters of an
//! East Asian encoding; which one it is, is guessed as a browser does. Anything else is UTF-8 with damage: what is
//! invalid becomes U+FFFD and is counted.

use chardetng::EncodingDetector;
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1252,
};

/// Bytes at the beginning that are looked at for zeros.
const LOOKED_AT: usize = 4096;
/// The first byte of Windows-1252 and its like that is a letter.
const FIRST_LETTER: u8 = 0xc0;
/// Encodings in which most pairs of bytes are one character, so that some pairs are valid UTF-8 by chance.
const OF_PAIRS: [&Encoding; 7] = [SHIFT_JIS, GBK, GB18030, BIG5, EUC_JP, EUC_KR, ISO_2022_JP];

/// A decoded file.
#[derive(Debug)]
pub(in crate::reviews) struct Decoded {
    pub text: String,
    /// The encoding that it was in.
    pub encoding: &'static Encoding,
    /// Number of places where invalid bytes were replaced by U+FFFD.
    pub replaced: usize,
}

/// Decodes a file. `given` is the encoding that the user names. Valid UTF-8, the usual case, is not copied.
pub(in crate::reviews) fn decode(bytes: Vec<u8>, given: Option<&'static Encoding>) -> Decoded {
    if let Some(encoding) = given
        .or_else(|| by_mark_or_zeros(&bytes))
        .filter(|it| *it != UTF_8)
    {
        return decode_as(encoding, &bytes);
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => {
            return Decoded {
                text,
                encoding: UTF_8,
                replaced: 0,
            };
        }
        Err(error) => error.into_bytes(),
    };
    match older(&bytes).filter(|_| given.is_none()) {
        Some(encoding) => decode_as(encoding, &bytes),
        None => Decoded {
            replaced: bytes
                .utf8_chunks()
                .filter(|chunk| !chunk.invalid().is_empty())
                .count(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            encoding: UTF_8,
        },
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, encoding, damaged) = encoding.decode(bytes);
    Decoded {
        replaced: if damaged {
            text.matches('\u{fffd}').count()
        } else {
            0
        },
        text: text.into_owned(),
        encoding,
    }
}

/// UTF-16 by its mark, or by the zeros of a text that is mostly ASCII.
fn by_mark_or_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding);
    }
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let zeros = |offset: usize| {
        start
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let most = start.len() * 2 / 5;
    match () {
        () if start.len() < 4 => None,
        () if odd >= most && even == 0 => Some(UTF_16LE),
        () if even >= most && odd == 0 => Some(UTF_16BE),
        () => None,
    }
}

/// The encoding of an older program, if bytes that are not UTF-8 are in one.
fn older(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
    // Without a letter nothing tells one from another: pounds, euros and typographic quotes are commonest in this one.
    if !bytes.iter().any(|byte| *byte >= FIRST_LETTER) {
        return Some(WINDOWS_1252);
    }
    let has_wide = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    let fits = || {
        let (_, _, damaged) = guess.decode(bytes);
        OF_PAIRS.contains(&guess) && !damaged
    };
    (!has_wide || fits()).then_some(guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, &'static str, usize) {
        let decoded = decode(bytes.to_vec(), None);
        (decoded.text, decoded.encoding.name(), decoded.replaced)
    }

    #[test]
    fn each_encoding_is_recognised() {
        let russian = "название,оценка,отзыв\nЧайник,5,Очень хороший чайник, быстро кипятит воду\n";
        let japanese =
            "商品名,評価,レビュー\nやかん,5,すぐにお湯が沸いてとても便利です。毎日使っています。\n";
        let chinese = "商品,评分,评论\n水壶,5,烧水很快，声音也很小，非常满意这次购物。\n";
        let english = "product,review\nCafé,It\u{2019}s the best coffee \u{2013} I can\u{2019}t complain.\n";
        for (text, encoding) in [
            (english, encoding_rs::WINDOWS_1252),
            (russian, encoding_rs::WINDOWS_1251),
            (japanese, SHIFT_JIS),
            (chinese, GBK),
        ] {
            let (bytes, _, unmappable) = encoding.encode(text);
            assert!(!unmappable);
            assert_eq!(decoded(&bytes), (text.to_string(), encoding.name(), 0));
        }
        let wide = "product,rating\nKettle ₹,5\n";
        let little: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes, name) in [
            (&b"\xff\xfe"[..], &little, "UTF-16LE"),
            (b"", &little, "UTF-16LE"),
            (b"\xfe\xff", &big, "UTF-16BE"),
            (b"", &big, "UTF-16BE"),
        ] {
            assert_eq!(decoded(&[mark, bytes].concat()), (wide.to_string(), name, 0));
        }
    }

    #[test]
    fn damaged_utf8_costs_characters_and_not_the_file() {
        for (bytes, expected, replaced) in [
            ("naïve 👍".as_bytes(), "naïve 👍", 0),
            ("caf\u{e9} ol".as_bytes(), "café ol", 0),
            (b"\xa35 \x93good\x94", "£5 “good”", 0),
            (b"na\xc3\xafve caf\xe9 ol\xe9", "naïve caf\u{fffd} ol\u{fffd}", 2),
            (
                b"\xf0\x9f\x91\x8d half a rupee \xe2\x82",
                "👍 half a rupee \u{fffd}",
                1,
            ),
        ] {
            let (text, _, count) = decoded(bytes);
            assert_eq!((text.as_str(), count), (expected, replaced));
        }
        let by_hand = decode(b"caf\xe9".to_vec(), Some(encoding_rs::WINDOWS_1252));
        assert_eq!((by_hand.text.as_str(), by_hand.replaced), ("café", 0));
    }
}
