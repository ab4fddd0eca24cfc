//! Access control: the host name and the site, then a key if one is required, then the rate limit.
//!
//! A middleware before every handler. Probes, metrics and static files stay public: an orchestrator has no key, and a
//! browser must be able to load the page that asks for one. Of a key, only its holder's name is ever logged.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::SharedContext;
use super::error::ApiError;
use crate::config::{AllowedSites, Holder, Keys, Scope};

/// The other end of the request's connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

/// What a path requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Nothing.
    Public,
    /// A user's key, if users' keys are configured.
    User,
    /// An operator's key.
    Admin,
}

/// The middleware.
pub(super) async fn guard(State(context): State<SharedContext>, request: Request, next: Next) -> Response {
    match check(&context, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn check(context: &SharedContext, request: &Request) -> Result<(), ApiError> {
    let options = &context.options;
    let access = Access::of(request.uri().path(), &options.keys);
    if access == Access::Public {
        return Ok(());
    }
    check_site(request.headers(), &options.allowed_sites)?;
    let holder = check_key(access, request.headers(), &options.keys)?;
    let address = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    match &context.rate_limit {
        Some(rate_limit) => rate_limit.check(holder, address),
        None => Ok(()),
    }
}

impl Access {
    fn of(path: &str, keys: &Keys) -> Access {
        let below = |folder: &str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        if below("/api/admin") && keys.has_admin() {
            Access::Admin
        } else if below("/api") || below("/v1") || ["/get", "/tokenize", "/detokenize"].contains(&path) {
            Access::User
        } else {
            Access::Public
        }
    }
}

/// Refuses requests to a host name that is not allowed, and requests from pages of other sites.
fn check_site(headers: &HeaderMap, allowed_sites: &AllowedSites) -> Result<(), ApiError> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_string();
    let host = headers.get(HOST).map(text);
    if host.as_deref().is_some_and(|host| !allowed_sites.knows(host)) {
        return Err(ApiError::forbidden(
            "This host name is not allowed; the server's operator can allow it with --allowed-host.",
            "host_not_allowed",
        ));
    }
    match headers.get(ORIGIN).map(text) {
        Some(origin) if !allowed_sites.admits(&origin, host.as_deref()) => Err(ApiError::forbidden(
            "Pages of other sites may not send requests; the server's operator can allow a site with --allowed-origin.",
            "origin_not_allowed",
        )),
        _ => Ok(()),
    }
}

/// The holder of the request's key, if a key is required.
fn check_key<'k>(
    access: Access,
    headers: &HeaderMap,
    keys: &'k Keys,
) -> Result<Option<&'k Holder>, ApiError> {
    if access == Access::User && !keys.guard() {
        return Ok(None);
    }
    let key = bearer(headers).ok_or_else(ApiError::missing_key)?;
    let holder = keys.holder(key).ok_or_else(ApiError::invalid_key)?;
    match (access, holder.scope) {
        (Access::Admin, Scope::User) => Err(ApiError::forbidden(
            "This needs an operator's key; yours is a user's key.",
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

    /// The SHA-256 of "abc", from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn with(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn paths_require_their_access() {
        let none = Keys::default();
        for path in "/ /ui/app.js /livez /readyz /metrics /info /health /apiary /v1x /docs".split(' ') {
            assert_eq!(Access::of(path, &none), Access::Public, "{path}");
        }
        let questions = "/api/chat /v1/models /v1/nothing /get /tokenize /detokenize /api/admin/reload";
        for path in questions.split(' ') {
            assert_eq!(Access::of(path, &none), Access::User, "{path}");
        }
        assert_eq!(
            Access::of("/api/admin/reload", &keys(None, Some(ABC))),
            Access::Admin
        );
    }

    #[test]
    fn a_key_gives_access_only_in_its_scope() {
        let users = keys(Some(&format!("{ABC} user shop")), None);
        for (value, valid) in [
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
                check_key(Access::User, &with(value), &users).is_ok(),
                valid,
                "{value}"
            );
        }
        assert!(check_key(Access::User, &HeaderMap::new(), &users).is_err());
        assert!(check_key(Access::Admin, &with("Bearer abc"), &users).is_err());
        let operator = keys(None, Some(ABC));
        assert!(check_key(Access::Admin, &with("Bearer abc"), &operator).is_ok());
        assert!(check_key(Access::User, &HeaderMap::new(), &operator).is_ok());
    }
}
