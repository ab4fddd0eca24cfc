//! The commands beside `serve`, run as a person runs them.

use std::net::TcpListener;

use serde_json::json;

use crate::harness::json::number;
use crate::harness::metrics_text::Scrape;
use crate::harness::program::run;
use crate::harness::{Setup, project_file, shared_file, shop};

#[test]
fn ask_prints_an_answer_and_its_sources() {
    let setup = Setup::shallow(8);
    let outcome = setup.run(&["ask", shop::QUESTION]).succeeded();
    let (answer, sources) = outcome.out.split_once("From the reviews:").expect("sources");
    assert!(!answer.trim().is_empty(), "{outcome:?}");
    for part in [
        "[1] Velto Aria Headphones, 5 of 5 stars",
        "38 hours",
        "tokens a second",
    ] {
        assert!(sources.contains(part), "{part} is not in {sources}");
    }
    setup
        .run(&["ask", " "])
        .assert_failed(1, "The question is empty.");
}

#[test]
fn index_leaves_nothing_to_embed() {
    let setup = Setup::shallow(4);
    let outcome = setup.run(&["index"]).succeeded();
    assert!(
        outcome.out.starts_with("24 reviews of 7 products are indexed"),
        "{outcome:?}"
    );
    let server = setup.ready();
    let read = server.logged("message", "The index was read from its snapshot.");
    assert_eq!(read.len(), 3, "{:#?}", server.log());
    let embedded = Scrape::of(&server).value("embedding_texts_total");
    assert_eq!(embedded, 1.0, "the self-test's text and no other");
}

#[test]
fn doctor_finds_each_fault() {
    let setup = Setup::new();
    let good = setup.run(&["doctor", "--listen", "127.0.0.1:0"]).succeeded();
    assert_eq!(
        good.out.lines().filter(|line| line.starts_with("ok ")).count(),
        8,
        "{}",
        good.out
    );

    let empty = setup.home().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let empty = empty.display().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("bound").to_string();
    let port = format!("port: {taken}");
    for (arguments, complaint) in [
        (["--models", &empty], "chat model"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--threads", "1000"], "1000 threads"),
        (["--chat-model", "nowhere.gguf"], "nowhere.gguf"),
        (["--listen", &taken], port.as_str()),
    ] {
        let outcome = match arguments[0] {
            "--listen" => setup.run(&["doctor", arguments[0], arguments[1]]),
            _ => run([&["doctor", "--listen", "127.0.0.1:0"][..], &arguments].concat()),
        };
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let mut wrong = outcome.out.lines().filter(|line| line.starts_with("WRONG"));
        assert!(
            wrong.any(|line| line.contains(complaint)),
            "{complaint}: {}",
            outcome.out
        );
    }
}

#[test]
fn doctor_and_a_dry_run_say_what_was_understood_of_a_file() {
    let setup = Setup::new();
    let data = project_file("tests/data/files/22-semicolons.csv");
    let path = data.display().to_string();
    let report = setup
        .with_data(&data)
        .run(&["doctor", "--json", "--listen", "127.0.0.1:0"])
        .json();
    assert_eq!(
        (&report["format"], &report["rows"], &report["kept"]),
        (&json!("csv"), &json!(6), &json!(6))
    );
    assert_eq!(
        (&report["scale"], &report["currency"], &report["products"]),
        (&json!("5"), &json!("INR"), &json!(3))
    );
    assert_eq!(
        (&report["columns"]["review"], &report["found_by"]["review"]),
        (&json!("review"), &json!("name"))
    );
    assert_eq!((&report["dropped"], &report["error"]), (&json!({}), &json!(null)));
    let file = &report["files"][0];
    assert_eq!(
        (&file["separator"], &file["encoding"], &file["header"]),
        (&json!(";"), &json!("UTF-8"), &json!(1))
    );
    assert_eq!(report["sample"][0]["price"], 1499);
    assert_eq!(report["checks"]["reviews"]["ok"], true);

    let dry = run(["index", "--dry-run", "--data", &path]).succeeded();
    for part in [
        "separated by ;",
        "6 rows, 6 reviews of 3 products",
        "product_title",
        "Tarvo Steel Kettle | 5 stars",
    ] {
        assert!(dry.out.contains(part), "{part}: {}", dry.out);
    }
    let scale = project_file("tests/data/files/11-scale-of-ten.csv")
        .display()
        .to_string();
    let refused = run(["index", "--dry-run", "--data", &scale]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("--rating-scale 10"), "{refused:?}");
    run(["index", "--dry-run", "--data", &scale, "--rating-scale", "10"]).succeeded();
}

#[test]
fn a_file_that_a_library_panics_over_ends_the_start_with_a_sentence() {
    let damaged = project_file("tests/data/files/m63.parquet");
    let setup = Setup::new().with_data(&damaged);
    let outcome = setup.run(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let lines: Vec<serde_json::Value> = outcome
        .log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} is not JSON")))
        .collect();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{}", outcome.log);
    assert!(errors[0].to_string().contains("m63.parquet"), "{}", outcome.log);
}

#[test]
fn a_port_that_is_taken_ends_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    Setup::new()
        .run(&["serve", "--listen", &address])
        .assert_failed(1, &address);
}

#[test]
fn invalid_settings_are_all_named_at_once() {
    let outcome = run("serve --threads 0 --max-tokens 0 --column nonsense".split(' '));
    for part in ["threads must be", "max-tokens must be", "column: "] {
        outcome.assert_failed(2, part);
    }
    for line in [
        "serve --no-such-flag",
        "serve --listen nowhere",
        "serve --config nowhere.toml",
        "bake",
    ] {
        assert_eq!(run(line.split(' ')).code, Some(2), "{line:?}");
    }
}

#[test]
fn similarities_of_the_embedding_model_correlate_with_peoples() {
    let setup = Setup::new();
    let public = shared_file("eval/stsb/test.jsonl").map(|file| file.display().to_string());
    let pairs = public.unwrap_or_else(|| setup.write("pairs.jsonl", few_pairs()));
    let result = setup.run(&["eval", "sts", &pairs, "--json"]).json();
    assert!(number(&result["spearman"]) >= 0.815, "{result}");
    assert!(number(&result["pairs"]) >= 5.0, "{result}");
}

#[test]
fn the_index_finds_the_passages_of_an_exact_scan() {
    let real = shared_file("data/flipkart_product_review.csv");
    let data = real.unwrap_or_else(|| project_file("data/flipkart_product_review.csv"));
    let result = Setup::new()
        .with_data(&data)
        .run(&["eval", "recall", "--json"])
        .json();
    assert!(number(&result["recall"]) >= 0.98, "{result}");
    assert_eq!(result["k"], 10);
}

/// Five pairs of sentences, from the same meaning to unrelated, for machines without the public set.
fn few_pairs() -> String {
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
    let lines = pairs.map(|(s1, s2, score)| format!("{}\n", json!({"s1": s1, "s2": s2, "score": score})));
    lines.concat()
}
