//! API keys with a scope and a name: from a file of many keys, or from the file of the operator's single key.
//!
//! The files contain only digests; see [`KeyDigest`]. A key is always compared with all digests, so that the time does
//! not reveal which one matches.

use std::path::Path;

use super::KeyDigest;

/// What a key permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All requests except admin routes.
    User,
    /// All requests.
    Admin,
}

/// The holder of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What the key permits.
    pub scope: Scope,
    /// The name in logs and for rate limits; not secret.
    pub name: String,
}

/// Keys in the order of their files, each with its holder.
type List = Vec<(KeyDigest, Holder)>;

/// The keys of both files.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    list: List,
    /// Whether requests need a key.
    guarding: bool,
}

impl Keys {
    /// Reads both files. Each line of `all` is a digest, `user` or `admin`, and a name; with this file, requests need a
    /// key. `operators` contains a single digest, whose key permits admin routes.
    ///
    /// # Errors
    /// A sentence for the user for each file that cannot be read or used.
    pub fn read(all: Option<&Path>, operators: Option<&Path>) -> Result<Keys, Vec<String>> {
        let mut keys = Keys {
            list: vec![],
            guarding: all.is_some(),
        };
        let mut problems = vec![];
        type Parse = fn(&str) -> Result<List, String>;
        let files: [(_, _, Parse); 2] = [
            ("key-file", all, Keys::lines),
            ("admin-key-file", operators, Keys::operator),
        ];
        for (setting, path, parse) in files {
            let Some(path) = path else { continue };
            match std::fs::read_to_string(path).map(|text| parse(&text)) {
                Ok(Ok(list)) => keys.list.extend(list),
                Ok(Err(problem)) => problems.push(format!("{setting}: {}: {problem}", path.display())),
                Err(error) => {
                    problems.push(format!("{setting}: {} cannot be read: {error}.", path.display()))
                }
            }
        }
        if problems.is_empty() {
            Ok(keys)
        } else {
            Err(problems)
        }
    }

    /// The holder of this key, if the key is known.
    pub fn holder(&self, key: &str) -> Option<&Holder> {
        let mut found = None;
        for (digest, holder) in &self.list {
            if digest.is_of(key) {
                found = Some(holder);
            }
        }
        found
    }

    /// Whether requests need a key.
    pub fn guard(&self) -> bool {
        self.guarding
    }

    /// Whether any key permits admin routes.
    pub fn has_admin(&self) -> bool {
        self.list.iter().any(|(_, holder)| holder.scope == Scope::Admin)
    }

    fn operator(text: &str) -> Result<List, String> {
        let digest = KeyDigest::parse(text).ok_or(
            "it must contain the SHA-256 of the key as 64 hexadecimal digits; `printf %s KEY | sha256sum` prints it.",
        )?;
        let holder = Holder {
            scope: Scope::Admin,
            name: "operator".into(),
        };
        Ok(vec![(digest, holder)])
    }

    fn lines(text: &str) -> Result<List, String> {
        let lines = text.lines().enumerate();
        let keys: Vec<_> = lines
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .map(|(number, line)| {
                line_of(line).ok_or_else(|| {
                    format!(
                        "line {} must be the SHA-256 of a key (64 hexadecimal digits), user or admin, and a name.",
                        number + 1
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(
                "it contains no key, so nobody could send requests; add a line, or remove the setting."
                    .into(),
            );
        }
        Ok(keys)
    }
}

fn line_of(line: &str) -> Option<(KeyDigest, Holder)> {
    let mut words = line.split_whitespace();
    let digest = KeyDigest::parse(words.next()?)?;
    let scope = match words.next()? {
        "user" => Scope::User,
        "admin" => Scope::Admin,
        _ => return None,
    };
    let name = words.collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some((digest, Holder { scope, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc" and of "", FIPS 180-2 and RFC 6234.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(all: Option<&str>, operators: Option<&str>) -> Result<Keys, Vec<String>> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let all = all.map(|text| write("all", text));
        let operators = operators.map(|text| write("operators", text));
        Keys::read(all.as_deref(), operators.as_deref())
    }

    #[test]
    fn with_a_key_file_requests_need_a_key_and_have_a_holder() {
        let keys = read(Some(&format!("# shop\n\n{ABC} user the shop's page\n")), None).expect("a key");
        let holder = keys.holder("abc").expect("its key");
        assert_eq!(
            (holder.scope, holder.name.as_str()),
            (Scope::User, "the shop's page")
        );
        assert!(keys.guard() && !keys.has_admin() && keys.holder("abd").is_none());
    }

    #[test]
    fn with_an_admin_key_alone_other_requests_need_no_key() {
        let keys = read(None, Some(ABC)).expect("a key");
        assert!(!keys.guard() && keys.has_admin());
        assert_eq!(keys.holder("abc").map(|holder| holder.scope), Some(Scope::Admin));
        let both = read(Some(&format!("{EMPTY} user x")), Some(ABC)).expect("two keys");
        assert!(both.guard() && both.has_admin());
    }

    #[test]
    fn the_errors_of_both_files_are_reported() {
        let wrong =
            read(Some(&format!("{ABC} user x\n{ABC} root y")), Some("abc")).expect_err("two problems");
        assert!(
            wrong[0].starts_with("key-file: ") && wrong[0].contains("line 2"),
            "{wrong:?}"
        );
        assert!(
            wrong[1].starts_with("admin-key-file: ") && wrong[1].contains("sha256sum"),
            "{wrong:?}"
        );
        for text in ["", "# none", &ABC[1..], &format!("{ABC} user")] {
            assert!(read(Some(text), None).is_err(), "{text}");
        }
        assert!(Keys::read(Some(Path::new("/absent")), None).is_err());
    }
}
