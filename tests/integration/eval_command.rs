//! The commands that measure retrieval and answers, with sets so small that the correct figures are known.

use serde_json::{Value, json};

use crate::harness::json::{fields, list, number};
use crate::harness::{Setup, project_file};

/// Id, title and text.
const CORPUS: [(&str, &str, &str); 3] = [
    (
        "kettle",
        "A kettle",
        "It boils a litre of water in four minutes, and the lid shuts tight.",
    ),
    (
        "phone",
        "",
        "The battery lasts for two whole days of talking before it has to be charged.",
    ),
    (
        "shoes",
        "Shoes",
        "They are light and run one size small, so order a larger pair.",
    ),
];
const QUERIES: &str = r#"{"_id": "1", "text": "How long does it run on one charge?"}
{"_id": "2", "text": "Which size should I buy?"}"#;
const JUDGEMENTS: &str = "query-id\tcorpus-id\tscore\n1\tphone\t1\n2\tshoes\t2\n2\tkettle\t0\n";

const QUESTIONS: &str = "\
item_id,q_reviews_id,question,review_id,review,human_ans_spans
mixer,1,How long does the battery last?,r1,It came in a box of brown paper on a Tuesday. ANSWERNOTFOUND,ANSWERNOTFOUND
mixer,1,How long does the battery last?,r2,\"The battery lasts two whole days, really. ANSWERNOTFOUND\",\
    battery lasts two whole days
mixer,2,What is the capital of France?,r1,It came in a box of brown paper on a Tuesday. ANSWERNOTFOUND,ANSWERNOTFOUND
phone,3,Is the screen bright?,r1,\"The screen is bright, even in the sun. ANSWERNOTFOUND\",The screen is bright
";

#[test]
fn a_collection_is_searched_and_scored() {
    let setup = Setup::new();
    let corpus = CORPUS.map(|(id, title, text)| json!({"_id": id, "title": title, "text": text}).to_string());
    setup.write("collection/corpus.jsonl", corpus.join("\n"));
    setup.write("collection/queries.jsonl", QUERIES);
    setup.write("collection/qrels/test.tsv", JUDGEMENTS);
    let dir = setup.home().join("collection").display().to_string();
    let result = setup.run(&["eval", "beir", &dir, "--json"]).json();
    let all = json!({"ndcg@10": 1.0, "recall@10": 1.0, "recall@100": 1.0, "mrr@10": 1.0});
    assert_eq!(result["dense"], all);

    let outcome = setup.run(&["eval", "beir", &dir]);
    assert!(
        outcome.out.starts_with("2 queries over 3 documents\n"),
        "{outcome:?}"
    );

    setup.write(
        "collection/qrels/test.tsv",
        "query-id\tcorpus-id\tscore\n1\tphone\n",
    );
    setup.run(&["eval", "beir", &dir]).assert_failed(1, "line 2 of");
}

#[test]
fn questions_are_ranked_answered_and_refused() {
    let setup = Setup::plain();
    let file = setup.write("questions.csv", QUESTIONS);
    let run = |option: [&str; 2]| setup.run(&[&["eval", "qa", &file, "--json"][..], &option].concat());
    let result = run(["--answer", "10"]).json();
    let counts = ["questions", "answerable", "ranked"].map(|name| number(&result[name]));
    assert_eq!(counts, [3.0, 2.0, 1.0]);
    let first = json!({"recall@1": 1.0, "recall@5": 1.0, "mrr": 1.0});
    for system in ["dense", "lexical", "scored", "selected", "served"] {
        assert_eq!(result["retrieval"][system], first, "{system}");
    }
    let answers = &result["answers"];
    assert_eq!(answers["questions"], 3);
    for system in ["extractive", "generated"] {
        let figure = |name: &str| number(&answers["systems"][system][name]);
        assert!(
            figure("f1") > 0.3 && figure("groundedness") > 0.3,
            "{system}: {answers}"
        );
        assert_eq!(
            (figure("refusal_precision"), figure("refusal_recall")),
            (1.0, 1.0),
            "{system}"
        );
    }
    assert_eq!(answers["systems"]["extractive"]["groundedness"], 1.0);

    // The mixer is in the first half, the phone in the second; without --answer, no question is answered.
    let result = run(["--half", "b"]).json();
    assert_eq!((&result["questions"], &result["ranked"]), (&json!(1), &json!(0)));
    assert_eq!(result.get("answers"), None);
    run(["--half", "c"]).assert_failed(2, "possible values: a, b, both");
}

