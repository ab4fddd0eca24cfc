//! Watching the reviews' file: when it has changed, it is read again.
//!
//! By looking, every few seconds, at what file the path leads to, when it was written and how long it is. That works
//! where notifications do not: on network disks, and on Kubernetes' volumes, where the path leads over a symbolic link
//! that is exchanged. On a thread of its own, which ends with the process.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::{App, NotReloaded};

/// What tells one state of a file from another: device and number, seconds and nanoseconds of the last change, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([i64; 5]);

impl Stamp {
    /// Of the file that the path leads to; nothing where it leads to none.
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

/// What a look at a file led to.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// Nothing to do.
    Same,
    /// Something else is there and has been since the last look: it is written to the end.
    Changed,
}

/// What is known of a file that is looked at again and again.
#[derive(Debug)]
struct Watched {
    /// The file that was read.
    read: Option<Stamp>,
    /// The file as it was at the last look.
    last: Option<Stamp>,
}

impl Watched {
    fn look(&mut self, now: Option<Stamp>) -> Look {
        let settled = now == self.last;
        self.last = now;
        // A file that is gone is about to come back, or nothing can be done.
        if now.is_none() || !settled || now == self.read {
            return Look::Same;
        }
        self.read = now;
        Look::Changed
    }
}

/// Has `app` read the file at `path` again whenever it has changed, and then has stayed as it is from one look to the
/// next, `every` so often. Changes from now on count, also those while the server starts.
///
/// # Errors
/// When the operating system gives no thread.
pub fn watch(app: App, path: &Path, every: Duration) -> std::io::Result<()> {
    let path = path.to_path_buf();
    let first = Stamp::of(&path);
    let mut watched = Watched {
        read: first,
        last: first,
    };
    let look = move || {
        loop {
            std::thread::sleep(every);
            let before = watched.read;
            if watched.look(Stamp::of(&path)) == Look::Changed
                && let Err(NotReloaded::Busy | NotReloaded::NotReady(_)) = app.reload()
            {
                // The next look finds it changed again.
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
    fn a_file_is_read_again_once_when_it_is_written_to_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reviews.csv");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("one");
        let mut watched = Watched {
            read: Stamp::of(&path),
            last: Stamp::of(&path),
        };
        let mut look = || watched.look(Stamp::of(&path));
        assert_eq!(look(), Look::Same);
        write("one and a half");
        assert_eq!(look(), Look::Same, "it may still be written");
        write("one and two");
        assert_eq!(look(), Look::Same);
        assert_eq!(look(), Look::Changed);
        assert_eq!(look(), Look::Same);
        std::fs::remove_file(&path).unwrap();
        assert_eq!([look(), look()], [Look::Same, Look::Same], "it is gone");
        write("three");
        assert_eq!([look(), look(), look()], [Look::Same, Look::Changed, Look::Same]);
    }

    #[test]
    fn an_exchanged_link_is_a_change() {
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
