//! The errors of a file of reviews, and of one row.

use std::fmt;
use std::path::PathBuf;

use super::ColumnRole;
use super::cells::rating::{RatingSurvey, Strange};

/// Why a row was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DropReason {
    /// The row has more cells than the header, and the text is not in the last column.
    TooLong,
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
    pub(crate) const ALL: [Self; 5] = [
        Self::TooLong,
        Self::NoProduct,
        Self::BadRating,
        Self::NoText,
        Self::Duplicate,
    ];

    /// The label of the metric.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
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
            Self::TooLong => "more cells than the header",
            Self::NoProduct => "no product id and no title",
            Self::BadRating => "no rating of 1 to 5 whole stars",
            Self::NoText => "no text",
            Self::Duplicate => "the same as an earlier row",
        })
    }
}

/// Counts by reason as part of a sentence: `11 rows: no text; 3 rows: …`.
pub(crate) fn phrase(dropped: &[(DropReason, usize)]) -> String {
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
    /// The folder or the archive has no table.
    #[error(
        "There is no table in {0}. Give a file of reviews: CSV, TSV, JSON, Parquet, or a workbook of Excel or OpenDocument."
    )]
    NoTable(PathBuf),
    /// The archive has several tables.
    #[error(
        "{path} holds several tables: {names}. Unpack it, and give the one with the reviews, or the folder."
    )]
    SeveralTables {
        /// The path as given.
        path: PathBuf,
        /// Their names.
        names: String,
    },
    /// The content is no format that is read.
    #[error(
        "The format of {0} is not known: it is neither text nor Parquet nor a workbook. Give a file of reviews as CSV, \
         TSV, JSON, Parquet, Excel or OpenDocument; it may be packed as .gz, .zst or .zip."
    )]
    UnknownFormat(PathBuf),
    /// The content is a web page or XML.
    #[error("{0} is a web page or XML and no table. Export the reviews as CSV, JSON, Parquet or Excel.")]
    Markup(PathBuf),
    /// The file was changed while it was read.
    #[error("{0} is being written: it changed while it was read. Give it again when it is complete.")]
    Changing(PathBuf),
    /// The operating system, or the decompressor, could not read the file.
    #[error("{path} could not be read: {cause}. Check that the file is complete and readable.")]
    Read {
        /// The path as given.
        path: PathBuf,
        /// The error of the operating system or the decompressor.
        cause: std::io::Error,
    },
    /// The content is damaged, or too large in some way.
    #[error("{path} is not a table that can be read: {cause}.")]
    Table {
        /// The path as given.
        path: PathBuf,
        /// What is wrong.
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
    /// The only column that may be the product has another value in most rows.
    #[error(
        "{path}: no column names the product. {column} could, but it has {distinct} different values in {rows} rows, so \
         it looks like a headline or a person's name. If it is the product, give --column product_title={column}; if \
         another column is, name that. The columns are: {first_line}."
    )]
    NoProductColumn {
        /// The path as given.
        path: PathBuf,
        /// The header of the column.
        column: String,
        /// Its different values.
        distinct: usize,
        /// Rows that have one.
        rows: usize,
        /// The cells of the first line, numbered.
        first_line: String,
    },
    /// A spreadsheet rounded the ids.
    #[error(
        "{path}: the ids in {column} were rounded by a spreadsheet, as in 8.9E+12, so they tell no products apart. Export \
         them as text, or name the column of the products' titles with --column product_title=NAME."
    )]
    RoundedIds {
        /// The path as given.
        path: PathBuf,
        /// The header of the column.
        column: String,
    },
    /// The ratings are on another scale, or are no review's own.
    #[error("{path}: {}", rating_problem(.column, .strange, .survey))]
    Scale {
        /// The path as given.
        path: PathBuf,
        /// The header of the column.
        column: String,
        /// What the numbers are.
        strange: Strange,
        /// What is in the column.
        survey: Box<RatingSurvey>,
    },
    /// More rows than not cannot be used for one reason.
    #[error(
        "{rows} of {of} rows of {path} have {reason}, for example {example}. If another column is meant, give --column \
         {}=NAME; to load the rest all the same, give --column {}={column}.", .role.as_str(), .role.as_str()
    )]
    MostDropped {
        /// The path as given.
        path: PathBuf,
        /// Rows that were dropped for the reason.
        rows: usize,
        /// All rows.
        of: usize,
        /// Why.
        reason: DropReason,
        /// One of them.
        example: String,
        /// The column in question.
        role: ColumnRole,
        /// Its header.
        column: String,
    },
    /// Nearly every row is about a product of its own.
    #[error(
        "{path}: {column} has {products} different values in {rows} reviews, so it looks like the id of a review and not \
         of a product. If it is the product, give --column {}={column}; if another column is, name that.", .role.as_str()
    )]
    ProductPerRow {
        /// The path as given.
        path: PathBuf,
        /// The role that the column was taken for.
        role: ColumnRole,
        /// Its header.
        column: String,
        /// Products.
        products: usize,
        /// Reviews.
        rows: usize,
    },
    /// A library failed in a way that it does not report.
    #[error(
        "{path} could not be read: the reader gave up ({cause}). The file is probably damaged; write it again, or export it \
         as CSV."
    )]
    Panicked {
        /// The path as given.
        path: PathBuf,
        /// What the library said.
        cause: String,
    },
}

/// What is wrong with a column of ratings, and what to do.
fn rating_problem(column: &str, strange: &Strange, survey: &RatingSurvey) -> String {
    let RatingSurvey {
        numbers,
        lowest,
        highest,
        above,
        fractions,
        ..
    } = survey;
    let range = format!("{column} has numbers from {lowest} to {highest}");
    let flag = |scale: &str| {
        format!("give --rating-scale {scale}; if another column is the rating, --column rating=NAME.")
    };
    match strange {
        Strange::Ten => format!(
            "{range}, and {above} of {numbers} are above 5: the scale is another. If it ends at 10, {}",
            flag("10")
        ),
        Strange::Hundred => format!(
            "{range}, and {above} of {numbers} are above 5: the scale is another. If it ends at 100, {}",
            flag("100")
        ),
        Strange::Half => format!(
            "{fractions} of {numbers} numbers in {column} are halves. If they are stars, {}",
            flag("half")
        ),
        Strange::Labels => format!(
            "{column} says only whether a review is good or bad. If it does, {}",
            flag("labels")
        ),
        Strange::Average => format!(
            "{fractions} of {numbers} numbers in {column} are fractions, so it looks like the average of each product and not \
             like the rating of a review. Name the column of the reviews' own ratings with --column rating=NAME; to \
             read whole stars only, give --rating-scale 5."
        ),
        Strange::Unknown => format!(
            "{range}, and most are no stars. Name the column of the ratings with --column rating=NAME; to read whole stars \
             from 1 to 5 only, give --rating-scale 5."
        ),
    }
}
