//! Which column is which: by the user's `--column`, by the columns' names, and by what is in them.

mod layout;
mod profile;

pub(super) use layout::{ColumnLayout, Unresolved, Why};