/// The floors are below what the search reaches, so that they find a fault and not a rounding difference.
#[test]
fn questions_of_shoppers_find_quotes_that_answer_them() {
    let setup = Setup::new();
    let setup = setup.with_data(&project_file("data/flipkart_product_review.csv"));
    let dir = project_file("tests/data/retrieval").display().to_string();
    let result = setup
        .run(&["eval", "retrieval", &dir, "--json", "--verbose"])
        .json();
    let total = |name: &str| number(&result["total"][name]);

    let of_types: f64 = fields(&result["types"])
        .map(|(_, scores)| number(&scores["questions"]))
        .sum();
    assert_eq!((total("questions"), of_types), (60.0, 60.0));
    assert_eq!(result["silent"], json!({"questions": 0, "refused": 0}));
    assert_eq!(result["unanswerable"]["questions"], 12);
    let questions = list(&result["questions"]);
    assert_eq!(questions.len(), 72);

    let is_unjudged = |question: &&Value| {
        let mut quotes = list(&question["quotes"]).iter();
        quotes.any(|quote| quote["grade"].is_null())
    };
    let unjudged: Vec<&Value> = questions.iter().filter(is_unjudged).collect();
    assert!(
        unjudged.is_empty(),
        "judge these quotes in tests/data/retrieval/judgments.jsonl: {unjudged:#?}"
    );
    assert_eq!((total("unjudged@5"), total("refused")), (0.0, 0.0), "{result}");
    assert!(
        total("useful@1") >= 0.88 && total("ndcg@5") >= 0.67,
        "{}",
        result["total"]
    );
    assert!(
        total("off@1") <= 0.02 && total("off@5") <= 0.03,
        "{}",
        result["total"]
    );
    assert!(
        number(&result["unanswerable"]["refused"]) >= 8.0,
        "{}",
        result["unanswerable"]
    );

    let summary = setup.run(&["eval", "retrieval", &dir]).succeeded().out;
    assert!(
        summary.starts_with("type ") && summary.contains("refused, of the unanswerable questions:"),
        "{summary}"
    );
    // The small shop sells none of these products.
    Setup::new()
        .run(&["eval", "retrieval", &dir])
        .assert_failed(1, "line 1 of");
}

/// The floors are below what is reached, so that they find a fault and not a rounding difference.
#[test]
fn opinions_are_what_people_read_out_of_the_same_reviews() {
    let setup = Setup::new();
    let setup = setup.with_data(&project_file("data/flipkart_product_review.csv"));
    let dir = project_file("tests/data/opinions").display().to_string();
    let result = setup.run(&["eval", "opinions", &dir, "--json"]).json();
    assert_eq!(
        result["laptop_aspects"],
        Value::Null,
        "the folder has no such file"
    );
    let facts = &list(&result["facts"])[0];
    assert_eq!(
        (&facts["reviews"], &facts["opinions"]),
        (&json!(135), &json!(344))
    );
    let score = |name: &str| number(&facts[name]);
    assert!(score("real") >= 0.68 && score("found") >= 0.44, "{facts}");
    assert!(score("names_real") >= 0.7, "{facts}");
    let clear = list(&facts["curve"])
        .iter()
        .map(|clear| ["log_odds", "right", "facts_right", "recall"].map(|name| number(&clear[name])));
    let clear: Vec<[f64; 4]> = clear.filter(|clear| (1.3..1.5).contains(&clear[0])).collect();
    let [[_, right, facts_right, recall]] = clear[..] else {
        panic!("what is called clear has one line: {facts}");
    };
    assert!(right >= 0.8 && facts_right >= 0.53 && recall >= 0.12, "{facts}");

    let table = setup.run(&["eval", "opinions", &dir]).succeeded().out;
    assert!(
        table.starts_with("tone ") && table.contains("gold_included.txt: 135 reviews, 344 opinions"),
        "{table}"
    );
    // They are labels of other reviews than the small shop's.
    let none = Setup::new().run(&["eval", "opinions", &dir, "--json"]).json();
    assert_eq!(none["facts"], json!([]));
}

#[test]
fn an_unreadable_file_is_reported_once_with_the_cause() {
    let setup = Setup::new();
    let file = setup.home().join("nowhere.jsonl").display().to_string();
    let outcome = setup.run(&["eval", "sts", &file]);
    outcome.assert_failed(1, "nowhere.jsonl cannot be read");
    assert_eq!(outcome.log.matches("No such file").count(), 1, "{outcome:?}");
}
