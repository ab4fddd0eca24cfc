//! JSON Lines, an array of objects, or an object that holds such an array. A nested field's name is its path:
//! `product.title`. A list of texts is one text.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::records::LONGEST;
use super::text_columns::TextColumns;
use super::{Request, Source, Table};
use crate::reviews::LoadError;

/// Between the texts of a list, as in the path of a category.
const BETWEEN: &str = " > ";
/// An array of reviews is at most so many objects deep.
const DEEPEST: usize = 4;

/// Reads the objects of a file.
pub(super) fn read(request: &Request<'_>, bytes: Box<dyn Read>) -> Result<Table, LoadError> {
    let mut bytes = BufReader::with_capacity(1 << 16, bytes);
    let mut columns = TextColumns::default();
    skip_blanks(&mut bytes).map_err(|cause| request.unreadable(cause))?;
    let is_array = bytes
        .fill_buf()
        .map_err(|cause| request.unreadable(cause))?
        .first()
        == Some(&b'[');
    let format = match is_array {
        true => {
            let mut json = serde_json::Deserializer::from_reader(bytes);
            let read = json
                .deserialize_seq(Objects(&mut columns))
                .and_then(|()| json.end());
            read.map_err(|cause| request.unusable(cause))?;
            "json"
        }
        false => lines(request, bytes, &mut columns)?,
    };
    if columns.rows() == 0 {
        return Err(LoadError::Empty(request.path.into()));
    }
    let (headers, columns) = columns.finish().map_err(|cause| request.unusable(cause))?;
    Ok(Table {
        headers,
        columns,
        long: Vec::new(),
        source: Source {
            format,
            ..Source::default()
        },
    })
}

fn skip_blanks(bytes: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = bytes.fill_buf()?;
        let blank = |byte: &u8| byte.is_ascii_whitespace() || [0xef, 0xbb, 0xbf].contains(byte);
        let blanks = buffer.iter().take_while(|byte| blank(byte)).count();
        let ended = buffer.is_empty() || blanks < buffer.len();
        bytes.consume(blanks);
        if ended {
            return Ok(());
        }
    }
}

/// Reads an object a line; or, if the file is one object, the objects of an array in it.
fn lines(
    request: &Request<'_>,
    mut bytes: BufReader<Box<dyn Read>>,
    columns: &mut TextColumns,
) -> Result<&'static str, LoadError> {
    let unreadable = |cause| request.unreadable(cause);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = bytes
            .by_ref()
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', &mut line);
        if read.map_err(unreadable)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let broken = |cause: String| request.unusable(format!("line {number}: {cause}"));
        let is_whole = line.len() <= LONGEST;
        let object = serde_json::from_slice::<Map<String, Value>>(&line);
        if number == 1 && is_whole {
            skip_blanks(&mut bytes).map_err(unreadable)?;
            let is_last = bytes.fill_buf().map_err(unreadable)?.is_empty();
            if object.is_err() || is_last {
                bytes.read_to_end(&mut line).map_err(unreadable)?;
                let object = serde_json::from_slice(&line).map_err(|cause| request.unusable(cause))?;
                return wrapped(columns, &object).map_err(|cause| request.unusable(cause));
            }
        }
        match object {
            Ok(object) => add(columns, &object).map_err(broken)?,
            Err(_) if !is_whole => return Err(broken(format!("it has more than {} MiB", LONGEST >> 20))),
            Err(cause) => return Err(broken(cause.to_string())),
        }
    }
    Ok("jsonl")
}

/// Adds the objects of the longest array in an object; without one, the object itself.
fn wrapped(columns: &mut TextColumns, object: &Map<String, Value>) -> Result<&'static str, String> {
    match array_in(object, 1) {
        Some(array) => {
            let objects = array.iter().filter_map(Value::as_object);
            objects.into_iter().try_for_each(|object| add(columns, object))?;
            Ok("json")
        }
        None => add(columns, object).map(|()| "jsonl"),
    }
}

/// The longest array of objects within an object.
fn array_in(object: &Map<String, Value>, depth: usize) -> Option<&Vec<Value>> {
    let arrays = object.values().filter_map(|value| match value {
        Value::Array(array) if array.first().is_some_and(Value::is_object) => Some(array),
        Value::Object(object) if depth < DEEPEST => array_in(object, depth + 1),
        _ => None,
    });
    arrays.max_by_key(|array| array.len())
}

/// Adds an object as a row.
fn add(columns: &mut TextColumns, object: &Map<String, Value>) -> Result<(), String> {
    let mut path = String::new();
    add_fields(columns, object, &mut path)?;
    columns.end_row();
    Ok(())
}

fn add_fields(
    columns: &mut TextColumns,
    object: &Map<String, Value>,
    path: &mut String,
) -> Result<(), String> {
    for (name, value) in object {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(name);
        match value {
            Value::Object(inner) => add_fields(columns, inner, path)?,
            Value::Array(values) => {
                let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                if !texts.is_empty() {
                    columns.set(path, &texts.join(BETWEEN))?;
                }
            }
            Value::String(text) => columns.set(path, text)?,
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => columns.set(path, &value.to_string())?,
        }
        path.truncate(length);
    }
    Ok(())
}

/// Reads the objects of an array one by one.
struct Objects<'a>(&'a mut TextColumns);

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(object) = array.next_element::<Map<String, Value>>()? {
            add(self.0, &object).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
