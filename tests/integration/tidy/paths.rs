//! The paths that Rust code names, read from its text.

/// A module or an item, from the crate's root: `crate::http::error` is `["http", "error"]`.
pub type ModulePath = Vec<String>;

/// The absolute paths of all items that `code` names by `crate::…` or `super::…`, including groups. `module` is the
/// module that contains the code.
pub fn named_in(code: &str, module: &[String]) -> Vec<ModulePath> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("crate::").into_iter().chain(rest.find("super::")).min() {
        let is_crate = rest[at..].starts_with("crate::");
        let is_whole = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        rest = &rest[at + "crate::".len()..];
        if !is_whole {
            continue;
        }
        let mut ancestors = if is_crate {
            0
        } else {
            module.len().saturating_sub(1)
        };
        while let Some(above) = rest.strip_prefix("super::") {
            ancestors = ancestors.saturating_sub(1);
            rest = above;
        }
        expand(rest, &module[..ancestors], &mut found);
    }
    found
}

/// Adds the paths of a tree: `a::{b, c::d}` adds `a::b` and `a::c::d` below `parent`. Gives the text behind the tree.
fn expand<'a>(text: &'a str, parent: &[String], found: &mut Vec<ModulePath>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        while !rest.trim_start().starts_with('}') && !rest.is_empty() {
            rest = expand(rest, parent, found);
            // What follows a path within a group: `as name`, and a comma.
            rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        return rest.trim_start().strip_prefix('}').unwrap_or_default();
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let mut path = parent.to_vec();
    if !name.is_empty() && name != "self" {
        path.push(name.to_string());
    }
    match rest.strip_prefix("::") {
        Some(rest) => expand(rest, &path, found),
        None => {
            found.push(path);
            rest
        }
    }
}

#[test]
fn paths_are_read_from_groups_and_from_parents() {
    let code = "use crate::{a::{self, B}, c};\nuse super::{d::E as F, g};\nuse crate::j::*;\n\
                let h = super::super::h::I(not_a_crate::x);";
    let module = ["m", "n", "o"].map(String::from);
    let found: Vec<String> = named_in(code, &module)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(found, ["a", "a::B", "c", "m::n::d::E", "m::n::g", "j", "m::h::I"]);
}
