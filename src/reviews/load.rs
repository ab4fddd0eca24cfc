//! The way of a file: found, read as a table, its columns told apart, its rows collected. Everything that was
//! understood on the way is in the [`Reading`], also where the file is refused.
//!
//! Runs on the calling thread; polars parses a table with its own thread pool. Errors: see [`LoadError`].

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::cells::price::{Currency, PriceStyle};
use super::cells::rating::{RatingScale, RatingSurvey, Verdict};
use super::columns::{ColumnLayout, Unresolved};
use super::corpus_builder::{Builder, Built, CellRules, TableRow};
use super::reading::{self, FileReading};
use super::roles::Names;
use super::table::{self, Table};
use super::{ColumnRole, Corpus, DropReason, LoadError, Reading, ReadingOptions, error, files};
use crate::panics;

/// The name of the file that is a part of the program, for messages.
const INCLUDED: &str = "flipkart_product_review.csv";
/// What that file has.
pub(crate) const INCLUDED_TEXT: &str = include_str!("../../data/flipkart_product_review.csv");
/// With fewer rows, nothing is concluded from most of them.
const FEWEST_ROWS: usize = 20;

/// Where the reviews are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// Files and folders.
    pub data: &'a [PathBuf],
    /// A file of products, to be joined by id.
    pub catalogue: Option<&'a Path>,
}

/// Loads the reviews.
///
/// Logs one line with the numbers of kept and dropped rows, and a warning for everything that was repaired or guessed.
///
/// # Errors
/// See [`LoadError`]: a file cannot be read, its columns cannot be found, what is in them is doubtful, or no row is
/// usable.
pub(crate) fn load(sources: Sources<'_>, options: &ReadingOptions) -> Result<(Corpus, Reading), LoadError> {
    let (reading, corpus) = read(sources, options);
    let corpus = corpus?;
    for warning in &reading.warnings {
        tracing::warn!("{warning}");
    }
    let left_out = match &reading.dropped[..] {
        [] => "none".into(),
        dropped => error::phrase(dropped),
    };
    tracing::info!(
        format = reading.format,
        scale = reading.scale,
        currency = reading.currency,
        "Loaded {} reviews of {} products from {}; rows left out: {left_out}.",
        reading.kept,
        reading.products,
        shown(sources.data)
    );
    Ok((corpus, reading))
}

/// Reads the files, and says what was understood, also where they cannot be used. Logs nothing.
pub(crate) fn read(sources: Sources<'_>, options: &ReadingOptions) -> (Reading, Result<Corpus, LoadError>) {
    let mut reading = Reading::default();
    let corpus = panics::catch(|| collect(sources, options, &mut reading)).unwrap_or_else(|cause| {
        Err(LoadError::Panicked {
            path: shown(sources.data).into(),
            cause,
        })
    });
    reading.error = corpus.as_ref().err().map(ToString::to_string);
    (reading, corpus)
}

/// The reviews that are a part of the program.
pub(crate) fn included() -> Corpus {
    let (options, mut reading) = (ReadingOptions::default(), Reading::default());
    let mut builder = Builder::default();
    table::of_text(Path::new(INCLUDED), INCLUDED_TEXT, Names::included())
        .and_then(|table| add(Path::new(INCLUDED), &table, &options, &mut builder, &mut reading))
        .expect("the tests load this file");
    builder.finish(&Catalogue::default()).corpus
}

fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

fn collect(
    sources: Sources<'_>,
    options: &ReadingOptions,
    reading: &mut Reading,
) -> Result<Corpus, LoadError> {
    let catalogue = match sources.catalogue {
        Some(path) => read_catalogue(path, options, reading)?,
        None => Catalogue::default(),
    };
    let mut builder = Builder::default();
    let files = files::tables(sources.data)?;
    let mut last = None;
    for path in &files {
        let table = unchanged(path, || table::read(path, options, Names::included()))?;
        last = Some(add(path, &table, options, &mut builder, reading)?);
    }
    let Built {
        corpus,
        examples,
        warnings,
    } = builder.finish(&catalogue);
    reading.warnings.extend(warnings);
    reading.note_corpus(&corpus, examples);
    let (Some(path), Some(columns)) = (files.first(), last) else {
        return Err(LoadError::NoTable(shown(sources.data).into()));
    };
    doubt(path, &corpus, reading, &columns, options)?;
    Ok(corpus)
}

