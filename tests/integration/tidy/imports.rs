//! Which module may import which.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::ModulePath;
use super::{ROOT, Source, sources};

/// Modules of `http/` that every module there may import.
const SHARED_BY_ENDPOINTS: &str = "admission clock error extract guard request_id stream wire \
    v1::assistant_backend v1::backend v1::markdown v1::model_backend v1::reply v1::request v1::step v1::token_logprobs";
/// Modules of `http/` that put the endpoints together. All others there are endpoints, or layers around them.
const IMPORT_ENDPOINTS: &str = "openapi routes server";
/// Folders whose files may import each other in circles, until they are rewritten.
const MAY_BE_CIRCULAR: [&str; 4] = ["query", "retrieval", "assistant::grounding", "assistant::told"];

type Imports = BTreeSet<(ModulePath, ModulePath)>;

/// Pairs of a module and a module that it imports, or of which it imports an item.
fn imports() -> Imports {
    let sources = sources();
    let modules: BTreeSet<ModulePath> = sources.iter().map(Source::module).collect();
    let mut found = Imports::new();
    for source in &sources {
        for path in source.imports() {
            let imported = (1..=path.len()).rev().map(|end| &path[..end]);
            if let Some(imported) = imported.into_iter().find(|path| modules.contains(*path)) {
                found.insert((source.module(), imported.to_vec()));
            }
        }
    }
    assert!(found.len() > 200, "imports can be read: {found:?}");
    found
}

fn assert_none(wrong: &Imports, rule: &str) {
    let show = |(module, imported): &(ModulePath, ModulePath)| {
        format!("{} imports {}\n", module.join("::"), imported.join("::"))
    };
    assert!(
        wrong.is_empty(),
        "{rule}:\n{}",
        wrong.iter().map(show).collect::<String>()
    );
}

/// The modules of the crate in the order of `lib.rs`.
fn order() -> Vec<String> {
    let root = std::fs::read_to_string(format!("{ROOT}/src/lib.rs")).expect("the root");
    let name = |line: &str| Some(line.split_once("mod ")?.1.strip_suffix(';')?.to_string());
    let lines = root.lines().filter(|line| {
        ["mod ", "pub mod ", "pub(crate) mod "]
            .iter()
            .any(|start| line.starts_with(start))
    });
    lines.filter_map(name).collect()
}

#[test]
fn modules_import_only_modules_above_them_in_lib_rs() {
    let order = order();
    assert!(order.len() > 10, "lib.rs lists the modules: {order:?}");
    let rank = |path: &ModulePath| order.iter().position(|name| path.first() == Some(name));
    let mut wrong = imports();
    wrong.retain(|(module, imported)| {
        rank(module).is_some_and(|rank_of_own| rank(imported) > Some(rank_of_own))
    });
    assert_none(&wrong, "a module imports only modules above it in lib.rs");
}

fn is_in_http(path: &ModulePath) -> bool {
    path.first().is_some_and(|name| name == "http")
}

#[test]
fn only_the_command_serve_imports_http() {
    let mut wrong = imports();
    wrong.retain(|(module, imported)| is_in_http(imported) && !is_in_http(module));
    wrong.retain(|(module, _)| *module != ["commands", "serve"]);
    assert_none(&wrong, "only commands/serve.rs imports http");
}

#[test]
fn endpoints_do_not_import_each_other() {
    // Whether a list has a module of `http/`, or a folder that contains the module.
    let has = |list: &str, path: &ModulePath| {
        (1..=path.len()).any(|end| {
            list.split_whitespace()
                .any(|name| name == path[1..end].join("::"))
        })
    };
    let mut wrong = imports();
    wrong.retain(|(module, imported)| is_in_http(module) && is_in_http(imported));
    wrong.retain(|(module, imported)| !module.starts_with(imported) && !imported.starts_with(module));
    wrong.retain(|(module, imported)| !has(IMPORT_ENDPOINTS, module) && !has(SHARED_BY_ENDPOINTS, imported));
    assert_none(&wrong, "modules of http import shared modules, and no endpoint");
}

/// Some modules that import each other in a circle.
fn circle(mut imports: BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    loop {
        // A module that imports none of the others is in no circle.
        let names: BTreeSet<String> = imports.keys().cloned().collect();
        imports
            .values_mut()
            .for_each(|imported| imported.retain(|name| names.contains(name)));
        imports.retain(|_, imported| !imported.is_empty());
        if imports.len() == names.len() {
            break;
        }
    }
    let mut path = vec![imports.keys().next()?.clone()];
    loop {
        let next = imports[path.last()?].first()?.clone();
        let begin = path.iter().position(|name| *name == next);
        path.push(next);
        if let Some(begin) = begin {
            return Some(path.split_off(begin));
        }
    }
}

#[test]
fn modules_of_one_folder_do_not_import_each_other_in_a_circle() {
    // By folder: which of its modules, with all within them, imports which of the others.
    let mut folders: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, imported) in imports() {
        let depth = module
            .iter()
            .zip(&imported)
            .take_while(|(own, other)| own == other)
            .count();
        if let (Some(own), Some(other)) = (module.get(depth), imported.get(depth)) {
            let folder = folders.entry(module[..depth].join("::")).or_default();
            folder.entry(own.clone()).or_default().insert(other.clone());
        }
    }
    folders.retain(|folder, _| !MAY_BE_CIRCULAR.iter().any(|may_be| folder.starts_with(may_be)));
    let circles = folders
        .into_iter()
        .filter_map(|(folder, imports)| Some((folder, circle(imports)?.join(" → "))));
    assert_eq!(circles.collect::<Vec<_>>(), []);
}
