//! A text that comes in pieces, cut into sentences as soon as they are complete. Pure.

use unicode_segmentation::UnicodeSegmentation;

/// What has been said and not been taken.
#[derive(Debug, Default)]
pub(crate) struct Sentences {
    pending: String,
}

impl Sentences {
    /// Adds a piece; gives the sentences that are complete with it.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<String> {
        self.pending.push_str(piece);
        // Where a sentence ends is known once the next one begins: "1." may become "1.5".
        let mut complete: Vec<String> = Vec::new();
        let sentences = self.pending.split_sentence_bounds();
        for piece in sentences.flat_map(split_after_citations) {
            // A citation after the full stop belongs to the sentence before it.
            let (citation, piece) = piece.split_at(citation(piece));
            match complete.last_mut() {
                Some(last) => last.push_str(citation),
                None => complete.push(citation.to_string()),
            }
            complete.push(piece.to_string());
        }
        complete.retain(|sentence| !sentence.is_empty());
        self.pending = complete.pop().unwrap_or_default();
        complete
    }

    /// The last sentence, which nothing follows; may be blank.
    pub(crate) fn rest(self) -> String {
        self.pending
    }
}

/// A small model puts its citation where the full stop should be: a word written large after one begins a sentence.
fn split_after_citations(sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    let ends = sentence.match_indices("] ").map(|(at, end)| at + end.len());
    for end in ends.filter(|end| sentence[*end..].starts_with(char::is_uppercase)) {
        let (before, after) = rest.split_at(end - (sentence.len() - rest.len()));
        parts.push(before);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// How many bytes of `text` are citations that it begins with, or the beginning of one.
fn citation(text: &str) -> usize {
    let mut rest = text;
    while let Some(inside) = rest.strip_prefix('[') {
        let end = inside.find(']').map_or(inside.len(), |at| at + 1);
        rest = inside[end..].trim_start();
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_come_when_they_are_complete_however_the_text_is_cut() {
        let text = "It lasts 1.5 days. Really! Says one: \"Fine.\" बढ़िया है। So";
        let expected = [
            "It lasts 1.5 days. ",
            "Really! ",
            "Says one: \"Fine.\" ",
            "बढ़िया है। ",
        ];
        let whole: Vec<String> = Sentences::default().push(text);
        assert_eq!(whole, expected);
        let mut sentences = Sentences::default();
        let mut found = Vec::new();
        for character in text.chars() {
            found.extend(sentences.push(&character.to_string()));
        }
        assert_eq!(found.concat() + &sentences.rest(), text);
        assert!(found.iter().any(|sentence| sentence == "Really! "), "{found:?}");
    }

    #[test]
    fn a_citation_after_the_full_stop_stays_with_its_sentence() {
        let mut sentences = Sentences::default();
        let mut said = Vec::new();
        for piece in ["It is loud. ", "[", "1", "]", " And light. [", "2][3] So"] {
            said.extend(sentences.push(piece));
        }
        assert_eq!(said, ["It is loud. [1] ", "And light. [2][3] "]);
        assert_eq!(sentences.rest(), "So");
        assert_eq!(Sentences::default().rest(), "");
        let mut sentences = Sentences::default();
        let said = sentences.push("It is loud [1] One says it is light [2] and so on [3] So");
        assert_eq!(
            said,
            ["It is loud [1] ", "One says it is light [2] and so on [3] "]
        );
    }
}
