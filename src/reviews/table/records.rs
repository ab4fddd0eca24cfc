//! A delimited text in, the same text in strict CSV out: what its writer meant by each quotation mark.
//!
//! A mark opens a cell only as its first character, and closes it only where the cell can end; every other mark is
//! text. A cell that runs over a line end into a line that is a whole row by itself was never closed: its mark is text
//! too, so that no row is swallowed. Pure. Linear in the text's length, whatever it holds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

const QUOTE: u8 = b'"';
const ESCAPE: u8 = b'\\';
/// Lines at the beginning that show what a row looks like.
const SHOWN: usize = 1_000;
/// A column is numeric if at least so many of 10 of its cells are numbers: lines within quotations are looked at too.
const NUMERIC: usize = 7;
/// The most bytes of one record.
pub(super) const LONGEST: usize = 16 << 20;

/// How a program writes a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reviews) struct Dialect {
    /// Between two cells.
    pub separator: u8,
    /// A mark within a quoted cell is written `\"`, as Spark and MySQL do, and not `""`.
    pub backslash: bool,
}

/// What a row looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Number of cells.
    pub width: usize,
    /// The columns whose cells are numbers.
    numeric: Vec<usize>,
    /// Every line has so many cells.
    even: bool,
}

/// What a reading of the whole text found, the header included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Records with so many cells. Trailing empty cells beyond the header's are not counted.
    pub widths: BTreeMap<usize, usize>,
    /// Cells with a mark that was not escaped.
    pub repaired: usize,
    /// The longest record, in bytes.
    pub longest: usize,
}

/// The text in strict CSV.
#[derive(Debug)]
pub(super) struct Strict<'a> {
    /// With the same separator; one line for each record, and every mark in a quoted cell doubled.
    pub text: Cow<'a, str>,
    /// Number of records, the header included.
    pub records: usize,
    /// The records, counted from 0, that had more cells than the header: the surplus is joined to the last cell.
    pub long: Vec<usize>,
    /// Cells with a mark that was not escaped.
    pub repaired: usize,
    /// Quoted cells with such a mark and a line end, which may have swallowed something: first and last line, from 1.
    pub doubtful: Vec<(usize, usize)>,
}

/// The cells of one line by itself, marks and all.
pub(super) fn cells(line: &str, separator: u8) -> Vec<&str> {
    let dialect = Dialect {
        separator,
        backslash: false,
    };
    let shape = Shape::default();
    let mut reader = Reader::new(line, dialect, &shape);
    let mut cells = Vec::new();
    reader.record(0, &mut cells);
    cells.iter().map(|cell| &line[cell.content.clone()]).collect()
}

/// The number of cells of the first record, which may run over line ends.
pub(super) fn first_width(text: &str, separator: u8) -> usize {
    let dialect = Dialect {
        separator,
        backslash: false,
    };
    let (shape, mut cells) = (Shape::default(), Vec::new());
    Reader::new(text, dialect, &shape).record(0, &mut cells);
    cells.len()
}

impl Shape {
    /// What the rows of this text look like, whose header has `width` cells.
    pub(super) fn of(text: &str, separator: u8, width: usize) -> Self {
        let mut counts = vec![(0, 0); width];
        let mut even = true;
        for line in text.lines().skip(1).take(SHOWN) {
            let cells = cells(line, separator);
            even &= cells.len() == width;
            if cells.len() == width {
                for (cell, (numbers, all)) in cells.iter().zip(&mut counts) {
                    *numbers += usize::from(is_number(cell));
                    *all += usize::from(!cell.trim().is_empty());
                }
            }
        }
        let is_numeric = |&(numbers, all): &(usize, usize)| all > 1 && numbers * 10 >= all * NUMERIC;
        let numeric = (0..width).filter(|&column| is_numeric(&counts[column])).collect();
        Self { width, numeric, even }
    }

    /// Whether a line by itself is a row. A line of a review has some commas too, but no numbers between them.
    fn fits(&self, line: &str, separator: u8) -> bool {
        if self.width < 2 || self.numeric.is_empty() && !self.even {
            return false;
        }
        let cells = cells(line, separator);
        cells.len() == self.width && self.numeric.iter().all(|&column| is_number(cells[column]))
    }
}

