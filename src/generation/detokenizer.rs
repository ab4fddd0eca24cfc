//! Token ids → text, in pieces that a client may be sent: whole characters, and never a part of a stop text.

use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::weights::tokenizer;

/// The text of one sequence as it grows.
pub struct Detokenizer {
    tokenizer: Arc<Tokenizer>,
    /// The beginning of a character whose other bytes are still to come; at most three bytes.
    begun: Vec<u8>,
    stop: Vec<String>,
    /// Text that may yet turn out to begin a stop text.
    held: String,
}

/// What one more token gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text to send; may be empty.
    Text(String),
    /// The text before a stop text, which ends the generation.
    Stopped(String),
}

impl Detokenizer {
    /// Nothing yet. Empty stop texts are ignored.
    pub fn new(tokenizer: Arc<Tokenizer>, stop: Vec<String>) -> Self {
        Self {
            tokenizer,
            begun: Vec::new(),
            stop: stop.into_iter().filter(|stop| !stop.is_empty()).collect(),
            held: String::new(),
        }
    }

    /// Adds a token. Bytes that belong to no character become U+FFFD, as `String::from_utf8_lossy` does it.
    pub fn push(&mut self, id: u32) -> Piece {
        self.begun.extend(tokenizer::bytes(&self.tokenizer, id));
        let bytes = std::mem::take(&mut self.begun);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.held.push_str(chunk.valid());
            if chunks.peek().is_none() && is_begun(chunk.invalid()) {
                self.begun = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                self.held.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.release()
    }

    /// The rest, once no more tokens come: what was held for a stop text that did not come, and a broken last
    /// character as U+FFFD.
    pub fn finish(&mut self) -> String {
        if !std::mem::take(&mut self.begun).is_empty() {
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

/// Whether these bytes begin a character and more of its bytes may come.
fn is_begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The length of the longest end of `text` that begins `stop`.
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
    fn a_broken_end_is_shown_as_such() {
        assert_eq!(pieces(&[b'a', 0xe2, 0x82], &[]).0.concat(), "a\u{fffd}");
    }

    #[test]
    fn bytes_of_no_character_are_shown_and_take_nothing_along() {
        assert_eq!(pieces("é\u{fffd}".as_bytes(), &[]).0.concat(), "é\u{fffd}");
        // After a whole character, the beginning of another one that a letter or a whole character cuts off.
        assert_eq!(pieces(b"\xc3\xa9\xf0a", &[]).0.concat(), "é\u{fffd}a");
        assert_eq!(pieces(b"\xc3\xa9\xf0\xe2\x82\xb9", &[]).0.concat(), "é\u{fffd}₹");
    }

    /// Id 0 is `▁a`; ids 1 to 256 are the bytes.
    #[test]
    fn a_sentence_piece_vocabularys_blanks_and_bytes_are_text() {
        let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
        let vocabulary: Vec<(String, u32)> =
            std::iter::once("▁a".to_string()).chain(bytes).zip(0..).collect();
        let model = tokenizers::models::bpe::BPE::builder()
            .vocab_and_merges(
                vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(),
                vec![],
            )
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
    fn a_stop_text_and_its_beginnings_are_never_sent() {
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
