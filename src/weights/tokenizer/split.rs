//! Splits a text before byte-pair encoding.
//!
//! In: the name under `tokenizer.ggml.pre`. Out: a pre-tokenizer. The patterns are those of the models' own
//! `tokenizer.json`, as llama.cpp (`src/llama-vocab.cpp`) writes them, which is unambiguous about the case of letters
//! outside ASCII. Fails on an unsupported name: with another splitting, a model would get sequences of tokens that it
//! has never seen.

use tokenizers::SplitDelimiterBehavior;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};

/// GPT-2: words with the blank before them, numbers, runs of other signs, blanks.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// SmolLM: single digits; the rest as GPT-2.
const DIGIT: &str = r"\p{N}";
/// Llama 3: digits in groups of up to three; line ends separate.
const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen 2 and 3: as Llama 3, with single digits.
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// llama.cpp's splitting for a file that names none: punctuation separate, then as GPT-2, then digits in groups of
/// three.
const UNNAMED: [&str; 4] = [r"[\p{P}$+<=>^~|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"];

/// The supported names, for error messages.
pub(super) const SUPPORTED: &str = "smollm, llama-bpe, qwen2, gpt-2 and default";

/// A method of splitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Splitting {
    Unnamed,
    Gpt2,
    SmolLm,
    Llama3,
    Qwen2,
}

impl Splitting {
    /// The method that a file names.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        match name {
            "default" => Ok(Splitting::Unnamed),
            "gpt-2" => Ok(Splitting::Gpt2),
            "smollm" => Ok(Splitting::SmolLm),
            "llama-bpe" | "llama3" | "llama-v3" => Ok(Splitting::Llama3),
            "qwen2" => Ok(Splitting::Qwen2),
            other => Err(format!(
                "it splits texts as `{other}` does; supported are {SUPPORTED} (tokenizer.ggml.pre)"
            )),
        }
    }

    /// Whether a piece that is a token stays whole, even if no merges lead to this token.
    pub(super) fn keeps_whole_tokens(self) -> bool {
        self == Splitting::Llama3
    }

    /// A pre-tokenizer that splits, writes each byte as a printable character, and removes the characters in `missing`,
    /// which stand for bytes that the vocabulary lacks. The characters before and after them are never joined; they
    /// could be if the missing ones were removed later.
    pub(super) fn pre_tokenizer(self, missing: &[char]) -> Result<PreTokenizerWrapper, String> {
        let patterns: &[&str] = match self {
            Splitting::Unnamed => &UNNAMED,
            Splitting::Gpt2 => &[GPT2],
            Splitting::SmolLm => &[DIGIT, GPT2],
            Splitting::Llama3 => &[LLAMA3],
            Splitting::Qwen2 => &[QWEN2],
        };
        let mut steps = Vec::with_capacity(patterns.len() + 1);
        for pattern in patterns {
            steps.push(split(pattern, SplitDelimiterBehavior::Isolated)?);
        }
        steps.push(ByteLevel::new(false, true, false).into());
        if !missing.is_empty() {
            // By code point, because some have a meaning in a pattern.
            let any: String = missing
                .iter()
                .map(|c| format!("\\x{{{:x}}}", u32::from(*c)))
                .collect();
            steps.push(split(&format!("[{any}]"), SplitDelimiterBehavior::Removed)?);
        }
        Ok(Sequence::new(steps).into())
    }
}

fn split(pattern: &str, behavior: SplitDelimiterBehavior) -> Result<PreTokenizerWrapper, String> {
    let pattern = SplitPattern::Regex(pattern.to_string());
    let split = Split::new(pattern, behavior, false).map_err(|error| error.to_string())?;
    Ok(split.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::testing::assert_error;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn pieces(name: &str, missing: &[char], text: &str) -> String {
        let mut text = PreTokenizedString::from(text);
        let splitting = Splitting::named(name).unwrap().pre_tokenizer(missing).unwrap();
        splitting.pre_tokenize(&mut text).unwrap();
        let pieces = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let pieces: Vec<_> = pieces.iter().map(|(piece, ..)| *piece).collect();
        pieces.join("|")
    }

    #[test]
    fn each_kind_splits_as_its_model_was_trained() {
        let cases = [
            ("gpt-2", "Hello|'|Ve|Ġworld|Ġ$|12345|.|ĊĊĠ|Ġfoo"),
            ("default", "Hello|'|Ve|Ġworld|Ġ|$|123|45|.|ĊĊĠ|Ġfoo"),
            ("smollm", "Hello|'|Ve|Ġworld|Ġ$|1|2|3|4|5|.|ĊĊĠ|Ġfoo"),
            ("llama-bpe", "Hello|'Ve|Ġworld|Ġ$|123|45|.ĊĊ|Ġ|Ġfoo"),
            ("qwen2", "Hello|'Ve|Ġworld|Ġ$|1|2|3|4|5|.ĊĊ|Ġ|Ġfoo"),
        ];
        for (name, expected) in cases {
            assert_eq!(
                pieces(name, &[], "Hello'Ve world $12345.\n\n  foo"),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_missing_byte_parts_what_it_stands_between() {
        // 0x04 and 0x06 are written Ą and Ć.
        assert_eq!(pieces("smollm", &['Ą', 'Ć', ']'], "!\u{4}!\u{6}\u{5}"), "!|!|ą");
        assert_eq!(pieces("smollm", &[], "!\u{4}!\u{6}\u{5}"), "!Ą!Ćą");
    }

    #[test]
    fn every_supported_name_is_known_and_another_is_an_error_that_lists_them() {
        for name in SUPPORTED
            .split([',', ' '])
            .filter(|name| !name.is_empty() && *name != "and")
        {
            assert!(Splitting::named(name).is_ok(), "{name}");
        }
        assert_error(Splitting::named("tekken"), &["`tekken`", SUPPORTED]);
    }
}
