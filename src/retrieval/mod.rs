//! Stage 4: a question in, ranked evidence out.
//!
//! [`Retriever::retrieve`] runs as a task: the question's vectors come from the embedder's thread, the search runs on
//! tokio's blocking threads. What a question is about is read in `reading`, with the words of `words`; what becomes
//! evidence is decided in `rank`.

mod rank;
mod reading;
mod words;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::embedding::{Embedder, EmbeddingError};
use crate::index::Index;
use crate::metrics;
use crate::reviews::{Corpus, Passage, Product, ProductId, ReviewId};
use rank::{Candidate, Limits};
use reading::{Reading, Vocabulary};
use words::Frequencies;

/// Nearest passages that each search brings to the ranking.
const CANDIDATES: usize = 200;
/// Products that a question is taken to be about by their titles, where it names none.
const TITLES: usize = 8;
/// Passages that become evidence.
const EVIDENCE: usize = 6;
/// Passages of one product among them, unless the question is about that product alone.
const PER_PRODUCT: usize = 2;

/// Which reviews may be evidence. Empty or absent means any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filters {
    /// The shop's product ids ([`Product::key`]).
    pub product_ids: Vec<String>,
    /// A category, compared without case.
    pub category: Option<String>,
    /// Reviews with at least so many stars.
    pub min_rating: Option<u8>,
    /// Products of at most so many rupees; a product without a price does not pass.
    pub max_price: Option<u32>,
}

impl Filters {
    fn admits(&self, product: &Product) -> bool {
        let listed = self.product_ids.is_empty() || self.product_ids.contains(&product.key);
        let category = self.category.as_ref().is_none_or(|wanted| {
            product
                .category
                .as_ref()
                .is_some_and(|category| category.eq_ignore_ascii_case(wanted))
        });
        let price = self
            .max_price
            .is_none_or(|most| product.price.is_some_and(|price| price <= most));
        listed && category && price
    }
}

/// A question, with what it leans on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question as it can be understood alone.
    pub whole: String,
    /// The part of it that asks: the same, or the end of it where the beginning is an earlier question.
    pub last: String,
}

/// One quote that an answer may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The review it is from.
    pub review: ReviewId,
    /// The shop's product id.
    pub product_key: String,
    /// The product's title.
    pub product_title: String,
    /// The reviewer's stars, 1 to 5.
    pub rating: u8,
    /// The review's headline; may be empty.
    pub summary: String,
    /// The quoted passage, letter by letter as in the review.
    pub quote: String,
    /// Where the quote starts in the review's text, in characters.
    pub start: usize,
    /// Where it ends, in characters, exclusive.
    pub end: usize,
    /// The review's text before the quote; may be empty.
    pub before: String,
    /// The review's text after the quote; may be empty.
    pub after: String,
    /// Cosine similarity to the question, −1 to 1.
    pub score: f32,
}

impl Evidence {
    /// What people call the product; see [`crate::reviews::short_title`].
    pub fn short_title(&self) -> &str {
        crate::reviews::short_title(&self.product_title)
    }
}

/// Finds evidence. Cheap to clone.
#[derive(Clone)]
pub struct Retriever {
    embedder: Embedder,
    shelves: Arc<Shelves>,
}

/// What is searched: immutable, shared by all questions.
struct Shelves {
    corpus: Arc<Corpus>,
    passages: Vec<Passage>,
    /// A vector for each passage.
    index: Index,
    /// A vector for each product's title, in the order of products.
    titles: Index,
    vocabulary: Vocabulary,
    frequencies: Frequencies,
}

impl Retriever {
    /// A retriever over `index`, built from `passages`, and `titles`, built from the products' titles.
    pub fn new(
        embedder: Embedder,
        corpus: Arc<Corpus>,
        passages: Vec<Passage>,
        index: Index,
        titles: Index,
    ) -> Self {
        let texts = passages.iter().map(|passage| passage.text(&corpus));
        let frequencies = Frequencies::of(texts);
        let vocabulary = Vocabulary::of(&corpus.products, &frequencies);
        let shelves = Shelves {
            corpus,
            passages,
            index,
            titles,
            vocabulary,
            frequencies,
        };
        Self {
            embedder,
            shelves: Arc::new(shelves),
        }
    }

    /// The best evidence for what was asked, best first; none where nothing is about it.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many questions wait to be embedded.
    pub async fn retrieve(&self, asked: &Asked, filters: &Filters) -> Result<Vec<Evidence>, EmbeddingError> {
        let started = Instant::now();
        let reading = self.shelves.vocabulary.read(&asked.whole, &asked.last);
        let texts = vec![asked.whole.clone(), reading.aspect.clone()];
        let vectors = self.embedder.embed(texts).await?;
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["embed"], started.elapsed().as_secs_f64());

        let (shelves, filters) = (self.shelves.clone(), filters.clone());
        let search = move || {
            shelves.search(
                &Sought {
                    reading,
                    question: &vectors[0],
                    aspect: &vectors[1],
                },
                &filters,
            )
        };
        tokio::task::spawn_blocking(search)
            .await
            .map_err(|_| EmbeddingError::Stopped)
    }
}

