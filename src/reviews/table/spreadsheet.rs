//! Workbooks of Excel and OpenDocument, read cell by cell: the sheet in which most columns are recognised.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::Arc;

use calamine::{Data, DataRef, DataType, Reader, Sheets, Xlsb, Xlsx, open_workbook_from_rs};

use super::text_columns::TextColumns;
use super::{Request, Source, Table, workbook_bounds};
use crate::reviews::LoadError;

/// Rows among which the header is looked for.
const PREAMBLE: u32 = 30;

type Bytes = Cursor<Arc<[u8]>>;
type Workbook = Sheets<Bytes>;

/// A sheet, and where its table begins.
struct Start {
    sheet: String,
    /// How many columns are recognised.
    recognised: usize,
    /// The header's row, counted from 0.
    row: u32,
    /// The header's cells by column.
    header: BTreeMap<u32, String>,
}

/// Reads the sheet with the reviews.
pub(super) fn read(request: &Request<'_>, bytes: Arc<[u8]>) -> Result<Table, LoadError> {
    workbook_bounds::check(&bytes, request.options.most_bytes).map_err(|cause| request.unusable(cause))?;
    let mut workbook = open(request, &bytes)?;
    let sheets = workbook.sheet_names();
    let wanted: Vec<String> = match &request.options.sheet {
        Some(name) if !sheets.contains(name) => {
            return Err(request.unusable(format!(
                "it has no sheet {name}; its sheets are {}",
                sheets.join(", ")
            )));
        }
        Some(name) => vec![name.clone()],
        None => sheets,
    };
    let mut best: Option<Start> = None;
    for sheet in wanted {
        let start = start(request, &mut workbook, &sheet)?;
        if best
            .as_ref()
            .is_none_or(|best| start.recognised > best.recognised)
        {
            best = Some(start);
        }
    }
    let start = best.ok_or_else(|| LoadError::Empty(request.path.into()))?;
    let mut columns = TextColumns::default();
    let mut failure = None;
    let (first, mut current) = (start.row.saturating_add(u32::from(!request.is_headless())), None);
    let mut add = |row: u32, column: u32, cell: &str| {
        if row < first || cell.trim().is_empty() {
            return ControlFlow::Continue(());
        }
        if current.replace(row).is_some_and(|before| before != row) {
            columns.end_row();
        }
        let name = start
            .header
            .get(&column)
            .cloned()
            .unwrap_or_else(|| format!("#{}", u64::from(column) + 1));
        match columns.set(&name, cell) {
            Ok(()) => ControlFlow::Continue(()),
            Err(cause) => {
                failure = Some(cause);
                ControlFlow::Break(())
            }
        }
    };
    each_cell(request, &mut workbook, &start.sheet, &mut add)?;
    if current.is_some() {
        columns.end_row();
    }
    if let Some(cause) = failure {
        return Err(request.unusable(cause));
    }
    if columns.rows() == 0 {
        return Err(LoadError::Empty(request.path.into()));
    }
    let (headers, columns) = columns.finish().map_err(|cause| request.unusable(cause))?;
    Ok(Table {
        headers,
        columns,
        long: Vec::new(),
        source: Source {
            format: match workbook {
                Sheets::Xls(_) => "xls",
                Sheets::Xlsx(_) => "xlsx",
                Sheets::Xlsb(_) => "xlsb",
                Sheets::Ods(_) => "ods",
            },
            sheet: Some(start.sheet),
            header: (!request.is_headless()).then_some(start.row as usize + 1),
            ..Source::default()
        },
    })
}

