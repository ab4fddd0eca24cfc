//! The commands that measure the chat model: which measurements they make, and that their figures agree.

use serde_json::json;

use crate::harness::json::{list, number, text};
use crate::harness::program::Outcome;
use crate::harness::{Setup, project_file};

/// `bench` with the shallow model and few tokens.
fn bench(options: &str) -> Outcome {
    let arguments = format!("bench --threads 2 --repetitions 3 {options}");
    Setup::shallow(1).run(&arguments.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn bench_reports_each_measurement_with_the_field_names_of_llama_bench() {
    let rows = bench(
        "--json --prompt 40 --generate 5 --depth 20 --batch 16 --first-token 50 --users 3 --user-prompt 33 \
         --user-generate 6",
    );
    let rows = rows.json();
    let rows = list(&rows);
    let counts = ["n_prompt", "n_gen", "n_depth", "n_users"];
    let found = rows
        .iter()
        .map(|row| (text(&row["test"]), counts.map(|name| number(&row[name]))));
    let expected = [
        ("prefill", [40.0, 0.0, 20.0, 1.0]),
        ("decode", [0.0, 5.0, 20.0, 1.0]),
        ("first_token", [50.0, 1.0, 0.0, 1.0]),
        ("users", [33.0, 6.0, 0.0, 3.0]),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);

    for (row, tokens) in rows.iter().zip([40.0, 5.0, 50.0, 117.0]) {
        let figure = |name: &str| number(&row[name]);
        assert_eq!((figure("n_threads"), figure("n_batch")), (2.0, 16.0));
        assert!(text(&row["model_type"]).starts_with("llama "), "{row}");
        let samples = |name: &str| list(&row[name]).iter().map(number).collect::<Vec<_>>();
        let (nanoseconds, speeds) = (samples("samples_ns"), samples("samples_ts"));
        assert_eq!((nanoseconds.len(), speeds.len()), (3, 3), "{row}");
        for (nanoseconds, speed) in nanoseconds.iter().zip(&speeds) {
            // Nanoseconds are rounded.
            let product = speed * nanoseconds / 1e9;
            assert!((product / tokens - 1.0).abs() < 1e-4, "{product} tokens: {row}");
        }
        let mean = speeds.iter().sum::<f64>() / 3.0;
        assert!((figure("avg_ts") / mean - 1.0).abs() < 1e-9, "{row}");
        assert!(speeds.contains(&figure("median_ts")), "{row}");
        // Each step of decoding reads the weights once, for all users together.
        let generated = figure("n_gen") * figure("n_users");
        if generated > 1.0 {
            let steps = figure("median_ts") * generated / tokens / figure("n_users");
            let least = figure("model_size") * steps / 1e9;
            let bandwidth = figure("median_gb_per_s");
            assert!(bandwidth > least && bandwidth < 2.0 * least, "{row}");
        } else {
            assert!(row["median_gb_per_s"].is_null(), "{row}");
        }
        // More than the weights, and less than the memory of a machine.
        let memory = figure("peak_memory_bytes");
        assert!(memory > figure("model_size") && memory < 4e9, "{row}");
    }
}

#[test]
fn bench_prints_a_line_for_each_measurement() {
    let outcome =
        bench("--prompt 16 --generate 0 --first-token 0 --users 2 --user-prompt 17 --user-generate 2");
    let outcome = outcome.succeeded();
    let lines = outcome.out.lines().skip_while(|line| !line.starts_with("test "));
    let rows: Vec<&str> = lines.skip(1).collect();
    assert_eq!(rows.len(), 2, "{}", outcome.out);
    let are_right = rows[0].starts_with("prefill 16 ") && rows[1].starts_with("2 users, 17 + 2 ");
    assert!(are_right, "{rows:?}");

    bench("--prompt 16 --depth 1000000").assert_failed(1, "lower --prompt");
}

#[test]
fn perplexity_is_higher_for_words_in_reverse_order() {
    let setup = Setup::new();
    let licence = std::fs::read_to_string(project_file("LICENSE")).expect("the licence");
    let mut words: Vec<&str> = licence.split_whitespace().take(600).collect();
    let perplexity = |text: &str| {
        let file = setup.write("text", text);
        let result = setup
            .run(&["eval", "perplexity", "--text", &file, "--json"])
            .json();
        assert_eq!((&result["windows"], &result["tokens"]), (&json!(1), &json!(255)));
        number(&result["perplexity"])
    };
    let ordered = perplexity(&words.join(" "));
    words.reverse();
    let reversed = perplexity(&words.join(" "));
    assert!(ordered > 1.0 && ordered < 25.0, "{ordered}");
    assert!(reversed > 4.0 * ordered, "{ordered}, and reversed {reversed}");

    let short = setup.write("short", "Too short.");
    setup
        .run(&["eval", "perplexity", "--text", &short])
        .assert_failed(1, "at least 512");
}
