//! A client of one server: plain requests, and questions with streamed answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request, Response};
use ureq::{Agent, Body};

use super::json;
use super::sse::{Event, Events};

/// The path of OpenAI's chat endpoint.
pub const COMPLETIONS: &str = "/v1/chat/completions";
const JSON: &str = "application/json";

/// A whole response.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as JSON, of a request that succeeded.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// Checks that the request was refused with this status, and with this `type`, `param` or `code` in its error.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, key: &str, value: &str) {
        assert_eq!(
            (self.status, &self.json()["error"][key]),
            (status, &value.into()),
            "{self:?}"
        );
    }
}

/// An answer, from its first event to its last.
#[derive(Debug)]
pub struct Answer {
    /// The response's headers.
    pub headers: HeaderMap,
    /// All events.
    pub events: Vec<Event>,
}

impl Answer {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// The data of all events with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        let named = self.events.iter().filter(move |event| event.name == name);
        named.map(|event| &event.data)
    }

    /// The data of the only event with this name.
    #[track_caller]
    pub fn only(&self, name: &str) -> &Value {
        let named = self.events.iter().filter(|event| event.name == name);
        let [found] = named.collect::<Vec<_>>()[..] else {
            panic!("not one `{name}` event in {self:#?}")
        };
        &found.data
    }

    /// The text of the last event, which is authoritative.
    pub fn text(&self) -> &str {
        json::text(&self.only("final")["text"])
    }

    /// The quotes that the answer is based on.
    pub fn evidence(&self) -> &[Value] {
        json::list(&self.only("evidence")["items"])
    }

    /// Checks that the question was answered: as this server answers, or told where too few of a small model's
    /// sentences are supported by the evidence.
    #[track_caller]
    pub fn assert_answered(&self) {
        let last = self.only("final");
        let is_answer = matches!(last["outcome"].as_str(), Some("answered" | "extractive"));
        assert!(is_answer, "no answer: {last}");
    }

    /// Checks what holds for every stream: known events, one list of evidence before the first token, one last event
    /// at the end, and the streamed text unchanged in it.
    #[track_caller]
    pub fn assert_well_formed(&self) {
        let names: Vec<&str> = self.events.iter().map(|event| event.name.as_str()).collect();
        let known = [
            "evidence", "products", "finding", "queue", "progress", "token", "citation", "final",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        assert_eq!(
            (self.all("evidence").count(), self.all("final").count()),
            (1, 1),
            "{names:?}"
        );
        assert_eq!(
            (names.first(), names.last()),
            (Some(&"evidence"), Some(&"final")),
            "{names:?}"
        );
        let streamed: String = self
            .all("token")
            .map(|token| json::text(&token["text"]))
            .collect();
        assert_eq!(streamed, self.text(), "text that was sent is not replaced");
    }
}

/// Sends requests to one server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    root: String,
}

impl Client {
    /// A client of the server at `address`.
    pub fn new(address: SocketAddr) -> Client {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(180)))
            // Each request has its own connection: no test depends on a connection that another left open.
            .max_idle_connections(0);
        Client {
            agent: config.build().into(),
            root: format!("http://{address}"),
        }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    /// `GET` by a browser that has the file with this `ETag`.
    pub fn get_if_changed(&self, path: &str, etag: &str) -> Reply {
        whole(self.open("GET", path, &[("if-none-match", etag)], ""))
    }

    /// Any request; without a content type where that is empty.
    pub fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Reply {
        let header = ("content-type", content_type);
        let headers = if content_type.is_empty() {
            &[][..]
        } else {
            &[header]
        };
        whole(self.open(method, path, headers, body))
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, JSON, &body.to_string())
    }

    /// The items that a `POST` of JSON finds.
    pub fn items(&self, path: &str, request: &Value) -> Vec<Value> {
        json::list(&self.post(path, request).ok()["items"]).to_vec()
    }

    /// `POST` without a body, with an operator's key.
    pub fn post_with_key(&self, path: &str, key: &str) -> Reply {
        whole(self.open("POST", path, &[("authorization", &format!("Bearer {key}"))], ""))
    }

    /// Asks, and gives the events as they arrive.
    pub fn stream(&self, question: &str) -> Events {
        self.events("/api/chat", &chat_request(question))
    }

    /// Asks the chat model itself, which then generates exactly `tokens` tokens. (The answer to a question is shorter:
    /// it ends when the model begins to repeat itself, as a shallow model soon does.)
    pub fn stream_model(&self, tokens: usize) -> Events {
        let request = json!({
            "temperature": 0, "max_tokens": tokens, "stream": true, "stream_options": {"include_usage": true},
        });
        self.events(COMPLETIONS, &self.model_request(request))
    }

    /// A request to the chat model itself, with these fields besides.
    pub fn model_request(&self, fields: Value) -> Value {
        let model = self.get("/info").json()["chat_model"].clone();
        let messages = json!([{"role": "user", "content": "x"}]);
        json::with(json!({"model": model, "messages": messages}), &fields)
    }

    /// Asks, and waits for the end of the answer.
    pub fn ask(&self, question: &str) -> Answer {
        let response = self.open_stream("/api/chat", &chat_request(question));
        let headers = response.headers().clone();
        let events = Events::of(response.into_body().into_reader()).collect();
        Answer { headers, events }
    }

    fn events(&self, path: &str, request: &Value) -> Events {
        Events::of(self.open_stream(path, request).into_body().into_reader())
    }

    fn open_stream(&self, path: &str, request: &Value) -> Response<Body> {
        let response = self.open("POST", path, &[("content-type", JSON)], &request.to_string());
        assert_eq!(response.status(), 200, "{request}");
        response
    }

    fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if method == "GET" {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body.to_string()).expect("a request"))
        };
        sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}

fn whole(mut response: Response<Body>) -> Reply {
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().read_to_string().expect("a whole body"),
    }
}

/// Sends a request with these header lines, and gives the connection, from which the response can be [read](read_all).
pub fn send_raw(address: SocketAddr, start: &str, headers: &[&str], body: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let head = format!("{start} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection
        .write_all((head + body).as_bytes())
        .expect("the server reads");
    connection
}

/// Sends a `POST` of JSON with these header lines besides.
pub fn post_raw(address: SocketAddr, path: &str, headers: &[&str], body: &Value) -> TcpStream {
    let headers = [
        &["host: localhost", "content-type: application/json"][..],
        headers,
    ]
    .concat();
    send_raw(address, &format!("POST {path}"), &headers, &body.to_string())
}

/// Everything that arrives until the connection ends.
pub fn read_all(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The smallest request with this question.
pub fn chat_request(question: &str) -> Value {
    json!({"messages": [{"role": "user", "content": question}]})
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name);
    value.map_or("", |value| value.to_str().expect("a header in ASCII"))
}
