//! What retrieval asks of an index: products and passages for a question's vectors and words, under a filter that is
//! plain data.
//!
//! Everything is read only and pure; a search runs on the thread that asks. The answers carry the features that
//! `retrieval` scores. Another engine has to give the same features, how many passages and titles say a word, the
//! likeness of two passages, and the texts.

use std::sync::Arc;

use super::{Index, Postings, RecallMonitor, Vectors, dot};
use crate::reviews::{Corpus, Passage, Product, ProductId, Review};

/// The reviews of a shop, indexed by vector and by word.
pub(crate) struct ReviewIndex {
    corpus: Arc<Corpus>,
    passages: Vec<Passage>,
    /// The passages of each product, in order.
    of_product: Vec<Vec<u32>>,
    /// A vector for each passage.
    vectors: RecallMonitor,
    /// A vector for each product's title, in the order of products.
    titles: Index,
    /// The centre of the vectors of each product's passages, of length 1.
    centres: Vectors,
    /// The cosine of each passage to its product's title.
    title_cosines: Vec<f32>,
    /// The words of the passages.
    pub words: Postings,
    /// The words of the products' titles and categories.
    pub title_words: Postings,
}

/// A question as it is compared with products and passages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexQuery<'a> {
    /// The unit vector that titles are compared with.
    pub title: &'a [f32],
    /// The unit vector that passages are compared with.
    pub passage: &'a [f32],
    /// Its telling words.
    pub words: &'a [QueryWord],
}

/// A telling word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryWord {
    /// How much it counts in the coverage of passages; the weights of a question add up to at most 1.
    pub weight: f32,
    /// How much it counts in the coverage of titles; those of the words that somebody here says add up to 1.
    pub title_weight: f32,
    /// Whether a product's title says it for the product's passages too. What is asked of a product, its buyers say.
    pub names: bool,
    /// The stems that say it, each with how well it does, 0 to 1; the word itself with 1.
    pub forms: Vec<(String, f32)>,
}

/// Which passages may be found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PassageFilter {
    /// Of these products.
    pub products: Vec<ProductId>,
    /// Of reviews with at least so many stars; absent, of all.
    pub min_rating: Option<u8>,
}

/// A product, compared with a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ProductFeatures {
    /// Which.
    pub product: ProductId,
    /// The cosine of its title to the question.
    pub title: f32,
    /// The share of those of the question's words that anybody here says, by weight, that its title says.
    pub coverage: f32,
    /// The cosine of the centre of its passages to the question; 0 without passages.
    pub centre: f32,
}

/// A passage, compared with a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PassageFeatures {
    /// Its position in the index.
    pub passage: usize,
    /// The product that its review is about.
    pub product: ProductId,
    /// Its cosine to the question.
    pub question: f32,
    /// The cosine of its product's title to the question.
    pub title: f32,
    /// Its cosine to its product's title.
    pub own_title: f32,
    /// The share of the question's words, by weight, that it says, or those of them that [name](QueryWord::names) its
    /// product's title.
    pub coverage: f32,
}

/// A product's text, whose words and vector stand for the product.
pub(crate) fn title_text(product: &Product) -> String {
    match &product.category {
        Some(category) => format!("{} {category}", product.title),
        None => product.title.clone(),
    }
}

impl ReviewIndex {
    /// An index of `passages`, whose vectors are `vectors`, and of products, whose [texts](title_text) have the
    /// vectors `titles`; `words` and `title_words` are of the same texts.
    pub(crate) fn new(
        corpus: Arc<Corpus>,
        passages: Vec<Passage>,
        vectors: Index,
        titles: Index,
        words: Postings,
        title_words: Postings,
    ) -> Self {
        let mut of_product = vec![Vec::new(); corpus.products.len()];
        let mut centres = Vectors::zeros(titles.rows().dimension(), corpus.products.len());
        let mut title_cosines = Vec::with_capacity(passages.len());
        for (number, passage) in (0..).zip(&passages) {
            let product = corpus.reviews[passage.review.0 as usize].product.0 as usize;
            of_product[product].push(number);
            let vector = vectors.vector(number as usize);
            title_cosines.push(dot(vector, titles.vector(product)));
            let sum = centres.row_mut(product).iter_mut();
            sum.zip(vector).for_each(|(sum, value)| *sum += value);
        }
        for product in 0..corpus.products.len() {
            let centre = centres.row_mut(product);
            let length = dot(centre, centre).sqrt().max(f32::MIN_POSITIVE);
            centre.iter_mut().for_each(|value| *value /= length);
        }
        Self {
            words,
            title_words,
            corpus,
            passages,
            of_product,
            vectors: RecallMonitor::new(vectors),
            titles,
            centres,
            title_cosines,
        }
    }

