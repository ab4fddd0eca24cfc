//! The page: all its files are in the binary, and they name no other server.

use std::collections::{BTreeSet, VecDeque};

use crate::harness::{project_file, shared};

/// The files of `/ui/` that `text` names: by absolute paths in HTML, by relative ones in a script's imports.
fn files_in(text: &str) -> BTreeSet<String> {
    let quoted = text.split(['"', '\'']).skip(1);
    quoted
        .filter_map(|word| word.strip_prefix("/ui/").or_else(|| word.strip_prefix("./")))
        .filter(|name| !name.contains(['/', ' ', '\n']) && name.contains('.'))
        .map(|name| format!("/ui/{name}"))
        .collect()
}

/// The addresses in `text` that a browser could open; names of XML namespaces only look like addresses.
fn addresses_in(text: &str) -> Vec<&str> {
    let schemes = text
        .match_indices("http://")
        .chain(text.match_indices("https://"));
    let addresses = schemes.filter_map(|(at, _)| text[at..].split(['"', '\'', ' ', '\n']).next());
    addresses
        .filter(|address| !address.starts_with("http://www.w3.org/"))
        .collect()
}

#[test]
fn all_files_are_served_and_name_no_other_server() {
    let mut to_read = VecDeque::from(["/".to_string(), "/ui/docs.html".to_string()]);
    let mut seen = BTreeSet::new();
    while let Some(path) = to_read.pop_front() {
        let reply = shared().get(&path);
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(addresses_in(&reply.body), Vec::<&str>::new(), "{path}");
        let kind = match path.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            _ => "text/html",
        };
        assert!(reply.header("content-type").starts_with(kind), "{path}");
        if kind != "image/svg+xml" {
            to_read.extend(
                files_in(&reply.body)
                    .into_iter()
                    .filter(|file| !seen.contains(file)),
            );
        }
        seen.insert(path);
    }
    let in_source = std::fs::read_dir(project_file("ui")).expect("the page's sources");
    let named = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
    let in_source: BTreeSet<String> = in_source
        .map(|entry| format!("/ui/{}", named(entry).to_string_lossy()))
        .filter(|path| path != "/ui/index.html")
        .chain(["/".to_string()])
        .collect();
    assert_eq!(seen, in_source, "the page names all files of ui/, and no others");
}

#[test]
fn a_file_that_the_browser_has_is_not_sent_again() {
    let tag = shared().get("/").header("etag").to_string();
    assert!(tag.starts_with('"'), "{tag}");
    assert_eq!(shared().get_if_changed("/", &tag).status, 304);
    assert_eq!(shared().get_if_changed("/", "\"another\"").status, 200);
    assert_eq!(shared().get("/ui/nothing.js").status, 404);
}
