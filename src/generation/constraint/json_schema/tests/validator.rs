//! An independent validator for the keywords that the tests use; it checks values, not tokens.

use serde_json::Value;

/// Why `schema`, a part of `root`, does not allow a value; `None` if it allows it.
pub(super) fn complaint(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    match schema {
        Value::Bool(true) => None,
        Value::Object(keywords) => {
            let complaints = keywords.iter().filter_map(|(keyword, wanted)| {
                let fine = keeps(root, schema, keyword, wanted, value);
                (!fine).then(|| format!("{keyword}: {wanted} against {value}"))
            });
            complaints.reduce(|all, one| format!("{all}; {one}"))
        }
        _ => Some("nothing is allowed".into()),
    }
}

fn keeps(root: &Value, schema: &Value, keyword: &str, wanted: &Value, value: &Value) -> bool {
    let allows = |schema: &Value, value: &Value| complaint(root, schema, value).is_none();
    let options = || wanted.as_array().unwrap().iter();
    let allowing = || options().filter(|option| allows(option, value)).count();
    let count = |length: Option<usize>, fits: fn(u64, u64) -> bool| {
        length.is_none_or(|length| fits(length as u64, wanted.as_u64().unwrap()))
    };
    let array = value.as_array();
    let text = value.as_str().map(|text| text.chars().count());
    let (number, bound) = (value.as_f64(), wanted.as_f64());
    match keyword {
        "type" => match wanted {
            Value::Array(kinds) => kinds.iter().any(|kind| is_a(kind, value)),
            kind => is_a(kind, value),
        },
        "enum" => options().any(|option| option == value),
        "const" => wanted == value,
        "anyOf" => allowing() > 0,
        "allOf" => allowing() == options().count(),
        "oneOf" => allowing() == 1,
        "$ref" => allows(root.pointer(&wanted.as_str().unwrap()[1..]).unwrap(), value),
        "minimum" => number.is_none_or(|number| number >= bound.unwrap()),
        "maximum" => number.is_none_or(|number| number <= bound.unwrap()),
        "multipleOf" => number.is_none_or(|number| number % bound.unwrap() == 0.0),
        "minLength" => count(text, |length, least| length >= least),
        "maxLength" => count(text, |length, most| length <= most),
        "minItems" => count(array.map(Vec::len), |length, least| length >= least),
        "maxItems" => count(array.map(Vec::len), |length, most| length <= most),
        "prefixItems" => {
            array.is_none_or(|items| items.iter().zip(options()).all(|(item, s)| allows(s, item)))
        }
        "items" => {
            let before = schema
                .get("prefixItems")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            array.is_none_or(|items| items.iter().skip(before).all(|item| allows(wanted, item)))
        }
        "properties" => wanted.as_object().unwrap().iter().all(|(name, schema)| {
            let property = value.get(name);
            property.is_none_or(|property| allows(schema, property))
        }),
        "required" => !value.is_object() || options().all(|name| value.get(name.as_str().unwrap()).is_some()),
        "additionalProperties" => {
            let known = |name: &String| {
                schema
                    .get("properties")
                    .is_some_and(|known| known.get(name).is_some())
            };
            value.as_object().is_none_or(|properties| {
                properties
                    .iter()
                    .all(|(name, property)| known(name) || allows(wanted, property))
            })
        }
        "pattern" => value
            .as_str()
            .is_none_or(|text| matches(wanted.as_str().unwrap(), text)),
        "format" => value.as_str().is_none_or(|text| is_date(wanted, text)),
        "title" | "$defs" | "x-unknown" => true,
        other => panic!("the test uses the keyword {other}, which is not checked"),
    }
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

/// The two patterns of the tests.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[A-Z]{2}-[0-9]{3}$" => {
            let (letters, digits) = text.split_once('-').unwrap_or_default();
            let all = |part: &str, length, is: fn(&u8) -> bool| {
                part.len() == length && part.bytes().all(|b| is(&b))
            };
            all(letters, 2, u8::is_ascii_uppercase) && all(digits, 3, u8::is_ascii_digit)
        }
        "^[0-9a-f]{4}$" => text.len() == 4 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        other => panic!("the test uses the pattern {other}, which is not checked"),
    }
}

fn is_date(format: &Value, text: &str) -> bool {
    assert_eq!(format, "date", "no other format is checked");
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
