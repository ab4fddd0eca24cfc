//! A question in, ranked evidence out.
//!
//! [`Retriever::retrieve`] runs as a task: the question's vectors come from the embedder's thread; parsing the question
//! and the search run on tokio's blocking threads. `reading` parses the question, with `spelling`'s help; `searcher`
//! scores products and then passages by `score`, with the words that `thesaurus` adds; `product_filter` applies the
//! request's filters and the question's demands; `refusal` says when nothing here is about the question; `selection`
//! chooses the evidence, `products` the products that are recommended, and `figures` counts.

mod evidence;
mod figures;
mod product_filter;
mod products;
mod reading;
mod refusal;
mod score;
mod searcher;
mod selection;
mod spelling;
#[cfg(test)]
pub(crate) mod testing;
mod thesaurus;

use std::sync::Arc;
use std::time::Instant;

use crate::embedding::{Embedder, EmbeddingError};
use crate::index::ReviewIndex;
use crate::metrics;
use crate::opinions::Opinions;
pub use evidence::Evidence;
pub(crate) use evidence::{Asked, Filters, Found, Grounds, Scores, Understood, Unmet};
pub(crate) use figures::{Figured, Figures};
pub(crate) use products::{Basis, Recommended};
pub(crate) use reading::{Figure, Intent, Quantity, Vocabulary, Wish};
pub(crate) use refusal::{Thresholds, off_topic};
pub(crate) use score::COVERAGE;
use searcher::{Searcher, Sought};
pub(crate) use thesaurus::{Thesaurus, words as thesaurus_words};

/// Seconds after which retrieval has room again: a question's embedding takes a fraction of one.
pub(crate) const RETRY_SECONDS: u64 = 1;

/// Finds evidence. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Retriever {
    embedder: Embedder,
    searcher: Arc<Searcher>,
}

impl Retriever {
    /// A retriever over `index` with these near words and opinions, that refuses by `thresholds`; where these are not
    /// known yet, by those that are found from the vectors that `embed` gives of the
    /// [questions about other things](off_topic()).
    ///
    /// # Errors
    /// Those of `embed`.
    pub(crate) fn new(
        embedder: Embedder,
        index: ReviewIndex,
        thesaurus: Thesaurus,
        opinions: Opinions,
        thresholds: Option<Thresholds>,
        embed: impl FnOnce(&[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError>,
    ) -> Result<Self, EmbeddingError> {
        let mut searcher = Searcher::new(index, thesaurus, opinions, embedder.words().clone());
        searcher.thresholds = match thresholds {
            Some(thresholds) => thresholds,
            None => searcher.found_thresholds(embed(&off_topic().collect::<Vec<_>>())?),
        };
        Ok(Self {
            embedder,
            searcher: Arc::new(searcher),
        })
    }

    /// The thresholds that questions are refused by.
    pub(crate) fn thresholds(&self) -> Thresholds {
        self.searcher.thresholds
    }

    /// The best evidence for what was asked, and the products that it is of.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many questions wait to be embedded.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn retrieve(&self, asked: &Asked, filters: &Filters) -> Result<Grounds, EmbeddingError> {
        self.seek(asked, filters, Searcher::search).await
    }

    /// What [`Retriever::retrieve`] would find if no question were refused: what the thresholds are measured against.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub(crate) async fn retrieve_without_refusal(
        &self,
        asked: &Asked,
        filters: &Filters,
    ) -> Result<Vec<Evidence>, EmbeddingError> {
        self.seek(asked, filters, Searcher::search_without_refusal).await
    }

    /// The products that fit what was asked.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn recommend(
        &self,
        asked: &Asked,
        filters: &Filters,
    ) -> Result<Found<Recommended>, EmbeddingError> {
        self.seek(asked, filters, Searcher::recommend).await
    }

    /// The unit vector of a text, to be compared with passages.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub(crate) async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbeddingError> {
        let vectors = self.embedder.embed(vec![text.to_string()]).await?;
        Ok(vectors.into_iter().next().expect("one text has one vector"))
    }

    /// The cosine similarity of a vector to a passage, given by its position.
    pub(crate) fn similarity(&self, vector: &[f32], passage: usize) -> f32 {
        self.searcher.index.similarity(vector, passage)
    }

    /// What the reviews speak of, and how.
    pub(crate) fn opinions(&self) -> &Opinions {
        &self.searcher.opinions
    }

    /// What questions are parsed with.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.searcher.vocabulary
    }

    /// Parses and embeds the question, then runs `search` on a blocking thread.
    async fn seek<T: Send + 'static>(
        &self,
        asked: &Asked,
        filters: &Filters,
        search: fn(&Searcher, &Sought, &Filters) -> T,
    ) -> Result<T, EmbeddingError> {
        let started = Instant::now();
        let (searcher, asked) = (self.searcher.clone(), asked.clone());
        let parsed = compute(move || searcher.vocabulary.parse(&asked)).await?;
        let vectors = self.embedder.embed(searcher::texts(&parsed)).await?;
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["embed"], started.elapsed().as_secs_f64());

        let (searcher, filters) = (self.searcher.clone(), filters.clone());
        compute(move || search(&searcher, &Sought::new(parsed, vectors), &filters)).await
    }
}

/// Runs `work` on one of tokio's blocking threads.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EmbeddingError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EmbeddingError::Stopped)
}
