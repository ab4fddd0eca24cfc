//! What was understood of the files, before anything is built on it: formats, columns, scale, currency, what was left
//! out and why.

use std::fmt;
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::cells::price::{Currency, Price};
use super::cells::rating::RatingScale;
use super::columns::{ColumnLayout, Why};
use super::table::{Source, Table};
use super::{ColumnRole, Corpus, DropReason};

/// Reviews that are shown.
const SHOWN: usize = 5;
/// Characters of a cell that is shown.
const LONGEST: usize = 60;

/// What was understood of all files.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Reading {
    /// `csv`, `xlsx`, …; several if the files differ.
    pub format: String,
    /// Rows in the files, without headers.
    pub rows: usize,
    /// Rows that are reviews now.
    pub kept: usize,
    /// The others, by reason.
    #[serde(serialize_with = "by_reason")]
    pub dropped: Vec<(DropReason, usize)>,
    /// One of the rows for each reason.
    #[serde(serialize_with = "by_reason")]
    pub examples: Vec<(DropReason, String)>,
    /// The header of each role's column in the first file.
    #[serde(serialize_with = "by_role")]
    pub columns: Vec<(ColumnRole, String)>,
    /// How each was found.
    #[serde(serialize_with = "by_role")]
    pub found_by: Vec<(ColumnRole, Why)>,
    /// The scale of the ratings.
    pub scale: String,
    /// The code of the prices' currency; absent if there are no prices.
    pub currency: Option<&'static str>,
    /// Products with at least one review.
    pub products: usize,
    /// The first reviews.
    pub sample: Vec<Sample>,
    /// What was repaired, guessed or is doubtful, in sentences.
    pub warnings: Vec<String>,
    /// Why the files cannot be used.
    pub error: Option<String>,
    /// Each file.
    pub files: Vec<FileReading>,
}

/// A review, as the server has it.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Sample {
    product_id: String,
    product_title: String,
    rating: u8,
    summary: String,
    review: String,
    category: Option<String>,
    price: Option<Price>,
}

/// How one file was read.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct FileReading {
    /// The path as given.
    path: String,
    format: &'static str,
    packing: Option<&'static str>,
    encoding: Option<&'static str>,
    separator: Option<char>,
    quoting: Option<&'static str>,
    sheet: Option<String>,
    /// The line or row of the header, from 1.
    header: Option<usize>,
    rows: usize,
    #[serde(serialize_with = "by_role")]
    columns: Vec<(ColumnRole, String)>,
    #[serde(serialize_with = "by_role")]
    found_by: Vec<(ColumnRole, Why)>,
    scale: String,
}

impl FileReading {
    /// How this table was read.
    pub(super) fn of(path: &Path, table: &Table) -> Self {
        let Source {
            format,
            packing,
            encoding,
            separator,
            quoting,
            sheet,
            header,
            warnings: _,
        } = table.source.clone();
        Self {
            path: path.display().to_string(),
            format,
            packing,
            encoding,
            separator,
            quoting,
            sheet,
            header,
            rows: table.rows(),
            columns: Vec::new(),
            found_by: Vec::new(),
            scale: RatingScale::default().to_string(),
        }
    }

    /// Notes which column is which.
    pub(super) fn note_columns(&mut self, table: &Table, layout: &ColumnLayout) {
        for role in ColumnRole::ALL {
            if let (Some(column), Some(why)) = (layout.column(role), layout.why(role)) {
                self.columns.push((role, table.name(column)));
                self.found_by.push((role, why));
            }
        }
    }

    /// Notes the scale of the ratings.
    pub(super) fn note_scale(&mut self, scale: RatingScale) {
        self.scale = scale.to_string();
    }
}

impl Reading {
    /// Adds a file.
    pub(super) fn add(&mut self, file: FileReading) {
        if self.files.is_empty() {
            self.columns = file.columns.clone();
            self.found_by = file.found_by.clone();
            self.scale = file.scale.clone();
        }
        if !self.format.split(", ").any(|format| format == file.format) {
            let between = if self.format.is_empty() { "" } else { ", " };
            self.format = format!("{}{between}{}", self.format, file.format);
        }
        self.files.push(file);
    }

