//! How much memory this process may use, and the part of it for keys and values.
//!
//! In: Linux's files about the machine and the control group. Out: bytes. Read once, at the start; a file that cannot
//! be read is no limit, so nothing fails.

use std::fs;
use std::path::{Path, PathBuf};

/// The most bytes for keys and values by default: enough for eight conversations of some thousand tokens each with a
/// model of a few billion parameters.
const MOST: usize = 1 << 30;
/// Keys and values get memory divided by this; weights, reviews, index and the page cache need the rest.
const PARTS: usize = 4;

/// The default number of bytes for keys and values. They are used only as needed: this bounds the prefix cache of a
/// server that has run for long.
pub(super) fn kv_cache_bytes() -> usize {
    share(allowed(Path::new("/")))
}

/// The part of the allowed bytes that keys and values get; `None` means no limit.
fn share(allowed: Option<usize>) -> usize {
    allowed.map_or(MOST, |bytes| (bytes / PARTS).min(MOST))
}

/// The free memory of the machine or the limit of the control group, whichever is less.
fn allowed(root: &Path) -> Option<usize> {
    let available = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
            let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kibibytes * 1024)
        });
    let limits = limit_files(root).into_iter().filter_map(|path| {
        // No limit is "max" in version 2 of control groups, and a number larger than all memory in version 1.
        fs::read_to_string(path).ok()?.trim().parse().ok()
    });
    available.into_iter().chain(limits).min()
}

/// The files that may contain a limit: of this process's control group and all its parents. In a container, the group
/// appears as the root.
fn limit_files(root: &Path) -> Vec<PathBuf> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut files = Vec::new();
    for group in groups.lines() {
        // "0::/path" in version 2, "4:memory:/path" in version 1.
        let mut fields = group.splitn(3, ':').skip(1);
        let (mount, file) = match fields.next() {
            Some("") => ("sys/fs/cgroup", "memory.max"),
            Some(controllers) if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(fields.next().unwrap_or_default().trim_start_matches('/'));
        files.extend(
            path.ancestors()
                .map(|group| root.join(mount).join(group).join(file)),
        );
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        root
    }

    #[test]
    fn the_smallest_limit_counts() {
        let free = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:     8192 kB\n");
        let v2 = "0::/pod/box\n";
        let v1 = "5:cpu,cpuacct:/\n4:memory:/pod\n0::/\n";
        assert_eq!(allowed(machine(&[]).path()), None);
        assert_eq!(allowed(machine(&[free]).path()), Some(8 << 20));
        for (group, file, limit, mebibytes) in [
            (v2, "pod/box/memory.max", "max\n", 8),
            (v2, "pod/box/memory.max", "4194304\n", 4),
            (v2, "pod/memory.max", "2097152\n", 2),
            // In a container, the path may be the host's path while the mount shows the group itself.
            (v2, "memory.max", "1048576\n", 1),
            (v1, "memory/pod/memory.limit_in_bytes", "3145728\n", 3),
            (v1, "memory/memory.limit_in_bytes", "9223372036854771712\n", 8),
        ] {
            let file = format!("sys/fs/cgroup/{file}");
            let machine = machine(&[free, ("proc/self/cgroup", group), (&file, limit)]);
            assert_eq!(allowed(machine.path()), Some(mebibytes << 20), "{file}: {limit}");
        }
    }

    #[test]
    fn keys_and_values_get_a_quarter_and_at_most_a_gibibyte() {
        let table = [
            (None, 1 << 30),
            (Some(0), 0),
            (Some(8 << 20), 2 << 20),
            (Some(4 << 30), 1 << 30),
            (Some(64 << 30), 1 << 30),
        ];
        for (allowed, bytes) in table {
            assert_eq!(share(allowed), bytes, "{allowed:?}");
        }
    }
}
