//! The stream of `/api/chat`: its order, its evidence and its numbers, with the default models.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::client::Answer;
use crate::harness::json::{list, number, text};
use crate::harness::metrics_text::Scrape;
use crate::harness::{Setup, shared, shop};

/// Checks what holds for every answer.
fn assert_sound(answer: &Answer) {
    answer.assert_well_formed();
    assert_eq!(answer.only("final")["replaced"], false);
    assert_order(answer);
    assert_evidence(answer);
    assert_verdicts(answer);
}

/// Products and tokens follow the evidence, and a verdict follows the first token.
fn assert_order(answer: &Answer) {
    let names: Vec<&str> = answer.events.iter().map(|event| event.name.as_str()).collect();
    let first = |name: &str| names.iter().position(|found| *found == name);
    assert!(first("evidence") < first("token"), "{names:?}");
    assert!(
        first("citation").is_none_or(|verdict| first("token") < Some(verdict)),
        "{names:?}"
    );
    assert!(answer.all("products").count() <= 1, "{names:?}");
}

/// Every quote is in its review at the place that it names.
fn assert_evidence(answer: &Answer) {
    for (number_of, item) in (1..).zip(answer.evidence()) {
        assert_eq!(item["id"], number_of);
        let review = shared()
            .get(&format!("/api/reviews/{}", item["review_id"]))
            .json();
        let [start, end] = ["start", "end"].map(|key| number(&item[key]) as usize);
        let quote: String = text(&review["text"]).chars().take(end).skip(start).collect();
        assert_eq!(item["quote"], quote.as_str());
        for key in ["product_id", "product_title", "rating"] {
            assert_eq!(item[key], review[key], "{key}");
        }
    }
}

/// Every sentence of the answer cites evidence, and a sentence that no quote supports is not in the answer.
fn assert_verdicts(answer: &Answer) {
    let mut cited: Vec<u64> = Vec::new();
    for event in answer.all("citation") {
        let ids = list(&event["evidence_ids"]);
        let is_said = answer.text().contains(text(&event["sentence"]));
        match text(&event["verdict"]) {
            "supported" => assert!(is_said, "{event} of {}", answer.text()),
            "unsupported" => assert!(!is_said && ids.is_empty(), "{event} of {}", answer.text()),
            other => panic!("{other:?} is not a verdict that clients get"),
        }
        cited.extend(ids.iter().filter_map(Value::as_u64));
    }
    cited.sort_unstable();
    let known = 1..=answer.evidence().len() as u64;
    assert!(cited.iter().all(|id| known.contains(id)), "{cited:?}");
    assert_eq!(answer.only("final")["evidence_ids"], Value::from(cited));
}

#[test]
fn an_answer_streams_in_order_and_is_based_on_quotes() {
    let asked = Instant::now();
    let answer = shared().ask(shop::QUESTION);
    let wall_ms = asked.elapsed().as_secs_f64() * 1000.0;

    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert!(!answer.header("x-request-id").is_empty());
    assert_sound(&answer);
    answer.assert_answered();
    assert!(
        text(&answer.evidence()[0]["quote"]).contains("38 hours"),
        "{:?}",
        answer.evidence()
    );

    let finding = answer.only("finding");
    assert_eq!(
        (&finding["kind"], &finding["values"][0]["from"]),
        (&json!("fact"), &json!(38.0)),
        "{finding}"
    );
    let last = answer.only("final");
    assert_eq!(
        (&last["outcome"], &last["usage"]["total_tokens"]),
        (&json!("answered"), &json!(0))
    );
    let [retrieval, first] = ["retrieval_ms", "ttft_ms"].map(|key| number(&last["timings"][key]));
    assert!(retrieval < first && first < wall_ms, "{last} of {wall_ms} ms");
}

#[test]
fn a_written_answer_has_the_numbers_of_its_generation() {
    let server = Setup::new().written(40).ready();
    let asked = Instant::now();
    let answer = server.ask(shop::QUESTION);
    let wall_ms = asked.elapsed().as_secs_f64() * 1000.0;
    answer.assert_well_formed();
    answer.assert_answered();

    let last = answer.only("final");
    let (usage, timings) = (&last["usage"], &last["timings"]);
    let [prompt, completion, total] =
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|key| number(&usage[key]));
    assert!(
        (50.0..=1536.0).contains(&prompt) && (1.0..=40.0).contains(&completion),
        "{usage}"
    );
    assert_eq!(prompt + completion, total);
    let time = |key: &str| number(&timings[key]);
    assert_eq!(time("prompt_n") + time("cache_n"), prompt);
    assert!(
        time("cache_n") > 0.0,
        "the instructions were read at start: {timings}"
    );
    assert_eq!(time("predicted_n"), completion);
    for key in [
        "prompt_per_second",
        "predicted_per_second",
        "prompt_ms",
        "predicted_ms",
    ] {
        assert!(time(key) > 0.0, "{key}: {timings}");
    }
    let first = time("ttft_ms");
    let model = time("queue_ms") + time("prompt_ms") + time("predicted_ms");
    let is_within = first < wall_ms && time("retrieval_ms") + model < wall_ms;
    assert!(is_within, "{timings} of {wall_ms} ms");
    let read = answer.all("progress").next_back().expect("progress");
    let tokens = &usage["prompt_tokens"];
    assert_eq!((&read["processed"], &read["prompt_tokens"]), (tokens, tokens));
}

#[test]
fn the_same_question_gets_the_same_answer() {
    let [first, second] = [(); 2].map(|()| shared().ask("Is the kettle good?"));
    assert!(!first.text().is_empty());
    assert_eq!(first.text(), second.text());
    assert_eq!(first.evidence(), second.evidence());
}

#[test]
fn markup_in_a_review_is_text() {
    let answer = shared().ask("How fast does the Monso umbrella dry?");
    assert_sound(&answer);
    answer.assert_answered();
    let found = answer.evidence().iter().find(|item| item["rating"] == 1);
    let item = found.expect("the review in question is evidence");
    let review = shared().get(&format!("/api/reviews/{}", item["review_id"]));
    assert_eq!(review.header("content-type"), "application/json");
    let review = review.json();
    let text = text(&review["text"]);
    assert!(
        text.contains(shop::HOSTILE) && text.contains(shop::SCRIPT),
        "{text}"
    );
}

#[test]
fn the_model_is_not_asked_without_evidence() {
    let server = Setup::shallow(12).ready();
    let finished = "llm_requests_finished_total";
    let before = Scrape::of(&server).sum(finished);
    let answer = server.ask("What is the capital of France?");
    assert_sound(&answer);
    let last = answer.only("final");
    assert_eq!(last["outcome"], "no_evidence");
    assert_eq!((answer.evidence(), &last["evidence_ids"]), (&[][..], &json!([])));
    assert_eq!(last["usage"]["total_tokens"], 0);
    let after = Scrape::of(&server);
    assert_eq!(after.sum(finished), before);
    assert_eq!(after.answers("no_evidence"), 1.0);
    // With evidence, the same server asks the model.
    let usage = server.ask(shop::QUESTION).only("final")["usage"].clone();
    assert!(number(&usage["completion_tokens"]) > 0.0, "{usage}");
    assert_eq!(Scrape::of(&server).sum(finished), before + 1.0);
}
