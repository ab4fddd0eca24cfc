//! A set so small that its scores are computed by hand, and the set in this repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::reviews;

const QUESTIONS: &str = r#"
{"n": 1, "type": "named", "turns": ["does the kettle leak"], "answerable": true, "right_products": ["K1", "K2"]}

{"n": 2, "type": "followup", "turns": ["kettle", "and the cord?"], "answerable": true, "right_products": ["K1"]}
{"n": 4, "type": "named", "turns": ["is the kettle safe"], "answerable": true, "right_products": ["K1"]}
{"n": 7, "type": "named", "turns": ["kettle noise"], "answerable": true, "right_products": ["K1"], "split": "dev"}
{"n": 9, "type": "none", "turns": ["lawn mower"], "answerable": false, "right_products": []}"#;
const JUDGEMENTS: &str = r#"
{"n": 1, "product_id": "K1", "review": 3, "start": 0, "text": "It leaks.", "grade": 3, "by": "read"}
{"n": 1, "text": "The lid is loose.", "grade": 2, "by": "read"}
{"n": 1, "text": "Nice colour.", "grade": 0, "by": "product"}
{"n": 2, "text": "The cord is short.", "grade": 3, "by": "read"}
{"n": 4, "text": "No shock in a year.", "grade": 2, "by": "read"}
{"n": 7, "text": "It boils fast.", "grade": 1, "by": "read"}"#;
const UNANSWERABLE: &str = "tell me a joke\n\nlawn mower\n";

fn folder(questions: &str, judgements: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("questions.jsonl", questions),
        ("judgments.jsonl", judgements),
        ("unanswerable.txt", UNANSWERABLE),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn read(dir: &Path) -> QuestionSet {
    QuestionSet::read(dir).unwrap()
}

/// Quotes by the last turn.
struct Fixed;

impl QuoteSearch for Fixed {
    fn quotes(&self, turns: &[String]) -> Result<Vec<Quoted>, Failure> {
        let quotes: &[(&str, &str)] = match turns.last().unwrap().as_str() {
            // Grades 2, 0 (another product, whatever its text says), none.
            "does the kettle leak" => &[
                ("K2", "THE LID IS LOOSE."),
                ("P1", "It leaks."),
                ("K1", "Nice colour."),
            ],
            "and the cord?" => {
                assert_eq!(turns.len(), 2);
                &[("P1", "The cord is short.")]
            }
            "lawn mower" => &[("K1", "It boils fast.")],
            "broken" => return Err("the index is broken".into()),
            _ => &[],
        };
        let quoted = |&(product, text): &(&str, &str)| Quoted {
            product: product.into(),
            text: text.into(),
        };
        Ok(quotes.iter().map(quoted).collect())
    }
}

#[test]
fn a_small_set_is_scored_as_computed_by_hand() {
    let dir = folder(QUESTIONS, JUDGEMENTS);
    let result = shop(&read(dir.path()), &Fixed).unwrap();
    let value = serde_json::to_value(result.clone().summary()).unwrap();
    // Question 1: gains 3, 0 and 1 at ranks 1 to 3: 3 + 1 / 2; the best list is 7 + 3 / log2(3). Question 4 is refused.
    let ndcg = 3.5 / (7.0 + 3.0 / 1.584_962_500_721_156);
    let scores = |questions: usize, means: [f64; 6], refused: usize| {
        json!({
            "questions": questions, "useful@1": means[0], "useful@5": means[1], "ndcg@5": means[2],
            "off@1": means[3], "off@5": means[4], "unjudged@5": means[5], "refused": refused,
        })
    };
    let third = 1.0 / 3.0;
    assert_eq!(
        value,
        json!({
            "total": scores(3, [third, third / 3.0, ndcg / 3.0, third, (third + 1.0) / 3.0, 0.2 / 3.0], 1),
            "types": {
                "named": scores(2, [0.5, third / 2.0, ndcg / 2.0, 0.0, third / 2.0, 0.1], 1),
                "followup": scores(1, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0], 0),
            },
            // Question 7 has no useful passage.
            "silent": {"questions": 1, "refused": 1},
            "unanswerable": {"questions": 3, "refused": 1},
        })
    );
    let text = result.to_string();
    for line in [
        "1 named: does the kettle leak",
        "  2 K2: THE LID IS LOOSE.",
        "  ? K1: Nice colour.",
        "2 followup: kettle → and the cord?",
        "unanswerable: tell me a joke",
        "  refused",
        "refused, of the unanswerable questions: 1 of 3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?}: {text}");
    }
    assert!(
        !result.summary().to_string().contains("kettle"),
        "the summary has no questions"
    );
}

