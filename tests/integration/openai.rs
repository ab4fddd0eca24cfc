//! What OpenAI's clients read, byte by byte; that the clients themselves are content is `tests/tools/clients.py`'s.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::metrics_text::Scrape;
use crate::harness::wait::{self, PATIENCE};
use crate::harness::{Setup, shared, shop};

const PATH: &str = "/v1/chat/completions";

/// The chat model's name.
fn chat_model() -> String {
    let info = shared().get("/info").json();
    info["chat_model"].as_str().expect("a name").to_string()
}

/// A short greedy request to the chat model itself, with these fields besides.
fn bare(fields: Value) -> Value {
    let mut request = json!({
        "model": chat_model(), "messages": [{"role": "user", "content": "Count from one to ten."}],
        "temperature": 0, "max_tokens": 12,
    });
    for (name, value) in fields.as_object().expect("fields") {
        request[name] = value.clone();
    }
    request
}

fn recommender(fields: Value) -> Value {
    let mut request =
        json!({"model": "recommender", "messages": [{"role": "user", "content": shop::QUESTION}]});
    for (name, value) in fields.as_object().expect("fields") {
        request[name] = value.clone();
    }
    request
}

fn whole(request: &Value) -> Value {
    let reply = shared().post(PATH, request);
    assert_eq!(reply.status, 200, "{request}: {}", reply.body);
    reply.json()
}

/// The chunks of a streamed answer, which ends with `[DONE]` and has no named events.
fn chunks(mut request: Value) -> Vec<Value> {
    request["stream"] = true.into();
    let reply = shared().post(PATH, &request);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(reply.header("x-accel-buffering"), "no");
    let lines = reply.body.lines().filter(|line| !line.is_empty() && *line != ":");
    let mut data: Vec<&str> = lines
        .map(|line| line.strip_prefix("data: ").unwrap_or_else(|| panic!("{line}")))
        .collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    data.iter()
        .map(|data| serde_json::from_str(data).expect("a chunk is JSON"))
        .collect()
}

fn content(chunks: &[Value]) -> String {
    let delta = |chunk: &Value| {
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_string)
    };
    chunks.iter().filter_map(delta).collect()
}

#[test]
fn models_are_listed_and_found_by_name() {
    let list = shared().get("/v1/models").json();
    let names: Vec<&str> = list["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| model["id"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, [&chat_model(), "recommender", "all-MiniLM-L6-v2"]);
    let one = shared().get("/v1/models/recommender").json();
    assert_eq!(one, list["data"][1]);
    assert!(one["created"].as_u64().expect("a time") > 1_600_000_000);
    let unknown = shared().get("/v1/models/gpt-4");
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &"model_not_found".into())
    );
}

#[test]
fn a_plain_answer_and_a_streamed_one_are_the_same() {
    let answer = whole(&bare(json!({})));
    let choice = &answer["choices"][0];
    let said = choice["message"]["content"].as_str().expect("a text");
    assert!(!said.is_empty());
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["role"], "assistant");
    let usage = &answer["usage"];
    assert_eq!(usage["completion_tokens"], 12);
    let total = usage["prompt_tokens"].as_u64().expect("a number") + 12;
    assert_eq!(usage["total_tokens"], total);
    assert!(usage["prompt_tokens_details"]["cached_tokens"].is_u64());
    assert_eq!(answer["timings"]["predicted_n"], 12);

    let chunks = chunks(bare(json!({"stream_options": {"include_usage": true}})));
    assert_eq!(content(&chunks), said);
    let first = &chunks[0];
    assert_eq!(
        first["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    for chunk in &chunks {
        assert_eq!(
            (&chunk["id"], &chunk["created"]),
            (&first["id"], &first["created"])
        );
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk.as_object().expect("a chunk").contains_key("usage"));
    }
    let [.., end, last] = &chunks[..] else {
        panic!("{chunks:?}")
    };
    assert_eq!(end["choices"][0]["delta"], json!({}));
    assert_eq!(end["choices"][0]["finish_reason"], "length");
    assert_eq!(end["usage"], Value::Null);
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["total_tokens"], total);
}

#[test]
fn the_engines_settings_arrive() {
    let warm = bare(json!({"temperature": 1.5, "seed": 7}));
    let said = |request: &Value| whole(request)["choices"][0]["message"]["content"].clone();
    assert_eq!(said(&warm), said(&warm), "a seed keeps its text");

    let greedy = said(&bare(json!({})));
    let text = greedy.as_str().expect("a text");
    let stop: String = text.chars().skip(4).take(5).collect();
    let stopped = whole(&bare(json!({"stop": stop})));
    assert_eq!(
        stopped["choices"][0]["message"]["content"],
        text[..text.find(&stop).expect("it is there")]
    );
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");

    let likely = whole(&bare(json!({"logprobs": true, "top_logprobs": 2})));
    let tokens = likely["choices"][0]["logprobs"]["content"]
        .as_array()
        .expect("a list");
    assert_eq!(tokens.len(), 12);
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| token["bytes"].as_array().expect("bytes"))
        .map(|byte| byte.as_u64().expect("a byte") as u8)
        .collect();
    assert_eq!(String::from_utf8(bytes).expect("whole characters"), text);
    assert!(
        tokens
            .iter()
            .all(|token| token["top_logprobs"].as_array().expect("a list").len() == 2)
    );
    assert_eq!(
        tokens[0]["token"], tokens[0]["top_logprobs"][0]["token"],
        "greedy is the likeliest"
    );

    let first = shared()
        .post("/tokenize", &json!({"content": tokens[0]["token"]}))
        .json();
    let banned = bare(json!({"logit_bias": {first["tokens"][0].to_string(): -100}}));
    assert_ne!(said(&banned), greedy);
}

