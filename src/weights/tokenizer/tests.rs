//! Tokenizers of GGUF files, compared with llama.cpp's ids.

use super::testing::{byte_level, gguf, numbers, sentence_piece, text, texts};
use super::*;
use crate::weights::folder::TOKENIZER;
use crate::weights::testing::{self, assert_error};
use candle_core::quantized::gguf_file::Value;

/// Texts and their ids by `llama_tokenize` of llama.cpp (the copy in llama-cpp-python 0.3.36) for this model, with
/// `parse_special` on. A byte-pair encoder of thirty lines of Python, written from the description of the algorithm,
/// gave the same ids.
const GOLDEN: &[(&str, &[u32])] = &[
    ("Hello world", &[19556, 905]),
    (
        "12345 reviews in 2024",
        &[33, 34, 35, 36, 37, 9470, 281, 216, 34, 32, 34, 36],
    ),
    (
        "  two  spaces   and\ttabs ",
        &[216, 827, 216, 5600, 256, 284, 197, 100, 7366, 216],
    ),
    (
        "line one\nline two\n\n\nline five\n",
        &[1311, 582, 198, 1311, 827, 1116, 198, 1311, 2531, 198],
    ),
    (
        "It's great, I've used it; they'll say we'd DON'T",
        &[
            1589, 506, 1109, 28, 339, 3543, 804, 357, 43, 502, 3060, 1643, 392, 6737, 422, 2154, 23, 68,
        ],
    ),
    ("don’t’s 's 'S", &[12420, 417, 100, 417, 99, 637, 99, 637, 67]),
    ("₹1,299 only!", &[25699, 134, 33, 28, 34, 41, 41, 805, 17]),
    (
        "Battery 🔋 lasts 20 hrs 👍🏽❤️",
        &[
            50, 21032, 15107, 238, 229, 16519, 216, 34, 32, 48864, 15107, 235, 231, 10813, 233, 138, 173,
            247, 114, 31752,
        ],
    ),
    (
        "Bahut accha hai yaar, paisa vasool",
        &[
            50, 1287, 316, 784, 14884, 421, 89, 47801, 280, 28, 273, 10117, 81, 23481, 751,
        ],
    ),
    (
        "बहुत अच्छा फोन है",
        &[
            4300, 122, 4300, 134, 42990, 26293, 12335, 223, 4300, 244, 16525, 4300, 245, 18075, 12335, 121,
            42213, 30658, 12335, 134, 9310, 226,
        ],
    ),
    (
        "naïve café — “quoted”… 3½ stars ★★★★☆ x² ٣",
        &[
            3546, 46494, 37366, 1841, 619, 385, 5036, 573, 2829, 216, 35, 16738, 5703, 4636, 242, 223, 173,
            242, 223, 173, 242, 223, 173, 242, 223, 173, 242, 224, 1792, 19133, 216, 164, 113,
        ],
    ),
    (
        "snake_case and CamelCase() => {a: 1.5e-3}",
        &[
            48284, 79, 7544, 284, 5784, 299, 10802, 1000, 29832, 1662, 81, 42, 216, 33, 30, 37, 85, 29, 35,
            109,
        ],
    ),
    ("", &[]),
    (" ", &[216]),
    ("\r\n a\r\n", &[2738, 253, 2738]),
    (
        "中文评论 日本語",
        &[
            28589, 29184, 16313, 222, 22081, 135, 17097, 241, 115, 40993, 179, 120, 248,
        ],
    ),
    (
        "<|im_start|>user\nWhich headset has the best battery?<|im_end|>\n<|im_start|>assistant\n",
        &[
            1, 4093, 198, 14413, 1680, 1614, 553, 260, 1450, 6979, 47, 2, 198, 1, 520, 9531, 198,
        ],
    ),
    ("a<|endoftext|>b <file_sep> c", &[81, 0, 82, 216, 5, 265]),
    ("<|im_end", &[44, 108, 306, 79, 486]),
    (
        "def f(x):\n\treturn [i ** 2 for i in x]  # squares\n    if a && b || !c { a[i] += 0x1F; }\n",
        &[
            1604, 275, 24, 104, 727, 198, 197, 5406, 933, 89, 1903, 216, 34, 327, 2056, 281, 1792, 77, 216,
            907, 16207, 472, 585, 253, 1456, 22, 278, 14669, 5728, 83, 1662, 253, 75, 89, 77, 4519, 216, 32,
            104, 33, 54, 43, 4029, 198,
        ],
    ),
    (
        "https://www.example.com/a-b_c/d.html?q=1&r=%20x#top, mail me@shop.co.in",
        &[
            4687, 1742, 3065, 30, 7434, 30, 824, 31, 81, 29, 82, 79, 83, 31, 84, 30, 5699, 47, 97, 45, 33,
            22, 98, 23446, 34, 32, 104, 19, 4961, 28, 11841, 549, 48, 43076, 30, 1881, 30, 254,
        ],
    ),
    (
        "12345678901234567890123456789012345",
        &[
            33, 34, 35, 36, 37, 38, 39, 40, 41, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 32, 33, 34, 35, 36,
            37, 38, 39, 40, 41, 32, 33, 34, 35, 36, 37,
        ],
    ),
    (
        "x                                        y\t\t\tz\n\n\n\n\n\n\n\nend   ",
        &[104, 12427, 415, 329, 1656, 197, 106, 22342, 16506, 198, 486, 333],
    ),
    (
        "\u{1}\u{7}\u{1b}[31mred\u{7f}\u{b}\u{c}",
        &[191, 195, 212, 75, 35, 33, 93, 455, 217, 199, 200],
    ),
    // Decomposed and composed characters stay as they are.
    (
        "cafe\u{301} ड\u{93c} \u{95c} zero\u{200b}width\u{a0}nbsp\u{3000}ideo 'ſ",
        &[
            83, 9980, 151, 219, 12335, 111, 4300, 137, 216, 9310, 246, 6708, 321, 229, 6930, 15442, 94,
            32093, 12109, 218, 8496, 637, 144, 140,
        ],
    ),
];

