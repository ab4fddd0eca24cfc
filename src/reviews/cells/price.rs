//! A price: an amount in the column's currency, written as the column writes amounts.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize, Serializer};

use super::{WORDS, list, mojibake, present};

/// Hundredths that no product costs.
const MOST: f64 = 1e12;

#[derive(Deserialize)]
pub(super) struct Words {
    words: String,
    #[serde(flatten)]
    currencies: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    signs: String,
    digits: u8,
}

/// A currency that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(&'static str);

impl Currency {
    /// What a shop's prices are in where nothing says otherwise.
    pub(crate) const RUPEE: Self = Self("INR");

    /// The currency with this code, in upper or lower case.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        let code = code.trim().to_uppercase();
        let known = WORDS.currency.currencies.keys().find(|known| **known == code);
        known.map(|known| Self(known))
    }

    /// Its code in ISO 4217.
    pub(crate) fn code(self) -> &'static str {
        self.0
    }

    /// What is shown before an amount: its sign, or its code.
    pub(crate) fn sign(self) -> String {
        let signs = &WORDS.currency.currencies[self.0].signs;
        let sign = signs.split(',').next().unwrap_or_default().trim();
        let is_word = sign.chars().all(|c| c.is_ascii_alphabetic());
        if is_word {
            format!("{} ", self.0)
        } else {
            sign.into()
        }
    }

    fn digits(self) -> u8 {
        WORDS.currency.currencies[self.0].digits
    }

    /// The currency of a sign or word, in lower case.
    fn of_sign(sign: &str) -> Option<Self> {
        static BY_SIGN: LazyLock<HashMap<String, Currency>> = LazyLock::new(|| {
            let currencies = WORDS.currency.currencies.iter();
            let signs = currencies
                .flat_map(|(code, entry)| list(&entry.signs).into_iter().map(move |sign| (sign, code)));
            signs.map(|(sign, code)| (sign, Currency(code))).collect()
        });
        BY_SIGN.get(sign).copied()
    }

    /// All codes, for messages.
    pub(crate) fn codes() -> String {
        let codes: Vec<&str> = WORDS.currency.currencies.keys().map(String::as_str).collect();
        codes.join(", ")
    }
}

/// What a product costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Price {
    /// In hundredths of the currency; more than 0.
    hundredths: u64,
    /// In what.
    pub currency: Currency,
}

impl Price {
    /// So many whole rupees.
    #[cfg(test)]
    pub(crate) fn rupees(amount: u32) -> Self {
        Self {
            hundredths: u64::from(amount) * 100,
            currency: Currency::RUPEE,
        }
    }

    /// In units of the currency.
    pub(crate) fn amount(self) -> f64 {
        self.hundredths as f64 / 100.0
    }

    /// In hundredths of the currency.
    pub(crate) fn hundredths(self) -> u64 {
        self.hundredths
    }
}

/// As a number: whole where it is whole.
impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.hundredths % 100 {
            0 => serializer.serialize_u64(self.hundredths / 100),
            _ => serializer.serialize_f64(self.amount()),
        }
    }
}

/// `1,24,990 rupees`, `€1,299`, `$12.99`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.hundredths / 100, self.hundredths % 100);
        if self.currency == Currency::RUPEE {
            return write!(f, "{} rupees", grouped(whole, 2));
        }
        write!(f, "{}{}", self.currency.sign(), grouped(whole, 3))?;
        if rest > 0 { write!(f, ".{rest:02}") } else { Ok(()) }
    }
}

/// Digits in groups: the last of three, the others of `size`.
fn grouped(number: u64, size: usize) -> String {
    let digits = number.to_string();
    let (mut head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let mut groups = vec![tail];
    while !head.is_empty() {
        let (rest, group) = head.split_at(head.len().saturating_sub(size));
        groups.push(group);
        head = rest;
    }
    groups.reverse();
    groups.join(",")
}

/// How a column's prices are written, and in what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reviews) struct PriceStyle {
    /// The currency of amounts without a sign; amounts in another are not read.
    pub currency: Currency,
    /// The decimal mark is a comma, and a point or a space groups.
    pub decimal_comma: bool,
}

impl Default for PriceStyle {
    fn default() -> Self {
        Self {
            currency: Currency::RUPEE,
            decimal_comma: false,
        }
    }
}

/// The parts of a cell with one amount.
struct Parts<'a> {
    currency: Option<Currency>,
    /// Digits and marks.
    digits: &'a str,
}