#[test]
fn an_answer_keeps_to_its_schema() {
    let schema = json!({
        "type": "object", "properties": {"product": {"enum": ["kettle", "phone"]}, "stars": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["product", "stars"], "additionalProperties": false,
    });
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "review", "schema": schema, "strict": true}});
    let answer = whole(&bare(
        json!({"response_format": format, "max_tokens": 60, "temperature": 1, "seed": 5}),
    ));
    let text = answer["choices"][0]["message"]["content"]
        .as_str()
        .expect("a text");
    let value: Value = serde_json::from_str(text).expect("JSON");
    assert!(
        ["kettle", "phone"].contains(&value["product"].as_str().expect("a product")),
        "{text}"
    );
    assert!(
        (1..=5).contains(&value["stars"].as_u64().expect("stars")),
        "{text}"
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[test]
fn the_assistant_answers_with_citations_of_its_evidence() {
    let reply = shared().post(PATH, &recommender(json!({"temperature": 0.7})));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(
        reply.header("warning").contains("temperature"),
        "{:?}",
        reply.header("warning")
    );
    let answer = reply.json();
    let message = &answer["choices"][0]["message"];
    let text: Vec<char> = message["content"].as_str().expect("a text").chars().collect();
    let annotations = message["annotations"].as_array().expect("a list");
    let evidence = answer["evidence"].as_array().expect("evidence");
    assert!(!annotations.is_empty());
    for annotation in annotations {
        let citation = &annotation["url_citation"];
        let place = |name: &str| citation[name].as_u64().expect("a place") as usize;
        let mark: String = text[place("start_index")..place("end_index")].iter().collect();
        let number: usize = mark
            .trim_matches(['[', ']'])
            .parse()
            .unwrap_or_else(|_| panic!("{mark}"));
        let review = &evidence[number - 1]["review_id"];
        assert_eq!(citation["url"], format!("/api/reviews/{review}"));
        let review = shared().get(citation["url"].as_str().expect("an address"));
        assert_eq!(review.status, 200);
        assert_eq!(citation["title"], evidence[number - 1]["product_title"]);
    }

    let chunks = chunks(recommender(json!({})));
    assert_eq!(content(&chunks), message["content"].as_str().expect("a text"));
    assert_eq!(chunks[0]["evidence"], answer["evidence"]);
    let streamed: Vec<&Value> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["annotations"].as_array())
        .flatten()
        .collect();
    assert_eq!(streamed, annotations.iter().collect::<Vec<_>>());
}

#[test]
fn embeddings_are_the_same_in_numbers_and_in_bytes() {
    let request = |format: &str| json!({"model": "all-MiniLM-L6-v2", "input": ["The battery lasts two days.", "A loud fan."], "encoding_format": format});
    let numbers = shared().post("/v1/embeddings", &request("float")).json();
    let coded = shared().post("/v1/embeddings", &request("base64")).json();
    for index in 0..2 {
        let vector: Vec<f32> =
            serde_json::from_value(numbers["data"][index]["embedding"].clone()).expect("numbers");
        assert_eq!(vector.len(), 384);
        let length: f32 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
        let text = coded["data"][index]["embedding"].as_str().expect("a text");
        // 384 numbers of 4 bytes, four characters for each three bytes.
        assert_eq!(text.len(), 384 * 4 / 3 * 4);
    }
    // Five words, a full stop, and the two tokens around each text; four words and so on.
    assert_eq!(numbers["usage"]["prompt_tokens"], 8 + 6);
}

