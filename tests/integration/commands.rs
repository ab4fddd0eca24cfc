//! The commands beside `serve`, run as a person would.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use crate::harness::program::{Outcome, run};
use crate::harness::{Setup, shop};

/// Runs a command with a setup's settings.
fn with(setup: &Setup, command: &[&str]) -> Outcome {
    run(setup.words(command))
}

#[test]
fn ask_prints_an_answer_and_its_sources() {
    let setup = Setup::shallow(8);
    let outcome = with(&setup, &["ask", shop::QUESTION]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let (answer, sources) = outcome.out.split_once("From the reviews:").expect("sources");
    assert!(!answer.trim().is_empty(), "{outcome:?}");
    assert!(
        sources.contains("[1] Velto Aria Headphones, 5 of 5 stars") && sources.contains("38 hours"),
        "{sources}"
    );
    assert!(sources.contains("tokens a second"), "{sources}");

    let outcome = with(&setup, &["ask", " "]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.log.contains("The question is empty."), "{outcome:?}");
}

#[test]
fn index_leaves_nothing_to_embed() {
    let setup = Setup::shallow(4);
    let outcome = with(&setup, &["index"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.out.starts_with("24 reviews of 7 products are indexed"),
        "{outcome:?}"
    );
    let server = setup.ready();
    assert_eq!(
        server
            .logged("message", "The index was read from its snapshot.")
            .len(),
        2,
        "{:#?}",
        server.log()
    );
    assert_eq!(
        crate::harness::metrics_text::Scrape::of(&server).value("embedding_texts_total"),
        1.0,
        "the self-test's text and no other"
    );
}

#[test]
fn doctor_says_what_is_wrong() {
    let setup = Setup::new();
    let good = with(&setup, &["doctor", "--listen", "127.0.0.1:0"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert_eq!(
        good.out.lines().filter(|line| line.starts_with("ok ")).count(),
        8,
        "{}",
        good.out
    );

    let empty = setup.home().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let empty = empty.to_str().expect("a path that is text");
    for (flag, value, complaint) in [
        ("--models", empty, "chat model"),
        ("--data", "nowhere.csv", "nowhere.csv"),
        ("--threads", "1000", "1000 threads"),
        ("--chat-model", "nowhere.gguf", "nowhere.gguf"),
    ] {
        let outcome = run(["doctor", "--listen", "127.0.0.1:0", flag, value]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let wrong = outcome
            .out
            .lines()
            .find(|line| line.starts_with("WRONG") && line.contains(complaint));
        assert!(wrong.is_some(), "{complaint}: {}", outcome.out);
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("bound").to_string();
    let outcome = with(&setup, &["doctor", "--listen", &taken]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.out.contains(&format!("WRONG  port: {taken}")),
        "{}",
        outcome.out
    );
}

#[test]
fn a_port_that_is_taken_ends_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let outcome = with(&Setup::new(), &["serve", "--listen", &address]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.log.contains(&address), "{outcome:?}");
}

#[test]
fn settings_that_cannot_be_used_are_named_all_at_once() {
    let outcome = run([
        "serve",
        "--threads",
        "0",
        "--max-tokens",
        "0",
        "--column",
        "nonsense",
    ]);
    assert_eq!(outcome.code, Some(2));
    for part in ["threads must be", "max-tokens must be", "column: "] {
        assert!(outcome.log.contains(part), "{outcome:?}");
    }
    for words in [
        &["serve", "--no-such-flag"][..],
        &["serve", "--listen", "nowhere"],
        &["serve", "--config", "nowhere.toml"],
        &["bake"],
    ] {
        assert_eq!(run(words).code, Some(2), "{words:?}");
    }
}

#[test]
fn the_embedding_model_agrees_with_people() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/eval/stsb/test.jsonl");
    let pairs = if file.exists() {
        file
    } else {
        println!(
            "{} is not there: the measurement is made on a few pairs only.",
            file.display()
        );
        few_pairs()
    };
    let pairs = pairs.to_str().expect("a path that is text");
    let outcome = with(&Setup::new(), &["eval", "sts", pairs, "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let result: Value = serde_json::from_str(&outcome.out).expect("JSON");
    assert!(
        result["spearman"]
            .as_f64()
            .is_some_and(|spearman| spearman >= 0.815),
        "{result}"
    );
    assert!(
        result["pairs"].as_u64().is_some_and(|pairs| pairs >= 5),
        "{result}"
    );
}

#[test]
fn the_index_finds_what_an_exact_scan_finds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let real = root.join("../shared/data/flipkart_product_review.csv");
    let data = if real.exists() {
        real
    } else {
        println!("{} is not there: the shipped reviews are taken.", real.display());
        root.join("data/flipkart_product_review.csv")
    };
    let outcome = with(&Setup::new().with_data(&data), &["eval", "recall", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let result: Value = serde_json::from_str(&outcome.out).expect("JSON");
    assert!(
        result["recall"].as_f64().is_some_and(|recall| recall >= 0.98),
        "{result}"
    );
    assert_eq!(result["k"], 10);
}

/// Five pairs of sentences, from the same to strangers, where the public set is not at hand.
fn few_pairs() -> std::path::PathBuf {
    let pairs = [
        (
            "The kettle boils water fast.",
            "The kettle boils water quickly.",
            5.0,
        ),
        (
            "A man plays a guitar on stage.",
            "A man plays a musical instrument on stage.",
            4.0,
        ),
        (
            "The phone's battery lasts a day.",
            "The phone's screen is bright.",
            2.0,
        ),
        (
            "A dog runs on the beach.",
            "A child walks a dog in the park.",
            1.5,
        ),
        (
            "The shoes run one size small.",
            "Parliament voted on the budget.",
            0.0,
        ),
    ];
    let lines: String = pairs
        .iter()
        .map(|(s1, s2, score)| format!("{}\n", serde_json::json!({"s1": s1, "s2": s2, "score": score})))
        .collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pairs.jsonl");
    std::fs::write(&path, lines).expect("a folder that can be written to");
    path
}
