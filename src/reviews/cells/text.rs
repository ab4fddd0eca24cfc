//! A text on one line, without what programs and pages left in it.

use std::borrow::Cow;

use super::{WORDS, mojibake, present};

/// The most characters of a text that are kept; the longest of 205,052 real reviews has 497.
const LONGEST: usize = 10_000;
/// The most bytes between `<` and `>` of a tag, and between `&` and `;` of an entity.
const LONGEST_TAG: usize = 200;
const LONGEST_ENTITY: usize = 8;

/// The cell's text, or `None`.
///
/// Any run of white space becomes one space; invisible characters are removed; emoji stay. What is left of a web page
/// goes: entities, tags that only lay text out, and the labels of its buttons.
pub(in crate::reviews) fn text(cell: Option<&str>) -> Option<String> {
    let cell = present(cell)?;
    let repaired = mojibake::repaired(cell);
    let cell = repaired.as_deref().unwrap_or(cell);
    let unmarked = unmarked(cell);
    let mut text = on_one_line(unmarked.as_deref().unwrap_or(cell));
    for leftover in &WORDS.leftovers {
        if text.contains(leftover.as_str()) {
            text = on_one_line(&text.replace(leftover.as_str(), " "));
        }
    }
    let ending = WORDS
        .endings
        .iter()
        .find_map(|ending| text.strip_suffix(ending.as_str()));
    let length = ending.unwrap_or(&text).trim_end().len();
    text.truncate(length);
    present(Some(&text))?;
    text.shrink_to_fit();
    Some(text)
}

/// The cell on one line, and otherwise as it is.
pub(in crate::reviews) fn verbatim(cell: Option<&str>) -> Option<String> {
    let text = on_one_line(present(cell)?);
    present(Some(&text))?;
    Some(text)
}

/// The last part of a category's path: `Home > Kitchen > Kettles` is about kettles. A path may be written as a list.
pub(in crate::reviews) fn category(cell: Option<&str>) -> Option<String> {
    let path = text(cell)?;
    let list = path.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let last = list.map_or(path.as_str(), |list| {
        let quote = |c: char| matches!(c, '"' | '\'');
        list.trim_end_matches(quote).rsplit(quote).next().unwrap_or(list)
    });
    let is_path = last.matches('/').count() > 1;
    let between = |c: char| matches!(c, '>' | '»' | '|') || c == '/' && is_path;
    let part = last.rsplit(between).find_map(|part| present(Some(part)))?;
    let part = part.rsplit(" / ").next().unwrap_or(part).trim();
    (!part.is_empty()).then(|| part.to_string())
}

/// A title in which entities are characters, so that it is the same product as one without.
pub(in crate::reviews) fn with_characters(title: &str) -> Cow<'_, str> {
    match title.contains('&') {
        true => Cow::Owned(decoded(title)),
        false => Cow::Borrowed(title),
    }
}

fn on_one_line(cell: &str) -> String {
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
    text
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

/// The text without entities, tags of layout and Excel's `_x000D_`; `None` if it has none of them.
fn unmarked(text: &str) -> Option<String> {
    let decoded = text.contains('&').then(|| decoded(text));
    let text = decoded.as_deref().unwrap_or(text);
    let without = text.contains('<').then(|| without_tags(text));
    let text = without.as_deref().unwrap_or(text);
    if text.contains("_x000") {
        return Some(text.replace("_x000D_", "\n").replace("_x000A_", "\n"));
    }
    without.or(decoded)
}

/// Entities decoded, once.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        let entity = rest.as_bytes()[start + 1..]
            .iter()
            .take(LONGEST_ENTITY)
            .position(|byte| *byte == b';');
        let character = entity.and_then(|length| character(rest.get(start + 1..start + 1 + length)?));
        match (character, entity) {
            (Some(character), Some(length)) => {
                decoded.push(character);
                rest = &rest[start + length + 2..];
            }
            _ => {
                decoded.push('&');
                rest = &rest[start + 1..];
            }
        }
    }
    decoded + rest
}

/// The character that an entity stands for.
fn character(entity: &str) -> Option<char> {
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    };
    match entity {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some(' '),
        "rsquo" => Some('’'),
        "lsquo" => Some('‘'),
        "rdquo" => Some('”'),
        "ldquo" => Some('“'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "hellip" => Some('…'),
        _ => char::from_u32(number(entity.strip_prefix('#')?)?),
    }
}

/// Spaces in place of tags that only lay text out. What else is between `<` and `>` is text.
fn without_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .as_bytes()
            .iter()
            .take(LONGEST_TAG)
            .position(|byte| *byte == b'>');
        match end.filter(|end| is_layout(&rest[1..*end])) {
            Some(end) => {
                kept.push(' ');
                rest = &rest[end + 1..];
            }
            None => {
                kept.push('<');
                rest = &rest[1..];
            }
        }
    }
    kept + rest
}

fn is_layout(tag: &str) -> bool {
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let name = tag
        .split(|c: char| c.is_whitespace() || c == '/')
        .next()
        .unwrap_or_default();
    WORDS
        .layout_tags
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
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
            ("Nice phone. Read more", Some("Nice phone.")),
            ("READ MORE", None),
            (
                "read more reviews first, then READ MORE of them",
                Some("read more reviews first, then READ MORE of them"),
            ),
            ("then I read more", Some("then I read more")),
            ("Caf?? â\u{80}\u{99} 👍 garbled", Some("Caf?? â 👍 garbled")),
            ("donâ€™t", Some("don’t")),
            ("nan", None),
            (" NULL ", None),
            ("None", None),
            ("#NAME?", None),
            ("\\N", None),
            ("-", None),
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
    fn what_a_page_leaves_behind_goes() {
        for (cell, expected) in [
            (
                "I don&#39;t regret it.<br /><br />It is &quot;cool&quot; &amp; good &amp;amp; so",
                "I don't regret it. It is \"cool\" & good &amp; so",
            ),
            ("<p class=\"x\">Good</p><B>and</B> I <3 it", "Good and I <3 it"),
            (
                "tight </think> lid, <script>x</script>",
                "tight </think> lid, <script>x</script>",
            ),
            (
                "A &unknown; &#x41; & B &#1114112;",
                "A &unknown; A & B &#1114112;",
            ),
            ("tight._x000D_\nIt boils", "tight. It boils"),
            ("The media could not be loaded. Good. Read more", "Good."),
            ("₹&é;<é>", "₹&é;<é>"),
        ] {
            assert_eq!(text(Some(cell)).as_deref(), Some(expected), "{cell}");
        }
    }

    #[test]
    fn a_category_is_the_last_part_of_its_path() {
        for (cell, expected) in [
            ("Kettles", "Kettles"),
            ("Home & Kitchen > Kitchen Appliances > Kettles", "Kettles"),
            ("Home&Kitchen|Kettles", "Kettles"),
            ("[\"Clothing >> Women's Clothing >> Skirts\"]", "Skirts"),
            ("Home / Garden", "Garden"),
            ("TV/Monitors", "TV/Monitors"),
            ("Sports/Hydration/Bottles", "Bottles"),
            ("[\"Home & Kitchen\", \"Cookware\", \"Pans\"]", "Pans"),
            ("['Home', 'Pans']", "Pans"),
        ] {
            assert_eq!(category(Some(cell)).as_deref(), Some(expected));
        }
    }
}