#[test]
fn text_becomes_tokens_and_text_again() {
    let text = "Käthe's kettle ☕ costs ₹1,499!";
    let tokens = shared().post("/tokenize", &json!({"content": text})).json()["tokens"].clone();
    let back = shared().post("/detokenize", &json!({"tokens": tokens})).json();
    assert_eq!(back["content"], text);
    let count = |request: Value| {
        let tokens = shared().post("/tokenize", &request).json()["tokens"].clone();
        tokens.as_array().expect("a list").len()
    };
    assert_eq!(count(json!({"content": "<|im_end|>"})), 1);
    assert!(count(json!({"content": "<|im_end|>", "parse_special": false})) > 1);
    let pieces = shared()
        .post("/tokenize", &json!({"content": "Hi", "with_pieces": true}))
        .json();
    assert_eq!(pieces["tokens"][0]["piece"], "Hi");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let long = "word ".repeat(20_000);
    let embed = |fields: Value| {
        let mut request = json!({"model": "all-MiniLM-L6-v2", "input": "x"});
        for (name, value) in fields.as_object().expect("fields") {
            request[name] = value.clone();
        }
        request
    };
    for (path, request, status, param, code) in [
        (
            PATH,
            bare(json!({"model": "gpt-4"})),
            404,
            "model",
            json!("model_not_found"),
        ),
        (PATH, bare(json!({"n": 2})), 400, "n", Value::Null),
        (
            PATH,
            bare(json!({"tools": [{"type": "function"}]})),
            400,
            "tools",
            Value::Null,
        ),
        (PATH, bare(json!({"colour": "red"})), 400, "colour", Value::Null),
        (
            PATH,
            bare(json!({"temperature": 3})),
            400,
            "temperature",
            Value::Null,
        ),
        (
            PATH,
            bare(json!({"top_logprobs": 21, "logprobs": true})),
            400,
            "top_logprobs",
            Value::Null,
        ),
        (
            PATH,
            bare(json!({"logit_bias": {"999999": 1}})),
            400,
            "logit_bias",
            Value::Null,
        ),
        (
            PATH,
            bare(
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"not": {}}}}}),
            ),
            400,
            "response_format",
            Value::Null,
        ),
        (
            PATH,
            bare(json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})),
            400,
            "messages[0].content",
            Value::Null,
        ),
        (
            PATH,
            bare(json!({"messages": [{"role": "tool", "content": "x"}]})),
            400,
            "messages[0].role",
            Value::Null,
        ),
        (
            PATH,
            bare(json!({"messages": [{"role": "user", "content": long}]})),
            400,
            "messages",
            json!("context_length_exceeded"),
        ),
        (
            PATH,
            recommender(json!({"response_format": {"type": "json_object"}})),
            400,
            "response_format",
            Value::Null,
        ),
        (
            PATH,
            recommender(json!({"messages": [{"role": "system", "content": "x"}]})),
            400,
            "messages",
            Value::Null,
        ),
        (
            "/v1/embeddings",
            embed(json!({"model": "other"})),
            404,
            "model",
            json!("model_not_found"),
        ),
        (
            "/v1/embeddings",
            embed(json!({"input": [1, 2]})),
            400,
            "input",
            Value::Null,
        ),
        (
            "/v1/embeddings",
            embed(json!({"input": long})),
            400,
            "input",
            json!("context_length_exceeded"),
        ),
        (
            "/v1/embeddings",
            // Refused before the texts are counted or embedded, or they would be too long.
            embed(json!({"dimensions": 10, "input": long})),
            400,
            "dimensions",
            Value::Null,
        ),
        (
            "/detokenize",
            json!({"tokens": [4_000_000_000u32]}),
            400,
            "tokens",
            Value::Null,
        ),
    ] {
        let shown: String = request.to_string().chars().take(100).collect();
        let reply = shared().post(path, &request);
        assert_eq!(reply.status, status, "{shown}: {}", reply.body);
        let error = &reply.json()["error"];
        assert_eq!(
            (&error["param"], &error["code"]),
            (&param.into(), &code),
            "{shown}: {error}"
        );
    }
}

#[test]
fn a_busy_model_is_a_429_and_a_client_that_leaves_makes_room() {
    let server = Setup::shallow(8)
        .with("--max-running", 1)
        .with("--max-waiting", 0)
        .ready();
    let model = server.get("/info").json()["chat_model"].clone();
    let request = json!({
        "model": model, "messages": [{"role": "user", "content": "x"}], "temperature": 0, "max_tokens": 6000, "stream": true,
    })
    .to_string();
    let mut long = TcpStream::connect(server.address).expect("the server listens");
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        request.len()
    );
    long.write_all((head + &request).as_bytes())
        .expect("the server reads");
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while !said.contains("\"content\":\"\"") {
        let count = long.read(&mut buffer).expect("the server answers");
        assert!(count > 0, "{said}");
        said += &String::from_utf8_lossy(&buffer[..count]);
    }
    let short = json!({"model": model, "messages": [{"role": "user", "content": "x"}], "max_tokens": 1});
    let refused = server.post(PATH, &short);
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (429, &"overloaded".into()),
        "{}",
        refused.body
    );
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") >= 1);

    drop(long);
    wait::until("a cancelled generation", PATIENCE, || {
        let cancelled = Scrape::of(&server).value("llm_requests_finished_total{reason=\"cancelled\"}");
        (cancelled == 1.0).then_some(())
    });
    assert_eq!(server.post(PATH, &short).status, 200);
}

#[test]
fn before_anything_is_loaded_there_is_a_503() {
    let server = Setup::new().start();
    // The listener is there before the models are; the first request is far earlier than the last hash.
    let reply = server.post(
        PATH,
        &json!({"model": "x", "messages": [{"role": "user", "content": "x"}]}),
    );
    assert_eq!(
        (reply.status, &reply.json()["error"]["type"]),
        (503, &"unavailable_error".into())
    );
}
