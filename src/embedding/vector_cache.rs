//! Vectors of texts on disk, so that no text is embedded twice: not after a kill in the middle of embedding, not when a
//! shop's file changes, not when a snapshot is stale.
//!
//! One file per model, `vectors-….cache`: a header line that identifies the model, then records of equal size, each
//! with a text's key, its vector and a checksum. Records are only appended. A record that was cut off or changed counts
//! as absent, and its text is embedded again. Nothing is ever removed: delete the file to remove old texts. Runs on the
//! thread that loads; one process writes at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::digest::sha256;

/// The key of a text: the first half of its SHA-256.
pub(crate) type Key = [u8; 16];

/// The key of a text.
pub(crate) fn key(text: &str) -> Key {
    beginning(&sha256(text))
}

/// Bytes of a record's checksum: the first bytes of the SHA-256 of the record's other bytes.
const CHECKSUM: usize = 8;

/// An open cache, which no other process writes to.
#[derive(Debug)]
pub(crate) struct VectorCache {
    file: File,
    path: PathBuf,
    /// Where the records begin.
    start: u64,
    dimension: usize,
}

/// Why a cache cannot be used; embedding continues without it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// Another process uses it.
    #[error("another process is writing {}, so the vectors computed now are not stored there", .0.display())]
    Busy(PathBuf),
    /// The file system reports an error.
    #[error(
        "{} cannot be used: {source}; make the folder writable and large enough, or texts are embedded again and again",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl VectorCache {
    /// Opens the cache of the model with this [fingerprint](super::fingerprint()) in a folder, or creates one. A
    /// half-written record at the end is cut off.
    ///
    /// # Errors
    /// See [`CacheError`].
    pub(crate) fn open(dir: &Path, model: &str, dimension: usize) -> Result<Self, CacheError> {
        let path = dir.join(format!("vectors-{}.cache", model.get(..16).unwrap_or(model)));
        let failed = |source| CacheError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CacheError::Busy(path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let header = format!("vectors 1 {model} {dimension}\n");
        let mut cache = Self {
            file,
            start: header.len() as u64,
            dimension,
            path: path.clone(),
        };
        cache.begin(header.as_bytes()).map_err(failed)?;
        Ok(cache)
    }

    /// Makes sure that the file has this header and only whole records; a file with another header is emptied.
    fn begin(&mut self, header: &[u8]) -> io::Result<()> {
        let mut found = Vec::new();
        Read::by_ref(&mut self.file)
            .take(self.start)
            .read_to_end(&mut found)?;
        if found != header {
            self.file.set_len(0)?;
            self.file.rewind()?;
            return self.file.write_all(header);
        }
        let records = self.file.metadata()?.len() - self.start;
        let size = self.record() as u64;
        self.file.set_len(self.start + records / size * size)
    }

    fn record(&self) -> usize {
        size_of::<Key>() + self.dimension * 4 + CHECKSUM
    }

    /// Calls `each` with every key and vector, in any order.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub(crate) fn read(&mut self, mut each: impl FnMut(Key, &[f32])) -> Result<(), CacheError> {
        self.records(&mut each).map_err(|source| self.failed(source))
    }

    fn records(&self, each: &mut dyn FnMut(Key, &[f32])) -> io::Result<()> {
        let mut file = BufReader::with_capacity(1 << 18, &self.file);
        file.seek(SeekFrom::Start(self.start))?;
        let (mut record, mut vector) = (vec![0; self.record()], vec![0.0; self.dimension]);
        loop {
            match file.read_exact(&mut record) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
            let (content, sum) = record.split_at(record.len() - CHECKSUM);
            if checksum(content) != sum {
                continue;
            }
            let (key, values) = content.split_at(size_of::<Key>());
            for (value, bytes) in vector.iter_mut().zip(values.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            each(beginning(key), &vector);
        }
    }

    /// Appends vectors. They survive a kill of this process at once, and a power cut after some seconds.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    ///
    /// # Panics
    /// If a vector has another dimension than the cache.
    pub(crate) fn append<'a>(
        &mut self,
        vectors: impl IntoIterator<Item = (Key, &'a [f32])>,
    ) -> Result<(), CacheError> {
        let mut bytes = Vec::new();
        for (key, vector) in vectors {
            assert_eq!(vector.len(), self.dimension, "all vectors come from one model");
            let start = bytes.len();
            bytes.extend(key);
            vector.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
            let sum = checksum(&bytes[start..]);
            bytes.extend(sum);
        }
        let written = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(&bytes));
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> CacheError {
        CacheError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    beginning(&sha256(content))
}

fn beginning<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|byte| bytes[byte])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const VECTORS: [[f32; 2]; 3] = [[1.0, 0.0], [0.6, 0.8], [f32::MIN_POSITIVE, -1.0]];

    fn content(cache: &mut VectorCache) -> BTreeMap<Key, Vec<f32>> {
        let mut content = BTreeMap::new();
        cache
            .read(|key, vector| {
                content.insert(key, vector.to_vec());
            })
            .unwrap();
        content
    }

    fn open(dir: &Path) -> VectorCache {
        VectorCache::open(dir, "0123456789abcdef-and-more", 2).unwrap()
    }

    fn filled(dir: &Path) -> PathBuf {
        let mut cache = open(dir);
        let texts = ["good", "bad", "loud"];
        let vectors = texts.iter().zip(&VECTORS);
        cache
            .append(vectors.map(|(text, vector)| (key(text), &vector[..])))
            .unwrap();
        cache.path.clone()
    }

    #[test]
    fn a_cache_that_is_opened_again_has_its_records_and_takes_more() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        let mut cache = open(dir.path());
        assert_eq!(content(&mut cache)[&key("bad")], VECTORS[1]);
        cache.append([(key("late"), &[0.0, 1.0][..])]).unwrap();
        assert_eq!(content(&mut cache).len(), 4);
        drop(cache);
        assert_eq!(content(&mut open(dir.path())).len(), 4);
    }

    #[test]
    fn a_record_that_is_cut_off_or_changed_is_absent_and_the_others_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = filled(dir.path());
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..=32 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut cache = open(dir.path());
            assert_eq!(content(&mut cache).len(), 2, "{cut} bytes are missing");
            // The next record is at the right place.
            cache.append([(key("loud"), &VECTORS[2][..])]).unwrap();
            drop(cache);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        for changed in whole.len() - 64..whole.len() - 32 {
            let mut bytes = whole.clone();
            bytes[changed] ^= 0x10;
            std::fs::write(&path, bytes).unwrap();
            let content = content(&mut open(dir.path()));
            assert_eq!(content.len(), 2);
            assert_eq!(content[&key("loud")], VECTORS[2]);
        }
    }

    #[test]
    fn each_model_has_a_file_and_a_strange_file_is_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = filled(dir.path());
        assert!(content(&mut VectorCache::open(dir.path(), "another", 2).unwrap()).is_empty());
        // The beginning of the name is the same; the header is not.
        let mut other = VectorCache::open(dir.path(), "0123456789abcdef-or-else", 2).unwrap();
        assert!(content(&mut other).is_empty());
        drop(other);
        for strange in ["", "vectors 1 01", &"longer than any header ".repeat(9)] {
            std::fs::write(&path, strange).unwrap();
            assert!(content(&mut open(dir.path())).is_empty(), "{strange}");
            filled(dir.path());
            assert_eq!(content(&mut open(dir.path())).len(), 3, "{strange}");
        }
    }

    #[test]
    fn one_writer_at_a_time_and_a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let _first = open(dir.path());
        let second = VectorCache::open(dir.path(), "0123456789abcdef-and-more", 2);
        assert!(matches!(second, Err(CacheError::Busy(_))));
        let blocked = dir.path().join("file");
        std::fs::write(&blocked, "in the way").unwrap();
        let error = VectorCache::open(&blocked, "m", 2).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
