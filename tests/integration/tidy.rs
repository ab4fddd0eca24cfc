//! The invariants that can be read off the sources. ARCHITECTURE.md lists them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use flipkart_recommender::metrics::{ALL, Metric};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A source file of `src/`.
struct Source {
    /// Its path below `src/`.
    path: String,
    text: String,
}

impl Source {
    /// The lines that are neither comments nor tests, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = ["/tests.rs", "/testing.rs"]
            .iter()
            .any(|end| self.path.ends_with(end))
            || self.path.contains("/tests/")
            || self.path == "generation/model/scripted.rs";
        let mut in_test = is_test;
        (1..).zip(self.text.lines()).filter(move |(_, line)| {
            // Tests come last in a file; `#[cfg(test)]` before a line that ends in `;` is a declaration alone.
            in_test |= line.starts_with("mod tests {") || line.starts_with("pub(super) mod tests {");
            !in_test && !line.trim_start().starts_with("//")
        })
    }
}

fn files(dir: &Path, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(dir)
                .expect("it is inside")
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let found = files(&Path::new(ROOT).join("src"), &[".rs"]);
    assert!(found.len() > 50, "the sources are there");
    found
        .into_iter()
        .map(|(path, text)| Source { path, text })
        .collect()
}

/// The files with a line of code that `matches`.
fn files_with(matches: impl Fn(&str) -> bool) -> Vec<String> {
    let has = |source: &Source| source.code().any(|(_, line)| matches(line));
    sources()
        .into_iter()
        .filter(has)
        .map(|source| source.path)
        .collect()
}

/// The modules of a crate's root in the order in which they stand.
fn order() -> Vec<String> {
    let root = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).expect("the root");
    root.lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_string()))
        .collect()
}

/// The modules of this crate that a line names: `crate::x` and `use crate::{x::…, y}`.
fn modules_in<'a>(code: &'a str, known: &'a [String]) -> impl Iterator<Item = (usize, &'a String)> {
    let braces = code.match_indices("crate::{").flat_map(|(at, opening)| {
        let inside = &code[at + opening.len()..];
        let mut depth = 0_i32;
        let mut names = vec![at + opening.len()];
        for (offset, letter) in inside.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(at + opening.len() + offset + 1),
                _ => {}
            }
        }
        names
    });
    let plain = code.match_indices("crate::").map(|(at, path)| at + path.len());
    plain.chain(braces).filter_map(|at| {
        let name: String = code[at..]
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        known
            .iter()
            .find(|module| **module == name)
            .map(|module| (at, module))
    })
}

#[test]
fn imports_point_one_way() {
    let order = order();
    let rank = |module: &str| order.iter().position(|name| name == module);
    let mut wrong = Vec::new();
    for source in sources() {
        let own = source.path.split(['/', '.']).next().unwrap_or_default();
        let Some(own_rank) = rank(own) else { continue };
        let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
        for (at, module) in modules_in(&code, &order) {
            if rank(module).is_some_and(|rank| rank > own_rank) {
                let line = code[..at].rsplit('\n').next().unwrap_or_default();
                wrong.push(format!("src/{}: {} of {module}", source.path, line.trim()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports of what stands below in lib.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn what_has_one_home_stays_there() {
    let crate_named =
        |line: &str, name: &str| line.contains(&format!("{name}::")) || line.contains(&format!("use {name}"));
    assert_eq!(
        files_with(|line| crate_named(line, "polars")),
        ["reviews/load.rs"]
    );
    let names_http = |line: &str| line.contains("crate::http") && !line.contains("pub(in crate::http)");
    let outside_of_http = files_with(|line| names_http(line) || line.contains("{http,"));
    assert_eq!(outside_of_http, ["commands/serve.rs"]);
    let axum = files_with(|line| crate_named(line, "axum"));
    assert!(axum.iter().all(|path| path.starts_with("http/")), "{axum:?}");
    assert_eq!(
        files_with(|line| line.contains("feature = \"cuda\"")),
        ["weights/device.rs"]
    );
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    for source in sources() {
        for (number, line) in source.code().filter(|(_, line)| line.contains("unsafe ")) {
            let allowed =
                source.path == "main.rs" || source.path.starts_with("kernels/") || line.contains("Mmap");
            assert!(allowed, "src/{}:{number}: {line}", source.path);
        }
    }
}

#[test]
fn nothing_unwraps_and_everything_is_introduced() {
    for source in sources() {
        let unwraps: Vec<_> = source
            .code()
            .filter(|(_, line)| line.contains(".unwrap()"))
            .collect();
        assert!(unwraps.is_empty(), "src/{}: {unwraps:?}", source.path);
        assert!(
            source.text.starts_with("//!"),
            "src/{} says nothing of itself",
            source.path
        );
    }
}

#[test]
fn every_metric_named_under_monitoring_exists() {
    let mut exposed = BTreeSet::new();
    for metric in ALL {
        let name = metric.description().name;
        exposed.insert(name.to_string());
        if matches!(metric, Metric::Histogram(_)) {
            exposed.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        }
    }
    // A metric's name is a word that begins as one of ours does.
    let families: BTreeSet<&str> = exposed.iter().filter_map(|name| name.split('_').next()).collect();
    let mut named = 0;
    for (path, text) in files(
        &Path::new(ROOT).join("monitoring"),
        &[".md", ".yml", ".yaml", ".json"],
    ) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        for word in words.filter(|word| word.contains('_') && !word.contains(':')) {
            let family = word.split('_').next().unwrap_or_default();
            if families.contains(family)
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            {
                assert!(
                    exposed.contains(word),
                    "monitoring/{path} names {word}, which does not exist"
                );
                named += 1;
            }
        }
    }
    assert!(named > 0, "monitoring/ names metrics");
}
