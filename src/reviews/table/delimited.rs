//! Cells between separators: finds the separator, the way of quoting and the header, and lets polars read the rest.

use std::borrow::Cow;
use std::io::Cursor;

use polars::prelude::{Column, CsvReadOptions, DataFrame, DataType, PolarsResult, SerReader};

use super::records::{self, Dialect, Shape, Strict};
use super::{MOST_COLUMNS, Request, Source, Table};
use crate::reviews::LoadError;

const CTRL_Z: char = '\u{1a}';
/// The separators that programs write, the commonest first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Lines among which the header is looked for: some programs write a few lines before it.
const PREAMBLE: usize = 30;
/// Lines that are named in a warning.
const NAMED: usize = 3;

/// The table in a text, without byte order mark, Ctrl-Z and blank lines around it.
pub(super) fn table(text: &str) -> &str {
    let after_mark = text
        .trim_start_matches('\u{feff}')
        .trim_start_matches(['\r', '\n']);
    after_mark.trim_end_matches(['\r', '\n', CTRL_Z])
}

/// Where a table begins, and what separates its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    /// The byte at which the header, or the first row, begins.
    offset: usize,
    separator: u8,
}

/// Reads a table from its text.
pub(super) fn read(request: &Request<'_>, text: &str) -> Result<Table, LoadError> {
    let text = line_ends(text);
    if text.trim().is_empty() {
        return Err(LoadError::Empty(request.path.into()));
    }
    let start = start(request, &text);
    let before = &text[..start.offset];
    let text = &text[start.offset..];
    if text.trim().is_empty() {
        return Err(LoadError::Empty(request.path.into()));
    }
    let width = records::first_width(text, start.separator);
    if width > MOST_COLUMNS {
        return Err(request.unusable(format!("it has {width} columns, and {MOST_COLUMNS} are the most")));
    }
    let shape = Shape::of(text, start.separator, width);
    let dialect = dialect(text, start.separator, &shape);
    let survey = records::survey(text, dialect, &shape);
    if survey.longest > records::LONGEST {
        let (found, most) = (survey.longest >> 20, records::LONGEST >> 20);
        return Err(request.unusable(format!(
            "one of its rows has {found} MiB, and {most} are the most"
        )));
    }
    // R writes the numbers of the rows, and no name above them.
    let is_short = !request.is_headless()
        && survey.widths.len() == 2
        && survey.widths.get(&width) == Some(&1)
        && survey.widths.contains_key(&(width + 1));
    let (text, shape) = match is_short {
        true => (
            Cow::Owned(format!("{}{text}", char::from(start.separator))),
            Shape::of(text, start.separator, width + 1),
        ),
        false => (Cow::Borrowed(text), shape),
    };
    let strict = records::strict(&text, dialect, &shape);
    let mut source = Source {
        format: if start.separator == b'\t' { "tsv" } else { "csv" },
        separator: Some(char::from(start.separator)),
        quoting: strict
            .text
            .contains('"')
            .then_some(if dialect.backslash { "backslash" } else { "doubled" }),
        header: (!request.is_headless()).then(|| 1 + before.lines().count()),
        warnings: warnings(&strict, before.lines().count()),
        ..Source::default()
    };
    if is_short {
        source
            .warnings
            .push("Its header has one cell fewer than its rows: the first column has no name.".into());
    }
    of_strict(request, strict, source)
}

/// Lets polars read the cells.
fn of_strict(request: &Request<'_>, strict: Strict<'_>, source: Source) -> Result<Table, LoadError> {
    let separator = source.separator.map_or(b',', |separator| separator as u8);
    let width = records::first_width(&strict.text, separator);
    if let Some(cause) = super::is_hollow(strict.records, width, strict.text.len()) {
        return Err(request.unusable(cause));
    }
    let frame = parse(&strict.text, separator).map_err(|cause| request.unusable(cause))?;
    // The text of a review may look like anything, so two readings that differ are not to be trusted.
    if frame.height() != strict.records {
        let (counted, read) = (strict.records, frame.height());
        return Err(request.unusable(format!("{counted} rows were counted and {read} read")));
    }
    let has_header = source.header.is_some();
    let texts = frame
        .columns()
        .iter()
        .map(as_text)
        .collect::<PolarsResult<Vec<_>>>();
    let texts = texts.map_err(|cause| request.unusable(cause))?;
    let headers = texts.iter().map(|column| match has_header {
        true => column.get(0).unwrap_or_default().trim().to_string(),
        false => String::new(),
    });
    Ok(Table {
        headers: headers.collect(),
        columns: match has_header {
            true => texts.iter().map(|column| column.slice(1, usize::MAX)).collect(),
            false => texts,
        },
        long: strict
            .long
            .iter()
            .filter_map(|row| row.checked_sub(usize::from(has_header)))
            .collect(),
        source,
    })
}

