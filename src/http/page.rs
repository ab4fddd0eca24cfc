//! `GET /` and `/ui/{file}`: the page, from the binary.
//!
//! A browser keeps the files and asks each time whether they are still current (`no-cache` and an `ETag`), so that
//! a new server never runs with an old page. The security policy allows nothing from elsewhere and nothing inline.

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{error::ApiError, extract::Segment};
use crate::digest;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// On every answer of this file's.
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
    /// Changes with the bytes.
    etag: HeaderValue,
}

/// Lists the files of `ui/` with their content types.
macro_rules! assets {
    ($($name:literal $content_type:ident,)*) => {
        vec![$(Asset::new($name, $content_type, include_bytes!(concat!("../../ui/", $name)))),*]
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    assets! {
        "index.html" HTML,
        "later.css" CSS,
        "style.css" CSS,
        "favicon.svg" SVG,
        "answer.js" JAVASCRIPT,
        "app.js" JAVASCRIPT,
        "basket.js" JAVASCRIPT,
        "cards.js" JAVASCRIPT,
        "catalogue.js" JAVASCRIPT,
        "charts.js" JAVASCRIPT,
        "chat.js" JAVASCRIPT,
        "clipboard.js" JAVASCRIPT,
        "composer.js" JAVASCRIPT,
        "conversation.js" JAVASCRIPT,
        "docs.css" CSS,
        "docs.html" HTML,
        "docs.js" JAVASCRIPT,
        "dom.js" JAVASCRIPT,
        "feedback.js" JAVASCRIPT,
        "highlight.js" JAVASCRIPT,
        "history.js" JAVASCRIPT,
        "icons.js" JAVASCRIPT,
        "inspector.js" JAVASCRIPT,
        "judged.js" JAVASCRIPT,
        "keys.js" JAVASCRIPT,
        "later.js" JAVASCRIPT,
        "live.js" JAVASCRIPT,
        "product-card.js" JAVASCRIPT,
        "question.js" JAVASCRIPT,
        "readiness.js" JAVASCRIPT,
        "render.js" JAVASCRIPT,
        "requests.js" JAVASCRIPT,
        "review.js" JAVASCRIPT,
        "router.js" JAVASCRIPT,
        "server.js" JAVASCRIPT,
        "settings.js" JAVASCRIPT,
        "stars.js" JAVASCRIPT,
        "store.js" JAVASCRIPT,
        "stream.js" JAVASCRIPT,
        "suggestions.js" JAVASCRIPT,
        "theme.js" JAVASCRIPT,
        "view-browse.js" JAVASCRIPT,
        "view-compare.js" JAVASCRIPT,
        "view-product.js" JAVASCRIPT,
        "view-stats.js" JAVASCRIPT,
        "words-statistics.js" JAVASCRIPT,
        "words.js" JAVASCRIPT,
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
    Ok(if asset.is_what_the_client_has(request) {
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

    /// `If-None-Match` is a list, and a proxy may have marked its entries as weak with `W/`.
    fn is_what_the_client_has(&self, request: &HeaderMap) -> bool {
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
    use super::super::{framed, testing::Site};
    use super::*;
    use axum::{Router, routing::get};

    fn site() -> Site {
        Site::of(framed(
            Router::new()
                .route("/", get(index))
                .route("/ui/{file}", get(file)),
            1024,
        ))
    }

    #[test]
    fn every_file_of_the_page_is_embedded_as_it_is() {
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
    fn the_page_comes_with_its_type_and_its_policies() {
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
    fn the_page_asks_for_nothing_from_elsewhere_and_nothing_inline() {
        for asset in ASSETS.iter().filter(|asset| asset.name == "index.html") {
            let text = std::str::from_utf8(asset.bytes).expect("the page is UTF-8");
            for banned in ["http:", "https:", "<style", "style=", "onclick="] {
                assert!(!text.contains(banned), "{} holds {banned}", asset.name);
            }
        }
    }

    #[test]
    fn a_current_copy_is_not_sent_again() {
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
