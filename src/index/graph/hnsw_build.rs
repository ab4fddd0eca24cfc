//! Building the graph: the one file that knows hnsw_rs.
//!
//! Rows are inserted one after another, by one thread. In parallel it would be faster and different every time; this
//! way the layers, which hnsw_rs draws from a seed of its own, and the links are the same for the same rows.

use hnsw_rs::anndists::dist::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::{Graph, Links};
use crate::index::quantized::QuantizedRows;
use crate::kernels::int8::dot;
use crate::kernels::simd::Level;

/// The hnsw_rs that builds; a test compares it with `Cargo.lock`. Another may link other rows.
pub(crate) const HNSW_RS: &str = "0.3.5";
/// Links of a point on the upper layers; twice as many on the lowest.
pub(crate) const LINKS: usize = 24;
/// Candidates kept while a point is inserted.
pub(crate) const WIDTH_OF_BUILDING: usize = 200;
/// Layers at most, as hnsw_rs has them.
const LAYERS: usize = 16;

/// Links all rows, of which there is at least one.
pub(super) fn build(codes: &QuantizedRows) -> Graph {
    let longest = (0..codes.len()).map(|row| dot(Level::best(), codes.row(row), codes.row(row)));
    let distance = Distant {
        most: longest.max().unwrap_or(0),
    };
    let hnsw = Hnsw::new(LINKS, codes.len(), LAYERS, WIDTH_OF_BUILDING, distance);
    for row in 0..codes.len() {
        hnsw.insert((codes.row(row), row));
    }
    freeze(&hnsw, codes.len())
}

/// The links of hnsw_rs' structure, as numbers.
fn freeze(hnsw: &Hnsw<'_, i8, Distant>, rows: usize) -> Graph {
    let mut links = vec![Vec::new(); rows];
    let mut entry = (0, 0);
    for point in hnsw.get_point_indexation() {
        let (layer, row) = (usize::from(point.get_point_id().0), point.get_origin_id());
        if layer > entry.0 || (layer == entry.0 && row < entry.1) {
            entry = (layer, row);
        }
        let of_layer = |links: &Vec<hnsw_rs::hnsw::Neighbour>| -> Vec<u32> {
            links.iter().map(|link| link.d_id as u32).collect()
        };
        // On the layers above its own a point has links too; nothing leads to them.
        links[row] = point.get_neighborhood_id()[..=layer]
            .iter()
            .map(of_layer)
            .collect();
    }
    let of_layer = |layer: usize| {
        let of_row = |row: &'_ Vec<Vec<u32>>| row.get(layer).cloned().unwrap_or_default();
        let of_rows: Vec<Vec<u32>> = links.iter().map(of_row).collect();
        Links::of_rows(of_rows.iter().map(Vec::as_slice))
    };
    Graph {
        entry: entry.1 as u32,
        layers: (0..=entry.0).map(of_layer).collect(),
    }
}

/// How far apart rows are by their codes: the more, the smaller their product, and never below 0, which hnsw_rs does
/// not forgive. Whole numbers up to 2²⁴, as those of 1,040 codes are, have an `f32` each.
struct Distant {
    /// The largest product that two rows can have: that of the longest with itself.
    most: i32,
}

impl Distance<i8> for Distant {
    fn eval(&self, left: &[i8], right: &[i8]) -> f32 {
        (self.most - dot(Level::best(), left, right)) as f32
    }
}
