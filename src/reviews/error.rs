//! The errors of a file of reviews, and of one row.

use std::fmt;
use std::path::PathBuf;

use super::ColumnRole;

/// Why a row was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DropReason {
    /// The row has neither a product id nor a product title.
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
    pub(crate) const ALL: [Self; 4] = [Self::NoProduct, Self::BadRating, Self::NoText, Self::Duplicate];

    /// The label of the metric.
    pub(crate) const fn as_str(self) -> &'static str {
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
pub(crate) enum LoadError {
    /// There is nothing at this path.
    #[error("There is no file {0}. Give the file of reviews with --data; data/README.md describes it.")]
    NotFound(PathBuf),
    /// The file extension is not a known format.
    #[error(
        "The format of {0} is not known. Give a file whose name ends in .csv, .tsv or .parquet; the \
         first two may be compressed, as in .csv.gz and .csv.zst."
    )]
    UnknownFormat(PathBuf),
    /// The operating system, or the decompressor, could not read the file.
    #[error(
        "{path} could not be read: {cause}. Check that the file is complete and readable, and that its extension is \
         correct."
    )]
    Read {
        /// The path as given.
        path: PathBuf,
        /// The error of the operating system or the decompressor.
        cause: std::io::Error,
    },
    /// The file does not have the format of its extension.
    #[error("{path} is not a table that can be read: {cause}. Check that its extension is correct.")]
    Table {
        /// The path as given.
        path: PathBuf,
        /// polars' error.
        cause: String,
    },
    /// The file has no rows.
    #[error(
        "{0} is empty. It must contain a header line and one review per row; data/README.md describes it."
    )]
    Empty(PathBuf),
    /// No column name was recognised: probably the first line is a review already.
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
    /// A required column was not recognised.
    #[error(
        "{path} has no column for {}. Its first line is: {first_line}. Say which column it is, for example --column \
         {}=NAME.", .role.needs(), .role.as_str()
    )]
    MissingColumn {
        /// The path as given.
        path: PathBuf,
        /// The missing role.
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
        /// The role of the column.
        role: ColumnRole,
        /// The column as the user named it.
        column: String,
        /// The cells of the first line, numbered.
        first_line: String,
    },
    /// Every row was dropped.
    #[error(
        "None of the {rows} rows of {path} is a usable review ({}). If columns were confused, name them \
         with --column; data/README.md describes each column.", phrase(.dropped)
    )]
    NoUsableRow {
        /// The path as given.
        path: PathBuf,
        /// Rows in the file, without the header.
        rows: usize,
        /// Why the rows were dropped.
        dropped: Vec<(DropReason, usize)>,
    },
}
