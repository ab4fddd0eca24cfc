//! Reviews that give orders, carry markup, forge the protocol or hide characters: all of them are quoted like any other
//! review, and none changes anything.
//!
//! `tests/data/hostile.csv` holds them, between honest ones of the same invented products. What cannot be seen, or must
//! not stand in a source file, is written there as `\u{…}`. Three columns are for these tests alone, and the server
//! ignores them: `question` asks for the review, `kept` is what is left of its text where the loader has something to
//! repair, and `lure` is what the review tries to have said: it may stand in a quotation, and nowhere else.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use flipkart_recommender::assistant::{Evidence, PromptBuilder};
use flipkart_recommender::reviews::{ReviewId, short_title};
use flipkart_recommender::weights::gguf::Gguf;
use flipkart_recommender::weights::tokenizer;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::harness::client::Answer;
use crate::harness::metrics_text::Scrape;
use crate::harness::{Server, Setup, model_files};

/// A row of the file; its position is the review's id.
#[derive(Debug, Deserialize)]
struct Row {
    product_id: String,
    product_title: String,
    category: String,
    summary: String,
    review: String,
    question: String,
    kept: String,
    lure: String,
}

impl Row {
    /// The text as it is served.
    fn text(&self) -> &str {
        if self.kept.is_empty() {
            &self.review
        } else {
            &self.kept
        }
    }

    /// The text as it is served: with the headline before it where that is the writer's own.
    fn served(&self) -> String {
        let id = ROWS
            .iter()
            .position(|row| std::ptr::eq(row, self))
            .expect("a row of the file");
        let review = server().get(&format!("/api/reviews/{id}")).json();
        let text = review["text"].as_str().expect("a text").to_string();
        assert!(text.ends_with(self.text()), "{text}");
        text
    }

    /// An honest review wants nothing.
    fn is_hostile(&self) -> bool {
        !self.lure.is_empty() || !self.kept.is_empty()
    }
}

static FILE: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile.csv");
    expanded(&fs::read_to_string(path).expect("the hostile reviews"))
});

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>().expect("rows with these columns")
});

/// The text with the characters that `\u{…}` stands for.
fn expanded(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut expanded = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("a closed escape");
        let code = u32::from_str_radix(code, 16).expect("a hexadecimal number");
        expanded.push(char::from_u32(code).expect("a character"));
        expanded.push_str(rest);
    }
    expanded
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let setup = Setup::new().with_default_lengths().with("--max-tokens", 40);
        fs::write(&setup.data, &*FILE).expect("the setup's folder can be written to");
        setup.ready()
    })
}

