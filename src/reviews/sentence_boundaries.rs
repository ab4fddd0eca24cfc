//! A review's text in; the places where a sentence or list item begins out. Pure, cannot fail.
//!
//! Unicode's sentence rules expect a space and a capital letter after a full stop. Reviews are typed on phones, and
//! shops' pages often remove their line breaks: `quiet2-lid is tight`, `good.battery ok`, `wonderfulAnd`.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations: a full stop after them does not end a sentence.
const ABBREVIATIONS: [&str; 15] = [
    "rs", "no", "nos", "approx", "mr", "mrs", "ms", "dr", "vs", "eg", "ie", "hrs", "mins", "ltd", "pvt",
];
/// Top-level domains: a full stop before them belongs to the name of a site.
const DOMAINS: [&str; 5] = ["com", "in", "co", "org", "net"];
const BULLETS: [char; 14] = [
    '•', '●', '▪', '■', '◆', '►', '➢', '➤', '➡', '✓', '✔', '✅', '👉', '|',
];

/// The byte offsets at which a sentence or list item begins, in order, including the first.
pub(super) fn starts(text: &str) -> Vec<usize> {
    let text = SentenceText {
        text,
        chars: text.char_indices().collect(),
    };
    let by_rule = (1..text.chars.len())
        .filter(|&at| text.starts_at(at))
        .map(|at| text.chars[at].0);
    let mut starts: BTreeSet<usize> = by_rule.collect();
    let by_unicode = text.text.split_sentence_bound_indices().map(|(start, _)| start);
    starts.extend(by_unicode.filter(|&start| !text.follows_abbreviation(start)));
    starts.extend(text.list_items().into_iter().map(|at| text.chars[at].0));
    starts.into_iter().collect()
}

struct SentenceText<'a> {
    text: &'a str,
    chars: Vec<(usize, char)>,
}

impl SentenceText<'_> {
    fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).map(|&(_, c)| c)
    }

    fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.char(at))
    }

    fn starts_at(&self, at: usize) -> bool {
        self.is_after_stop(at) || self.is_bullet(at) || self.is_swallowed_break(at) || self.is_after_emoji(at)
    }

    /// `good.battery`, `good. battery`, `good...but`, `good!!but`.
    fn is_after_stop(&self, at: usize) -> bool {
        let here = self.chars[at].1;
        let gap = self.skip_back(at, char::is_whitespace);
        let stop = self.skip_back(gap, is_stop);
        if !here.is_alphanumeric() || stop == gap {
            return false;
        }
        if gap - stop > 1 || self.char(stop) != Some('.') {
            return true;
        }
        let word = self.word_before(self.skip_back(stop, char::is_whitespace));
        let names_a_site = gap == at && DOMAINS.contains(&self.word_from(at).as_str());
        here.is_alphabetic() && word.chars().count() >= 2 && !is_abbreviation(&word) && !names_a_site
    }

    /// `• sound`, `-Sound` and `*Sound`. Not ` - `, which often joins: `battery life - 10 hours`.
    fn is_bullet(&self, at: usize) -> bool {
        let here = self.chars[at].1;
        let (before, after) = (self.before(at), self.char(at + 1));
        let letter_follows = after.is_some_and(char::is_alphabetic);
        match here {
            '-' => letter_follows && before.is_some_and(|c| c.is_whitespace() || is_stop(c)),
            '*' => letter_follows && before.is_some_and(|c| c != '*' && !c.is_ascii_digit()),
            _ => BULLETS.contains(&here) && before.is_some_and(|c| !BULLETS.contains(&c)),
        }
    }

    /// `wonderfulAnd`: a line break was removed. Names such as `OnePlus` or `boAt` begin with a capital letter or are
    /// shorter.
    fn is_swallowed_break(&self, at: usize) -> bool {
        if !self.chars[at].1.is_uppercase() || !self.before(at).is_some_and(char::is_lowercase) {
            return false;
        }
        let word = self.word_before(at);
        let tail = self.chars[at + 1..]
            .iter()
            .take_while(|(_, c)| c.is_lowercase())
            .count();
        word.chars().count() >= 4 && word.chars().all(char::is_lowercase) && tail >= 2
    }

    /// `😍😍 battery` and `❤️ Battery`, but not `I ❤️ this`.
    fn is_after_emoji(&self, at: usize) -> bool {
        let here = self.chars[at].1;
        let gap = self.skip_back(at, char::is_whitespace);
        let run = self.skip_back(gap, |c| is_emoji(c) || is_emoji_part(c));
        let emoji = self.chars[run..gap].iter().filter(|(_, c)| is_emoji(*c)).count();
        here.is_alphanumeric() && (emoji >= 2 || (emoji == 1 && here.is_uppercase()))
    }

    /// `1-quiet2-light`, `1. sound 2. bass`: only numbers that count up from one; otherwise `2-pin plug` would be an
    /// item.
    fn list_items(&self) -> Vec<usize> {
        let (mut items, mut run): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for at in 0..self.chars.len() {
            let Some(number) = self.item_number(at) else {
                continue;
            };
            if number == 1 {
                run = vec![at];
            } else if number == run.len() + 1 && !run.is_empty() {
                run.push(at);
                // The first item counts only if a second one follows.
                let new = if run.len() == 2 { 0 } else { run.len() - 1 };
                items.extend(&run[new..]);
            }
        }
        items
    }

    /// The number at this position, if it looks like the number of a list item.
    fn item_number(&self, at: usize) -> Option<usize> {
        if self
            .before(at)
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, ',' | '/' | '-'))
        {
            return None;
        }
        let digits: String = self.chars[at..]
            .iter()
            .map(|&(_, c)| c)
            .take_while(char::is_ascii_digit)
            .take(3)
            .collect();
        let number = digits.parse().ok().filter(|_| digits.len() <= 2)?;
        let mark = at + digits.len();
        let is_mark = matches!(self.char(mark), Some('-' | ')' | '.' | ':'));
        let next = self
            .chars
            .get(mark + 1..)?
            .iter()
            .map(|&(_, c)| c)
            .find(|c| !c.is_whitespace())?;
        (is_mark && !next.is_ascii_digit()).then_some(number)
    }

    fn follows_abbreviation(&self, start: usize) -> bool {
        let before = self.text[..start].trim_end();
        before.strip_suffix('.').is_some_and(|before| {
            let word = before
                .rsplit(|c: char| !c.is_alphabetic())
                .next()
                .unwrap_or_default();
            is_abbreviation(word)
        })
    }

    /// The first position of the run of such characters that ends before `at`; `at` itself if there is none.
    fn skip_back(&self, at: usize, is_part: impl Fn(char) -> bool) -> usize {
        at - self.chars[..at]
            .iter()
            .rev()
            .take_while(|(_, c)| is_part(*c))
            .count()
    }

    fn word_before(&self, at: usize) -> String {
        self.chars[self.skip_back(at, char::is_alphabetic)..at]
            .iter()
            .map(|(_, c)| c)
            .collect()
    }

    fn word_from(&self, at: usize) -> String {
        self.chars[at..]
            .iter()
            .map(|&(_, c)| c)
            .take_while(|c| c.is_alphabetic())
            .collect()
    }
}

