//! The invariants that can be read off the sources, and that neither the compiler nor clippy checks. ARCHITECTURE.md
//! lists all invariants.

mod imports;
mod languages;
mod monitoring;
mod paths;

use std::fs;
use std::path::Path;

use paths::ModulePath;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// rustfmt wraps code, but not comments.
const MAX_WIDTH: usize = 120;

/// A Rust file.
struct Source {
    /// Its path below the folder that was read.
    path: String,
    text: String,
}

impl Source {
    /// The lines that are neither comments nor tests, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = ["/tests.rs", "/testing.rs", "/scripted.rs"]
            .iter()
            .any(|end| self.path.ends_with(end))
            || self.path.contains("/tests/");
        let mut in_test = is_test;
        (1..).zip(self.text.lines()).filter(move |(_, line)| {
            // Tests come last in a file; `#[cfg(test)]` before a line that ends in `;` is a declaration alone.
            in_test |= line.starts_with("mod tests {") || line.starts_with("pub(super) mod tests {");
            !in_test && !line.trim_start().starts_with("//")
        })
    }

    /// The module that the file contains, from the crate's root: `http/mod.rs` is `[http]`, `lib.rs` is empty.
    fn module(&self) -> ModulePath {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        if ["lib", "main"].contains(&path) {
            return Vec::new();
        }
        path.split('/').map(String::from).collect()
    }

    /// The absolute paths of all items of this crate that its code names.
    fn imports(&self) -> Vec<ModulePath> {
        let code: String = self.code().map(|(_, line)| format!("{line}\n")).collect();
        paths::named_in(&code, &self.module())
    }
}

/// The files below `folder` of the project that end in one of these ways.
fn files(folder: &str, endings: &[&str]) -> Vec<Source> {
    let folder = Path::new(ROOT).join(folder);
    let mut found = Vec::new();
    let mut unread = vec![folder.clone()];
    while let Some(dir) = unread.pop() {
        for entry in fs::read_dir(&dir).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(&folder)
                .expect("it is inside")
                .to_string_lossy();
            if path.is_dir() {
                unread.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("text");
                found.push(Source {
                    path: name.into_owned(),
                    text,
                });
            }
        }
    }
    assert!(!found.is_empty(), "{} has no {endings:?}", folder.display());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The server's sources.
fn sources() -> Vec<Source> {
    let found = files("src", &[".rs"]);
    assert!(found.len() > 50, "the sources are there");
    found
}

/// The sources with a line of code that `matches`.
fn files_with(matches: impl Fn(&str) -> bool) -> Vec<String> {
    let has = |source: &Source| source.code().any(|(_, line)| matches(line));
    sources()
        .into_iter()
        .filter(has)
        .map(|source| source.path)
        .collect()
}

#[test]
fn each_of_these_crates_and_features_is_used_in_one_place() {
    let names =
        |line: &str, name: &str| line.contains(&format!("{name}::")) || line.contains(&format!("use {name}"));
    let polars = files_with(|line| names(line, "polars"));
    let is_table = |path: &String| path.starts_with("reviews/table/") || path.ends_with("tests.rs");
    assert!(polars.iter().all(is_table), "{polars:?}");
    let axum = files_with(|line| names(line, "axum"));
    assert!(axum.iter().all(|path| path.starts_with("http/")), "{axum:?}");
    assert_eq!(
        files_with(|line| line.contains("feature = \"cuda\"")),
        ["weights/device.rs"]
    );
}

/// An image is built from the files that its recipe copies; what the compiler needs must be among them.
#[test]
fn images_have_the_data_that_is_compiled_in() {
    let mut needed = Vec::new();
    for source in sources() {
        let paths = source
            .text
            .split("include_str!(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let of_data = paths
            .filter(|path| !path.contains("tests"))
            .filter_map(|path| path.split_once("/data/"));
        needed.extend(of_data.map(|(_, file)| file.to_string()));
    }
    assert!(needed.len() >= 5, "{needed:?}");
    for recipe in ["Dockerfile.cpu", "Dockerfile.cuda"] {
        let text = fs::read_to_string(Path::new(ROOT).join(recipe)).expect("the recipe");
        let copied: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("COPY data/"))
            .collect();
        for file in &needed {
            let ending = file.rsplit_once('.').expect("an ending").1;
            let is_copied =
                |line: &&&str| line.contains(&format!("data/*.{ending}")) || line.contains(file.as_str());
            assert!(
                copied.iter().any(|line| is_copied(&line)),
                "{recipe} does not copy data/{file}"
            );
        }
    }
}

#[test]
fn every_file_has_a_module_comment() {
    let missing: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .collect();
    let missing: Vec<_> = missing.iter().map(|source| &source.path).collect();
    assert!(
        missing.is_empty(),
        "these files do not begin with //!: {missing:?}"
    );
}

#[test]
fn no_comment_is_wider_than_the_limit() {
    let mut wide = Vec::new();
    for folder in ["src", "tests", "benches", "models/fetch"] {
        for source in files(folder, &[".rs"]) {
            let lines = (1..).zip(source.text.lines());
            let comments = lines.filter(|(_, line)| line.trim_start().starts_with("//"));
            let lines = comments.filter(|(_, line)| line.chars().count() > MAX_WIDTH);
            wide.extend(lines.map(|(number, _)| format!("{folder}/{}:{number}", source.path)));
        }
    }
    assert!(
        wide.is_empty(),
        "wider than {MAX_WIDTH} columns:\n{}",
        wide.join("\n")
    );
}
