//! One cell in; a text, rating or price out. Pure; a cell without a valid value is `None`.

/// The most characters of a review that are kept; the longest of 205,052 real reviews has 497.
const LONGEST: usize = 10_000;

/// Spellings of a missing value.
const MISSING: [&str; 5] = ["nan", "null", "none", "n/a", "<na>"];

/// The trimmed cell, or `None` if it is empty or a missing value.
pub(super) fn present(cell: Option<&str>) -> Option<&str> {
    let cell = cell?.trim();
    let missing = cell.is_empty() || MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word));
    (!missing).then_some(cell)
}

/// The cell's text on one line, or `None`.
///
/// Any run of white space becomes one space; invisible characters are removed; emoji stay. Garbled text stays too: a
/// repair would be a guess.
pub(super) fn text(cell: Option<&str>) -> Option<String> {
    let cell = present(cell)?;
    let mut text = String::with_capacity(cell.len());
    let (mut length, mut space) = (0, false);
    for c in cell.chars() {
        if c.is_whitespace() {
            space = true;
        } else if !is_unseen(c) {
            if space && !text.is_empty() {
                text.push(' ');
                length += 1;
            }
            if length >= LONGEST {
                break;
            }
            text.push(c);
            (length, space) = (length + 1, false);
        }
    }
    // A scraped review that was shortened on the shop's page ends with the label of the button that expands it.
    let body = text.strip_suffix("READ MORE").unwrap_or(&text).trim_end().len();
    text.truncate(body);
    present(Some(&text))?;
    text.shrink_to_fit();
    Some(text)
}

/// Control characters, and characters without width that hide text or change its direction; among them the tags from
/// U+E0000, which can carry a whole hidden sentence. The two joiners stay: emoji and Indian scripts need them. Three
/// flags that consist of tags (England, Scotland, Wales) become a black flag.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whole stars from 1 to 5, written as `4`, `4.0`, `4/5`, `4 stars` or `4.0 out of 5 stars`.
///
/// A fraction is not one buyer's rating, and a number on another scale means something else: both are rejected.
pub(super) fn rating(cell: Option<&str>) -> Option<u8> {
    let cell = present(cell)?.to_ascii_lowercase();
    let end = cell
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(cell.len());
    let (number, rest) = cell.split_at(end);
    let stars: f32 = number.parse().ok()?;
    let rest = rest.trim_start();
    let scale = rest
        .strip_prefix("out of")
        .or_else(|| rest.strip_prefix('/'))
        .map(str::trim_start);
    let unit = match scale {
        Some(scale) => scale
            .strip_prefix("5.0")
            .or_else(|| scale.strip_prefix('5'))?
            .trim_start(),
        None => rest,
    };
    let known = matches!(unit, "" | "star" | "stars" | "★" | "⭐");
    (known && stars.fract() == 0.0 && (1.0..=5.0).contains(&stars)).then_some(stars as u8)
}

/// Whole rupees, written as `2390`, `2390.00`, `₹2,390`, `Rs. 2,390/-` or `INR 2390`. A price in another currency is
/// `None`.
pub(super) fn price(cell: Option<&str>) -> Option<u32> {
    let cell = present(cell)?;
    let start = cell.find(|c: char| c.is_ascii_digit())?;
    let (before, from) = cell.split_at(start);
    let end = from
        .find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.')
        .unwrap_or(from.len());
    let (number, after) = from.split_at(end);
    if before.contains(['$', '€', '£', '-']) || !["", "rs", "inr", "mrp"].contains(&letters(before).as_str())
    {
        return None;
    }
    if !["", "rs", "inr", "only"].contains(&letters(after).as_str()) {
        return None;
    }
    let rupees = number.replace(',', "").split('.').next()?.parse().ok()?;
    (rupees > 0).then_some(rupees)
}

/// The ASCII letters and digits, in lower case; a garbled `₹` contains none.
fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_clean_line() {
        for (cell, expected) in [
            (
                "  Good   sound\r\n\r\nBad\u{a0}battery ",
                Some("Good sound Bad battery"),
            ),
            ("bass 🔥🔥 है 👍🏽", Some("bass 🔥🔥 है 👍🏽")),
            (
                "family 👨\u{200d}👩\u{200d}👧",
                Some("family 👨\u{200d}👩\u{200d}👧"),
            ),
            ("be\u{200b}st\u{7} \u{202e}buy\u{feff}", Some("best buy")),
            (
                "best\u{e0062}\u{e0075}\u{e0079} \u{61c}b\u{2064}u\u{206e}y\u{e0101} 🏴",
                Some("best buy 🏴"),
            ),
            ("Nice phone...READ MORE", Some("Nice phone...")),
            ("READ MORE", None),
            (
                "read more reviews first, then READ MORE of them",
                Some("read more reviews first, then READ MORE of them"),
            ),
            ("Caf?? â\u{80}\u{99} garbled", Some("Caf?? â garbled")),
            ("nan", None),
            (" NULL ", None),
            ("None", None),
            ("", None),
            ("\u{200b}\u{1a}", None),
            ("nano", Some("nano")),
        ] {
            assert_eq!(text(Some(cell)).as_deref(), expected, "{cell:?}");
        }
        assert_eq!(text(None), None);
        assert_eq!(text(Some(&"ab ".repeat(9_000))).unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn ratings_are_whole_stars() {
        for (cell, expected) in [
            ("5", Some(5)),
            (" 4.0 ", Some(4)),
            ("5.0 out of 5 stars", Some(5)),
            ("1.0 out of 5", Some(1)),
            ("3/5", Some(3)),
            ("2 Stars", Some(2)),
            ("4★", Some(4)),
            ("4.5", None),
            ("0", None),
            ("6", None),
            ("8/10", None),
            ("4 out of 10", None),
            ("-3", None),
            ("nan", None),
            ("five", None),
            ("2 W Garden Torch", None),
            ("Heron Steel Kettle??????(2 L, Green)", None),
        ] {
            assert_eq!(rating(Some(cell)), expected, "{cell}");
        }
    }

    #[test]
    fn prices_are_rupees() {
        for (cell, expected) in [
            ("3999", Some(3999)),
            ("₹2,390", Some(2390)),
            ("₹ 1,24,990.50", Some(124_990)),
            ("â‚¹2,390", Some(2390)),
            ("??2,390", Some(2390)),
            ("Rs. 499/-", Some(499)),
            ("INR 499", Some(499)),
            ("499 only", Some(499)),
            ("2390.0", Some(2390)),
            ("$23", None),
            ("0", None),
            ("-5", None),
            ("free", None),
            ("99999999999", None),
            ("heron steel kettle2 l green", None),
        ] {
            assert_eq!(price(Some(cell)), expected, "{cell}");
        }
    }
}
