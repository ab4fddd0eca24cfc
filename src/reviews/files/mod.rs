//! Paths in, the tables' files out: a folder is the tables in it, a file is itself.

pub(super) mod encoding;
pub(super) mod unpack;

use std::path::{Path, PathBuf};

use super::LoadError;

/// Endings of files that may hold a table; in a folder, files with another ending are not read.
const ENDINGS: [&str; 11] = [
    "csv", "tsv", "tab", "json", "jsonl", "ndjson", "parquet", "xlsx", "xls", "xlsb", "ods",
];
/// Endings of packed files.
const PACKED: [&str; 3] = ["gz", "zst", "zip"];

/// The files that `paths` name, folders in the order of their files' names.
///
/// # Errors
/// A path does not exist or cannot be read, or a folder has no table.
pub(crate) fn tables(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(in_folder(path)?);
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(LoadError::NotFound(path.clone()));
        }
    }
    Ok(files)
}

/// The tables in a folder. What begins with a dot or an underline is another program's own.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |cause| LoadError::Read {
        path: folder.into(),
        cause,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() && is_table(&path) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(LoadError::NoTable(folder.into()));
    }
    Ok(found)
}

fn is_table(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    let mut endings = name.rsplit('.');
    let last = endings.next().unwrap_or_default();
    let known = ENDINGS.contains(&last)
        || last == "zip"
        || PACKED.contains(&last) && endings.next().is_some_and(|ending| ENDINGS.contains(&ending));
    known && !name.starts_with(['.', '_', '~'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_tables_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.csv",
            "a.jsonl.gz",
            "c.zip",
            "notes.md",
            "_SUCCESS",
            ".hidden.csv",
            "x.tar.gz",
        ] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let names: Vec<String> = tables(&[folder.path().into()])
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_string())
            .collect();
        assert_eq!(names, ["a.jsonl.gz", "b.csv", "c.zip"]);
        let absent = folder.path().join("absent.csv");
        assert!(matches!(tables(&[absent]), Err(LoadError::NotFound(_))));
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(
            tables(&[empty.path().into()]),
            Err(LoadError::NoTable(_))
        ));
    }
}
