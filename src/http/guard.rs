//! Who gets in: the right name and page, a key where one is needed, and not too often.
//!
//! A middleware before every handler. Probes, metrics and static files stay open: an orchestrator has no key, and a
//! page that asks for one has to come from somewhere. Nothing of a key is ever logged but its holder's name.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue,
        header::{AUTHORIZATION, HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Shared, error::ApiError};
use crate::config::{AllowedSites, Holder, Keys, Scope};

/// The connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

/// What a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Nothing.
    Open,
    /// A key, where there are any for asking.
    Asking,
    /// An operator's key.
    Operating,
}

/// The middleware.
pub(super) async fn guard(State(context): State<Shared>, request: Request, next: Next) -> Response {
    match pass(&context, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn pass(context: &Shared, request: &Request) -> Result<(), ApiError> {
    let options = &context.options;
    let door = Door::of(request.uri().path(), &options.keys);
    if door == Door::Open {
        return Ok(());
    }
    welcome(request.headers(), &options.allowed_sites)?;
    let holder = identify(door, request.headers(), &options.keys)?;
    let address = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    match &context.limit {
        Some(limit) => limit.check(holder, address),
        None => Ok(()),
    }
}

impl Door {
    fn of(path: &str, keys: &Keys) -> Door {
        let below = |folder: &str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        if below("/api/admin") && keys.has_admin() {
            Door::Operating
        } else if below("/api") || below("/v1") || ["/get", "/tokenize", "/detokenize"].contains(&path) {
            Door::Asking
        } else {
            Door::Open
        }
    }
}

/// Turns away what a page of another site sends, and what comes by a name that is not ours.
fn welcome(headers: &HeaderMap, allowed_sites: &AllowedSites) -> Result<(), ApiError> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_string();
    let host = headers.get(HOST).map(text);
    if host.as_deref().is_some_and(|host| !allowed_sites.knows(host)) {
        return Err(ApiError::forbidden(
            "This server does not go by that name; its operator can allow it with --allowed-host.",
            "host_not_allowed",
        ));
    }
    match headers.get(ORIGIN).map(text) {
        Some(origin) if !allowed_sites.admits(&origin, host.as_deref()) => Err(ApiError::forbidden(
            "Pages of other sites may not ask this server; its operator can allow one with --allowed-origin.",
            "origin_not_allowed",
        )),
        _ => Ok(()),
    }
}

/// Whose key came along, where one is needed.
fn identify<'k>(door: Door, headers: &HeaderMap, keys: &'k Keys) -> Result<Option<&'k Holder>, ApiError> {
    if door == Door::Asking && !keys.guard() {
        return Ok(None);
    }
    let key = bearer(headers).ok_or_else(ApiError::missing_key)?;
    let holder = keys.holder(key).ok_or_else(ApiError::invalid_key)?;
    match (door, holder.scope) {
        (Door::Operating, Scope::User) => Err(ApiError::forbidden(
            "This key is a user's, and this is for operators.",
            "insufficient_scope",
        )),
        _ => Ok(Some(holder)),
    }
}

/// The key in `Authorization: Bearer KEY`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(all: Option<&str>, operators: Option<&str>) -> Keys {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = |text: &str| {
            let path = dir.path().join(text.len().to_string());
            std::fs::write(&path, text).expect("a file");
            path
        };
        let (all, operators) = (all.map(file), operators.map(file));
        Keys::read(all.as_deref(), operators.as_deref()).expect("keys")
    }

    /// SHA-256 of "abc" and of "", FIPS 180-2 and RFC 6234.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn with(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn paths_have_their_doors() {
        let none = Keys::default();
        for path in [
            "/",
            "/ui/app.js",
            "/livez",
            "/readyz",
            "/metrics",
            "/info",
            "/health",
            "/apiary",
            "/v1x",
            "/docs",
        ] {
            assert_eq!(Door::of(path, &none), Door::Open, "{path}");
        }
        for path in [
            "/api/chat",
            "/v1/models",
            "/v1/nothing",
            "/get",
            "/tokenize",
            "/detokenize",
            "/api/admin/reload",
        ] {
            assert_eq!(Door::of(path, &none), Door::Asking, "{path}");
        }
        assert_eq!(
            Door::of("/api/admin/reload", &keys(None, Some(ABC))),
            Door::Operating
        );
    }

    #[test]
    fn only_the_key_itself_opens_and_only_its_own_doors() {
        let users = keys(Some(&format!("{ABC} user shop")), None);
        for (value, opens) in [
            ("Bearer abc", true),
            ("bearer  abc", true),
            ("Bearer abcd", false),
            ("Bearer ", false),
            ("Basic abc", false),
            ("abc", false),
            (
                "Bearer ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                false,
            ),
        ] {
            assert_eq!(
                identify(Door::Asking, &with(value), &users).is_ok(),
                opens,
                "{value}"
            );
        }
        assert!(identify(Door::Asking, &HeaderMap::new(), &users).is_err());
        assert!(identify(Door::Operating, &with("Bearer abc"), &users).is_err());
        let operator = keys(None, Some(ABC));
        assert!(identify(Door::Operating, &with("Bearer abc"), &operator).is_ok());
        assert!(identify(Door::Asking, &HeaderMap::new(), &operator).is_ok());
    }
}
