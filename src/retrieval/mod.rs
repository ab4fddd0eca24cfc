//! A question in, ranked evidence out.
//!
//! [`Retriever::retrieve`] runs as a task: the question's vectors come from the embedder's thread; parsing the question
//! and the search run on tokio's blocking threads. `searcher` scores products and then passages by `score`, with the
//! words that `thesaurus` adds; `product_filter` applies the request's filters and the question's demands; `refusal`
//! says when nothing here is about the question; `selection` chooses the evidence, `products` the products that are
//! recommended, and `figures` counts.

mod evidence;
mod example_questions;
mod figures;
mod product_filter;
mod products;
mod refusal;
mod score;
mod searcher;
mod selection;
#[cfg(test)]
pub(crate) mod testing;
mod thesaurus;

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::embedding::{Embedder, EmbeddingError};
use crate::index::ReviewIndex;
use crate::metrics;
use crate::opinions::Opinions;
use crate::query::{self, Turn, Vocabulary};
pub use evidence::Evidence;
pub(crate) use evidence::{About, Filters, Grounds, Scores, Unmet};
pub(crate) use example_questions::{ExampleQuestions, Want, examples};
pub(crate) use figures::{Figured, Figures};
pub(crate) use products::{Basis, Recommended};
pub(crate) use refusal::{Thresholds, off_topic};
pub(crate) use score::COVERAGE;
use searcher::{Searcher, Sought};
pub(crate) use thesaurus::{Thesaurus, words as thesaurus_words};

/// Seconds after which retrieval has room again: a question's embedding takes a fraction of one.
pub(crate) const RETRY_SECONDS: u64 = 1;

/// What questions are recognised by beside their words: learned from the reviews, and from examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recognition {
    /// When a question is about nothing here.
    pub thresholds: Thresholds,
    /// What questions are like that want something certain.
    pub examples: ExampleQuestions,
}

/// All that findings are made of, beside what was found.
#[derive(Clone, Copy)]
pub(crate) struct Shop<'a> {
    /// The reviews.
    pub index: &'a ReviewIndex,
    /// What they speak of, and how.
    pub opinions: &'a Opinions,
}

/// Finds evidence. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Retriever {
    embedder: Embedder,
    searcher: Arc<Searcher>,
}

impl Retriever {
    /// A retriever over `index` with these near words and opinions, that recognises questions by this; where it is not
    /// known yet, by the vectors that `embed` gives of [questions about other things](off_topic()) and of
    /// [examples](examples()), in this order.
    ///
    /// # Errors
    /// Those of `embed`.
    pub(crate) fn new(
        embedder: Embedder,
        index: ReviewIndex,
        thesaurus: Thesaurus,
        opinions: Opinions,
        recognition: Option<Recognition>,
        embed: impl FnOnce(&[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError>,
    ) -> Result<Self, EmbeddingError> {
        let mut searcher = Searcher::new(index, thesaurus, opinions, embedder.words().clone());
        searcher.recognition = match recognition {
            Some(recognition) => recognition,
            None => {
                let examples: Vec<String> = examples().map(|(_, text)| text).collect();
                let others: Vec<&str> = off_topic().collect();
                let mut texts = others.clone();
                texts.extend(examples.iter().map(String::as_str));
                let mut vectors = embed(&texts)?;
                let examples = ExampleQuestions::new(vectors.split_off(others.len()));
                Recognition {
                    thresholds: searcher.found_thresholds(vectors),
                    examples,
                }
            }
        };
        Ok(Self {
            embedder,
            searcher: Arc::new(searcher),
        })
    }

    /// What questions are recognised by.
    pub(crate) fn recognition(&self) -> &Recognition {
        &self.searcher.recognition
    }

    /// The best evidence for a conversation's last question, and the products that it is of.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many questions wait to be embedded.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn retrieve(
        &self,
        turns: &[Turn],
        filters: &Filters,
    ) -> Result<Grounds, EmbeddingError> {
        self.seek(turns, filters, Searcher::search).await
    }

    /// What [`Retriever::retrieve`] would find if no question were refused: what the thresholds are measured against.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub(crate) async fn retrieve_without_refusal(
        &self,
        turns: &[Turn],
        filters: &Filters,
    ) -> Result<Vec<Evidence>, EmbeddingError> {
        self.seek(turns, filters, Searcher::search_without_refusal).await
    }

    /// The products that fit what was asked last.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn recommend(
        &self,
        turns: &[Turn],
        filters: &Filters,
    ) -> Result<Vec<Recommended>, EmbeddingError> {
        self.seek(turns, filters, Searcher::recommend).await
    }

    /// The unit vector of a text, to be compared with passages.
    ///
    /// # Errors
    /// As [`Retriever::retrieve`].
    pub(crate) async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbeddingError> {
        let vectors = self.embedder.embed(vec![text.to_string()]).await?;
        Ok(vectors.into_iter().next().expect("one text has one vector"))
    }

    /// The unit vectors of some texts. Blocks the calling thread, for as long as it takes.
    ///
    /// # Errors
    /// The embedding model fails.
    pub(crate) fn embed_all(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.embedder.embed_questions(texts)
    }

    /// The cosine similarity of a vector to a passage, given by its position.
    pub(crate) fn similarity(&self, vector: &[f32], passage: usize) -> f32 {
        self.searcher.index.similarity(vector, passage)
    }

    /// The reviews, with what they speak of.
    pub(crate) fn shop(&self) -> Shop<'_> {
        Shop {
            index: &self.searcher.index,
            opinions: &self.searcher.opinions,
        }
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
        turns: &[Turn],
        filters: &Filters,
        search: fn(&Searcher, &Sought, &Filters) -> T,
    ) -> Result<T, EmbeddingError> {
        let started = Instant::now();
        let (searcher, turns) = (self.searcher.clone(), turns.to_vec());
        let parsed = compute(move || query::read(&turns, &searcher.vocabulary)).await?;
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
