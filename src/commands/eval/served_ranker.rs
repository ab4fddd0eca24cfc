//! What the server finds, beside the rankings that it is made of: what diversity and both sides' places do to a ranking,
//! and what the floor does.
//!
//! In: reviews as [`PassageSearch`] has them. Out: for a question about one item, the rankings of that, then the reviews
//! in the order in which the server quotes them, which are a few: "stratified" before anything is refused, "served"
//! after. Questions are embedded on a thread of their own; the caller's waits.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::super::runtime;
use super::passage_ranker::PassageSearch;
use crate::app;
use crate::embedding::{Embedder, Encoder};
use crate::evaluation::{Failure, RankedDocuments, Search};
use crate::index::Index;
use crate::retrieval::{Asked, Evidence, Filters, Retriever};
use crate::reviews::Corpus;

/// Rankings, and what the server chooses by them.
pub(super) struct Served {
    rankings: PassageSearch,
    retriever: Retriever,
    corpus: Arc<Corpus>,
    runtime: Runtime,
}

/// What a question about one item is asked of.
pub(super) fn of_item(item: &str) -> Filters {
    Filters {
        product_ids: vec![item.into()],
        ..Filters::default()
    }
}

impl Served {
    /// The server's retrieval over `corpus`, whose passages `rankings` has embedded already. `encoder` embeds questions.
    ///
    /// # Errors
    /// What keeps the reviews from being indexed.
    pub fn over(rankings: PassageSearch, corpus: Corpus, encoder: Encoder) -> anyhow::Result<Self> {
        let corpus = Arc::new(corpus);
        let titles = corpus.products.iter().map(|product| product.title.as_str());
        let titles = Index::build(app::embed(&encoder, &titles.collect::<Vec<_>>())?);
        let index = Index::build(rankings.vectors.clone());
        let embedder = Embedder::spawn(encoder, 1);
        let passages = rankings.passages.clone();
        Ok(Self {
            retriever: Retriever::new(embedder, corpus.clone(), passages, index, titles)?,
            rankings,
            corpus,
            runtime: runtime()?,
        })
    }

    /// What finds.
    pub fn retriever(&self) -> &Retriever {
        &self.retriever
    }

    async fn found(&self, query: &str, filters: &Filters) -> Result<[Vec<Evidence>; 2], Failure> {
        let asked = Asked {
            whole: query.into(),
            last: query.into(),
        };
        let stratified = self.retriever.retrieve_without_floor(&asked, filters).await?;
        let served = self.retriever.retrieve(&asked, filters).await?;
        Ok([stratified, served.evidence])
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
        let [stratified, served] = self.runtime.block_on(self.found(query, &filters))?;
        let ranking = |system, evidence: &[Evidence]| RankedDocuments {
            system,
            documents: reviews_of(evidence, k),
        };
        rankings.extend([ranking("stratified", &stratified), ranking("served", &served)]);
        Ok(rankings)
    }
}

/// The first `k` reviews that are quoted, in their order.
fn reviews_of(evidence: &[Evidence], k: usize) -> Vec<usize> {
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

    #[test]
    fn the_floor_leaves_out_what_is_not_about_the_question() {
        let texts = [
            "The battery lasts for two whole days of music.",
            "It came in a blue box with a ribbon around it.",
            "The lid of the kettle leaks when it is full.",
        ];
        let documents = texts.iter().zip([0, 0, 1]);
        let corpus = passage_ranker::corpus(
            &["phone", "kettle"],
            documents.map(|(text, product)| (product, (*text).into())),
        );
        let rankings = PassageSearch::over(minilm(), &corpus).unwrap();
        let served = Served::over(rankings, corpus, minilm()).unwrap();
        let found = |query: &str, system| {
            let rankings = served.rank(query, Some(&[0, 1]), 2).unwrap();
            let found = rankings.into_iter().find(|ranking| ranking.system == system);
            found.expect("the system's ranking").documents
        };
        let asked = "How long does the battery last?";
        assert_eq!(found(asked, "fused"), [0, 1]);
        assert_eq!(found(asked, "stratified"), [0, 1]);
        assert_eq!(found(asked, "served"), [0]);
        let beyond = "What is the capital of France?";
        assert_eq!(found(beyond, "stratified").len(), 2);
        assert!(found(beyond, "served").is_empty());
    }

    #[test]
    fn a_review_that_is_quoted_twice_has_its_first_place() {
        let corpus = passage_ranker::corpus(
            &["kettle"],
            [
                (
                    0,
                    "The lid of this kettle leaks a lot. The handle of this kettle gets very hot.".into(),
                ),
                (0, "The lid of this kettle has never leaked.".into()),
            ],
        );
        let rankings = PassageSearch::over(minilm(), &corpus).unwrap();
        let served = Served::over(rankings, corpus, minilm()).unwrap();
        for ranking in served.rank("Does the lid leak?", Some(&[0, 1]), 2).unwrap() {
            let mut documents = ranking.documents.clone();
            documents.sort_unstable();
            documents.dedup();
            assert_eq!(documents.len(), ranking.documents.len(), "{ranking:?}");
        }
    }
}
