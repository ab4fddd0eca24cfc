//! The names of columns in real files, by role; from `data/columns.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::ColumnRole;
use crate::reviews::cells::list;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    names: String,
    /// Names that are often something else.
    #[serde(default)]
    weak: String,
}

/// What a column with a known name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A role, and the position of the name in its list: the first is the clearest.
    Role(ColumnRole, usize),
    /// The reviewer.
    Person,
    /// Nothing that is read.
    Other,
}

/// The most bytes of a name: what is longer is no header.
const LONGEST: usize = 200;
/// The section of the reviewer's names in the file.
const PERSON: &str = "person";

/// The known names.
#[derive(Debug)]
pub(in crate::reviews) struct Names {
    clear: HashMap<String, Meaning>,
    weak: HashMap<ColumnRole, Vec<String>>,
}

impl Names {
    /// The names in the file that is a part of the program.
    pub(in crate::reviews) fn included() -> &'static Self {
        static NAMES: LazyLock<Names> = LazyLock::new(|| {
            Names::of(include_str!("../../../data/columns.toml")).expect("the tests read this file")
        });
        &NAMES
    }

    fn of(file: &str) -> Result<Self, toml::de::Error> {
        let lists: HashMap<String, List> = toml::from_str(file)?;
        let (mut clear, mut weak) = (HashMap::new(), HashMap::new());
        for (section, found) in lists {
            let role = ColumnRole::ALL.into_iter().find(|role| role.as_str() == section);
            for (rank, name) in list(&found.names).iter().enumerate() {
                let meaning = match role {
                    Some(role) => Meaning::Role(role, rank),
                    None if section == PERSON => Meaning::Person,
                    None => Meaning::Other,
                };
                clear.insert(fold(name), meaning);
            }
            if let Some(role) = role {
                let names = list(&found.weak);
                weak.insert(role, names.iter().map(|name| fold(name)).collect());
            }
        }
        Ok(Self { clear, weak })
    }

    /// The role that a header clearly names, and the rank of the name; the lower the clearer.
    pub(in crate::reviews) fn role(&self, header: &str) -> Option<(ColumnRole, usize)> {
        match self.meaning(header) {
            Some(Meaning::Role(role, rank)) => Some((role, rank)),
            _ => None,
        }
    }

    /// Whether a header may name this role, among other things.
    pub(in crate::reviews) fn is_weak(&self, header: &str, role: ColumnRole) -> bool {
        if header.len() > LONGEST {
            return false;
        }
        let header = fold(header);
        self.weak.get(&role).is_some_and(|names| names.contains(&header))
    }

    /// Whether the name is in the file.
    pub(in crate::reviews) fn is_known(&self, header: &str) -> bool {
        let weak = || ColumnRole::ALL.into_iter().any(|role| self.is_weak(header, role));
        self.meaning(header).is_some() || weak()
    }

    /// Whether a column with this name may have a role.
    pub(in crate::reviews) fn may_have_role(&self, header: &str) -> bool {
        ColumnRole::ALL
            .into_iter()
            .any(|role| self.may_have(header, role))
    }

    /// Whether a column with this name may have this role.
    pub(in crate::reviews) fn may_have(&self, header: &str, role: ColumnRole) -> bool {
        self.role(header).is_some_and(|(of, _)| of == role) || self.is_weak(header, role)
    }

    /// A nested field may be told by its last parts: `data.attributes.rating`.
    fn meaning(&self, header: &str) -> Option<Meaning> {
        if header.len() > LONGEST {
            return None;
        }
        let mut path = header;
        loop {
            if let Some(meaning) = self.clear.get(&fold(path)) {
                // "reviewer.name" is known as such; "buyer.title" must not become a title.
                let of_person =
                    path.len() < header.len() && self.is_of_person(&header[..header.len() - path.len()]);
                return Some(if of_person { Meaning::Person } else { *meaning });
            }
            path = path.split_once('.')?.1;
        }
    }

    fn is_of_person(&self, path: &str) -> bool {
        path.split('.').any(|part| {
            self.clear
                .get(&fold(part))
                .is_some_and(|meaning| *meaning == Meaning::Person)
        })
    }
}

/// `Product Title`, `product_title` and `ProductTitle` are the same name.
pub(super) fn fold(header: &str) -> String {
    header
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_meaning_however_it_is_written() {
        let names = Names::included();
        for (header, role) in [
            ("Product Title", Some(ColumnRole::ProductTitle)),
            ("product_title", Some(ColumnRole::ProductTitle)),
            ("reviews.rating", Some(ColumnRole::Rating)),
            ("data.attributes.rating", Some(ColumnRole::Rating)),
            ("author.rating", None),
            ("reviewer_name", None),
            ("title", None),
            ("Étoiles", Some(ColumnRole::Rating)),
            ("whatever", None),
        ] {
            assert_eq!(names.role(header).map(|(role, _)| role), role, "{header}");
        }
        assert!(
            names.is_weak("Title", ColumnRole::ProductTitle) && names.is_weak("title", ColumnRole::Summary)
        );
        assert!(names.is_known("reviewer_name") && names.is_known("name") && !names.is_known("whatever"));
        let rank = |header| names.role(header).map(|(_, rank)| rank);
        assert!(rank("product_id") < rank("asin") && rank("asin") < rank("handle"));
    }
}