    /// Every product, compared with a question; in the order of products.
    pub(crate) fn products(&self, query: &IndexQuery<'_>) -> Vec<ProductFeatures> {
        let coverage = self.title_coverage(query.words);
        let features = |(product, coverage): (usize, f32)| ProductFeatures {
            product: ProductId(product as u32),
            title: self.titles.score(query.title, product),
            coverage,
            centre: dot(query.title, self.centres.row(product)),
        };
        coverage.into_iter().enumerate().map(features).collect()
    }

    /// The `k` passages that are nearest to a vector, with their cosines, best first: found by HNSW above
    /// [`super::EXACT_UP_TO`] rows.
    pub(crate) fn nearest(&self, vector: &[f32], k: usize) -> Vec<(usize, f32)> {
        let hits = self.vectors.search(vector, k);
        hits.into_iter().map(|hit| (hit.passage, hit.score)).collect()
    }

    /// Every passage that `filter` admits, compared with a question; in their order, and [not yet
    /// covered](Self::cover).
    pub(crate) fn passages(&self, query: &IndexQuery<'_>, filter: &PassageFilter) -> Vec<PassageFeatures> {
        let mut passages: Vec<u32> = filter
            .products
            .iter()
            .flat_map(|product| &self.of_product[product.0 as usize])
            .copied()
            .collect();
        if let Some(least) = filter.min_rating {
            passages.retain(|&passage| self.review(passage as usize).rating >= least);
        }
        passages.sort_unstable();
        self.features(query, &passages)
    }

    /// These passages, compared with a question; not yet covered.
    fn features(&self, query: &IndexQuery<'_>, passages: &[u32]) -> Vec<PassageFeatures> {
        let mut features: Vec<PassageFeatures> = Vec::with_capacity(passages.len());
        let mut of_last = (ProductId(u32::MAX), 0.0);
        for &passage in passages {
            let passage = passage as usize;
            let product = self.review(passage).product;
            if of_last.0 != product {
                of_last = (product, self.titles.score(query.title, product.0 as usize));
            }
            features.push(PassageFeatures {
                passage,
                product,
                question: self.vectors.score(query.passage, passage),
                title: of_last.1,
                own_title: self.title_cosines[passage],
                coverage: 0.0,
            });
        }
        features
    }

    /// Sets the coverage of passages, which are in ascending order: the share of a question's words, by weight, that
    /// the passage says, or its product's title where they [name](QueryWord::names) products.
    pub(crate) fn cover(&self, words: &[QueryWord], features: &mut [PassageFeatures]) {
        let passages: Vec<u32> = features.iter().map(|features| features.passage as u32).collect();
        let mut in_titles = vec![0.0; self.of_product.len()];
        let mut said = vec![0.0; passages.len()];
        features.iter_mut().for_each(|features| features.coverage = 0.0);
        for word in words {
            in_titles.fill(0.0);
            if word.names {
                self.mark_titles(word, &mut in_titles);
            }
            said.fill(0.0);
            for (stem, likeness) in &word.forms {
                mark(self.words.saying(stem), &passages, *likeness, &mut said);
            }
            for (features, said) in features.iter_mut().zip(&said) {
                features.coverage += word.weight * in_titles[features.product.0 as usize].max(*said);
            }
        }
    }

    /// The cosine of two passages; 1 where they say the same.
    pub(crate) fn likeness(&self, one: usize, other: usize) -> f32 {
        match self.text(one).eq_ignore_ascii_case(self.text(other)) {
            true => 1.0,
            // Other words are something else, however near.
            false => self.vectors.similarity(one, other).min(0.99),
        }
    }

