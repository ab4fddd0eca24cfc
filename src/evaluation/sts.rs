//! Semantic textual similarity: do the cosines of sentence vectors rank pairs as people do?

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{EvaluationError, lines};
use crate::embedding::Encoder;
use crate::index::dot;

/// The agreement between cosines and people's scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Sts {
    /// Spearman's rank correlation, the figure that is published for models.
    pub spearman: f64,
    /// Pearson's correlation.
    pub pearson: f64,
    /// The number of sentence pairs.
    pub pairs: usize,
}

impl fmt::Display for Sts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10}{:>8.4}", "Spearman", self.spearman)?;
        writeln!(f, "{:<10}{:>8.4}", "Pearson", self.pearson)?;
        writeln!(f, "{:<10}{:>8}", "pairs", self.pairs)
    }
}

#[derive(Deserialize)]
struct Pair {
    s1: String,
    s2: String,
    score: f64,
}

/// Scores the pairs in a file of JSON lines `{"s1", "s2", "score"}`, such as the STS Benchmark's; other keys are
/// ignored.
///
/// # Errors
/// See [`EvaluationError`].
pub(crate) fn sts(encoder: &Encoder, file: &Path) -> Result<Sts, EvaluationError> {
    let pairs = read(file)?;
    let texts: Vec<&str> = pairs
        .iter()
        .flat_map(|pair| [pair.s1.as_str(), &pair.s2])
        .collect();
    let vectors = encoder.encode(&texts, &mut |_| {})?;
    let cosines: Vec<f64> = vectors
        .chunks_exact(2)
        .map(|pair| f64::from(dot(&pair[0], &pair[1])))
        .collect();
    let scores: Vec<f64> = pairs.iter().map(|pair| pair.score).collect();
    let correlations = correlation(&ranks(&cosines), &ranks(&scores)).zip(correlation(&cosines, &scores));
    let (spearman, pearson) = correlations.ok_or_else(|| EvaluationError::Nothing {
        path: file.into(),
        wanted: "at least two pairs with different scores are needed",
    })?;
    Ok(Sts {
        spearman,
        pearson,
        pairs: pairs.len(),
    })
}

fn read(path: &Path) -> Result<Vec<Pair>, EvaluationError> {
    lines::json(path, "{\"s1\": text, \"s2\": text, \"score\": number}")?
        .map(|line| line.map(|(_, pair)| pair))
        .collect()
}

/// Pearson's correlation; `None` if one side is constant.
fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (left_mean, right_mean) = (mean(left), mean(right));
    let product = |(l, r): (&f64, &f64)| (l - left_mean) * (r - right_mean);
    let together: f64 = left.iter().zip(right).map(product).sum();
    let spread = |values: &[f64], mean: f64| values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let alone = (spread(left, left_mean) * spread(right, right_mean)).sqrt();
    (alone > 0.0).then(|| together / alone)
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&position| ranks[position] = shared);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::testing::{minilm, tiny};

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(ranks(&[10.0, 30.0, 20.0]), [1.0, 3.0, 2.0]);
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 5.0, 9.0]), [3.0, 1.0, 3.0, 3.0, 5.0]);
    }

    #[test]
    fn correlations_of_known_cases() {
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(near(correlation(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), 1.0));
        assert!(near(correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0));
        // Computed by hand: the deviations are (-1.5, -0.5, 0.5, 1.5) and (-1, 0, -1, 2): 4 / sqrt(5 * 6).
        assert!(near(
            correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 1.0, 4.0]),
            4.0 / 30f64.sqrt()
        ));
        // A monotone relation that is not linear has rank correlation 1.
        assert!(near(
            correlation(&ranks(&[1.0, 2.0, 3.0]), &ranks(&[1.0, 100.0, 101.0])),
            1.0
        ));
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(correlation(&[], &[]), None);
    }

    #[test]
    fn similarity_ranks_pairs_as_people_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pairs.jsonl");
        let lines = [
            r#"{"s1":"The battery is great.","s2":"Battery life is excellent.","score":4.5,"genre":"x"}"#,
            "",
            r#"{"s1":"The battery is great.","s2":"The battery drains in an hour.","score":2.5}"#,
            r#"{"s1":"The battery is great.","s2":"My cousin lives in Pune.","score":0}"#,
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let result = sts(&minilm(), &file).unwrap();
        assert_eq!((result.spearman, result.pairs), (1.0, 3));
        assert!(result.pearson > 0.9, "{result}");
        assert_eq!(result.to_string().lines().next(), Some("Spearman    1.0000"));
    }

    #[test]
    fn an_error_in_the_file_names_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pairs.jsonl");
        let encoder = tiny();
        for (text, expected) in [
            (
                "{\"s1\":\"a\",\"s2\":\"b\",\"score\":1}\n{\"s1\":\"a\"}",
                "line 2 of",
            ),
            ("", "too little data"),
            ("{\"s1\":\"a\",\"s2\":\"b\",\"score\":1}", "too little data"),
        ] {
            std::fs::write(&file, text).unwrap();
            let message = sts(&encoder, &file).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(matches!(
            sts(&encoder, &dir.path().join("absent")),
            Err(EvaluationError::Read { .. })
        ));
    }
}
