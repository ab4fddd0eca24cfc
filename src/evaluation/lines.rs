//! Reads the lines of an evaluation set's file. A file whose name ends in `.gz` is decompressed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::EvaluationError;

/// Opens a file, compressed or not.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, EvaluationError> {
    let file = File::open(path).map_err(|source| EvaluationError::read(path, source))?;
    let compressed = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    Ok(match compressed {
        true => Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file)))),
        false => Box::new(BufReader::new(file)),
    })
}

/// The lines that are not blank, with their line numbers from 1.
pub(super) fn lines(
    path: &Path,
) -> Result<impl Iterator<Item = Result<(u64, String), EvaluationError>>, EvaluationError> {
    let numbered = (1..).zip(open(path)?.lines()).map(move |(number, line)| {
        line.map(|line| (number, line))
            .map_err(|source| EvaluationError::read(path, source))
    });
    Ok(numbered.filter(|line| !matches!(line, Ok((_, text)) if text.trim().is_empty())))
}

/// The value of each line of JSON that is not blank, with its line number. `expected` describes a valid line.
pub(super) fn json<T: DeserializeOwned>(
    path: &Path,
    expected: &'static str,
) -> Result<impl Iterator<Item = Result<(u64, T), EvaluationError>>, EvaluationError> {
    Ok(lines(path)?.map(move |line| {
        let (number, text) = line?;
        let value = serde_json::from_str(&text).map_err(|source| EvaluationError::Line {
            path: path.into(),
            line: number,
            expected,
            problem: source.to_string(),
        })?;
        Ok((number, value))
    }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_numbered_and_decompressed() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, compressed) = (dir.path().join("a.jsonl"), dir.path().join("a.jsonl.gz"));
        let text = "1\n\n  \n2\nthree";
        std::fs::write(&plain, text).unwrap();
        let mut encoder =
            flate2::write::GzEncoder::new(File::create(&compressed).unwrap(), Default::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
        for path in [&plain, &compressed] {
            let values: Vec<_> = json::<u8>(path, "a small number").unwrap().collect();
            let good: Vec<_> = values[..2].iter().map(|line| *line.as_ref().unwrap()).collect();
            assert_eq!(good, [(1, 1), (4, 2)]);
            let message = values[2].as_ref().unwrap_err().to_string();
            let expected = format!("line 5 of {} is not a small number: expected ", path.display());
            assert!(message.starts_with(&expected), "{message}");
        }
        std::fs::write(&compressed, text).unwrap();
        assert!(
            json::<u8>(&compressed, "a small number")
                .unwrap()
                .next()
                .unwrap()
                .is_err()
        );
        assert!(matches!(
            open(dir.path().join("b").as_path()),
            Err(EvaluationError::Read { .. })
        ));
    }
}
