//! JSON values that must have a type: each function panics, and shows the value, if it has another.

use serde_json::Value;

/// A number.
#[track_caller]
pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

/// A text.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

/// The items of an array.
#[track_caller]
pub fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is not an array"))
}

/// The fields of an object.
#[track_caller]
pub fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let fields = value.as_object();
    fields
        .unwrap_or_else(|| panic!("{value} is not an object"))
        .iter()
}

/// `request` with these fields added or replaced.
pub fn with(mut request: Value, changes: &Value) -> Value {
    for (name, value) in fields(changes) {
        request[name] = value.clone();
    }
    request
}