impl PriceStyle {
    /// The style of all cells of a column. The currency is `given`, or that of most signs, or the rupee.
    pub(in crate::reviews) fn of<'a>(
        cells: impl Iterator<Item = Option<&'a str>>,
        given: Option<Currency>,
    ) -> Self {
        let mut signs: BTreeMap<Currency, usize> = BTreeMap::new();
        let (mut commas, mut points, mut thousands) = (0, 0, 0);
        for cell in cells {
            let Some(cell) = present(cell) else { continue };
            let repaired = mojibake::repaired(cell);
            let Some(parts) = parts(repaired.as_deref().unwrap_or(cell)) else {
                continue;
            };
            if let Some(currency) = parts.currency {
                *signs.entry(currency).or_default() += 1;
            }
            match decimal_mark(parts.digits) {
                Some(',') => commas += 1,
                Some(_) => points += 1,
                None => thousands += usize::from(parts.digits.contains('.')),
            }
        }
        let signed: usize = signs.values().sum();
        let by_signs = signs
            .into_iter()
            .find(|(_, count)| count * 2 > signed)
            .map(|(currency, _)| currency);
        let currency = given.or(by_signs).unwrap_or(Currency::RUPEE);
        Self {
            currency,
            decimal_comma: points == 0 && (commas > 0 || thousands > 0 && currency != Currency::RUPEE),
        }
    }

    /// The price in a cell: `2390`, `₹2,390.00`, `Rs. 2,390/-`, `1.299,00 €`; `None` if it is in another currency.
    pub(in crate::reviews) fn price(self, cell: Option<&str>) -> Option<Price> {
        let cell = present(cell)?;
        let repaired = mojibake::repaired(cell);
        let parts = parts(repaired.as_deref().unwrap_or(cell))?;
        if parts.currency.is_some_and(|currency| currency != self.currency) {
            return None;
        }
        let amount = self.amount(parts.digits)?;
        // A fraction of a currency that has none in shops is nothing that a shopper pays.
        let amount = if self.currency.digits() == 0 {
            amount.trunc()
        } else {
            amount
        };
        let hundredths = (amount * 100.0).round();
        let is_price = (1.0..MOST).contains(&hundredths);
        is_price.then_some(Price {
            hundredths: hundredths as u64,
            currency: self.currency,
        })
    }

    /// Whether a cell has a price in another currency.
    pub(in crate::reviews) fn is_foreign(self, cell: Option<&str>) -> bool {
        let Some(cell) = present(cell) else { return false };
        let repaired = mojibake::repaired(cell);
        let parts = parts(repaired.as_deref().unwrap_or(cell));
        parts.is_some_and(|parts| parts.currency.is_some_and(|currency| currency != self.currency))
    }

    fn amount(self, digits: &str) -> Option<f64> {
        let (group, decimal) = if self.decimal_comma {
            ('.', ',')
        } else {
            (',', '.')
        };
        let (whole, decimals) = digits.split_once(decimal).unwrap_or((digits, ""));
        let is_group = |c: char| c == group || is_space(c) || c == '\'';
        let mut groups = whole.split(is_group);
        let first = groups.next()?;
        let rest: Vec<&str> = groups.collect();
        let last = rest.len().wrapping_sub(1);
        let well_grouped = rest.is_empty()
            || (1..=3).contains(&first.len())
                && rest.iter().enumerate().all(|(at, part)| {
                    part.len() == 3 || part.len() == 2 && at != last && self.currency == Currency::RUPEE
                });
        let plain = decimals.bytes().all(|byte| byte.is_ascii_digit()) && decimals.len() != 3;
        if !well_grouped || !plain || first.is_empty() {
            return None;
        }
        let number: String = whole.chars().filter(char::is_ascii_digit).collect();
        format!("{number}.{decimals}0").parse().ok()
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// The decimal mark that an amount shows: the one before one or two last digits, or the one that does not group. A
/// point before three digits shows nothing: "1.299" has a group or three decimals.
fn decimal_mark(digits: &str) -> Option<char> {
    let at = digits.rfind([',', '.'])?;
    let after = digits.len() - at - 1;
    match digits.as_bytes()[at] {
        b',' if after <= 2 => Some(','),
        b'.' if after <= 2 => Some('.'),
        b',' if after == 3 => Some('.'),
        _ => None,
    }
}

/// The one amount in a cell and its currency; `None` if it has none, two, or words that are neither.
fn parts(cell: &str) -> Option<Parts<'_>> {
    let start = cell.find(|c: char| c.is_ascii_digit())?;
    let end = cell.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits = &cell[start..end];
    let is_amount = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '\'') || is_space(c);
    let (before, after) = (&cell[..start], &cell[end..]);
    if !digits.chars().all(is_amount) || before.trim_end().ends_with('-') {
        return None;
    }
    let mut currency = None;
    for sign in signs(before).chain(signs(after)) {
        match Currency::of_sign(&sign) {
            Some(found) if currency.is_none_or(|known| known == found) => currency = Some(found),
            None if list(&WORDS.currency.words).contains(&sign) => {}
            _ => return None,
        }
    }
    Some(Parts { currency, digits })
}

