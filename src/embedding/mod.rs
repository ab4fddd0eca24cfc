//! Text in, unit vectors out.
//!
//! [`Encoder`] does the arithmetic on the thread that calls it: the start-up thread embeds the reviews, the `embedder`
//! thread the questions. `bert/` computes with our kernels, `candle_bert` with candle. [`Embedder`] is the cloneable
//! handle to the `embedder` thread. The number of waiting calls is bounded, so a burst of questions is refused at once
//! and never makes the wait longer. [`VectorCache`] keeps vectors on disk. Errors: see [`EmbeddingError`] and
//! [`CacheError`].

mod bert;
mod candle_bert;
mod embedding_worker;
mod encoder;
mod model_fingerprint;
mod precision;
mod safetensors_file;
#[cfg(test)]
pub(crate) mod testing;
mod token_batches;
mod token_counter;
mod vector_cache;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::weights::WeightsError;
use embedding_worker::EmbeddingJob;
pub(crate) use encoder::Encoder;
pub(crate) use model_fingerprint::fingerprint;
pub(crate) use precision::Precision;
pub(crate) use token_batches::distinct;
pub(crate) use token_counter::TokenCounter;
pub(crate) use vector_cache::{CacheError, VectorCache, key};

/// Questions that may wait or be in progress at a time: some tens of milliseconds of work, so that a user still gets
/// quotes when the chat model is busy.
const QUESTIONS: usize = 64;
/// Room in the channel beside all calls that have a place, for callers of [`Embedder::embed_passages`], which have
/// none.
const PASSAGES: usize = 2;

/// The handle to the thread that embeds questions. A call of at most four texts is a question: it goes before calls of
/// more texts, which are bulk.
#[derive(Debug, Clone)]
pub(crate) struct Embedder {
    jobs: mpsc::Sender<EmbeddingJob>,
    /// Places for questions that wait or are in progress.
    places: Arc<Semaphore>,
    /// Places for bulk calls that wait or are in progress.
    bulk_places: Arc<Semaphore>,
    words: Arc<HashSet<String>>,
}

impl Embedder {
    /// Starts the thread. At most `waiting + 1` bulk calls wait or are in progress. The thread ends when the last
    /// handle is dropped.
    pub(crate) fn spawn(encoder: Encoder, waiting: usize) -> Self {
        let (embedder, inbox) = Self::new(waiting, encoder.words());
        std::thread::Builder::new()
            .name("embedder".into())
            .spawn(move || embedding_worker::run(&encoder, inbox))
            .expect("the operating system grants the server its few threads");
        embedder
    }

    fn new(waiting: usize, words: HashSet<String>) -> (Self, mpsc::Receiver<EmbeddingJob>) {
        // Room for every call with a place, and for a few blocking calls. The places are counted separately, because a
        // job keeps its place after the thread has taken it from the channel, until it is answered.
        let (jobs, inbox) = mpsc::channel(QUESTIONS + waiting + 1 + PASSAGES);
        let embedder = Self {
            jobs,
            places: Arc::new(Semaphore::new(QUESTIONS)),
            bulk_places: Arc::new(Semaphore::new(waiting + 1)),
            words: Arc::new(words),
        };
        (embedder, inbox)
    }

    /// The model's [words](Encoder::words).
    pub(crate) fn words(&self) -> &Arc<HashSet<String>> {
        &self.words
    }

    /// The unit vectors of `texts`, in their order. Dropping the future withdraws texts that the thread has not begun.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many calls wait already.
    pub(crate) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.submit(texts)?.await.map_err(|_| EmbeddingError::Stopped)?
    }

    /// The unit vectors of passages, computed between questions. Blocks the calling thread until there is room in the
    /// channel, and then until the vectors are there. Up to [`PASSAGES`] such calls at a time take no room from
    /// questions.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub(crate) fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.embed_blocking(texts, true)
    }

    /// [`Embedder::embed_passages`] for questions that no user waits for.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub(crate) fn embed_questions(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.embed_blocking(texts, false)
    }

    fn embed_blocking(&self, texts: &[&str], passages: bool) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let texts = texts.iter().map(|text| text.to_string()).collect();
        let (job, answer) = EmbeddingJob::new(texts, None, passages);
        self.jobs
            .blocking_send(job)
            .map_err(|_| EmbeddingError::Stopped)?;
        answer.blocking_recv().map_err(|_| EmbeddingError::Stopped)?
    }

    fn submit(&self, texts: Vec<String>) -> Result<embedding_worker::VectorReply, EmbeddingError> {
        let places = match embedding_worker::is_query(&texts) {
            true => &self.places,
            false => &self.bulk_places,
        };
        let place = places.clone().try_acquire_owned();
        let place = Some(place.map_err(|_| EmbeddingError::Overloaded)?);
        let (job, answer) = EmbeddingJob::new(texts, place, false);
        self.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => EmbeddingError::Overloaded,
            TrySendError::Closed(_) => EmbeddingError::Stopped,
        })?;
        Ok(answer)
    }
}