fn is_number(cell: &str) -> bool {
    cell.trim().replace(',', ".").parse::<f64>().is_ok()
}

/// Reads the whole text once.
pub(super) fn survey(text: &str, dialect: Dialect, shape: &Shape) -> Survey {
    let mut reader = Reader::new(text, dialect, shape);
    let (mut survey, mut cells, mut at) = (Survey::default(), Vec::new(), 0);
    while at < text.len() {
        let next = reader.record(at, &mut cells);
        if !is_blank(text, &cells) {
            *survey.widths.entry(width(text, &cells, shape.width)).or_default() += 1;
        }
        survey.longest = survey.longest.max(next - at);
        reader.edits.clear();
        at = next;
    }
    survey.repaired = reader.repaired;
    survey
}

/// The text in strict CSV. A text that is strict already is not copied.
pub(super) fn strict<'a>(text: &'a str, dialect: Dialect, shape: &Shape) -> Strict<'a> {
    let mut reader = Reader::new(text, dialect, shape);
    let (mut cells, mut at) = (Vec::new(), 0);
    let (mut records, mut long) = (0, Vec::new());
    while at < text.len() {
        let next = reader.record(at, &mut cells);
        if is_blank(text, &cells) {
            reader.forget(at);
            reader.edits.push(Edit::remove(at..next));
        } else {
            match width(text, &cells, shape.width) {
                width if width > shape.width => {
                    reader.join(&cells[shape.width - 1..]);
                    long.push(records);
                }
                _ if cells.len() > shape.width => reader.cut(&cells[shape.width..]),
                _ => {}
            }
            records += 1;
        }
        at = next;
    }
    Strict {
        text: apply(text, &reader.edits),
        records,
        long,
        repaired: reader.repaired,
        doubtful: reader.doubtful,
    }
}

fn is_blank(text: &str, cells: &[Cell]) -> bool {
    cells
        .iter()
        .all(|cell| text[cell.content.clone()].trim().is_empty())
}

/// The number of cells, without empty ones beyond `most`.
fn width(text: &str, cells: &[Cell], most: usize) -> usize {
    let surplus = cells.get(most..).unwrap_or_default();
    let last = surplus
        .iter()
        .rposition(|cell| !text[cell.content.clone()].trim().is_empty());
    cells.len().min(most) + last.map_or(0, |last| last + 1)
}

/// One cell.
#[derive(Debug, Clone)]
struct Cell {
    /// With its marks.
    whole: Range<usize>,
    /// Without them.
    content: Range<usize>,
}

/// A change of the text.
#[derive(Debug)]
struct Edit {
    removed: Range<usize>,
    inserted: &'static str,
}

impl Edit {
    fn insert(at: usize, inserted: &'static str) -> Self {
        Self {
            removed: at..at,
            inserted,
        }
    }

    fn remove(removed: Range<usize>) -> Self {
        Self {
            removed,
            inserted: "",
        }
    }
}

