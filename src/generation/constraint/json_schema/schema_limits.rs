//! Checks that a schema is small enough to be compiled quickly and with little memory.
//!
//! The compiler has limits of its own, but they do not cover some keywords, whose cost grows with the square of the
//! schema's length, or exponentially. Those are counted here. The times in the comments were measured on one core of a
//! Xeon.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::SchemaError;

/// The most bytes of a schema, written without blanks.
pub(super) const MOST_BYTES: usize = 16 << 10;

/// The most different regular expressions: patterns, formats and names by pattern. If all apply at once, ten took 69 ms
/// and twelve 1.2 s; six hundred names by pattern took 158 s.
const MOST_PATTERNS: u64 = 8;

/// The most properties, if the schema limits their number: 60 took 120 ms, 200 took 2.7 s, 500 took 16 s.
const MOST_COUNTED_PROPERTIES: u64 = 40;

/// The largest product of all divisors, because each remainder is a state: 1,000 took 7 ms, 10,000 took 0.15 s, a
/// million 15 s.
const LARGEST_DIVISOR: u64 = 2_000;

/// Refuses a schema that could take long to compile.
pub(super) fn check(schema: &Value) -> Result<(), SchemaError> {
    // Writing a `Value` to a string cannot fail.
    if schema.to_string().len() > MOST_BYTES {
        return Err(SchemaError::TooLong { most: MOST_BYTES });
    }
    let mut found = CostlyParts {
        divisor: 1,
        ..CostlyParts::default()
    };
    found.look_at(schema);
    let counted = if found.counts { found.properties.len() } else { 0 };
    let counts = [
        ("patterns and formats", found.patterns.len() as u64, MOST_PATTERNS),
        (
            "as the product of its multipleOf values",
            found.divisor,
            LARGEST_DIVISOR,
        ),
        (
            "properties together with minProperties or maxProperties",
            counted as u64,
            MOST_COUNTED_PROPERTIES,
        ),
    ];
    match counts.into_iter().find(|(_, count, most)| count > most) {
        Some((what, count, most)) => Err(SchemaError::TooMany { what, count, most }),
        None => Ok(()),
    }
}

/// The costly parts of a whole schema. Data is searched like schemas: a `pattern` inside an `enum` counts, too.
#[derive(Default)]
struct CostlyParts<'schema> {
    patterns: BTreeSet<&'schema str>,
    properties: BTreeSet<&'schema str>,
    /// Whether the number of properties is limited somewhere.
    counts: bool,
    divisor: u64,
}

impl<'schema> CostlyParts<'schema> {
    fn look_at(&mut self, value: &'schema Value) {
        let mut rest = vec![value];
        while let Some(value) = rest.pop() {
            match value {
                Value::Object(keywords) => {
                    self.look_at_keywords(keywords);
                    rest.extend(keywords.values());
                }
                Value::Array(values) => rest.extend(values),
                _ => {}
            }
        }
    }

    fn look_at_keywords(&mut self, keywords: &'schema Map<String, Value>) {
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("pattern" | "format", Value::String(pattern)) => {
                    self.patterns.insert(pattern);
                }
                ("patternProperties", Value::Object(patterns)) => {
                    self.patterns.extend(patterns.keys().map(String::as_str));
                }
                ("properties", Value::Object(properties)) => {
                    self.properties.extend(properties.keys().map(String::as_str));
                }
                ("minProperties" | "maxProperties", Value::Number(_)) => self.counts = true,
                ("multipleOf", Value::Number(divisor)) => {
                    self.divisor = self.divisor.saturating_mul(digits(&divisor.to_string()));
                }
                _ => {}
            }
        }
    }
}

/// A divisor's digits as a whole number. Powers of ten cost nothing, so `0.25`, `25` and `2500` all give 25.
fn digits(divisor: &str) -> u64 {
    let mantissa = divisor.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return 1;
    }
    digits.parse().unwrap_or(u64::MAX)
}