    /// The cosine of the titles of two products.
    pub(crate) fn title_likeness(&self, one: ProductId, other: ProductId) -> f32 {
        dot(
            self.titles.vector(one.0 as usize),
            self.titles.vector(other.0 as usize),
        )
    }

    /// The cosine of a vector to a passage.
    pub(crate) fn similarity(&self, vector: &[f32], passage: usize) -> f32 {
        self.vectors.score(vector, passage)
    }

    /// A passage.
    pub(crate) fn passage(&self, passage: usize) -> Passage {
        self.passages[passage]
    }

    /// The review that a passage is from.
    pub(crate) fn review(&self, passage: usize) -> &Review {
        &self.corpus.reviews[self.passages[passage].review.0 as usize]
    }

    /// What a passage says.
    pub(crate) fn text(&self, passage: usize) -> &str {
        self.passages[passage].text(&self.corpus)
    }

    /// The positions of a product's passages, in order.
    pub(crate) fn passages_of(&self, product: ProductId) -> impl Iterator<Item = usize> {
        let passages = self.of_product[product.0 as usize].iter();
        passages.map(|passage| *passage as usize)
    }

    /// The number of passages.
    pub(crate) fn passage_count(&self) -> usize {
        self.passages.len()
    }

    /// The reviews and products.
    pub(crate) fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// The position of a passage; nothing where it is none of these.
    pub(crate) fn position(&self, passage: Passage) -> Option<usize> {
        let place = |passage: &Passage| (passage.review, passage.start);
        self.passages.binary_search_by_key(&place(&passage), place).ok()
    }

    /// The products, in their order.
    pub(crate) fn catalogue(&self) -> &[Product] {
        &self.corpus.products
    }

    /// For each product, the share of a question's words, by weight, that its title says.
    fn title_coverage(&self, words: &[QueryWord]) -> Vec<f32> {
        let mut coverage = vec![0.0; self.of_product.len()];
        let mut in_titles = coverage.clone();
        for word in words {
            in_titles.fill(0.0);
            self.mark_titles(word, &mut in_titles);
            let both = coverage.iter_mut().zip(&in_titles);
            both.for_each(|(coverage, said)| *coverage += word.title_weight * said);
        }
        coverage
    }

    /// Raises, for each product, how well its title says a word.
    fn mark_titles(&self, word: &QueryWord, in_titles: &mut [f32]) {
        for (stem, likeness) in &word.forms {
            for &product in self.title_words.saying(stem) {
                let said = &mut in_titles[product as usize];
                *said = likeness.max(*said);
            }
        }
    }
}

/// Raises `said`, which belongs to `passages`, to `likeness` where a passage is one of `saying`. Both are in ascending
/// order.
fn mark(saying: &[u32], passages: &[u32], likeness: f32, said: &mut [f32]) {
    let mut raise = |at: usize| said[at] = likeness.max(said[at]);
    match saying.len() < passages.len() {
        true => in_both(saying, passages, |_, at| raise(at)),
        false => in_both(passages, saying, |at, _| raise(at)),
    }
}

