//! BM25 over the passages (Robertson and Zaragoza 2009, <https://doi.org/10.1561/1500000019>), by tantivy, in memory.
//!
//! A passage is a document whose number is the passage's position; its words are folded by [`super::words`]. Building
//! takes a second for a million words, so nothing is kept on disk.

use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{IndexBuilder, Searcher, TantivyDocument, TantivyError, Term};

use super::{Hit, Scored, words};

/// The writer's memory budget, from which it chooses the size of its first table of words. A segment takes more memory
/// if it needs more.
const WRITER_BYTES: usize = 64 << 20;

/// The words of every passage.
pub(crate) struct Lexical {
    searcher: Searcher,
    text: Field,
}

impl Lexical {
    /// Indexes the texts of the passages, in their order.
    ///
    /// # Errors
    /// The error of tantivy, which in memory is a lack of memory.
    pub(crate) fn build<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, TantivyError> {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs);
        let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(words));
        let mut writer = IndexBuilder::new()
            .schema(schema.build())
            .single_segment_index_writer(tantivy::directory::RamDirectory::create(), WRITER_BYTES)?;
        for passage in texts {
            let mut document = TantivyDocument::new();
            document.add_pre_tokenized_text(text, tokens(passage));
            writer.add_document(document)?;
        }
        let searcher = writer.finalize()?.reader()?.searcher();
        Ok(Self { searcher, text })
    }

    /// The `k` passages with the highest BM25 score for `words`, which are already folded, among those that `keep`
    /// accepts; best first, equal scores in the order of passages. Passages without any of the words are left out.
    pub(crate) fn search<'a>(
        &self,
        words: impl IntoIterator<Item = &'a String>,
        k: usize,
        keep: impl Fn(usize) -> bool,
    ) -> Vec<Hit> {
        let term = |word: &String| {
            let term = Term::from_field_text(self.text, word);
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(query) as Box<dyn Query>)
        };
        let query = BooleanQuery::new(words.into_iter().map(term).collect());
        let weight = query
            .weight(EnableScoring::enabled_from_searcher(&self.searcher))
            .expect("the query's field is in the schema");
        // The worst of the best passages so far is on top.
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(k + 1);
        for segment in self.searcher.segment_readers() {
            let mut take = |document, score| {
                let ranked = Ranked(Scored {
                    row: document as usize,
                    score,
                });
                let full = best.len() == k;
                if (!full || best.peek().is_some_and(|worst| ranked < *worst)) && keep(document as usize) {
                    best.push(ranked);
                    if full {
                        best.pop();
                    }
                }
            };
            weight
                .for_each(segment, &mut take)
                .expect("what is in memory can be read");
        }
        let hit = |Ranked(Scored { row, score })| Hit { passage: row, score };
        best.into_sorted_vec().into_iter().map(hit).collect()
    }
}

/// The folded words of a text; their offsets in the text are not kept.
fn tokens(text: &str) -> PreTokenizedString {
    let token = |(position, word): (usize, &str)| Token {
        position,
        text: words::folded(word),
        ..Token::default()
    };
    PreTokenizedString {
        text: String::new(),
        tokens: words::written(text).enumerate().map(token).collect(),
    }
}

/// A score whose order is reversed: a worse one is greater.
struct Ranked(Scored);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], query: &str, k: usize, keep: impl Fn(usize) -> bool) -> Vec<Hit> {
        let words: Vec<_> = words::written(query).map(words::folded).collect();
        let lexical = Lexical::build(texts.iter().copied()).expect("a few texts");
        lexical.search(&words, k, keep)
    }

    fn passages(hits: &[Hit]) -> Vec<usize> {
        hits.iter().map(|hit| hit.passage).collect()
    }

    #[test]
    fn the_score_is_that_of_the_formula() {
        let texts = ["the mic is good", "good good bass", "battery", "a mic"];
        let hits = found(&texts, "MIC", 10, |_| true);
        // Two of four texts have the word, once each, of 4 and 2 words; the mean is 2.5.
        let idf = (1.0f64 + (4.0 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
        let score = |length: f64| idf * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * length / 2.5));
        assert_eq!(passages(&hits), [3, 0]);
        for (hit, length) in hits.iter().zip([2.0, 4.0]) {
            assert!((f64::from(hit.score) - score(length)).abs() < 1e-3, "{hit:?}");
        }
    }

    #[test]
    fn forms_and_case_are_folded_and_rare_words_count_more() {
        let texts = [
            "It LEAKED at once",
            "leakage!",
            "no leak here",
            "loud it is",
            "nothing of it",
        ];
        assert_eq!(passages(&found(&texts, "leaking", 10, |_| true)), [1, 2, 0]);
        assert_eq!(passages(&found(&texts, "leaks, loudly", 1, |_| true)), [3]);
    }

    #[test]
    fn the_best_of_those_that_are_kept_in_the_order_of_passages() {
        let texts = vec!["same words"; 300];
        assert_eq!(passages(&found(&texts, "words", 3, |_| true)), [0, 1, 2]);
        assert_eq!(
            passages(&found(&texts, "words", 3, |passage| passage > 200)),
            [201, 202, 203]
        );
        assert!(found(&texts, "unknown", 3, |_| true).is_empty());
        assert!(found(&texts, "", 3, |_| true).is_empty());
        assert!(found(&[], "words", 3, |_| true).is_empty());
        assert!(found(&texts, "words", 0, |_| true).is_empty());
    }
}
