//! From the first moment to readiness: the port answers, questions are refused with the reason, `health` agrees.

use crate::harness::client::asked;
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
}
