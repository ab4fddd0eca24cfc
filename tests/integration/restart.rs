//! A second start: no text is embedded again, and the same question gets the same answer.

use crate::harness::client::Answer;
use crate::harness::metrics_text::Scrape;
use crate::harness::{Server, Setup, shop};

const EMBEDDED: &str = "Embedded the texts that were not on disk.";

fn content(answer: &Answer) -> (&str, &[serde_json::Value]) {
    (answer.text(), answer.evidence())
}

/// The number of texts embedded since the start, including questions.
fn embedded(server: &Server) -> f64 {
    Scrape::of(server).value("embedding_texts_total")
}

#[test]
fn the_same_question_gets_the_same_answer_after_a_restart() {
    let setup = Setup::shallow(24);
    let first = setup.ready();
    assert!(embedded(&first) >= 24.0, "every review was embedded");
    // Titles, words and passages, and then what opinions are learned with: words and the included reviews.
    assert_eq!(first.logged("message", EMBEDDED).len(), 5);
    let before = first.ask(shop::QUESTION);
    drop(first);

    let second = setup.ready();
    assert_eq!(embedded(&second), 1.0, "the self-test's text and no other");
    assert_eq!(second.logged("message", EMBEDDED).len(), 0);
    assert_eq!(second.logged("level", "WARN").len(), 0, "{:#?}", second.log());
    assert_eq!(content(&second.ask(shop::QUESTION)), content(&before));
    drop(second);

    std::fs::remove_dir_all(&setup.index).expect("there is a snapshot");
    let third = setup.ready();
    assert!(embedded(&third) >= 24.0);
    assert_eq!(content(&third.ask(shop::QUESTION)), content(&before));
}
