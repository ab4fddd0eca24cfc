//! The commands that measure retrieval and answers, over sets so small that the right figures are known.

use serde_json::{Value, json};

use crate::harness::Setup;
use crate::harness::program::{Outcome, run};

const CORPUS: &str = r#"{"_id": "kettle", "title": "A kettle", "text": "It boils a litre of water in four minutes, and the lid shuts tight."}
{"_id": "phone", "title": "", "text": "The battery lasts for two whole days of talking before it has to be charged."}
{"_id": "shoes", "title": "Shoes", "text": "They are light and run one size small, so order a larger pair."}"#;
const QUERIES: &str = r#"{"_id": "1", "text": "How long does it run on one charge?"}
{"_id": "2", "text": "Which size should I buy?"}"#;
const JUDGEMENTS: &str = "query-id\tcorpus-id\tscore\n1\tphone\t1\n2\tshoes\t2\n2\tkettle\t0\n";

const QUESTIONS: &str = "\
item_id,q_reviews_id,question,review_id,review,human_ans_spans
mixer,1,How long does the battery last?,r1,It came in a box of brown paper on a Tuesday. ANSWERNOTFOUND,ANSWERNOTFOUND
mixer,1,How long does the battery last?,r2,\"The battery lasts two whole days, really. ANSWERNOTFOUND\",battery lasts two whole days
mixer,2,What is the capital of France?,r1,It came in a box of brown paper on a Tuesday. ANSWERNOTFOUND,ANSWERNOTFOUND
phone,3,Is the screen bright?,r1,\"The screen is bright, even in the sun. ANSWERNOTFOUND\",The screen is bright
";

fn json_of(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    serde_json::from_str(&outcome.out).expect("JSON")
}

#[test]
fn a_collection_is_searched_and_scored() {
    let setup = Setup::new();
    let dir = setup.home().join("collection");
    std::fs::create_dir_all(dir.join("qrels")).expect("a folder");
    for (name, text) in [
        ("corpus.jsonl", CORPUS),
        ("queries.jsonl", QUERIES),
        ("qrels/test.tsv", JUDGEMENTS),
    ] {
        std::fs::write(dir.join(name), text).expect("a file");
    }
    let words = ["eval", "beir", dir.to_str().expect("a path that is text")];
    let result = json_of(&run(setup.words(&[&words[..], &["--json"]].concat())));
    let all = json!({"ndcg@10": 1.0, "recall@10": 1.0, "recall@100": 1.0, "mrr@10": 1.0});
    assert_eq!(result["dense"], all);

    let outcome = run(setup.words(&words));
    assert!(
        outcome.out.starts_with("2 queries over 3 documents\n"),
        "{outcome:?}"
    );

    std::fs::write(
        dir.join("qrels/test.tsv"),
        "query-id\tcorpus-id\tscore\n1\tphone\n",
    )
    .expect("a file");
    let outcome = run(setup.words(&words));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.log.contains("line 2 of"), "{outcome:?}");
}

#[test]
fn questions_are_ranked_answered_and_refused() {
    let setup = Setup::new();
    let file = setup.home().join("questions.csv");
    std::fs::write(&file, QUESTIONS).expect("a file");
    let words = [
        "eval",
        "qa",
        file.to_str().expect("a path that is text"),
        "--json",
    ];
    let result = json_of(&run(setup.words(&[&words[..], &["--answers", "10"]].concat())));
    assert_eq!(
        [&result["questions"], &result["answerable"], &result["ranked"]],
        [&json!(3), &json!(2), &json!(1)]
    );
    let first = json!({"recall@1": 1.0, "recall@5": 1.0, "mrr": 1.0});
    for system in ["dense", "lexical", "fused", "stratified", "served"] {
        assert_eq!(result["retrieval"][system], first, "{system}");
    }
    let answers = &result["answers"];
    assert_eq!(answers["questions"], 3);
    for system in ["extractive", "generated"] {
        let figure = |name: &str| {
            let figure = answers["systems"][system][name].as_f64();
            figure.unwrap_or_else(|| panic!("{system} has no {name}: {answers}"))
        };
        assert!(figure("f1") > 0.3, "{answers}");
        assert!(figure("groundedness") > 0.3, "{answers}");
        assert_eq!(
            (figure("refusal_precision"), figure("refusal_recall")),
            (1.0, 1.0)
        );
    }
    assert_eq!(answers["systems"]["extractive"]["groundedness"], 1.0);

    // The mixer is in the first half, the phone in the second; without --answers nobody answers.
    let result = json_of(&run(setup.words(&[&words[..], &["--half", "b"]].concat())));
    assert_eq!((&result["questions"], &result["ranked"]), (&json!(1), &json!(0)));
    assert_eq!(result.get("answers"), None);

    let outcome = run(setup.words(&[&words[..], &["--half", "c"]].concat()));
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.log.contains("possible values: a, b, both"), "{outcome:?}");
}

#[test]
fn what_cannot_be_read_is_said_once_with_its_cause() {
    let setup = Setup::new();
    let file = setup.home().join("nowhere.jsonl");
    let outcome = run(setup.words(&["eval", "sts", file.to_str().expect("a path that is text")]));
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.log.contains("nowhere.jsonl cannot be read"),
        "{outcome:?}"
    );
    assert_eq!(outcome.log.matches("No such file").count(), 1, "{outcome:?}");
}
