//! Words of a language stand in `data/language.toml`, and nowhere in the code.

use super::{Source, files};

/// The folders that deal with words.
const FOLDERS: [&str; 7] = [
    "query",
    "retrieval",
    "findings",
    "opinions",
    "assistant",
    "index",
    "language",
];
/// Files of tests that stand alone: their cases are no lists.
const TESTS: [&str; 2] = ["tests.rs", "testing.rs"];
/// A list of so many words is a choice of the code; a longer one is a class of words.
const MOST_WORDS: usize = 4;

/// The lists in `code` that have more words than a list may have: what stands between a bracket and the next.
fn word_lists(code: &str) -> Vec<&str> {
    let is_word = |text: &&str| {
        let mut letters = text.chars().filter(|c| !matches!(c, ' ' | '\''));
        !text.is_empty() && letters.all(|c| c.is_alphabetic() && !c.is_uppercase())
    };
    code.split(['[', ']'])
        .filter(|list| list.trim_start().starts_with(['"', '(']))
        // Every second part is within quotation marks.
        .filter(|list| list.split('"').skip(1).step_by(2).filter(is_word).count() > MOST_WORDS)
        .collect()
}

#[test]
fn no_code_lists_words_of_a_language() {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let sources = files(&format!("src/{folder}"), &[".rs"]).into_iter();
        for source in sources.filter(|source| !TESTS.iter().any(|tests| source.path.ends_with(tests))) {
            let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
            let lists = word_lists(&code);
            found.extend(
                lists
                    .iter()
                    .map(|list| format!("{folder}/{}: [{list}]", source.path)),
            );
        }
    }
    assert!(
        found.is_empty(),
        "these words belong in data/language.toml:\n{}",
        found.join("\n")
    );
}

#[test]
fn lists_of_words_are_found() {
    let source = |text: &str| Source {
        path: "file.rs".into(),
        text: text.into(),
    };
    for (text, found) in [
        (r#"const A: &[&str] = &["a", "of", "isn't", "up to", "नहीं"];"#, 1),
        (
            r#"const A: &[(&str, u8)] = &[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)];"#,
            1,
        ),
        (
            "if [\n    \"a\",\n    \"b\",\n    \"c\",\n    \"d\",\n    \"e\",\n].contains(word) {}",
            1,
        ),
        (r#"const A: &[&str] = &["a", "b", "c", "d"];"#, 0),
        (
            r#"const A: &[&str] = &["A", "1", "%", "", "d", "e", "f", "g"];"#,
            0,
        ),
        (r#"// ["a", "b", "c", "d", "e"]"#, 0),
    ] {
        let code: String = source(text).code().map(|(_, line)| format!("{line}\n")).collect();
        assert_eq!(word_lists(&code).len(), found, "{text}");
    }
}
