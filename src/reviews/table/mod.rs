//! A file in, a table of text out: named columns and how they were found in the file. Each format has its own file.

mod delimited;
mod json;
mod parquet;
mod records;
mod spreadsheet;
mod text_columns;
mod workbook_bounds;

use std::io::Read;
use std::path::Path;

use encoding_rs::Encoding;
use polars::prelude::StringChunked;

use super::files::encoding;
use super::files::unpack::{self, Packing};
use super::roles::{ColumnRole, Names};
use super::{LoadError, ReadingOptions};

/// The most columns of a table.
const MOST_COLUMNS: usize = 2_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Cells between separators.
    Delimited,
    /// One JSON object a line, or one array of them.
    Json,
    Parquet,
    /// A sheet of a workbook.
    Spreadsheet,
}

impl Format {
    /// By a file's first bytes: what it is, whatever its name says.
    fn of(head: &[u8]) -> Self {
        let text = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(head)
            .trim_ascii_start();
        match text {
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::Spreadsheet,
            [b'{' | b'[', ..] => Self::Json,
            _ => Self::Delimited,
        }
    }
}

/// The cells of a file, as text.
pub(super) struct Table {
    /// One name for each column.
    pub headers: Vec<String>,
    /// The columns, of equal length.
    pub columns: Vec<StringChunked>,
    /// The rows that had more cells than there are columns, in order; the surplus is in the last cell.
    pub long: Vec<usize>,
    /// How it was read.
    pub source: Source,
}

/// How a table was found in its file.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// `csv`, `jsonl`, `parquet`, `xlsx`, …
    pub format: &'static str,
    /// How the file is packed.
    pub packing: Option<&'static str>,
    /// The encoding of its text.
    pub encoding: Option<&'static str>,
    /// Between two cells.
    pub separator: Option<char>,
    /// How a mark within a quoted cell is written: `doubled` or `backslash`.
    pub quoting: Option<&'static str>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line or row of the header, from 1; `None` if there is none.
    pub header: Option<usize>,
    /// What was repaired or guessed, in sentences.
    pub warnings: Vec<String>,
}

/// What a reader of one format needs to know.
struct Request<'a> {
    path: &'a Path,
    options: &'a ReadingOptions,
    names: &'a Names,
}

impl Request<'_> {
    fn unusable(&self, cause: impl ToString) -> LoadError {
        LoadError::Table {
            path: self.path.into(),
            cause: cause.to_string(),
        }
    }

    fn unreadable(&self, cause: std::io::Error) -> LoadError {
        LoadError::Read {
            path: self.path.into(),
            cause,
        }
    }

    /// Whether a column with this name may be one that is read.
    fn may_have_role(&self, name: &str) -> bool {
        self.names.may_have_role(name) || self.options.columns.has_name(name)
    }

    /// Whether columns with these names are all that a review needs.
    fn is_complete(&self, names: &[String]) -> bool {
        !self.is_headless()
            && ColumnRole::NEEDED.into_iter().all(|roles| {
                let named = |role: &ColumnRole| names.iter().any(|name| self.names.may_have(name, *role));
                roles
                    .iter()
                    .any(|role| named(role) || self.options.columns.has_role(*role))
            })
    }

    fn is_headless(&self) -> bool {
        self.options.columns.is_numbered()
    }

    /// How many roles the columns with these names can have: what tells a header from anything else.
    fn recognised<'a>(&self, cells: impl IntoIterator<Item = &'a str>) -> usize {
        let cells = cells.into_iter();
        cells
            .filter(|cell| self.names.is_known(cell) || self.options.columns.has_name(cell))
            .count()
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// It cannot be read, or is no table.
pub(super) fn read(path: &Path, options: &ReadingOptions, names: &Names) -> Result<Table, LoadError> {
    let request = Request { path, options, names };
    let file = unpack::open(path, options.most_bytes)?;
    let mut table = match Format::of(&file.head) {
        Format::Json => json::read(&request, file.bytes)?,
        Format::Parquet => parquet::read(&request, file.bytes, file.packing)?,
        Format::Spreadsheet => spreadsheet::read(&request, all(&request, file.bytes)?.into())?,
        Format::Delimited => read_text(&request, all(&request, file.bytes)?)?,
    };
    table.source.packing = Packing::as_str(file.packing);
    Ok(table)
}

fn all(request: &Request<'_>, mut bytes: Box<dyn Read>) -> Result<Vec<u8>, LoadError> {
    let mut content = Vec::new();
    let read = bytes.read_to_end(&mut content);
    read.map_err(|cause| request.unreadable(cause))?;
    Ok(content)
}

/// What is wrong with a table of which nearly all cells are empty, if it is so large that they fill the memory.
fn is_hollow(rows: usize, columns: usize, bytes: usize) -> Option<String> {
    const MANY: usize = 32 << 20;
    let cells = rows.saturating_mul(columns);
    let is_hollow = cells > MANY && cells / 8 > bytes;
    is_hollow.then(|| format!("of its {rows} rows with {columns} columns nearly all cells are empty"))
}

/// The table in a text that is in the program.
pub(super) fn of_text(path: &Path, text: &str, names: &Names) -> Result<Table, LoadError> {
    let request = Request {
        path,
        options: &ReadingOptions::default(),
        names,
    };
    delimited::read(&request, text)
}

fn read_text(request: &Request<'_>, bytes: Vec<u8>) -> Result<Table, LoadError> {
    let decoded = encoding::decode(bytes, request.options.encoding);
    let text = delimited::table(&decoded.text);
    if is_binary(text) {
        return Err(LoadError::UnknownFormat(request.path.into()));
    }
    let mut table = match Format::of(&text.as_bytes()[..text.len().min(8)]) {
        Format::Json => json::read(request, Box::new(std::io::Cursor::new(text.to_string())))?,
        _ if is_markup(text) => return Err(LoadError::Markup(request.path.into())),
        _ => delimited::read(request, text)?,
    };
    table.source.encoding = Some(Encoding::name(decoded.encoding));
    if decoded.replaced > 0 {
        table.source.warnings.push(format!(
            "It is not valid {}: invalid bytes were replaced by \u{fffd} in {} places.",
            decoded.encoding.name(),
            decoded.replaced
        ));
    }
    Ok(table)
}

/// Whether a text is none: every tenth of its first characters controls something.
fn is_binary(text: &str) -> bool {
    const LOOKED_AT: usize = 1_000;
    let controls = text
        .chars()
        .take(LOOKED_AT)
        .filter(|c| c.is_control() && !c.is_whitespace())
        .count();
    controls * 10 > text.chars().take(LOOKED_AT).count()
}

/// Whether a text is a web page or XML: a shop's page that was saved under a table's name.
fn is_markup(text: &str) -> bool {
    let start: String = text.chars().take(14).collect::<String>().to_ascii_lowercase();
    ["<!doctype", "<html", "<?xml"]
        .iter()
        .any(|mark| start.starts_with(mark))
}

impl Table {
    /// The name of a column, or its number, as `--column` takes them.
    pub(super) fn name(&self, column: usize) -> String {
        match &self.headers[column] {
            name if name.is_empty() => format!("#{}", column + 1),
            name => name.clone(),
        }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.len())
    }

    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = Option<&str>> {
        self.columns[column].iter()
    }
}
