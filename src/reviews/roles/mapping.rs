//! The roles of columns, and the columns that `--column` names.

use super::names::fold;

/// The role of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ColumnRole {
    /// The shop's own id of the product.
    ProductId,
    /// The product's name.
    ProductTitle,
    /// The stars.
    Rating,
    /// The headline of the review.
    Summary,
    /// The body of the review.
    Review,
    /// The kind of product.
    Category,
    /// What the product costs.
    Price,
}

impl ColumnRole {
    /// All roles, in the order of the file that the project ships.
    pub(crate) const ALL: [Self; 7] = [
        Self::ProductId,
        Self::ProductTitle,
        Self::Rating,
        Self::Summary,
        Self::Review,
        Self::Category,
        Self::Price,
    ];

    /// What a file of reviews must have: one of each.
    pub(in crate::reviews) const NEEDED: [&'static [Self]; 3] = [
        &[Self::ProductId, Self::ProductTitle],
        &[Self::Rating],
        &[Self::Review],
    ];

    /// The name that `--column` takes, which is also the header in the file that the project ships.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProductId => "product_id",
            Self::ProductTitle => "product_title",
            Self::Rating => "rating",
            Self::Summary => "summary",
            Self::Review => "review",
            Self::Category => "category",
            Self::Price => "price",
        }
    }

    /// The role in words, for an error message about a missing column.
    pub(in crate::reviews) const fn needs(self) -> &'static str {
        match self {
            Self::ProductId | Self::ProductTitle => "the product (an id or a title)",
            Self::Rating => "the rating",
            Self::Summary => "the headline",
            Self::Review => "the text of the review",
            Self::Category => "the category",
            Self::Price => "the price",
        }
    }
}

/// Bytes of blanks and marks by which two spellings of a name may differ.
const LOOSE: usize = 100;

/// A column as the user specified it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Named(String),
    /// Counted from 0; written `#1` for the first.
    Numbered(usize),
}

/// The columns given with `--column`. Columns given by number mean that the file has no header line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMapping(Vec<(ColumnRole, Column)>);

/// Why a `--column` is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is not of the form `role=column`.
    #[error("--column {0} is not of the form NAME=HEADER. Write for example --column review=Summary.")]
    Form(String),
    /// The name before `=` is unknown.
    #[error("--column {0} has an unknown name. The name before the = must be one of {names}.", names = role_names())]
    UnknownRole(String),
    /// The same role is given twice.
    #[error("--column {0}= is given twice. Give each name once.")]
    Twice(&'static str),
    /// Columns are numbered from 1.
    #[error("--column {0} names no column. Columns are numbered from 1; #0 does not exist.")]
    NumberZero(String),
    /// Names and numbers are mixed, but a file either has a header line or has none.
    #[error(
        "--column gives some columns by name and some by number. Numbers are for a file without a header line."
    )]
    NamesAndNumbers,
}

fn role_names() -> String {
    ColumnRole::ALL.map(ColumnRole::as_str).join(", ")
}

impl ColumnMapping {
    /// Parses the values of all `--column` flags, such as `review=Summary` or `review=#5`.
    ///
    /// # Errors
    /// See [`MappingError`].
    pub fn parse<S: AsRef<str>>(flags: impl IntoIterator<Item = S>) -> Result<Self, MappingError> {
        let mut mapping = Vec::new();
        for flag in flags {
            let (role, column) = parse_one(flag.as_ref())?;
            if mapping.iter().any(|&(other, _)| other == role) {
                return Err(MappingError::Twice(role.as_str()));
            }
            mapping.push((role, column));
        }
        let numbered = mapping
            .iter()
            .filter(|(_, column)| matches!(column, Column::Numbered(_)))
            .count();
        if numbered != 0 && numbered != mapping.len() {
            return Err(MappingError::NamesAndNumbers);
        }
        Ok(Self(mapping))
    }

    /// Whether the columns are numbered, so that the file has no header line.
    pub(in crate::reviews) fn is_numbered(&self) -> bool {
        self.0
            .iter()
            .any(|(_, column)| matches!(column, Column::Numbered(_)))
    }

    /// Whether a column with this name is given.
    pub(in crate::reviews) fn has_name(&self, header: &str) -> bool {
        self.0
            .iter()
            .any(|(_, column)| matches!(column, Column::Named(name) if name.len().abs_diff(header.len()) < LOOSE && fold(name) == fold(header)))
    }

    /// Whether the column of this role is given.
    pub(in crate::reviews) fn has_role(&self, role: ColumnRole) -> bool {
        self.0.iter().any(|(given, _)| *given == role)
    }

    /// The given roles, and the position of each one's column among the headers; or, if there is none, its name.
    pub(in crate::reviews) fn positions(
        &self,
        headers: &[String],
    ) -> impl Iterator<Item = (ColumnRole, Result<usize, String>)> {
        self.0.iter().map(|(role, column)| {
            let position = match column {
                Column::Numbered(number) if *number < headers.len() => Ok(*number),
                Column::Numbered(number) => Err(format!("#{}", number + 1)),
                Column::Named(name) => position(headers, name).ok_or_else(|| name.clone()),
            };
            (*role, position)
        })
    }
}

fn parse_one(flag: &str) -> Result<(ColumnRole, Column), MappingError> {
    let form = || MappingError::Form(flag.to_string());
    let (name, column) = flag.split_once('=').ok_or_else(form)?;
    let (name, column) = (name.trim(), column.trim());
    let role = ColumnRole::ALL.into_iter().find(|role| role.as_str() == name);
    let role = role.ok_or_else(|| MappingError::UnknownRole(flag.to_string()))?;
    if column.is_empty() {
        return Err(form());
    }
    let number = column
        .strip_prefix('#')
        .and_then(|digits| digits.parse::<usize>().ok());
    let column = match number {
        Some(0) => return Err(MappingError::NumberZero(flag.to_string())),
        Some(number) => Column::Numbered(number - 1),
        None => Column::Named(column.to_string()),
    };
    Ok((role, column))
}

fn position(headers: &[String], name: &str) -> Option<usize> {
    let exact = headers.iter().position(|header| header.trim() == name);
    exact.or_else(|| headers.iter().position(|header| fold(header) == fold(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_mapping_says_why() {
        for (flags, expected) in [
            (&["review"][..], "is not of the form NAME=HEADER"),
            (&["review="], "is not of the form NAME=HEADER"),
            (
                &["body=Text"],
                "one of product_id, product_title, rating, summary,",
            ),
            (&["body=Text"], "summary, review, category, price."),
            (&["review=A", "review=B"], "--column review= is given twice"),
            (&["review=#0"], "#0 does not exist"),
            (&["review=#1", "rating=Stars"], "some by number"),
        ] {
            let message = ColumnMapping::parse(flags).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