fn apply<'a>(text: &'a str, edits: &[Edit]) -> Cow<'a, str> {
    if edits.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut edited = String::with_capacity(text.len() + edits.len());
    let mut copied = 0;
    for Edit { removed, inserted } in edits {
        edited.push_str(&text[copied..removed.start]);
        edited.push_str(inserted);
        copied = removed.end;
    }
    edited.push_str(&text[copied..]);
    Cow::Owned(edited)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    dialect: Dialect,
    shape: &'a Shape,
    /// In the order of the text.
    edits: Vec<Edit>,
    repaired: usize,
    doubtful: Vec<(usize, usize)>,
    /// Up to here no mark closes a cell.
    open_until: usize,
    /// The line that `counted` is in, from 1.
    line: usize,
    counted: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, dialect: Dialect, shape: &'a Shape) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            dialect,
            shape,
            edits: Vec::new(),
            repaired: 0,
            doubtful: Vec::new(),
            open_until: 0,
            line: 1,
            counted: 0,
        }
    }

    /// Reads the record that begins at `start` into `cells`; returns where the next one begins.
    fn record(&mut self, start: usize, cells: &mut Vec<Cell>) -> usize {
        cells.clear();
        let mut at = start;
        loop {
            let cell = self.quoted(at).unwrap_or_else(|| self.plain(at));
            let end = cell.whole.end;
            cells.push(cell);
            match self.bytes.get(end) {
                Some(byte) if *byte == self.dialect.separator => at = end + 1,
                Some(b'\r') => return (end + 2).min(self.bytes.len()),
                Some(_) => return end + 1,
                None => return end,
            }
        }
    }

    /// The quoted cell that begins here, perhaps after blanks; `None` if its mark is text.
    fn quoted(&mut self, start: usize) -> Option<Cell> {
        let mark = start + self.blanks(start);
        if self.bytes.get(mark) != Some(&QUOTE) || mark < self.open_until {
            return None;
        }
        let edits = self.edits.len();
        self.edits
            .extend((mark > start).then(|| Edit::remove(start..mark)));
        let (mut at, mut bare, mut lines) = (mark + 1, 0, 0);
        while let Some(byte) = self.bytes.get(at) {
            match *byte {
                b'\n' => {
                    lines += 1;
                    if self.shape.fits(self.line_at(at + 1), self.dialect.separator) {
                        break;
                    }
                    at += 1;
                }
                ESCAPE if self.dialect.backslash && self.is_escaped(at + 1) => {
                    let mark = self.bytes[at + 1] == QUOTE;
                    self.edits.push(Edit {
                        removed: at..at + 1,
                        inserted: if mark { "\"" } else { "" },
                    });
                    at += 2;
                }
                QUOTE if self.bytes.get(at + 1) == Some(&QUOTE) && !self.dialect.backslash => at += 2,
                QUOTE => {
                    let blanks = self.blanks(at + 1);
                    if self.ends_at(at + 1 + blanks) {
                        let end = at + 1 + blanks;
                        self.edits.extend((blanks > 0).then(|| Edit::remove(at + 1..end)));
                        self.note(mark, at, bare, lines);
                        return Some(Cell {
                            whole: start..end,
                            content: mark + 1..at,
                        });
                    }
                    bare += 1;
                    self.edits.push(Edit::insert(at, "\""));
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.open_until = at;
        self.edits.truncate(edits);
        None
    }

    /// The cell that begins here and is not quoted. It becomes a quoted one if it contains a mark.
    fn plain(&mut self, start: usize) -> Cell {
        let rest = &self.bytes[start..];
        let end = |byte: &u8| *byte == self.dialect.separator || *byte == b'\n';
        let length = rest.iter().position(end).unwrap_or(rest.len());
        let length = match rest[..length].last() {
            Some(b'\r') if rest.get(length).is_none_or(|byte| *byte == b'\n') => length - 1,
            _ => length,
        };
        let cell = start..start + length;
        if self.bytes[cell.clone()].contains(&QUOTE) {
            self.repaired += 1;
            self.enclose(cell.clone());
        }
        Cell {
            whole: cell.clone(),
            content: cell,
        }
    }

    /// Makes one quoted cell of this part of the text.
    fn enclose(&mut self, part: Range<usize>) {
        self.edits.push(Edit::insert(part.start, "\""));
        let marks = part.clone().filter(|at| self.bytes[*at] == QUOTE);
        self.edits.extend(marks.map(|at| Edit::insert(at, "\"")));
        self.edits.push(Edit::insert(part.end, "\""));
    }

    /// Joins cells into one.
    fn join(&mut self, cells: &[Cell]) {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
            return;
        };
        self.forget(first.whole.start);
        self.enclose(first.whole.start..last.whole.end);
    }

    /// Removes the last cells of a record.
    fn cut(&mut self, cells: &[Cell]) {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
            return;
        };
        self.forget(first.whole.start);
        self.edits
            .push(Edit::remove(first.whole.start - 1..last.whole.end));
    }

    /// Takes back the changes from here on.
    fn forget(&mut self, start: usize) {
        let kept = self.edits.partition_point(|edit| edit.removed.start < start);
        self.edits.truncate(kept);
    }

    fn note(&mut self, start: usize, end: usize, bare: usize, lines: usize) {
        self.repaired += usize::from(bare > 0);
        if bare > 0 && lines > 0 {
            let breaks = |part: &[u8]| part.iter().filter(|byte| **byte == b'\n').count();
            self.line += breaks(&self.bytes[self.counted..start]);
            self.counted = start;
            self.doubtful
                .push((self.line, self.line + breaks(&self.bytes[start..end])));
        }
    }

    /// Whether a backslash before this byte is no text.
    fn is_escaped(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), Some(&(QUOTE | ESCAPE | b'\n' | b'\r')))
    }

    fn blanks(&self, at: usize) -> usize {
        self.bytes[at.min(self.bytes.len())..]
            .iter()
            .take_while(|byte| **byte == b' ')
            .count()
    }

    fn line_at(&self, start: usize) -> &'a str {
        let rest = &self.text[start..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn ends_at(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.bytes.get(at + 1), None | Some(b'\n')),
            Some(byte) => *byte == self.dialect.separator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, separator: u8, backslash: bool) -> Strict<'_> {
        let shape = Shape::of(text, separator, first_width(text, separator));
        strict(text, Dialect { separator, backslash }, &shape)
    }

    #[test]
    fn marks_that_are_text_are_doubled_and_others_stay() {
        let correct = "a,b\n\"c, d\",\"\"\n\"e \"\"f\"\" g\",h";
        let two_lines = "\"two\nlines\",b\r\n\"c\"\r\nd";
        for (text, expected, repaired) in [
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
            ("a, \"b, c\" ,d", "a,\"b, c\",d", 0),
            ("", "", 0),
        ] {
            let read = read(text, b',', false);
            assert_eq!((&*read.text, read.repaired), (expected, repaired), "{text:?}");
        }
        assert_eq!(
            read("a\"\tb,\"c\"", b'\t', false).text,
            "\"a\"\"\"\t\"b,\"\"c\"\"\""
        );
    }

    #[test]
    fn backslashes_are_escapes_in_their_dialect_only() {
        let text = "a,b\n1,\"\\\"wow\\\", C:\\\\new \\N\"";
        let read = |backslash| read(text, b',', backslash).text.into_owned();
        assert_eq!(read(true), "a,b\n1,\"\"\"wow\"\", C:\\new \\N\"");
        assert_ne!(read(false), read(true));
    }

    #[test]
    fn no_cell_swallows_a_row() {
        let text = "p,r,t\nK,5,fast\nK,4,\"solid\nK,2,drips\nV,1,cracked\nV,3,\"heavy, and hot\"\nV,5,lovely";
        let expected = text.replace("\"solid", "\"\"\"solid\"");
        let found = read(text, b',', false);
        assert_eq!((&*found.text, found.records, found.repaired), (&*expected, 7, 1));
        // The second line of a review is none of these rows, commas or not.
        let text = "p,r,t\nK,5,fast\nK,2,\"good\nand, well, \"fine\" it\"\nV,1,cracked";
        let found = read(text, b',', false);
        assert_eq!((found.records, &found.doubtful[..]), (4, &[(3, 4)][..]));
    }

    #[test]
    fn surplus_cells_are_joined_blank_lines_go_and_empty_surplus_is_nothing() {
        let text = "p,r,t\nK,5,fast, quiet, \"good\"\n\n , ,\nV,1,cracked,,\nV,2\n";
        let found = read(text, b',', false);
        assert_eq!(
            found.text,
            "p,r,t\nK,5,\"fast, quiet, \"\"good\"\"\"\nV,1,cracked\nV,2\n"
        );
        assert_eq!((found.records, &found.long[..]), (4, &[1][..]));
        let shape = Shape::of(text, b',', 3);
        let dialect = Dialect {
            separator: b',',
            backslash: false,
        };
        let survey = survey(text, dialect, &shape);
        assert_eq!(survey.widths, BTreeMap::from([(2, 1), (3, 2), (5, 1)]));
    }

    #[test]
    fn a_text_of_opening_marks_is_read_in_time() {
        let text = "a,b,c,d\n".to_string() + &"x,1,\"y\n".repeat(200_000);
        assert_eq!(read(&text, b',', false).records, 200_001);
    }
}