fn as_text(column: &Column) -> PolarsResult<polars::prelude::StringChunked> {
    Ok(column.cast(&DataType::String)?.str()?.clone())
}

/// The header line is read as a row, because polars would rename columns with equal names.
fn parse(text: &str, separator: u8) -> PolarsResult<DataFrame> {
    CsvReadOptions::default()
        .with_has_header(false)
        // No rows for type inference: every column is text.
        .with_infer_schema_length(Some(0))
        .with_rechunk(true)
        .map_parse_options(|options| options.with_separator(separator))
        .into_reader_with_file_handle(Cursor::new(text))
        .finish()
}

/// Carriage returns end the lines of a text without any line feed: programs of old Macintoshes write such files.
fn line_ends(text: &str) -> Cow<'_, str> {
    match !text.contains('\n') && text.contains('\r') {
        true => Cow::Owned(text.replace('\r', "\n")),
        false => Cow::Borrowed(text),
    }
}

/// Where the table begins: at the line in which most columns are recognised, under the separator that shows them.
fn start(request: &Request<'_>, text: &str) -> Start {
    let (declared, offset) = declared(text);
    let given = request.options.separator.or(declared);
    let by_name = match request
        .path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("tsv"))
    {
        true => b'\t',
        false => b',',
    };
    let separators: Vec<u8> = match given {
        Some(separator) => vec![separator],
        None => [&[by_name][..], &SEPARATORS].concat(),
    };
    let lines = || {
        let mut at = offset;
        text[offset..]
            .split_inclusive('\n')
            .take(PREAMBLE)
            .map(move |line| {
                at += line.len();
                (at - line.len(), line.trim_end_matches(['\r', '\n']))
            })
    };
    // Of equal ones the first line counts, and the separator that the file's name says.
    let mut best = (
        0,
        Start {
            offset,
            separator: separators[0],
        },
    );
    if !request.is_headless() {
        for &separator in &separators {
            for (offset, line) in lines() {
                let found = request.recognised(records::cells(line, separator));
                if found > best.0 {
                    best = (found, Start { offset, separator });
                }
            }
        }
    }
    if best.0 == 0 {
        // Nothing is recognised: the separator that cuts the first lines into equally many cells.
        let evenness = |separator: u8| {
            let widths: Vec<usize> = lines()
                .map(|(_, line)| records::cells(line, separator).len())
                .collect();
            let first = widths.first().copied().unwrap_or(0);
            let like_first = widths.iter().filter(|width| **width > 1 && **width == first);
            (like_first.count(), first)
        };
        let separator = separators.iter().rev().copied().max_by_key(|it| evenness(*it));
        best.1.separator = separator.unwrap_or(by_name);
    }
    best.1
}

/// The separator that a first line `sep=;` declares for Excel, and where the table begins.
fn declared(text: &str) -> (Option<u8>, usize) {
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    let content = line.trim_end_matches(['\r', '\n']).trim_matches('"');
    match content
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
    {
        Some(_) if content.len() == 5 => (Some(content.as_bytes()[4]), line.len()),
        _ => (None, 0),
    }
}

/// Backslashes are escapes where that reading leaves fewer rows without their cells, or else fewer marks over.
fn dialect(text: &str, separator: u8, shape: &Shape) -> Dialect {
    let [doubled, escaped] = [false, true].map(|backslash| Dialect { separator, backslash });
    if !text.contains("\\\"") {
        return doubled;
    }
    let faults = |dialect| {
        let survey = records::survey(text, dialect, shape);
        let whole = survey.widths.get(&shape.width).copied().unwrap_or(0);
        (survey.widths.values().sum::<usize>() - whole, survey.repaired)
    };
    if faults(escaped) < faults(doubled) {
        escaped
    } else {
        doubled
    }
}

/// What was repaired, in sentences; `before` lines come before the header.
fn warnings(strict: &Strict<'_>, before: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if before > 0 {
        warnings.push(format!(
            "The header is in line {}; what is before it is left out.",
            before + 1
        ));
    }
    if strict.repaired > 0 {
        warnings.push(format!(
            "{} cells hold quotation marks that were not escaped.",
            strict.repaired
        ));
    }
    for (first, last) in strict.doubtful.iter().take(NAMED) {
        warnings.push(format!(
            "Line {} opens a quotation that ends in line {}: {} lines went into one cell.",
            first + before,
            last + before,
            last - first + 1
        ));
    }
    if let Some(more) = strict.doubtful.len().checked_sub(NAMED).filter(|more| *more > 0) {
        warnings.push(format!(
            "{more} more quotations with unescaped marks run over line ends."
        ));
    }
    warnings
}
