//! Stars: what a cell states, and what it is on the column's scale.

use std::fmt;

use serde::Deserialize;

use super::{WORDS, present};

/// The most characters of a cell that states a rating.
const LONGEST: usize = 48;
/// The most letters between a number and its scale: "out of", "von".
const BETWEEN: usize = 10;
/// The highest stars.
const MOST: f64 = 5.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    words: String,
    full: String,
    empty: String,
    good: String,
    neutral: String,
    bad: String,
}

impl Words {
    fn has(entries: &str, word: &str) -> bool {
        entries.split(',').any(|entry| entry.trim() == word)
    }
}

/// The scale of a column of ratings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RatingScale {
    /// Whole stars from 1 to 5.
    #[default]
    #[value(name = "5")]
    #[serde(rename = "5")]
    Five,
    /// Half stars, up to 5.
    Half,
    /// Up to 10.
    #[value(name = "10")]
    #[serde(rename = "10")]
    Ten,
    /// Up to 100.
    #[value(name = "100")]
    #[serde(rename = "100")]
    Hundred,
    /// 0 and 1, -1 and 1, or words such as "recommended": one star or five.
    Labels,
}

impl fmt::Display for RatingScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Five => "5",
            Self::Half => "half",
            Self::Ten => "10",
            Self::Hundred => "100",
            Self::Labels => "labels",
        })
    }
}

/// What a cell states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::reviews) struct Stated {
    /// The number.
    pub value: f64,
    /// The scale that the cell itself names: `8/10`.
    pub of: Option<f64>,
}

/// The number in a cell: `4`, `4.0`, `4,0`, `4/5`, `8/10`, `4 stars`, `Rated 4 out of 5`, `4,0 von 5 Sternen`, `★★★★☆`,
/// `5 - Excellent`.
pub(in crate::reviews) fn stated(cell: Option<&str>) -> Option<Stated> {
    let cell = present(cell)?;
    if let Some(value) = plain(cell) {
        return Some(Stated { value, of: None });
    }
    if cell.chars().count() > LONGEST {
        return None;
    }
    let cell = cell.to_lowercase();
    marks(&cell).or_else(|| in_words(&cell))
}

/// A number and nothing else.
fn plain(cell: &str) -> Option<f64> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-');
    let number = || cell.replace(',', ".").parse::<f64>().ok();
    cell.chars().all(is_number).then(number).flatten()
}

/// Stars as characters: the full ones count.
fn marks(cell: &str) -> Option<Stated> {
    let words = &WORDS.rating;
    let (mut full, mut empty) = (0.0, 0.0);
    for c in cell.chars() {
        let mark = c.to_string();
        match () {
            () if Words::has(&words.full, &mark) => full += 1.0,
            () if Words::has(&words.empty, &mark) => empty += 1.0,
            // A variation selector or a space.
            () if c == '\u{fe0f}' || c.is_whitespace() => {}
            () => return None,
        }
    }
    let of = full + empty;
    (full > 0.0).then_some(Stated {
        value: full,
        of: (of > MOST).then_some(of),
    })
}

/// A number among words, perhaps with its scale.
fn in_words(cell: &str) -> Option<Stated> {
    let numbers = numbers(cell);
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    match numbers[..] {
        [(value, start, end)] => {
            let (before, after) = (cell[..start].trim(), cell[end..].trim());
            let explained = after.starts_with(['-', ':', '–', '—', '=', '(']) && before.is_empty();
            (explained || are_words(before) && are_words(after)).then_some(Stated { value, of: None })
        }
        [(first, _, end), (second, start, _)] => {
            let between = &cell[end..start];
            let is_scale = |number: f64| [5.0, 10.0, 100.0].contains(&number);
            let near = letters(between) <= BETWEEN && !between.trim().is_empty();
            match () {
                () if near && is_scale(second) && first <= second => Some(Stated {
                    value: first,
                    of: Some(second),
                }),
                // Japanese names the scale first.
                () if near && is_scale(first) && second <= first => Some(Stated {
                    value: second,
                    of: Some(first),
                }),
                () => None,
            }
        }
        _ => None,
    }
}

