//! The reviews with their vectors: the reviews are read from their file, the vectors are read from the snapshot or
//! computed. Everything that needs no chat model, for a start and for a reload. Runs on the calling thread.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::caching_encoder::{CachingEncoder, UniqueVectors};
use super::{Report, saved_file};
use crate::config::Config;
use crate::embedding::{self, Embedder, EmbeddingError, Encoder};
use crate::index::{Fingerprint, Index, Postings, ReviewIndex, store, title_text};
use crate::language;
use crate::metrics;
use crate::opinions::{self, Opinions};
use crate::retrieval::{self, Recognition, Retriever, Thesaurus, Thresholds};
use crate::reviews::{self, Corpus, DropReason, Passage, Reading};
use crate::weights::EmbeddingModel;

/// The folders of the snapshots in the index folder: of the titles, …
const TITLES: &str = "titles";
/// … of the thesaurus' words, …
const WORDS: &str = "words";
/// … and of the passages.
const PASSAGES: &str = "passages";

/// The folder of the passages' snapshot.
pub(crate) fn passages_dir(config: &Config) -> PathBuf {
    config.index_dir.join(PASSAGES)
}

/// The reviews with their vectors.
pub(crate) struct Dataset {
    /// The reviews.
    pub corpus: Arc<Corpus>,
    /// What was understood of the files.
    pub reading: Arc<Reading>,
    /// Passages and titles, by vector and by word.
    pub index: ReviewIndex,
    /// Which words say nearly the same.
    thesaurus: Thesaurus,
    /// What the reviews speak of, and how.
    pub opinions: Opinions,
    /// What questions are recognised by, if it is on disk.
    recognition: Option<Recognition>,
    /// The fingerprint of everything that that is found from.
    of_recognition: Fingerprint,
    /// The fingerprint of everything that the passages' vectors were made from.
    pub fingerprint: Fingerprint,
    /// The number of texts that were not on disk and were embedded.
    pub embedded: usize,
}

/// Reviews without vectors.
pub(super) struct UnembeddedDataset {
    corpus: Corpus,
    reading: Reading,
    passages: Vec<Passage>,
    pub fingerprint: Fingerprint,
}

/// Loads the reviews and their vectors: from the snapshot, or by embedding them and saving a snapshot.
///
/// # Errors
/// A file cannot be used, or a text cannot be embedded.
pub(crate) fn load_dataset(
    config: &Config,
    model: &EmbeddingModel,
    encoder: &Encoder,
    report: Report<'_>,
) -> anyhow::Result<Dataset> {
    let model = embedding::fingerprint(model, encoder.precision())?;
    let reading = read(config, &model)?;
    let mut embedding = CachingEncoder {
        encode: &mut |texts| encoder.encode_passages(texts, &mut |_| {}),
        dimension: encoder.dimension(),
        kept: Some((config.index_dir.as_path(), model.as_str())),
    };
    embed_dataset(config, reading, &model, &encoder.words(), &mut embedding, report)
}

/// Reads the reviews and cuts them into passages. `model` is the embedding model's fingerprint.
pub(super) fn read(config: &Config, model: &str) -> anyhow::Result<UnembeddedDataset> {
    let (corpus, reading) = reviews::load(config.sources(), &config.reading)?;
    let passages = reviews::passages(&corpus);
    anyhow::ensure!(
        !passages.is_empty(),
        "None of the {} reviews is long enough to quote, so there would be nothing to answer from.",
        corpus.reviews.len()
    );
    Ok(UnembeddedDataset {
        fingerprint: Fingerprint::new(&corpus.fingerprint, &passages, model),
        corpus,
        reading,
        passages,
    })
}

