//! The scores over a set of six rows, computed by hand.

use serde_json::{Value, json};

use super::subjqa::tests::{ROWS, file};
use super::*;
use crate::evaluation::{Failure, RankedDocuments};

/// Ranks an item's reviews from the last to the first, and refuses questions about the handle or the bass.
struct Backwards;

impl Search for Backwards {
    fn rank(&self, _: &str, among: Option<&[usize]>, k: usize) -> Result<Vec<RankedDocuments>, Failure> {
        let mut documents = among.expect("an item's reviews").to_vec();
        documents.reverse();
        assert_eq!(documents.len(), k);
        Ok(vec![RankedDocuments {
            system: "dense",
            documents,
        }])
    }
}

impl Answerer for Backwards {
    fn answer(&self, set: &SubjQa, question: &SubjQaQuestion) -> Result<Vec<Answered>, Failure> {
        let last = *set.items[question.item]
            .reviews
            .last()
            .expect("an item has reviews");
        let answered = |system, text: &str, refused| Answered {
            system,
            text: text.into(),
            refused,
            evidence: vec![set.reviews[last].text.clone()],
        };
        let text = match question.text.as_str() {
            "How is the lid?" => {
                return Ok(vec![
                    answered("extractive", "", true),
                    answered("generated", "A tight lid", false),
                ]);
            }
            "How is the mic?" => "The mic is good",
            _ => "Nobody says",
        };
        let refused = text.starts_with("Nobody");
        Ok(vec![
            answered("extractive", text, refused),
            answered("generated", text, false),
        ])
    }
}

fn set() -> SubjQa {
    let dir = tempfile::tempdir().unwrap();
    SubjQa::read(&file(&dir, ROWS)).unwrap()
}

fn value(result: &Qa) -> Value {
    serde_json::to_value(result).unwrap()
}

#[test]
fn retrieval_is_measured_for_items_with_several_reviews() {
    // The kettle's reviews are ranked 2, 1, 0, and the second answers. The phone has only one review.
    let result = qa(&set(), Half::Both, &Backwards, None).unwrap();
    assert_eq!(
        value(&result),
        json!({
            "half": "both", "questions": 4, "answerable": 2, "ranked": 1,
            "retrieval": {"dense": {"recall@1": 0.0, "recall@5": 1.0, "mrr": 0.5}},
        })
    );
    assert!(
        result
            .to_string()
            .contains("dense           0.0000    1.0000    0.5000"),
        "{result}"
    );
}

#[test]
fn answers_are_scored_as_computed_by_hand() {
    let result = qa(&set(), Half::Both, &Backwards, Some((&Backwards, 100))).unwrap();
    let answers = &value(&result)["answers"];
    assert_eq!(
        (&answers["questions"], &answers["answerable"]),
        (&json!(4), &json!(2))
    );
    let near = |system: &str, expected: [f64; 4]| {
        let names = ["f1", "groundedness", "refusal_precision", "refusal_recall"];
        for (name, expected) in names.iter().zip(expected) {
            let found = answers["systems"][system][name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-12, "{system} {name}: {found}");
        }
    };
    // The mic: two of the answer's three words are among the span's three. The lid was refused wrongly, the other two
    // correctly.
    near("extractive", [(2.0 / 3.0) / 2.0, 2.0 / 3.0, 2.0 / 3.0, 1.0]);
    // F1 of the lid: "tight lid", compared with "lid is tight", is 2 * 2 / (2 + 3). Groundedness: "tight lid" shares no
    // word with "A fine kettle for tea", the mic two of three, and the two answers that should be refusals none.
    let generated = &answers["systems"]["generated"];
    assert_eq!(generated["refusal_precision"], Value::Null);
    assert_eq!(generated["refusal_recall"], json!(0.0));
    assert!((generated["f1"].as_f64().unwrap() - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    assert!((generated["groundedness"].as_f64().unwrap() - (2.0 / 3.0) / 4.0).abs() < 1e-12);
    let table = result.to_string();
    let last = table.lines().last().unwrap_or_default();
    assert!(last.starts_with("generated ") && last.contains("–"), "{table}");
}

#[test]
fn fewer_answers_are_always_the_same_ones() {
    let count = |count| value(&qa(&set(), Half::Both, &Backwards, Some((&Backwards, count))).unwrap());
    assert_eq!(count(3)["answers"]["questions"], json!(3));
    assert_eq!(count(2), count(2));
    assert_eq!(count(0)["answers"]["systems"], json!({}));
}

#[test]
fn a_half_has_only_the_questions_of_its_items() {
    // The SHA-256 of "kettle" begins with an even byte, that of "phone" with an odd one. Each has two questions.
    let result = |half| value(&qa(&set(), half, &Backwards, None).unwrap());
    let (a, b) = (result(Half::A), result(Half::B));
    assert_eq!(
        (&a["half"], &a["questions"], &a["ranked"]),
        (&json!("a"), &json!(2), &json!(1))
    );
    assert_eq!(
        (&b["half"], &b["questions"], &b["ranked"]),
        (&json!("b"), &json!(2), &json!(0))
    );
    assert_eq!(b["retrieval"], json!({}));
}
