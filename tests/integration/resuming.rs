//! A start that is killed while it embeds: the next start continues there; a changed file needs only its new texts.

use std::fmt::Write;
use std::path::Path;

use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup, project_file};

/// Writes a shop of one lamp with these reviews, all different.
fn write(path: &Path, reviews: std::ops::Range<usize>) {
    let mut rows = String::from("product_id,product_title,rating,summary,review\n");
    for number in reviews {
        let _ = writeln!(rows, "L-1,Ilmo Lamp,4,Bright,It was lit for {number} hours");
    }
    std::fs::write(path, rows).expect("the data is written");
}

/// The number of embedded texts and of all texts, from the server's phase while it embeds.
fn progress(server: &Server) -> Option<(usize, usize)> {
    let phase = server.get("/readyz").json();
    let (done, total) = phase["status"]
        .as_str()?
        .strip_prefix("embedding ")?
        .split_once('/')?;
    Some((done.parse().ok()?, total.parse().ok()?))
}

/// The number of embedded texts without the questions that others are recognised by, which are asked
/// again of other reviews, and without those that opinions are learned with.
fn embedded(server: &Server) -> usize {
    let questions = std::fs::read_to_string(project_file("data/off_topic.txt")).expect("the questions");
    let learned = server.logged("message", "Learned what the reviews speak of.");
    let learned: u64 = learned.iter().filter_map(|line| line["texts"].as_u64()).sum();
    let examples =
        std::fs::read_to_string(project_file("data/question_examples.toml")).expect("the examples");
    let comments = |line: &&str| !line.starts_with('#');
    let examples: usize = examples
        .lines()
        .filter(comments)
        .map(|line| line.matches('"').count() / 2)
        .sum();
    let asked = questions.lines().count() + examples + learned as usize;
    Scrape::of(server).value("embedding_texts_total") as usize - asked
}

#[test]
fn a_killed_start_is_continued_by_the_next() {
    let setup = Setup::shallow(4);
    write(&setup.data, 0..1500);
    let killed = setup.start();
    let (done, total) = wait::until("some of the texts", PATIENCE, || {
        progress(&killed).filter(|(done, total)| *done > 0 && *total == 1500)
    });
    assert!(done < total, "the server was killed too late for this test");
    drop(killed);

    let second = setup.ready();
    let rest = embedded(&second);
    // The rest, a title, and the texts of the self-test and of the first answer.
    assert!(
        rest > 0 && rest <= total - done + 4,
        "{rest} of {total} after {done}"
    );
    drop(second);

    write(&setup.data, 700..1510);
    let third = setup.ready();
    assert_eq!(third.get("/info").json()["reviews"], 810);
    assert!((10..=12).contains(&embedded(&third)), "{}", embedded(&third));
}
