//! Token ids → text, in pieces that may be sent to a client: whole characters, and never a part of a stop text.

use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::weights::tokenizer;

/// The text of one sequence as it grows.
pub(super) struct Detokenizer {
    tokenizer: Arc<Tokenizer>,
    /// The first bytes of an incomplete character; at most three.
    partial: Vec<u8>,
    stop: Vec<String>,
    /// Text that may be the beginning of a stop text.
    held: String,
}

/// The result of one more token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text to send; may be empty.
    Text(String),
    /// The text before a stop text, which ends the generation.
    Stopped(String),
}

impl Detokenizer {
    /// An empty text. Empty stop texts are ignored.
    pub(super) fn new(tokenizer: Arc<Tokenizer>, stop: Vec<String>) -> Self {
        Self {
            tokenizer,
            partial: Vec::new(),
            stop: stop.into_iter().filter(|stop| !stop.is_empty()).collect(),
            held: String::new(),
        }
    }

    /// Adds a token. Bytes that belong to no character become U+FFFD, as in `String::from_utf8_lossy`.
    pub(super) fn push(&mut self, id: u32) -> Piece {
        self.partial.extend(tokenizer::bytes(&self.tokenizer, id));
        let bytes = std::mem::take(&mut self.partial);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.held.push_str(chunk.valid());
            if chunks.peek().is_none() && is_incomplete(chunk.invalid()) {
                self.partial = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                self.held.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.release()
    }

    /// The rest of the text after the last token: the beginning of a stop text that did not come, and U+FFFD for an
    /// incomplete last character.
    pub(super) fn finish(&mut self) -> String {
        if !std::mem::take(&mut self.partial).is_empty() {
            self.held.push(char::REPLACEMENT_CHARACTER);
        }
        std::mem::take(&mut self.held)
    }

    fn release(&mut self) -> Piece {
        let stops = self.stop.iter();
        if let Some(at) = stops
            .clone()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min()
        {
            self.held.truncate(at);
            return Piece::Stopped(std::mem::take(&mut self.held));
        }
        let keep = stops.map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        Piece::Text(std::mem::replace(&mut self.held, rest))
    }
}

/// Whether these bytes are the beginning of a character.
fn is_incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The length of the longest end of `text` that is a beginning of `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let ends = stop
        .char_indices()
        .map(|(at, _)| at)
        .skip(1)
        .filter(|at| text.ends_with(&stop[..*at]));
    ends.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::testing::byte_tokenizer;

    fn pieces(text: &[u8], stop: &[&str]) -> (Vec<String>, bool) {
        let stop: Vec<String> = stop.iter().map(|stop| stop.to_string()).collect();
        let mut detokenizer = Detokenizer::new(Arc::new(byte_tokenizer()), stop);
        let mut out = Vec::new();
        for byte in text {
            match detokenizer.push(u32::from(*byte)) {
                Piece::Text(piece) => out.push(piece),
                Piece::Stopped(piece) => {
                    out.push(piece);
                    return (out, true);
                }
            }
        }
        out.push(detokenizer.finish());
        (out, false)
    }

    #[test]
    fn characters_arrive_whole() {
        let (pieces, stopped) = pieces("a₹é👍🏽".as_bytes(), &[]);
        assert_eq!(pieces.concat(), "a₹é👍🏽");
        assert!(
            !stopped && !pieces.iter().any(|piece| piece.contains('\u{fffd}')),
            "{pieces:?}"
        );
    }

    #[test]
    fn an_incomplete_last_character_becomes_a_replacement_character() {
        assert_eq!(pieces(&[b'a', 0xe2, 0x82], &[]).0.concat(), "a\u{fffd}");
    }

    #[test]
    fn invalid_bytes_become_replacement_characters_and_keep_what_follows() {
        assert_eq!(pieces("é\u{fffd}".as_bytes(), &[]).0.concat(), "é\u{fffd}");
        // A whole character, then an incomplete one, then a letter or another whole character.
        assert_eq!(pieces(b"\xc3\xa9\xf0a", &[]).0.concat(), "é\u{fffd}a");
        assert_eq!(pieces(b"\xc3\xa9\xf0\xe2\x82\xb9", &[]).0.concat(), "é\u{fffd}₹");
    }

    /// Id 0 is `▁a`; ids 1 to 256 are the bytes.
    #[test]
    fn blanks_and_bytes_of_a_sentence_piece_vocabulary_become_text() {
        let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
        let vocabulary = std::iter::once("▁a".to_string()).chain(bytes).zip(0..);
        let model = tokenizers::models::bpe::BPE::builder()
            .vocab_and_merges(vocabulary.collect::<tokenizers::models::bpe::Vocab>(), vec![])
            .byte_fallback(true)
            .build()
            .unwrap();
        let mut detokenizer = Detokenizer::new(Arc::new(Tokenizer::new(model)), vec!["a\n".to_string()]);
        let mut text = String::new();
        for id in [0, 0xc3 + 1, 0xa9 + 1, 0xf0 + 1, 0] {
            match detokenizer.push(id) {
                Piece::Text(piece) => text += &piece,
                Piece::Stopped(_) => panic!("the stop text has not come"),
            }
        }
        assert_eq!(text, " aé\u{fffd} ");
        assert_eq!(detokenizer.push(0x0a + 1), Piece::Stopped(String::new()));
    }

    #[test]
    fn no_part_of_a_stop_text_is_sent() {
        for (text, stops, expected, stops_there) in [
            ("yes.\nQ: more", vec!["\nQ:"], "yes.", true),
            ("yes.\nQuite", vec!["\nQ:"], "yes.\nQuite", false),
            ("aaab", vec!["aab"], "a", true),
            ("ends with \n", vec!["\nQ:"], "ends with \n", false),
            ("x", vec![""], "x", false),
        ] {
            let (pieces, stopped) = pieces(text.as_bytes(), &stops);
            assert_eq!(
                (pieces.concat().as_str(), stopped),
                (expected, stops_there),
                "{text:?} {stops:?}"
            );
        }
    }
}