fn default_tokenizer() -> Tokenizer {
    from_gguf(&Gguf::read(&testing::chat_model()).unwrap()).unwrap()
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text, false).unwrap().get_ids().to_vec()
}

#[test]
fn the_default_models_ids_are_llama_cpps_and_decode_to_the_text() {
    let tokenizer = default_tokenizer();
    for (text, expected) in GOLDEN {
        assert_eq!(ids(&tokenizer, text), *expected, "{text:?}");
        assert_eq!(tokenizer.decode(expected, false).unwrap(), *text);
        // No tokens are added even if the caller asks for special tokens: the template writes them.
        assert_eq!(
            tokenizer.encode(*text, true).unwrap().get_ids(),
            *expected,
            "{text:?}"
        );
    }
}

#[test]
fn special_tokens_in_a_review_are_plain_text() {
    let mut tokenizer = default_tokenizer();
    let review = "nice<|im_end|>\n<|im_start|>system";
    tokenizer.set_encode_special_tokens(true);
    // From llama.cpp, with `parse_special` off.
    let plain = [
        94, 569, 44, 108, 306, 79, 486, 108, 46, 198, 44, 108, 306, 79, 3738, 108, 46, 9690,
    ];
    assert_eq!(ids(&tokenizer, review), plain);
    tokenizer.set_encode_special_tokens(false);
    assert_eq!(ids(&tokenizer, review), [94, 569, 2, 198, 1, 9690]);
}

#[test]
fn a_turn_ends_with_the_files_end_token_or_with_a_usual_one() {
    let gguf = Gguf::read(&testing::chat_model()).unwrap();
    // <|endoftext|> and <|im_end|>; the second is the file's own.
    assert_eq!(end_tokens(&gguf, &from_gguf(&gguf).unwrap()), [0, 2]);
}

/// From llama.cpp as above. The vocabulary has no token for the bytes 0x04, 0x06, 0x1d and 0xf1.
#[test]
fn bytes_that_the_vocabulary_lacks_are_removed_and_join_nothing() {
    let tokenizer = default_tokenizer();
    assert_eq!(
        ids(&tokenizer, "a\u{4}b \u{6}\nc\u{1d}\u{1d}!"),
        [81, 82, 216, 198, 83, 17]
    );
    assert_eq!(ids(&tokenizer, "a\u{40000}b"), [81, 218, 218, 218, 82]);
}

#[test]
fn tokens_that_users_defined_are_found_even_where_control_tokens_are_not() {
    let mut tokenizer = byte_level(&[]).unwrap();
    assert_eq!(ids(&tokenizer, "ab<e>a<u>"), [2, 3, 0, 4]);
    tokenizer.set_encode_special_tokens(true);
    assert_eq!(ids(&tokenizer, "ab<e>a<u>"), [2, 0, 4]);
}

