//! In how many texts each word occurs. Pure.

use std::collections::HashMap;

pub(crate) use crate::language::{
    is_asking as asks, is_asking_in_hindi as asks_in_hindi, stem as folded, stems as of, words as written,
};

/// The number of texts in which each word occurs, and the written forms of the words.
#[derive(Debug, Default)]
pub(crate) struct Frequencies {
    texts: usize,
    containing: HashMap<String, u32>,
    written: HashMap<String, u32>,
}

impl Frequencies {
    /// Counts the words of `texts`. A word is folded only when it occurs for the first time: there are many reviews but
    /// few distinct words.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut known: HashMap<&str, [usize; 2]> = HashMap::new();
        let [mut folded_words, mut lower_words] = [Numbered::default(), Numbered::default()];
        // For each folded word, the number of texts that contain it, and the last of these texts.
        let mut containing: Vec<(u32, usize)> = Vec::new();
        let mut occurring: Vec<u32> = Vec::new();
        let mut texts_so_far = 0;
        for text in texts {
            texts_so_far += 1;
            for word in written(text) {
                let [stem, lower] = *known.entry(word).or_insert_with(|| {
                    [
                        folded_words.number(folded(word)),
                        lower_words.number(word.to_lowercase()),
                    ]
                });
                containing.resize(folded_words.0.len(), (0, 0));
                occurring.resize(lower_words.0.len(), 0);
                occurring[lower] += 1;
                let (times, last) = &mut containing[stem];
                if *last != texts_so_far {
                    (*times, *last) = (*times + 1, texts_so_far);
                }
            }
        }
        Self {
            texts: texts_so_far,
            containing: folded_words.with(|number| containing[number].0),
            written: lower_words.with(|number| occurring[number]),
        }
    }

    /// Every word as it is written, in lower case, with the number of its occurrences; in no particular order.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, u32)> {
        self.written.iter().map(|(word, times)| (word.as_str(), *times))
    }

    /// The share of the texts that contain `word`.
    pub(crate) fn share(&self, word: &str) -> f64 {
        self.count(word) / self.texts.max(1) as f64
    }

    fn count(&self, word: &str) -> f64 {
        f64::from(self.containing.get(word).copied().unwrap_or(0))
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

    /// Every word with the value for its number.
    fn with(self, figure: impl Fn(usize) -> u32) -> HashMap<String, u32> {
        self.0
            .into_iter()
            .map(|(word, number)| (word, figure(number)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_not_occurrences() {
        let frequencies = Frequencies::of(["good battery", "good mic", "Good good goods"].into_iter());
        assert_eq!(frequencies.share("mic"), 1.0 / 3.0);
        assert_eq!(frequencies.share("good"), 1.0);
        assert_eq!(frequencies.share("unknown"), 0.0);
        let mut written: Vec<(&str, u32)> = frequencies.written().collect();
        written.sort_unstable();
        assert_eq!(written, [("battery", 1), ("good", 4), ("goods", 1), ("mic", 1)]);
    }
}
