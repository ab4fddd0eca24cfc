//! Server-sent events: how an answer's events are received, and how they are sent.
//!
//! Hyper polls a stream while its client reads, and drops it when the client leaves. That drops the receiver, and so
//! the assistant notices that the client has left.

use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::admission::Ticket;
use super::error::ApiError;
use super::wire::{ChatEvent, Recommendation};
use crate::assistant::{AnswerEvent, Recommended};

/// The response that streams the assistant's answer; `recommendations` adds the figures of products.
pub(super) fn answer(
    events: mpsc::Receiver<AnswerEvent>,
    ticket: Ticket,
    recommendations: impl Fn(Vec<Recommended>) -> Vec<Recommendation> + Send + 'static,
) -> Response {
    let state = (Some(events), ticket, recommendations);
    respond(stream::unfold(
        state,
        async |(events, mut ticket, recommendations)| {
            let mut events = events?;
            let event = match ticket.unless_cut(next_event(&mut events)).await {
                Ok(event) => ChatEvent::new(event, &recommendations),
                Err(error) => error.into(),
            };
            // After the last event the receiver is dropped: the assistant can stop, although the client may still read.
            let events = (!event.is_last()).then_some(events);
            let sse = Event::default().event(event.name()).json_data(&event);
            Some((sse, (events, ticket, recommendations)))
        },
    ))
}

/// The next event of an answer.
///
/// # Errors
/// 500 if the answer ended without its last event.
pub(super) async fn next_event(events: &mut mpsc::Receiver<AnswerEvent>) -> Result<AnswerEvent, ApiError> {
    events.recv().await.ok_or_else(|| {
        tracing::error!("An answer ended without its last event.");
        ApiError::internal()
    })
}

/// The response that streams `events`. Axum's default keep-alive is a comment after 15 seconds of silence, so that
/// proxies keep the connection open.
pub(super) fn respond<E>(events: impl Stream<Item = Result<Event, E>> + Send + 'static) -> Response
where
    E: Into<axum::BoxError> + 'static,
{
    let sse = Sse::new(events).keep_alive(KeepAlive::default());
    // nginx would otherwise buffer the events and send many at a time.
    ([("x-accel-buffering", "no")], sse).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::admission::Running;
    use super::super::testing::Site;
    use super::*;
    use axum::routing::get;
    use std::io::{BufRead, BufReader};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    /// A site whose `/` streams what the returned sender sends.
    fn site() -> (Site, mpsc::Sender<AnswerEvent>, Arc<Running>) {
        let (send, receive) = mpsc::channel(8);
        let (receive, running) = (Arc::new(Mutex::new(Some(receive))), Arc::new(Running::new()));
        let tickets = running.clone();
        let handler = async move || {
            let receive = receive
                .lock()
                .expect("no test panics here")
                .take()
                .expect("asked once");
            answer(receive, tickets.enter(), |_| {
                unreachable!("no test sends products")
            })
        };
        (Site::with_route("/", get(handler)), send, running)
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
    fn a_cut_answer_ends_with_an_error_event() {
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
