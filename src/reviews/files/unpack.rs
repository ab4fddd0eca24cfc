//! A file in, its unpacked bytes out, whatever its name says: gzip, Zstandard and ZIP are told by their first bytes.
//!
//! What comes out is bounded twice: by a multiple of what went in, so that a small file cannot fill the memory, and by
//! a total. A cut or damaged file is an error.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::reviews::LoadError;

/// Unpacked bytes for each packed one: reviews shrink to a tenth, and the most uniform table to a hundredth.
pub(in crate::reviews) const MOST_RATIO: u64 = 200;
/// What may be unpacked whatever the ratio.
pub(in crate::reviews) const LEAST_LIMIT: u64 = 16 << 20;
/// First bytes that tell a format.
const HEAD: usize = 8;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reviews) enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
}

impl Packing {
    /// Its name in a report.
    pub(in crate::reviews) const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Zip => Some("zip"),
        }
    }
}

/// A file's content.
pub(in crate::reviews) struct Unpacked {
    /// How it was packed.
    pub packing: Packing,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// The bytes, from the first; reading beyond the bounds is an error.
    pub bytes: Box<dyn Read>,
}

/// Opens a file. A workbook, which is a ZIP too, is not unpacked.
///
/// # Errors
/// The file cannot be read, or an archive has more than one table.
pub(in crate::reviews) fn open(path: &Path, most: u64) -> Result<Unpacked, LoadError> {
    let unreadable = |cause| LoadError::Read {
        path: path.into(),
        cause,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let packed = file.metadata().map_err(unreadable)?.len();
    let limit = most.min(LEAST_LIMIT.max(packed.saturating_mul(MOST_RATIO)));
    let head = head(&mut file).map_err(unreadable)?;
    let (packing, bytes): (_, Box<dyn Read>) = match &head[..] {
        [0x1f, 0x8b, ..] => (Packing::Gzip, Box::new(MultiGzDecoder::new(BufReader::new(file)))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (
            Packing::Zstd,
            Box::new(zstd::Decoder::new(file).map_err(unreadable)?),
        ),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => match in_archive(path, file, limit)? {
            Some(bytes) => (Packing::Zip, bytes),
            None => (Packing::Plain, Box::new(File::open(path).map_err(unreadable)?)),
        },
        _ => (Packing::Plain, Box::new(file)),
    };
    let limit = if packing == Packing::Plain { most } else { limit };
    let mut bytes: Box<dyn Read> = Box::new(Bounded {
        inner: bytes,
        left: limit,
        limit,
        most,
    });
    if packing == Packing::Plain {
        return Ok(Unpacked { packing, head, bytes });
    }
    let head = read_head(&mut bytes).map_err(unreadable)?;
    Ok(Unpacked {
        packing,
        bytes: Box::new(io::Cursor::new(head.clone()).chain(bytes)),
        head,
    })
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let head = read_head(file)?;
    file.rewind()?;
    Ok(head)
}

fn read_head(bytes: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    bytes.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The only table of an archive; `None` if the archive is a workbook.
fn in_archive(path: &Path, file: File, limit: u64) -> Result<Option<Box<dyn Read>>, LoadError> {
    let broken = |cause: zip::result::ZipError| LoadError::Read {
        path: path.into(),
        cause: io::Error::other(cause),
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    // A name in an unknown encoding is nobody's table.
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let is_workbook = names
        .iter()
        .any(|name| name == "[Content_Types].xml" || name == "mimetype");
    if is_workbook {
        return Ok(None);
    }
    let is_file = |name: &&String| !name.ends_with('/') && !name.starts_with("__MACOSX");
    let is_text = |name: &&String| name.to_ascii_lowercase().ends_with(".txt");
    let mut tables: Vec<&String> = names
        .iter()
        .filter(is_file)
        .filter(|name| super::is_table(Path::new(name)))
        .collect();
    if tables.is_empty() {
        tables = names.iter().filter(is_file).filter(is_text).collect();
    }
    match &tables[..] {
        [only] => {
            // The archive's reader of one part borrows the archive, so the part is read as a whole.
            let mut part = archive.by_name(only).map_err(broken)?;
            let mut bytes = Vec::new();
            let read = part.by_ref().take(limit + 1).read_to_end(&mut bytes);
            read.map_err(|cause| LoadError::Read {
                path: path.into(),
                cause,
            })?;
            Ok(Some(Box::new(io::Cursor::new(bytes))))
        }
        [] => Err(LoadError::NoTable(PathBuf::from(path))),
        several => Err(LoadError::SeveralTables {
            path: path.into(),
            names: several
                .iter()
                .map(|name| name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Bytes up to a limit; one more is an error.
struct Bounded {
    inner: Box<dyn Read>,
    left: u64,
    limit: u64,
    /// The limit that is a setting.
    most: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| too_much(self.limit, self.most))?;
        Ok(read)
    }
}

fn too_much(limit: u64, most: u64) -> io::Error {
    let mebibytes = limit >> 20;
    io::Error::other(if limit >= most {
        format!("it holds more than the {mebibytes} MiB that --max-data-mb allows")
    } else {
        format!(
            "it unpacks to more than {mebibytes} MiB, {MOST_RATIO} times its size; unpack it, and give the table itself"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const MOST: u64 = 1 << 30;

    fn unpacked(path: &Path, most: u64) -> Result<(Packing, Vec<u8>), String> {
        let file = open(path, most).map_err(|error| error.to_string())?;
        let (packing, mut bytes, mut content) = (file.packing, file.bytes, Vec::new());
        bytes
            .read_to_end(&mut content)
            .map_err(|error| error.to_string())?;
        assert!(content.starts_with(&file.head));
        Ok((packing, content))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn every_packing_gives_the_same_bytes_and_a_cut_file_is_an_error() {
        let table = "review\n".to_string() + &"good sound\n".repeat(500);
        let (first, second) = table.as_bytes().split_at(100);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        for (packing, bytes) in [
            (Packing::Plain, table.clone().into_bytes()),
            (Packing::Gzip, [gzip(first), gzip(second)].concat()),
            (Packing::Zstd, zstd::encode_all(table.as_bytes(), 1).unwrap()),
            (
                Packing::Zip,
                zip(&[
                    ("a/reviews.csv", table.as_bytes()),
                    ("__MACOSX/._reviews.csv", b"x"),
                    ("READ.me", b"x"),
                ]),
            ),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            assert!(
                unpacked(&path, MOST) == Ok((packing, table.clone().into_bytes())),
                "{packing:?}"
            );
            assert!(
                unpacked(&path, 100)
                    .map(|_| ())
                    .unwrap_err()
                    .contains("--max-data-mb"),
                "{packing:?}"
            );
            if packing != Packing::Plain {
                std::fs::write(&path, &bytes[..bytes.len() - 6]).unwrap();
                assert!(unpacked(&path, MOST).is_err(), "{packing:?}");
            }
        }
    }

    #[test]
    fn an_archive_must_have_one_table_and_no_file_may_grow_without_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        for (bytes, expected) in [
            (zip(&[("a.csv", b"x"), ("b.csv", b"y")]), "a.csv, b.csv"),
            (zip(&[("a.txt.md", b"x")]), "no table"),
            (zstd::encode_all(&vec![b'a'; 64 << 20][..], 1).unwrap(), "16 MiB"),
            (gzip(&vec![b'a'; 64 << 20]), "times its size"),
            (zip(&[("a.csv", &vec![b'a'; 64 << 20])]), "times its size"),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            let error = unpacked(&path, MOST).map(|_| ()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
