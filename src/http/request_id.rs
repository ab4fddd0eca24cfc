//! The id that ties a request to its log lines: the client's own where it sent a usable one, else a new one.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it, in both directions.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are replaced: they would only fill the log.
const LONGEST: usize = 128;

/// A request's id: 1 to 128 visible ASCII characters, so that it can neither break a log line nor a header.
#[derive(Debug, Clone)]
pub(super) struct RequestId(HeaderValue);

/// Whether a client may call a request so.
pub(super) fn is_usable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

impl RequestId {
    /// Takes over the client's id or makes one.
    pub fn of(headers: &HeaderMap) -> RequestId {
        let usable = |id: &&HeaderValue| is_usable(id.as_bytes());
        RequestId(
            headers
                .get(X_REQUEST_ID)
                .filter(usable)
                .cloned()
                .unwrap_or_else(fresh),
        )
    }

    /// As a header's value.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("an id is visible ASCII")
    }
}

fn fresh() -> HeaderValue {
    HeaderValue::try_from(uuid::Uuid::new_v4().to_string()).expect("a UUID is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_ids_are_taken_over_and_others_replaced() {
        let long = "x".repeat(LONGEST + 1);
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
