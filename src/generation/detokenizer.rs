//! Token ids → text, in pieces that a client may be sent: whole characters, and never a part of a stop text.

use tokenizers::Tokenizer;

/// The text of one sequence as it grows.
pub struct Detokenizer<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<u32>,
    /// Ids before this one have been turned into text for good.
    prefix: usize,
    /// Ids before this one are part of the last text that was taken.
    taken: usize,
    stop: &'a [String],
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

impl<'a> Detokenizer<'a> {
    /// Nothing yet. Empty stop texts are ignored.
    pub fn new(tokenizer: &'a Tokenizer, stop: &'a [String]) -> Self {
        Self {
            tokenizer,
            ids: Vec::new(),
            prefix: 0,
            taken: 0,
            stop,
            held: String::new(),
        }
    }

    /// Adds a token.
    pub fn push(&mut self, id: u32) -> Piece {
        self.ids.push(id);
        let before = self.decode(self.prefix, self.taken);
        let after = self.decode(self.prefix, self.ids.len());
        // A byte-level token can end within a character, which decodes to a replacement character: wait for the rest.
        if after.len() <= before.len() || after.ends_with(char::REPLACEMENT_CHARACTER) {
            return Piece::Text(String::new());
        }
        self.held.push_str(&after[before.len()..]);
        self.prefix = self.taken;
        self.taken = self.ids.len();
        self.release()
    }

    /// The rest, once no more tokens come: what was held for a stop text that did not come, and a broken last
    /// character as U+FFFD.
    pub fn finish(mut self) -> String {
        let before = self.decode(self.prefix, self.taken);
        let after = self.decode(self.prefix, self.ids.len());
        self.held.push_str(after.get(before.len()..).unwrap_or_default());
        self.held
    }

    fn decode(&self, from: usize, to: usize) -> String {
        // Decoding fails only for a decoder that was set up wrongly, which loading the tokenizer rules out.
        self.tokenizer
            .decode(&self.ids[from..to], true)
            .unwrap_or_default()
    }

    fn release(&mut self) -> Piece {
        let stops = self.stop.iter().filter(|stop| !stop.is_empty());
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
        let tokenizer = byte_tokenizer();
        let stop: Vec<String> = stop.iter().map(|stop| stop.to_string()).collect();
        let mut detokenizer = Detokenizer::new(&tokenizer, &stop);
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
