//! Access: keys, hosts, pages of other sites, limits of requests; and what is counted and stored of feedback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::client::{Client, read_all, send_raw};
use crate::harness::json::{fields, list, number, text};
use crate::harness::metrics_text::Scrape;
use crate::harness::{Server, Setup, project_file, shared};

/// SHA-256 of "abc", FIPS 180-2, appendix B.1.
const USER: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const USER_KEY: &str = "authorization: Bearer abc";
/// SHA-256 of the administrator's key, FIPS 180-2, appendix B.2.
const ADMIN: &str = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
const ADMIN_KEY: &str = "authorization: Bearer abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const HOST: &str = "host: localhost";

/// The status and the whole response of a request with these header lines.
fn ask(server: &Server, start: &str, headers: &[&str]) -> (u16, String) {
    let response = read_all(send_raw(server.address, start, headers, ""));
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{response}")), response)
}

/// Checks that a request is refused with a status and a code; gives the whole response.
#[track_caller]
fn assert_refused(server: &Server, start: &str, headers: &[&str], status: u16, code: &str) -> String {
    let (found, response) = ask(server, start, headers);
    let (_, body) = response.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{response}"));
    assert_eq!(
        (found, &body["error"]["code"]),
        (status, &code.into()),
        "{start} {headers:?}"
    );
    response
}

#[test]
fn each_key_opens_its_endpoints_only() {
    let setup = Setup::new();
    let keys = setup.write(
        "keys",
        format!("# who\n{USER} user the shop\n{ADMIN} admin anna\n"),
    );
    let server = setup
        .with("--key-file", keys)
        .with("--requests-per-minute", 8)
        .ready();
    for path in ["/", "/livez", "/readyz", "/metrics", "/health", "/info"] {
        assert_eq!(ask(&server, &format!("GET {path}"), &[HOST]).0, 200, "{path}");
    }
    for start in [
        "GET /api/products",
        "GET /v1/models",
        "POST /api/chat",
        "POST /get",
        "POST /tokenize",
        "GET /v1/x",
    ] {
        let response = assert_refused(&server, start, &[HOST], 401, "missing_api_key");
        assert!(response.contains("www-authenticate: Bearer"), "{response}");
        assert_refused(
            &server,
            start,
            &[HOST, "authorization: Bearer abd"],
            401,
            "invalid_api_key",
        );
    }
    let (models, reload) = ("GET /v1/models", "POST /api/admin/reload");
    assert_eq!(ask(&server, models, &[HOST, USER_KEY]).0, 200);
    assert_refused(&server, reload, &[HOST, USER_KEY], 403, "insufficient_scope");
    assert_eq!(ask(&server, reload, &[HOST, ADMIN_KEY]).0, 200);

    // Eight a minute: one more is too much for this key, and the other key has its own eight.
    for _ in 0..8 {
        ask(&server, models, &[HOST, USER_KEY]);
    }
    let response = assert_refused(&server, models, &[HOST, USER_KEY], 429, "rate_limited");
    assert!(response.contains("retry-after: "), "{response}");
    assert_eq!(ask(&server, models, &[HOST, ADMIN_KEY]).0, 200);
}

#[test]
fn pages_of_other_sites_are_refused_unless_they_are_allowed() {
    let server = Setup::new()
        .with("--allowed-origin", "https://shop.example")
        .ready();
    let own = format!("host: {}", server.address);
    let own_origin = format!("origin: http://{}", server.address);
    let products = "GET /api/products";
    assert_eq!(ask(&server, products, &[&own]).0, 200);
    assert_eq!(ask(&server, products, &[&own, &own_origin]).0, 200);
    for (host, origin, code) in [
        ("host: evil.example", "x-none: 1", "host_not_allowed"),
        (HOST, "origin: http://evil.example", "origin_not_allowed"),
        (HOST, "origin: null", "origin_not_allowed"),
    ] {
        assert_refused(&server, products, &[host, origin], 403, code);
    }
    let shop = "origin: https://shop.example";
    let method = "access-control-request-method: POST";
    let header = "access-control-request-headers: authorization";
    for (start, headers, allowed) in [
        (
            products,
            &[own.as_str(), shop][..],
            "access-control-allow-origin: https://shop.example",
        ),
        (
            "OPTIONS /api/chat",
            &[&own, shop, method, header],
            "access-control-allow-headers: authorization",
        ),
    ] {
        let (status, response) = ask(&server, start, headers);
        assert!(status == 200 && response.contains(allowed), "{response}");
    }
}

#[test]
fn request_heads_are_limited_and_responses_have_security_headers() {
    let long = format!("x-long: {}", "x".repeat(100_000));
    assert_eq!(ask(shared(), "GET /livez", &[HOST, &long]).0, 431);
    let (_, response) = ask(shared(), "GET /info", &[HOST]);
    for header in [
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
    ] {
        assert!(response.contains(header), "{response}");
    }
}

