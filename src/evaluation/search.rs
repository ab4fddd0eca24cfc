//! The seam to what is measured: something that ranks documents, in one way or in several that are compared.

use super::Failure;

/// Documents as one system ranks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedDocuments {
    /// The system's name in the results: `dense`, `lexical`, `fused`.
    pub system: &'static str,
    /// Positions of documents, best first and none twice. One that was not found is absent.
    pub documents: Vec<usize>,
}

/// Ranks documents.
pub trait Search {
    /// The `k` best documents for `query`, by each system: the same systems in the same order for every query. With
    /// `among` only those documents are ranked.
    ///
    /// # Errors
    /// Whatever keeps a system from ranking.
    fn rank(&self, query: &str, among: Option<&[usize]>, k: usize) -> Result<Vec<RankedDocuments>, Failure>;
}

/// What belongs to each system, in the order in which the systems were first met.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BySystem<T>(pub Vec<(&'static str, T)>);

impl<T> Default for BySystem<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> BySystem<T> {
    /// What belongs to this system, made where there is nothing yet.
    pub fn of(&mut self, system: &'static str) -> &mut T {
        let known = self.0.iter().position(|(name, _)| *name == system);
        let position = known.unwrap_or_else(|| {
            self.0.push((system, T::default()));
            self.0.len() - 1
        });
        &mut self.0[position].1
    }
}

impl<T> BySystem<T> {
    /// The same systems with something made of what belongs to each.
    pub fn map<U>(self, make: impl Fn(T) -> U) -> BySystem<U> {
        BySystem(
            self.0
                .into_iter()
                .map(|(name, value)| (name, make(value)))
                .collect(),
        )
    }
}

/// An object with the systems' names as keys.
impl<T: serde::Serialize> serde::Serialize for BySystem<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_keep_their_order() {
        let mut systems = BySystem::<Vec<u8>>::default();
        for (system, value) in [("lexical", 1), ("dense", 2), ("lexical", 3)] {
            systems.of(system).push(value);
        }
        let json = serde_json::to_string(&systems.map(|values| values.len())).unwrap();
        assert_eq!(json, r#"{"lexical":2,"dense":1}"#);
    }
}
