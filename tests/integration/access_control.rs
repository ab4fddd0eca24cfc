//! Who gets in: keys, names, pages of other sites, and how often; and what is counted and kept of an opinion.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::metrics_text::Scrape;
use crate::harness::{Server, Setup, shared};

/// SHA-256 of "abc", FIPS 180-2, appendix B.1.
const USER: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// SHA-256 of "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", FIPS 180-2, appendix B.2.
const ADMIN: &str = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
const ADMIN_KEY: &str = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

/// Status and body of a request with these header lines.
fn ask(server: &Server, start: &str, headers: &[&str]) -> (u16, String) {
    let mut connection = TcpStream::connect(server.address).expect("the server listens");
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("{start} HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n{lines}\r\n");
    connection
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut text = String::new();
    connection.read_to_string(&mut text).expect("the server answers");
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{text}")), text)
}

fn code(text: &str) -> Value {
    let body = text.split_once("\r\n\r\n").expect("a body").1;
    serde_json::from_str::<Value>(body).unwrap_or_else(|_| panic!("{text}"))["error"]["code"].clone()
}

#[test]
fn keys_open_what_is_theirs() {
    let setup = Setup::new();
    let keys = setup.home().join("keys");
    std::fs::write(
        &keys,
        format!("# who\n{USER} user the shop\n{ADMIN} admin anna\n"),
    )
    .expect("a file");
    let server = setup
        .with("--key-file", keys.to_str().expect("a path that is text"))
        .with("--requests-per-minute", 8)
        .ready();
    let host = "host: localhost";
    let admin = format!("authorization: Bearer {ADMIN_KEY}");
    for path in ["/", "/livez", "/readyz", "/metrics", "/health", "/info"] {
        assert_eq!(ask(&server, &format!("GET {path}"), &[host]).0, 200, "{path}");
    }
    for start in [
        "GET /api/products",
        "GET /v1/models",
        "POST /api/chat",
        "POST /get",
        "POST /tokenize",
        "GET /v1/x",
    ] {
        let (status, text) = ask(&server, start, &[host]);
        assert_eq!((status, code(&text)), (401, "missing_api_key".into()), "{start}");
        assert!(text.contains("www-authenticate: Bearer"), "{text}");
        let (status, text) = ask(&server, start, &[host, "authorization: Bearer abd"]);
        assert_eq!((status, code(&text)), (401, "invalid_api_key".into()), "{start}");
    }
    assert_eq!(
        ask(&server, "GET /v1/models", &[host, "authorization: Bearer abc"]).0,
        200
    );
    let (status, text) = ask(
        &server,
        "POST /api/admin/reload",
        &[host, "authorization: Bearer abc"],
    );
    assert_eq!((status, code(&text)), (403, "insufficient_scope".into()));
    assert_eq!(ask(&server, "POST /api/admin/reload", &[host, &admin]).0, 200);

    // Eight a minute: one more is too much for this key, and another has its own eight.
    let key = "authorization: Bearer abc";
    let answers: Vec<_> = (0..9)
        .map(|_| ask(&server, "GET /v1/models", &[host, key]))
        .collect();
    let (status, text) = &answers[8];
    assert_eq!((*status, code(text)), (429, "rate_limited".into()));
    assert!(text.contains("retry-after: "), "{text}");
    assert_eq!(ask(&server, "GET /v1/models", &[host, &admin]).0, 200);
}

#[test]
fn other_sites_stay_outside_and_allowed_ones_come_in() {
    let server = Setup::new()
        .with("--allowed-origin", "https://shop.example")
        .ready();
    let own = format!("host: {}", server.address);
    let products = "GET /api/products";
    assert_eq!(ask(&server, products, &[&own]).0, 200);
    assert_eq!(
        ask(
            &server,
            products,
            &[&own, &format!("origin: http://{}", server.address)]
        )
        .0,
        200
    );
    for (headers, expected) in [
        (["host: evil.example", "x-none: 1"], "host_not_allowed"),
        (
            ["host: localhost", "origin: http://evil.example"],
            "origin_not_allowed",
        ),
        (["host: localhost", "origin: null"], "origin_not_allowed"),
    ] {
        let (status, text) = ask(&server, products, &headers);
        assert_eq!((status, code(&text)), (403, expected.into()), "{headers:?}");
    }
    let shop = "origin: https://shop.example";
    let (status, text) = ask(&server, products, &[&own, shop]);
    assert!(
        status == 200 && text.contains("access-control-allow-origin: https://shop.example"),
        "{text}"
    );
    let (status, text) = ask(
        &server,
        "OPTIONS /api/chat",
        &[
            &own,
            shop,
            "access-control-request-method: POST",
            "access-control-request-headers: authorization",
        ],
    );
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains("access-control-allow-headers: authorization"),
        "{text}"
    );
}

#[test]
fn heads_have_limits_and_answers_their_headers() {
    let long = format!("x-long: {}", "x".repeat(100_000));
    assert_eq!(ask(shared(), "GET /livez", &["host: localhost", &long]).0, 431);
    let (_, text) = ask(shared(), "GET /info", &["host: localhost"]);
    for header in [
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "referrer-policy: no-referrer",
    ] {
        assert!(text.contains(header), "{text}");
    }
}

