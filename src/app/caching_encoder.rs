//! Texts in; one vector for each different text out. Vectors that are on disk already are not computed again.
//!
//! Texts are embedded in pieces, and each piece is on disk before the next begins: after a kill, the next start
//! continues from there. Runs on the thread that loads.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use super::{Phase, Report};
use crate::embedding::{self, CacheError, EmbeddingError, Encoder, VectorCache};
use crate::index::Vectors;

/// Texts between two writes: a kill costs at most about a second of work.
const PIECE: usize = 128;

/// The vectors of texts, of which some may be equal.
pub(crate) struct UniqueVectors {
    /// One vector for each different text, in the order of their first occurrence.
    pub vectors: Vectors,
    /// For each text, the row of its vector.
    pub rows: Vec<u32>,
    /// How many vectors were not on disk.
    pub new: usize,
}

/// What computes vectors: the encoder itself, or the thread that owns it.
pub(super) type Encode<'a> = &'a mut dyn FnMut(&[&str]) -> Result<Vec<Vec<f32>>, EmbeddingError>;

/// What is called with the number of a text and its vector.
type Visit<'a> = &'a mut dyn FnMut(usize, &[f32]);

/// An encoder, and the folder that keeps its vectors.
pub(crate) struct CachingEncoder<'a> {
    /// Computes the vectors.
    pub encode: Encode<'a>,
    /// Numbers in a vector.
    pub dimension: usize,
    /// The folder that keeps vectors, and the [fingerprint](embedding::fingerprint()) of the model; `None` keeps
    /// nothing.
    pub kept: Option<(&'a Path, &'a str)>,
}

/// Embeds `texts` on the calling thread, with a progress bar and without the disk; one vector for each text.
///
/// # Errors
/// See [`EmbeddingError`].
pub(crate) fn embed(encoder: &Encoder, texts: &[&str]) -> Result<Vectors, EmbeddingError> {
    let mut embedding = CachingEncoder {
        encode: &mut |texts| encoder.encode_passages(texts, &mut |_| {}),
        dimension: encoder.dimension(),
        kept: None,
    };
    let UniqueVectors { vectors, rows, .. } = embedding.embed(texts, &|_| {})?;
    let of_text = rows.iter().map(|&row| vectors.row(row as usize).to_vec());
    Ok(Vectors::from_rows(encoder.dimension(), of_text))
}

