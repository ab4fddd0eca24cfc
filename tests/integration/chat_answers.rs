//! What `/api/chat` streams: its order, its evidence, its figures; asked of the default models.

use std::time::Instant;

use serde_json::Value;

use crate::harness::client::Answer;
use crate::harness::metrics_text::Scrape;
use crate::harness::{Setup, is_answer, shared, shop};

/// The stream's shape, whatever was asked.
fn check_order(answer: &Answer) {
    let names: Vec<&str> = answer.events.iter().map(|event| event.name.as_str()).collect();
    let of = |name: &str| names.iter().filter(|found| **found == name).count();
    let first = |name: &str| names.iter().position(|found| *found == name);
    assert_eq!((of("evidence"), of("final"), of("error")), (1, 1, 0), "{names:?}");
    assert_eq!(
        names.last(),
        Some(&"final"),
        "nothing comes after the end: {names:?}"
    );
    assert!(first("evidence") < first("token"), "{names:?}");
    let verdict = first("citation").is_none_or(|verdict| first("token") < Some(verdict));
    assert!(verdict, "a verdict follows what it is about: {names:?}");
    let known = [
        "evidence", "products", "queue", "progress", "token", "citation", "final",
    ];
    let products = first("products").is_none_or(|products| first("evidence") < Some(products));
    assert!(products && of("products") <= 1, "{names:?}");
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
}

/// Every quote stands in its review where it says it does.
fn check_evidence(answer: &Answer) {
    for (number, item) in (1..).zip(answer.evidence()) {
        assert_eq!(item["id"], number);
        let review = shared()
            .get(&format!("/api/reviews/{}", item["review_id"]))
            .json();
        let text: Vec<char> = review["text"].as_str().expect("a text").chars().collect();
        let [start, end] = ["start", "end"].map(|key| item[key].as_u64().expect("an offset") as usize);
        let quote: String = text[start..end].iter().collect();
        assert_eq!(item["quote"], quote.as_str());
        for key in ["product_id", "product_title", "rating"] {
            assert_eq!(item[key], review[key], "{key}");
        }
    }
}

/// The last event agrees with those before it.
fn check_final(answer: &Answer) {
    let last = answer.only("final");
    let tokens = answer.events.iter().filter(|event| event.name == "token");
    let streamed: String = tokens
        .map(|event| event.data["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(streamed, answer.text(), "what was sent is not taken back");
    assert_eq!(last["replaced"], false);
    check_verdicts(answer);
    let cited = last["evidence_ids"].as_array().expect("a list");
    let known = 1..=answer.evidence().len() as u64;
    assert!(
        cited
            .iter()
            .all(|id| id.as_u64().is_some_and(|id| known.contains(&id))),
        "{last}"
    );
}

/// Every sentence that is said cites evidence, and what no quote supports is not said.
fn check_verdicts(answer: &Answer) {
    let mut cited: Vec<u64> = Vec::new();
    for event in answer.events.iter().filter(|event| event.name == "citation") {
        let sentence = event.data["sentence"].as_str().expect("a sentence");
        let ids = event.data["evidence_ids"].as_array().expect("a list");
        match event.data["verdict"].as_str() {
            Some("supported") => {
                assert!(
                    answer.text().contains(sentence),
                    "{sentence} in {}",
                    answer.text()
                );
                cited.extend(ids.iter().filter_map(Value::as_u64));
            }
            Some("unsupported") => {
                assert!(
                    !answer.text().contains(sentence),
                    "{sentence} in {}",
                    answer.text()
                );
                assert!(ids.is_empty(), "{}", event.data);
            }
            other => panic!("{other:?} is no verdict that is told"),
        }
    }
    cited.sort_unstable();
    assert_eq!(answer.only("final")["evidence_ids"], Value::from(cited));
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

#[test]
fn an_answer_streams_in_order_and_rests_on_quotes() {
    let asked = Instant::now();
    let answer = shared().ask(shop::QUESTION);
    let wall_ms = asked.elapsed().as_secs_f64() * 1000.0;

    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert!(!answer.header("x-request-id").is_empty());
    check_order(&answer);
    check_evidence(&answer);
    check_final(&answer);
    let quotes: Vec<_> = answer
        .evidence()
        .iter()
        .map(|item| item["quote"].as_str().unwrap_or_default())
        .collect();
    assert!(quotes[0].contains("38 hours"), "{quotes:?}");

    let last = answer.only("final");
    assert!(is_answer(last), "{last}");
    let (usage, timings) = (&last["usage"], &last["timings"]);
    let [prompt, completion, total] =
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|key| number(&usage[key]));
    assert!(
        (50.0..=320.0).contains(&prompt) && (1.0..=12.0).contains(&completion),
        "{usage}"
    );
    assert_eq!(prompt + completion, total);
    assert_eq!(number(&timings["prompt_n"]) + number(&timings["cache_n"]), prompt);
    assert!(
        number(&timings["cache_n"]) > 0.0,
        "the instructions were read at start: {timings}"
    );
    assert_eq!(number(&timings["predicted_n"]), completion);
    for key in [
        "prompt_per_second",
        "predicted_per_second",
        "prompt_ms",
        "predicted_ms",
    ] {
        assert!(number(&timings[key]) > 0.0, "{key}: {timings}");
    }
    let (retrieval, first) = (number(&timings["retrieval_ms"]), number(&timings["ttft_ms"]));
    let model =
        number(&timings["queue_ms"]) + number(&timings["prompt_ms"]) + number(&timings["predicted_ms"]);
    assert!(
        retrieval < first && first < wall_ms && retrieval + model < wall_ms,
        "{timings} of {wall_ms} ms"
    );
    let mut progress = answer.events.iter().filter(|event| event.name == "progress");
    let read = progress.next_back().expect("progress").data.clone();
    assert_eq!(
        (&read["processed"], &read["prompt_tokens"]),
        (&usage["prompt_tokens"], &usage["prompt_tokens"])
    );
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
    check_order(&answer);
    check_evidence(&answer);
    check_final(&answer);
    assert!(is_answer(answer.only("final")), "no answer");
    let found = answer.evidence().iter().find(|item| item["rating"] == 1);
    let item = found.expect("the review in question is evidence");
    let review = shared().get(&format!("/api/reviews/{}", item["review_id"]));
    assert_eq!(review.header("content-type"), "application/json");
    let review = review.json();
    let text = review["text"].as_str().expect("a text");
    assert!(
        text.contains(shop::HOSTILE) && text.contains(shop::SCRIPT),
        "{text}"
    );
}

#[test]
fn where_no_review_is_about_it_the_model_is_not_asked() {
    let server = Setup::shallow(12).ready();
    let finished = "llm_requests_finished_total";
    let before = Scrape::of(&server).sum(finished);
    let answer = server.ask("What is the capital of France?");
    check_order(&answer);
    check_final(&answer);
    let last = answer.only("final");
    assert_eq!(last["outcome"], "no_evidence");
    assert_eq!(
        (answer.evidence(), &last["evidence_ids"]),
        (&[][..], &Value::Array(vec![]))
    );
    assert_eq!(last["usage"]["total_tokens"], 0);
    let after = Scrape::of(&server);
    assert_eq!(after.sum(finished), before);
    assert_eq!(after.value("rag_requests_total{outcome=\"no_evidence\"}"), 1.0);
    // The same server does ask it where there is evidence.
    let said = server.ask(shop::QUESTION).only("final")["usage"]["completion_tokens"].clone();
    assert!(said.as_u64().is_some_and(|tokens| tokens > 0), "{said}");
    assert_eq!(Scrape::of(&server).sum(finished), before + 1.0);
}
