//! The texts that schemas allow, over the default model's tokens and over bytes, without a model; and which schemas are
//! refused.

mod model;
mod validator;

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::*;
use crate::generation::model::scripted::{END, Voice};
use crate::generation::testing::{AMPLE, Bench, byte_tokenizer, prompt, request, script};
use crate::generation::{Reason, Request};
use crate::kernels::testing::Random;
use crate::weights::gguf::Gguf;
use crate::weights::testing::chat_model;
use crate::weights::tokenizer;
use validator::complaint;

/// The default model's tokens.
struct Real {
    tokenizer: Arc<Tokenizer>,
    end: Vec<u32>,
    vocabulary: TokenTrie,
}

static REAL: LazyLock<Real> = LazyLock::new(|| {
    let gguf = Gguf::read(&chat_model()).unwrap();
    let tokenizer = Arc::new(tokenizer::from_gguf(&gguf).unwrap());
    let end = tokenizer::end_tokens(&gguf, &tokenizer);
    let vocabulary = TokenTrie::new(&tokenizer, &end).unwrap();
    Real {
        tokenizer,
        end,
        vocabulary,
    }
});

/// A vocabulary of the 256 bytes, of which 0 ends a text.
static BYTES: LazyLock<TokenTrie> = LazyLock::new(|| TokenTrie::new(&byte_tokenizer(), &[END]).unwrap());

/// The constraint of a schema.
fn constraint(schema: &Value) -> JsonSchema {
    JsonSchema::new(schema, &REAL.vocabulary).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

/// The error message for a schema.
fn refusal(schema: &Value) -> String {
    match JsonSchema::new(schema, &REAL.vocabulary) {
        Ok(_) => panic!("{schema} is accepted"),
        Err(error) => error.to_string(),
    }
}

/// A text that the masks allow: `patience` random tokens, then the shortest way to the end. `None` if 400 more tokens
/// do not reach the end.
fn random_text(schema: &Value, seed: u64, patience: usize) -> Option<String> {
    let mut form = constraint(schema);
    let mut mask = Mask::none(REAL.tokenizer.get_vocab_size(true));
    let says = |token: u32| tokenizer::bytes(&REAL.tokenizer, token);
    let mut random = Random(seed);
    let mut text = Vec::new();
    for step in 0..patience + 400 {
        form.mask(&mut mask).expect("something may follow");
        let allowed: Vec<u32> = (0..mask.vocabulary() as u32)
            .filter(|token| mask.allows(*token))
            .collect();
        assert!(!allowed.is_empty());
        let token = if step < patience {
            allowed[random.below(allowed.len())]
        } else {
            let length = |token: &&u32| match says(**token)[..] {
                [] => 0,
                [b'}' | b']' | b'"'] => 1,
                [b',' | b':'] => 2,
                ref bytes => 2 + bytes.len(),
            };
            *allowed.iter().min_by_key(length).expect("something is allowed")
        };
        form.accept(token).expect("it is allowed");
        text.extend(says(token));
        if form.is_complete() {
            return Some(String::from_utf8(text).expect("whole characters"));
        }
    }
    None
}

/// Schemas with all kinds of keywords.
fn schemas() -> Vec<Value> {
    vec![
        json!({"type": "object"}),
        json!({"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 12},
            "price": {"type": "number", "minimum": 0, "maximum": 99.5},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
            "maker": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 8}},
                "required": ["city"], "additionalProperties": false},
            "tags": {"type": "array", "items": {"enum": ["loud", "light", "cheap"]}, "minItems": 1, "maxItems": 3},
        }, "required": ["name", "stars", "maker", "tags"], "additionalProperties": false}),
        json!({"type": "array", "items": {"type": ["boolean", "null"]}, "minItems": 2, "maxItems": 4}),
        json!({"enum": ["a\"b\\c", "tab\there", "अच्छा", "👍🏽", "\u{1}", 3, null, {"a": [1, true]}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 5}]}),
        json!({"anyOf": [{"type": "boolean"}, {"const": "maybe"}, {"type": "array", "maxItems": 1}]}),
        json!({"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}),
        json!({"type": "string", "format": "date"}),
        json!({"allOf": [{"type": "integer", "minimum": 10}, {"maximum": 60}], "multipleOf": 5}),
        json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
            "value": {"type": "integer", "minimum": 0, "maximum": 9},
            "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
        }, "required": ["value", "next"], "additionalProperties": false}}}),
        json!({"type": "array", "prefixItems": [{"const": "x"}, {"type": "boolean"}], "minItems": 2, "items": false}),
        json!({"title": "Anything short", "type": "string", "minLength": 3, "maxLength": 6, "x-unknown": 1}),
    ]
}

