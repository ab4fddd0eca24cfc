//! Reviews in; passages, which are searched and quoted, out. Pure, cannot fail.
//!
//! A short review is one passage. A longer one is cut at the beginnings of sentences (`sentence_boundaries`), so that a
//! quote contains what matched. Fragments are joined with a neighbour; a very long sentence is cut at a comma or a
//! space.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::{Corpus, ReviewId, sentence_boundaries};

/// A review of at most this many characters is one passage.
const WHOLE: usize = 120;
/// A passage of a longer review has at least this many characters.
const SHORTEST: usize = 25;
/// A passage has at most this many characters: about 60 tokens, so that several fit into a small model's prompt.
const LONGEST: usize = 300;
/// A review with fewer words ("Nice", "very good") has a rating but nothing to quote.
const FEWEST_WORDS: usize = 3;

/// A part of one review's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Passage {
    /// The review it is part of.
    pub review: ReviewId,
    /// Offset of its first byte in [`Review::text`](super::Review::text), on a character boundary.
    pub start: u32,
    /// Offset after its last byte, on a character boundary.
    pub end: u32,
}

impl Passage {
    /// The text of the passage. `corpus` is the corpus that it was cut from.
    pub(crate) fn text(self, corpus: &Corpus) -> &str {
        &corpus.reviews[self.review.0 as usize].text[self.start as usize..self.end as usize]
    }
}

/// Cuts all reviews into passages, in the order of the reviews and of their text.
pub(crate) fn passages(corpus: &Corpus) -> Vec<Passage> {
    let of_review = |(review, text): (u32, &str)| {
        let offset = |at: usize| u32::try_from(at).expect("a review has at most 10,000 characters");
        let passage = move |range: Range<usize>| Passage {
            review: ReviewId(review),
            start: offset(range.start),
            end: offset(range.end),
        };
        split(text).into_iter().map(passage)
    };
    (0..)
        .zip(corpus.reviews.iter().map(|review| review.text.as_str()))
        .flat_map(of_review)
        .collect()
}

fn split(text: &str) -> Vec<Range<usize>> {
    if text.unicode_words().take(FEWEST_WORDS).count() < FEWEST_WORDS {
        return Vec::new();
    }
    if length(text) <= WHOLE {
        return trim(text, 0..text.len()).into_iter().collect();
    }
    let starts = sentence_boundaries::starts(text);
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    let sentences = starts
        .iter()
        .copied()
        .zip(ends)
        .filter_map(|(start, end)| trim(text, start..end));
    let joined = join_fragments(text, sentences);
    let cut = joined.into_iter().flat_map(|sentence| cut_long(text, sentence));
    cut.filter(|passage| text[passage.clone()].unicode_words().next().is_some())
        .collect()
}

/// The range without white space at its ends, or `None` if nothing is left.
fn trim(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let start = range.start + (text[range.clone()].len() - text[range.clone()].trim_start().len());
    let length = text[range].trim().len();
    (length > 0).then_some(start..start + length)
}

/// Joins each fragment with the next sentence, and the last one with the previous sentence.
fn join_fragments(text: &str, sentences: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    let is_fragment = |range: &Range<usize>| length(&text[range.clone()]) < SHORTEST;
    for sentence in sentences {
        match joined.last_mut() {
            Some(last) if is_fragment(last) => last.end = sentence.end,
            _ => joined.push(sentence),
        }
    }
    if let [.., before, last] = &mut joined[..]
        && is_fragment(last)
    {
        before.end = last.end;
        joined.pop();
    }
    joined
}

/// Cuts a range into pieces of about the same length, none longer than the limit.
fn cut_long(text: &str, mut range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    loop {
        let rest = &text[range.clone()];
        let characters = length(rest);
        if characters <= LONGEST {
            pieces.push(range);
            return pieces;
        }
        let wanted = characters.div_ceil(characters.div_ceil(LONGEST));
        let at = range.start + cut_near(rest, wanted);
        pieces.extend(trim(text, range.start..at));
        let Some(remaining) = trim(text, at..range.end) else {
            return pieces;
        };
        range = remaining;
    }
}

