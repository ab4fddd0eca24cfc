//! Ranks documents by their best passage: by meaning, by words, and by the sum of both scores. Documents are divided
//! into passages as on the server.
//!
//! In: documents, as the reviews of a [`Corpus`]. Out: for a query, the documents in the order of each system. The
//! query is compared with every passage, so that this measures the ranking; `eval recall` measures HNSW. Runs on the
//! calling thread and on those of the encoder's pool. Errors: those of the encoder.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::app;
use crate::embedding::Encoder;
use crate::evaluation::{Failure, RankedDocuments, Search};
use crate::index::{Postings, Vectors, dot};
use crate::language;
use crate::retrieval::COVERAGE;
use crate::reviews::{self, Corpus, Passage, Product, ProductId, Review, ReviewId};

/// Documents, divided into passages.
pub(super) struct PassageSearch {
    encoder: Encoder,
    /// The passages, in the order of their documents.
    pub passages: Vec<Passage>,
    /// A vector for each passage.
    pub vectors: Vectors,
    /// The words of each passage.
    words: Postings,
    /// The range of each document's passages. A document of one or two words has none, and is never found.
    places: Vec<Range<usize>>,
}

/// A document and its title as one text, with the title as a separate sentence.
pub(super) fn document(title: &str, text: &str) -> String {
    let title = title.trim();
    match title.chars().next_back() {
        None => text.into(),
        Some('.' | '!' | '?') => format!("{title} {text}"),
        Some(_) => format!("{title}. {text}"),
    }
}

impl PassageSearch {
    /// Divides the documents into passages as the server divides reviews, and embeds the passages.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) fn new(encoder: Encoder, documents: &Corpus) -> anyhow::Result<Self> {
        let passages = reviews::passages(documents);
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text(documents)).collect();
        let vectors = app::embed(&encoder, &texts)?;
        let first_of = |document| passages.partition_point(|passage| passage.review < document);
        let places = (0..number(documents.reviews.len()))
            .map(|document| first_of(ReviewId(document))..first_of(ReviewId(document + 1)))
            .collect();
        Ok(Self {
            words: Postings::of(texts.into_iter()),
            encoder,
            passages,
            vectors,
            places,
        })
    }

    /// Every passage of these documents, in their order.
    fn passages_of(&self, documents: &[usize]) -> Vec<usize> {
        documents
            .iter()
            .flat_map(|&document| self.places[document].clone())
            .collect()
    }

    /// The `k` documents with the best passages; `scores` belong to `passages`.
    fn by_best_passage(&self, passages: &[usize], scores: &[Option<f32>], k: usize) -> Vec<usize> {
        let mut best: BTreeMap<usize, f32> = BTreeMap::new();
        for (&passage, score) in passages.iter().zip(scores) {
            if let Some(score) = *score {
                let best = best.entry(self.document_of(passage)).or_insert(score);
                *best = best.max(score);
            }
        }
        best_first(
            best.into_iter()
                .map(|(document, score)| (score, document))
                .collect(),
            k,
        )
    }

    fn document_of(&self, passage: usize) -> usize {
        self.passages[passage].review.0 as usize
    }
}

/// For each of `count` texts, in their order, the share of the words that it says, weighed by their rarity; `None` for
/// a text with none of them.
fn coverage(postings: &Postings, words: &BTreeSet<String>, count: usize) -> Vec<Option<f32>> {
    let mut coverage = vec![None; count];
    let all: f32 = words.iter().map(|word| postings.rarity(word)).sum();
    for word in words {
        for &text in postings.saying(word) {
            *coverage[text as usize].get_or_insert(0.0) += postings.rarity(word) / all;
        }
    }
    coverage
}