impl CachingEncoder<'_> {
    /// The vectors of `texts`, with a progress bar for those that are new.
    ///
    /// # Errors
    /// See [`EmbeddingError`]. If the disk cannot be read or written, this is logged and is no error.
    pub(crate) fn embed(
        &mut self,
        texts: &[&str],
        report: Report<'_>,
    ) -> Result<UniqueVectors, EmbeddingError> {
        let (different, positions) = embedding::distinct(texts);
        let mut vectors = Vectors::zeros(self.dimension, different.len());
        let new = self.each_different(&different, report, &mut |row, vector| {
            vectors.row_mut(row).copy_from_slice(vector);
        })?;
        Ok(UniqueVectors {
            vectors,
            rows: positions.into_iter().map(|row| row as u32).collect(),
            new,
        })
    }

    /// Calls `visit` with the position of each of `texts` and its vector, in any order, without keeping the vectors in
    /// memory; the number of texts that were new.
    ///
    /// # Errors
    /// As [`CachingEncoder::embed`].
    pub(crate) fn each(
        &mut self,
        texts: &[&str],
        report: Report<'_>,
        visit: Visit<'_>,
    ) -> Result<usize, EmbeddingError> {
        let (different, rows) = embedding::distinct(texts);
        let mut places: Vec<(usize, usize)> = rows.into_iter().zip(0..).collect();
        places.sort_unstable();
        self.each_different(&different, report, &mut |row, vector| {
            let of_row = &places[places.partition_point(|(other, _)| *other < row)..];
            let of_row = of_row.iter().take_while(|(other, _)| *other == row);
            of_row.for_each(|&(_, position)| visit(position, vector));
        })
    }

    fn each_different(
        &mut self,
        different: &[&str],
        report: Report<'_>,
        visit: Visit<'_>,
    ) -> Result<usize, EmbeddingError> {
        let mut cache = self.cache();
        let mut missing = visit_known(&mut cache, different, visit);
        let new = missing.len();
        if new > 0 {
            let started = Instant::now();
            // Texts of similar length are embedded together.
            missing.sort_by_key(|&row| different[row].len());
            self.complete(&mut cache, different, &missing, visit, report)?;
            tracing::info!(
                texts = different.len(),
                new,
                seconds = started.elapsed().as_secs_f64(),
                "Embedded the texts that were not on disk."
            );
        }
        Ok(new)
    }

    /// The cache on disk, if it can be used. It is open only while texts are embedded.
    fn cache(&self) -> Option<VectorCache> {
        let (dir, model) = self.kept?;
        VectorCache::open(dir, model, self.dimension)
            .inspect_err(warn)
            .ok()
    }

    fn complete(
        &mut self,
        cache: &mut Option<VectorCache>,
        texts: &[&str],
        missing: &[usize],
        visit: Visit<'_>,
        report: Report<'_>,
    ) -> Result<(), EmbeddingError> {
        let style = indicatif::ProgressStyle::with_template("embedding {bar:40} {pos}/{len} {eta} left")
            .expect("a valid template");
        let bar = indicatif::ProgressBar::new(texts.len() as u64).with_style(style);
        let mut done = texts.len() - missing.len();
        let show = |done: usize| {
            bar.set_position(done as u64);
            report(Phase::Embedding {
                done,
                total: texts.len(),
            });
        };
        show(done);
        for piece in missing.chunks(PIECE) {
            let of_piece: Vec<&str> = piece.iter().map(|&row| texts[row]).collect();
            let made = (self.encode)(&of_piece)?;
            for (&row, vector) in piece.iter().zip(&made) {
                visit(row, vector);
            }
            store(cache, &of_piece, &made);
            done += piece.len();
            show(done);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Visits the vectors that are on disk; returns the rows of the other texts.
fn visit_known(cache: &mut Option<VectorCache>, texts: &[&str], visit: Visit<'_>) -> Vec<usize> {
    let mut known = vec![false; texts.len()];
    if let Some(open) = cache {
        let rows: HashMap<_, _> = texts.iter().map(|text| embedding::key(text)).zip(0..).collect();
        let fill = |key, vector: &[f32]| {
            if let Some(&row) = rows.get(&key)
                && !std::mem::replace(&mut known[row], true)
            {
                visit(row, vector);
            }
        };
        if let Err(error) = open.read(fill) {
            warn(&error);
            *cache = None;
        }
    }
    (0..texts.len()).filter(|&row| !known[row]).collect()
}

fn store(cache: &mut Option<VectorCache>, texts: &[&str], vectors: &[Vec<f32>]) {
    let keys = texts.iter().map(|text| embedding::key(text));
    let records = keys.zip(vectors.iter().map(Vec::as_slice));
    if let Some(Err(error)) = cache.as_mut().map(|cache| cache.append(records)) {
        warn(&error);
        *cache = None;
    }
}

fn warn(error: &CacheError) {
    tracing::warn!(%error, "Vectors are not stored on disk.");
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A text's length and its first byte.
    fn vector(text: &str) -> Vec<f32> {
        vec![text.len() as f32, f32::from(text.as_bytes()[0])]
    }

    fn texts(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("{number} good reasons")).collect()
    }

    /// Embeds this many pieces, and then fails like a kill.
    fn run(
        dir: &Path,
        texts: &[String],
        pieces: usize,
    ) -> (Result<UniqueVectors, EmbeddingError>, usize, Vec<Phase>) {
        let (mut asked, mut left) = (0, pieces);
        let phases = RefCell::new(Vec::new());
        let mut encode = |texts: &[&str]| {
            left = left.checked_sub(1).ok_or(EmbeddingError::Stopped)?;
            asked += texts.len();
            Ok(texts.iter().map(|text| vector(text)).collect())
        };
        let mut embedding = CachingEncoder {
            encode: &mut encode,
            dimension: 2,
            kept: Some((dir, "a model")),
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let embedded = embedding.embed(&texts, &|phase| phases.borrow_mut().push(phase));
        (embedded, asked, phases.into_inner())
    }

    #[test]
    fn pieces_from_before_a_kill_are_not_embedded_again() {
        let dir = tempfile::tempdir().unwrap();
        let texts = texts(0..300);
        let (killed, asked, phases) = run(dir.path(), &texts, 1);
        assert!(killed.is_err());
        assert_eq!(asked, PIECE);
        let seen = |done| Phase::Embedding { done, total: 300 };
        assert_eq!(phases, [seen(0), seen(PIECE)]);

        let (embedded, asked, phases) = run(dir.path(), &texts, 9);
        let embedded = embedded.unwrap();
        assert_eq!((asked, embedded.new), (300 - PIECE, 300 - PIECE));
        assert_eq!(phases, [seen(PIECE), seen(2 * PIECE), seen(300)]);
        for (row, text) in texts.iter().enumerate() {
            assert_eq!(embedded.vectors.row(embedded.rows[row] as usize), vector(text));
        }
        let (embedded, asked, phases) = run(dir.path(), &texts, 0);
        assert!((asked, phases.len(), embedded.unwrap().new) == (0, 0, 0));
    }

    #[test]
    fn after_a_change_only_new_texts_are_embedded_and_equal_ones_once() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), &texts(0..100), 9).0.unwrap();
        let changed = [texts(50..110), texts(40..60)].concat();
        let (embedded, asked, _) = run(dir.path(), &changed, 9);
        let embedded = embedded.unwrap();
        assert_eq!((asked, embedded.new, embedded.vectors.len()), (10, 10, 70));
        assert_eq!(embedded.rows[..60], (0..60).collect::<Vec<_>>());
        // The texts 40 to 49 come last; 50 to 59 were the first.
        assert_eq!(
            embedded.rows[60..],
            [(60..70).collect::<Vec<_>>(), (0..10).collect()].concat()
        );
    }

    #[test]
    fn texts_are_embedded_without_a_usable_disk_too() {
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        std::fs::write(&blocked, "in the way").unwrap();
        for _ in 0..2 {
            assert_eq!(run(&blocked, &texts(0..10), 9).0.unwrap().new, 10);
        }
    }
}
