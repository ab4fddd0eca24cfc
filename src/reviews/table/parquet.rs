//! Parquet: only the columns that may have a role are decoded, so that a column of any other type does not matter.

use std::io::{Cursor, Read};

use polars::prelude::{Column, DataType, ParquetReader, PolarsResult, SerReader, StringChunked};
use polars_arrow::datatypes::ArrowDataType;

use super::{Packing, Request, Source, Table};
use crate::reviews::LoadError;

/// The most rows of a file, and values of a column.
const MOST_ROWS: usize = 100_000_000;

/// Reads the columns whose types can be text, number or truth value.
pub(super) fn read(
    request: &Request<'_>,
    bytes: Box<dyn Read>,
    packing: Packing,
) -> Result<Table, LoadError> {
    match packing {
        Packing::Plain => {
            let file = std::fs::File::open(request.path).map_err(|cause| request.unreadable(cause))?;
            frame(request, file)
        }
        _ => frame(request, Cursor::new(super::all(request, bytes)?)),
    }
}

fn frame<R: polars::io::mmap::MmapBytesReader>(request: &Request<'_>, file: R) -> Result<Table, LoadError> {
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().map_err(|cause| request.unusable(cause))?;
    let groups = metadata.row_groups.iter();
    let counts = groups.flat_map(|group| {
        let values = group
            .parquet_columns()
            .iter()
            .map(|column| usize::try_from(column.num_values()));
        values
            .map(|count| count.unwrap_or(usize::MAX))
            .chain([group.num_rows()])
    });
    // Memory for the rows is taken before they are read, and a process that cannot get it ends.
    let rows = counts.fold(metadata.num_rows, usize::max);
    if rows > MOST_ROWS {
        return Err(request.unusable(format!(
            "it says that it has {rows} rows, and {MOST_ROWS} are the most"
        )));
    }
    let schema = reader.schema().map_err(|cause| request.unusable(cause))?;
    let readable = schema.iter_values().filter(|field| is_readable(field.dtype()));
    let names: Vec<String> = readable.map(|field| field.name.to_string()).collect();
    // A table of reviews may have any number of columns, and those without a role are not worth their memory. Where not
    // all that is needed is found by name, the content of all decides.
    let known: Vec<String> = names
        .iter()
        .filter(|name| request.may_have_role(name))
        .cloned()
        .collect();
    let wanted = if request.is_complete(&known) { known } else { names };
    let frame = reader
        .with_columns(Some(wanted))
        .finish()
        .map_err(|cause| request.unusable(cause))?;
    let mut columns: Vec<(String, StringChunked)> = Vec::new();
    for column in frame.columns() {
        let text = as_text(column).map_err(|cause| request.unusable(cause))?;
        columns.push((column.name().to_string(), text));
    }
    let (headers, columns) = columns.into_iter().unzip();
    Ok(Table {
        headers,
        columns,
        long: Vec::new(),
        source: Source {
            format: "parquet",
            ..Source::default()
        },
    })
}

fn as_text(column: &Column) -> PolarsResult<StringChunked> {
    Ok(column.cast(&DataType::String)?.rechunk().str()?.clone())
}

/// Whether a column of this type is decoded.
fn is_readable(of: &ArrowDataType) -> bool {
    use ArrowDataType::{
        Binary, BinaryView, Boolean, Decimal, Dictionary, Float32, Float64, Int8, Int16, Int32, Int64,
        LargeBinary, LargeUtf8, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    match of {
        Dictionary(_, values, _) => is_readable(values),
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | Boolean | Float32 | Float64
        | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Decimal(..) => true,
        _ => false,
    }
}
