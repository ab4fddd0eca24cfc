//! Checks a workbook before it is opened: a small file must not fill the memory or keep its reader busy for ever.
//!
//! The reader of workbooks trusts what a file says of itself. A part of a ZIP may unpack to any size; OpenDocument may
//! repeat a cell and a row a million times each; the sectors of an .xls file may form a ring, and its cells may be in
//! columns that Excel does not have.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::reviews::files::unpack::{LEAST_LIMIT, MOST_RATIO};

/// The most cells of a sheet, repeated ones included.
const MOST_CELLS: usize = 16 << 20;
/// The columns of a sheet in an .xls file.
const XLS_COLUMNS: u16 = 256;
/// The parts of an .xls file that hold its sheets, in new and in old files.
const XLS_STREAMS: [&str; 2] = ["Workbook", "Book"];
/// The part of an OpenDocument file that holds its sheets.
const ODS_CONTENT: &str = "content.xml";

/// Checks the bytes of a workbook, which may unpack to at most `most` bytes.
///
/// # Errors
/// It is damaged, or larger than it should be.
pub(super) fn check(bytes: &[u8], most: u64) -> Result<(), String> {
    match bytes.starts_with(b"PK") {
        true => zip(bytes, most),
        false => xls(bytes),
    }
}

fn zip(bytes: &[u8], most: u64) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|cause| cause.to_string())?;
    let limit = most.min(LEAST_LIMIT.max(MOST_RATIO * bytes.len() as u64));
    let mut unpacked = 0_u64;
    for at in 0..archive.len() {
        let part = archive.by_index_raw(at).map_err(|cause| cause.to_string())?;
        unpacked = unpacked.saturating_add(part.size());
    }
    if unpacked > limit {
        return Err(format!("it unpacks to more than {} MiB", limit >> 20));
    }
    let Ok(part) = archive.by_name(ODS_CONTENT) else {
        return Ok(());
    };
    let mut content = Vec::new();
    // What the archive says of the size may be wrong.
    part.take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|cause| cause.to_string())?;
    ods(&String::from_utf8_lossy(&content))
}

/// Counts the cells of each sheet of an OpenDocument file as its reader holds them: all rows up to the last with a
/// value, as wide as the widest one up to its last value.
fn ods(content: &str) -> Result<(), String> {
    for sheet in content.split("<table:table ").skip(1) {
        let (mut rows, mut used_rows, mut widest) = (0_usize, 0, 0);
        for row in sheet.split("<table:table-row").skip(1) {
            rows = rows.saturating_add(repeated(row, "table:number-rows-repeated=\""));
            let mut width = 0_usize;
            for cell in row.split("-cell").skip(1) {
                width = width.saturating_add(repeated(cell, "table:number-columns-repeated=\""));
                if cell.contains("office:value") || cell.contains("<text:p") {
                    (used_rows, widest) = (rows, widest.max(width));
                }
            }
        }
        if used_rows.saturating_mul(widest) > MOST_CELLS {
            return Err(format!("one of its sheets has more than {MOST_CELLS} cells"));
        }
    }
    Ok(())
}

/// The number in an attribute of the first tag of a text; 1 if it is not there.
fn repeated(text: &str, attribute: &str) -> usize {
    let tag = text.split('>').next().unwrap_or_default();
    let value = tag
        .split_once(attribute)
        .and_then(|(_, rest)| rest.split('"').next());
    value.and_then(|value| value.parse().ok()).unwrap_or(1)
}

/// Follows the sectors of an .xls file, and looks at the column of each cell.
fn xls(bytes: &[u8]) -> Result<(), String> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|cause| cause.to_string())?;
    let name = XLS_STREAMS.into_iter().find(|name| file.is_stream(name));
    let Some(name) = name else {
        return Err("it has no sheets".into());
    };
    let stream = file.open_stream(name).map_err(|cause| cause.to_string())?;
    let mut content = Vec::new();
    stream
        .take(bytes.len() as u64)
        .read_to_end(&mut content)
        .map_err(|cause| cause.to_string())?;
    let mut rest = &content[..];
    // Records: type, length, content.
    while let [kind, kind_high, length, length_high, after @ ..] = rest {
        let kind = u16::from_le_bytes([*kind, *kind_high]);
        let length = usize::from(u16::from_le_bytes([*length, *length_high]));
        let record = after.get(..length).unwrap_or(after);
        if let [_, _, column, column_high, ..] = record
            && is_cell(kind)
            && u16::from_le_bytes([*column, *column_high]) >= XLS_COLUMNS
        {
            return Err("it has cells in columns that do not exist".into());
        }
        rest = after.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// Whether records of this type begin with the row and the column of a cell; see [MS-XLS] 2.3.
fn is_cell(kind: u16) -> bool {
    matches!(
        kind,
        0x0006 | 0x00bd | 0x00be | 0x00d6 | 0x00fd | 0x0201 | 0x0203 | 0x0204 | 0x0205 | 0x027e
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_cells_count_where_they_have_values() {
        let row = |head: &str, cells: &str| format!("<table:table-row{head}>{cells}</table:table-row>");
        let sheet =
            |rows: &[String]| format!("<table:table table:name=\"a\">{}</table:table>", rows.concat());
        let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\"/>";
        let many = "<table:table-cell table:number-columns-repeated=\"16384\" office:value=\"1\"/>";
        let empty = "<table:table-cell table:number-columns-repeated=\"16384\"/>";
        let rows = " table:number-rows-repeated=\"1048576\"";
        // As LibreOffice writes every sheet.
        assert_eq!(
            ods(&sheet(&[row("", &(cell.to_string() + empty)), row(rows, empty)])),
            Ok(())
        );
        assert_eq!(ods(&sheet(&[row("", many)])), Ok(()));
        assert!(ods(&sheet(&[row(rows, many)])).is_err());
        assert!(ods(&sheet(&[row(rows, empty), row("", many)])).is_err());
        assert!(ods(&sheet(&[row("", many), row(rows, cell)])).is_err());
    }

    #[test]
    fn what_is_no_workbook_is_an_error() {
        assert!(check(b"PK\x03\x04 cut", 1 << 20).is_err());
        assert!(check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut", 1 << 20).is_err());
    }
}
