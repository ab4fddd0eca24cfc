//! A product's title in; the key that identifies the product out. Pure, cannot fail.

use super::cells::{present, text::text};
use crate::digest::{hex, sha256};

/// The most characters of the readable part of a derived id.
const SLUG_LENGTH: usize = 40;

/// The part of a title that identifies its product: without case, punctuation and spaces.
pub(super) fn fold(title: &str) -> String {
    let folded = words(title).concat();
    // If there is only punctuation, the punctuation is the name.
    if folded.is_empty() {
        title.to_string()
    } else {
        folded
    }
}

/// The derived id of a product without an id: `heron-steel-kettle-2-l-1f0c6b5a9e`.
///
/// It ends with a hash of the whole folded title, because long titles often begin alike.
pub(super) fn derive_key(title: &str) -> String {
    let slug = words(title).join("-");
    let slug: String = slug
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(SLUG_LENGTH)
        .collect();
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "product" } else { slug };
    format!("{slug}-{}", hex(&sha256(fold(title))[..5]))
}

/// A title as it is shown, and whether something was taken from it: question marks and replacement characters in a
/// row, and garbled characters, are what is left of dashes and spaces that a program could not write.
pub(super) fn shown(title: &str) -> (String, bool) {
    let is_lost = |c: char| c == '?' || c == '\u{fffd}';
    let ungarbled = without_garbled(title);
    let mut shown = String::with_capacity(title.len());
    let mut rest = ungarbled.as_str();
    while let Some(start) = rest.find(is_lost) {
        let run = rest[start..].find(|c| !is_lost(c)).unwrap_or(rest.len() - start);
        let lost = run > 1 || rest[start..].starts_with('\u{fffd}');
        shown.push_str(&rest[..start]);
        shown.push_str(if lost { " " } else { &rest[start..=start] });
        rest = &rest[start + run..];
    }
    shown.push_str(rest);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    // A title of nothing else is all that there is.
    match shown.is_empty() || shown == title {
        true => (title.to_string(), false),
        false => (shown, true),
    }
}

/// The title in a cell, as it is shown; see [`shown`].
pub(super) fn clean(cell: Option<&str>) -> Option<(String, bool)> {
    let (shown, changed) = shown(present(cell)?);
    Some((text(Some(&shown))?, changed))
}

/// Whether two titles have a word in common.
pub(super) fn share_a_word(one: &str, other: &str) -> bool {
    let other = words(other);
    words(one).iter().any(|word| other.contains(word))
}

fn words(title: &str) -> Vec<String> {
    let without = without_garbled(title);
    let words = without
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Replaces garbled punctuation by spaces.
///
/// UTF-8 that was decoded as another encoding, such as `Ã\u{82}Â\u{a0}` for a no-break space, consists of letters and
/// of characters that nobody types: a run of non-ASCII characters that contains such a character is garbled.
fn without_garbled(title: &str) -> String {
    let mut kept = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(start) = rest.find(|c: char| !c.is_ascii()) {
        let end = rest[start..]
            .find(|c: char| c.is_ascii())
            .map_or(rest.len(), |length| start + length);
        kept.push_str(&rest[..start]);
        kept.push_str(if is_garbled(&rest[start..end]) {
            " "
        } else {
            &rest[start..end]
        });
        rest = &rest[end..];
    }
    kept + rest
}

fn is_garbled(run: &str) -> bool {
    let halves =
        |(first, second): (char, char)| matches!(first, 'Â' | 'Ã') && ('\u{80}'..='\u{bf}').contains(&second);
    run.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)) || run.chars().zip(run.chars().skip(1)).any(halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_differ_in_punctuation_only_are_one_product() {
        for (one, other) in [
            (
                "Heron Steel Kettle??????????(Green)",
                "Heron Steel Kettle??????(Green)",
            ),
            ("HERON Kx20 Garden Torch (Red)", "Heron KX 20 Garden-Torch, Red"),
            ("Picnic RugÃ\u{82}Â\u{a0}Ã\u{82}Â\u{a0}(White)", "Picnic RugWhite"),
            (
                "Desk RadioÐ\u{93}Ó®Ð\u{92}Â\u{a0}(Black)",
                "Desk Radio??????(Black)",
            ),
            ("Camp StoveÂ\u{a0}Â\u{a0}(Black)", "Camp Stove??????(Black)"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        for (one, other) in [
            ("नीला हेडसेट (Red)", "पीला हेडसेट (Red)"),
            ("Café Mug", "Cafe Mug"),
            ("Kettle 1.5 L", "Kettle 1.8 L"),
            ("???", "!!!"),
        ] {
            assert_ne!(fold(one), fold(other));
            assert_ne!(derive_key(one), derive_key(other));
        }
    }

    #[test]
    fn a_title_is_shown_without_what_was_lost() {
        for (title, expected) in [
            ("Heron Kettle??????????(Green)", "Heron Kettle (Green)"),
            (
                "Desk Radio\u{d0}\u{93}\u{d3}\u{ae}\u{d0}\u{92}\u{c2}\u{a0}(Black)",
                "Desk Radio (Black)",
            ),
            ("Camp Stove\u{fffd}", "Camp Stove"),
            ("Which one? (Book)", "Which one? (Book)"),
            ("???", "???"),
            ("Café Mug", "Café Mug"),
        ] {
            assert_eq!(shown(title), (expected.to_string(), expected != title), "{title}");
        }
        assert!(share_a_word("Steel Kettle", "kettle, green") && !share_a_word("Steel Kettle", "Desk Lamp"));
    }

    #[test]
    fn a_derived_id_is_readable_and_short() {
        for (title, slug) in [
            ("Heron Kettle 20v3 (Green)", "heron-kettle-20v3-green"),
            ("हेडसेट", "product"),
            ("???", "product"),
            (
                &"very long title ".repeat(9),
                "very-long-title-very-long-title-very-lon",
            ),
        ] {
            let key = derive_key(title);
            assert_eq!(
                key.rsplit_once('-').map(|(slug, hash)| (slug, hash.len())),
                Some((slug, 10)),
                "{key}"
            );
        }
        // Links and feedback contain such ids, so the derivation must not change.
        assert_eq!(
            derive_key("Heron Kettle 20v3 (Green)"),
            "heron-kettle-20v3-green-f5b97ee161"
        );
    }
}
