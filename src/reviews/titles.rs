//! A product's title in; the key that identifies the product out. Pure, cannot fail.

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
