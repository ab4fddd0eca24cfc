//! From the start to readiness: the port answers, questions are refused with the reason, `health` agrees, and the shop
//! can be browsed before the assistant answers.

use serde_json::json;

use crate::harness::client::chat_request;
use crate::harness::json::{number, text};
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Setup, program, shop};

#[test]
fn a_server_reports_its_phase_until_it_is_ready() {
    let server = Setup::shallow(4).start();
    let address = server.address.to_string();
    let health = || program::run(["health", "--listen", &address]);

    // Verifying the hashes of the models takes longer than these four requests.
    let loading = server.get("/readyz");
    let early = server.post("/api/chat", &chat_request(shop::QUESTION));
    let alive = server.get("/livez");
    let unhealthy = health();
    assert_eq!(loading.status, 503);
    let status = loading.json()["status"].clone();
    let phase = text(&status);
    let is_known = ["verifying", "loading", "warming"].contains(&phase) || phase.starts_with("embedding ");
    assert!(is_known, "{phase}");
    early.assert_refused(503, "type", "unavailable_error");
    assert_eq!(alive.ok(), json!({"status": "ok"}));
    assert_eq!(unhealthy.code, Some(1), "{unhealthy:?}");
    assert!(unhealthy.out.contains("503"), "{unhealthy:?}");

    server.wait_until_ready();
    assert_eq!(server.get("/readyz").json()["status"], "ready");
    assert_eq!(health().succeeded().out, "ready\n");
    server.ask(shop::QUESTION).assert_answered();
    let info = server.get("/info").json();
    assert_eq!((&info["reviews"], &info["products"]), (&json!(24), &json!(7)));
    assert_eq!(
        info["build"]["clients"],
        json!([]),
        "the server has an HTTP client"
    );
    assert!(number(&info["build"]["crates"]) > 100.0, "{info}");
    assert_eq!(text(&info["embedding_model_sha256"]).len(), 64, "{info}");
}

#[test]
fn the_shop_can_be_browsed_while_the_chat_model_is_loaded() {
    let server = Setup::new().start();
    let early = server.get("/api/products");
    assert_eq!(early.status, 503, "no review is loaded yet");
    // The phase is requested first: so the products were found before readiness.
    let (phase, found) = wait::until("the catalogue", PATIENCE, || {
        let phase = server.get("/readyz");
        let found = server.get("/api/products");
        (found.status == 200).then_some((phase, found))
    });
    assert_eq!(phase.status, 503, "{:?}", phase.json());
    assert_eq!(found.json()["total"], 7);
    let question = json!({"question": "battery"});
    server.post("/api/search", &question).ok();
    assert_eq!(server.get("/info").json()["products"], 7);
    server.wait_until_ready();
    server.post("/api/recommend", &question).ok();
}
