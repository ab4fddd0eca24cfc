//! The commands that measure the chat model: their figures are of the right things and hang together.

use std::path::Path;

use serde_json::Value;

use crate::harness::Setup;
use crate::harness::program::{Outcome, run};

/// `bench` with the shallow model and few tokens.
fn bench(words: &[&str]) -> Outcome {
    let command = [&["bench", "--threads", "2", "--repetitions", "3"], words].concat();
    run(Setup::shallow(1).words(&command))
}

#[test]
fn bench_tells_of_each_measurement_in_the_words_of_llama_bench() {
    let outcome = bench(&[
        "--json",
        "--prompt",
        "40",
        "--generate",
        "5",
        "--depth",
        "20",
        "--batch",
        "16",
        "--first-token",
        "50",
        "--users",
        "3",
        "--user-prompt",
        "33",
        "--user-generate",
        "6",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let rows: Vec<Value> = serde_json::from_str(&outcome.out).expect("an array in JSON");
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"));
    let told: Vec<(&str, [u64; 4])> = rows
        .iter()
        .map(|row| {
            let counts = ["n_prompt", "n_gen", "n_depth", "n_users"].map(|name| number(row, name) as u64);
            (row["test"].as_str().expect("a name"), counts)
        })
        .collect();
    let expected = [
        ("prefill", [40, 0, 20, 1]),
        ("decode", [0, 5, 20, 1]),
        ("first_token", [50, 1, 0, 1]),
        ("users", [33, 6, 0, 3]),
    ];
    assert_eq!(told, expected);

    for (row, tokens) in rows.iter().zip([40.0, 5.0, 50.0, 117.0]) {
        assert_eq!(number(row, "n_threads"), 2.0);
        assert_eq!(number(row, "n_batch"), 16.0);
        assert!(
            row["model_type"]
                .as_str()
                .is_some_and(|model| model.starts_with("llama ")),
            "{row}"
        );
        let samples = |name: &str| -> Vec<f64> {
            let samples = row[name].as_array().expect("samples");
            samples.iter().filter_map(Value::as_f64).collect()
        };
        let (nanoseconds, speeds) = (samples("samples_ns"), samples("samples_ts"));
        assert_eq!((nanoseconds.len(), speeds.len()), (3, 3), "{row}");
        for (nanoseconds, speed) in nanoseconds.iter().zip(&speeds) {
            // Nanoseconds are rounded.
            let product = speed * nanoseconds / 1e9;
            assert!((product / tokens - 1.0).abs() < 1e-4, "{product} tokens: {row}");
        }
        let mean = speeds.iter().sum::<f64>() / 3.0;
        assert!((number(row, "avg_ts") / mean - 1.0).abs() < 1e-9, "{row}");
        assert!(speeds.contains(&number(row, "median_ts")), "{row}");
        // Who says tokens reads the weights for them; all users together, at the same time.
        let said = number(row, "n_gen") * number(row, "n_users");
        if said > 1.0 {
            let steps = number(row, "median_ts") * said / tokens / number(row, "n_users");
            let least = number(row, "model_size") * steps / 1e9;
            let bandwidth = number(row, "median_gb_per_s");
            assert!(bandwidth > least && bandwidth < 2.0 * least, "{row}");
        } else {
            assert!(row["median_gb_per_s"].is_null(), "{row}");
        }
        // More than the weights, less than a machine.
        let memory = number(row, "peak_memory_bytes");
        assert!(memory > number(row, "model_size") && memory < 4e9, "{row}");
    }
}

#[test]
fn bench_prints_a_line_for_what_was_asked_for() {
    let outcome = bench(&[
        "--prompt",
        "16",
        "--generate",
        "0",
        "--first-token",
        "0",
        "--users",
        "2",
        "--user-prompt",
        "17",
        "--user-generate",
        "2",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let rows: Vec<&str> = outcome
        .out
        .lines()
        .skip_while(|line| !line.starts_with("test "))
        .skip(1)
        .collect();
    assert_eq!(rows.len(), 2, "{}", outcome.out);
    assert!(
        rows[0].starts_with("prefill 16 ") && rows[1].starts_with("2 users, 17 + 2 "),
        "{rows:?}"
    );

    let outcome = bench(&["--prompt", "16", "--depth", "1000000"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.log.contains("lower --prompt"), "{outcome:?}");
}

#[test]
fn the_chat_model_is_surprised_by_words_in_disorder() {
    let setup = Setup::new();
    let licence =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE")).expect("the licence");
    let words: Vec<&str> = licence.split_whitespace().take(600).collect();
    let reversed: Vec<&str> = words.iter().rev().copied().collect();
    let [ordered, reversed] = [("ordered", words), ("reversed", reversed)].map(|(name, words)| {
        let file = setup.home().join(name);
        std::fs::write(&file, words.join(" ")).expect("a file");
        let file = file.to_str().expect("a path that is text");
        let outcome = run(setup.words(&["eval", "perplexity", "--text", file, "--json"]));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let result: Value = serde_json::from_str(&outcome.out).expect("JSON");
        assert_eq!((&result["windows"], &result["tokens"]), (&1.into(), &255.into()));
        result["perplexity"].as_f64().expect("a number")
    });
    assert!(ordered > 1.0 && ordered < 25.0, "{ordered}");
    assert!(
        reversed > 4.0 * ordered,
        "{ordered} and, from back to front, {reversed}"
    );

    let file = setup.home().join("short");
    std::fs::write(&file, "Too short.").expect("a file");
    let file = file.to_str().expect("a path that is text");
    let outcome = run(setup.words(&["eval", "perplexity", "--text", file]));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.log.contains("at least 512"), "{outcome:?}");
}
