//! Damaged files: the server does not start with a damaged model, and rebuilds a damaged snapshot of the index.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flipkart_recommender::internals::{Manifest, hash};

use crate::harness::json::text;
use crate::harness::{Setup, model_files, shop};

/// All files below `dir`, relative to it.
fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(dir).expect("it is inside").to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// Changes one bit in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("it can be written to");
}

fn copy(from: &Path, to: &Path) {
    for file in files_under(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::copy(from.join(&file), target).expect("a copy");
    }
}

/// A folder of links to the models, so that one file of it can be replaced.
fn linked_models(dir: &Path) -> PathBuf {
    let from = model_files::dir().canonicalize().expect("the models");
    let to = dir.join("models");
    let manifest = Manifest::load(&from).expect("the manifest");
    let of_models = manifest.models.iter().flat_map(|model| {
        let dir = model.dir(Path::new(""));
        model.files.iter().map(move |file| dir.join(&file.name))
    });
    for file in of_models.chain(["manifest.toml".into()]) {
        let link = to.join(&file);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(from.join(&file), link).expect("a link");
    }
    to
}

#[test]
fn a_missing_or_damaged_model_ends_the_start() {
    let setup = Setup::new();
    let models = linked_models(setup.home());
    let manifest = Manifest::load(&models).expect("the manifest");
    for model in &manifest.models {
        let file = &model.files[0];
        let path = model.dir(&models).join(&file.name);
        let good = fs::read_link(&path).expect("a link");
        fs::remove_file(&path).expect("a link");

        fs::copy(&good, &path).expect("room for a copy");
        damage(&path);
        let log = failed_start(&models);
        let found = hash(&path).expect("it can be read");
        for part in [file.name.as_str(), &file.sha256, &found] {
            assert!(log.contains(part), "{part} is not in {log}");
        }

        fs::remove_file(&path).expect("a copy");
        let log = failed_start(&models);
        assert!(log.contains(&file.name) && log.contains("make models"), "{log}");

        std::os::unix::fs::symlink(good, &path).expect("a link");
    }
}

/// Starts a server that cannot become ready; gives the message of its last error.
fn failed_start(models: &Path) -> String {
    let mut server = Setup::new().with_models(models).start();
    assert_eq!(server.wait_for_exit(Duration::from_secs(60)).code(), Some(1));
    let error = server.errors().pop().expect("an error");
    text(&error["message"]).to_string()
}

#[test]
fn a_damaged_snapshot_is_rebuilt() {
    let setup = Setup::shallow(24);
    let server = setup.ready();
    let before = server.ask(shop::QUESTION);
    drop(server);

    let files: Vec<PathBuf> = files_under(&setup.index)
        .into_iter()
        // The caches, which grow by appending, have checksums of their own.
        .filter(|file| !file.ends_with("lock") && file.extension().is_none_or(|ending| ending != "cache"))
        .collect();
    assert_eq!(files.len(), 11, "{files:?}");
    for file in &files {
        let damaged = Setup::new();
        copy(&setup.index, &damaged.index);
        damage(&damaged.index.join(file));
        let is_learned = file.extension().is_some_and(|ending| ending == "jsonl");
        let learned = usize::from(is_learned);
        let log = damaged.run(&["index"]).succeeded().log;
        for (message, times) in [
            ("on disk cannot be used; they are learned again.", learned),
            (
                "The snapshot cannot be used; the index is built again.",
                1 - learned,
            ),
            ("The index was read from its snapshot.", 2 + learned),
        ] {
            assert_eq!(log.matches(message).count(), times, "{file:?}: {log}");
        }
    }

    files.iter().for_each(|file| damage(&setup.index.join(file)));
    let server = setup.ready();
    assert_eq!(server.logged("level", "WARN").len(), 5, "{:#?}", server.log());
    let after = server.ask(shop::QUESTION);
    assert_eq!(
        (after.text(), after.evidence()),
        (before.text(), before.evidence())
    );
}
