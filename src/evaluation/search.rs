//! The interface to what is measured: something that ranks documents, by one system or by several to compare.

use super::Failure;

/// The documents in the order of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RankedDocuments {
    /// The system's name in the results: `dense`, `lexical`, `fused`.
    pub system: &'static str,
    /// Positions of documents, best first, each at most once. Documents that were not found are absent.
    pub documents: Vec<usize>,
}

/// Ranks documents.
pub(crate) trait Search {
    /// The `k` best documents for `query`, by each system: the same systems in the same order for every query. With
    /// `among`, only these documents are ranked.
    ///
    /// # Errors
    /// A system cannot rank.
    fn rank(&self, query: &str, among: Option<&[usize]>, k: usize) -> Result<Vec<RankedDocuments>, Failure>;
}
