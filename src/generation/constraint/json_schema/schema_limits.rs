//! Is a schema small enough to be compiled in good time, with little memory?
//!
//! The compiler has limits of its own, and some keywords work around them: their cost grows with the square of what is
//! written, or exponentially. Those are counted here. The figures in the comments were measured on one core of a Xeon.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::SchemaError;

/// Bytes of the schema, written without blanks.
pub(super) const MOST_BYTES: usize = 16 << 10;

/// Different regular expressions: patterns, formats and names by pattern. Where all hold at once, ten took 69 ms and
/// twelve 1.2 s; six hundred names by pattern took 158 s.
const MOST_PATTERNS: usize = 8;

/// Properties, where their number is bounded: 60 took 120 ms, 200 took 2.7 s, 500 took 16 s.
const MOST_COUNTED_PROPERTIES: usize = 40;

/// The product of all divisors, as remainders are told apart: 1,000 took 7 ms, 10,000 took 0.15 s, a million 15 s.
const LARGEST_DIVISOR: u64 = 2_000;

/// Refuses what could take long.
pub(super) fn check(schema: &Value) -> Result<(), SchemaError> {
    // `Value` writes itself without fail.
    if schema.to_string().len() > MOST_BYTES {
        return Err(SchemaError::TooLong { most: MOST_BYTES });
    }
    let mut found = SchemaPart {
        divisor: 1,
        ..SchemaPart::default()
    };
    found.look_at(schema);
    let counts = [
        (
            "patterns and formats",
            found.patterns.len() as u64,
            MOST_PATTERNS as u64,
        ),
        ("as the product of all multipleOf", found.divisor, LARGEST_DIVISOR),
        (
            "properties beside a minProperties or maxProperties",
            if found.counts {
                found.properties.len() as u64
            } else {
                0
            },
            MOST_COUNTED_PROPERTIES as u64,
        ),
    ];
    match counts.into_iter().find(|(_, count, most)| count > most) {
        Some((what, count, most)) => Err(SchemaError::TooMany { what, count, most }),
        None => Ok(()),
    }
}

/// What costs much, in a whole schema. Data is searched like schemas: an `enum` that holds the word `pattern` counts.
#[derive(Default)]
struct SchemaPart<'schema> {
    patterns: BTreeSet<&'schema str>,
    properties: BTreeSet<&'schema str>,
    /// Whether the number of properties is bounded somewhere.
    counts: bool,
    divisor: u64,
}

impl<'schema> SchemaPart<'schema> {
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

/// A divisor's digits as a number: powers of ten cost nothing, so `0.25`, `25` and `2500` are all 25.
fn digits(divisor: &str) -> u64 {
    let mantissa = divisor.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return 1;
    }
    digits.parse().unwrap_or(u64::MAX)
}