/// The byte offset of the best place for a cut near the character `wanted`: after a comma, at a space, or, if the text
/// has neither, between two graphemes.
fn cut_near(text: &str, wanted: usize) -> usize {
    let window = wanted * 2 / 3..=(wanted + LONGEST / 8).min(LONGEST);
    let mut best: Option<(usize, usize, usize)> = None;
    let (mut characters, mut before) = (0, "");
    for (offset, grapheme) in text.grapheme_indices(true) {
        if window.contains(&characters) {
            let rank = match (before, grapheme) {
                ("," | ";", _) => 0,
                (_, " ") => 1,
                _ => 2,
            };
            let place = (rank, characters.abs_diff(wanted), offset);
            best = Some(best.map_or(place, |best| best.min(place)));
        }
        if characters > *window.end() {
            break;
        }
        characters += length(grapheme);
        before = grapheme;
    }
    // One grapheme may be longer than the window: then it is cut.
    best.map_or_else(
        || {
            text.char_indices()
                .nth(wanted)
                .map_or(text.len(), |(offset, _)| offset)
        },
        |(_, _, offset)| offset,
    )
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::testing;

    fn cut(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_short_review_is_one_passage_and_a_word_or_two_are_none() {
        for (text, expected) in [
            ("Nice", &[][..]),
            ("very good 👍👍👍", &[]),
            ("😍😍😍😍", &[]),
            ("worth the money", &["worth the money"]),
            (
                "Good sound. Bad battery. Buy it.",
                &["Good sound. Bad battery. Buy it."],
            ),
            ("बहुत अच्छा फोन", &["बहुत अच्छा फोन"]),
        ] {
            assert_eq!(cut(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_review_is_cut_into_sentences_and_fragments_are_joined() {
        for (text, expected) in [
            (
                "1-very quiet2-lid is tight even when it is full3-handle stays cool all day4-boils 2 litres in 6 to 7 \
                 minutes flat 5-good looking",
                &[
                    "1-very quiet2-lid is tight even when it is full",
                    "3-handle stays cool all day",
                    "4-boils 2 litres in 6 to 7 minutes flat 5-good looking",
                ][..],
            ),
            (
                "Bahut accha headphone hai bhai.battery 2 din chalti hai 🔥🔥🔥 mic thoda weak lagta hai call pe. Ok. \
                 Paisa vasool product hai, lena chahiye sabko!! 👍🏽",
                &[
                    "Bahut accha headphone hai bhai.",
                    "battery 2 din chalti hai 🔥🔥🔥",
                    "mic thoda weak lagta hai call pe.",
                    "Ok. Paisa vasool product hai, lena chahiye sabko!! 👍🏽",
                ],
            ),
        ] {
            assert!(length(text) > WHOLE);
            assert_eq!(cut(text), expected);
        }
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_comma_or_a_space() {
        let comma = format!(
            "{}, {}",
            "very good sound ".repeat(12).trim(),
            "but bad battery ".repeat(12).trim()
        );
        let space = "this goes on and on ".repeat(40);
        let none = "👨\u{200d}👩\u{200d}👧".repeat(150) + " one two three";
        assert!(cut(&comma)[0].ends_with("sound,"), "{:?}", cut(&comma));
        for (text, pieces) in [(&comma, 2), (&space, 3), (&none, 3)] {
            let cut = cut(text);
            assert!(
                cut.iter()
                    .all(|piece| length(piece) <= LONGEST && piece.trim() == *piece),
                "{cut:?}"
            );
            assert!(cut.len() <= pieces + 1 && !cut.is_empty(), "{cut:?}");
            assert!(cut.iter().all(|piece| !piece.starts_with('\u{200d}')), "{cut:?}");
        }
    }

    #[test]
    fn passages_name_their_review_and_miss_no_word() {
        let texts = [
            "Nice",
            "worth the money",
            &"Good sound.bad battery, 2-pin plug ❤️❤️ But ok... ".repeat(9),
        ];
        let reviews = texts.map(|text| testing::review(0, 5, text.trim()));
        let corpus = testing::corpus(vec![testing::product("Kettle")], reviews.into());
        let passages = passages(&corpus);
        assert_eq!(
            passages[0],
            Passage {
                review: ReviewId(1),
                start: 0,
                end: 15
            }
        );
        assert!(passages[1..].iter().all(|passage| passage.review == ReviewId(2)));
        let words = |text: &str| text.unicode_words().map(String::from).collect::<Vec<_>>();
        let quoted: Vec<String> = passages[1..]
            .iter()
            .flat_map(|passage| words(passage.text(&corpus)))
            .collect();
        assert_eq!(quoted, words(&corpus.reviews[2].text));
    }
}