    /// Notes what became of the rows.
    pub(super) fn note_corpus(&mut self, corpus: &Corpus, examples: Vec<(DropReason, String)>) {
        self.kept = corpus.reviews.len();
        self.dropped = corpus.dropped.clone();
        self.examples = examples;
        self.rows = self.kept + self.dropped.iter().map(|(_, rows)| rows).sum::<usize>();
        self.products = corpus.products.len();
        self.currency = corpus.currency().map(Currency::code);
        self.sample = corpus
            .reviews
            .iter()
            .take(SHOWN)
            .map(|review| {
                let product = &corpus.products[review.product.0 as usize];
                Sample {
                    product_id: product.key.clone(),
                    product_title: product.title.clone(),
                    rating: review.rating,
                    summary: review.summary.clone(),
                    review: review.text.clone(),
                    category: product.category.clone(),
                    price: product.price,
                }
            })
            .collect();
    }
}

fn by_reason<V: Serialize, S: Serializer>(
    pairs: &[(DropReason, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    map(
        pairs.iter().map(|(reason, value)| (reason.as_str(), value)),
        serializer,
    )
}

fn by_role<V: Serialize, S: Serializer>(pairs: &[(ColumnRole, V)], serializer: S) -> Result<S::Ok, S::Error> {
    map(
        pairs.iter().map(|(role, value)| (role.as_str(), value)),
        serializer,
    )
}

fn map<'a, V: Serialize + 'a, S: Serializer>(
    pairs: impl Iterator<Item = (&'static str, &'a V)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (key, value) in pairs {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

/// A table for the terminal.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(f, "  {}: {file}", file.path)?;
            for ((role, header), (_, why)) in file.columns.iter().zip(&file.found_by) {
                writeln!(f, "    {:<16}{header} ({})", role.as_str(), why.as_str())?;
            }
        }
        if self.files.is_empty() {
            return Ok(());
        }
        let currency = self
            .currency
            .map_or(String::new(), |code| format!("; prices in {code}"));
        writeln!(f, "  ratings on a scale of {}{currency}", self.scale)?;
        writeln!(
            f,
            "  {} rows, {} reviews of {} products",
            self.rows, self.kept, self.products
        )?;
        for (reason, rows) in &self.dropped {
            let example = self.examples.iter().find(|(of, _)| of == reason);
            let example = example.map_or(String::new(), |(_, example)| format!(", for example {example}"));
            writeln!(f, "  left out: {rows}, {reason}{example}")?;
        }
        for review in &self.sample {
            writeln!(
                f,
                "  {} | {} stars | {} | {}",
                cut(&review.product_title),
                review.rating,
                cut(&review.summary),
                cut(&review.review)
            )?;
        }
        self.warnings
            .iter()
            .try_for_each(|warning| writeln!(f, "  NOTE   {warning}"))
    }
}

impl fmt::Display for FileReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        let separator = self.separator.map(|separator| match separator {
            '\t' => "separated by tabs".into(),
            other => format!("separated by {other}"),
        });
        let quoting = self.quoting.filter(|quoting| *quoting == "backslash");
        let parts = [
            self.packing.map(|packing| format!("packed by {packing}")),
            self.encoding.map(String::from),
            separator,
            quoting.map(|_| "marks escaped by backslashes".into()),
            self.sheet.as_ref().map(|sheet| format!("sheet {sheet}")),
            match self.header {
                Some(line) => Some(format!("header in line {line}")),
                // Every other format names its columns in each row or in its schema.
                None => self.separator.map(|_| "no header".into()),
            },
            Some(format!("{} rows", self.rows)),
        ];
        parts
            .into_iter()
            .flatten()
            .try_for_each(|part| write!(f, ", {part}"))
    }
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        cut.push('…');
    }
    cut
}
