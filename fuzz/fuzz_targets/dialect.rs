//! Tables as programs write them: rows, separator, quoting, line ends and lines before the header from the fuzzer's
//! bytes. Whole ones give the reviews that the plainest way of writing gives; then some bytes are damaged.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use review_files::{Flags, Outcome, read_as_told};

/// Pieces of texts. None of them is a column's name.
const PIECES: [&str; 32] = [
    "good", "It leaks", "5", "4.5", "-1", "x", " ", "  ", ",", ";", "|", "\t", "\"", "\"\"", "\\\"", "\\", "'", "\n", "\r\n",
    "\r", "é", "👍", "हिन्दी", "\u{a0}", "\u{feff}", "N/A", "=1+1", "#1", "<br>", "&amp;", "\u{1a}", "READ MORE",
];
const HEADERS: [&str; 5] = ["product_id", "rating", "summary", "review", "price"];
const RATINGS: [&str; 8] = ["1", "2", "3", "4", "5", "5.0", "4 stars", "8/10"];
const PRICES: [&str; 6] = ["499", "₹2,390", "1299.00", "", "free", "$12.99"];
const PREAMBLE: [&str; 5] = ["Export of all entries", "", "2024-05-01,2024-05-31", "\"two, cells\";x", "# made by a program"];

#[derive(Arbitrary, Debug)]
struct Table {
    rows: Vec<Row>,
    writing: Writing,
    /// The column that comes last.
    last: u8,
    damage: Vec<Damage>,
}

#[derive(Arbitrary, Debug)]
struct Row {
    product: u8,
    rating: u8,
    price: u8,
    summary: Vec<u8>,
    review: Vec<u8>,
}

/// How a program writes a table.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Writing {
    separator: Separator,
    quoting: Quoting,
    line_end: LineEnd,
    /// Lines before the header.
    preamble: u8,
    has_mark: bool,
    /// The first line says what the separator is.
    declares: bool,
    /// Each row ends with a separator.
    closes_rows: bool,
    ends_last_line: bool,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Separator {
    Comma,
    Tab,
    Semicolon,
    Bar,
}

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq)]
enum Quoting {
    /// Every cell, with marks doubled.
    All,
    /// Cells that need it, with marks doubled.
    Needed,
    /// Every cell, with backslashes before marks.
    Backslash,
    /// None, with marks as they are.
    None,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum LineEnd {
    Feed,
    Both,
    Return,
}

#[derive(Arbitrary, Debug)]
struct Damage {
    at: u16,
    kind: u8,
    byte: u8,
}

const PLAINEST: Writing = Writing {
    separator: Separator::Comma,
    quoting: Quoting::All,
    line_end: LineEnd::Feed,
    preamble: 0,
    has_mark: false,
    declares: false,
    closes_rows: false,
    ends_last_line: true,
};

fuzz_target!(|table: Table| {
    let rows = table.cells();
    let mut bytes = written(&rows, table.writing).into_bytes();
    let whole = read_table(&bytes);
    if table.writing.is_certain(&rows) {
        let plainest = read_table(written(&rows, PLAINEST).as_bytes());
        assert!(
            whole.is_like(&plainest),
            "{:?}\n{}\nis read as {whole:?},\nand in the plainest writing as {plainest:?}",
            table.writing,
            String::from_utf8_lossy(&bytes)
        );
        if whole.error.is_none() {
            assert_eq!(whole.rows, rows.len() - 1, "{}", String::from_utf8_lossy(&bytes));
        }
    }
    for damage in &table.damage {
        damage.apply(&mut bytes);
    }
    if !table.damage.is_empty() {
        read_table(&bytes);
    }
});

fn read_table(bytes: &[u8]) -> Outcome {
    let outcome = read_as_told("reviews.csv", bytes, Flags::default());
    outcome.never_panics();
    outcome
}

impl Table {
    /// The cells of the header and of all rows.
    fn cells(&self) -> Vec<Vec<String>> {
        let header = HEADERS.map(String::from).to_vec();
        let rows = self.rows.iter().enumerate().map(|(number, row)| row.cells(number));
        let mut cells: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
        let last = usize::from(self.last) % HEADERS.len();
        cells.iter_mut().for_each(|row| row.rotate_left(last));
        cells
    }
}

impl Row {
    fn cells(&self, number: usize) -> Vec<String> {
        let text = |pieces: &[u8]| -> String {
            pieces.iter().map(|piece| PIECES[usize::from(*piece) % PIECES.len()]).collect()
        };
        vec![
            format!("P{}", self.product % 4),
            RATINGS[usize::from(self.rating) % RATINGS.len()].into(),
            text(&self.summary),
            // No two rows are alike.
            format!("{}{number}", text(&self.review)),
            PRICES[usize::from(self.price) % PRICES.len()].into(),
        ]
    }
}

/// The table as a program writes it.
fn written(rows: &[Vec<String>], writing: Writing) -> String {
    let separator = writing.separator();
    let end = match writing.line_end {
        LineEnd::Feed => "\n",
        LineEnd::Both => "\r\n",
        LineEnd::Return => "\r",
    };
    let mut text = String::from(if writing.has_mark { "\u{feff}" } else { "" });
    if writing.declares {
        text.push_str(&format!("sep={separator}{end}"));
    }
    for number in 0..usize::from(writing.preamble) % PREAMBLE.len() {
        text.push_str(PREAMBLE[number]);
        text.push_str(end);
    }
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| writing.cell(cell)).collect();
        text.push_str(&cells.join(&separator.to_string()));
        text.extend(writing.closes_rows.then_some(separator));
        text.push_str(end);
    }
    if !writing.ends_last_line {
        text.truncate(text.len() - end.len());
    }
    text
}

impl Writing {
    fn separator(self) -> char {
        match self.separator {
            Separator::Comma => ',',
            Separator::Tab => '\t',
            Separator::Semicolon => ';',
            Separator::Bar => '|',
        }
    }

    fn cell(self, cell: &str) -> String {
        let needs = || cell.contains([self.separator(), '"', '\n', '\r']);
        match self.quoting {
            Quoting::Needed if !needs() => cell.into(),
            Quoting::All | Quoting::Needed => format!("\"{}\"", cell.replace('"', "\"\"")),
            Quoting::Backslash => format!("\"{}\"", cell.replace('\\', "\\\\").replace('"', "\\\"")),
            Quoting::None => cell.into(),
        }
    }

    /// Whether what was written has one meaning only: marks are doubled, and no cell runs over the end of a line.
    fn is_certain(self, rows: &[Vec<String>]) -> bool {
        let has = |of: &[char]| rows.iter().flatten().any(|cell| cell.contains(of));
        match self.quoting {
            Quoting::All | Quoting::Needed => !has(&['\n', '\r']),
            Quoting::Backslash => !has(&['\n', '\r', '\\', '"']),
            Quoting::None => !has(&['\n', '\r', '\\', '"', self.separator()]),
        }
    }
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = usize::from(self.at) % (bytes.len() + 1);
        match self.kind % 5 {
            0 => bytes.insert(at, self.byte),
            1 => bytes.insert(at, b'"'),
            2 if at < bytes.len() => bytes[at] = self.byte,
            3 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
}
