//! Stage 2: text in, unit vectors out.
//!
//! [`Encoder`] does the arithmetic, on whatever thread calls it: the start-up's, when reviews are embedded, and the
//! `embedder` thread's, when questions are. [`Embedder`] is the cloneable handle to that thread; its channel is
//! bounded, so a burst of questions is refused at once and never makes the wait longer. What can fail: see
//! [`EmbeddingError`].

mod batch;
mod encoder;
#[cfg(test)]
pub(crate) mod testing;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::weights::WeightsError;
pub use encoder::Encoder;
use worker::Job;

/// The handle to the thread that embeds questions.
#[derive(Debug, Clone)]
pub struct Embedder {
    jobs: mpsc::Sender<Job>,
}

impl Embedder {
    /// Starts the thread. At most `waiting` calls wait for it; the thread ends when the last handle is dropped.
    pub fn spawn(encoder: Encoder, waiting: usize) -> Self {
        let (jobs, inbox) = mpsc::channel(waiting.max(1));
        std::thread::Builder::new()
            .name("embedder".into())
            .spawn(move || worker::run(&encoder, inbox))
            .expect("the operating system grants the server its few threads");
        Self { jobs }
    }

    /// The texts' unit vectors, in the order of the texts. Dropping the future withdraws the texts, as long as the
    /// thread has not begun with them.
    ///
    /// # Errors
    /// [`EmbeddingError::Overloaded`], at once, when too many calls wait already.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.submit(texts)?.await.map_err(|_| EmbeddingError::Stopped)?
    }

    fn submit(&self, texts: Vec<String>) -> Result<worker::Answer, EmbeddingError> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send(Job { texts, reply })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => EmbeddingError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => EmbeddingError::Stopped,
            })?;
        Ok(answer)
    }
}

/// Why a model could not be loaded, or texts not be embedded. Cloneable, because one failed batch answers several
/// calls.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbeddingError {
    /// A file of the model cannot be read.
    #[error("the embedding model's file {} cannot be read: {source}; run `make models`, or name a complete folder", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<std::io::Error>,
    },
    /// `config.json` is not one of a BERT model.
    #[error("{} does not describe a BERT model: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and why the parser stopped.
        source: Arc<serde_json::Error>,
    },
    /// The folder's files contradict each other.
    #[error("the embedding model in {} contradicts itself: {what}", dir.display())]
    Mismatch {
        /// The model's folder.
        dir: PathBuf,
        /// Which files, and how.
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
        /// What candle said.
        source: Arc<candle_core::Error>,
    },
    /// The tokenizer refused a text.
    #[error("a text cannot be tokenised: {0}")]
    Tokenize(String),
    /// The forward pass failed, for want of memory as a rule.
    #[error("embedding failed: {0}")]
    Compute(#[from] Arc<candle_core::Error>),
    /// The forward pass gave infinities or zeros, as damaged weights do.
    #[error(
        "the embedding model gives vectors without a direction; its weights are damaged, so fetch them again"
    )]
    NotAVector,
    /// Too many calls are waiting.
    #[error("too many questions are waiting to be embedded; try again in a moment")]
    Overloaded,
    /// The thread is gone.
    #[error(
        "the embedding thread has stopped; its last words are in the log, and the server must be restarted"
    )]
    Stopped,
}

impl From<candle_core::Error> for EmbeddingError {
    fn from(error: candle_core::Error) -> Self {
        Self::Compute(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_a_thread(waiting: usize) -> (Embedder, mpsc::Receiver<Job>) {
        let (jobs, inbox) = mpsc::channel(waiting);
        (Embedder { jobs }, inbox)
    }

    #[test]
    fn a_full_channel_refuses_at_once() {
        let (embedder, _inbox) = without_a_thread(1);
        let first = embedder.submit(vec!["waits".into()]);
        assert!(first.is_ok());
        assert!(matches!(
            embedder.submit(vec!["one too many".into()]),
            Err(EmbeddingError::Overloaded)
        ));
    }

    #[tokio::test]
    async fn a_thread_that_is_gone_is_said_so() {
        let (embedder, inbox) = without_a_thread(1);
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
