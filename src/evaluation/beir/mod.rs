//! Retrieval over a collection in BEIR's layout: which documents does a query find?
//!
//! In: a [`Collection`] and something that ranks its documents. Out: the figures that BEIR publishes, for each system.
//! Diversity, evidence of other opinions and the floor are no part of it: a system ranks all documents.

mod collection;

use std::fmt;

use serde::Serialize;

pub use collection::{BeirQuery, Collection, Document};

use super::ranking::{self, mean};
use super::search::BySystem;
use super::{EvaluationError, Search};

/// Documents of a ranked list that are looked at.
const DEPTH: usize = 100;

/// How well each system ranks. Serialises as an object with the systems' names as keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Beir {
    systems: BySystem<BeirScores>,
    /// Documents that were ranked.
    #[serde(skip)]
    documents: usize,
    /// Queries that were asked.
    #[serde(skip)]
    queries: usize,
}

/// Means over all queries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BeirScores {
    /// See [`ranking::ndcg`].
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
    /// See [`ranking::recall`].
    #[serde(rename = "recall@10")]
    pub recall_10: f64,
    /// See [`ranking::recall`].
    #[serde(rename = "recall@100")]
    pub recall_100: f64,
    /// See [`ranking::reciprocal_rank`].
    #[serde(rename = "mrr@10")]
    pub mrr_10: f64,
}

/// Ranks the documents for every query.
///
/// # Errors
/// [`EvaluationError::Asked`] where `search` fails.
pub fn beir(collection: &Collection, search: &dyn Search) -> Result<Beir, EvaluationError> {
    let mut systems = BySystem::<Vec<BeirScores>>::default();
    for query in &collection.queries {
        // One more than is looked at: a document that is the query itself is none to find, as in BEIR's own scripts.
        let rankings = search
            .rank(&query.text, None, DEPTH + 1)
            .map_err(EvaluationError::asked(&query.text))?;
        for ranking in rankings {
            let ids = ranking
                .documents
                .iter()
                .map(|&document| &collection.documents[document].id);
            let ranked: Vec<&String> = ids.filter(|id| **id != query.id).take(DEPTH).collect();
            systems.of(ranking.system).push(scores(&ranked, query));
        }
    }
    Ok(Beir {
        systems: systems.map(average),
        documents: collection.documents.len(),
        queries: collection.queries.len(),
    })
}

fn scores(ranked: &[&String], query: &BeirQuery) -> BeirScores {
    let judgements = query
        .judgements
        .iter()
        .map(|(id, relevance)| (id, *relevance))
        .collect();
    BeirScores {
        ndcg_10: ranking::ndcg(ranked, &judgements, 10),
        recall_10: ranking::recall(ranked, &judgements, 10),
        recall_100: ranking::recall(ranked, &judgements, DEPTH),
        mrr_10: ranking::reciprocal_rank(ranked, &judgements, 10),
    }
}

fn average(scores: Vec<BeirScores>) -> BeirScores {
    let of = |figure: fn(&BeirScores) -> f64| mean(scores.iter().map(figure));
    BeirScores {
        ndcg_10: of(|scores| scores.ndcg_10),
        recall_10: of(|scores| scores.recall_10),
        recall_100: of(|scores| scores.recall_100),
        mrr_10: of(|scores| scores.mrr_10),
    }
}

impl fmt::Display for Beir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} queries over {} documents", self.queries, self.documents)?;
        writeln!(
            f,
            "{:<10}{:>12}{:>12}{:>12}{:>12}",
            "system", "nDCG@10", "recall@10", "recall@100", "MRR@10"
        )?;
        for (system, scores) in &self.systems.0 {
            let BeirScores {
                ndcg_10,
                recall_10,
                recall_100,
                mrr_10,
            } = scores;
            writeln!(
                f,
                "{system:<10}{ndcg_10:>12.4}{recall_10:>12.4}{recall_100:>12.4}{mrr_10:>12.4}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::collection::tests::{CORPUS, JUDGEMENTS, QUERIES, folder};
    use super::*;
    use crate::evaluation::{Failure, RankedDocuments};

    /// Ranks by position in the file, and the other way round.
    struct Fixed;

    impl Search for Fixed {
        fn rank(
            &self,
            query: &str,
            among: Option<&[usize]>,
            k: usize,
        ) -> Result<Vec<RankedDocuments>, Failure> {
            assert_eq!((among, k), (None, 101));
            if query.contains("fails") {
                return Err("the index is broken".into());
            }
            let ranking = |system, documents: [usize; 3]| RankedDocuments {
                system,
                documents: documents.to_vec(),
            };
            Ok(vec![ranking("dense", [0, 1, 2]), ranking("lexical", [2, 1, 0])])
        }
    }

    #[test]
    fn a_small_collection_is_scored_as_by_hand() {
        // q1 finds d1 at rank 1 and at rank 3; q2 finds neither the document that the corpus lacks nor itself.
        let dir = folder(CORPUS, QUERIES, JUDGEMENTS);
        let result = beir(&Collection::read(dir.path()).unwrap(), &Fixed).unwrap();
        let json: serde_json::Value = serde_json::from_str(&serde_json::to_string(&result).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "dense": {"ndcg@10": 0.5, "recall@10": 0.5, "recall@100": 0.5, "mrr@10": 0.5},
                "lexical": {"ndcg@10": 0.25, "recall@10": 0.5, "recall@100": 0.5, "mrr@10": 1.0 / 6.0},
            })
        );
        let table = result.to_string();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[0], "2 queries over 3 documents");
        assert!(rows[3].starts_with("lexical "), "{table}");
        assert!(
            rows[3].ends_with("0.2500      0.5000      0.5000      0.1667"),
            "{table}"
        );
    }

    #[test]
    fn a_document_that_is_the_query_itself_is_not_counted() {
        // The list is q2 itself, d2, d1: d2 counts as the first.
        let judgements = "query-id\tcorpus-id\tscore\nq2\td2\t1\n";
        let dir = folder(CORPUS, QUERIES, judgements);
        let result = beir(&Collection::read(dir.path()).unwrap(), &Fixed).unwrap();
        assert_eq!(result.systems.0[1].1.mrr_10, 1.0);
        assert_eq!(result.systems.0[0].1.mrr_10, 0.5);
    }

    #[test]
    fn a_search_that_fails_says_for_which_query() {
        let queries = r#"{"_id": "q1", "text": "this fails"}"#;
        let dir = folder(CORPUS, queries, "query-id\tcorpus-id\tscore\nq1\td1\t1\n");
        let message = beir(&Collection::read(dir.path()).unwrap(), &Fixed)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("“this fails”") && message.contains("the index is broken"),
            "{message}"
        );
    }
}
