//! Stage 4: a question in, ranked evidence out.
//!
//! [`Retriever::retrieve`] runs as a task: the question's vectors come from the embedder's thread, the search runs on
//! tokio's blocking threads. What a question is about is read in `reading`, with `spelling`'s help; `demands` says
//! which products pass the request's filters and the question's demands,
//! `figures` what can be told by counting; `shelves` finds candidates, by meaning and by word; `fuse` makes one order of several; `rank` decides what becomes evidence, and `products` which
//! products are recommended.

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
pub mod testing;

use std::sync::Arc;
use std::time::Instant;

use tantivy::TantivyError;

use crate::aspects::Aspects;
use crate::embedding::{Embedder, EmbeddingError};
use crate::index::Index;
use crate::metrics;
use crate::reviews::{Corpus, Passage};
pub use evidence::{Asked, Evidence, Filters, Found, Grounds, Scores, Understood, Unmet};
pub use figures::{Figured, Figures};
pub use products::{Basis, Recommended};
pub use reading::{Beyond, Constraints, Figure, Intent, Mention, Quantity, Span, Vocabulary, Wish};
use shelves::{Shelves, Sought};

/// Seconds after which retrieval has room again: a question's embedding takes a fraction of one.
pub const RETRY_SECONDS: u64 = 1;

/// Finds evidence. Cheap to clone.
#[derive(Clone)]
pub struct Retriever {
    embedder: Embedder,
    shelves: Arc<Shelves>,
}

impl Retriever {
    /// A retriever over `index`, built from `passages`, and `titles`, built from the products' titles.
    ///
    /// # Errors
    /// Where the passages' words cannot be indexed.
    pub fn new(
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
        Ok(Self { embedder, shelves })
    }

    /// The best evidence for what was asked, and the products that it is of.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many questions wait to be embedded.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn retrieve(&self, asked: &Asked, filters: &Filters) -> Result<Grounds, EmbeddingError> {
        self.seek(asked, filters, Shelves::search).await
    }

    /// What [`Retriever::retrieve`] would find if nothing were refused and nothing left out for being too far from the
    /// question: what the floor is measured against.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub async fn retrieve_without_floor(
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
    pub async fn recommend(
        &self,
        asked: &Asked,
        filters: &Filters,
    ) -> Result<Found<Recommended>, EmbeddingError> {
        self.seek(asked, filters, Shelves::recommend).await
    }

    /// The cosine similarity of a text to each piece of evidence.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub async fn likeness(&self, text: &str, evidence: &[Evidence]) -> Result<Vec<f32>, EmbeddingError> {
        let vectors = self.embedder.embed(vec![text.to_string()]).await?;
        let likeness = |evidence: &Evidence| self.shelves.likeness(&vectors[0], evidence);
        Ok(evidence.iter().map(likeness).collect())
    }

    /// What the reviews speak of.
    pub fn aspects(&self) -> &Aspects {
        &self.shelves.aspects
    }

    /// What questions are read with.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.shelves.vocabulary
    }

    /// Reads and embeds what is asked, then has `search` answer it on a blocking thread.
    async fn seek<T: Send + 'static>(
        &self,
        asked: &Asked,
        filters: &Filters,
        search: fn(&Shelves, &Sought<'_>, &Filters) -> T,
    ) -> Result<T, EmbeddingError> {
        let started = Instant::now();
        let reading = self.shelves.vocabulary.read(&asked.whole, &asked.last);
        let mut texts = vec![reading.question.clone(), reading.aspect.clone()];
        if reading.intent == Intent::Complaints {
            texts.push(reading::WRONG.to_string());
        }
        let vectors = self.embedder.embed(texts).await?;
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["embed"], started.elapsed().as_secs_f64());

        let (shelves, filters) = (self.shelves.clone(), filters.clone());
        let search = move || {
            let sought = Sought {
                reading,
                question: &vectors[0],
                aspect: &vectors[1],
                wrong: vectors.get(2).map(Vec::as_slice),
            };
            search(&shelves, &sought, &filters)
        };
        tokio::task::spawn_blocking(search)
            .await
            .map_err(|_| EmbeddingError::Stopped)
    }
}
