//! The server's search, next to the rankings that it combines: shows the effect of diversity, of the places reserved
//! for both sides, and of refusals.
//!
//! In: the reviews of a [`PassageSearch`]. Out: for a question about one item, the rankings of that search, then the
//! few reviews that the server quotes, in their order: "selected" whether or not it refuses, "served" unless it
//! does.
//! Questions are embedded on a thread of their own; the calling thread waits.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::super::runtime;
use super::passage_ranker::PassageSearch;
use crate::app;
use crate::embedding::Encoder;
use crate::evaluation::{Failure, RankedDocuments, Search};
use crate::query::Turn;
use crate::retrieval::{Evidence, Filters, Retriever};
use crate::reviews::Corpus;

/// The rankings, and the server's selection from them.
pub(super) struct Served {
    rankings: PassageSearch,
    retriever: Retriever,
    corpus: Arc<Corpus>,
    runtime: Runtime,
}

/// Filters for the reviews of one item.
pub(super) fn of_item(item: &str) -> Filters {
    Filters {
        product_ids: vec![item.into()],
        ..Filters::default()
    }
}

impl Served {
    /// The server's retrieval over `corpus`, whose passages `rankings` has already embedded. `encoder` embeds
    /// questions.
    ///
    /// # Errors
    /// The reviews cannot be indexed.
    pub(super) fn new(rankings: PassageSearch, corpus: Corpus, encoder: Encoder) -> anyhow::Result<Self> {
        let corpus = Arc::new(corpus);
        let (passages, vectors) = (rankings.passages.clone(), rankings.vectors.clone());
        let retriever = app::retriever(corpus.clone(), passages, vectors, encoder)?;
        Ok(Self {
            retriever,
            rankings,
            corpus,
            runtime: runtime()?,
        })
    }

    /// The server's retriever.
    pub(super) fn retriever(&self) -> &Retriever {
        &self.retriever
    }

    async fn search(&self, query: &str, filters: &Filters) -> Result<[Vec<Evidence>; 2], Failure> {
        let asked = [Turn::user(query)];
        let selected = self.retriever.retrieve_without_refusal(&asked, filters).await?;
        let served = self.retriever.retrieve(&asked, filters).await?;
        Ok([selected, served.evidence])
    }
}

impl Search for Served {
    fn rank(&self, query: &str, among: Option<&[usize]>, k: usize) -> Result<Vec<RankedDocuments>, Failure> {
        let mut rankings = self.rankings.rank(query, among, k)?;
        let item = among.and_then(<[usize]>::first).map(|&review| {
            let product = self.corpus.reviews[review].product;
            self.corpus.products[product.0 as usize].key.as_str()
        });
        let filters = item.map_or_else(Filters::default, of_item);
        let [selected, served] = self.runtime.block_on(self.search(query, &filters))?;
        let ranking = |system, evidence: &[Evidence]| RankedDocuments {
            system,
            documents: quoted_reviews(evidence, k),
        };
        rankings.extend([ranking("selected", &selected), ranking("served", &served)]);
        Ok(rankings)
    }
}

/// The first `k` quoted reviews, in their order.
fn quoted_reviews(evidence: &[Evidence], k: usize) -> Vec<usize> {
    let mut reviews: Vec<usize> = Vec::new();
    for quoted in evidence {
        let review = quoted.review.0 as usize;
        if !reviews.contains(&review) {
            reviews.push(review);
        }
    }
    reviews.truncate(k);
    reviews
}

#[cfg(test)]
mod tests {
    use super::super::passage_ranker;
    use super::*;
    use crate::embedding::testing::minilm;

    /// The server's search over these texts, each with the position of its product.
    fn served<const N: usize>(products: &[&str], texts: [(usize, &str); N]) -> Served {
        let documents = texts.map(|(product, text)| (product, text.to_string()));
        let corpus = passage_ranker::corpus(products, documents);
        let rankings = PassageSearch::new(minilm(), &corpus).unwrap();
        Served::new(rankings, corpus, minilm()).unwrap()
    }

    #[test]
    fn a_question_about_something_else_is_refused() {
        let texts = [
            (0, "The battery lasts for two whole days of music."),
            (0, "It came in a blue box with a ribbon around it."),
            (1, "The lid of the kettle leaks when it is full."),
        ];
        let served = served(&["phone", "kettle"], texts);
        let found = |query: &str, system| {
            let rankings = served.rank(query, Some(&[0, 1]), 2).unwrap();
            let found = rankings.into_iter().find(|ranking| ranking.system == system);
            found.expect("the system's ranking").documents
        };
        let relevant = "How long does the battery last?";
        assert_eq!(found(relevant, "scored"), [0, 1]);
        assert_eq!(found(relevant, "selected"), [0], "the box is far from the point");
        assert_eq!(found(relevant, "served"), [0]);
        let irrelevant = "What is the capital of France?";
        assert!(!found(irrelevant, "selected").is_empty());
        assert!(found(irrelevant, "served").is_empty());
    }

    #[test]
    fn a_review_with_two_quotes_is_ranked_once() {
        let texts = [
            (
                0,
                "The lid of this kettle leaks a lot. The handle of this kettle gets very hot.",
            ),
            (0, "The lid of this kettle has never leaked."),
        ];
        let served = served(&["kettle"], texts);
        for ranking in served.rank("Does the lid leak?", Some(&[0, 1]), 2).unwrap() {
            let mut documents = ranking.documents.clone();
            documents.sort_unstable();
            documents.dedup();
            assert_eq!(documents.len(), ranking.documents.len(), "{ranking:?}");
        }
    }
}