/// The words and signs of a text, in lower case. Marks that say nothing are left out: what is left of a sign that was
/// garbled, a dash, a bracket.
fn signs(text: &str) -> impl Iterator<Item = String> {
    let says = |c: char| c.is_alphabetic() || is_currency_sign(c);
    let words = text
        .split(move |c: char| !says(c))
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// Unicode's currency symbols.
pub(crate) fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}' | '\u{af1}' | '\u{bf9}'
        | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20c1}' | '\u{fdfc}' | '\u{fe69}' | '\u{ff04}' | '\u{ffe0}'
        | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(cells: &[&str]) -> Vec<Option<String>> {
        let style = PriceStyle::of(cells.iter().map(|cell| Some(*cell)), None);
        cells
            .iter()
            .map(|cell| style.price(Some(cell)).map(|price| price.to_string()))
            .collect()
    }

    #[test]
    fn prices_without_a_sign_are_rupees() {
        for (cell, expected) in [
            ("3999", Some("3,999 rupees")),
            ("₹2,390", Some("2,390 rupees")),
            ("₹ 1,24,990.50", Some("1,24,990 rupees")),
            ("â‚¹2,390", Some("2,390 rupees")),
            ("??2,390", Some("2,390 rupees")),
            ("\u{fffd}??3,999", Some("3,999 rupees")),
            ("Rs. 499/-", Some("499 rupees")),
            ("INR 499", Some("499 rupees")),
            ("499 only", Some("499 rupees")),
            ("MRP: ₹499", Some("499 rupees")),
            ("2390.0", Some("2,390 rupees")),
            ("1499,00", Some("1,499 rupees")),
            ("0", None),
            ("-5", None),
            ("free", None),
            ("₹499 - ₹999", None),
            ("1,299,00", None),
            ("1.299", None),
            ("99999999999999", None),
            ("heron steel kettle2 l green", None),
        ] {
            assert_eq!(prices(&[cell]), [expected.map(String::from)], "{cell}");
        }
        assert_eq!(prices(&["1,499.00", "12,99", "1.299,00"])[1..], [None, None]);
    }

    #[test]
    fn the_currency_is_that_of_most_signs_and_others_are_left_out() {
        let of = |cells: &[&str]| {
            prices(cells)
                .into_iter()
                .map(|it| it.unwrap_or_default())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&["1.299,00 €", "12,99 €", "€ 5"]), ["€1,299", "€12.99", "€5"]);
        assert_eq!(of(&["$12.99", "US$ 1,299.00", "7"]), ["$12.99", "$1,299", "$7"]);
        assert_eq!(of(&["£5", "£6.50", "€7"]), ["£5", "£6.50", ""]);
        assert_eq!(of(&["1 299,00 zł", "5,5 zł"]), ["zł1,299", "zł5.50"]);
        assert_eq!(
            of(&["Rp 150.000", "Rp 1.250.000"]),
            ["IDR 150,000", "IDR 1,250,000"]
        );
        let mixed = [
            "₱1,299",
            "¥2,980",
            "1.299,00",
            "1.299,00 €",
            "฿499",
            "₪349",
            "₹1,299",
            "руб. 499",
            "₩ 12,900",
        ];
        assert_eq!(of(&mixed), ["", "", "", "", "", "", "1,299 rupees", "", ""]);
        let style = PriceStyle::of([].into_iter(), Currency::of_code("eur"));
        assert_eq!(
            style.price(Some("5")).map(|price| price.to_string()).as_deref(),
            Some("€5")
        );
        assert!(style.is_foreign(Some("$5")) && !style.is_foreign(Some("5")));
    }

    #[test]
    fn a_price_is_a_number_in_json() {
        let price = |cell| {
            PriceStyle::of([Some(cell)].into_iter(), None)
                .price(Some(cell))
                .unwrap()
        };
        let json = |cell| serde_json::to_string(&price(cell)).unwrap();
        assert_eq!((json("₹2,390"), json("$12.99")), ("2390".into(), "12.99".into()));
        assert!(price("$12.99") < price("$13"));
    }
}
