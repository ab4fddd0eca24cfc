//! Files in, what people read out of reviews out.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::evaluation::{EvaluationError, lines};
use crate::opinions::singular_of;

/// A sentence and what is said in it of which words: the SemEval-2014 task on aspects of laptops and restaurants.
#[derive(Debug, Deserialize)]
pub(super) struct Sentence {
    pub text: String,
    /// Where each of the words begins and ends, in characters.
    pub spans: Vec<(usize, usize)>,
    /// Above 0 it is praised, below 0 complained about, 0 neither.
    pub pol: Vec<i8>,
}

/// A passage that was read without its stars.
#[derive(Debug, Deserialize)]
pub(super) struct Passage {
    pub text: String,
    /// `P` praises, `N` complains; other labels are mixed.
    pub label: String,
}

/// An aspect that a review speaks of.
#[derive(Debug, PartialEq)]
pub(super) struct Opinion {
    /// The words that name it, singular; none where it is only implied.
    pub words: Vec<String>,
    /// 1 praises, −1 complains, 0 is mixed or says nothing.
    pub polarity: i8,
}

/// All that a review speaks of.
#[derive(Debug, PartialEq)]
pub(super) struct Review {
    /// Its id.
    pub id: u32,
    pub opinions: Vec<Opinion>,
}

/// Reads a file of [`Sentence`]s.
pub(super) fn sentences(path: &Path) -> Result<Vec<Sentence>, EvaluationError> {
    lines::json(
        path,
        "{\"text\": text, \"spans\": [[start, end]], \"pol\": [number]}",
    )?
    .map(|line| line.map(|(_, sentence)| sentence))
    .collect()
}

/// Reads a file of [`Passage`]s.
pub(super) fn passages(path: &Path) -> Result<Vec<Passage>, EvaluationError> {
    let mut reader = csv::Reader::from_reader(lines::open(path)?);
    let read = (2..).zip(reader.deserialize());
    read.map(|(line, row)| {
        row.map_err(|error| EvaluationError::Line {
            path: path.into(),
            line,
            expected: "a row with text and label",
            problem: error.to_string(),
        })
    })
    .collect()
}

/// The files of labelled reviews in a folder: those whose names are `gold_….txt`, in alphabetical order.
pub(super) fn review_files(dir: &Path) -> Result<Vec<PathBuf>, EvaluationError> {
    let entries = std::fs::read_dir(dir).map_err(|error| EvaluationError::read(dir, error))?;
    let is_gold = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.starts_with("gold_") && name.ends_with(".txt")
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_gold)
        .collect();
    files.sort();
    Ok(files)
}

/// Reads lines `review|aspect:word,word:polarity;…`, where the review is its id and the polarity `+`, `-`, `m` (mixed)
/// or `0`. Lines that begin with `#` are comments.
pub(super) fn reviews(path: &Path) -> Result<Vec<Review>, EvaluationError> {
    let mut reviews = Vec::new();
    for line in lines::lines(path)? {
        let (number, line) = line?;
        if line.starts_with('#') {
            continue;
        }
        let review = review(&line).ok_or_else(|| EvaluationError::Line {
            path: path.into(),
            line: number,
            expected: "review|aspect:words:polarity;…",
            problem: format!("it is {line:?}"),
        })?;
        reviews.push(review);
    }
    Ok(reviews)
}

fn review(line: &str) -> Option<Review> {
    let (id, opinions) = line.split_once('|')?;
    let opinions = opinions.split(';').filter(|opinion| !opinion.trim().is_empty());
    Some(Review {
        id: id.trim().parse().ok()?,
        opinions: opinions.map(opinion).collect::<Option<_>>()?,
    })
}

fn opinion(text: &str) -> Option<Opinion> {
    let (rest, polarity) = text.trim().rsplit_once(':')?;
    let (_, words) = rest.rsplit_once(':')?;
    Some(Opinion {
        words: words
            .split(',')
            .map(str::trim)
            .filter(|word| !["", "~"].contains(word))
            .map(singular_of)
            .collect(),
        polarity: match polarity {
            "+" => 1,
            "-" => -1,
            "m" | "0" => 0,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_aspects_with_their_words_and_polarities() {
        let parsed = review("12|belt:belts,strap:+;price:~:-;cord:cord:m").expect("it is in order");
        let polarities: Vec<i8> = parsed.opinions.iter().map(|opinion| opinion.polarity).collect();
        assert_eq!((parsed.id, polarities), (12, vec![1, -1, 0]));
        assert_eq!(parsed.opinions[0].words, ["belt", "strap"]);
        assert!(parsed.opinions[1].words.is_empty());
        assert_eq!(review("3|").map(|review| review.opinions.len()), Some(0));
        for wrong in ["", "x|a:b:+", "3|a:+", "3|a:b:?"] {
            assert_eq!(review(wrong), None, "{wrong}");
        }
    }
}