impl Search for PassageSearch {
    /// A new system is one line in `systems`.
    fn rank(&self, query: &str, among: Option<&[usize]>, k: usize) -> Result<Vec<RankedDocuments>, Failure> {
        let vector = self.encoder.encode_queries(&[query], &mut |_| {})?.remove(0);
        let words: BTreeSet<String> = language::words(query)
            .filter(|word| !language::is_asking(word))
            .map(language::stem)
            .collect();
        let passages = match among {
            Some(documents) => self.passages_of(documents),
            None => (0..self.passages.len()).collect(),
        };
        let of_all = coverage(&self.words, &words, self.passages.len());
        let scores = |score: &dyn Fn(usize) -> Option<f32>| -> Vec<Option<f32>> {
            passages.iter().map(|&passage| score(passage)).collect()
        };
        let cosine = |passage: usize| dot(&vector, self.vectors.row(passage));
        let scored = |passage: usize| cosine(passage) + COVERAGE * of_all[passage].unwrap_or(0.0);
        let systems = [
            ("dense", scores(&|passage| Some(cosine(passage)))),
            ("lexical", scores(&|passage| of_all[passage])),
            ("scored", scores(&|passage| Some(scored(passage)))),
        ];
        let ranking = |(system, scores): (&'static str, Vec<Option<f32>>)| RankedDocuments {
            system,
            documents: self.by_best_passage(&passages, &scores, k),
        };
        Ok(systems.map(ranking).into())
    }
}

/// The documents with the `k` highest scores; equal scores keep the order of the file.
fn best_first(mut scored: Vec<(f32, usize)>, k: usize) -> Vec<usize> {
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(k).map(|(_, document)| document).collect()
}

/// Documents as reviews of products: for each text, the position of its product. The documents have no ratings, so all
/// get the neutral three stars.
pub(super) fn corpus(products: &[&str], documents: impl IntoIterator<Item = (usize, String)>) -> Corpus {
    let mut products: Vec<Product> = products
        .iter()
        .map(|&key| Product {
            key: key.into(),
            title: key.into(),
            category: None,
            price: None,
            fractions: 0.0,
            histogram: [0; 5],
            reviews: Vec::new(),
        })
        .collect();
    let mut reviews = Vec::new();
    for (position, text) in documents {
        let product = &mut products[position];
        product.histogram[2] += 1;
        product.reviews.push(ReviewId(number(reviews.len())));
        reviews.push(Review {
            product: ProductId(number(position)),
            rating: 3,
            summary: String::new(),
            text,
        });
    }
    Corpus {
        reviews,
        products,
        dropped: Vec::new(),
        fingerprint: String::new(),
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("more than u32::MAX documents do not fit in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::testing::minilm;

    #[test]
    fn a_title_is_a_separate_sentence() {
        for (title, text, expected) in [
            ("", "The lid leaks.", "The lid leaks."),
            ("Kettles", "The lid leaks.", "Kettles. The lid leaks."),
            (" Why kettles? ", "They boil.", "Why kettles? They boil."),
        ] {
            assert_eq!(document(title, text), expected);
        }
    }

    #[test]
    fn a_document_is_ranked_by_its_best_passage() {
        let about = "The parcel came on a Tuesday and the box was dented at one corner. ";
        let battery = format!("{about}The battery lasts for two whole days of music. {about}{about}");
        let lid = format!("{about}{about}{about}The lid of the kettle leaks when it is full.");
        let documents = [about.repeat(4), lid, "Nice".into(), battery];
        let corpus = corpus(&["shop"], documents.map(|text| (0, text)));
        let search = PassageSearch::new(minilm(), &corpus).unwrap();
        let ranked = |query: &str, among: Option<&[usize]>, k| {
            let rankings = search.rank(query, among, k).unwrap();
            assert_eq!(rankings[0].system, "dense");
            rankings[0].documents.clone()
        };
        assert_eq!(ranked("How long does the battery last?", None, 1), [3]);
        assert_eq!(ranked("Does the kettle leak?", None, 1), [1]);
        // Every system finds it; the search by words finds only documents with one of the words.
        let all = search.rank("Does the kettle leak?", None, 10).unwrap();
        let found = all
            .iter()
            .map(|ranking| (ranking.system, ranking.documents.as_slice()));
        let [dense, lexical, scored] = found.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(lexical, ("lexical", &[1][..]));
        assert_eq!(
            (dense.0, dense.1[0], scored.0, scored.1[0]),
            ("dense", 1, "scored", 1)
        );
        // A document without a passage is never found, and `among` excludes all others.
        assert_eq!(ranked("Is it nice?", None, 10).len(), 3);
        assert_eq!(ranked("How long does the battery last?", Some(&[0, 2]), 10), [0]);
    }

    #[test]
    fn equal_documents_keep_their_order() {
        assert_eq!(best_first(vec![(0.5, 7), (0.9, 8), (0.5, 2)], 2), [8, 2]);
    }
}