fn is_abbreviation(word: &str) -> bool {
    ABBREVIATIONS
        .iter()
        .any(|abbreviation| word.eq_ignore_ascii_case(abbreviation))
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '।')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}')
        && !is_emoji_part(c)
}

/// A character that modifies the emoji before it: presentation, joiner, key cap, skin colour.
fn is_emoji_part(c: char) -> bool {
    matches!(
        c,
        '\u{fe0f}' | '\u{200d}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each `¦` in a case marks the beginning of a sentence or list item.
    #[test]
    fn sentences_begin_where_a_reader_expects() {
        for marked in [
            "Sound is good. ¦Battery is bad.",
            "sound is good. ¦battery is bad",
            "sound is good.¦battery is bad.¦Bass ok",
            "tea drinkers .¦lid was loose",
            "good... ¦but costly...¦Buy it",
            "Superb!!¦must buy",
            "Rs. 500 and approx. 2 hrs. of use at no. 1",
            "bought on flipkart.com or amazon.in for 1.5 k",
            "e.g. the a.m. alarm",
            "after 10 daysI like it but it wonderful¦And more",
            "OnePlus and boAt, YouTube, iPhone, realMe, PowerBank",
            "good points ¦1-very quiet¦2-lid is tight¦3-handle ok",
            "Pros:¦1. ¦Easy to pair¦2. ¦Sleek Cons:¦1. ¦Delay¦2. ¦Ears hurt",
            "a 2-pin plug, 2-3 days and 1.5 litres",
            "use: ¦1) sound ¦2) bass",
            "Rating ¦● Pairing ¦● Range ¦| Price",
            "value for money.¦-Build quality ¦-Battery backup",
            "battery life - 10 hours, wi-fi ok",
            "expected¦*Pros",
            "Sound 😍😍 ¦battery dies 😡 ¦Bass",
            "I ❤️ this and 👍🏽 that",
            "accha hai.¦bilkul mast 🔥🔥🔥¦paisa vasool hai bhai",
            "आवाज़ अच्छी है। ¦बैटरी खराब है।",
        ] {
            let text = marked.replace('¦', "");
            let found = starts(&text);
            let mut shown = text.clone();
            found
                .iter()
                .rev()
                .filter(|&&start| start > 0)
                .for_each(|&start| shown.insert(start, '¦'));
            assert_eq!(shown, marked);
            assert_eq!(found.first(), Some(&0));
        }
    }
}
