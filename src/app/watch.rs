//! Watches the files of reviews and reloads them when one has changed.
//!
//! Every few seconds, it compares each file's identity, modification time and size. This works where notifications do
//! not: on network disks, and on Kubernetes' volumes, where the path contains a symbolic link that is replaced. Runs on
//! its own thread, which ends with the process.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{App, NotReloaded};
use crate::config::Config;
use crate::reviews;

/// Identifies one state of a file: device and inode number, seconds and nanoseconds of the last change, size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([i64; 5]);

impl Stamp {
    /// The stamp of the file at this path; `None` if there is no file.
    fn of(path: &Path) -> Option<Self> {
        let of = |file: Metadata| {
            Self([
                file.dev() as i64,
                file.ino() as i64,
                file.mtime(),
                file.mtime_nsec(),
                file.size() as i64,
            ])
        };
        path.metadata().ok().map(of)
    }
}

/// The stamps of all files; `None` if one is missing.
fn stamps(data: &[PathBuf], catalogue: Option<&Path>) -> Option<Vec<Stamp>> {
    let files = reviews::table_files(data).ok()?;
    files
        .iter()
        .map(PathBuf::as_path)
        .chain(catalogue)
        .map(Stamp::of)
        .collect()
}

/// The known states of the watched files.
#[derive(Debug)]
struct Watched {
    /// The state that was read.
    read: Option<Vec<Stamp>>,
    /// The state at the last look.
    last: Option<Vec<Stamp>>,
}

impl Watched {
    /// Whether other files are there and have not changed since the last look, so that they are written completely.
    fn has_changed(&mut self, now: Option<Vec<Stamp>>) -> bool {
        let settled = now == self.last;
        // A missing file is about to come back, or nothing can be done.
        let changed = now.is_some() && settled && now != self.read;
        if changed {
            self.read.clone_from(&now);
        }
        self.last = now;
        changed
    }
}

/// Looks at the configured files at intervals of `every`. When one has changed and all are the same at two looks, `app`
/// reloads them. Changes from now on count, also those while the server starts.
///
/// # Errors
/// The operating system grants no thread.
pub(crate) fn watch(app: App, config: &Config, every: Duration) -> std::io::Result<()> {
    let (data, catalogue) = (config.data.clone(), config.catalogue.clone());
    let now = move || stamps(&data, catalogue.as_deref());
    let first = now();
    let mut watched = Watched {
        read: first.clone(),
        last: first,
    };
    let look = move || {
        loop {
            std::thread::sleep(every);
            let before = watched.read.clone();
            if watched.has_changed(now())
                && let Err(NotReloaded::Busy | NotReloaded::NotReady(_)) = app.reload()
            {
                // So that the next look finds it changed again.
                watched.read = before;
            }
        }
    };
    std::thread::Builder::new()
        .name("watch".into())
        .spawn(look)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_reloaded_once_when_it_is_written_completely() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reviews.csv");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("one");
        let stamps = || super::stamps(std::slice::from_ref(&path), None);
        let mut watched = Watched {
            read: stamps(),
            last: stamps(),
        };
        let mut look = || watched.has_changed(stamps());
        assert!(!look());
        write("one and a half");
        assert!(!look(), "it may still be written");
        write("one and two");
        assert_eq!([look(), look(), look()], [false, true, false]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!([look(), look()], [false, false], "it is gone");
        write("three");
        assert_eq!([look(), look(), look()], [false, true, false]);
    }

    #[test]
    fn a_replaced_link_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["before", "after"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("reviews.csv"), "as long").unwrap();
        }
        let link = |to: &str| {
            std::os::unix::fs::symlink(at(to), at("new")).unwrap();
            std::fs::rename(at("new"), at("data")).unwrap();
        };
        link("before");
        let path = at("data").join("reviews.csv");
        let before = Stamp::of(&path);
        link("after");
        assert_ne!(Stamp::of(&path), before);
    }
}
