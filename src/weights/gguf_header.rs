//! Checks the counts of a GGUF header without building anything.
//!
//! In: the beginning of a file. Out: nothing, or an error. Afterwards candle's reader can trust the counts. It compares
//! each count with the size of the file, but a value takes up to 32 times as much memory as on disk, and an alignment
//! of zero makes the reader panic. Layout: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use super::tensor_types;

/// The most entries of metadata, and the most tensors: a model of 400 billion parameters has about a thousand of each.
const MAX_ENTRIES: u64 = 1 << 16;
/// The most elements of all arrays together: the largest vocabularies, with merges, scores and types, have about a
/// million.
const MAX_ELEMENTS: u64 = 1 << 22;

/// Reads magic number, counts, metadata and tensor descriptions, and checks them.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut rest = Reader(bytes);
    if rest.take(4) != Ok(b"GGUF".as_slice()) {
        return Err("it does not begin with the letters GGUF".to_string());
    }
    match rest.u32()? {
        2 | 3 => {}
        version => {
            return Err(format!(
                "it has GGUF version {version}; versions 2 and 3 are supported"
            ));
        }
    }
    let (tensors, entries) = (rest.u64()?, rest.u64()?);
    if tensors > MAX_ENTRIES || entries > MAX_ENTRIES {
        return Err(format!(
            "its header claims {tensors} tensors and {entries} entries of metadata"
        ));
    }
    let mut elements = 0;
    for _ in 0..entries {
        let key = rest.string()?;
        let kind = rest.u32()?;
        let value = rest.value(kind, &mut elements)?;
        // candle removes NULs from the end of keys.
        let end = key.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        if &key[..end] == b"general.alignment" && value.iter().all(|byte| *byte == 0) {
            return Err("its alignment is zero".to_string());
        }
    }
    for _ in 0..tensors {
        let name = rest.string()?;
        match rest.u32()? {
            dimensions @ 0..=4 => rest.take(u64::from(dimensions) * 8)?,
            dimensions => return Err(format!("a tensor has {dimensions} dimensions")),
        };
        tensor_types::check(&String::from_utf8_lossy(name), rest.u32()?)?;
        rest.u64()?;
    }
    Ok(())
}

/// The bytes that have not been read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], String> {
        let split = usize::try_from(n).ok().and_then(|n| self.0.split_at_checked(n));
        let (taken, rest) = split.ok_or("it ends within its header, or its header is damaged")?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(self
            .take(4)?
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u32::from(*byte)))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(self
            .take(8)?
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn string(&mut self) -> Result<&'a [u8], String> {
        let length = self.u64()?;
        self.take(length)
    }

    /// Reads a value: the bytes of a scalar or a string, no bytes for an array.
    fn value(&mut self, kind: u32, elements: &mut u64) -> Result<&'a [u8], String> {
        const STRING: u32 = 8;
        const ARRAY: u32 = 9;
        match kind {
            STRING => self.string(),
            ARRAY => {
                let (kind, length) = (self.u32()?, self.u64()?);
                *elements = elements.saturating_add(length);
                if *elements > MAX_ELEMENTS || kind == ARRAY {
                    return Err(format!(
                        "an array of its metadata claims {length} elements of type {kind}"
                    ));
                }
                match kind {
                    STRING => (0..length).try_for_each(|_| self.string().map(drop))?,
                    _ => drop(self.take(length * width(kind)?)?),
                }
                self.take(0)
            }
            _ => self.take(width(kind)?),
        }
    }
}

/// The size of a scalar of metadata, in bytes.
fn width(kind: u32) -> Result<u64, String> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(format!("its metadata has a value of the unknown type {kind}")),
    }
}
