//! How likely each token was, in OpenAI's shape. Pure.

use schemars::JsonSchema;
use serde::Serialize;

use crate::completion::Completer;
use crate::generation;

/// The lowest value that is reported: JSON has no infinity, and OpenAI reports this value, too.
const MIN_LOGPROB: f32 = -9999.0;

/// The probabilities of some of an answer's tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct ReplyLogprobs {
    pub content: Vec<TokenLogprob>,
    pub refusal: Option<String>,
}

/// One token, and the most likely alternatives to it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct TokenLogprob {
    #[serde(flatten)]
    chosen: TopLogprob,
    top_logprobs: Vec<TopLogprob>,
}

/// A token. `token` is readable, `bytes` is exact: a token may end within a character.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct TopLogprob {
    token: String,
    logprob: f32,
    bytes: Vec<u8>,
}

impl TokenLogprob {
    /// The probabilities of token `id`.
    pub(super) fn new(completer: &Completer, id: u32, logprobs: &generation::Logprobs) -> TokenLogprob {
        let candidate =
            |id: u32, logprob: f32| TopLogprob::new(completer.piece(id).unwrap_or_default(), logprob);
        let top = logprobs.top.iter();
        TokenLogprob {
            chosen: candidate(id, logprobs.chosen),
            top_logprobs: top.map(|(id, logprob)| candidate(*id, *logprob)).collect(),
        }
    }
}

impl TopLogprob {
    fn new(bytes: Vec<u8>, logprob: f32) -> TopLogprob {
        TopLogprob {
            token: String::from_utf8_lossy(&bytes).into_owned(),
            logprob: logprob.max(MIN_LOGPROB),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_has_exact_bytes_and_no_logprob_is_infinite() {
        let candidate = TopLogprob::new(vec![0xc3], f32::NEG_INFINITY);
        assert_eq!(
            serde_json::to_value(&candidate).expect("it serialises"),
            serde_json::json!({"token": "\u{fffd}", "logprob": -9999.0, "bytes": [0xc3]})
        );
    }
}
