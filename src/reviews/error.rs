//! What can go wrong with a file of reviews, and with one row of it.

use std::fmt;
use std::path::PathBuf;

use super::ColumnRole;

/// Why a row was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// Neither an id nor a title says which product it is about.
    NoProduct,
    /// The rating is missing, or is not a whole number of stars from 1 to 5.
    BadRating,
    /// The review has no text.
    NoText,
    /// Product, rating, headline and text are all the same as in an earlier row.
    Duplicate,
}

impl DropReason {
    /// Every reason, in the order in which a row is checked.
    pub const ALL: [Self; 4] = [Self::NoProduct, Self::BadRating, Self::NoText, Self::Duplicate];

    /// The reason as a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoProduct => "no_product",
            Self::BadRating => "bad_rating",
            Self::NoText => "no_text",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProduct => "no product id and no title",
            Self::BadRating => "no rating of 1 to 5 whole stars",
            Self::NoText => "no text",
            Self::Duplicate => "the same as an earlier row",
        })
    }
}

/// Counts by reason as part of a sentence: `11 rows: no text; 3 rows: …`.
pub(super) fn phrase(dropped: &[(DropReason, usize)]) -> String {
    let phrases = dropped.iter().map(|(reason, rows)| match rows {
        1 => format!("1 row: {reason}"),
        _ => format!("{rows} rows: {reason}"),
    });
    phrases.collect::<Vec<_>>().join("; ")
}

/// Why a file of reviews could not be loaded. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is nothing at this path.
    #[error(
        "There is no file {0}. Give the file of reviews with --data; data/README.md says what it must hold."
    )]
    NotFound(PathBuf),
    /// The name does not say what is inside.
    #[error(
        "The ending of {0} does not say what it holds. Give a file whose name ends in .csv, .tsv or .parquet; the \
         first two may be compressed, as in .csv.gz and .csv.zst."
    )]
    UnknownFormat(PathBuf),
    /// The operating system, or the decompressor, could not read the file.
    #[error(
        "{path} could not be read: {cause}. Check that it is a whole, readable file of the kind its name says."
    )]
    Read {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The bytes are not the table that the file's name promises.
    #[error("{path} is not a table that can be read: {cause}. Check that it is what its name says.")]
    Table {
        /// The path as given.
        path: PathBuf,
        /// What polars said.
        cause: String,
    },
    /// The file holds no row at all.
    #[error("{0} is empty. It must hold a header line and one review a line; data/README.md describes it.")]
    Empty(PathBuf),
    /// No column name was recognised: most likely the first line is a review already.
    #[error(
        "{path} has no header line that names its columns. Its first line is: {first_line}. If that is a review \
         already, say which column is which by number, for example --column product_title=#2 --column rating=#3 \
         --column review=#5; if it is a header, by name, for example --column review=NAME."
    )]
    NoHeader {
        /// The path as given.
        path: PathBuf,
        /// The cells of the first line, numbered.
        first_line: String,
    },
    /// Some columns were recognised, and one that is needed was not.
    #[error(
        "{path} has no column for {}. Its first line is: {first_line}. Say which column it is, for example --column \
         {}=NAME.", .role.needs(), .role.as_str()
    )]
    MissingColumn {
        /// The path as given.
        path: PathBuf,
        /// What was not found.
        role: ColumnRole,
        /// The cells of the first line, numbered.
        first_line: String,
    },
    /// The mapping names a column that the file does not have.
    #[error(
        "{path} has no column {column}, which --column {}={column} asks for. Its first line is: {first_line}.",
        .role.as_str()
    )]
    UnknownColumn {
        /// The path as given.
        path: PathBuf,
        /// What the column was to be.
        role: ColumnRole,
        /// The column as given.
        column: String,
        /// The cells of the first line, numbered.
        first_line: String,
    },
    /// Every row was left out.
    #[error(
        "None of the {rows} rows of {path} is a usable review ({}). If a column was taken for another, say which is \
         which with --column; data/README.md says what each must hold.", phrase(.dropped)
    )]
    NoUsableRow {
        /// The path as given.
        path: PathBuf,
        /// Rows in the file, the header not counted.
        rows: usize,
        /// Why they were left out.
        dropped: Vec<(DropReason, usize)>,
    },
}