#[test]
fn texts_under_the_masks_are_json_that_the_schema_allows() {
    for schema in schemas() {
        for seed in 0..6 {
            let text = random_text(&schema, seed, 30).unwrap_or_else(|| panic!("{schema} has no end"));
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(complaint(&schema, &schema, &value), None, "{text} under {schema}");
            assert!(!text.contains(['\n', '\t']), "on one line: {text}");
        }
    }
}

/// Schemas of a few levels; all their texts are short or can end soon.
fn any_schema() -> impl Strategy<Value = Value> {
    let bounded = |kind: &'static str| {
        (-50_i64..50, 0_i64..40)
            .prop_map(move |(least, more)| json!({"type": kind, "minimum": least, "maximum": least + more}))
    };
    let string = (0_usize..4, 0_usize..9)
        .prop_map(|(least, more)| json!({"type": "string", "minLength": least, "maxLength": least + more}));
    let choice = prop::collection::vec("[a-z\"\\\\é ]{0,6}", 1..4).prop_map(|texts| json!({"enum": texts}));
    let leaf = prop_oneof![
        Just(json!({"type": "null"})),
        Just(json!({"type": "boolean"})),
        bounded("integer"),
        bounded("number"),
        string,
        choice,
        Just(json!({"type": "string", "pattern": "^[0-9a-f]{4}$"})),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let array = (inner.clone(), 0_usize..3, 0_usize..3).prop_map(|(items, least, more)| {
            json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more})
        });
        let properties = prop::collection::vec((inner.clone(), any::<bool>()), 0..4);
        let object = (properties, any::<bool>()).prop_map(|(properties, open)| {
            let name = |index: usize| format!("p{index}");
            let listed = properties.iter().enumerate();
            let required: Vec<String> =
                listed.clone().filter(|(_, (_, required))| *required).map(|(index, _)| name(index)).collect();
            let properties: serde_json::Map<String, Value> =
                listed.map(|(index, (schema, _))| (name(index), schema.clone())).collect();
            let others = if open { json!({"type": "boolean"}) } else { json!(false) };
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": others})
        });
        let either = prop::collection::vec(inner, 1..4).prop_map(|options| json!({"anyOf": options}));
        prop_oneof![array, object, either]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_obey_random_schemas(schema in any_schema(), seed in any::<u64>()) {
        let Some(text) = random_text(&schema, seed, 40) else {
            return Err(TestCaseError::fail("no end"));
        };
        let value: Value = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(complaint(&schema, &schema, &value), None, "{}", text);
    }
}

