//! Reads the items, reviews and questions of a SubjQA file (Bjerva et al. 2020, <https://arxiv.org/abs/2004.14283>).
//!
//! Each row contains the span that one annotator marked in one review for one question. Rows with the same question
//! about the same item are one question here, although the set gives some of them several ids (`q_reviews_id`), because
//! a system sees only the words and the item. A question is answerable if any annotator marked a span in any review,
//! and the reviews with a span answer it. Another review of the item may answer an "unanswerable" question too; nobody
//! has checked.
//!
//! Errors: the file cannot be read, lacks a column, or has no row.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::evaluation::{EvaluationError, lines};

/// The mark at the end of every review; also the span of an annotator who found no answer.
const NOT_FOUND: &str = "ANSWERNOTFOUND";

/// Questions about items, and the items' reviews.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SubjQa {
    /// The items, in the order of the file.
    pub items: Vec<SubjQaItem>,
    /// The reviews, in the order of the file.
    pub reviews: Vec<SubjQaReview>,
    /// The questions, in the order of the file.
    pub questions: Vec<SubjQaQuestion>,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubjQaItem {
    /// Its id, unique.
    pub id: String,
    /// Positions of its reviews.
    pub reviews: Vec<usize>,
}

/// A review of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubjQaReview {
    /// The position of its item.
    pub item: usize,
    /// Its text, on one line, without the mark at its end.
    pub text: String,
}

/// A question about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubjQaQuestion {
    /// The position of its item.
    pub item: usize,
    /// Its text.
    pub text: String,
    /// Positions of the reviews that answer it, in ascending order; empty if it is unanswerable.
    pub answered_by: Vec<usize>,
    /// The spans that the annotators marked as answers.
    pub spans: Vec<String>,
}

impl SubjQaQuestion {
    /// Whether any annotator found an answer in any review.
    pub(crate) fn is_answerable(&self) -> bool {
        !self.answered_by.is_empty()
    }
}

/// The required columns.
#[derive(Deserialize)]
struct SubjQaRow {
    item_id: String,
    question: String,
    review_id: String,
    review: String,
    human_ans_spans: String,
}

impl SubjQa {
    /// Reads a CSV file with SubjQA's columns, decompressed if its name ends in `.gz`.
    ///
    /// # Errors
    /// [`EvaluationError::Read`], [`EvaluationError::Line`]; [`EvaluationError::Nothing`] if there is no row.
    pub(crate) fn read(path: &Path) -> Result<Self, EvaluationError> {
        let mut reader = csv::Reader::from_reader(lines::open(path)?);
        // If the headings cannot be read, the rows below would end without an error.
        reader.headers().map_err(|error| unreadable(path, error))?;
        let mut builder = Builder::default();
        for row in reader.deserialize() {
            builder.add(row.map_err(|error| unreadable(path, error))?);
        }
        if builder.set.questions.is_empty() {
            return Err(EvaluationError::Nothing {
                path: path.into(),
                wanted: "it needs a line of headings, and a row for each question, review and annotator",
            });
        }
        Ok(builder.set)
    }
}

fn unreadable(path: &Path, error: csv::Error) -> EvaluationError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => EvaluationError::read(path, source),
        _ => EvaluationError::Line {
            path: path.into(),
            line,
            expected: "a row of CSV with item_id, question, review_id, review and human_ans_spans",
            problem,
        },
    }
}

/// Numbers items, reviews and questions in the order of the file.
#[derive(Default)]
struct Builder {
    set: SubjQa,
    items: HashMap<String, usize>,
    reviews: HashMap<(usize, String), usize>,
    questions: HashMap<(usize, String), usize>,
}

impl Builder {
    fn add(&mut self, row: SubjQaRow) {
        let SubjQa {
            items,
            reviews,
            questions,
        } = &mut self.set;
        let item = *self.items.entry(row.item_id).or_insert_with_key(|id| {
            items.push(SubjQaItem {
                id: id.clone(),
                reviews: Vec::new(),
            });
            items.len() - 1
        });
        let review = *self.reviews.entry((item, row.review_id)).or_insert_with(|| {
            reviews.push(SubjQaReview {
                item,
                text: text(&row.review),
            });
            items[item].reviews.push(reviews.len() - 1);
            reviews.len() - 1
        });
        let question = *self
            .questions
            .entry((item, text(&row.question)))
            .or_insert_with_key(|(item, text)| {
                questions.push(SubjQaQuestion {
                    item: *item,
                    text: text.clone(),
                    answered_by: Vec::new(),
                    spans: Vec::new(),
                });
                questions.len() - 1
            });
        let span = text(&row.human_ans_spans);
        if !span.is_empty() {
            let question = &mut questions[question];
            question.spans.push(span);
            if let Err(place) = question.answered_by.binary_search(&review) {
                question.answered_by.insert(place, review);
            }
        }
    }
}