/// Gives `found` the places of each number that is in both lists, which are in ascending order. The shorter should come
/// first: its numbers are looked up in the other.
fn in_both(shorter: &[u32], longer: &[u32], mut found: impl FnMut(usize, usize)) {
    let mut from = 0;
    for (place, number) in shorter.iter().enumerate() {
        from += match longer[from..].binary_search(number) {
            Ok(at) => {
                found(place, from + at);
                at + 1
            }
            Err(at) => at,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::{passages, testing};

    /// Two kettles, and what buyers say of them.
    fn index() -> ReviewIndex {
        let products = vec![
            testing::product("Avandi steel kettle"),
            testing::product("Surveen glass kettle"),
        ];
        let reviews = vec![
            testing::review(0, 5, "It boils water very fast."),
            testing::review(1, 2, "The glass lid leaks water."),
            testing::review(0, 1, "The lid leaks since a week."),
        ];
        let corpus = Arc::new(testing::corpus(products, reviews));
        let passages = passages(&corpus);
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text(&corpus)).collect();
        let words = Postings::of(texts.into_iter());
        let titles: Vec<String> = corpus.products.iter().map(title_text).collect();
        let title_words = Postings::of(titles.iter().map(String::as_str));
        let of = |rows: &[[f32; 2]]| Index::build(Vectors::from_rows(2, rows.iter().map(|row| row.to_vec())));
        let vectors = of(&[[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]);
        ReviewIndex::new(
            corpus,
            passages,
            vectors,
            of(&[[0.8, 0.6], [0.0, 1.0]]),
            words,
            title_words,
        )
    }

    fn word(stem: &str, weight: f32) -> QueryWord {
        QueryWord {
            weight,
            title_weight: weight,
            names: true,
            forms: vec![(stem.into(), 1.0)],
        }
    }

    fn near(value: f32, expected: f32) {
        assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
    }

    #[test]
    fn products_are_compared_by_title_words_and_the_centre_of_what_is_said() {
        let words = [word("glass", 0.75), word("kettl", 0.25)];
        let query = IndexQuery {
            title: &[1.0, 0.0],
            passage: &[1.0, 0.0],
            words: &words,
        };
        let [steel, glass] = index().products(&query).try_into().expect("two products");
        near(steel.title, 0.8);
        near(steel.coverage, 0.25);
        // The mean of (1, 0) and (0.6, 0.8), of length 1.
        near(steel.centre, 0.8 / (0.8f32 * 0.8 + 0.4 * 0.4).sqrt());
        near(glass.coverage, 1.0);
        near(glass.centre, 0.0);
    }

    #[test]
    fn a_passage_has_the_words_that_it_or_its_title_says() {
        let words = [word("glass", 0.5), word("leak", 0.25), word("mic", 0.25)];
        let query = IndexQuery {
            title: &[1.0, 0.0],
            passage: &[0.0, 1.0],
            words: &words,
        };
        let index = index();
        let all = |products: &[u32], min_rating| {
            let filter = PassageFilter {
                products: products.iter().copied().map(ProductId).collect(),
                min_rating,
            };
            let mut found = index.passages(&query, &filter);
            index.cover(&words, &mut found);
            found
        };
        let found = all(&[1, 0], None);
        let of: Vec<(usize, u32)> = found
            .iter()
            .map(|found| (found.passage, found.product.0))
            .collect();
        assert_eq!(of, [(0, 0), (1, 1), (2, 0)]);
        let coverage: Vec<f32> = found.iter().map(|found| found.coverage).collect();
        assert_eq!(coverage, [0.0, 0.75, 0.25]);
        let mut found = found;
        let asked = QueryWord {
            names: false,
            ..word("glass", 0.5)
        };
        index.cover(&[asked], &mut found);
        let coverage: Vec<f32> = found.iter().map(|found| found.coverage).collect();
        assert_eq!(
            coverage,
            [0.0, 0.5, 0.0],
            "its title says so too, and does not count"
        );
        near(found[2].question, 0.8);
        near(found[2].title, 0.8);
        near(found[2].own_title, 0.6 * 0.8 + 0.8 * 0.6);
        assert_eq!(all(&[0], Some(2)).len(), 1);
        assert!(all(&[], None).is_empty());
    }

    #[test]
    fn a_form_that_is_only_like_the_word_counts_as_much_as_it_is_like_it() {
        let like = QueryWord {
            forms: vec![("drip".into(), 1.0), ("leak".into(), 0.3)],
            ..word("drip", 1.0)
        };
        let index = index();
        let filter = PassageFilter {
            products: vec![ProductId(1)],
            min_rating: None,
        };
        let query = IndexQuery {
            title: &[1.0, 0.0],
            passage: &[1.0, 0.0],
            words: std::slice::from_ref(&like),
        };
        let mut found = index.passages(&query, &filter);
        index.cover(query.words, &mut found);
        near(found[0].coverage, 0.3);
    }

    #[test]
    fn equal_words_are_the_same_and_near_ones_are_not() {
        let index = index();
        near(index.likeness(0, 2), 0.6);
        near(index.likeness(1, 1), 1.0);
        assert_eq!(index.nearest(&[1.0, 0.0], 2), [(0, 1.0), (2, 0.6)]);
    }
}