/// Whether a text is empty or only words for stars.
fn are_words(text: &str) -> bool {
    let known = &WORDS.rating;
    let is_known = |word: &str| {
        Words::has(&known.words, word) || Words::has(&known.full, word) || Words::has(&known.empty, word)
    };
    text.split(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '/' | '\u{fe0f}' | '*'))
        .filter(|word| !word.is_empty())
        .all(is_known)
}

/// The numbers in a text: value, and where each begins and ends.
fn numbers(text: &str) -> Vec<(f64, usize, usize)> {
    let mut numbers = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..]
        .find(|c: char| c.is_ascii_digit())
        .map(|found| at + found)
    {
        let length = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',');
        let end = length.map_or(text.len(), |length| start + length);
        let digits = text[start..end].trim_end_matches(['.', ',']);
        if let Ok(value) = digits.replace(',', ".").parse() {
            numbers.push((value, start, start + digits.len()));
        }
        at = end;
    }
    numbers
}

/// The stars, 1 to 5, with fractions; `None` if the cell states nothing that this scale has.
pub(in crate::reviews) fn stars(cell: Option<&str>, scale: RatingScale) -> Option<f64> {
    if scale == RatingScale::Labels {
        return label(cell);
    }
    let Some(Stated { value, of }) = stated(cell) else {
        let percent = present(cell)?.strip_suffix('%')?;
        return (scale == RatingScale::Hundred)
            .then(|| plain(percent.trim()))
            .flatten()
            .and_then(|value| on(value, 100.0));
    };
    match of {
        Some(of) if of == MOST => whole(value),
        Some(of) => on(value, of),
        None => match scale {
            RatingScale::Five => whole(value),
            RatingScale::Half => (value > 0.0 && (value * 2.0).fract() == 0.0)
                .then_some(value)
                .and_then(|it| on(it, MOST)),
            RatingScale::Ten => on(value, 10.0),
            RatingScale::Hundred => on(value, 100.0),
            RatingScale::Labels => None,
        },
    }
}

/// A fraction of five stars is not one buyer's rating, unless the column's scale has halves.
fn whole(value: f64) -> Option<f64> {
    (value.fract() == 0.0 && (1.0..=MOST).contains(&value)).then_some(value)
}

/// A value on a scale that ends at `of`, in stars; the lowest are one star.
fn on(value: f64, of: f64) -> Option<f64> {
    (0.0..=of).contains(&value).then(|| (value / of * MOST).max(1.0))
}

/// One star, three or five, by a label.
fn label(cell: Option<&str>) -> Option<f64> {
    let words = &WORDS.rating;
    let cell = present(cell)?.to_lowercase();
    let number = plain(&cell)
        .filter(|number| number.fract() == 0.0)
        .map(|number| number.to_string());
    let label = number.as_deref().unwrap_or(&cell);
    match () {
        () if Words::has(&words.good, label) => Some(MOST),
        () if Words::has(&words.bad, label) => Some(1.0),
        () if Words::has(&words.neutral, label) => Some(3.0),
        () => None,
    }
}

/// Whether a cell is one of the words that [`RatingScale::Labels`] reads.
pub(in crate::reviews) fn is_label(cell: &str) -> bool {
    let words = &WORDS.rating;
    let cell = cell.trim().to_lowercase();
    [&words.good, &words.neutral, &words.bad]
        .iter()
        .any(|list| Words::has(list, &cell))
}

/// The whole stars that are counted: halves are rounded up.
pub(in crate::reviews) fn rounded(stars: f64) -> u8 {
    // Within 1 to 5.
    (stars + 0.5).floor() as u8
}

