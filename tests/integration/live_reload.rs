//! Reviews that change while the server runs: asked for by the operator, or found by watching the file.

use crate::harness::client::Reply;
use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Server, Setup};

const KEY: &str = "correct horse battery staple";
/// `printf %s KEY | sha256sum`.
const DIGEST: &str = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
const KETTLE: &str =
    "\nK-9,Orbis Kettle,2,Slow,The kettle needs nine minutes for a litre of water.,kitchen,999\n";

/// The small shop, with an operator's key.
fn setup() -> Setup {
    let setup = Setup::shallow(4);
    let key = setup.home().join("key");
    std::fs::write(&key, DIGEST).expect("a file");
    let key = key.to_str().expect("a path that is text").to_string();
    setup.with("--admin-key-file", key)
}

fn reload(server: &Server, key: &str) -> Reply {
    server.post_with_key("/api/admin/reload", Some(key))
}

fn reviews(server: &Server) -> u64 {
    server.get("/info").json()["reviews"].as_u64().expect("a number")
}

fn append(setup: &Setup, row: &str) {
    let text = std::fs::read_to_string(&setup.data).expect("the data");
    std::fs::write(&setup.data, text.trim_end().to_string() + row).expect("the data is written");
}

#[test]
fn a_reload_serves_what_the_file_holds_and_embeds_what_is_new() {
    let setup = setup();
    let server = setup.ready();
    assert_eq!(reload(&server, "wrong").status, 401);
    assert_eq!(server.post_with_key("/api/admin/reload", None).status, 401);
    let unchanged = reload(&server, KEY);
    assert_eq!(
        (unchanged.status, &unchanged.json()["changed"]),
        (200, &false.into())
    );

    append(&setup, KETTLE);
    let changed = reload(&server, KEY).json();
    // The review and its product's title.
    assert_eq!(
        (&changed["changed"], &changed["embedded"]),
        (&true.into(), &2.into()),
        "{changed}"
    );
    assert_eq!((reviews(&server), &changed["reviews"]), (25, &25.into()));
    let answer = server.ask("How long does the Orbis Kettle take to boil water?");
    let quotes = answer.evidence();
    assert_eq!(quotes[0]["product_title"], "Orbis Kettle", "{quotes:#?}");
    let scrape = Scrape::of(&server);
    assert_eq!(scrape.value("index_reviews"), 25.0);
    assert_eq!(scrape.value("index_reloads_total{outcome=\"changed\"}"), 1.0);
    assert_eq!(scrape.value("index_reloads_total{outcome=\"unchanged\"}"), 1.0);

    std::fs::write(&setup.data, "nothing,that,is,known\n1,2,3,4\n").expect("the data is written");
    let refused = reload(&server, KEY);
    let error = &refused.json()["error"];
    assert_eq!(
        (refused.status, &error["code"]),
        (400, &"unusable_data".into()),
        "{error}"
    );
    assert!(
        error["message"].as_str().expect("a sentence").len() > 30,
        "{error}"
    );
    assert_eq!(reviews(&server), 25, "those from before are still served");
    assert_eq!(server.get("/readyz").status, 200);
    let errors = wait::until("an error in the log", PATIENCE, || {
        let errors = server.logged("level", "ERROR");
        (!errors.is_empty()).then_some(errors)
    });
    assert_eq!(errors.len(), 1, "{:#?}", server.log());
}

#[test]
fn without_a_key_there_is_no_such_route() {
    let server = crate::harness::shared();
    assert_eq!(reload(server, KEY).status, 404);
}

#[test]
fn a_watched_file_is_served_when_it_has_changed() {
    let setup = Setup::shallow(4).with("--watch", 1);
    let server = setup.ready();
    assert_eq!(reviews(&server), 24);
    append(&setup, KETTLE);
    wait::until("the new review", PATIENCE, || {
        (reviews(&server) == 25).then_some(())
    });
}
