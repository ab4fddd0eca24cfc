//! The short form of a product's title, which shops fill with features. Pure.

/// The part of a title that people would say: "Zuvio Tone 5 Bluetooth Neckband" of "Zuvio Tone 5 Bluetooth Neckband
/// with 40-hour battery (Graphite)".
pub fn short_title(title: &str) -> &str {
    let end = [" with ", "(", ", ", " - ", " | "]
        .iter()
        .filter_map(|cut| title.find(cut))
        .min();
    let short = title[..end.unwrap_or(title.len())].trim();
    // What follows a question mark and has no letter or digit of ASCII was a character that a file lost.
    let mut marks = short.match_indices('?').map(|(at, _)| at);
    let lost = marks.find(|at| !short[*at..].contains(|c: char| c.is_ascii_alphanumeric()));
    let short = short[..lost.unwrap_or(short.len())].trim();
    if short.is_empty() { title } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cut_before_their_features() {
        for (title, short) in [
            (
                "Zuvio Tone 5 Bluetooth Neckband with 40-hour battery (Graphite)",
                "Zuvio Tone 5 Bluetooth Neckband",
            ),
            ("Norvik N12 5G (8 GB, Blue)", "Norvik N12 5G"),
            ("(refurbished) phone", "(refurbished) phone"),
            (" (odd)", " (odd)"),
            ("Lakm?? Kajal?????(Black)", "Lakm?? Kajal"),
        ] {
            assert_eq!(short_title(title), short);
        }
    }
}