/// Reads the products of a catalogue.
fn read_catalogue(
    path: &Path,
    options: &ReadingOptions,
    reading: &mut Reading,
) -> Result<Catalogue, LoadError> {
    let own = ReadingOptions {
        currency: options.currency,
        most_bytes: options.most_bytes,
        ..ReadingOptions::default()
    };
    let table = unchanged(path, || table::read(path, &own, Names::included()))?;
    let layout = ColumnLayout::of_catalogue(&table, Names::included())
        .map_err(|cause| refused(path, &table, cause))?;
    let prices = price_style(&table, &layout, options.currency);
    reading.warnings.extend(table.source.warnings.clone());
    Ok(Catalogue::of(&table, &layout, prices))
}

/// Reads a file that nobody writes meanwhile.
fn unchanged<T>(path: &Path, read: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    let stamp = || {
        path.metadata()
            .ok()
            .map(|file: Metadata| (file.len(), file.modified().ok()))
    };
    let before = stamp();
    let content = read();
    if stamp() != before {
        return Err(LoadError::Changing(path.into()));
    }
    content
}

/// The columns whose content is doubted afterwards.
struct Doubtful {
    product: Option<(ColumnRole, String)>,
    rating: Option<String>,
}

/// Adds the rows of a table.
fn add(
    path: &Path,
    table: &Table,
    options: &ReadingOptions,
    builder: &mut Builder,
    reading: &mut Reading,
) -> Result<Doubtful, LoadError> {
    let mut file = FileReading::of(path, table);
    reading.warnings.extend(table.source.warnings.clone());
    let layout = match ColumnLayout::resolve(table, &options.columns, Names::included()) {
        Ok(layout) => layout,
        Err(cause) => {
            reading.add(file);
            return Err(refused(path, table, cause));
        }
    };
    if table.rows() == 0 {
        return Err(LoadError::Empty(path.into()));
    }
    reading.warnings.extend(layout.warnings.clone());
    file.note_columns(table, &layout);
    let scale = scale(path, table, &layout, options, reading);
    file.note_scale(*scale.as_ref().unwrap_or(&RatingScale::default()));
    reading.add(file);
    let rules = CellRules {
        scale: scale?,
        prices: price_style(table, &layout, options.currency),
    };
    add_rows(table, &layout, rules, builder, reading);
    let named = |role| layout.column(role).map(|column| table.name(column));
    let product = [ColumnRole::ProductId, ColumnRole::ProductTitle].into_iter();
    Ok(Doubtful {
        product: product.filter_map(|role| Some((role, named(role)?))).next(),
        rating: named(ColumnRole::Rating),
    })
}

fn add_rows(
    table: &Table,
    layout: &ColumnLayout,
    rules: CellRules,
    builder: &mut Builder,
    reading: &mut Reading,
) {
    let mut cells =
        ColumnRole::ALL.map(|role| layout.column(role).map(|column| table.columns[column].iter()));
    // Text with unquoted commas goes on in the surplus cells, if it comes last.
    let text_is_last = layout.column(ColumnRole::Review) == Some(table.headers.len() - 1);
    let mut long = table.long.iter().peekable();
    for number in 0..table.rows() {
        let row = TableRow(cells.each_mut().map(|column| column.as_mut()?.next()?));
        let is_long = long.next_if(|row| **row == number).is_some();
        if is_long && !text_is_last {
            builder.drop(number + 1, row, DropReason::TooLong);
        } else {
            builder.add(number + 1, row, rules);
        }
    }
    if let Some(first) = table.long.first() {
        let (rows, first) = (table.long.len(), first + 1);
        reading.warnings.push(match text_is_last {
            true => format!(
                "{rows} rows have more cells than the header, the first is row {first}: the surplus is taken for a part of \
                 the text, whose commas were not quoted."
            ),
            false => format!(
                "{rows} rows have more cells than the header, the first is row {first}, and are left out: which cells \
                 belong together is not known."
            ),
        });
    }
}

fn price_style(table: &Table, layout: &ColumnLayout, given: Option<Currency>) -> PriceStyle {
    match layout.column(ColumnRole::Price) {
        Some(column) => PriceStyle::of(table.column(column), given),
        None => PriceStyle::default(),
    }
}