/// The text of a cell on one line, without the mark.
fn text(cell: &str) -> String {
    let words: Vec<&str> = cell.split_whitespace().collect();
    let text = words.join(" ");
    text.strip_suffix(NOT_FOUND)
        .unwrap_or(&text)
        .trim_end()
        .to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Six rows. "How is the lid?" has two ids and two reviews, "How is the handle?" has no answer, and "How is the
    /// mic?" is about an item with a single review.
    pub(crate) const ROWS: &str = "\
domain,item_id,q_reviews_id,question,review_id,review,human_ans_spans
electronics,kettle,x1,How is the lid?,r1,\"The lid leaks, badly.\nNever again. ANSWERNOTFOUND\",The lid leaks
electronics,kettle,x1,How is the lid?,r1,\"The lid leaks, badly.\nNever again. ANSWERNOTFOUND\",ANSWERNOTFOUND
electronics,kettle,x2,How is the lid?,r2,\"It boils fast, and the lid is tight. ANSWERNOTFOUND\",lid is \"tight
electronics,kettle,x3,How is the handle?,r3,A fine kettle for tea. ANSWERNOTFOUND,ANSWERNOTFOUND
electronics,phone,x4,How is the mic?,r1,\"The mic is weak, callers complain. ANSWERNOTFOUND\",mic is weak
electronics,phone,x5,How is the bass?,r1,\"The mic is weak, callers complain. ANSWERNOTFOUND\",
";

    pub(crate) fn file(dir: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = dir.path().join("set.csv");
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn rows_become_items_reviews_and_questions() {
        let dir = tempfile::tempdir().unwrap();
        let set = SubjQa::read(&file(&dir, ROWS)).unwrap();
        let item = |id: &str, reviews: &[usize]| SubjQaItem {
            id: id.into(),
            reviews: reviews.into(),
        };
        assert_eq!(set.items, [item("kettle", &[0, 1, 2]), item("phone", &[3])]);
        let texts: Vec<(usize, &str)> = set
            .reviews
            .iter()
            .map(|review| (review.item, review.text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                (0, "The lid leaks, badly. Never again."),
                (0, "It boils fast, and the lid is tight."),
                (0, "A fine kettle for tea."),
                (1, "The mic is weak, callers complain."),
            ]
        );
        let question = |item, text: &str, answered_by: &[usize], spans: &[&str]| SubjQaQuestion {
            item,
            text: text.into(),
            answered_by: answered_by.into(),
            spans: spans.iter().map(|span| span.to_string()).collect(),
        };
        assert_eq!(
            set.questions,
            [
                question(
                    0,
                    "How is the lid?",
                    &[0, 1],
                    &["The lid leaks", "lid is \"tight"]
                ),
                question(0, "How is the handle?", &[], &[]),
                question(1, "How is the mic?", &[3], &["mic is weak"]),
                question(1, "How is the bass?", &[], &[]),
            ]
        );
        let answerable: Vec<bool> = set.questions.iter().map(SubjQaQuestion::is_answerable).collect();
        assert_eq!(answerable, [true, false, true, false]);
    }

    #[test]
    fn an_error_in_the_file_says_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let headings = ROWS.lines().next().unwrap();
        for (text, expected) in [
            (format!("{headings}\n"), "too little data"),
            (String::new(), "too little data"),
            (ROWS.replace("review_id", "id"), "missing field `review_id`"),
            (format!("{ROWS}electronics,kettle\n"), "line 10 of"),
        ] {
            let message = SubjQa::read(&file(&dir, &text)).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        std::fs::write(dir.path().join("set.csv.gz"), ROWS).unwrap();
        for name in ["set.csv.gz", "absent.csv"] {
            let error = SubjQa::read(&dir.path().join(name)).unwrap_err();
            assert!(matches!(error, EvaluationError::Read { .. }), "{error}");
        }
    }
}
