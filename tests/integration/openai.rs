//! The responses that OpenAI's clients read, byte by byte. `tests/tools/clients.py` checks them with the clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::client::COMPLETIONS;
use crate::harness::json::{list, number, text, with};
use crate::harness::metrics_text::Scrape;
use crate::harness::{Setup, shared, shop, wait};

/// A short greedy request to the chat model itself, with these fields besides.
fn to_model(fields: Value) -> Value {
    let messages = json!([{"role": "user", "content": "Count from one to ten."}]);
    let request = json!({"messages": messages, "temperature": 0, "max_tokens": 12});
    with(shared().model_request(request), &fields)
}

/// A request to the assistant, with these fields besides.
fn to_assistant(fields: Value) -> Value {
    let messages = json!([{"role": "user", "content": shop::QUESTION}]);
    with(json!({"model": "recommender", "messages": messages}), &fields)
}

/// The answer to a request, in one piece.
fn complete(request: &Value) -> Value {
    shared().post(COMPLETIONS, request).ok()
}

fn content(answer: &Value) -> &str {
    text(&answer["choices"][0]["message"]["content"])
}

/// The chunks of a streamed answer, which ends with `[DONE]` and has no named events.
fn chunks(request: Value) -> Vec<Value> {
    let reply = shared().post(COMPLETIONS, &with(request, &json!({"stream": true})));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(reply.header("x-accel-buffering"), "no");
    let lines = reply.body.lines().filter(|line| !line.is_empty() && *line != ":");
    let data = lines.map(|line| line.strip_prefix("data: ").unwrap_or_else(|| panic!("{line}")));
    let mut data: Vec<&str> = data.collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    let chunks = data
        .iter()
        .map(|data| serde_json::from_str(data).expect("a chunk is JSON"));
    chunks.collect()
}

fn streamed_content(chunks: &[Value]) -> String {
    let deltas = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["content"]);
    deltas.filter_map(Value::as_str).collect()
}

#[test]
fn models_are_listed_and_found_by_name() {
    let models = shared().get("/v1/models").json();
    let names: Vec<&str> = list(&models["data"])
        .iter()
        .map(|model| text(&model["id"]))
        .collect();
    let info = shared().get("/info").json();
    assert_eq!(
        names,
        [text(&info["chat_model"]), "recommender", "all-MiniLM-L6-v2"]
    );
    let one = shared().get("/v1/models/recommender").json();
    assert_eq!(one, models["data"][1]);
    assert!(number(&one["created"]) > 1.6e9);
    shared()
        .get("/v1/models/gpt-4")
        .assert_refused(404, "code", "model_not_found");
}

#[test]
fn a_plain_answer_and_a_streamed_one_are_the_same() {
    let answer = complete(&to_model(json!({})));
    let choice = &answer["choices"][0];
    assert!(!content(&answer).is_empty());
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["role"], "assistant");
    let usage = &answer["usage"];
    assert_eq!(usage["completion_tokens"], 12);
    let total = number(&usage["prompt_tokens"]) + 12.0;
    assert_eq!(number(&usage["total_tokens"]), total);
    assert!(usage["prompt_tokens_details"]["cached_tokens"].is_u64());
    assert_eq!(answer["timings"]["predicted_n"], 12);

    let chunks = chunks(to_model(json!({"stream_options": {"include_usage": true}})));
    assert_eq!(streamed_content(&chunks), content(&answer));
    let first = &chunks[0];
    let delta = json!({"role": "assistant", "content": ""});
    assert_eq!(first["choices"][0]["delta"], delta);
    for chunk in &chunks {
        assert_eq!(
            (&chunk["id"], &chunk["created"]),
            (&first["id"], &first["created"])
        );
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk.get("usage").is_some());
    }
    let [.., end, last] = &chunks[..] else {
        panic!("{chunks:?}")
    };
    assert_eq!(end["choices"][0]["delta"], json!({}));
    assert_eq!(end["choices"][0]["finish_reason"], "length");
    assert_eq!(end["usage"], Value::Null);
    assert_eq!(last["choices"], json!([]));
    assert_eq!(number(&last["usage"]["total_tokens"]), total);
}

