//! The roles of columns, the names that columns of each role have in real files, and the columns that the user names.

mod mapping;
mod names;

pub(crate) use mapping::{ColumnMapping, ColumnRole};
pub(super) use names::Names;
