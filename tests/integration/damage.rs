//! Files that are not what they should be: a model ends the start with words, a snapshot is built anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flipkart_recommender::weights::manifest::Manifest;

use crate::harness::{Setup, model_files, program, shop};

/// Every file under `dir`, relative to it.
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

/// The models folder as links, so that one file of it can be replaced.
fn linked_models(dir: &Path) -> PathBuf {
    let (from, to) = (
        model_files::dir().canonicalize().expect("the models"),
        dir.join("models"),
    );
    let manifest = Manifest::load(&from).expect("the manifest");
    let of_models = manifest.models.iter().flat_map(|model| {
        model
            .files
            .iter()
            .map(|file| model.dir(Path::new("")).join(&file.name))
    });
    for file in of_models.chain(["manifest.toml".into()]) {
        let link = to.join(&file);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(from.join(&file), link).expect("a link");
    }
    to
}

#[test]
fn a_model_that_is_not_the_one_meant_ends_the_start() {
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
        let found = flipkart_recommender::weights::verify::hash(&path).expect("it can be read");
        for part in [file.name.as_str(), &file.sha256, &found] {
            assert!(log.contains(part), "{part} is not in {log}");
        }

        fs::remove_file(&path).expect("a copy");
        let log = failed_start(&models);
        assert!(log.contains(&file.name) && log.contains("make models"), "{log}");

        std::os::unix::fs::symlink(good, &path).expect("a link");
    }
}

/// Starts a server that cannot come up; gives its log.
fn failed_start(models: &Path) -> String {
    let mut server = Setup::new().with_models(models).start();
    assert_eq!(server.wait_for_exit(Duration::from_secs(60)).code(), Some(1));
    server.last_words()
}

#[test]
fn a_damaged_snapshot_is_built_anew() {
    let setup = Setup::shallow(24);
    let server = setup.ready();
    let before = server.ask(shop::QUESTION);
    drop(server);

    let files: Vec<PathBuf> = files_under(&setup.index)
        .into_iter()
        // What is appended to has checksums of its own.
        .filter(|file| !file.ends_with("lock") && file.extension().is_none_or(|ending| ending != "cache"))
        .collect();
    assert_eq!(files.len(), 6, "{files:?}");
    for file in &files {
        let damaged = Setup::new();
        copy(&setup.index, &damaged.index);
        damage(&damaged.index.join(file));
        let outcome = program::run(damaged.words(&["index"]));
        assert_eq!(outcome.code, Some(0), "{file:?}: {outcome:?}");
        assert_eq!(
            outcome
                .log
                .matches("The snapshot cannot be used; the index is built again.")
                .count(),
            1,
            "{file:?}: {}",
            outcome.log
        );
        let again = program::run(damaged.words(&["index"]));
        assert_eq!(
            again.log.matches("The index was read from its snapshot.").count(),
            2,
            "{file:?}: {}",
            again.log
        );
    }

    files.iter().for_each(|file| damage(&setup.index.join(file)));
    let server = setup.ready();
    assert_eq!(server.logged("level", "WARN").len(), 2, "{:#?}", server.log());
    let after = server.ask(shop::QUESTION);
    assert_eq!(
        (after.text(), after.evidence()),
        (before.text(), before.evidence())
    );
}
