//! How files are to be read, where the user says so. What is not given is found in the files.

use encoding_rs::Encoding;

use super::ColumnMapping;
use super::cells::price::Currency;
use super::cells::rating::RatingScale;

/// What a file may hold, unpacked, if nothing else is set.
const MOST_BYTES: u64 = 4 << 30;

/// The choices that are made by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingOptions {
    /// Which column is which.
    pub columns: ColumnMapping,
    /// What the numbers of the ratings mean.
    pub scale: Option<RatingScale>,
    /// What prices without a sign are in.
    pub currency: Option<Currency>,
    /// Between two cells.
    pub separator: Option<u8>,
    /// The encoding of texts.
    pub encoding: Option<&'static Encoding>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The most bytes of a file, unpacked.
    pub most_bytes: u64,
}

impl Default for ReadingOptions {
    fn default() -> Self {
        Self {
            columns: ColumnMapping::default(),
            scale: None,
            currency: None,
            separator: None,
            encoding: None,
            sheet: None,
            most_bytes: MOST_BYTES,
        }
    }
}

impl ReadingOptions {
    /// Reads the choices that are given as text; every problem is a sentence.
    pub fn parse(
        columns: &[String],
        currency: Option<&str>,
        separator: Option<&str>,
        encoding: Option<&str>,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let columns = ColumnMapping::parse(columns).unwrap_or_else(|error| {
            problems.push(format!("column: {error}"));
            ColumnMapping::default()
        });
        let mut found = |name: &str, given: Option<&str>, known: bool, expected: &str| {
            if let Some(given) = given.filter(|_| !known) {
                problems.push(format!("{name}: {given} is not known. {expected}"));
            }
        };
        let read = Self {
            columns,
            currency: currency.and_then(Currency::of_code),
            separator: separator.and_then(separator_byte),
            encoding: encoding.and_then(|label| Encoding::for_label(label.trim().as_bytes())),
            ..Self::default()
        };
        let codes = format!("Give the code of a currency: {}.", Currency::codes());
        found("currency", currency, read.currency.is_some(), &codes);
        let one = "Give one character, or tab.";
        found("separator", separator, read.separator.is_some(), one);
        let label = "Give a name as on the web: utf-8, utf-16le, windows-1252, shift_jis.";
        found("encoding", encoding, read.encoding.is_some(), label);
        if problems.is_empty() {
            Ok(read)
        } else {
            Err(problems)
        }
    }
}

fn separator_byte(text: &str) -> Option<u8> {
    match text {
        "tab" | "\\t" => Some(b'\t'),
        _ => match text.as_bytes() {
            [byte] if !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_or_every_problem_is_told() {
        let read = ReadingOptions::parse(&[], Some("eur"), Some("tab"), Some("latin1")).unwrap();
        assert_eq!(read.currency.map(Currency::code), Some("EUR"));
        assert_eq!(
            (read.separator, read.encoding),
            (Some(b'\t'), Some(encoding_rs::WINDOWS_1252))
        );
        let problems = ReadingOptions::parse(&["nonsense".into()], Some("XYZ"), Some("ab"), Some("klingon"))
            .unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[1].contains("INR"), "{problems:?}");
    }
}
