//! `GET /`, `/ui/{file}` and `/docs`: the page, from the binary.
//!
//! A browser keeps the files and asks each time whether they are still current (`no-cache` and an `ETag`), so that
//! a new server never runs with an old page. The security policy allows nothing from elsewhere and nothing inline.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::extract::Segment;
use crate::digest;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The headers of every response of this file.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// One file of `ui/`.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// Changes when the bytes change.
    etag: HeaderValue,
}

/// The files of `ui/`, by their content types.
macro_rules! assets {
    ($($content_type:ident: $($name:literal)+;)+) => {
        vec![$($(Asset::new($name, $content_type, include_bytes!(concat!("../../ui/", $name)))),+),+]
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    assets! {
        HTML:
            "index.html" "docs.html";
        CSS:
            "later.css" "style.css" "docs.css";
        SVG:
            "favicon.svg";
        JAVASCRIPT:
            "answer.js" "app.js" "basket.js" "cards.js" "catalogue.js" "charts.js" "chat.js" "clipboard.js"
            "composer.js" "conversation.js" "docs.js" "dom.js" "feedback.js" "highlight.js" "history.js"
            "icons.js" "inspector.js" "judged.js" "keys.js" "later.js" "live.js" "product-card.js"
            "question.js" "readiness.js" "render.js" "requests.js" "review.js" "router.js" "server.js"
            "settings.js" "stars.js" "store.js" "stream.js" "suggestions.js" "theme.js" "view-browse.js"
            "view-compare.js" "view-product.js" "view-stats.js" "words-statistics.js" "words.js";
    }
});

/// `GET /`.
pub(super) async fn index(headers: HeaderMap) -> Result<Response, ApiError> {
    send("index.html", &headers)
}

/// `GET /ui/{file}`.
pub(super) async fn file(Segment(name): Segment, headers: HeaderMap) -> Result<Response, ApiError> {
    send(&name, &headers)
}

/// `GET /docs`: the API, drawn from `/openapi.json`.
pub(super) async fn docs(headers: HeaderMap) -> Result<Response, ApiError> {
    send("docs.html", &headers)
}

fn send(name: &str, request: &HeaderMap) -> Result<Response, ApiError> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| ApiError::not_found(format!("The page has no file {name:?}.")))?;
    let current = [(header::ETAG, asset.etag.clone())];
    Ok(if asset.is_current(request) {
        (StatusCode::NOT_MODIFIED, HEADERS, current).into_response()
    } else {
        (
            HEADERS,
            current,
            [(header::CONTENT_TYPE, asset.content_type)],
            asset.bytes,
        )
            .into_response()
    })
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
        let hex = digest::hex(&digest::sha256(bytes));
        let etag = HeaderValue::try_from(format!("\"{hex}\"")).expect("hex is legal in a header");
        Asset {
            name,
            content_type,
            bytes,
            etag,
        }
    }

    /// Whether the client has the current file. `If-None-Match` is a list, and a proxy may have marked its entries as
    /// weak with `W/`.
    fn is_current(&self, request: &HeaderMap) -> bool {
        let lists = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|list| list.to_str().ok());
        let mut known = lists
            .flat_map(|list| list.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/"));
        known.any(|tag| tag == "*" || tag.as_bytes() == self.etag.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Site;
    use super::*;
    use axum::Router;
    use axum::routing::get;

    fn site() -> Site {
        let router = Router::new().route("/", get(index));
        Site::new(router.route("/ui/{file}", get(file)))
    }

    #[test]
    fn every_file_of_the_page_is_embedded_unchanged() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).expect("ui/ is there") {
            let path = entry.expect("ui/ can be listed").path();
            let name = path
                .file_name()
                .expect("an entry has a name")
                .to_string_lossy()
                .into_owned();
            let asset = ASSETS.iter().find(|asset| asset.name == name);
            let asset = asset.unwrap_or_else(|| panic!("ui/{name} is missing in ASSETS"));
            assert_eq!(
                asset.bytes,
                std::fs::read(&path).expect("it can be read"),
                "{name}"
            );
            found += 1;
        }
        assert_eq!(found, ASSETS.len());
    }

    #[test]
    fn the_page_has_its_content_type_and_policies() {
        let site = site();
        for (path, content_type) in [("/", HTML), ("/ui/app.js", JAVASCRIPT), ("/ui/favicon.svg", SVG)] {
            let reply = site.get(path);
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (200, content_type),
                "{path}"
            );
            for (name, value) in HEADERS {
                assert_eq!(reply.header(name.as_str()), value, "{path}");
            }
            assert_eq!(
                reply.header("content-length"),
                reply.body.len().to_string(),
                "{path}"
            );
        }
        assert_eq!(site.get("/ui/none.js").status, 404);
        assert_eq!(site.get("/ui/..%2fCargo.toml").status, 404);
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_nothing_inline() {
        for asset in ASSETS.iter().filter(|asset| asset.name == "index.html") {
            let text = std::str::from_utf8(asset.bytes).expect("the page is UTF-8");
            for banned in ["http:", "https:", "<style", "style=", "onclick="] {
                assert!(!text.contains(banned), "{} holds {banned}", asset.name);
            }
        }
    }

    #[test]
    fn a_current_file_is_not_sent_again() {
        let site = site();
        let etag = site.get("/").header("etag").to_string();
        assert!(
            etag.len() == 66 && etag.starts_with('"') && etag.ends_with('"'),
            "{etag}"
        );
        let known = [etag.clone(), format!("\"old\", W/{etag}"), "*".to_string()];
        for tags in &known {
            let reply = site.get_with("/", &[("if-none-match", tags)]);
            assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{tags}");
            assert_eq!(reply.header("etag"), etag);
            assert_eq!(reply.header("content-length"), "", "a 304 has no body to measure");
            assert!(!reply.header("content-security-policy").is_empty());
        }
        assert_eq!(site.get_with("/", &[("if-none-match", "\"old\"")]).status, 200);
    }
}
