//! A text file's bytes in, valid UTF-8 out.
//!
//! Decompresses by the file's extension, replaces bytes that are not UTF-8, and removes what some programs write around
//! a table: a byte order mark before it, a single Ctrl-Z after it. Fails if the file or its compression is damaged.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

const CTRL_Z: char = '\u{1a}';

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// A decompressed file.
#[derive(Debug)]
pub(super) struct DecodedFile {
    content: String,
    /// Number of places where bytes that are not UTF-8 were replaced by U+FFFD.
    pub replaced: usize,
}

impl DecodedFile {
    /// The table, without byte order mark and Ctrl-Z.
    pub(super) fn table(&self) -> &str {
        let after_mark = self
            .content
            .trim_start_matches('\u{feff}')
            .trim_start_matches(['\r', '\n']);
        after_mark.trim_end_matches(['\r', '\n', CTRL_Z])
    }
}

/// Reads a whole file.
pub(super) fn read(path: &Path, compression: Compression) -> io::Result<DecodedFile> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    match compression {
        Compression::None => file.read_to_end(&mut bytes)?,
        // One file may hold several gzip members, and tools that compress in parallel write such files.
        Compression::Gzip => MultiGzDecoder::new(BufReader::new(file)).read_to_end(&mut bytes)?,
        Compression::Zstd => zstd::Decoder::new(file)?.read_to_end(&mut bytes)?,
    };
    Ok(repair(bytes))
}

/// Valid input, the usual case, is not copied.
fn repair(bytes: Vec<u8>) -> DecodedFile {
    match String::from_utf8(bytes) {
        Ok(content) => DecodedFile { content, replaced: 0 },
        Err(error) => {
            let replaced = error
                .as_bytes()
                .utf8_chunks()
                .filter(|chunk| !chunk.invalid().is_empty())
                .count();
            DecodedFile {
                content: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                replaced,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_counted() {
        let cases: [(&[u8], &str, usize); 4] = [
            ("naïve 👍".as_bytes(), "naïve 👍", 0),
            (b"caf\xe9 ol\xe9", "caf\u{fffd} ol\u{fffd}", 2),
            (b"half a rupee \xe2\x82", "half a rupee \u{fffd}", 1),
            (b"\xff\xff", "\u{fffd}\u{fffd}", 2),
        ];
        for (bytes, expected, replaced) in cases {
            let text = repair(bytes.to_vec());
            assert_eq!((text.table(), text.replaced), (expected, replaced));
        }
    }

    #[test]
    fn a_byte_order_mark_and_a_final_ctrl_z_are_removed() {
        for wrapped in [
            "\u{feff}a,b\n1,2\n",
            "a,b\n1,2\r\n\u{1a}",
            "\n\na,b\n1,2\n\u{1a}\r\n",
            "\u{feff}\r\na,b\n1,2",
        ] {
            assert_eq!(repair(wrapped.into()).table(), "a,b\n1,2", "{wrapped:?}");
        }
    }

    #[test]
    fn every_compression_gives_the_same_text_and_a_cut_file_is_an_error() {
        let table = "review\n".to_string() + &"good sound\n".repeat(500);
        let mut members = Vec::new();
        for half in [&table[..100], &table[100..]] {
            let mut encoder = flate2::write::GzEncoder::new(&mut members, flate2::Compression::fast());
            encoder.write_all(half.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        let frame = zstd::encode_all(table.as_bytes(), 1).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        for (compression, bytes) in [
            (Compression::None, table.as_bytes()),
            (Compression::Gzip, &members),
            (Compression::Zstd, &frame),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(
                read(&path, compression).unwrap().content,
                table,
                "{compression:?}"
            );
            if compression != Compression::None {
                std::fs::write(&path, &bytes[..bytes.len() - 6]).unwrap();
                assert!(read(&path, compression).is_err(), "{compression:?}");
            }
        }
    }
}