#[test]
fn properties_come_in_the_schemas_order() {
    let schema = json!({"type": "object", "properties": {"z": {"const": 1}, "a": {"const": 2}, "m": {"const": 3}},
        "required": ["a", "m", "z"], "additionalProperties": false});
    let text = random_text(&schema, 1, 0).expect("an end");
    assert_eq!(text.replace(' ', ""), r#"{"z":1,"a":2,"m":3}"#);
}

#[test]
fn unsupported_schemas_are_refused_with_a_reason() {
    for (schema, words) in [
        (json!({"type": "string", "not": {"const": "x"}}), "`not`"),
        (
            json!({"type": "array", "uniqueItems": true, "contains": {}}),
            "`contains`, `uniqueItems`",
        ),
        (
            json!({"properties": {"a": {"if": {}, "then": {}}}}),
            "`if`, `then`",
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 3}]}),
            "use anyOf",
        ),
        (json!({"$ref": "https://example.com/schema.json"}), "#/"),
        (json!({"$ref": "#/$defs/missing"}), "missing"),
        (json!({"type": "string", "pattern": "(?=a)b"}), "look-around"),
        (json!({"type": "string", "format": "colour"}), "colour"),
        (json!({"type": "text"}), "text"),
        (
            json!({"minimum": 5, "maximum": 4, "type": "integer"}),
            "Unsatisfiable",
        ),
        (json!(false), "Unsatisfiable"),
        (json!({"enum": []}), "Unsatisfiable"),
        (json!({"$ref": "#"}), "no text satisfies"),
        (json!("string"), "object or boolean"),
    ] {
        let message = refusal(&schema);
        assert!(message.contains(words), "{schema}: {message}");
        assert!(
            !message.contains("coerce") && !message.contains("feature"),
            "{message}"
        );
    }
    // A property may have any name.
    let not = json!({"type": "object", "properties": {"not": {"type": "null"}}});
    random_text(&not, 1, 0).expect("an end");
}

