//! The amounts in a question ("₹1,500", "15k", "two thousand", "4.5"), with where they stand. Pure.
//!
//! What an amount is an amount of is decided in [`super::constraints`], by the words around it. What stands in one
//! word with other letters ("235v2", "20mah", "X2") is a name or has a unit, and is no amount.

use crate::language::{NumberClass, WordClass, lexicon};
use crate::reviews::is_currency_sign;

/// Signs within words of Devanagari that Unicode does not take for letters.
const NUKTA: char = '\u{93c}';
const VIRAMA: char = '\u{94d}';

/// A word, a number or a mark of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'a> {
    /// As written.
    pub text: &'a str,
    /// Its first byte in the text.
    pub start: usize,
    /// Its value, where it is written in digits.
    pub number: Option<f32>,
    /// Whether a word or a number stands before it without a blank.
    pub attached: bool,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is a word of this class.
    pub(super) fn has(&self, class: WordClass) -> bool {
        lexicon().has(self.text, class)
    }

    fn is_currency(&self) -> bool {
        self.text.chars().all(is_currency_sign) || self.has(WordClass::Currency)
    }
}

/// A number with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    /// How much.
    pub value: f32,
    /// Its first token, currency included.
    pub first: usize,
    /// The token after it, currency included.
    pub next: usize,
    /// Whether it is said to be rupees.
    pub rupees: bool,
    /// Whether it is counted in thousands or the like.
    pub multiplied: bool,
    /// Whether it is written in letters.
    pub spelled: bool,
}

/// Cuts a text into words, numbers and marks; blanks are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some(&(at, next)) = rest.peek() {
            let follows = text[at..].chars().nth(1);
            let goes_on = match first {
                '0'..='9' => {
                    // 1,500 and 4.5, but not the full stop of a sentence.
                    next.is_ascii_digit()
                        || matches!(next, ',' | '.') && follows.is_some_and(|c| c.is_ascii_digit())
                }
                _ => {
                    first.is_alphabetic()
                        && (next.is_alphabetic() || matches!(next, '\'' | '’' | NUKTA | VIRAMA))
                }
            };
            if !goes_on {
                break;
            }
            end = at + next.len_utf8();
            rest.next();
        }
        let written = &text[start..end];
        let attached = tokens
            .last()
            .is_some_and(|last| last.end() == start && last.text.ends_with(char::is_alphanumeric))
            && first.is_alphanumeric();
        tokens.push(Token {
            text: written,
            start,
            number: first.is_ascii_digit().then(|| value(written)).flatten(),
            attached,
        });
    }
    tokens
}

/// The amounts among the tokens, in their order.
pub(super) fn amounts(tokens: &[Token<'_>]) -> Vec<Amount> {
    (0..tokens.len()).filter_map(|at| amount(tokens, at)).collect()
}

/// The amount whose number is the token `at`.
fn amount(tokens: &[Token<'_>], at: usize) -> Option<Amount> {
    let token = tokens[at];
    let is_currency = |at: usize| tokens.get(at).is_some_and(Token::is_currency);
    let spelled = token.number.is_none();
    let number = token
        .number
        .or_else(|| lexicon().number(token.text, NumberClass::Cardinal))
        .filter(|number| *number > 0.0)?;
    if token.attached && !is_currency(at.wrapping_sub(1)) {
        return None;
    }
    let times = tokens
        .get(at + 1)
        .and_then(|next| lexicon().number(next.text, NumberClass::Multiplier));
    let mut next = at + 1 + usize::from(times.is_some());
    let attached = tokens.get(next).is_some_and(|token| token.attached);
    if attached && !is_currency(next) {
        return None;
    }

    let mut first = at;
    let mut rupees = false;
    // "Rs. 999"
    let before = at - usize::from(at > 0 && tokens[at - 1].text == ".");
    if before > 0 && is_currency(before - 1) {
        first = before - 1;
        rupees = true;
    }
    // "999/-"
    let slash = tokens.get(next).is_some_and(|token| token.text == "/");
    if slash && tokens.get(next + 1).is_some_and(|token| token.text == "-") {
        next += 2;
        rupees = true;
    }
    if is_currency(next) {
        next += 1;
        rupees = true;
    }
    Some(Amount {
        value: number * times.unwrap_or(1.0),
        first,
        next,
        rupees,
        multiplied: times.is_some(),
        spelled,
    })
}

/// `1,500` and `1,50,000` are thousands, `4.5` is not.
fn value(written: &str) -> Option<f32> {
    written.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_from_names_and_units() {
        for (text, expected) in [
            ("under 2000", vec![(2000.0, false)]),
            ("below ₹1,500!", vec![(1500.0, true)]),
            ("Rs. 999.", vec![(999.0, true)]),
            ("rs999 or 1,50,000 INR", vec![(999.0, true), (150_000.0, true)]),
            ("999/- only", vec![(999.0, true)]),
            ("15k or 2.5 K", vec![(15_000.0, false), (2_500.0, false)]),
            ("two thousand rupees", vec![(2_000.0, true)]),
            ("do hazar", vec![(2_000.0, false)]),
            ("4.5 stars", vec![(4.5, false)]),
            ("Rockerz 235v2, X2, 20mah, 0", vec![]),
            ("", vec![]),
        ] {
            let tokens = tokens(text);
            let found: Vec<(f32, bool)> = amounts(&tokens)
                .iter()
                .map(|amount| (amount.value, amount.rupees))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn tokens_lie_where_they_say() {
        let text = "आवाज़ kaisi hai? It's ₹1,500/- …";
        let tokens = tokens(text);
        for token in &tokens {
            assert_eq!(&text[token.start..token.end()], token.text);
        }
        let written: Vec<&str> = tokens.iter().map(|token| token.text).collect();
        assert!(
            written.ends_with(&["?", "It's", "₹", "1,500", "/", "-", "…"]),
            "{written:?}"
        );
    }
}
