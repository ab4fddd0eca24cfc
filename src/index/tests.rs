//! The index as a whole: what it finds, in which order, and that the results are the same every time.

use std::sync::Arc;

use super::testing::{DIMENSION, clustered};
use super::*;

fn queries(count: usize) -> Vec<Vec<f32>> {
    clustered(count, 99).rows().map(<[f32]>::to_vec).collect()
}

fn recall(index: &Index, k: usize) -> f64 {
    let queries = queries(200);
    let found = queries.iter().map(|query| {
        let expected = index.search_exact(query, k);
        index
            .search_graph(query, k)
            .iter()
            .filter(|hit| expected.contains(hit))
            .count()
    });
    found.sum::<usize>() as f64 / (queries.len() * k) as f64
}

#[test]
fn hnsw_finds_nearly_all_that_the_exact_scan_finds() {
    let index = Index::build(clustered(3_000, 1)).with_graph();
    let recall = recall(&index, 10);
    assert!(recall > 0.98, "recall@10 is {recall}");
}

#[test]
fn the_exact_scan_agrees_with_the_definition() {
    let vectors = clustered(300, 2);
    let index = Index::build(vectors.clone());
    for query in queries(20) {
        let mut expected: Vec<Hit> = (0..vectors.len())
            .map(|passage| Hit {
                passage,
                score: dot(&query, vectors.row(passage)).min(1.0),
            })
            .collect();
        expected.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
        assert_eq!(index.search_exact(&query, 300), expected);
        assert_eq!(index.search(&query, 7), expected[..7]);
    }
}

#[test]
fn copies_are_all_found_in_order() {
    let mut vectors = clustered(500, 3);
    let copied = vectors.row(40).to_vec();
    (0..200).for_each(|_| vectors.push(&copied));
    let index = Index::build(vectors).with_graph();
    let hits = index.search_graph(&copied, 150);
    assert_eq!(hits.len(), 150);
    assert!(hits.iter().all(|hit| hit.score > 0.99999));
    assert!(hits.is_sorted_by_key(|hit| hit.passage));
    assert_eq!(hits, index.search_exact(&copied, 150));
}

#[test]
fn building_twice_gives_the_same_answers() {
    let [one, two] = [0; 2].map(|_| Index::build(clustered(2_000, 4)).with_graph());
    for query in queries(100) {
        assert_eq!(one.search_graph(&query, 20), two.search_graph(&query, 20));
    }
}

#[test]
fn many_threads_get_what_one_gets() {
    let index = Arc::new(Index::build(clustered(2_000, 5)).with_graph());
    let queries = queries(50);
    let expected: Vec<Vec<Hit>> = queries
        .iter()
        .map(|query| index.search_graph(query, 10))
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (query, expected) in queries.iter().zip(&expected) {
                    assert_eq!(index.search_graph(query, 10), *expected);
                }
            });
        }
    });
}

#[test]
fn few_or_no_passages_are_no_special_case() {
    let query = &queries(1)[0];
    let empty = Index::build(Vectors::new(DIMENSION)).with_graph();
    assert!(empty.len() == 0 && empty.search(query, 5).is_empty() && empty.search_graph(query, 5).is_empty());
    for count in 1..5 {
        let index = Index::build(clustered(count, 6)).with_graph();
        assert_eq!(index.len(), count);
        assert_eq!(index.search_graph(query, 10), index.search_exact(query, 10));
        assert_eq!(index.search(query, 10).len(), count);
        assert!(index.search(query, 0).is_empty());
    }
}

#[test]
#[should_panic(expected = "embedded by the same model")]
fn a_query_of_another_model_is_a_bug() {
    Index::build(clustered(10, 7)).search(&[1.0, 0.0], 3);
}