#[test]
fn opinions_are_counted_and_written_where_the_operator_wants_them() {
    let setup = Setup::new();
    let file = setup.home().join("feedback.jsonl");
    let server = setup
        .with("--feedback-file", file.to_str().expect("a path that is text"))
        .ready();
    let opinion =
        json!({"verdict": "down", "answer_id": "a-1", "evidence_ids": [3, 1], "comment": "Too short."});
    let reply = server.post("/api/feedback", &opinion);
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    assert_eq!(
        server.post("/api/feedback", &json!({"verdict": "up"})).status,
        204
    );
    assert_eq!(
        server
            .post("/api/feedback", &json!({"verdict": "up", "mood": 1}))
            .status,
        400
    );
    let text = std::fs::read_to_string(&file).expect("the file");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    for (name, value) in opinion.as_object().expect("fields") {
        assert_eq!(&lines[0][name], value);
    }
    let scrape = Scrape::of(&server);
    assert_eq!(scrape.value("answer_feedback_total{verdict=\"down\"}"), 1.0);

    let stats = server.get("/api/stats").json();
    assert_eq!(stats["feedback"], json!({"up": 1, "down": 1}));
    assert_eq!(stats["status"], "ready");
    assert_eq!(
        stats["index"]["reviews"].as_f64(),
        Some(scrape.value("index_reviews"))
    );
    assert_eq!(stats["server"]["models"].as_array().expect("a list").len(), 2);
    let decode = &stats["speed"]["prefill_tokens_per_second"];
    assert!(
        decode["count"].as_u64().expect("a number") >= 1 && decode["p50"].is_f64(),
        "{decode}"
    );
}

#[test]
fn the_document_says_what_every_endpoint_takes() {
    let document = shared().get("/openapi.json");
    assert_eq!(document.header("content-type"), "application/json");
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    let chat = &document["paths"]["/v1/chat/completions"]["post"];
    let name = chat["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
    let name = name
        .expect("a reference")
        .trim_start_matches("#/components/schemas/");
    let request = &document["components"]["schemas"][name];
    assert_eq!(request["additionalProperties"], false);
    assert!(
        ["response_format", "user"]
            .iter()
            .all(|name| request["properties"].get(name).is_some()),
        "{request}"
    );
    for status in ["200", "400", "401", "404", "429", "503"] {
        assert!(chat["responses"][status].is_object(), "{status}: {chat}");
    }
    assert!(
        document["paths"]["/get"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
            .is_object()
    );
    let page = shared().get("/docs");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(!page.body.contains("://"), "nothing is loaded from elsewhere");
}

/// Of the default data, which the examples speak of.
#[test]
fn every_example_in_the_document_is_answered() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flipkart_product_review.csv");
    let server = Setup::shallow(8).with_data(&data).ready();
    let document = server.get("/openapi.json").json();
    let mut asked = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let bodies = &operations["post"]["requestBody"]["content"];
        for (content_type, body) in bodies.as_object().into_iter().flatten() {
            let schema = body["schema"]["$ref"].as_str().expect("a schema with a name");
            let schema =
                &document["components"]["schemas"][schema.trim_start_matches("#/components/schemas/")];
            let examples = schema["examples"].as_array();
            for example in examples.unwrap_or_else(|| panic!("no example of what {path} takes")) {
                let body = match content_type.as_str() {
                    "application/json" => example.to_string(),
                    _ => format!("msg={}", example["msg"].as_str().expect("a form's field")),
                };
                let reply = server.send("POST", path, content_type, &body);
                assert!((200..300).contains(&reply.status), "{path} of {body}: {reply:?}");
                asked.push(path.clone());
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
    let apart = Client::of(address);
    let scraped = apart.get("/metrics");
    assert_eq!(scraped.status, 200);
    assert!(scraped.body.contains("\nserver_ready 1\n"), "{}", scraped.body);
    assert!(
        scraped.body.contains("\nllm_requests_waiting_limit 8\n"),
        "{}",
        scraped.body
    );
    assert_eq!(apart.get("/livez").status, 404, "nothing else is there");
    assert_eq!(apart.send("POST", "/metrics", "text/plain", "").status, 405);
}

/// A head that never ends is given up, and a body that never comes is refused, each after half a minute.
#[test]
fn clients_that_send_nothing_more_are_let_go() {
    let start = "POST /api/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let waiting = [
        format!("{start}x-so"),
        format!("{start}content-length: 40\r\n\r\n{{"),
    ]
    .map(|part| {
        let mut connection = TcpStream::connect(shared().address).expect("the server listens");
        connection.write_all(part.as_bytes()).expect("the server reads");
        connection
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a limit");
        connection
    });
    let answers = waiting.map(|mut connection| {
        // What comes first tells: the end of the connection, or the head of a refusal.
        let mut part = [0; 1024];
        let count = connection.read(&mut part).expect("neither waits for ever");
        String::from_utf8_lossy(&part[..count]).into_owned()
    });
    assert!(
        answers[0].is_empty() || answers[0].starts_with("HTTP/1.1 408 "),
        "{}",
        answers[0]
    );
    assert!(answers[1].starts_with("HTTP/1.1 408 "), "{}", answers[1]);
}
