//! The id that connects a request with its log lines: the client's own id if it is usable, else a new one; and the
//! trace that the request belongs to, if the client sent one.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the id, in requests and responses.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are replaced: they would only fill the log.
const MAX_LENGTH: usize = 128;

/// A request's id: 1 to 128 visible ASCII characters, so that it can neither break a log line nor a header.
#[derive(Debug, Clone)]
pub(super) struct RequestId(HeaderValue);

/// Whether a client may use this id.
pub(super) fn is_usable(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

impl RequestId {
    /// The client's id, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> RequestId {
        let usable = |id: &&HeaderValue| is_usable(id.as_bytes());
        RequestId(
            headers
                .get(X_REQUEST_ID)
                .filter(usable)
                .cloned()
                .unwrap_or_else(new_id),
        )
    }

    /// The id as a header's value.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The id as text.
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().expect("an id is visible ASCII")
    }
}

/// The ids of the trace and of the parent span, from the
/// [W3C `traceparent` header](https://www.w3.org/TR/trace-context/#traceparent-header); `None` if it is absent or
/// invalid.
pub(super) fn trace_context(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |id: &str, digits: usize| is_hex(id, digits) && id.bytes().any(|c| c != b'0');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may have more parts.
    let is_known = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    (is_known && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2)).then_some((trace, parent))
}

fn new_id() -> HeaderValue {
    HeaderValue::try_from(uuid::Uuid::new_v4().to_string()).expect("a UUID is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_trace_headers_are_read_and_others_ignored() {
        let (trace_id, parent_id) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let zeros = "0".repeat(32);
        for (header, valid) in [
            (format!("00-{trace_id}-{parent_id}-01"), true),
            (format!("01-{trace_id}-{parent_id}-01-more"), true),
            (format!("00-{trace_id}-{parent_id}-01-more"), false),
            (format!("ff-{trace_id}-{parent_id}-01"), false),
            (format!("00-{zeros}-{parent_id}-01"), false),
            (format!("00-{}-{parent_id}-01", trace_id.to_uppercase()), false),
            (format!("00-{trace_id}-{parent_id}"), false),
            ("".to_string(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::try_from(&header).unwrap());
            assert_eq!(
                trace_context(&headers),
                valid.then_some((trace_id, parent_id)),
                "{header}"
            );
        }
        assert_eq!(trace_context(&HeaderMap::new()), None);
    }

    #[test]
    fn usable_ids_are_kept_and_others_replaced() {
        let long = "x".repeat(MAX_LENGTH + 1);
        let table = [
            ("abc-123", true),
            (&long[1..], true),
            (&long[..], false),
            ("", false),
            ("two words", false),
            ("caf\u{e9}", false),
        ];
        for (sent, kept) in table {
            let mut headers = HeaderMap::new();
            headers.insert(
                X_REQUEST_ID,
                HeaderValue::from_bytes(sent.as_bytes()).expect("a legal header"),
            );
            let id = RequestId::of(&headers);
            assert_eq!(id.as_str() == sent, kept, "{sent:?} became {}", id.as_str());
            assert!(
                kept || uuid::Uuid::parse_str(id.as_str()).is_ok(),
                "{}",
                id.as_str()
            );
        }
        let (one, other) = (RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
        assert_ne!(one.as_str(), other.as_str());
    }
}