/// The scale of the ratings.
///
/// # Errors
/// They are on another scale than 1 to 5, which is not given.
fn scale(
    path: &Path,
    table: &Table,
    layout: &ColumnLayout,
    options: &ReadingOptions,
    reading: &mut Reading,
) -> Result<RatingScale, LoadError> {
    let Some(column) = layout.column(ColumnRole::Rating) else {
        return Ok(RatingScale::default());
    };
    if let Some(scale) = options.scale {
        return Ok(scale);
    }
    let survey = RatingSurvey::of(table.column(column));
    let product = layout
        .column(ColumnRole::ProductId)
        .or(layout.column(ColumnRole::ProductTitle));
    let constant = product.is_some_and(|product| is_constant(table, product, column));
    let column = table.name(column);
    match survey.verdict(constant) {
        Verdict::Stars => {}
        Verdict::Some => reading.warnings.push(format!(
            "{} of {} numbers in {column} are no whole stars from 1 to 5: they go from {} to {}.",
            survey.strange(),
            survey.numbers,
            survey.lowest,
            survey.highest
        )),
        Verdict::Other(strange) => {
            return Err(LoadError::Scale {
                path: path.into(),
                column,
                strange,
                survey: Box::new(survey),
            });
        }
    }
    Ok(RatingScale::default())
}

/// Whether the products with several rows have the same number in all of them.
fn is_constant(table: &Table, product: usize, rating: usize) -> bool {
    let mut first: HashMap<&str, (&str, usize, bool)> = HashMap::new();
    for (product, rating) in table.column(product).zip(table.column(rating)) {
        if let (Some(product), Some(rating)) = (product, rating) {
            let (value, rows, same) = first.entry(product).or_insert((rating, 0, true));
            *rows += 1;
            *same &= *value == rating;
        }
    }
    let several = || first.values().filter(|(_, rows, _)| *rows > 2);
    several().next().is_some() && several().all(|(_, _, same)| *same)
}

/// Refuses what is most probably a misunderstanding, unless it was chosen by hand.
fn doubt(
    path: &Path,
    corpus: &Corpus,
    reading: &Reading,
    columns: &Doubtful,
    options: &ReadingOptions,
) -> Result<(), LoadError> {
    let rows = reading.rows;
    if corpus.reviews.is_empty() {
        return Err(LoadError::NoUsableRow {
            path: path.into(),
            rows,
            dropped: corpus.dropped.clone(),
        });
    }
    if rows < FEWEST_ROWS {
        return Ok(());
    }
    let given = |role| options.columns.has_role(role);
    let product = columns
        .product
        .clone()
        .filter(|_| !given(ColumnRole::ProductId) && !given(ColumnRole::ProductTitle));
    let rating = columns
        .rating
        .clone()
        .filter(|_| !given(ColumnRole::Rating) && options.scale.is_none());
    for (reason, column) in [
        (DropReason::NoProduct, product.clone()),
        (
            DropReason::BadRating,
            rating.map(|column| (ColumnRole::Rating, column)),
        ),
    ] {
        let dropped = corpus.dropped.iter().find(|(of, _)| *of == reason);
        if let (Some(&(_, dropped)), Some((role, column))) = (dropped, column)
            && dropped * 2 > rows
        {
            let example = reading.examples.iter().find(|(of, _)| *of == reason);
            return Err(LoadError::MostDropped {
                path: path.into(),
                rows: dropped,
                of: rows,
                reason,
                example: example.map_or_else(String::new, |(_, example)| example.clone()),
                role,
                column,
            });
        }
    }
    if let Some((role, column)) = product
        && corpus.reviews.len() >= FEWEST_ROWS
        && corpus.products.len() * 20 > corpus.reviews.len() * 19
    {
        return Err(LoadError::ProductPerRow {
            path: path.into(),
            role,
            column,
            products: corpus.products.len(),
            rows: corpus.reviews.len(),
        });
    }
    Ok(())
}

fn refused(path: &Path, table: &Table, cause: Unresolved) -> LoadError {
    let (path, first_line) = (path.into(), first_line(table));
    match cause {
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
        Unresolved::NoProduct {
            column,
            distinct,
            rows,
        } => LoadError::NoProductColumn {
            path,
            column,
            distinct,
            rows,
            first_line,
        },
        Unresolved::Rounded(column) => LoadError::RoundedIds { path, column },
    }
}

/// The cells of the first line, numbered like in `--column`.
fn first_line(table: &Table) -> String {
    let cells = table.headers.iter().enumerate().map(|(column, header)| {
        let cell = match header.is_empty() {
            true => table.column(column).next().flatten().unwrap_or_default(),
            false => header,
        };
        format!("#{} \"{}\"", column + 1, reading::cut(cell))
    });
    cells.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