/// What the whole column states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RatingSurvey {
    /// Cells with a number whose scale is the column's.
    pub numbers: usize,
    /// Of these: more than 5, …
    pub above: usize,
    /// … fractions, …
    pub fractions: usize,
    /// … fractions other than halves, …
    pub fine: usize,
    /// … 0 or less, …
    pub low: usize,
    /// … below 0, …
    pub negative: usize,
    /// … 1.
    pub ones: usize,
    /// … and from 2.
    pub from_two: usize,
    /// The highest number.
    pub highest: f64,
    /// The lowest number.
    pub lowest: f64,
    /// Cells with a label in words.
    pub labels: usize,
    /// Cells with anything.
    pub present: usize,
}

impl RatingSurvey {
    /// Surveys all cells of a column.
    pub(in crate::reviews) fn of<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut survey = Self {
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
            ..Self::default()
        };
        for cell in cells {
            let Some(text) = present(cell) else { continue };
            survey.present += 1;
            match stated(cell) {
                Some(Stated { value, of: None }) => survey.count(value),
                Some(_) => {}
                None => survey.labels += usize::from(is_label(text)),
            }
        }
        survey
    }

    fn count(&mut self, value: f64) {
        self.numbers += 1;
        self.highest = self.highest.max(value);
        self.lowest = self.lowest.min(value);
        self.above += usize::from(value > MOST);
        self.fractions += usize::from(value.fract() != 0.0);
        self.fine += usize::from((value * 2.0).fract() != 0.0);
        self.low += usize::from(value <= 0.0);
        self.negative += usize::from(value < 0.0);
        self.ones += usize::from(value == 1.0);
        self.from_two += usize::from(value >= 2.0);
    }

    /// Numbers that are no whole stars from 1 to 5.
    pub(in crate::reviews) fn strange(&self) -> usize {
        // A fraction above 5 is counted twice.
        (self.above + self.fractions + self.low).min(self.numbers)
    }
}

/// What a survey says of a column, if it is not read by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reviews) enum Verdict {
    /// Whole stars.
    Stars,
    /// Stars with a few that are none.
    Some,
    /// On another scale, or no review's own.
    Other(Strange),
}

/// Why a column holds no whole stars from 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strange {
    /// Up to 10.
    Ten,
    /// Up to 100.
    Hundred,
    /// Half stars.
    Half,
    /// 0 and 1, -1 and 1, or words.
    Labels,
    /// Fractions that no buyer gives.
    Average,
    /// Anything else.
    Unknown,
}

