//! Reads the documents, queries and judgements of a folder in BEIR's layout.
//!
//! `corpus.jsonl` holds `{"_id", "title", "text"}`, `queries.jsonl` `{"_id", "text"}`, and `qrels/test.tsv`, after a
//! line of headings, the id of a query, the id of a document and its relevance, separated by tabs (Thakur et al. 2021,
//! <https://arxiv.org/abs/2104.08663>). Errors: a file cannot be read, or a line is invalid.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::evaluation::ranking::Judgements;
use crate::evaluation::{EvaluationError, lines};

const JUDGEMENT: &str = "a query's id, a document's id and an integer, separated by tabs";

/// Documents, queries, and the judgements of which documents answer them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection {
    /// The documents, in the order of the file.
    pub documents: Vec<Document>,
    /// The queries with judgements, in the order of the file.
    pub queries: Vec<BeirQuery>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Document {
    /// Its id, unique.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its title; may be empty.
    #[serde(default, deserialize_with = "text_or_null")]
    pub title: String,
    /// Its text.
    pub text: String,
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BeirQuery {
    /// Its id, unique.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The relevance of each judged document, by its id. Some collections judge documents that they do not contain.
    pub judgements: Judgements<String>,
}

#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

impl Collection {
    /// Reads the collection in a folder.
    ///
    /// # Errors
    /// [`EvaluationError::Read`], [`EvaluationError::Line`]; [`EvaluationError::Nothing`] if no query has judgements.
    pub(crate) fn read(dir: &Path) -> Result<Self, EvaluationError> {
        let mut judgements = judgements(&dir.join("qrels").join("test.tsv"))?;
        let file = dir.join("queries.jsonl");
        let lines = lines::json::<QueryLine>(&file, "{\"_id\": text, \"text\": text}")?;
        let mut queries = Vec::new();
        for line in lines {
            let (_, QueryLine { id, text }) = line?;
            // The file also contains the queries of other splits. A query that is listed twice counts once.
            if let Some(judgements) = judgements.remove(&id) {
                queries.push(BeirQuery { id, text, judgements });
            }
        }
        if !judgements.is_empty() || queries.is_empty() {
            return Err(EvaluationError::Nothing {
                path: file,
                wanted: "every query in qrels/test.tsv must be in it, and at least one must have a judgement",
            });
        }
        let documents = documents(&dir.join("corpus.jsonl"))?;
        Ok(Self { documents, queries })
    }
}

fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn documents(path: &Path) -> Result<Vec<Document>, EvaluationError> {
    let expected = "{\"_id\": text, \"title\": text, \"text\": text} with an id of its own";
    let mut lines_of = HashMap::new();
    let mut documents = Vec::new();
    for line in lines::json::<Document>(path, expected)? {
        let (number, document) = line?;
        match lines_of.entry(document.id.clone()) {
            Entry::Vacant(entry) => entry.insert(number),
            Entry::Occupied(entry) => {
                return Err(EvaluationError::Line {
                    path: path.into(),
                    line: number,
                    expected,
                    problem: format!("line {} has the id {} too", entry.get(), document.id),
                });
            }
        };
        documents.push(document);
    }
    Ok(documents)
}

/// The judgements of each query, by its id.
fn judgements(path: &Path) -> Result<HashMap<String, Judgements<String>>, EvaluationError> {
    let mut queries: HashMap<String, Judgements<String>> = HashMap::new();
    for line in lines::lines(path)? {
        let (number, text) = line?;
        let problem = |problem: String| EvaluationError::Line {
            path: path.into(),
            line: number,
            expected: JUDGEMENT,
            problem,
        };
        let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
        let &[query, document, relevance] = &cells[..] else {
            return Err(problem(format!("it has {} cells", cells.len())));
        };
        match relevance.parse() {
            Ok(_) if number == 1 => {
                return Err(problem(
                    "the headings query-id, corpus-id and score are missing before it".into(),
                ));
            }
            Ok(relevance) => {
                queries
                    .entry(query.into())
                    .or_default()
                    .insert(document.into(), relevance);
            }
            Err(_) if number == 1 => {}
            Err(source) => return Err(problem(format!("“{relevance}”: {source}"))),
        }
    }
    Ok(queries)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder with these files.
    pub(crate) fn folder(corpus: &str, queries: &str, judgements: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("qrels")).unwrap();
        for (name, text) in [
            ("corpus.jsonl", corpus),
            ("queries.jsonl", queries),
            ("qrels/test.tsv", judgements),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    pub(crate) const CORPUS: &str = r#"{"_id": "d1", "title": "Kettles", "text": "The lid leaks.", "metadata": {}}
{"_id": "d2", "title": null, "text": "The mic is weak."}
{"_id": "q2", "title": "", "text": "Battery lasts two days."}"#;
    pub(crate) const QUERIES: &str = r#"{"_id": "q0", "text": "of another split"}
{"_id": "q2", "text": "How long does the battery last?"}
{"_id": "q1", "text": "Does the lid leak?"}"#;
    pub(crate) const JUDGEMENTS: &str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\tabsent\t1\r\n";

    #[test]
    fn a_small_collection_is_read() {
        let dir = folder(CORPUS, QUERIES, JUDGEMENTS);
        let collection = Collection::read(dir.path()).unwrap();
        let ids: Vec<_> = collection
            .documents
            .iter()
            .map(|document| document.id.as_str())
            .collect();
        assert_eq!(ids, ["d1", "d2", "q2"]);
        let titles: Vec<_> = collection
            .documents
            .iter()
            .map(|document| document.title.as_str())
            .collect();
        assert_eq!(titles, ["Kettles", "", ""]);
        let expected = [
            ("q2", "How long does the battery last?", vec![("absent", 1)]),
            ("q1", "Does the lid leak?", vec![("d1", 2), ("d2", 0)]),
        ];
        let expected = expected.map(|(id, text, judgements)| BeirQuery {
            id: id.into(),
            text: text.into(),
            judgements: judgements
                .into_iter()
                .map(|(id, relevance)| (id.into(), relevance))
                .collect(),
        });
        assert_eq!(collection.queries, expected);
    }

    #[test]
    fn an_error_names_the_file_and_the_line() {
        let twice = format!("{CORPUS}\n\n{}", CORPUS.lines().next().unwrap());
        for (name, text, expected) in [
            (
                "corpus.jsonl",
                &twice[..],
                ["line 5 of ", "corpus.jsonl", "line 1 has the id d1 too"],
            ),
            (
                "corpus.jsonl",
                r#"{"_id": 7, "text": ""}"#,
                ["line 1 of", "corpus.jsonl", "expected a string"],
            ),
            (
                "queries.jsonl",
                r#"{"_id": "q1"}"#,
                ["line 1 of", "queries.jsonl", "`text`"],
            ),
            (
                "qrels/test.tsv",
                "{headings}q1\td1\tvery",
                ["line 2 of", "test.tsv", "“very”"],
            ),
            (
                "qrels/test.tsv",
                "{headings}\nq1 d1 1",
                ["line 3 of", "test.tsv", "it has 1 cells"],
            ),
            (
                "qrels/test.tsv",
                "q1\td1\t1",
                ["line 1 of", "test.tsv", "headings"],
            ),
            (
                "qrels/test.tsv",
                "{headings}q9\td1\t1",
                ["queries.jsonl", "too little data", "every query"],
            ),
            (
                "qrels/test.tsv",
                "{headings}",
                ["queries.jsonl", "too little data", "at least one"],
            ),
        ] {
            let dir = folder(CORPUS, QUERIES, JUDGEMENTS);
            std::fs::write(dir.path().join(name), text.replace("{headings}", "a\tb\tc\n")).unwrap();
            let message = Collection::read(dir.path()).unwrap_err().to_string();
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
        }
        let empty = tempfile::tempdir().unwrap();
        let message = Collection::read(empty.path()).unwrap_err().to_string();
        assert!(message.contains("test.tsv cannot be read"), "{message}");
    }
}
