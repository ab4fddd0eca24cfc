//! Cells in, in any order of columns; polars' columns of text out.

use std::collections::HashMap;

use polars::prelude::{StringChunked, StringChunkedBuilder};

use super::MOST_COLUMNS;

/// Columns that grow row by row. A cell that is not set is empty.
#[derive(Default)]
pub(super) struct TextColumns {
    names: Vec<String>,
    positions: HashMap<String, usize>,
    columns: Vec<(StringChunkedBuilder, usize)>,
    rows: usize,
    /// The bytes of all cells.
    bytes: usize,
}

impl TextColumns {
    /// Sets a cell of the current row. A column that is new has no cells before.
    ///
    /// # Errors
    /// The table has too many columns.
    pub(super) fn set(&mut self, name: &str, cell: &str) -> Result<(), String> {
        let at = match self.positions.get(name) {
            Some(at) => *at,
            None => self.add(name)?,
        };
        let (column, length) = &mut self.columns[at];
        if *length > self.rows {
            // JSON may name a key twice; the first counts.
            return Ok(());
        }
        (*length..self.rows).for_each(|_| column.append_null());
        column.append_value(cell);
        self.bytes += cell.len() + 1;
        *length = self.rows + 1;
        Ok(())
    }

    /// Adds a column, and returns its position.
    fn add(&mut self, name: &str) -> Result<usize, String> {
        let at = self.columns.len();
        if at == MOST_COLUMNS {
            return Err(format!("it has more than {MOST_COLUMNS} columns"));
        }
        self.positions.insert(name.to_string(), at);
        self.names.push(name.to_string());
        self.columns.push((StringChunkedBuilder::new("".into(), 0), 0));
        Ok(at)
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
    }

    /// The number of finished rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Names and columns, of equal length.
    ///
    /// # Errors
    /// Nearly all cells are empty, and there are too many of them.
    pub(super) fn finish(self) -> Result<(Vec<String>, Vec<StringChunked>), String> {
        let rows = self.rows;
        if let Some(cause) = super::is_hollow(rows, self.names.len(), self.bytes) {
            return Err(cause);
        }
        let columns = self.columns.into_iter().map(|(mut column, length)| {
            (length..rows).for_each(|_| column.append_null());
            column.finish()
        });
        Ok((self.names, columns.collect()))
    }
}
