//! A product's id, as the shop wrote it.

use super::text;

/// An id that Excel rounded to a power of ten is lost; one that became a fraction (`767.0`) is whole again.
pub(in crate::reviews) fn id(cell: Option<&str>) -> Option<String> {
    let id = text::verbatim(cell).filter(|id| !is_rounded(id))?;
    let whole = id
        .strip_suffix(".0")
        .filter(|whole| !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()));
    Some(whole.map_or(id.clone(), String::from))
}

/// Whether an id was rounded: `8.90123E+12` is what is left of thirteen digits.
pub(in crate::reviews) fn is_rounded(id: &str) -> bool {
    let Some((number, power)) = id.trim().split_once(['E', 'e']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    whole.len() == 1 && digits(whole) && digits(decimals) && power.strip_prefix('+').is_some_and(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_the_shop_wrote() {
        for (cell, expected) in [
            ("B0TEST", Some("B0TEST")),
            ("CLK/<i>&amp;=%41", Some("CLK/<i>&amp;=%41")),
            (" 767.0 ", Some("767")),
            ("767.05", Some("767.05")),
            ("v1.0", Some("v1.0")),
            ("8.90123E+12", None),
            ("8,9e+12", None),
            ("7E+12", None),
            ("12E+3", Some("12E+3")),
            ("E+12", Some("E+12")),
            ("nan", None),
        ] {
            assert_eq!(id(Some(cell)).as_deref(), expected, "{cell}");
        }
    }
}