/// Reads or computes the vectors of the reviews, and what is learned from them. `known` are the words that the
/// embedding model, which has the fingerprint `model`, knows.
pub(super) fn embed_dataset(
    config: &Config,
    reading: UnembeddedDataset,
    model: &str,
    known: &HashSet<String>,
    embedding: &mut CachingEncoder<'_>,
    report: Report<'_>,
) -> anyhow::Result<Dataset> {
    let started = Instant::now();
    let UnembeddedDataset {
        corpus,
        reading: understood,
        passages,
        fingerprint,
    } = reading;
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text(&corpus)).collect();
    let titles: Vec<String> = corpus.products.iter().map(title_text).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let said = Postings::of(texts.iter().copied());
    let in_titles = Postings::of(titles.iter().copied());
    let words = retrieval::thesaurus_words(&in_titles, &said);
    let examples: Vec<String> = retrieval::examples().map(|(_, text)| text).collect();
    let mut questions: Vec<&str> = retrieval::off_topic().collect();
    questions.extend(examples.iter().map(String::as_str));

    let mut embedded = 0;
    let mut index = |folder: &str, fingerprint: &Fingerprint, texts: &[&str]| {
        let (index, new) = index(
            &config.index_dir.join(folder),
            fingerprint,
            embedding,
            texts,
            report,
        )?;
        embedded += new;
        anyhow::Ok(index)
    };
    let of =
        |what: &str, texts: &[&str]| Fingerprint::new(&format!("{what}\n{}", texts.join("\n")), &[], model);
    let of_recognition = of(
        &format!("{fingerprint} {} {}", Thresholds::METHOD, language::file()),
        &questions,
    );
    let titles = index(TITLES, &of(TITLES, &titles), &titles)?;
    let word_texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let word_vectors = index(WORDS, &of(WORDS, &word_texts), &word_texts)?;
    let vectors = index(PASSAGES, &fingerprint, &texts)?;
    let of_opinions = of(
        &format!("{fingerprint} {} {}", Opinions::METHOD, language::file()),
        &[reviews::INCLUDED_TEXT],
    );
    let opinions = match saved_file::OPINIONS.load(&config.index_dir, &of_opinions) {
        Some(opinions) => opinions,
        None => {
            let source = opinions::Source {
                corpus: &corpus,
                passages: &passages,
                vector: &|passage| vectors.vector(passage),
                known,
                dimension: embedding.dimension,
            };
            let learning = Instant::now();
            let before = embedded;
            let opinions = Opinions::learn(&source, &mut |texts, visit| {
                embedded += embedding.each(texts, report, visit)?;
                anyhow::Ok(())
            })?;
            tracing::info!(
                texts = embedded - before,
                seconds = learning.elapsed().as_secs_f64(),
                "Learned what the reviews speak of."
            );
            saved_file::OPINIONS.save(&config.index_dir, &of_opinions, &opinions);
            opinions
        }
    };
    metrics::INDEX_BUILD_SECONDS.set(&[], started.elapsed().as_secs_f64());
    let corpus = Arc::new(corpus);
    Ok(Dataset {
        index: ReviewIndex::new(corpus.clone(), passages, vectors, titles, said, in_titles),
        corpus,
        reading: Arc::new(understood),
        thesaurus: Thesaurus::new(words, word_vectors),
        opinions,
        recognition: saved_file::RECOGNITION.load(&config.index_dir, &of_recognition),
        of_recognition,
        fingerprint,
        embedded,
    })
}

/// The index of `texts`, from its snapshot if that is valid; and the number of texts that were embedded.
fn index(
    dir: &Path,
    fingerprint: &Fingerprint,
    embedding: &mut CachingEncoder<'_>,
    texts: &[&str],
    report: Report<'_>,
) -> anyhow::Result<(Index, usize)> {
    match store::load(dir, fingerprint) {
        Ok(index) => {
            tracing::info!(vectors = index.len(), dir = %dir.display(), "The index was read from its snapshot.");
            return Ok((index, 0));
        }
        Err(store::Unusable::Absent { .. }) => {}
        Err(store::Unusable::Stale { .. }) => {
            tracing::info!(dir = %dir.display(), "The snapshot is of other reviews; the index is built again.")
        }
        Err(unusable) => {
            tracing::warn!(reason = %unusable, "The snapshot cannot be used; the index is built again.")
        }
    }
    let UniqueVectors { vectors, rows, new } = embedding.embed(texts, report)?;
    let index = Index::build_from_rows(vectors, rows);
    if let Err(error) = store::save(dir, fingerprint, &index) {
        tracing::warn!(%error, "The index could not be saved; it is only in memory.");
    }
    Ok((index, new))
}

impl Dataset {
    /// A retriever over the reviews. What it recognises questions by is found and written to `dir` if it was not there.
    ///
    /// # Errors
    /// The questions that it is found from cannot be embedded.
    pub(crate) fn into_retriever(self, embedder: Embedder, dir: &Path) -> Result<Retriever, EmbeddingError> {
        let asking = embedder.clone();
        let embed = |texts: &[&str]| asking.embed_questions(texts);
        let is_new = self.recognition.is_none();
        let retriever = Retriever::new(
            embedder,
            self.index,
            self.thesaurus,
            self.opinions,
            self.recognition,
            embed,
        )?;
        if is_new {
            saved_file::RECOGNITION.save(dir, &self.of_recognition, retriever.recognition());
        }
        Ok(retriever)
    }

    /// Sets the metrics of the index, which replaces the one with the fingerprint `before`.
    pub(super) fn announce(&self, before: Option<&str>) {
        if let Some(before) = before {
            metrics::INDEX_INFO.set(&[before], 0.0);
        }
        metrics::INDEX_INFO.set(&[self.fingerprint.as_str()], 1.0);
        metrics::INDEX_REVIEWS.set(&[], self.corpus.reviews.len() as f64);
        metrics::INDEX_PRODUCTS.set(&[], self.corpus.products.len() as f64);
        metrics::INDEX_PASSAGES.set(&[], self.index.passage_count() as f64);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        metrics::INDEX_BUILT_TIMESTAMP_SECONDS.set(&[], now);
        for reason in DropReason::ALL {
            metrics::INDEX_ROWS_DROPPED_TOTAL.add(&[reason.as_str()], 0);
        }
        for (reason, rows) in &self.corpus.dropped {
            metrics::INDEX_ROWS_DROPPED_TOTAL.add(&[reason.as_str()], *rows as u64);
        }
    }
}