impl RatingSurvey {
    /// Judges the column. `constant` says whether all rows of a product have the same number.
    pub(in crate::reviews) fn verdict(&self, constant: bool) -> Verdict {
        let strange = self.strange();
        let is_label = self.numbers > 2 && self.low > 0 && self.from_two == 0 && self.fractions == 0;
        if is_label || self.labels * 2 > self.present {
            return Verdict::Other(Strange::Labels);
        }
        let many = strange >= 3 && strange * 10 > self.numbers;
        if !many {
            return if strange * 100 > self.numbers {
                Verdict::Some
            } else {
                Verdict::Stars
            };
        }
        Verdict::Other(match () {
            () if self.negative * 10 > self.numbers || self.highest > 100.0 => Strange::Unknown,
            () if self.highest > 10.0 => Strange::Hundred,
            () if self.highest > MOST => Strange::Ten,
            () if self.fractions > 0 && (constant || self.fine > 0) => Strange::Average,
            () if self.fractions > 0 => Strange::Half,
            () => Strange::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_stars_in_any_words() {
        for (cell, expected) in [
            ("5", Some(5.0)),
            (" 4.0 ", Some(4.0)),
            ("4,0", Some(4.0)),
            ("5.0 out of 5 stars", Some(5.0)),
            ("Rated 2.00 out of 5", Some(2.0)),
            ("1.0 out of 5", Some(1.0)),
            ("4,0 von 5 Sternen", Some(4.0)),
            ("1,0 sur 5 étoiles", Some(1.0)),
            ("4.0 de 5 estrellas", Some(4.0)),
            ("5つ星のうち3.0", Some(3.0)),
            ("3/5", Some(3.0)),
            ("2 Stars", Some(2.0)),
            ("4★", Some(4.0)),
            ("★★★★☆", Some(4.0)),
            ("⭐⭐⭐", Some(3.0)),
            ("⭐️⭐️", Some(2.0)),
            ("5 - Excellent", Some(5.0)),
            ("1 (worst)", Some(1.0)),
            ("Rating: 4", Some(4.0)),
            ("8/10", Some(4.0)),
            ("7 out of 10", Some(3.5)),
            ("90/100", Some(4.5)),
            ("4.5", None),
            ("4.5 out of 5 stars", None),
            ("0", None),
            ("0/5", None),
            ("6", None),
            ("11/10", None),
            ("-3", None),
            ("100%", None),
            ("nan", None),
            ("five", None),
            ("☆☆☆☆☆", None),
            ("2 W Garden Torch", None),
            ("Heron Steel Kettle??????(2 L, Green)", None),
            ("2024-05-01", None),
        ] {
            assert_eq!(stars(Some(cell), RatingScale::Five), expected, "{cell}");
        }
    }

    #[test]
    fn other_scales_become_stars() {
        use RatingScale::{Half, Hundred, Labels, Ten};
        for (scale, cell, expected) in [
            (Ten, "10", Some(5.0)),
            (Ten, "7", Some(3.5)),
            (Ten, "1", Some(1.0)),
            (Ten, "11", None),
            (Hundred, "95", Some(4.75)),
            (Hundred, "95%", Some(4.75)),
            (Half, "4.5", Some(4.5)),
            (Half, "0.5", Some(1.0)),
            (Half, "4.3", None),
            (Labels, "1", Some(5.0)),
            (Labels, "1.0", Some(5.0)),
            (Labels, "0", Some(1.0)),
            (Labels, "-1", Some(1.0)),
            (Labels, "Recommended", Some(5.0)),
            (Labels, "neutral", Some(3.0)),
            (Labels, "7", None),
        ] {
            assert_eq!(stars(Some(cell), scale), expected, "{scale} {cell}");
        }
        assert_eq!([1.0, 3.5, 4.75, 5.0].map(rounded), [1, 4, 5, 5]);
    }

    #[test]
    fn a_column_on_another_scale_is_recognised() {
        let verdict = |cells: &[&str], constant| {
            RatingSurvey::of(cells.iter().map(|cell| Some(*cell))).verdict(constant)
        };
        for (cells, expected) in [
            (&["5", "4", "1", "", "nan"][..], Verdict::Stars),
            (&["10", "9", "8", "9", "5", "4"], Verdict::Other(Strange::Ten)),
            (&["95", "3", "88", "1", "72"], Verdict::Other(Strange::Hundred)),
            (&["4.5", "1.5", "5", "0.5"], Verdict::Other(Strange::Half)),
            (&["4.2", "4", "3.9", "4.1"], Verdict::Other(Strange::Average)),
            (&["1", "0", "1", "0"], Verdict::Other(Strange::Labels)),
            (&["1", "-1", "1", "0"], Verdict::Other(Strange::Labels)),
            (
                &["positive", "negative", "positive"],
                Verdict::Other(Strange::Labels),
            ),
            (&["4", "1", "4", "0", "3", "2"], Verdict::Some),
            (&["8/10", "9/10", "7/10", "1/10"], Verdict::Stars),
            (&["1", "1", "1"], Verdict::Stars),
        ] {
            assert_eq!(verdict(cells, false), expected, "{cells:?}");
        }
        assert_eq!(
            verdict(&["4.5", "4.5", "3.5"], true),
            Verdict::Other(Strange::Average)
        );
    }
}
