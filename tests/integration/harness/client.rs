//! A client of one server: plain requests, and questions whose answers stream.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request, Response};
use ureq::{Agent, Body};

use super::sse::{Event, Events};

/// A response, whole.
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
        text(&self.headers, name)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An answer, from its first event to its last.
#[derive(Debug)]
pub struct Answer {
    /// Of the response.
    pub headers: HeaderMap,
    /// All of them.
    pub events: Vec<Event>,
}

impl Answer {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }

    /// The data of the one event of this name.
    pub fn only(&self, name: &str) -> &Value {
        let mut named = self.events.iter().filter(|event| event.name == name);
        match (named.next(), named.next()) {
            (Some(event), None) => &event.data,
            (found, _) => panic!(
                "{} `{name}` events in {self:#?}",
                if found.is_some() { "several" } else { "no" }
            ),
        }
    }

    /// The authoritative text.
    pub fn text(&self) -> &str {
        self.only("final")["text"]
            .as_str()
            .expect("a final event has a text")
    }

    /// The quotes that the answer rests on.
    pub fn evidence(&self) -> &[Value] {
        self.only("evidence")["items"]
            .as_array()
            .expect("evidence is a list")
    }
}

/// Talks to one server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    root: String,
}

impl Client {
    /// A client of the server at `address`.
    pub fn of(address: SocketAddr) -> Client {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(180)))
            // Each request on a connection of its own: no test depends on what another left open.
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
        let request = Request::builder().uri(format!("{}{path}", self.root));
        let request = request.header("if-none-match", etag).body(()).expect("a request");
        whole(self.agent.run(request).expect("an answer"))
    }

    /// Any request with a body.
    pub fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Reply {
        whole(self.open(method, path, content_type, body))
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "application/json", &body.to_string())
    }

    /// `POST` of nothing, with an operator's key or without.
    pub fn post_with_key(&self, path: &str, key: Option<&str>) -> Reply {
        let request = Request::post(format!("{}{path}", self.root));
        let request = match key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        };
        whole(
            self.agent
                .run(request.body(()).expect("a request"))
                .expect("an answer"),
        )
    }

    /// Asks, and gives the events as they come.
    pub fn stream(&self, question: &str) -> Events {
        let response = self.ask_with(&asked(question));
        Events::of(response.into_body().into_reader())
    }

    /// Has the chat model itself speak, which then says `tokens` tokens: an answer to a question ends where it begins to
    /// repeat itself, as what a shallow model says soon does.
    pub fn stream_of_the_model(&self, tokens: usize) -> Events {
        let request = serde_json::json!({
            "model": self.get("/info").json()["chat_model"],
            "messages": [{"role": "user", "content": "x"}],
            "temperature": 0, "max_tokens": tokens,
            "stream": true, "stream_options": {"include_usage": true},
        });
        let path = "/v1/chat/completions";
        let response = self.open("POST", path, "application/json", &request.to_string());
        assert_eq!(response.status(), 200, "{request}");
        Events::of(response.into_body().into_reader())
    }

    /// Asks, and waits for the end of the answer.
    pub fn ask(&self, question: &str) -> Answer {
        let response = self.ask_with(&asked(question));
        let headers = response.headers().clone();
        let events = Events::of(response.into_body().into_reader()).collect();
        Answer { headers, events }
    }

    fn ask_with(&self, request: &Value) -> Response<Body> {
        let response = self.open("POST", "/api/chat", "application/json", &request.to_string());
        assert_eq!(response.status(), 200, "{request}");
        response
    }

    fn open(&self, method: &str, path: &str, content_type: &str, body: &str) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.root));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
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

/// A `POST` of JSON with these headers, as it goes over the wire; its answer is still to be [received].
pub fn sent(address: SocketAddr, path: &str, headers: &[&str], body: &Value) -> TcpStream {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    let body = body.to_string();
    let length = format!("content-length: {}", body.len());
    let own = [
        "host: localhost",
        "connection: close",
        "content-type: application/json",
        &length,
    ];
    let headers = [&own, headers].concat().join("\r\n");
    write!(connection, "POST {path} HTTP/1.1\r\n{headers}\r\n\r\n{body}").expect("the server reads");
    connection
}

/// All that comes.
pub fn received(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The smallest request that asks this.
pub fn asked(question: &str) -> Value {
    json!({"messages": [{"role": "user", "content": question}]})
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().expect("a header of plain letters"))
}
