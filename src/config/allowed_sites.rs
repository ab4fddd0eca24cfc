//! The sites whose pages may send requests, and the host names of this server.
//!
//! A page of another site can post a form to this machine, and the name of another site can be made to resolve to this
//! machine's address (DNS rebinding). Two headers that a page cannot change reveal both: `Origin` names the site of the
//! page, and `Host` names the server. Pure.

use std::net::{IpAddr, SocketAddr};

/// An origin: scheme, host and port as browsers write them, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// The host names of this server, and the origins that may send requests.
#[derive(Debug, Clone, Default)]
pub struct AllowedSites {
    /// The names of this server, in lower case, without ports.
    hosts: Vec<String>,
    /// Whether requests to other names are rejected.
    strict: bool,
    origins: Vec<Origin>,
}

impl Origin {
    /// Reads an origin such as `https://shop.example` or `http://localhost:8080`.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn parse(text: &str) -> Result<Origin, String> {
        let origin = text.trim_end_matches('/').to_ascii_lowercase();
        let authority = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
        let plain = |authority: &str| {
            !authority.is_empty()
                && authority
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte))
        };
        if authority.is_some_and(plain) {
            Ok(Origin(origin))
        } else {
            Err(format!(
                "{text:?} is not an origin; write for example https://shop.example."
            ))
        }
    }

    /// The origin as browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AllowedSites {
    /// The rules of a server on `listen`. If it listens only on this machine, or if `hosts` are given, requests to
    /// other names are rejected.
    ///
    /// # Errors
    /// A sentence for the user about an invalid origin.
    pub fn new(listen: SocketAddr, hosts: &[String], origins: &[String]) -> Result<AllowedSites, String> {
        Ok(AllowedSites {
            strict: listen.ip().is_loopback() || !hosts.is_empty(),
            hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            origins: origins
                .iter()
                .map(|origin| Origin::parse(origin))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The origins of other sites whose pages may send requests.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Whether the value of a `Host` header is a name of this server. An IP address is always accepted, because it
    /// cannot be rebound.
    pub fn knows(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let address = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        !self.strict
            || address.is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.hosts.contains(&name)
    }

    /// Whether a page of this origin may send requests to the server that it calls `host`.
    pub fn admits(&self, origin: &str, host: Option<&str>) -> bool {
        let Ok(origin) = Origin::parse(origin) else {
            return false;
        };
        let authority = origin.0.split_once("://").map(|(_, authority)| authority);
        let own = host.is_some_and(|host| authority == Some(host.to_ascii_lowercase().as_str()));
        own || self.origins.contains(&origin)
    }
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // An IPv6 address without brackets has no port.
            if name.contains(':') && !name.ends_with(']') {
                host
            } else {
                name
            }
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_sites(listen: &str, hosts: &[&str]) -> AllowedSites {
        let listen = listen.parse().expect("an address");
        let hosts: Vec<String> = hosts.iter().map(|host| host.to_string()).collect();
        AllowedSites::new(listen, &hosts, &["https://Shop.example/".into()]).expect("an origin")
    }

    #[test]
    fn a_rebound_name_is_rejected() {
        let local = allowed_sites("127.0.0.1:5000", &[]);
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
            "::1",
            "10.0.0.7",
            "a.localhost:1",
        ] {
            assert!(local.knows(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:5000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert!(!local.knows(host), "{host}");
        }
        let named = allowed_sites("0.0.0.0:5000", &["Reviews.example"]);
        assert!(named.knows("reviews.example:443") && !named.knows("evil.example"));
        assert!(allowed_sites("0.0.0.0:5000", &[]).knows("recommender.shop.svc:5000"));
    }

    #[test]
    fn only_the_own_page_and_allowed_origins_may_send_requests() {
        let allowed_sites = allowed_sites("127.0.0.1:5000", &[]);
        let host = Some("127.0.0.1:5000");
        assert!(allowed_sites.admits("http://127.0.0.1:5000", host));
        assert!(allowed_sites.admits("https://shop.example", host));
        for origin in [
            "null",
            "",
            "http://127.0.0.1:5001",
            "http://127.0.0.1",
            "https://shop.example.evil.example",
        ] {
            assert!(!allowed_sites.admits(origin, host), "{origin}");
        }
        assert!(!allowed_sites.admits("http://127.0.0.1:5000", None));
    }

    #[test]
    fn an_invalid_origin_is_an_error() {
        for text in [
            "shop.example",
            "https://",
            "https://shop.example/path",
            "*",
            "file://x",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