#[test]
fn an_error_names_the_file_and_the_line() {
    for (questions, judgements, expected) in [
        (
            r#"{"n": 1, "type": "named"}"#,
            "",
            ["line 1 of", "questions.jsonl", "`turns`"],
        ),
        (
            r#"{"n": 1, "type": "a", "turns": [" "], "answerable": false, "right_products": []}"#,
            "",
            ["line 1 of", "questions.jsonl", "no turn may be empty"],
        ),
        (
            r#"{"n": 1, "type": "a", "turns": ["b"], "answerable": true, "right_products": []}"#,
            "",
            ["line 1 of", "questions.jsonl", "right_products must name"],
        ),
        ("", "", ["too little data", "questions.jsonl", "one question"]),
        (
            QUESTIONS,
            "\n{\"n\": 3, \"text\": \"a\", \"grade\": 1, \"by\": \"read\"}",
            ["line 2 of", "judgments.jsonl", "no question has the number 3"],
        ),
        (
            QUESTIONS,
            r#"{"n": 1, "text": "a", "grade": 4, "by": "read"}"#,
            ["line 1 of", "judgments.jsonl", "the grade is 4"],
        ),
        (
            QUESTIONS,
            r#"{"n": 1, "text": "a", "grade": 1, "by": "read"}
{"n": 1, "text": "A", "grade": 2, "by": "read"}"#,
            ["line 2 of", "judgments.jsonl", "another grade"],
        ),
    ] {
        let dir = folder(questions, judgements);
        let message = QuestionSet::read(dir.path()).unwrap_err().to_string();
        assert!(expected.iter().all(|part| message.contains(part)), "{message}");
    }
    let twice = format!("{QUESTIONS}\n{}", QUESTIONS.lines().nth(1).unwrap());
    let dir = folder(&twice, "");
    let message = QuestionSet::read(dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("line 8 of") && message.contains("line 2 has the number 1 too"),
        "{message}"
    );
    std::fs::remove_file(dir.path().join("questions.jsonl")).unwrap();
    let message = QuestionSet::read(dir.path()).unwrap_err().to_string();
    assert!(message.contains("questions.jsonl cannot be read"), "{message}");
}

#[test]
fn a_set_of_another_shop_is_refused() {
    let dir = folder(QUESTIONS, JUDGEMENTS);
    let set = read(dir.path());
    set.check_products(|product| product.starts_with('K')).unwrap();
    let message = set
        .check_products(|product| product == "K1")
        .unwrap_err()
        .to_string();
    for part in ["line 2 of", "questions.jsonl", "no product has the id K2"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_error_of_the_search_names_the_question() {
    let dir = folder(&QUESTIONS.replace("kettle noise", "broken"), JUDGEMENTS);
    let message = shop(&read(dir.path()), &Fixed).unwrap_err().to_string();
    assert!(
        message.contains("“broken”") && message.contains("the index is broken"),
        "{message}"
    );
}

/// A file of the project.
fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_set_in_the_repository_has_enough_questions_of_each_type() {
    let set = read(&project_file("tests/data/retrieval"));
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    let mut texts = BTreeSet::new();
    for question in &set.questions {
        *types.entry(&question.kind).or_default() += 1;
        assert!(
            texts.insert(question.turns.join("\n")),
            "asked twice: {question:?}"
        );
        assert_eq!(
            question.turns.len() > 1,
            question.kind == "followup",
            "{question:?}"
        );
        assert!(
            question.best_grades().first().is_some_and(|&best| best == 3),
            "{question:?}"
        );
    }
    assert_eq!((set.questions.len(), set.unanswerable.len()), (60, 12));
    assert_eq!(types.len(), 10);
    assert!(types.values().all(|&questions| questions >= 4), "{types:?}");
}

#[test]
fn the_set_in_the_repository_judges_passages_of_right_products() {
    let file = project_file("data/flipkart_product_review.csv");
    let sources = reviews::Sources {
        data: &[file],
        catalogue: None,
    };
    let (corpus, _) = reviews::load(sources, &reviews::ReadingOptions::default()).unwrap();
    let key = |passage: &reviews::Passage| {
        let review = &corpus.reviews[passage.review.0 as usize];
        let start = review.text[..passage.start as usize].chars().count();
        let product = corpus.products[review.product.0 as usize].key.clone();
        (
            passage.review.0,
            start,
            product,
            passage.text(&corpus).to_string(),
        )
    };
    let passages: BTreeSet<_> = reviews::passages(&corpus).iter().map(key).collect();
    let dir = project_file("tests/data/retrieval");
    let judgements = std::fs::read_to_string(dir.join("judgments.jsonl")).unwrap();
    let set = read(&dir);
    set.check_products(|product| corpus.products.iter().any(|sold| sold.key == product))
        .unwrap();
    for line in judgements.lines() {
        let judgement: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| usize::try_from(judgement[name].as_u64().unwrap()).unwrap();
        let text = |name: &str| judgement[name].as_str().unwrap().to_string();
        let passage = (
            u32::try_from(number("review")).unwrap(),
            number("start"),
            text("product_id"),
            text("text"),
        );
        assert!(passages.contains(&passage), "not a passage: {line}");
        let asked = set
            .questions
            .iter()
            .find(|question| question.number as usize == number("n"));
        let grade = asked.unwrap().grade(&passage.2, &passage.3);
        assert!(
            grade.is_some_and(|grade| grade > 0),
            "not of a right product: {line}"
        );
    }
}
