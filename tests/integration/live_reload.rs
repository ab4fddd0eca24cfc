//! Reviews that change while the server runs: reloaded on the operator's request, or by watching the file.

use serde_json::json;

use crate::harness::client::Reply;
use crate::harness::json::{number, text};
use crate::harness::metrics_text::Scrape;
use crate::harness::{Server, Setup, project_file, shared, wait};

const KEY: &str = "correct horse battery staple";
/// `printf %s KEY | sha256sum`.
const DIGEST: &str = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
const KETTLE: &str =
    "\nK-9,Orbis Kettle,2,Slow,The kettle needs nine minutes for a litre of water.,kitchen,999\n";

/// The small shop, with an operator's key.
fn setup() -> Setup {
    let setup = Setup::shallow(4);
    let key = setup.write("key", DIGEST);
    setup.with("--admin-key-file", key)
}

const RELOAD: &str = "/api/admin/reload";

fn reload(server: &Server, key: &str) -> Reply {
    server.post_with_key(RELOAD, key)
}

fn reviews(server: &Server) -> f64 {
    number(&server.get("/info").json()["reviews"])
}

fn append(setup: &Setup, row: &str) {
    let text = std::fs::read_to_string(&setup.data).expect("the data");
    std::fs::write(&setup.data, text.trim_end().to_string() + row).expect("the data is written");
}

#[test]
fn a_reload_serves_the_changed_file_and_embeds_new_texts_only() {
    let setup = setup();
    let server = setup.ready();
    assert_eq!(reload(&server, "wrong").status, 401);
    assert_eq!(server.send("POST", RELOAD, "", "").status, 401);
    assert_eq!(reload(&server, KEY).ok()["changed"], false);

    append(&setup, KETTLE);
    let changed = reload(&server, KEY).json();
    // The review, its product's title, and the words that are new to the thesaurus.
    assert_eq!(
        (&changed["changed"], &changed["embedded"]),
        (&json!(true), &json!(5)),
        "{changed}"
    );
    assert_eq!((reviews(&server), number(&changed["reviews"])), (25.0, 25.0));
    let answer = server.ask("How long does the Orbis Kettle take to boil water?");
    let quotes = answer.evidence();
    assert_eq!(quotes[0]["product_title"], "Orbis Kettle", "{quotes:#?}");
    let scrape = Scrape::of(&server);
    assert_eq!(scrape.value("index_reviews"), 25.0);
    for outcome in ["changed", "unchanged"] {
        let reloads = format!("index_reloads_total{{outcome=\"{outcome}\"}}");
        assert_eq!(scrape.value(&reloads), 1.0, "{outcome}");
    }

    let damaged = std::fs::read(project_file("tests/data/files/m63.parquet")).expect("the damaged file");
    std::fs::write(&setup.data, damaged).expect("the data is written");
    reload(&server, KEY).assert_refused(400, "code", "unusable_data");
    std::fs::write(&setup.data, "nothing,that,is,known\n1,2,3,4\n").expect("the data is written");
    let refused = reload(&server, KEY);
    refused.assert_refused(400, "code", "unusable_data");
    assert!(
        text(&refused.json()["error"]["message"]).len() > 30,
        "{refused:?}"
    );
    assert_eq!(
        reviews(&server),
        25.0,
        "the reviews of the previous file are still served"
    );
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.errors().len(), 2, "{:#?}", server.log());
}

#[test]
fn without_an_operators_key_there_is_no_reload() {
    assert_eq!(reload(shared(), KEY).status, 404);
}

#[test]
fn a_watched_file_is_reloaded_when_it_changes() {
    let setup = Setup::shallow(4).with("--watch", 1);
    let server = setup.ready();
    assert_eq!(reviews(&server), 24.0);
    append(&setup, KETTLE);
    wait::until_true("the new review", || reviews(&server) == 25.0);
}