/// A question as it is compared with passages.
struct Sought<'a> {
    reading: Reading,
    /// The vector of the whole question.
    question: &'a [f32],
    /// The vector of the aspect asked about.
    aspect: &'a [f32],
}

impl Shelves {
    fn search(&self, sought: &Sought<'_>, filters: &Filters) -> Vec<Evidence> {
        let started = Instant::now();
        let candidates = self.candidates(sought, filters);
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["dense"], started.elapsed().as_secs_f64());

        let ranking = Instant::now();
        let one_product =
            filters.product_ids.len() == 1 || (sought.reading.by_brand && sought.reading.scope.len() == 1);
        let per_product = if one_product { EVIDENCE } else { PER_PRODUCT };
        let alike =
            |a: &Candidate, b: &Candidate| self.text(a.passage).eq_ignore_ascii_case(self.text(b.passage));
        let chosen = rank::choose(
            candidates,
            Limits {
                evidence: EVIDENCE,
                per_product,
            },
            alike,
        );
        if let Some(best) = chosen.iter().map(Candidate::score).reduce(f32::max) {
            metrics::RETRIEVAL_TOP_SCORE.record(&[], f64::from(best));
        }
        let evidence = chosen.iter().map(|candidate| self.evidence(candidate)).collect();
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["fuse"], ranking.elapsed().as_secs_f64());
        evidence
    }

    /// Passages near the question or its aspect: of the products it names, where it names some; else anywhere, and
    /// of the products whose titles are nearest.
    fn candidates(&self, sought: &Sought<'_>, filters: &Filters) -> Vec<Candidate> {
        let titles = self
            .titles
            .search_exact(sought.question, self.corpus.products.len(), |_| true);
        let mut title_score = vec![0.0; titles.len()];
        titles.iter().for_each(|hit| title_score[hit.passage] = hit.score);

        let scope = &sought.reading.scope;
        let named = !scope.is_empty();
        let about: HashSet<ProductId> = match named {
            true => scope.clone(),
            false => titles
                .iter()
                .take(TITLES)
                .map(|hit| ProductId(hit.passage as u32))
                .collect(),
        };
        let admitted = |passage: usize| {
            let review = self.review(passage);
            filters.min_rating.is_none_or(|least| review.rating >= least)
                && filters.admits(&self.corpus.products[review.product.0 as usize])
        };
        let unfiltered = *filters == Filters::default();
        let mut found = BTreeSet::new();
        for vector in [sought.question, sought.aspect] {
            let in_scope = |passage| about.contains(&self.review(passage).product) && admitted(passage);
            found.extend(
                self.index
                    .search_exact(vector, CANDIDATES, in_scope)
                    .iter()
                    .map(|hit| hit.passage),
            );
            if !named {
                let anywhere = match unfiltered {
                    true => self.index.search(vector, CANDIDATES),
                    false => self.index.search_exact(vector, CANDIDATES, admitted),
                };
                found.extend(anywhere.iter().map(|hit| hit.passage));
            }
        }
        let whole: f64 = sought
            .reading
            .words
            .iter()
            .map(|word| self.frequencies.weight(word))
            .sum();
        let candidate = |passage: usize| {
            let product = self.review(passage).product;
            Candidate {
                passage,
                product,
                question: self.index.score(sought.question, passage),
                aspect: self.index.score(sought.aspect, passage),
                title: title_score[product.0 as usize],
                words: self.share_of_words(passage, &sought.reading, whole),
            }
        };
        found.into_iter().map(candidate).collect()
    }

    /// The share of the aspect's words, by weight, that a passage has.
    fn share_of_words(&self, passage: usize, reading: &Reading, whole: f64) -> f32 {
        if reading.words.is_empty() {
            return 0.0;
        }
        let words = words::of(self.text(passage));
        let shared = reading.words.iter().filter(|word| words.contains(*word));
        (shared.map(|word| self.frequencies.weight(word)).sum::<f64>() / whole) as f32
    }

    fn review(&self, passage: usize) -> &crate::reviews::Review {
        &self.corpus.reviews[self.passages[passage].review.0 as usize]
    }

    fn text(&self, passage: usize) -> &str {
        let Passage { start, end, .. } = self.passages[passage];
        &self.review(passage).text[start as usize..end as usize]
    }

    fn evidence(&self, candidate: &Candidate) -> Evidence {
        let passage = self.passages[candidate.passage];
        let review = self.review(candidate.passage);
        let product = &self.corpus.products[review.product.0 as usize];
        let (before, rest) = review.text.split_at(passage.start as usize);
        let (quote, after) = rest.split_at((passage.end - passage.start) as usize);
        let start = before.chars().count();
        Evidence {
            review: passage.review,
            product_key: product.key.clone(),
            product_title: product.title.clone(),
            rating: review.rating,
            summary: review.summary.clone(),
            quote: quote.to_string(),
            start,
            end: start + quote.chars().count(),
            before: before.to_string(),
            after: after.to_string(),
            score: candidate.score(),
        }
    }
}
