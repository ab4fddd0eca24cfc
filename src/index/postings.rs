//! An inverted index: for each word, the texts that say it. Pure; built on the calling thread.
//!
//! Words are compared by their stems. It knows which texts say a word and not how often: a passage is a sentence.

use std::collections::HashMap;

use crate::language;

/// The words of numbered texts: of passages, or of products' titles.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    texts: usize,
    /// The texts that say a word, by its stem; in ascending order.
    saying: HashMap<String, Vec<u32>>,
    /// How often each word is written, in lower case.
    written: HashMap<String, u32>,
}

impl Postings {
    /// Indexes texts, which are numbered from 0. A word is stemmed only when it occurs for the first time: there are
    /// many texts but few distinct words.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut known: HashMap<&str, [usize; 2]> = HashMap::new();
        let [mut stems, mut lower] = [Numbered::default(), Numbered::default()];
        let mut saying: Vec<Vec<u32>> = Vec::new();
        let mut occurrences: Vec<u32> = Vec::new();
        let mut count = 0;
        for text in texts {
            for word in language::words(text) {
                let [stem, lower] = *known.entry(word).or_insert_with(|| {
                    [
                        stems.number(language::stem(word)),
                        lower.number(word.to_lowercase()),
                    ]
                });
                saying.resize_with(stems.0.len(), Vec::new);
                occurrences.resize(occurrences.len().max(lower + 1), 0);
                occurrences[lower] += 1;
                if saying[stem].last() != Some(&count) {
                    saying[stem].push(count);
                }
            }
            count += 1;
        }
        let saying = stems
            .0
            .into_iter()
            .map(|(stem, number)| (stem, std::mem::take(&mut saying[number])));
        Self {
            texts: count as usize,
            saying: saying.collect(),
            written: lower
                .0
                .into_iter()
                .map(|(word, number)| (word, occurrences[number]))
                .collect(),
        }
    }

    /// The texts that say a word, by its stem; in ascending order.
    pub(crate) fn saying(&self, stem: &str) -> &[u32] {
        self.saying.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Every word as it is written, in lower case, with the number of its occurrences; in no particular order.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, u32)> {
        self.written.iter().map(|(word, times)| (word.as_str(), *times))
    }

    /// The share of the texts that say a word.
    pub(crate) fn share(&self, stem: &str) -> f64 {
        self.saying(stem).len() as f64 / self.texts.max(1) as f64
    }

    /// The inverse document frequency of a word that so many of the texts say, as BM25 defines it (Robertson and
    /// Zaragoza 2009, <https://doi.org/10.1561/1500000019>).
    pub(crate) fn rarity(&self, stem: &str) -> f32 {
        let (texts, saying) = (self.texts as f64, self.saying(stem).len() as f64);
        (1.0 + (texts - saying + 0.5) / (saying + 0.5)).ln() as f32
    }
}

/// Words, numbered in the order of their first occurrence.
#[derive(Default)]
struct Numbered(HashMap<String, usize>);

impl Numbered {
    fn number(&mut self, word: String) -> usize {
        let next = self.0.len();
        *self.0.entry(word).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_to_the_texts_that_say_it_in_any_form() {
        let postings = Postings::of(["It LEAKED at once", "no mic", "", "leaks, leaks!"].into_iter());
        assert_eq!(postings.saying(&language::stem("leaking")), [0, 3]);
        assert_eq!(postings.saying("mic"), [1]);
        assert!(postings.saying("bass").is_empty());
        assert_eq!(postings.share("mic"), 0.25);
        let mut written: Vec<_> = postings
            .written()
            .filter(|(word, _)| word.starts_with("lea"))
            .collect();
        written.sort_unstable();
        assert_eq!(written, [("leaked", 1), ("leaks", 2)]);
    }

    #[test]
    fn a_rarer_word_tells_more_and_one_that_nobody_says_most() {
        let postings = Postings::of(["good battery", "good mic", "good good"].into_iter());
        let expected = (1.0f32 + (3.0 - 1.0 + 0.5) / 1.5).ln();
        assert!((postings.rarity("mic") - expected).abs() < 1e-6);
        assert!(postings.rarity("good") < postings.rarity("mic"));
        assert!(postings.rarity("mic") < postings.rarity("bass"));
    }
}