/// Why a model could not be loaded, or texts could not be embedded. Cloneable, because one failed batch answers several
/// calls.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum EmbeddingError {
    /// A file of the model cannot be read.
    #[error(
        "the embedding model's file {} cannot be read: {source}; run `make models`, or name a complete folder",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: Arc<std::io::Error>,
    },
    /// `config.json` does not describe a BERT model.
    #[error("{} does not describe a BERT model: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The parser's error, with its position.
        source: Arc<serde_json::Error>,
    },
    /// The folder's files contradict each other.
    #[error("the embedding model in {} contradicts itself: {what}", dir.display())]
    Mismatch {
        /// The model's folder.
        dir: PathBuf,
        /// Which files contradict each other, and how.
        what: String,
    },
    /// `tokenizer.json` cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] Arc<WeightsError>),
    /// `model.safetensors` is damaged or lacks tensors that `config.json` promises.
    #[error("the weights {} do not fit their config.json or are damaged: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// candle's error.
        source: Arc<candle_core::Error>,
    },
    /// `model.safetensors` is damaged or contains something that our kernels cannot use.
    #[error("the weights {} cannot be used: {problem}; fetch the model again, or use another", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Which tensor, and what is wrong with it.
        problem: String,
    },
    /// The tokenizer refused a text.
    #[error("a text cannot be tokenised: {0}")]
    Tokenize(String),
    /// The forward pass failed, usually because memory ran out.
    #[error("embedding failed: {0}")]
    Compute(#[from] Arc<candle_core::Error>),
    /// The forward pass gave infinities or zeros; damaged weights do this.
    #[error(
        "the embedding model gives vectors without a direction; its weights are damaged, so fetch them again"
    )]
    NotAVector,
    /// Too many calls are waiting.
    #[error("too many questions are waiting to be embedded; try again in a moment")]
    Overloaded,
    /// The thread has ended.
    #[error("the embedding thread has stopped; the log says why, and the server must be restarted")]
    Stopped,
}

impl EmbeddingError {
    /// What an error of the operating system means for a file of the model.
    fn read(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Read {
            path: path.into(),
            source: Arc::new(source),
        }
    }

    fn tokenize(error: tokenizers::Error) -> Self {
        Self::Tokenize(error.to_string())
    }
}

impl From<candle_core::Error> for EmbeddingError {
    fn from(error: candle_core::Error) -> Self {
        Self::Compute(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_than_places_are_refused_at_once() {
        let (embedder, mut inbox) = Embedder::new(1, HashSet::new());
        let bulk = || embedder.submit(vec!["one of many".into(); 9]);
        let question = || embedder.submit(vec!["one".into()]);
        let calls = [bulk(), bulk()];
        assert!(calls.iter().all(Result::is_ok));
        assert!(matches!(bulk(), Err(EmbeddingError::Overloaded)));
        let questions: Vec<_> = (0..QUESTIONS).map(|_| question()).collect();
        assert!(
            questions.iter().all(Result::is_ok),
            "they have places of their own"
        );
        assert!(matches!(question(), Err(EmbeddingError::Overloaded)));
        assert_eq!(
            embedder.jobs.capacity(),
            PASSAGES,
            "passages find room beside them"
        );
        drop(inbox.try_recv().unwrap());
        assert!(bulk().is_ok(), "it has the first one's place");
    }

    #[test]
    fn a_full_queue_refuses_questions_and_makes_a_blocking_caller_wait() {
        let (embedder, mut inbox) = Embedder::new(0, HashSet::new());
        let send = |embedder: &Embedder| embedder.submit(vec!["one of many".into(); 9]).map(drop);
        let passages = || {
            let embedder = embedder.clone();
            std::thread::spawn(move || embedder.embed_passages(&["sound"]))
        };
        let blocked: Vec<_> = (0..QUESTIONS + 2 + PASSAGES).map(|_| passages()).collect();
        while embedder.jobs.capacity() > 0 {
            std::thread::yield_now();
        }
        assert!(matches!(send(&embedder), Err(EmbeddingError::Overloaded)));
        for _ in 0..blocked.len() {
            let job = inbox.blocking_recv().expect("each caller gets in");
            job.reply.send(Ok(vec![])).expect("each caller waits");
        }
        assert!(blocked.into_iter().all(|caller| caller.join().unwrap().is_ok()));
        assert!(send(&embedder).is_ok());
    }

    #[test]
    fn passages_and_questions_get_the_models_prefixes() {
        let dir = tempfile::tempdir().unwrap();
        let mut model = testing::write_tiny(dir.path());
        model.prefixes.passage = "good ".into();
        model.prefixes.query = "bad ".into();
        let load = || testing::load(&model, Precision::Int8, &testing::pool());
        let expected = load().encode(&["good sound", "bad sound"], &mut |_| {}).unwrap();
        let embedder = Embedder::spawn(load(), 1);
        assert_eq!(embedder.embed_passages(&["sound"]).unwrap(), expected[..1]);
        let answer = embedder.submit(vec!["sound".into()]).unwrap();
        assert_eq!(answer.blocking_recv().unwrap().unwrap(), expected[1..]);
    }

    #[tokio::test]
    async fn a_thread_that_has_ended_is_an_error() {
        let (embedder, inbox) = Embedder::new(1, HashSet::new());
        drop(inbox);
        assert!(matches!(
            embedder.embed(vec!["hello".into()]).await,
            Err(EmbeddingError::Stopped)
        ));
    }

    #[tokio::test]
    async fn the_thread_answers_in_the_order_of_the_texts() {
        let texts = ["The battery lasts two days.", "Broke after a week."]
            .map(String::from)
            .to_vec();
        let encoder = testing::minilm();
        let expected = encoder.encode(&["Broke after a week."], &mut |_| {}).unwrap();
        let vectors = Embedder::spawn(encoder, 4).embed(texts).await.unwrap();
        assert_eq!(vectors.len(), 2);
        testing::assert_near(&vectors[1], &expected[0], 1e-4);
    }
}