#[test]
fn sampling_settings_take_effect() {
    let answer_to = |fields: Value| content(&complete(&to_model(fields))).to_string();
    let warm = || answer_to(json!({"temperature": 1.5, "seed": 7}));
    assert_eq!(warm(), warm(), "the same seed gives the same text");

    let greedy = answer_to(json!({}));
    assert_ne!(warm(), greedy);
    let stop: String = greedy.chars().skip(4).take(5).collect();
    let stopped = complete(&to_model(json!({"stop": stop})));
    assert_eq!(
        content(&stopped),
        &greedy[..greedy.find(&stop).expect("it is there")]
    );
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");

    let likely = complete(&to_model(json!({"logprobs": true, "top_logprobs": 2})));
    let tokens = list(&likely["choices"][0]["logprobs"]["content"]);
    assert_eq!(tokens.len(), 12);
    let bytes = tokens.iter().flat_map(|token| list(&token["bytes"]));
    let bytes: Vec<u8> = bytes.map(|byte| number(byte) as u8).collect();
    assert_eq!(String::from_utf8(bytes).expect("whole characters"), greedy);
    assert!(tokens.iter().all(|token| list(&token["top_logprobs"]).len() == 2));
    let likeliest = &tokens[0]["top_logprobs"][0]["token"];
    assert_eq!(
        &tokens[0]["token"], likeliest,
        "greedy decoding takes the likeliest token"
    );

    let first = shared()
        .post("/tokenize", &json!({"content": tokens[0]["token"]}))
        .json();
    let banned = first["tokens"][0].to_string();
    assert_ne!(answer_to(json!({"logit_bias": {banned: -100}})), greedy);
}

