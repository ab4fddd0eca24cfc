//! The HNSW graph over the rows (Malkov and Yashunin 2016, <https://arxiv.org/abs/1603.09320>).
//!
//! hnsw_rs [builds](hnsw_build) it. Here it is stored as numbers in a few long lists and is searched with the rows'
//! codes. A search through hnsw_rs' own structure, where every link is a reference-counted allocation, takes several
//! times as long, and the structure takes many times the memory. In: a query's codes. Out: rows. It is searched from
//! any thread and cannot fail.

mod hnsw_build;
mod links;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(super) use hnsw_build::{EF_CONSTRUCTION, HNSW_RS, MAX_LINKS};
use links::Links;

use super::quantized::QuantizedRows;

/// Rows that are kept during a search (`ef` in the paper); a search for more than half as many keeps twice the number
/// of its results.
///
/// With `M` = 24 and `efConstruction` = 200, over 90,279 passages of real reviews, on one busy core: recall@10 is
/// 0.970 in 0.05 ms at a width of 16, 0.990 in 0.13 ms at 48, 0.994 in 0.28 ms (p95 0.37 ms) at 128 and 0.998 in 0.90
/// ms at 512. hnswlib 0.8.0 with the same parameters and vectors, in `f32`: 0.965 in 0.06 ms at 16, 0.989 in 0.12 ms at
/// 48, 0.994 in 0.23 ms at 128, 0.997 in 0.83 ms at 512. At 9,289 and 21,935 rows a width of 128 gives 0.999 and 0.998,
/// in 0.14 and 0.17 ms.
pub(super) const EF_SEARCH: usize = 128;

/// The similarity of a row to a query by their codes, and the row.
type Near = (i32, u32);

/// The links between rows.
#[derive(Debug, PartialEq)]
pub(super) struct Graph {
    /// The row of the highest layer at which every search begins.
    entry: u32,
    /// The links of each layer. The lowest, which has all rows, comes first.
    layers: Vec<Links>,
}

impl Graph {
    /// Links the rows; `None` if there are no rows.
    pub(super) fn build(codes: &QuantizedRows) -> Option<Self> {
        (codes.len() > 0).then(|| hnsw_build::build(codes))
    }

    /// About the `width` rows that are nearest to the query by their codes, in no particular order.
    pub(super) fn search(&self, codes: &QuantizedRows, query: &[i8], width: usize) -> Vec<u32> {
        let (lowest, higher) = self.layers.split_first().expect("a graph has a layer");
        let mut nearest = (codes.dot(query, self.entry), self.entry);
        let mut near = Vec::new();
        for layer in higher.iter().rev() {
            nearest = descend(layer, codes, query, nearest, &mut near);
        }
        let mut seen = Seen::none(lowest.len());
        seen.insert(nearest.1);
        let mut candidates = BinaryHeap::from([nearest]);
        // The farthest of the found rows is on top.
        let mut found = BinaryHeap::from([Reverse(nearest)]);
        let mut fresh = Vec::new();
        while let Some(next) = candidates.pop() {
            let full = found.len() >= width;
            if full && found.peek().is_some_and(|Reverse(farthest)| next < *farthest) {
                break;
            }
            fresh.clear();
            fresh.extend(lowest.of(next.1).iter().filter(|&&row| seen.insert(row)));
            codes.dots(query, &fresh, &mut near);
            for row in near.iter().copied().zip(fresh.iter().copied()) {
                let full = found.len() >= width;
                if full && found.peek().is_some_and(|Reverse(farthest)| row < *farthest) {
                    continue;
                }
                candidates.push(row);
                found.push(Reverse(row));
                if full {
                    found.pop();
                }
            }
        }
        found.into_iter().map(|Reverse((_, row))| row).collect()
    }

    /// The graph as numbers, for a snapshot.
    pub(super) fn to_numbers(&self) -> Vec<u32> {
        let mut numbers = vec![self.entry, self.layers.len() as u32];
        self.layers.iter().for_each(|layer| layer.write(&mut numbers));
        numbers
    }

    /// The graph over `rows` rows from its [`Graph::to_numbers`]; `None` if the numbers are no such graph.
    pub(super) fn from_numbers(numbers: &[u32], rows: usize) -> Option<Self> {
        let (&[entry, count], mut rest) = numbers.split_first_chunk()?;
        let mut layers = Vec::new();
        for _ in 0..count {
            layers.push(Links::read(&mut rest, rows)?);
        }
        let whole = rest.is_empty() && !layers.is_empty() && (entry as usize) < rows;
        whole.then_some(Self { entry, layers })
    }
}

/// Follows links within a layer to nearer rows until no link leads to a nearer one.
fn descend(layer: &Links, codes: &QuantizedRows, query: &[i8], from: Near, near: &mut Vec<i32>) -> Near {
    let mut nearest = from;
    loop {
        let rows = layer.of(nearest.1);
        codes.dots(query, rows, near);
        match near.iter().copied().zip(rows.iter().copied()).max() {
            Some(nearer) if nearer.0 > nearest.0 => nearest = nearer,
            _ => return nearest,
        }
    }
}

/// The rows that a search has visited, one bit per row.
struct Seen(Vec<u64>);

impl Seen {
    fn none(rows: usize) -> Self {
        Self(vec![0; rows / 64 + 1])
    }

    /// Adds a row; returns whether it is new.
    fn insert(&mut self, row: u32) -> bool {
        let (word, bit) = (&mut self.0[row as usize / 64], 1 << (row % 64));
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::clustered;
    use super::*;

    fn graph(rows: usize) -> (QuantizedRows, Graph) {
        let codes = QuantizedRows::new(&clustered(rows, 31));
        let graph = Graph::build(&codes).expect("there are rows");
        (codes, graph)
    }

    #[test]
    fn a_search_as_wide_as_the_graph_finds_every_row() {
        let (codes, graph) = graph(700);
        let mut found = graph.search(&codes, codes.row(5), 700);
        found.sort_unstable();
        assert_eq!(found, (0..700).collect::<Vec<_>>());
        assert_eq!(graph.search(&codes, codes.row(5), 12).len(), 12);
        assert!(Graph::build(&QuantizedRows::new(&clustered(0, 1))).is_none());
    }

    #[test]
    fn a_graph_comes_back_from_its_numbers_and_nothing_else_does() {
        let (_, graph) = graph(300);
        let numbers = graph.to_numbers();
        assert_eq!(Graph::from_numbers(&numbers, 300), Some(graph));
        assert_eq!(Graph::from_numbers(&numbers, 299), None);
        assert_eq!(Graph::from_numbers(&numbers, 301), None);
        assert_eq!(Graph::from_numbers(&numbers[..numbers.len() - 1], 300), None);
        assert_eq!(Graph::from_numbers(&[&numbers[..], &[0]].concat(), 300), None);
        assert_eq!(Graph::from_numbers(&[0, 0], 1), None);
        for at in 0..numbers.len() {
            let mut wrong = numbers.clone();
            wrong[at] = u32::MAX;
            assert_eq!(Graph::from_numbers(&wrong, 300), None, "{at}");
        }
    }
}
