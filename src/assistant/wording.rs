//! Who words the answers.

/// The operator's choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wording {
    /// The finding is told by rule.
    Told,
    /// The chat model writes; each sentence is checked, and where too few stand the finding is told.
    Written,
    /// Written, if the model passes a test at the start.
    #[default]
    Auto,
}
