//! Retrieval over a collection in BEIR's layout: does a query find its documents?
//!
//! In: a [`Collection`] and something that ranks its documents. Out: the figures that BEIR publishes, for each system.
//! Diversity, evidence of other opinions and the score floor are not part of it: a system ranks all documents.

mod collection;

use std::fmt;

use serde::Serialize;

pub(crate) use collection::{BeirQuery, Collection};

use super::ranking::{ndcg, recall, reciprocal_rank};
use super::score_table::{BySystem, ScoreTable, means};
use super::{EvaluationError, Search};

/// The number of documents of a ranked list that count.
const DEPTH: usize = 100;

/// The scores of each system: means over all queries. Serialises as the table alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Beir {
    systems: ScoreTable<4>,
    /// The number of documents that were ranked.
    #[serde(skip)]
    documents: usize,
    /// The number of queries that were asked.
    #[serde(skip)]
    queries: usize,
}

/// Ranks the documents for every query.
///
/// # Errors
/// [`EvaluationError::Asked`] if `search` fails.
pub(crate) fn beir(collection: &Collection, search: &dyn Search) -> Result<Beir, EvaluationError> {
    let mut systems = BySystem::new();
    for query in &collection.queries {
        // One more than counts: a document that is the query itself is ignored, as in BEIR's own scripts.
        let rankings = search
            .rank(&query.text, None, DEPTH + 1)
            .map_err(EvaluationError::asked(&query.text))?;
        for ranking in rankings {
            let ids = ranking
                .documents
                .iter()
                .map(|&document| collection.documents[document].id.as_str());
            let ranked: Vec<&str> = ids.filter(|id| *id != query.id).take(DEPTH).collect();
            systems.add(ranking.system, scores(&ranked, query));
        }
    }
    Ok(Beir {
        systems: systems.table(["nDCG@10", "recall@10", "recall@100", "MRR@10"], means),
        documents: collection.documents.len(),
        queries: collection.queries.len(),
    })
}

fn scores(ranked: &[&str], query: &BeirQuery) -> [f64; 4] {
    let judgements = query
        .judgements
        .iter()
        .map(|(id, relevance)| (id.as_str(), *relevance))
        .collect();
    [
        ndcg(ranked, &judgements, 10),
        recall(ranked, &judgements, 10),
        recall(ranked, &judgements, DEPTH),
        reciprocal_rank(ranked, &judgements, 10),
    ]
}

impl fmt::Display for Beir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            systems,
            documents,
            queries,
        } = self;
        write!(f, "{queries} queries over {documents} documents\n{systems}")
    }
}

#[cfg(test)]
mod tests {
    use super::collection::tests::{CORPUS, JUDGEMENTS, QUERIES, folder};
    use super::*;
    use crate::evaluation::{Failure, RankedDocuments};

    /// Ranks by position in the file, and in reverse.
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

    fn value(result: &Beir) -> serde_json::Value {
        serde_json::to_value(result).unwrap()
    }

    #[test]
    fn a_small_collection_is_scored_as_computed_by_hand() {
        // q1 finds d1 at rank 1 or 3. q2 finds nothing: its document is not in the corpus, and q2 itself is ignored.
        let dir = folder(CORPUS, QUERIES, JUDGEMENTS);
        let result = beir(&Collection::read(dir.path()).unwrap(), &Fixed).unwrap();
        assert_eq!(
            value(&result),
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
            rows[3].ends_with("0.2500     0.5000      0.5000    0.1667"),
            "{table}"
        );
    }

    #[test]
    fn a_document_that_is_the_query_itself_is_not_counted() {
        // The list is q2 itself, d2, d1: d2 counts as the first.
        let judgements = "query-id\tcorpus-id\tscore\nq2\td2\t1\n";
        let dir = folder(CORPUS, QUERIES, judgements);
        let result = beir(&Collection::read(dir.path()).unwrap(), &Fixed).unwrap();
        assert_eq!(value(&result)["lexical"]["mrr@10"], 1.0);
        assert_eq!(value(&result)["dense"]["mrr@10"], 0.5);
    }

    #[test]
    fn an_error_of_the_search_names_the_query() {
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
