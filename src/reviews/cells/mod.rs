//! One cell in; a text, a rating, a price or an id out. Pure; a cell without a valid value is `None`.
//!
//! The words that cells are told by are in `data/cells.toml`.

pub(super) mod id;
pub(super) mod mojibake;
pub(super) mod price;
pub(super) mod rating;
pub(super) mod text;

use std::sync::LazyLock;

use serde::Deserialize;

/// The most bytes of a cell that may mean that there is no value.
const LONGEST_MISSING: usize = 12;

/// The file of words, read.
static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../../data/cells.toml")).expect("the tests read this file");
    Words {
        missing: list(&file.missing.to_lowercase()),
        leftovers: list(&file.leftovers),
        endings: list(&file.endings),
        layout_tags: list(&file.layout_tags),
        rating: file.rating,
        currency: file.currency,
    }
});

struct Words {
    missing: Vec<String>,
    leftovers: Vec<String>,
    endings: Vec<String>,
    layout_tags: Vec<String>,
    rating: rating::Words,
    currency: price::Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    missing: String,
    leftovers: String,
    endings: String,
    layout_tags: String,
    rating: rating::Words,
    currency: price::Words,
}

/// The entries of a list, which is one text.
pub(super) fn list(text: &str) -> Vec<String> {
    let entries = text.split(',').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(String::from)
        .collect()
}

/// The trimmed cell, or `None` if it is empty or a missing value.
pub(super) fn present(cell: Option<&str>) -> Option<&str> {
    let cell = cell?.trim();
    // The longest spelling of nothing is short, and most cells are long.
    let is_missing = || cell.len() <= LONGEST_MISSING && WORDS.missing.contains(&cell.to_lowercase());
    (!cell.is_empty() && !is_missing()).then_some(cell)
}
