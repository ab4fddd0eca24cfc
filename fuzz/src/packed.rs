//! Mutations of packed files: one part is unpacked, changed and packed again, so that checksums stay right and the
//! changes reach what reads the part. For `fuzz_mutator!`, on the fuzzer's thread.

use std::io::{Cursor, Read, Write};

use libfuzzer_sys::fuzzer_mutate;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A part of an archive is not unpacked beyond this.
const MOST: u64 = 1 << 18;
/// A part grows by at most so many bytes at a time.
const GROWTH: usize = 1 << 10;
/// One of so many changes is to the packed bytes themselves.
const RAW: u32 = 8;

/// Changes `data[..size]`, and returns the new size, at most `max_size`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if !seed.is_multiple_of(RAW)
        && let Some(packed) = mutated(&data[..size], seed / RAW)
        && packed.len() <= max_size
    {
        data[..packed.len()].copy_from_slice(&packed);
        return packed.len();
    }
    fuzzer_mutate(data, size, max_size)
}

fn mutated(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    match bytes {
        [b'P', b'K', ..] => mutated_zip(bytes, seed as usize),
        [0x1f, 0x8b, ..] => {
            let content = changed(unpacked(flate2::read::MultiGzDecoder::new(bytes))?);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&content).ok()?;
            encoder.finish().ok()
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let content = changed(unpacked(zstd::Decoder::new(bytes).ok()?)?);
            zstd::encode_all(&content[..], 1).ok()
        }
        _ => None,
    }
}

/// Changes one part, or its name. All parts are stored as they are, which the fuzzer can read too.
fn mutated_zip(bytes: &[u8], seed: usize) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let parts = archive.len();
    if parts == 0 {
        return None;
    }
    let (chosen, in_name) = (seed % parts, (seed / parts).is_multiple_of(16));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for at in 0..parts {
        let part = archive.by_index(at).ok()?;
        let mut name = part.name().ok()?.into_owned();
        let mut content = unpacked(part)?;
        if at == chosen && in_name {
            name = String::from_utf8_lossy(&changed(name.into_bytes())).into_owned();
        } else if at == chosen {
            content = changed(content);
        }
        writer.start_file(name, stored).ok()?;
        writer.write_all(&content).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

fn unpacked(bytes: impl Read) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    bytes.take(MOST).read_to_end(&mut content).ok()?;
    Some(content)
}

fn changed(mut content: Vec<u8>) -> Vec<u8> {
    let size = content.len();
    content.resize(size + GROWTH, 0);
    let size = fuzzer_mutate(&mut content, size, size + GROWTH);
    content.truncate(size);
    content
}
