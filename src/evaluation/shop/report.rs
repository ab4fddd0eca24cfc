//! The scores of a set of questions, and each question with its quotes: serialises, and prints as a table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Grade;
use super::list_scores::ListScores;
use crate::evaluation::ranking::mean;

/// The scores of all questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ShopRetrieval {
    /// The scores over all answerable questions for which a useful passage is known.
    pub(super) total: Scores,
    /// The scores of each kind of these questions.
    pub(super) types: BTreeMap<String, Scores>,
    /// Answerable questions for which no useful passage is known.
    pub(super) silent: Refusals,
    /// Questions that no review answers.
    pub(super) unanswerable: Refusals,
    /// Every question with its quotes, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) questions: Option<Vec<AskedQuestion>>,
}

/// Counts, and the means of [`ListScores`] over questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Scores {
    questions: usize,
    #[serde(rename = "useful@1")]
    useful_first: f64,
    #[serde(rename = "useful@5")]
    useful: f64,
    #[serde(rename = "ndcg@5")]
    ndcg: f64,
    #[serde(rename = "off@1")]
    off_first: f64,
    #[serde(rename = "off@5")]
    off: f64,
    #[serde(rename = "unjudged@5")]
    unjudged: f64,
    /// The number of questions without any quote.
    refused: usize,
}

/// A number of questions, and how many of them were refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Refusals {
    questions: usize,
    refused: usize,
}

/// A question with its first quotes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct AskedQuestion {
    /// Its number; none for a question that is not in `questions.jsonl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<u32>,
    /// Its kind.
    pub(super) r#type: String,
    /// The shopper's turns.
    pub(super) turns: Vec<String>,
    /// Its first quotes; none if it was refused.
    pub(super) quotes: Vec<GradedQuote>,
}

/// A quote with its grade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct GradedQuote {
    /// `null` if nobody has judged it.
    pub(super) grade: Option<Grade>,
    /// The id of its product.
    pub(super) product: String,
    /// Its text, word for word.
    pub(super) text: String,
}

impl ShopRetrieval {
    /// The scores without the questions.
    pub(crate) fn summary(self) -> Self {
        Self {
            questions: None,
            ..self
        }
    }
}

impl Scores {
    /// The scores of the questions whose kind is `counted`. Each is given as its kind, its scores, and whether it was
    /// refused.
    pub(super) fn of(ranked: &[(&str, ListScores, bool)], counted: impl Fn(&str) -> bool) -> Self {
        let counted: Vec<_> = ranked.iter().filter(|(kind, ..)| counted(kind)).collect();
        let mean = |score: fn(&ListScores) -> f64| mean(counted.iter().map(|(_, scores, _)| score(scores)));
        Self {
            questions: counted.len(),
            useful_first: mean(|scores| scores.useful_first),
            useful: mean(|scores| scores.useful),
            ndcg: mean(|scores| scores.ndcg),
            off_first: mean(|scores| scores.off_first),
            off: mean(|scores| scores.off),
            unjudged: mean(|scores| scores.unjudged),
            refused: counted.iter().filter(|(.., refused)| *refused).count(),
        }
    }
}

impl Refusals {
    /// Counts a question with these quotes.
    pub(super) fn add(&mut self, quotes: &[GradedQuote]) {
        self.questions += 1;
        self.refused += usize::from(quotes.is_empty());
    }
}

impl fmt::Display for ShopRetrieval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for question in self.questions.iter().flatten() {
            writeln!(f, "{question}")?;
        }
        let headings = [
            "type",
            "questions",
            "useful@1",
            "useful@5",
            "nDCG@5",
            "off@1",
            "off@5",
            "unjudged@5",
            "refused",
        ];
        write!(f, "{:<14}", headings[0])?;
        for heading in &headings[1..] {
            write!(f, "{heading:>12}")?;
        }
        writeln!(f)?;
        let rows = self.types.iter().map(|(kind, scores)| (kind.as_str(), scores));
        for (kind, scores) in rows.chain([("total", &self.total)]) {
            writeln!(f, "{kind:<14}{scores}")?;
        }
        let Self {
            silent, unanswerable, ..
        } = self;
        if silent.questions > 0 {
            writeln!(
                f,
                "refused, of the questions for which no passage is useful: {silent}"
            )?;
        }
        writeln!(f, "refused, of the unanswerable questions: {unanswerable}")
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12}", self.questions)?;
        for mean in [
            self.useful_first,
            self.useful,
            self.ndcg,
            self.off_first,
            self.off,
            self.unjudged,
        ] {
            write!(f, "{mean:>12.3}")?;
        }
        write!(f, "{:>12}", self.refused)
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.refused, self.questions)
    }
}

impl fmt::Display for AskedQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.n.map(|n| format!("{n} ")).unwrap_or_default();
        writeln!(f, "{number}{}: {}", self.r#type, self.turns.join(" → "))?;
        if self.quotes.is_empty() {
            writeln!(f, "  refused")?;
        }
        for GradedQuote { grade, product, text } in &self.quotes {
            let grade = grade.map_or("?".into(), |grade| grade.to_string());
            writeln!(f, "  {grade} {product}: {text}")?;
        }
        Ok(())
    }
}
