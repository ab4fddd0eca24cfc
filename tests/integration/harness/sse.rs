//! Server-sent events, read as they arrive.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The value of `event:`; "message" where there is none, as in browsers.
    pub name: String,
    /// The value of `data:`: JSON, or the word at the end of OpenAI's streams.
    pub data: Value,
}

/// The events of a response; dropping this closes the connection.
pub struct Events(BufReader<Box<dyn Read + Send>>);

impl Events {
    /// The events in `body`.
    pub fn of(body: impl Read + Send + 'static) -> Events {
        Events(BufReader::new(Box::new(body)))
    }

    /// Reads until an event with this name.
    ///
    /// # Panics
    /// When the stream ends first.
    pub fn wait_for(&mut self, name: &str) -> Event {
        let mut seen = Vec::new();
        for event in &mut *self {
            if event.name == name {
                return event;
            }
            seen.push(event);
        }
        panic!("no `{name}` among {seen:?}")
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (mut name, mut data) = (None, None);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("the stream is not cut") == 0 {
                assert!(
                    name.is_none() && data.is_none(),
                    "the stream ends within an event"
                );
                return None;
            }
            let line = line.strip_suffix('\n').expect("a whole line");
            match line.split_once(':') {
                Some(("event", value)) => name = Some(value.trim_start().to_string()),
                Some(("data", value)) => {
                    assert!(data.is_none(), "an event has one line of data: {line}");
                    let value = value.trim_start();
                    data = Some(match value {
                        "[DONE]" => value.into(),
                        _ => serde_json::from_str(value).unwrap_or_else(|error| panic!("{error}: {line}")),
                    });
                }
                // A comment, which keeps the connection open.
                Some(("", _)) => {}
                Some(_) => panic!("an unknown field: {line}"),
                None if line.is_empty() && name.is_none() && data.is_none() => {}
                None => {
                    assert!(line.is_empty(), "not a field: {line}");
                    return Some(Event {
                        name: name.unwrap_or_else(|| "message".to_string()),
                        data: data.expect("every event has data"),
                    });
                }
            }
        }
    }
}
