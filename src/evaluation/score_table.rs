//! The scores of several systems: collected question by question, averaged, and printed as a table or as JSON.

use std::fmt;

use serde::{Serialize, Serializer};

use super::ranking::mean;

/// Observations of each system, in the order in which the systems first appeared.
#[derive(Debug)]
pub(super) struct BySystem<T>(Vec<(&'static str, Vec<T>)>);

impl<T> BySystem<T> {
    /// No system yet.
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an observation of a system.
    pub(super) fn add(&mut self, system: &'static str, observation: T) {
        match self.0.iter_mut().find(|(name, _)| *name == system) {
            Some((_, observations)) => observations.push(observation),
            None => self.0.push((system, vec![observation])),
        }
    }

    /// The scores of each system, computed from its observations by `scores`.
    pub(super) fn table<const N: usize>(
        self,
        headings: [&'static str; N],
        scores: impl Fn(Vec<T>) -> [Option<f64>; N],
    ) -> ScoreTable<N> {
        let rows = self.0.into_iter();
        ScoreTable {
            headings,
            rows: rows
                .map(|(system, observed)| (system, scores(observed)))
                .collect(),
        }
    }
}

/// The mean of each score over all observations.
pub(super) fn means<const N: usize>(observations: Vec<[f64; N]>) -> [Option<f64>; N] {
    std::array::from_fn(|score| Some(mean(observations.iter().map(|scores| scores[score]))))
}

/// A row of scores for each system. A score without any observation is absent.
///
/// Serialises as an object of objects: the systems' names, then the headings in lower case with `_` for spaces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScoreTable<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<(&'static str, [Option<f64>; N])>,
}

impl<const N: usize> Serialize for ScoreTable<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self
            .headings
            .map(|heading| heading.to_lowercase().replace(' ', "_"));
        let object = |scores: &[Option<f64>; N]| -> serde_json::Map<String, serde_json::Value> {
            let scores = names.iter().cloned().zip(scores);
            scores.map(|(name, score)| (name, (*score).into())).collect()
        };
        serializer.collect_map(self.rows.iter().map(|(system, scores)| (system, object(scores))))
    }
}

impl<const N: usize> fmt::Display for ScoreTable<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |system: &str, cells: [String; N]| {
            write!(f, "{system:<12}")?;
            for (heading, cell) in self.headings.iter().zip(cells) {
                write!(f, "{cell:>width$}", width = (heading.len() + 2).max(10))?;
            }
            writeln!(f)
        };
        line("system", self.headings.map(String::from))?;
        for (system, scores) in &self.rows {
            line(
                system,
                scores.map(|score| score.map_or("–".into(), |score| format!("{score:.4}"))),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_keep_their_order_and_scores_stand_under_their_headings() {
        let mut systems = BySystem::new();
        for (system, scores) in [
            ("lexical", [1.0, 0.0]),
            ("dense", [0.5, 0.0]),
            ("lexical", [0.0, 0.25]),
        ] {
            systems.add(system, scores);
        }
        let table = systems.table(["MRR", "refusal recall"], |scores| match scores.len() {
            1 => [means(scores)[0], None],
            _ => means(scores),
        });
        let json =
            r#"{"lexical":{"mrr":0.5,"refusal_recall":0.125},"dense":{"mrr":0.5,"refusal_recall":null}}"#;
        assert_eq!(serde_json::to_string(&table).unwrap(), json);
        let lines = [
            "system             MRR  refusal recall",
            "lexical         0.5000          0.1250",
            "dense           0.5000               –",
        ];
        assert_eq!(table.to_string().lines().collect::<Vec<_>>(), lines);
    }
}
