//! Bytes in; a file with these bytes, read by the server's reader and checked. On the fuzzer's thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use encoding_rs::Encoding;

use crate::checks;
use crate::reviews::{Corpus, LoadError, RatingScale, ReadingOptions, Sources, read as read_sources};

/// The folder for files that are read, of this process alone; in memory where the system has such a folder.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = parent.join(format!("review-files-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
});

/// A file in the folder while this lives.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = FOLDER.join(name);
        fs::write(&path, bytes).expect("the folder for temporary files can be written to");
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // A file that is left over is written over.
        let _ = fs::remove_file(&self.0);
    }
}

/// What the server's flags say of a file, as far as the targets need it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flags {
    /// The encoding of its text.
    pub encoding: Option<&'static Encoding>,
    /// The most bytes that may come out of it.
    pub most_bytes: Option<u64>,
}

impl Flags {
    /// A packed file may hold 8 MiB.
    pub const PACKED: Self = Self {
        encoding: None,
        most_bytes: Some(8 << 20),
    };

    fn options(self) -> ReadingOptions {
        let mut options = ReadingOptions::default();
        options.encoding = self.encoding;
        options.most_bytes = self.most_bytes.unwrap_or(options.most_bytes);
        options
    }
}

/// What became of a file.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Rows that became reviews.
    pub kept: usize,
    /// Rows without the header.
    pub rows: usize,
    /// Why the file was refused.
    pub error: Option<String>,
    /// Whether that was because a library panicked.
    pub panicked: bool,
    corpus: Option<Corpus>,
    advice: Advice,
}

impl Outcome {
    /// Whether two files hold the same reviews of the same products, or neither can be used.
    pub fn is_like(&self, other: &Self) -> bool {
        self.corpus == other.corpus
    }

    /// Ends the run if a library panicked: for formats whose readers never do.
    pub fn never_panics(&self) {
        assert!(!self.panicked, "{:?}", self.error);
    }
}

/// What an error's message says to do.
#[derive(Debug, PartialEq)]
enum Advice {
    None,
    /// Name the columns by number.
    Numbers,
    /// Name this column by its header.
    Column(String),
    /// Say what the scale is.
    Scale,
}

/// Reads a file with this name and these bytes, and checks everything that is true of every file.
pub fn read(name: &str, bytes: &[u8], flags: Flags) -> Outcome {
    read_with(name, bytes, &flags.options())
}

fn read_with(name: &str, bytes: &[u8], options: &ReadingOptions) -> Outcome {
    let file = Written::new(name, bytes);
    outcome(&[file.0.clone()], None, options)
}

/// Reads a file, and, if it is refused, once more in the way that the message says.
pub fn read_as_told(name: &str, bytes: &[u8], flags: Flags) -> Outcome {
    let first = read(name, bytes, flags);
    // Any choice will do, as long as it is the same one for the same file.
    let choice = bytes.len();
    let mut options = flags.options();
    match &first.advice {
        Advice::None => return first,
        Advice::Numbers => {
            let review = 3 + choice % 3;
            let columns = ["product_title=#1".into(), "rating=#2".into(), format!("review=#{review}")];
            options.columns = parsed(&columns);
        }
        Advice::Column(flag) => match ReadingOptions::parse(std::slice::from_ref(flag), None, None, None) {
            Ok(parsed) => options.columns = parsed.columns,
            // A header may be anything, and a flag may not.
            Err(_) => return first,
        },
        Advice::Scale => {
            let scales = [RatingScale::Half, RatingScale::Ten, RatingScale::Hundred, RatingScale::Labels, RatingScale::Five];
            options.scale = Some(scales[choice % scales.len()]);
        }
    }
    let second = read_with(name, bytes, &options);
    assert!(second.advice != Advice::Scale || options.scale.is_none(), "a given scale was refused");
    first
}

fn parsed(columns: &[String]) -> crate::reviews::ColumnMapping {
    let options = ReadingOptions::parse(columns, None, None, None);
    options.expect("these flags are well formed").columns
}

/// Reads a file of products, beside a small file of reviews.
pub fn read_catalogue(name: &str, bytes: &[u8], flags: Flags) -> Outcome {
    const REVIEWS: &[u8] = b"product_id,rating,review\nP1,5,It boils in a minute\nP2,2,The lid leaks\n";
    let (reviews, products) = (Written::new("small.csv", REVIEWS), Written::new(name, bytes));
    let outcome = outcome(&[reviews.0.clone()], Some(&products.0), &flags.options());
    assert!(outcome.error.is_some() || outcome.kept == 2, "a catalogue changed the reviews");
    outcome
}

fn outcome(data: &[PathBuf], catalogue: Option<&Path>, options: &ReadingOptions) -> Outcome {
    let (reading, corpus) = read_sources(Sources { data, catalogue }, options);
    checks::reading(&reading, corpus.as_ref());
    let advice = corpus.as_ref().err().map_or(Advice::None, advice);
    let (kept, rows, error) = (reading.kept, reading.rows, reading.error);
    let panicked = matches!(&corpus, Err(LoadError::Panicked { .. }));
    Outcome {
        kept,
        rows,
        error,
        panicked,
        corpus: corpus.ok(),
        advice,
    }
}

fn advice(error: &LoadError) -> Advice {
    match error {
        LoadError::NoHeader { .. } | LoadError::MissingColumn { .. } => Advice::Numbers,
        LoadError::NoProductColumn { column, .. } => Advice::Column(format!("product_title={column}")),
        LoadError::MostDropped { role, column, .. } | LoadError::ProductPerRow { role, column, .. } => {
            Advice::Column(format!("{}={column}", role.as_str()))
        }
        LoadError::Scale { .. } => Advice::Scale,
        _ => Advice::None,
    }
}
