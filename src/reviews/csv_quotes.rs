//! A delimited table in; the same table with all quotation marks escaped out. Pure, cannot fail.
//!
//! Some programs write `the 5" lid` or `"he said "wow" to me"`, which polars rejects as malformed. A quotation mark
//! opens a cell only as its first character, and closes it only where the cell can end; every other mark is text and is
//! doubled, as CSV requires.

use std::borrow::Cow;

const QUOTE: u8 = b'"';

/// The table, and the number of cells that had to be repaired. A correct table is not copied.
pub(super) fn escape(table: &str, separator: u8) -> (Cow<'_, str>, usize) {
    let mut cells = Cells {
        bytes: table.as_bytes(),
        separator,
        missing: Vec::new(),
        can_close: true,
    };
    let (mut at, mut repaired) = (0, 0);
    let last = table.rfind('"').map_or(0, |last| last + 1);
    while at < last {
        let missing = cells.missing.len();
        at = cells.pass(at);
        repaired += usize::from(cells.missing.len() > missing);
    }
    if cells.missing.is_empty() {
        return (Cow::Borrowed(table), 0);
    }
    let mut escaped = String::with_capacity(table.len() + cells.missing.len());
    let mut copied = 0;
    for at in cells.missing {
        escaped.push_str(&table[copied..at]);
        escaped.push('"');
        copied = at;
    }
    escaped.push_str(&table[copied..]);
    (Cow::Owned(escaped), repaired)
}

struct Cells<'a> {
    bytes: &'a [u8],
    separator: u8,
    /// The positions where quotation marks must be added, in order.
    missing: Vec<usize>,
    /// Whether a closing mark may still follow.
    can_close: bool,
}

impl Cells<'_> {
    /// Goes from the start of a cell to the start of the next one, which it returns.
    fn pass(&mut self, start: usize) -> usize {
        let end = if self.bytes[start] == QUOTE {
            self.end_of_quoted(start)
        } else {
            None
        };
        end.unwrap_or_else(|| self.end_of_plain(start)) + 1
    }

    /// The end of a cell that begins with a mark, or `None` if no mark closes it: then the first mark is text too.
    fn end_of_quoted(&mut self, start: usize) -> Option<usize> {
        let before = self.missing.len();
        let mut at = start + 1;
        while self.can_close && at < self.bytes.len() {
            at += self.bytes[at..]
                .iter()
                .position(|byte| *byte == QUOTE)
                .unwrap_or(self.bytes.len() - at);
            match self.bytes.get(at + 1) {
                _ if at >= self.bytes.len() => break,
                Some(&QUOTE) => at += 2,
                _ if self.ends_at(at + 1) => return Some(self.line_end(at + 1)),
                _ => {
                    self.missing.push(at);
                    at += 1;
                }
            }
        }
        self.can_close = false;
        self.missing.truncate(before);
        None
    }

    /// The end of an unquoted cell; a cell that contains a mark becomes a quoted cell.
    fn end_of_plain(&mut self, start: usize) -> usize {
        let rest = &self.bytes[start..];
        let length = rest
            .iter()
            .position(|byte| *byte == self.separator || *byte == b'\n')
            .unwrap_or(rest.len());
        let text = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
        if text.contains(&QUOTE) {
            self.missing.push(start);
            let marks = (0..text.len()).filter(|at| text[*at] == QUOTE);
            self.missing.extend(marks.map(|at| start + at));
            self.missing.push(start + text.len());
        }
        start + length
    }

    fn ends_at(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.bytes.get(at + 1), None | Some(b'\n')),
            Some(byte) => *byte == self.separator,
        }
    }

    /// Skips the `\r` of a Windows line end.
    fn line_end(&self, at: usize) -> usize {
        at + usize::from(self.bytes.get(at) == Some(&b'\r'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_are_text_are_doubled_and_others_stay() {
        let correct = "a,b\n\"c, d\",\"\"\n\"e \"\"f\"\" g\",h";
        let two_lines = "\"two\nlines\",b\r\n\"c\"\r\nd";
        for (table, expected, repaired) in [
            (correct, correct, 0),
            (two_lines, two_lines, 0),
            ("the 5\" lid,b\nc,d", "\"the 5\"\" lid\",b\nc,d", 1),
            ("a,6\" and 7\"\r\nb,c", "a,\"6\"\" and 7\"\"\"\r\nb,c", 1),
            (
                "\"he said \"wow\" to me\",b",
                "\"he said \"\"wow\"\" to me\",b",
                1,
            ),
            (
                "a,\"never closed\nb,c\nd,\"e",
                "a,\"\"\"never closed\"\nb,c\nd,\"\"\"e\"",
                2,
            ),
            ("é\",ü\n\"", "\"é\"\"\",ü\n\"\"\"\"", 2),
            ("", "", 0),
        ] {
            let (escaped, cells) = escape(table, b',');
            assert_eq!((escaped.as_ref(), cells), (expected, repaired), "{table:?}");
            assert_eq!(escape(&escaped, b',').1, 0, "{escaped:?}");
        }
        assert_eq!(escape("a\"\tb,\"c\"", b'\t').0, "\"a\"\"\"\t\"b,\"\"c\"\"\"");
    }
}