#[test]
fn schemas_that_would_take_long_are_refused_at_once() {
    let properties = |count: usize| -> Value {
        let named = (0..count).map(|index| (format!("p{index}"), json!({"type": "null"})));
        Value::Object(named.collect())
    };
    let patterns = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|length| json!({"type": "string", "pattern": format!("a.{{{length}}}b")}))
            .collect()
    };
    let pairs = |count: usize| -> Vec<Value> {
        let either = |index| {
            json!({"anyOf": [{"properties": {format!("a{index}"): {"type": "null"}}},
            {"properties": {format!("b{index}"): {"type": "null"}}}]})
        };
        (0..count).map(either).collect()
    };
    let names: serde_json::Map<String, Value> =
        (0..9).map(|index| (format!("^{index}"), json!(true))).collect();
    for (schema, words) in [
        (json!({"const": "x".repeat(schema_limits::MOST_BYTES)}), "bytes"),
        (json!({"allOf": patterns(9)}), "9 patterns"),
        (json!({"patternProperties": names}), "9 patterns"),
        (json!({"type": "integer", "multipleOf": 1_000_003}), "multipleOf"),
        (
            json!({"anyOf": [{"multipleOf": 97}, {"multipleOf": 0.89}]}),
            "multipleOf",
        ),
        (
            json!({"properties": properties(60), "minProperties": 1}),
            "60 properties",
        ),
        (json!({"allOf": pairs(12)}), "too complex"),
        (
            json!({"type": "string", "pattern": "a?".repeat(7_000)}),
            "too complex",
        ),
    ] {
        let message = refusal(&schema);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn long_and_deep_schemas_that_cost_little_are_accepted() {
    let properties: serde_json::Map<String, Value> = (0..300)
        .map(|index| (format!("p{index}"), json!({"type": "null"})))
        .collect();
    let mut deep = json!({"type": "null"});
    for _ in 0..300 {
        deep = json!({"type": "array", "items": deep, "maxItems": 1});
    }
    let chain: serde_json::Map<String, Value> = (0..300)
        .map(|index| {
            (
                format!("d{index}"),
                json!({"items": {"$ref": format!("#/$defs/d{}", (index + 1) % 300)}}),
            )
        })
        .collect();
    for schema in [
        json!({"properties": properties, "additionalProperties": false}),
        deep,
        json!({"$defs": chain, "$ref": "#/$defs/d0", "type": "array"}),
        json!({"type": "array", "items": {"type": "null"}, "minItems": 0, "maxItems": 1_000_000_000}),
        json!({"type": "string", "maxLength": 1_000_000}),
        json!({"type": "integer", "multipleOf": 100_000}),
    ] {
        random_text(&schema, 1, 0).expect("a short way to the end");
    }
}

#[test]
fn masks_are_exact_and_wrong_tokens_change_nothing() {
    let schema = json!({"type": "array", "items": {"type": "integer"}, "maxItems": 1});
    let mut form = JsonSchema::new(&schema, &BYTES).expect("a schema");
    let mut mask = Mask::none(256);
    let mut allowed = |form: &mut JsonSchema| -> Vec<u8> {
        form.mask(&mut mask).expect("a mask");
        (0..=255).filter(|byte| mask.allows(u32::from(*byte))).collect()
    };
    assert_eq!(allowed(&mut form), b"[");
    for wrong in [u32::from(b'{'), u32::from(b' '), END, 256, u32::MAX] {
        assert_eq!(form.accept(wrong), Err(ConstraintError::NotAllowed(wrong)));
    }
    assert_eq!(allowed(&mut form), b"[");
    for byte in *b"[4" {
        form.accept(u32::from(byte)).expect("it is allowed");
        assert!(!form.is_complete());
    }
    assert_eq!(allowed(&mut form), b"0123456789]");
    // Tokens are accepted without a mask before them.
    form.accept(u32::from(b'2')).expect("it is allowed");
    form.accept(u32::from(b']')).expect("it is allowed");
    assert!(form.is_complete());
    assert_eq!(allowed(&mut form), [END as u8]);
    assert_eq!(form.accept(END), Err(ConstraintError::NotAllowed(END)));
    let beyond = JsonSchema::new(&schema, &BYTES)
        .expect("a schema")
        .mask(&mut Mask::none(80));
    let expected = ConstraintError::BeyondVocabulary {
        token: u32::from(b'['),
        vocabulary: 80,
    };
    assert_eq!(beyond, Err(expected));
}

#[test]
fn texts_are_complete_or_end_with_another_reason() {
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
        "additionalProperties": false});
    let integer = json!({"type": "integer"});
    let generate = |schema: &Value, voice: &str, max_tokens, stop: &[&str]| {
        let form = JsonSchema::new(schema, &BYTES).expect("a schema");
        let (text, finished) = Bench::new(script(voice), AMPLE).answer(Request {
            max_tokens,
            stop: stop.iter().map(|stop| stop.to_string()).collect(),
            constraint: Some(Box::new(form)),
            ..request(prompt(20))
        });
        (text, finished.reason, finished.generated_tokens)
    };
    let whole = r#"{"a": "b₹"}"#;
    let and_more = format!("{whole} and more");
    type Case<'a> = (&'a Value, &'a str, usize, &'a [&'a str], &'a str, Reason, usize);
    let cases: [Case<'_>; 5] = [
        // The last bracket ends the text, without an end token.
        (&object, &and_more, 100, &[], whole, Reason::Stop, whole.len()),
        (&object, whole, 7, &[], r#"{"a": ""#, Reason::Length, 7),
        (
            &object,
            whole,
            100,
            &["₹"],
            r#"{"a": "b"#,
            Reason::Stop,
            r#"{"a": "b₹"#.len(),
        ),
        // A text that could continue takes an end token.
        (&integer, "42", 100, &[], "42", Reason::Stop, 2),
        (&integer, "42", 2, &[], "42", Reason::Length, 2),
    ];
    for (schema, voice, max_tokens, stop, text, reason, tokens) in cases {
        let found = generate(schema, voice, max_tokens, stop);
        assert_eq!(
            found,
            (text.into(), reason, tokens),
            "{voice}, {max_tokens}, {stop:?}"
        );
    }
    // Text of the model that the schema does not allow is excluded.
    let (text, ..) = generate(&json!({"enum": [true, false]}), "Sure! true", 100, &[]);
    assert!(["true", "false"].contains(&text.as_str()), "{text}");
}

#[test]
fn a_text_without_tokens_ends_the_generation_with_an_error() {
    // No token has the byte `q`.
    let vocabulary = TokenTrie::new(&byte_tokenizer(), &[END, u32::from(b'q')]).expect("255 tokens");
    let form = JsonSchema::new(&json!({"const": "q"}), &vocabulary).expect("a schema");
    let (text, finished) = Bench::new(Voice::Noise, AMPLE).answer(Request {
        constraint: Some(Box::new(form)),
        ..request(prompt(20))
    });
    assert_eq!((text.as_str(), finished.reason), ("\"", Reason::Error));
}
