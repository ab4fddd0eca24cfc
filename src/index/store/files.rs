//! Files of numbers, and the replacement of a whole folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// The bytes that are read at a time; a multiple of the four bytes of a number.
const PIECE: u64 = 1 << 16;

/// Writes the numbers one after another, each as the four bytes that `bytes` makes of it.
pub(super) fn write<N: Copy>(path: &Path, numbers: &[N], bytes: fn(N) -> [u8; 4]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in numbers {
        file.write_all(&bytes(*number))?;
    }
    file.flush()
}

/// Reads a file of numbers of four bytes each. Only a small piece of the file is in memory beside the numbers.
pub(super) fn read<N>(path: &Path, number: fn([u8; 4]) -> N) -> io::Result<Vec<N>> {
    let mut file = File::open(path)?;
    let mut numbers =
        Vec::with_capacity(usize::try_from(file.metadata()?.len() / 4).map_err(io::Error::other)?);
    let mut piece = Vec::new();
    while Read::by_ref(&mut file).take(PIECE).read_to_end(&mut piece)? > 0 {
        let (whole, rest) = piece.as_chunks();
        if !rest.is_empty() {
            return Err(io::Error::other("the last number is cut off"));
        }
        numbers.extend(whole.iter().map(|&bytes| number(bytes)));
        piece.clear();
    }
    Ok(numbers)
}

/// Lets `fill` fill a new folder and puts it in the place of `dir/name`. A crash leaves the old folder, the new one,
/// or, between the two renamings, none; never a mixture. All of it happens inside `dir`, which may be a mount point.
///
/// # Errors
/// Whatever the file system says; also if another process is writing the folder. The old folder is still in its place
/// after an error, with two exceptions. If the new folder cannot take the place of the old one, and the old one cannot
/// be renamed back either, there is none. If only the last sync fails, which makes the renamings durable, the new
/// folder is in its place, and a power failure may undo that.
pub(super) fn replace(dir: &Path, name: &str, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let lock = File::create(dir.join("lock"))?;
    lock.try_lock()
        .map_err(|error| io::Error::other(format!("another process is writing it ({error})")))?;
    let [current, new, old] = ["", ".new", ".old"].map(|ending| dir.join(format!("{name}{ending}")));
    remove(&new)?;
    remove(&old)?;
    fs::create_dir(&new)?;
    let filled = fill(&new)
        .and_then(|()| sync(&new))
        .and_then(|()| swap(&current, &new, &old));
    // After an error, what is left of the new folder is useless; only the first error is reported.
    let _ = remove(&new);
    filled?;
    File::open(dir)?.sync_all()?;
    // The new folder is in its place and durable. The next call removes the old folder if this one cannot.
    let _ = remove(&old);
    Ok(())
}

/// Writes the folder's files and the folder itself to the disk, so that they are durable before the renaming is.
fn sync(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(dir)?.sync_all()
}

fn swap(current: &Path, new: &Path, old: &Path) -> io::Result<()> {
    let replaces = current.exists();
    if replaces {
        fs::rename(current, old)?;
    }
    fs::rename(new, current).inspect_err(|_| {
        if replaces {
            // The first renaming has just succeeded; if this one fails, nothing more can be done.
            let _ = fs::rename(old, current);
        }
    })
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_over_many_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("numbers");
        for count in [0, 1, 16_384, 40_000] {
            let numbers: Vec<f32> = (0..count).map(|i| i as f32 * 0.1 - 7.0).collect();
            write(&path, &numbers, f32::to_le_bytes).unwrap();
            assert_eq!(read(&path, f32::from_le_bytes).unwrap(), numbers);
        }
        fs::write(&path, [1, 2, 3, 4, 5]).unwrap();
        assert!(read(&path, u32::from_le_bytes).is_err());
    }

    #[test]
    fn a_folder_is_replaced_as_a_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &'static str| move |new: &Path| fs::write(new.join(name), name);
        let names = || {
            let entries = fs::read_dir(dir.path().join("it")).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect::<Vec<_>>()
        };
        replace(dir.path(), "it", file("first")).unwrap();
        assert_eq!(names(), ["first"]);
        replace(dir.path(), "it", file("second")).unwrap();
        assert_eq!(names(), ["second"]);
        let half = |new: &Path| file("third")(new).and(Err(io::Error::other("the disk is full")));
        assert!(replace(dir.path(), "it", half).is_err());
        assert_eq!(names(), ["second"]);
        assert!(!dir.path().join("it.new").exists() && !dir.path().join("it.old").exists());
    }

    #[test]
    fn an_old_folder_that_cannot_be_removed_does_not_undo_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        // A file in the folder's place: it can be renamed, but not removed as a folder.
        fs::write(dir.path().join("it"), "a file").unwrap();
        replace(dir.path(), "it", |new| fs::write(new.join("file"), "new")).unwrap();
        assert_eq!(fs::read(dir.path().join("it/file")).unwrap(), b"new");
        assert!(dir.path().join("it.old").is_file());
    }

    #[test]
    fn the_rest_of_a_crash_is_removed_and_a_second_writer_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for left_over in ["it.new", "it.old"] {
            fs::create_dir(dir.path().join(left_over)).unwrap();
            fs::write(dir.path().join(left_over).join("half"), "x").unwrap();
        }
        replace(dir.path(), "it", |new| {
            assert!(fs::read_dir(new).unwrap().next().is_none());
            let inner = replace(dir.path(), "it", |_| Ok(())).unwrap_err();
            assert!(inner.to_string().contains("another process"), "{inner}");
            Ok(())
        })
        .unwrap();
    }
}