/// A path segment that holds any text.
fn segment(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn the_file_is_worth_its_name() {
    assert!(ROWS.iter().filter(|row| row.is_hostile()).count() >= 48);
    assert!(ROWS.iter().filter(|row| !row.is_hostile()).count() >= 13);
}

#[test]
fn every_review_is_served_as_text() {
    for (id, row) in ROWS.iter().enumerate() {
        let reply = server().get(&format!("/api/reviews/{id}"));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let review = reply.json();
        assert_eq!(review["product_title"], row.product_title.as_str());
        let seen = |c: &char| !c.is_control() && *c != '\u{200b}';
        let summary: String = row.summary.chars().filter(seen).collect();
        // A headline of three words and more is the writer's own, and opens the text.
        let text = review["text"].as_str().expect("a text");
        let opening = text
            .strip_suffix(row.text())
            .expect("the whole review")
            .trim_end();
        let headline = format!("{opening}{}", review["summary"].as_str().expect("a headline"));
        let bare = |text: &str| text.trim_end_matches('.').to_string();
        assert_eq!(bare(&headline), bare(&summary), "review {id}");

        let product = server().get(&format!("/api/products/{}", segment(&row.product_id)));
        assert_eq!(product.header("content-type"), "application/json");
        let product = product.json();
        assert_eq!(product["id"], row.product_id.as_str(), "{product}");
        assert_eq!(product["category"], row.category.as_str());
    }
}

#[test]
fn a_question_about_each_is_answered_from_quotes_and_nothing_obeys() {
    const ASKERS: usize = 4;
    std::thread::scope(|scope| {
        for asker in 0..ASKERS {
            scope.spawn(move || {
                for (id, row) in ROWS.iter().enumerate().skip(asker).step_by(ASKERS) {
                    let answer = server().ask(&row.question);
                    check_events(&answer);
                    check_evidence(id, row, &answer);
                    check_text(row, &answer);
                }
            });
        }
    });

    let scrape = Scrape::of(server());
    assert_eq!(scrape.sum("rag_requests_total"), ROWS.len() as f64);
    assert_eq!(scrape.value("rag_requests_total{outcome=\"error\"}"), 0.0);
    let log = server().log();
    assert!(log.iter().all(|line| line.is_object()), "{log:#?}");
    assert_eq!(server().logged("level", "ERROR"), Vec::<Value>::new());
    let log = log.iter().map(Value::to_string).collect::<String>();
    for row in ROWS.iter() {
        for text in [
            &row.lure,
            &row.product_title,
            &row.product_id,
            &row.category,
            &row.question,
        ] {
            let hidden = !scrape.text.contains(text) && !log.contains(text);
            assert!(hidden || text.is_empty(), "{text} is in a log or a metric");
        }
    }
}

/// Exactly the events of an answer, each once where it comes once. That each is one line of JSON, and that no line is
/// anything else, the harness' reader sees to.
fn check_events(answer: &Answer) {
    let names: Vec<&str> = answer.events.iter().map(|event| event.name.as_str()).collect();
    let known = [
        "evidence", "products", "queue", "progress", "token", "citation", "final",
    ];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    let of = |name: &str| names.iter().filter(|found| **found == name).count();
    assert_eq!((of("evidence"), of("final")), (1, 1), "{names:?}");
    assert_eq!((names.first(), names.last()), (Some(&"evidence"), Some(&"final")));
    let tokens = answer.events.iter().filter(|event| event.name == "token");
    let streamed: String = tokens
        .map(|event| event.data["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(streamed, answer.text());
}

/// The review that was asked for is among the quotes, and every quote is its review's own.
fn check_evidence(id: usize, row: &Row, answer: &Answer) {
    let found = answer.evidence().iter().any(|item| item["review_id"] == id);
    assert!(
        found,
        "{} does not find {:?}: {answer:#?}",
        row.question,
        row.text()
    );
    for item in answer.evidence() {
        let number = |key: &str| item[key].as_u64().expect("a number") as usize;
        let row = &ROWS[number("review_id")];
        let (start, end) = (number("start"), number("end"));
        let quote: String = row.served().chars().take(end).skip(start).collect();
        assert_eq!(item["quote"], quote.as_str());
        assert_eq!(item["product_title"], row.product_title.as_str());
        assert_eq!(item["product_id"], row.product_id.as_str());
    }
}

/// Outside of quotations the answer names no product that there is not, cites no quote that was not given, and says
/// nothing of what a review tries to have said.
fn check_text(row: &Row, answer: &Answer) {
    let last = answer.only("final");
    let cited: Vec<u64> = last["evidence_ids"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|id| id.as_u64().expect("a number"))
        .collect();
    let given = 1..=answer.evidence().len() as u64;
    assert!(cited.iter().all(|id| given.contains(id)), "{last}");
    assert!(
        matches!(last["outcome"].as_str(), Some("answered" | "extractive")),
        "{last}"
    );

    let own = without_quotations(answer);
    let mut named = own.split("uyer of the ").skip(1);
    assert!(
        named.all(|named| named.starts_with(NAME)),
        "{own:?} names another product"
    );
    let mut numbers: Vec<u64> = own
        .split('[')
        .filter_map(|rest| rest.split(']').next()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, cited, "{own:?}");
    for lure in ROWS.iter().map(|row| &row.lure).filter(|lure| !lure.is_empty()) {
        assert!(!own.contains(lure), "{} gets {own:?}", row.question);
    }
}

/// Stands for a product's name in an answer without quotations.
const NAME: &str = "⟨product⟩";

/// The answer without what it quotes of reviews, and with [`NAME`] for products.
fn without_quotations(answer: &Answer) -> String {
    let mut text = answer.text().to_string();
    let mut quotes: Vec<&str> = answer
        .evidence()
        .iter()
        .map(|item| item["quote"].as_str().expect("a text"))
        .collect();
    quotes.sort_unstable_by_key(|quote| std::cmp::Reverse(quote.len()));
    for quote in &quotes {
        text = text.replace(&format!("“{quote}”"), "");
    }
    // What the model quotes.
    let parts = text.split('"').enumerate();
    let (quoted, own): (Vec<_>, Vec<_>) = parts.partition(|(at, _)| at % 2 == 1);
    for (_, quoted) in quoted {
        let stands = quotes.iter().any(|quote| quote.contains(quoted));
        assert!(stands, "{quoted:?} stands in none of {quotes:?}");
    }
    let mut own: String = own.into_iter().map(|(_, own)| own).collect();
    for row in ROWS.iter() {
        own = own.replace(short_title(&row.product_title), NAME);
    }
    own
}

/// The default model's prompts, asked and quoting nothing but hostile text: no special token in them that is not the
/// template's.
#[test]
fn no_review_and_no_question_makes_a_special_token() {
    let gguf = Gguf::read(&model_files::chat()).expect("the default chat model");
    let tokenizer = Arc::new(tokenizer::from_gguf(&gguf).expect("its tokenizer"));
    let prompts = PromptBuilder::new("default", &gguf, tokenizer.clone(), 100_000).expect("its template");
    let build = |question: &str, title: &str, quotes: &[&str]| {
        let evidence: Vec<Evidence> = quotes.iter().map(|quote| evidence(title, quote)).collect();
        let prompt = prompts
            .build(question, &evidence)
            .expect("a prompt")
            .expect("room");
        assert_eq!(prompt.evidence, evidence.len());
        prompt.ids
    };
    let harmless = specials(&tokenizer, &build("Is it good?", "Lamp", &["good"]));
    assert!(harmless.len() >= 8, "the template has some: {harmless:?}");
    for (row, next) in ROWS.iter().zip(ROWS.iter().skip(1)) {
        let ids = build(
            &row.review,
            &row.product_title,
            &[&row.review, row.text(), &next.review],
        );
        assert_eq!(specials(&tokenizer, &ids), harmless, "{:?}", row.review);
        // Nor is any of it lost.
        let text = tokenizer.decode(&ids, false).expect("known ids");
        let line = row.review.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&line), "{line:?} is not in {text:?}");
    }
}

/// The special tokens among `ids`, in their order.
fn specials(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<u32> {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let is_special = |id: &&u32| added.get(*id).is_some_and(|token| token.special);
    ids.iter().filter(is_special).copied().collect()
}

fn evidence(title: &str, quote: &str) -> Evidence {
    Evidence {
        passage: 0,
        review: ReviewId(0),
        product_key: title.into(),
        product_title: title.into(),
        rating: 1,
        summary: String::new(),
        quote: quote.into(),
        start: 0,
        end: quote.chars().count(),
        before: String::new(),
        after: String::new(),
        score: 0.5,
        complains: false,
        scores: Default::default(),
    }
}

/// The page has no way by which text could become markup or code.
#[test]
fn the_page_shows_text_as_text() {
    const SINKS: &[&str] = &[
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "setHTML",
        "srcdoc",
        "createContextualFragment",
        "DOMParser",
        "document.write",
        "eval(",
        "Function(",
        "javascript:",
    ];
    let scripts = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ui")).expect("the page's sources");
    let mut read = 0;
    for entry in scripts {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "js") {
            let text = fs::read_to_string(&path).expect("text");
            let found: Vec<_> = SINKS.iter().filter(|sink| text.contains(**sink)).collect();
            assert!(found.is_empty(), "{} uses {found:?}", path.display());
            read += 1;
        }
    }
    assert!(read >= 10, "{read} scripts");
}