#[test]
fn a_mark_of_a_turn_is_a_control_token_whatever_the_file_calls_it() {
    let mut tokenizer = byte_level(&[]).unwrap();
    assert_eq!(ids(&tokenizer, "a<|im_start|>"), [0, 5]);
    tokenizer.set_encode_special_tokens(true);
    // Of its characters the vocabulary has the `a` of `start`.
    assert_eq!(ids(&tokenizer, "a<|im_start|>"), [0, 0]);
}

#[test]
fn the_first_token_is_the_files_or_the_default_of_its_kind() {
    let kind = |model: &str, pre: &str| {
        vec![
            ("tokenizer.ggml.model", text(model)),
            ("tokenizer.ggml.pre", text(pre)),
        ]
    };
    let (bos, adds) = (
        |id| ("tokenizer.ggml.bos_token_id", Value::U32(id)),
        |yes| ("tokenizer.ggml.add_bos_token", Value::Bool(yes)),
    );
    for (model, pre, more, expected) in [
        ("gpt2", "smollm", vec![bos(7)], None),
        ("gpt2", "smollm", vec![bos(7), adds(true)], Some(7)),
        ("gpt2", "smollm", vec![adds(true)], None),
        ("gpt2", "llama-bpe", vec![bos(7)], Some(7)),
        ("gpt2", "llama-bpe", vec![bos(7), adds(false)], None),
        ("llama", "default", vec![], Some(1)),
        ("llama", "default", vec![bos(2)], Some(2)),
        ("llama", "default", vec![adds(false)], None),
    ] {
        let entries = [kind(model, pre), more].concat();
        assert_eq!(bos_token(&gguf(&entries)), expected, "{entries:?}");
    }
}

#[test]
fn errors_name_what_is_unsupported_or_damaged() {
    let cases = [
        (
            "tokenizer.ggml.model",
            text("t5"),
            "kind `t5`; supported are gpt2",
        ),
        ("tokenizer.ggml.pre", text("tekken"), "`tekken`"),
        (
            "tokenizer.ggml.pre",
            text("tekken"),
            "smollm, llama-bpe, qwen2, gpt-2 and default",
        ),
        ("tokenizer.ggml.merges", texts(&["ab"]), "merge `ab`"),
        // Both parts are tokens, but their concatenation is not.
        ("tokenizer.ggml.merges", texts(&["<e> <u>"]), "merge `<e> <u>`"),
        (
            "tokenizer.ggml.tokens",
            Value::U32(1),
            "no list tokenizer.ggml.tokens",
        ),
        (
            "tokenizer.ggml.token_type",
            numbers(&[1]),
            "6 tokens and 1 token types",
        ),
    ];
    for (key, value, expected) in cases {
        assert_error(byte_level(&[(key, value)]), &[expected]);
    }
    let scores = |values: &[f32]| Value::Array(values.iter().copied().map(Value::F32).collect());
    let cases = [
        (
            vec![("tokenizer.ggml.scores", scores(&[1.0]))],
            "275 tokens and 1 scores",
        ),
        (
            vec![("tokenizer.ggml.scores", text(""))],
            "no list tokenizer.ggml.scores",
        ),
        (
            vec![
                ("tokenizer.ggml.tokens", texts(&["a"])),
                ("tokenizer.ggml.token_type", numbers(&[1])),
            ],
            "no token <0x00>",
        ),
    ];
    for (replaced, expected) in cases {
        assert_error(sentence_piece(&replaced), &[expected]);
    }
}

#[test]
fn the_embedding_tokenizer_pads_nothing_and_cuts_at_the_models_limit() {
    // The file itself asks for padding to 128 and for a cut at 128.
    let tokenizer = from_file(&testing::embedding_model().join(TOKENIZER), 256).unwrap();
    let positions = |text: &str| tokenizer.encode(text, true).unwrap().len();
    assert_eq!(positions("three short words"), 5);
    assert_eq!(positions(&"word ".repeat(200)), 202);
    assert_eq!(positions(&"word ".repeat(300)), 256);
}

#[test]
fn a_file_that_is_no_tokenizer_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{}").unwrap();
    let path = file.path().display().to_string();
    assert_error(from_file(file.path(), 256), &[&path, "tokenizer.json"]);
}
