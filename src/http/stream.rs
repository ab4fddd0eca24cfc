//! The events of one answer as server-sent events.
//!
//! Hyper polls the stream while its client reads and drops it when the client goes, and with it the receiver, which
//! is how the assistant learns of it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::{IntoResponse, Response, Sse, sse};
use tokio::sync::mpsc;
use tokio_stream::Stream;

use super::{admission::Ticket, error::ApiError, events::Wire};
use crate::assistant;

/// The streaming response. Axum's default keep-alive is the one wanted: a comment after 15 seconds of silence, so
/// that proxies hold the connection.
pub(super) fn answer(
    events: mpsc::Receiver<assistant::AnswerEvent>,
    ticket: Ticket,
    wire: impl Fn(assistant::AnswerEvent) -> Wire + Send + 'static,
) -> Response {
    let answer = Answer {
        events,
        wire: Box::new(wire),
        cut: Box::pin(ticket.cut()),
        ended: false,
    };
    let sse = Sse::new(answer).keep_alive(sse::KeepAlive::default());
    // For nginx, which would collect the words into pages.
    ([("x-accel-buffering", "no")], sse).into_response()
}

struct Answer {
    events: mpsc::Receiver<assistant::AnswerEvent>,
    /// An event as it is sent.
    wire: Box<dyn Fn(assistant::AnswerEvent) -> Wire + Send>,
    /// Completes when the server wants this answer to stop.
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl Stream for Answer {
    type Item = Result<sse::Event, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let wire = match self.events.poll_recv(context) {
            Poll::Ready(Some(event)) => (self.wire)(event),
            Poll::Ready(None) => {
                tracing::error!("an answer ended without its last event");
                Wire::from(ApiError::internal())
            }
            Poll::Pending => match self.cut.as_mut().poll(context) {
                Poll::Ready(()) => Wire::from(ApiError::stopping()),
                Poll::Pending => return Poll::Pending,
            },
        };
        self.ended = wire.is_last();
        if self.ended {
            // The assistant may stop at once, though the client may take its time to read.
            self.events.close();
        }
        Poll::Ready(Some(sse::Event::default().event(wire.name()).json_data(&wire)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{admission::Running, framed, testing::Site};
    use std::time::Duration;

    use super::*;
    use crate::assistant::AnswerEvent;
    use axum::{Router, routing::get};
    use std::{
        io::{BufRead, BufReader},
        sync::{Arc, Mutex},
    };

    /// A site whose `/` streams what the returned sender sends.
    fn site() -> (Site, mpsc::Sender<AnswerEvent>, Arc<Running>) {
        let (send, receive) = mpsc::channel(8);
        let (receive, running) = (Arc::new(Mutex::new(Some(receive))), Arc::new(Running::none()));
        let tickets = running.clone();
        let handler = async move || {
            let receive = receive
                .lock()
                .expect("no test panics here")
                .take()
                .expect("asked once");
            answer(receive, tickets.enter(), |event| {
                Wire::of(event, |_| unreachable!("no test sends products"))
            })
        };
        (
            Site::of(framed(Router::new().route("/", get(handler)), 1024)),
            send,
            running,
        )
    }

    fn token(text: &str) -> AnswerEvent {
        AnswerEvent::Token(text.to_string())
    }

    #[test]
    fn events_are_named_and_the_stream_ends_with_the_last_one() {
        let (site, send, _running) = site();
        for event in [
            AnswerEvent::Queued {
                ahead: 1,
                wait: Duration::from_secs(2),
            },
            token("two\nlines"),
            AnswerEvent::Failed,
            token("too late"),
        ] {
            send.try_send(event).expect("the channel has room");
        }
        let reply = site.get("/");
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/event-stream");
        assert_eq!(reply.header("cache-control"), "no-cache");
        assert_eq!(reply.header("x-accel-buffering"), "no");
        let blocks: Vec<&str> = reply.body.split_terminator("\n\n").collect();
        assert_eq!(
            blocks[0],
            "event: queue\ndata: {\"position\":1,\"eta_seconds\":2.0}"
        );
        assert_eq!(blocks[1], "event: token\ndata: {\"text\":\"two\\nlines\"}");
        assert!(
            blocks[2].starts_with("event: error\ndata: {\"error\":{\"message\":\""),
            "{}",
            blocks[2]
        );
        assert_eq!(blocks.len(), 3);
    }

    #[test]
    fn a_sender_that_vanishes_is_an_error_event() {
        let (site, send, _running) = site();
        drop(send);
        assert!(site.get("/").body.contains("\"type\":\"server_error\""));
    }

    #[tokio::test]
    async fn a_client_that_leaves_ends_the_work() {
        let (site, send, running) = site();
        let connection = site.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        send.send(token("first")).await.expect("the stream is there");
        let mut lines = BufReader::new(&connection)
            .lines()
            .map(|line| line.expect("a line"));
        assert!(lines.any(|line| line == "data: {\"text\":\"first\"}"));
        assert_eq!(running.count(), 1);
        drop(lines);
        drop(connection);
        send.closed().await;
        running.finished().await;
    }

    #[test]
    fn a_cut_answer_says_so_and_ends() {
        let (site, send, running) = site();
        send.try_send(token("half an")).expect("the channel has room");
        running.cut();
        let body = site.get("/").body;
        let last = body.split_terminator("\n\n").last().expect("there are events");
        assert!(
            body.contains("half an") && last.contains("\"code\":\"shutting_down\""),
            "{body}"
        );
    }
}
