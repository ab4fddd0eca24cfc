//! From the first moment to readiness: the port answers, questions are refused with the reason, `health` agrees, and the
//! shop can be browsed before the assistant answers.

use crate::harness::client::asked;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Setup, is_answer, program, shop};

#[test]
fn a_loading_server_says_so_and_a_loaded_one_is_ready() {
    let server = Setup::shallow(4).start();
    let address = server.address.to_string();
    let health = || program::run(["health", "--listen", &address]);

    // Verifying the models' hashes alone takes longer than these four.
    let loading = server.get("/readyz");
    let early = server.post("/api/chat", &asked(shop::QUESTION));
    let alive = server.get("/livez");
    let unhealthy = health();
    assert_eq!(loading.status, 503);
    let phase = loading.json()["status"].as_str().expect("a phase").to_string();
    let phases = ["verifying", "loading", "warming"];
    assert!(
        phases.contains(&phase.as_str()) || phase.starts_with("embedding "),
        "{phase}"
    );
    assert_eq!(
        (early.status, &early.json()["error"]["type"]),
        (503, &"unavailable_error".into())
    );
    assert_eq!(
        (alive.status, alive.json()),
        (200, serde_json::json!({"status": "ok"}))
    );
    assert_eq!(unhealthy.code, Some(1), "{unhealthy:?}");
    assert!(unhealthy.out.contains("503"), "{unhealthy:?}");

    server.wait_until_ready();
    assert_eq!(server.get("/readyz").json()["status"], "ready");
    let healthy = health();
    assert_eq!((healthy.code, healthy.out.as_str()), (Some(0), "ready\n"));
    assert!(is_answer(server.ask(shop::QUESTION).only("final")), "no answer");
    let info = server.get("/info").json();
    assert_eq!((&info["reviews"], &info["products"]), (&24.into(), &7.into()));
    assert_eq!(
        info["build"]["clients"],
        serde_json::json!([]),
        "it could call out"
    );
    assert!(info["build"]["crates"].as_u64() > Some(100), "{info}");
    let sha256 = info["embedding_model_sha256"].as_str();
    assert_eq!(sha256.map(str::len), Some(64), "{info}");
}

#[test]
fn the_shop_is_open_while_the_chat_model_is_loaded() {
    let server = Setup::new().start();
    let early = server.get("/api/products");
    assert_eq!(early.status, 503, "nothing is read yet");
    // The phase is asked first: what was found then was found before readiness.
    let (phase, found) = wait::until("the catalogue", PATIENCE, || {
        let phase = server.get("/readyz");
        let found = server.get("/api/products");
        (found.status == 200).then_some((phase, found))
    });
    assert_eq!(phase.status, 503, "{:?}", phase.json());
    assert_eq!(found.json()["total"], 7);
    let question = serde_json::json!({"question": "battery"});
    let searched = server.post("/api/search", &question);
    assert_eq!(searched.status, 200, "{:?}", searched.json());
    assert_eq!(server.get("/info").json()["products"], 7);
    server.wait_until_ready();
    assert_eq!(server.post("/api/recommend", &question).status, 200);
}
