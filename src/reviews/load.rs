//! A table on disk in, a [`Corpus`] out. The only file that knows polars.
//!
//! All columns are read as text; `corpus_builder` decides what a cell means. Runs on the calling thread; polars parses
//! the table with its own thread pool. Errors: see [`LoadError`].

use std::io::Cursor;
use std::path::Path;

use polars::prelude::{
    Column, CsvReadOptions, DataFrame, DataType, ParquetReader, PolarsResult, SerReader, StringChunked,
};

use super::columns::{ColumnLayout, Unresolved};
use super::corpus_builder::{Builder, CsvRow};
use super::text_encoding::{self, Compression};
use super::{ColumnMapping, ColumnRole, Corpus, LoadError, clean, csv_quotes, error};

/// The name of the file that is a part of the program, for messages.
const INCLUDED: &str = "flipkart_product_review.csv";
/// What that file has.
pub(crate) const INCLUDED_TEXT: &str = include_str!("../../data/flipkart_product_review.csv");
/// Sampled rows to distinguish headlines from bodies.
const SAMPLE: usize = 2_000;
/// Characters of each cell of the first line in an error message.
const SHOWN: usize = 30;

/// The format of a file, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Delimited { separator: u8, compression: Compression },
    Parquet,
}

/// The cells of a file.
struct Table {
    headers: Vec<String>,
    columns: Vec<StringChunked>,
    /// Rows before the first review: 1 if the columns contain the header line.
    skipped: usize,
}

/// Loads a file of reviews.
///
/// Logs one line with the numbers of kept and dropped rows, and a warning for everything that was repaired or guessed.
///
/// # Errors
/// See [`LoadError`]: the file cannot be read, its columns cannot be found, or no row is usable.
pub(crate) fn load(path: &Path, columns: &ColumnMapping) -> Result<Corpus, LoadError> {
    let corpus = collect(path, read(path, columns)?, columns)?;
    let (reviews, products) = (corpus.reviews.len(), corpus.products.len());
    let left_out = if corpus.dropped.is_empty() {
        "none".into()
    } else {
        error::phrase(&corpus.dropped)
    };
    tracing::info!(
        "Loaded {reviews} reviews of {products} products from {}; rows left out: {left_out}.",
        path.display()
    );
    Ok(corpus)
}

/// The reviews that are a part of the program.
pub(crate) fn included() -> Corpus {
    let (path, text) = (Path::new(INCLUDED), INCLUDED_TEXT);
    let table = parse_delimited(path, text, b',', true);
    table
        .and_then(|table| collect(path, table, &ColumnMapping::default()))
        .expect("the tests load this file")
}

/// The corpus of a table that was read from `path`.
fn collect(path: &Path, table: Table, columns: &ColumnMapping) -> Result<Corpus, LoadError> {
    let layout = lay_out(path, &table, columns)?;
    let mut builder = Builder::default();
    let rows = table.rows(&layout, |row| builder.add(row));
    drop(table);
    let corpus = builder.finish();
    if rows == 0 {
        return Err(LoadError::Empty(path.into()));
    }
    if corpus.reviews.is_empty() {
        return Err(LoadError::NoUsableRow {
            path: path.into(),
            rows,
            dropped: corpus.dropped,
        });
    }
    Ok(corpus)
}

fn read(path: &Path, columns: &ColumnMapping) -> Result<Table, LoadError> {
    if !path.exists() {
        return Err(LoadError::NotFound(path.into()));
    }
    match format(path).ok_or_else(|| LoadError::UnknownFormat(path.into()))? {
        Format::Delimited {
            separator,
            compression,
        } => read_delimited(path, separator, compression, !columns.is_numbered()),
        Format::Parquet => read_parquet(path),
    }
}

fn format(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let (name, compression) = match name.rsplit_once('.')? {
        (name, "gz") => (name, Compression::Gzip),
        (name, "zst") => (name, Compression::Zstd),
        _ => (name.as_str(), Compression::None),
    };
    let separator = match name.rsplit_once('.')?.1 {
        "csv" => b',',
        "tsv" => b'\t',
        "parquet" if compression == Compression::None => return Some(Format::Parquet),
        _ => return None,
    };
    Some(Format::Delimited {
        separator,
        compression,
    })
}

fn read_delimited(
    path: &Path,
    separator: u8,
    compression: Compression,
    has_header: bool,
) -> Result<Table, LoadError> {
    let text = text_encoding::read(path, compression).map_err(|cause| LoadError::Read {
        path: path.into(),
        cause,
    })?;
    if text.replaced > 0 {
        let (path, replaced) = (path.display(), text.replaced);
        tracing::warn!(
            "{path} is not valid UTF-8: invalid bytes were replaced by \u{fffd} in {replaced} places."
        );
    }
    parse_delimited(path, text.table(), separator, has_header)
}

fn parse_delimited(path: &Path, text: &str, separator: u8, has_header: bool) -> Result<Table, LoadError> {
    if text.trim().is_empty() {
        return Err(LoadError::Empty(path.into()));
    }
    let (table, repaired) = csv_quotes::escape(text, separator);
    if repaired > 0 {
        tracing::warn!(
            "{repaired} cells of {} hold quotation marks that were not escaped.",
            path.display()
        );
    }
    let frame = parse_any(path, &table, separator).map_err(|cause| unreadable(path, &cause))?;
    let mut table = Table {
        headers: Vec::new(),
        columns: text_columns(&frame).collect(),
        skipped: 0,
    };
    table.headers = table
        .columns
        .iter()
        .map(|column| column.get(0).unwrap_or_default().to_string())
        .collect();
    table.skipped = usize::from(has_header);
    Ok(table)
}

