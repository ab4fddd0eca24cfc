//! Reads the questions of a shop's customers, with the judgements of the passages that answer them.
//!
//! A folder holds three files, one value a line. Other keys than these are ignored.
//!
//! - `questions.jsonl`: `{"n", "type", "turns", "answerable", "right_products"}`: a number of its own, a kind of
//!   question, the shopper's turns, whether the shop's reviews answer the last turn, and the ids of the products that
//!   it is about
//! - `judgments.jsonl`: `{"n", "text", "grade", "by"}`: a question's number, a passage word for word, its grade, and
//!   who gave it: `read` for a judge who read the passage. Grades that others gave follow from the right products and
//!   are ignored
//! - `unanswerable.txt`: questions that no review answers
//!
//! Errors: a file cannot be read, or a line is invalid.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Grade;
use crate::evaluation::{EvaluationError, lines};

const QUESTION: &str = "{\"n\": number, \"type\": text, \"turns\": [text], \"answerable\": true or false, \
                        \"right_products\": [text]}";
const JUDGEMENT: &str = "{\"n\": number, \"text\": text, \"grade\": 0 to 3, \"by\": text}";
/// The highest grade.
const BEST: Grade = 3;

/// Questions with judgements, and questions that no review answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuestionSet {
    /// The questions, in the order of the file.
    pub questions: Vec<ShopQuestion>,
    /// Further questions that no review answers.
    pub unanswerable: Vec<String>,
    /// The file of `questions`.
    file: PathBuf,
}

/// A question with its judgements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShopQuestion {
    /// Its number, unique.
    pub number: u32,
    /// Its kind, such as `typo`.
    pub kind: String,
    /// The shopper's turns; the last one asks. Never empty.
    pub turns: Vec<String>,
    /// Whether the reviews answer it.
    pub answerable: bool,
    /// The ids of the products that it is about; empty if and only if it is not answerable.
    right_products: BTreeSet<String>,
    /// The grades of the passages that were read, by their text in lower case.
    grades: HashMap<String, Grade>,
    /// Its line in the file.
    line: u64,
}

#[derive(Deserialize)]
struct QuestionLine {
    n: u32,
    r#type: String,
    turns: Vec<String>,
    answerable: bool,
    right_products: BTreeSet<String>,
}

#[derive(Deserialize)]
struct JudgementLine {
    n: u32,
    text: String,
    grade: Grade,
    by: String,
}

impl ShopQuestion {
    /// The grade of a passage: 0 if it is about another product, `None` if nobody has judged it.
    pub(super) fn grade(&self, product: &str, text: &str) -> Option<Grade> {
        match self.right_products.contains(product) {
            true => self.grades.get(&text.to_lowercase()).copied(),
            false => Some(0),
        }
    }

    /// The grades of all judged passages of its products, best first.
    pub(super) fn best_grades(&self) -> Vec<Grade> {
        let mut grades: Vec<Grade> = self.grades.values().copied().collect();
        grades.sort_unstable_by(|a, b| b.cmp(a));
        grades
    }

    fn problem(&self) -> Option<&'static str> {
        if self.turns.is_empty() || self.turns.iter().any(|turn| turn.trim().is_empty()) {
            return Some("a question needs at least one turn, and no turn may be empty");
        }
        (self.answerable == self.right_products.is_empty())
            .then_some("right_products must name the products of an answerable question, and none otherwise")
    }
}

impl QuestionSet {
    /// Reads the set in a folder.
    ///
    /// # Errors
    /// [`EvaluationError::Read`], [`EvaluationError::Line`]; [`EvaluationError::Nothing`] if there is no question.
    pub(crate) fn read(dir: &Path) -> Result<Self, EvaluationError> {
        let file = dir.join("questions.jsonl");
        let mut questions = questions(&file)?;
        if questions.is_empty() {
            return Err(EvaluationError::Nothing {
                path: file,
                wanted: "it needs at least one question",
            });
        }
        add_judgements(&dir.join("judgments.jsonl"), &mut questions)?;
        let unanswerable = lines::lines(&dir.join("unanswerable.txt"))?
            .map(|line| line.map(|(_, text)| text.trim().to_string()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            unanswerable,
            questions,
            file,
        })
    }

    /// Checks that the shop sells every product that a question is about: the set may belong to other reviews.
    ///
    /// # Errors
    /// [`EvaluationError::Line`].
    pub(crate) fn check_products(&self, sells: impl Fn(&str) -> bool) -> Result<(), EvaluationError> {
        let unknown = self.questions.iter().find_map(|question| {
            let unknown = question.right_products.iter().find(|product| !sells(product));
            unknown.map(|product| (question.line, product))
        });
        match unknown {
            Some((line, product)) => Err(EvaluationError::Line {
                path: self.file.clone(),
                line,
                expected: "a question about products of --data",
                problem: format!("no product has the id {product}"),
            }),
            None => Ok(()),
        }
    }
}

fn questions(file: &Path) -> Result<Vec<ShopQuestion>, EvaluationError> {
    let mut lines_of = HashMap::new();
    let mut questions = Vec::new();
    for line in lines::json::<QuestionLine>(file, QUESTION)? {
        let (line, read) = line?;
        let question = ShopQuestion {
            number: read.n,
            kind: read.r#type,
            turns: read.turns,
            answerable: read.answerable,
            right_products: read.right_products,
            grades: HashMap::new(),
            line,
        };
        let earlier = lines_of.insert(question.number, line);
        let problem = earlier.map(|earlier| format!("line {earlier} has the number {} too", question.number));
        if let Some(problem) = problem.or_else(|| question.problem().map(String::from)) {
            return Err(invalid(file, line, QUESTION, problem));
        }
        questions.push(question);
    }
    Ok(questions)
}

fn add_judgements(file: &Path, questions: &mut [ShopQuestion]) -> Result<(), EvaluationError> {
    let positions: HashMap<u32, usize> = (0..)
        .zip(questions.iter())
        .map(|(position, question)| (question.number, position))
        .collect();
    for line in lines::json::<JudgementLine>(file, JUDGEMENT)? {
        let (line, judgement) = line?;
        let JudgementLine { n, text, grade, by } = judgement;
        let problem = |problem| invalid(file, line, JUDGEMENT, problem);
        let position = positions.get(&n);
        let position = *position.ok_or_else(|| problem(format!("no question has the number {n}")))?;
        if grade > BEST {
            return Err(problem(format!("the grade is {grade}")));
        }
        if by != "read" {
            continue;
        }
        let earlier = questions[position].grades.insert(text.to_lowercase(), grade);
        if earlier.is_some_and(|earlier| earlier != grade) {
            return Err(problem("an earlier line gives this passage another grade".into()));
        }
    }
    Ok(())
}

fn invalid(file: &Path, line: u64, expected: &'static str, problem: String) -> EvaluationError {
    EvaluationError::Line {
        path: file.into(),
        line,
        expected,
        problem,
    }
}
