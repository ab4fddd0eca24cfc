//! Builds the graph. This is the only file that uses hnsw_rs.
//!
//! One thread inserts the rows one after another. In parallel that would be faster, but the graph would differ every
//! time. This way the layers, which hnsw_rs draws from a fixed seed, and the links are the same for the same rows.

use hnsw_rs::anndists::dist::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::{Graph, Links};
use crate::index::quantized::QuantizedRows;
use crate::kernels::int8::dot;
use crate::kernels::simd::Level;

/// The version of hnsw_rs; a test compares it with `Cargo.lock`. Another version may link other rows.
pub(crate) const HNSW_RS: &str = "0.3.5";
/// The most links of a point on the upper layers (`M` in the paper); twice as many on the lowest layer.
pub(crate) const MAX_LINKS: usize = 24;
/// Candidates that are kept while a point is inserted (`efConstruction` in the paper).
pub(crate) const EF_CONSTRUCTION: usize = 200;
/// The most layers that hnsw_rs supports.
const MAX_LAYERS: usize = 16;

/// Links all rows. There is at least one.
pub(super) fn build(codes: &QuantizedRows) -> Graph {
    let longest = (0..codes.len()).map(|row| dot(Level::best(), codes.row(row), codes.row(row)));
    let distance = CodeDistance {
        largest: longest.max().unwrap_or(0),
    };
    let hnsw = Hnsw::new(MAX_LINKS, codes.len(), MAX_LAYERS, EF_CONSTRUCTION, distance);
    for row in 0..codes.len() {
        hnsw.insert((codes.row(row), row));
    }
    freeze(&hnsw, codes.len())
}

/// Copies the links out of hnsw_rs' structure.
fn freeze(hnsw: &Hnsw<'_, i8, CodeDistance>, rows: usize) -> Graph {
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
        // A point also has links on the layers above its own, but no search reaches them.
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

/// The distance of rows by their codes: the largest product of two rows minus theirs. It is never negative, which
/// hnsw_rs requires. Up to 520 codes per row it is a whole number of at most 2²⁴, which an `f32` represents
/// exactly.
struct CodeDistance {
    /// The largest product of two rows: that of the longest row with itself.
    largest: i32,
}

impl Distance<i8> for CodeDistance {
    fn eval(&self, left: &[i8], right: &[i8]) -> f32 {
        (self.largest - dot(Level::best(), left, right)) as f32
    }
}
