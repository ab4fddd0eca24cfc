//! Text that was decoded as Windows-1252 and encoded as UTF-8 again: `itâ€™s` is "it’s".

use encoding_rs::WINDOWS_1252;

/// A text may have been encoded so often.
const TIMES: usize = 2;

/// The text before its encoding was confused; `None` if not all of it agrees.
pub(in crate::reviews) fn repaired(text: &str) -> Option<String> {
    let mut repaired: Option<String> = None;
    for _ in 0..TIMES {
        let Some(next) = once(repaired.as_deref().unwrap_or(text)) else {
            break;
        };
        repaired = Some(next);
    }
    repaired
}

fn once(text: &str) -> Option<String> {
    // The first byte of each character of two to four bytes is one of these in Windows-1252.
    if !text.contains(|c| ('\u{c2}'..='\u{f4}').contains(&c)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            // ASCII, Latin-1, and the five bytes that Windows-1252 leaves undefined.
            Ok(byte) if !(0x80..0xa0).contains(&byte) || is_undefined(byte) => bytes.push(byte),
            _ => {
                let mut buffer = [0; 4];
                let (encoded, _, unmappable) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
                if unmappable || encoded.len() != 1 {
                    return None;
                }
                bytes.push(encoded[0]);
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|repaired| repaired != text)
}

fn is_undefined(byte: u8) -> bool {
    matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confused_encoding_is_repaired_where_the_whole_text_agrees() {
        for (text, expected) in [
            ("Itâ€™s good, CafÃ© style", Some("It’s good, Café style")),
            ("â‚¹2,390", Some("₹2,390")),
            ("ðŸ‘\u{8d} nice", Some("👍 nice")),
            ("CafÃƒÂ©", Some("Café")),
            ("Café and naïve", None),
            ("CafÃ© and 👍", None),
            ("plain", None),
            ("Â", None),
        ] {
            assert_eq!(repaired(text).as_deref(), expected, "{text}");
        }
    }
}