#[test]
fn feedback_is_counted_and_written_to_the_operators_file() {
    let setup = Setup::new();
    let file = setup.home().join("feedback.jsonl");
    let server = setup.with("--feedback-file", file.display()).ready();
    let feedback =
        json!({"verdict": "down", "answer_id": "a-1", "evidence_ids": [3, 1], "comment": "Too short."});
    for (request, status) in [
        (&feedback, 204),
        (&json!({"verdict": "up"}), 204),
        (&json!({"verdict": "up", "mood": 1}), 400),
    ] {
        let reply = server.post("/api/feedback", request);
        assert_eq!(
            (reply.status, reply.body.is_empty()),
            (status, status == 204),
            "{reply:?}"
        );
    }
    let written = std::fs::read_to_string(&file).expect("the file");
    let lines = written
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines.len(), 2);
    for (name, value) in fields(&feedback) {
        assert_eq!(&lines[0][name], value);
    }
    let scrape = Scrape::of(&server);
    assert_eq!(scrape.value("answer_feedback_total{verdict=\"down\"}"), 1.0);

    let stats = server.get("/api/stats").json();
    assert_eq!(stats["feedback"], json!({"up": 1, "down": 1}));
    assert_eq!(stats["status"], "ready");
    assert_eq!(number(&stats["index"]["reviews"]), scrape.value("index_reviews"));
    assert_eq!(list(&stats["server"]["models"]).len(), 2);
    let prefill = &stats["speed"]["prefill_tokens_per_second"];
    assert!(
        number(&prefill["count"]) >= 1.0 && prefill["p50"].is_f64(),
        "{prefill}"
    );
}

/// The schema of a request body in the OpenAPI document.
fn schema<'a>(document: &'a Value, body: &Value) -> &'a Value {
    let name = text(&body["schema"]["$ref"]).trim_start_matches("#/components/schemas/");
    &document["components"]["schemas"][name]
}

#[test]
fn the_document_describes_requests_and_responses() {
    let document = shared().get("/openapi.json");
    assert_eq!(document.header("content-type"), "application/json");
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    let chat = &document["paths"]["/v1/chat/completions"]["post"];
    let request = schema(&document, &chat["requestBody"]["content"]["application/json"]);
    assert_eq!(request["additionalProperties"], false);
    for name in ["response_format", "user"] {
        assert!(request["properties"].get(name).is_some(), "{name}: {request}");
    }
    for status in ["200", "400", "401", "404", "429", "503"] {
        assert!(chat["responses"][status].is_object(), "{status}: {chat}");
    }
    let form = &document["paths"]["/get"]["post"]["requestBody"]["content"];
    assert!(form["application/x-www-form-urlencoded"].is_object(), "{form}");
    let page = shared().get("/docs");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(!page.body.contains("://"), "nothing is loaded from elsewhere");
}

/// The examples are about the default data.
#[test]
fn every_example_in_the_document_is_answered() {
    let data = project_file("data/flipkart_product_review.csv");
    let server = Setup::shallow(8).with_data(&data).ready();
    let document = server.get("/openapi.json").json();
    let mut asked = Vec::new();
    for (path, operations) in fields(&document["paths"]) {
        let bodies = operations["post"]["requestBody"]["content"].as_object();
        for (content_type, body) in bodies.into_iter().flatten() {
            let examples = schema(&document, body)["examples"].as_array();
            for example in examples.unwrap_or_else(|| panic!("no example of a request to {path}")) {
                let body = match content_type.as_str() {
                    "application/json" => example.to_string(),
                    _ => format!("msg={}", text(&example["msg"])),
                };
                let reply = server.send("POST", path, content_type, &body);
                assert!((200..300).contains(&reply.status), "{path} of {body}: {reply:?}");
                asked.push(path);
            }
        }
    }
    assert!(asked.len() >= 8, "{asked:?}");
}

#[test]
fn metrics_may_have_a_port_of_their_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let server = Setup::shallow(4).with("--metrics-listen", address).ready();
    assert_eq!(server.get("/metrics").status, 404);
    let metrics = Client::new(address);
    let scrape = Scrape::of(&metrics);
    assert_eq!(scrape.value("server_ready"), 1.0);
    assert_eq!(scrape.value("llm_requests_waiting_limit"), 8.0);
    assert_eq!(metrics.get("/metrics").status, 200);
    assert_eq!(metrics.get("/livez").status, 404, "this port serves nothing else");
    assert_eq!(metrics.send("POST", "/metrics", "text/plain", "").status, 405);
}

/// The server closes the connection or answers 408 when a head never ends, and answers 408 when a body never comes;
/// both after half a minute.
#[test]
fn clients_that_stop_sending_are_disconnected() {
    let start = "POST /api/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let parts = [
        format!("{start}x-so"),
        format!("{start}content-length: 40\r\n\r\n{{"),
    ];
    let connections = parts.map(|part| {
        let mut connection = TcpStream::connect(shared().address).expect("the server listens");
        connection.write_all(part.as_bytes()).expect("the server reads");
        connection
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a limit");
        connection
    });
    let [head, body] = connections.map(|mut connection| {
        // The end of the connection, or the head of a response.
        let mut part = [0; 1024];
        let count = connection.read(&mut part).expect("neither waits for ever");
        String::from_utf8_lossy(&part[..count]).into_owned()
    });
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408 "), "{head}");
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
}