#[test]
fn an_answer_matches_its_schema() {
    let stars = json!({"type": "integer", "minimum": 1, "maximum": 5});
    let schema = json!({
        "type": "object", "properties": {"product": {"enum": ["kettle", "phone"]}, "stars": stars},
        "required": ["product", "stars"], "additionalProperties": false,
    });
    let named = json!({"name": "review", "schema": schema, "strict": true});
    let format = json!({"type": "json_schema", "json_schema": named});
    let settings = json!({"response_format": format, "max_tokens": 60, "temperature": 1, "seed": 5});
    let answer = complete(&to_model(settings));
    let value: Value = serde_json::from_str(content(&answer)).expect("JSON");
    assert!(["kettle", "phone"].contains(&text(&value["product"])), "{value}");
    assert!(
        (1..=5).contains(&value["stars"].as_u64().expect("stars")),
        "{value}"
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[test]
fn the_assistant_answers_with_citations_of_its_evidence() {
    let reply = shared().post(COMPLETIONS, &to_assistant(json!({"temperature": 0.7})));
    let answer = reply.ok();
    assert!(reply.header("warning").contains("temperature"), "{reply:?}");
    let message = &answer["choices"][0]["message"];
    let said: Vec<char> = content(&answer).chars().collect();
    let annotations = list(&message["annotations"]);
    let evidence = list(&answer["evidence"]);
    assert!(!annotations.is_empty());
    for annotation in annotations {
        let citation = &annotation["url_citation"];
        let [start, end] = ["start_index", "end_index"].map(|name| number(&citation[name]) as usize);
        let mark: String = said[start..end].iter().collect();
        let number = mark.trim_matches(['[', ']']).parse::<usize>();
        let cited = &evidence[number.unwrap_or_else(|_| panic!("{mark}")) - 1];
        assert_eq!(citation["url"], format!("/api/reviews/{}", cited["review_id"]));
        assert_eq!(shared().get(text(&citation["url"])).status, 200);
        assert_eq!(citation["title"], cited["product_title"]);
    }

    let chunks = chunks(to_assistant(json!({})));
    assert_eq!(streamed_content(&chunks), content(&answer));
    assert_eq!(chunks[0]["evidence"], answer["evidence"]);
    let streamed = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["annotations"].as_array());
    assert_eq!(
        streamed.flatten().collect::<Vec<_>>(),
        annotations.iter().collect::<Vec<_>>()
    );
}

#[test]
fn embeddings_are_the_same_in_numbers_and_in_bytes() {
    let texts = ["The battery lasts two days.", "A loud fan."];
    let request =
        |format: &str| json!({"model": "all-MiniLM-L6-v2", "input": texts, "encoding_format": format});
    let numbers = shared().post("/v1/embeddings", &request("float")).ok();
    let coded = shared().post("/v1/embeddings", &request("base64")).ok();
    for index in 0..texts.len() {
        let vector: Vec<f64> = list(&numbers["data"][index]["embedding"])
            .iter()
            .map(number)
            .collect();
        assert_eq!(vector.len(), 384);
        let length: f64 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
        let bytes = STANDARD
            .decode(text(&coded["data"][index]["embedding"]))
            .expect("base64");
        let (decoded, rest) = bytes.as_chunks::<4>();
        assert_eq!((decoded.len(), rest.len()), (384, 0));
        for (number, bytes) in vector.iter().zip(decoded) {
            assert!((number - f64::from(f32::from_le_bytes(*bytes))).abs() < 1e-6);
        }
    }
    // The first text has five words, the second three, and each a full stop and two special tokens.
    assert_eq!(numbers["usage"]["prompt_tokens"], 8 + 6);
}

#[test]
fn text_becomes_tokens_and_text_again() {
    let tokenize = |request: Value| shared().post("/tokenize", &request).json()["tokens"].clone();
    let content = "Käthe's kettle ☕ costs ₹1,499!";
    let tokens = tokenize(json!({"content": content}));
    let back = shared().post("/detokenize", &json!({"tokens": tokens})).json();
    assert_eq!(back["content"], content);
    let count = |request: Value| list(&tokenize(request)).len();
    assert_eq!(count(json!({"content": "<|im_end|>"})), 1);
    assert!(count(json!({"content": "<|im_end|>", "parse_special": false})) > 1);
    assert_eq!(
        tokenize(json!({"content": "Hi", "with_pieces": true}))[0]["piece"],
        "Hi"
    );
}

#[test]
fn unsupported_requests_are_refused_with_the_field_and_the_reason() {
    let long = "word ".repeat(20_000);
    let too_long = "context_length_exceeded";
    let message = |role: &str, content: Value| json!({"messages": [{"role": role, "content": content}]});
    let schema = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"not": {}}}});
    let chat = [
        (to_model(json!({"model": "gpt-4"})), "model", "model_not_found"),
        (to_model(json!({"n": 2})), "n", ""),
        (to_model(json!({"tools": [{"type": "function"}]})), "tools", ""),
        (to_model(json!({"colour": "red"})), "colour", ""),
        (to_model(json!({"temperature": 3})), "temperature", ""),
        (
            to_model(json!({"top_logprobs": 21, "logprobs": true})),
            "top_logprobs",
            "",
        ),
        (to_model(json!({"logit_bias": {"999999": 1}})), "logit_bias", ""),
        (
            to_model(json!({"response_format": schema})),
            "response_format",
            "",
        ),
        (
            to_model(message("user", json!([{"type": "image_url"}]))),
            "messages[0].content",
            "",
        ),
        (to_model(message("tool", "x".into())), "messages[0].role", ""),
        (
            to_model(message("user", long.as_str().into())),
            "messages",
            too_long,
        ),
        (
            to_assistant(json!({"response_format": {"type": "json_object"}})),
            "response_format",
            "",
        ),
        (to_assistant(message("system", "x".into())), "messages", ""),
    ];
    let embed = |fields: Value| with(json!({"model": "all-MiniLM-L6-v2", "input": "x"}), &fields);
    let embeddings = [
        (embed(json!({"model": "other"})), "model", "model_not_found"),
        (embed(json!({"input": [1, 2]})), "input", ""),
        (embed(json!({"input": long})), "input", too_long),
        // Refused before the texts are counted or embedded, or they would be too long.
        (embed(json!({"dimensions": 10, "input": long})), "dimensions", ""),
    ];
    let detokenize = [(json!({"tokens": [4_000_000_000_u32]}), "tokens", "")];
    for (path, table) in [
        (COMPLETIONS, &chat[..]),
        ("/v1/embeddings", &embeddings),
        ("/detokenize", &detokenize),
    ] {
        for (request, param, code) in table {
            let shown: String = request.to_string().chars().take(100).collect();
            let reply = shared().post(path, request);
            let status = if *code == "model_not_found" { 404 } else { 400 };
            assert_eq!(reply.status, status, "{shown}: {}", reply.body);
            let error = &reply.json()["error"];
            let found = (&error["param"], error["code"].as_str().unwrap_or_default());
            assert_eq!(found, (&Value::from(*param), *code), "{shown}: {error}");
        }
    }
}

#[test]
fn a_busy_model_is_a_429_and_a_client_that_leaves_makes_room() {
    let server = Setup::shallow(8)
        .with("--max-running", 1)
        .with("--max-waiting", 0)
        .ready();
    let mut long = server.stream_model(6000);
    long.wait_for("message");
    let short = server.model_request(json!({"max_tokens": 1}));
    let refused = server.post(COMPLETIONS, &short);
    refused.assert_refused(429, "code", "overloaded");
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") >= 1);

    drop(long);
    wait::until_true("a cancelled generation", || {
        Scrape::of(&server).generations("cancelled") == 1.0
    });
    server.post(COMPLETIONS, &short).ok();
}

#[test]
fn before_anything_is_loaded_there_is_a_503() {
    let server = Setup::new().start();
    // The listener starts before the models are loaded: this request is much earlier than the last hash.
    let request = json!({"model": "x", "messages": [{"role": "user", "content": "x"}]});
    server
        .post(COMPLETIONS, &request)
        .assert_refused(503, "type", "unavailable_error");
}