fn parse_any(path: &Path, table: &str, separator: u8) -> PolarsResult<DataFrame> {
    parse(table, separator, false).or_else(|_| {
        let frame = parse(table, separator, true)?;
        let path = path.display();
        tracing::warn!(
            "Some lines of {path} have more cells than its first line: the surplus cells are ignored."
        );
        Ok(frame)
    })
}

/// The header line is read as a row, because polars would rename columns with equal names.
fn parse(text: &str, separator: u8, cut_long_lines: bool) -> PolarsResult<DataFrame> {
    CsvReadOptions::default()
        .with_has_header(false)
        // No rows for type inference: every column is text.
        .with_infer_schema_length(Some(0))
        .with_rechunk(true)
        .map_parse_options(|options| {
            options
                .with_separator(separator)
                .with_truncate_ragged_lines(cut_long_lines)
        })
        .into_reader_with_file_handle(Cursor::new(text))
        .finish()
}

fn read_parquet(path: &Path) -> Result<Table, LoadError> {
    let file = std::fs::File::open(path).map_err(|cause| LoadError::Read {
        path: path.into(),
        cause,
    })?;
    let frame = ParquetReader::new(file)
        .finish()
        .map_err(|cause| unreadable(path, &cause))?;
    let columns: Vec<StringChunked> = text_columns(&frame).collect();
    let headers = columns.iter().map(|column| column.name().to_string()).collect();
    Ok(Table {
        headers,
        columns,
        skipped: 0,
    })
}

/// Numbers become text; columns of lists or structures are ignored.
fn text_columns(frame: &DataFrame) -> impl Iterator<Item = StringChunked> {
    let as_text = |column: &Column| column.cast(&DataType::String)?.str().cloned();
    frame
        .columns()
        .iter()
        .filter_map(move |column| as_text(column).ok())
}

fn unreadable(path: &Path, cause: &polars::prelude::PolarsError) -> LoadError {
    LoadError::Table {
        path: path.into(),
        cause: cause.to_string(),
    }
}

/// Finds the role of each column.
fn lay_out(path: &Path, table: &Table, mapping: &ColumnMapping) -> Result<ColumnLayout, LoadError> {
    let mut layout = ColumnLayout::resolve(&table.headers, mapping).map_err(|unresolved| {
        let (path, first_line) = (path.into(), table.first_line());
        match unresolved {
            Unresolved::Nothing => LoadError::NoHeader { path, first_line },
            Unresolved::Missing(role) => LoadError::MissingColumn {
                path,
                role,
                first_line,
            },
            Unresolved::Unknown(role, column) => LoadError::UnknownColumn {
                path,
                role,
                column,
                first_line,
            },
        }
    })?;
    if layout.text_by_name
        && table.typical_length(&layout, ColumnRole::Summary)
            > table.typical_length(&layout, ColumnRole::Review)
    {
        layout.swap_text();
        let [body, headline] = [ColumnRole::Review, ColumnRole::Summary].map(|role| {
            layout
                .column(role)
                .map_or_else(String::new, |column| table.headers[column].clone())
        });
        tracing::warn!(
            "In {} the texts under {body} are typically longer than those under {headline}, so {body} is taken for \
             the review and {headline} for its headline. If that is wrong, give --column review={headline} --column \
             summary={body}.",
            path.display()
        );
    }
    Ok(layout)
}

impl Table {
    /// Calls `each` with every row; returns their number.
    fn rows<'a>(&'a self, layout: &ColumnLayout, mut each: impl FnMut(CsvRow<'a>)) -> usize {
        let mut cells =
            ColumnRole::ALL.map(|role| layout.column(role).map(|column| self.columns[column].iter()));
        let rows = self.columns.first().map_or(0, |column| column.len());
        for number in 0..rows {
            let row = cells.each_mut().map(|column| column.as_mut()?.next()?);
            if number >= self.skipped {
                each(CsvRow(row));
            }
        }
        rows.saturating_sub(self.skipped)
    }

    /// The median length, in bytes, of a column's texts, from rows spread over the whole table.
    fn typical_length(&self, layout: &ColumnLayout, role: ColumnRole) -> usize {
        let Some(column) = layout.column(role) else {
            return 0;
        };
        let step = (self.columns[column].len() / SAMPLE).max(1);
        let sample = self.columns[column].iter().skip(self.skipped).step_by(step);
        let mut lengths: Vec<usize> = sample
            .filter_map(|cell| clean::present(cell).map(str::len))
            .collect();
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).copied().unwrap_or(0)
    }

    /// The cells of the first line, numbered like in `--column`.
    fn first_line(&self) -> String {
        let cells = self.headers.iter().enumerate().map(|(column, cell)| {
            let shown: String = cell.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            let rest = if cell.chars().count() > SHOWN { "…" } else { "" };
            format!("#{} \"{shown}{rest}\"", column + 1)
        });
        cells.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests;