fn open(request: &Request<'_>, bytes: &Arc<[u8]>) -> Result<Workbook, LoadError> {
    let bytes = || Cursor::new(bytes.clone());
    // By content: the name may be wrong. The commonest format's error is the one that is told.
    let xlsx: Result<Xlsx<_>, _> = open_workbook_from_rs(bytes());
    let cause = match xlsx {
        Ok(workbook) => return Ok(Sheets::Xlsx(workbook)),
        Err(cause) => cause,
    };
    if let Ok(workbook) = open_workbook_from_rs::<Xlsb<_>, _>(bytes()) {
        return Ok(Sheets::Xlsb(workbook));
    }
    if let Ok(workbook) = open_workbook_from_rs(bytes()) {
        return Ok(Sheets::Ods(workbook));
    }
    if let Ok(workbook) = open_workbook_from_rs(bytes()) {
        return Ok(Sheets::Xls(workbook));
    }
    Err(request.unusable(cause))
}

/// Looks for the header among the first rows of a sheet.
fn start(request: &Request<'_>, workbook: &mut Workbook, sheet: &str) -> Result<Start, LoadError> {
    let mut rows: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
    each_cell(request, workbook, sheet, &mut |row, column, cell| {
        let first = rows.first_entry().map_or(row, |first| *first.key());
        if row >= first.saturating_add(PREAMBLE) {
            return ControlFlow::Break(());
        }
        if !cell.trim().is_empty() {
            rows.entry(row)
                .or_default()
                .insert(column, cell.trim().to_string());
        }
        ControlFlow::Continue(())
    })?;
    let mut best = Start {
        sheet: sheet.into(),
        recognised: 0,
        row: rows.first_entry().map_or(0, |first| *first.key()),
        header: BTreeMap::new(),
    };
    if request.is_headless() {
        best.recognised = rows.len();
        return Ok(best);
    }
    best.header = rows.get(&best.row).cloned().unwrap_or_default();
    for (row, cells) in rows {
        let recognised = request.recognised(cells.values().map(String::as_str));
        if recognised > best.recognised {
            best = Start {
                recognised,
                row,
                header: cells,
                ..best
            };
        }
    }
    Ok(best)
}

/// Calls `each` with row, column and text of every cell, until it breaks off. The big formats are not held as a whole.
fn each_cell(
    request: &Request<'_>,
    workbook: &mut Workbook,
    sheet: &str,
    each: &mut dyn FnMut(u32, u32, &str) -> ControlFlow<()>,
) -> Result<(), LoadError> {
    let broken = |cause: String| request.unusable(cause);
    match workbook {
        Sheets::Xlsx(xlsx) => {
            let mut cells = match xlsx.worksheet_cells_reader(sheet) {
                Ok(cells) => cells,
                // A sheet of a chart has no cells.
                Err(calamine::XlsxError::NotAWorksheet(_)) => return Ok(()),
                Err(cause) => return Err(broken(cause.to_string())),
            };
            while let Some(cell) = cells.next_cell().map_err(|cause| broken(cause.to_string()))? {
                let (row, column) = cell.get_position();
                if each(row, column, &text(cell.get_value())).is_break() {
                    break;
                }
            }
        }
        Sheets::Xlsb(xlsb) => {
            let mut cells = xlsb
                .worksheet_cells_reader(sheet)
                .map_err(|cause| broken(cause.to_string()))?;
            while let Some(cell) = cells.next_cell().map_err(|cause| broken(cause.to_string()))? {
                let (row, column) = cell.get_position();
                if each(row, column, &text(cell.get_value())).is_break() {
                    break;
                }
            }
        }
        Sheets::Xls(_) | Sheets::Ods(_) => {
            let range = workbook
                .worksheet_range(sheet)
                .map_err(|cause| broken(cause.to_string()))?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, cell) in range.used_cells() {
                if each(
                    top.saturating_add(row as u32),
                    left.saturating_add(column as u32),
                    &own_text(cell),
                )
                .is_break()
                {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// A cell's text. A whole number has no decimals and no exponent: ids are numbers in Excel.
fn text(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::SharedString(text) => (*text).to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::Float(number) => number.to_string(),
        other => other.as_string().unwrap_or_default(),
    }
}

fn own_text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}
