//! A question in, ranked evidence out.
//!
//! [`Retriever::retrieve`] runs as a task: the question's vectors come from the embedder's thread; parsing the question
//! and the search run on tokio's blocking threads. `reading` parses the question, with `spelling`'s help; `demands`
//! applies the request's filters and the question's demands to the products; `figures` counts; `shelves` finds
//! candidates, by meaning and by word; `fuse` merges several rankings; `rank` selects the evidence, and `products` the
//! products that are recommended.

mod demands;
mod denial;
mod evidence;
mod figures;
pub(crate) mod fuse;
mod products;
mod rank;
mod reading;
mod shelves;
mod spelling;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Instant;

use tantivy::TantivyError;
use tokio::sync::OnceCell;

use crate::aspects::Aspects;
use crate::embedding::{Embedder, EmbeddingError};
use crate::index::Index;
use crate::metrics;
use crate::reviews::{Corpus, Passage};
pub use evidence::Evidence;
pub(crate) use evidence::{Asked, Filters, Found, Grounds, Scores, Understood, Unmet};
pub(crate) use figures::{Figured, Figures};
pub(crate) use products::{Basis, Recommended};
pub(crate) use reading::{Beyond, Figure, Intent, Quantity, Vocabulary, Wish};
use shelves::{Shelves, Sought};

/// Seconds after which retrieval has room again: a question's embedding takes a fraction of one.
pub(crate) const RETRY_SECONDS: u64 = 1;

/// Finds evidence. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Retriever {
    embedder: Embedder,
    shelves: Arc<Shelves>,
    /// The vector of [`reading::WRONG`], embedded with the first question that asks for complaints.
    wrong: Arc<OnceCell<Vec<f32>>>,
}

impl Retriever {
    /// A retriever over `index`, built from `passages`, and `titles`, built from the products' titles.
    ///
    /// # Errors
    /// Where the passages' words cannot be indexed.
    pub(crate) fn new(
        embedder: Embedder,
        corpus: Arc<Corpus>,
        passages: Vec<Passage>,
        index: Index,
        titles: Index,
    ) -> Result<Self, TantivyError> {
        let shelves = Arc::new(Shelves::new(
            corpus,
            passages,
            index,
            titles,
            embedder.words().clone(),
        )?);
        Ok(Self {
            embedder,
            shelves,
            wrong: Arc::default(),
        })
    }

    /// The best evidence for what was asked, and the products that it is of.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many questions wait to be embedded.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn retrieve(&self, asked: &Asked, filters: &Filters) -> Result<Grounds, EmbeddingError> {
        self.seek(asked, filters, Shelves::search).await
    }

    /// What [`Retriever::retrieve`] would find if nothing were refused and nothing left out for being too far from the
    /// question: what the floor is measured against.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub(crate) async fn retrieve_without_floor(
        &self,
        asked: &Asked,
        filters: &Filters,
    ) -> Result<Vec<Evidence>, EmbeddingError> {
        self.seek(asked, filters, Shelves::search_without_floor).await
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
        self.seek(asked, filters, Shelves::recommend).await
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
        self.shelves.similarity(vector, passage)
    }

    /// What the reviews speak of.
    pub(crate) fn aspects(&self) -> &Aspects {
        &self.shelves.aspects
    }

    /// What questions are read with.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.shelves.vocabulary
    }

    /// Parses and embeds the question, then runs `search` on a blocking thread.
    async fn seek<T: Send + 'static>(
        &self,
        asked: &Asked,
        filters: &Filters,
        search: fn(&Shelves, &Sought<'_>, &Filters) -> T,
    ) -> Result<T, EmbeddingError> {
        let started = Instant::now();
        let (shelves, asked) = (self.shelves.clone(), asked.clone());
        let reading = compute(move || shelves.vocabulary.read(&asked.whole, &asked.last)).await?;
        let texts = vec![reading.question.clone(), reading.aspect.clone()];
        let vectors = self.embedder.embed(texts).await?;
        let wrong = match reading.intent {
            Intent::Complaints => {
                let embed = async || self.embed(reading::WRONG).await;
                Some(self.wrong.get_or_try_init(embed).await?.clone())
            }
            _ => None,
        };
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["embed"], started.elapsed().as_secs_f64());

        let (shelves, filters) = (self.shelves.clone(), filters.clone());
        compute(move || {
            let sought = Sought {
                reading,
                question: &vectors[0],
                aspect: &vectors[1],
                wrong: wrong.as_deref(),
            };
            search(&shelves, &sought, &filters)
        })
        .await
    }
}

/// Runs `work` on one of tokio's blocking threads.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EmbeddingError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EmbeddingError::Stopped)
}
