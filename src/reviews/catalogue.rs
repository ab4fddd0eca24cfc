//! A file of products in; titles, categories and prices by id out, to be joined to the reviews.

use std::collections::HashMap;

use super::cells::{id, price::PriceStyle, text};
use super::columns::ColumnLayout;
use super::table::Table;
use super::{ColumnRole, Price, titles};

/// What a catalogue says of a product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entry {
    pub title: Option<String>,
    pub category: Option<String>,
    pub price: Option<Price>,
}

/// The products of a shop, by id.
#[derive(Debug, Default)]
pub(super) struct Catalogue(HashMap<String, Entry>);

impl Catalogue {
    /// Reads the products of a table; the first row of an id counts.
    pub(super) fn of(table: &Table, layout: &ColumnLayout, prices: PriceStyle) -> Self {
        let column = |role| layout.column(role).map(|column| &table.columns[column]);
        let columns = [
            ColumnRole::ProductId,
            ColumnRole::ProductTitle,
            ColumnRole::Category,
            ColumnRole::Price,
        ]
        .map(column);
        let mut entries = HashMap::new();
        for row in 0..table.rows() {
            let [key, title, category, price] =
                columns.map(|column| column.and_then(|column| column.get(row)));
            let Some(key) = id::id(key) else { continue };
            entries.entry(key).or_insert_with(|| Entry {
                title: titles::clean(title).map(|(title, _)| title),
                category: text::category(category),
                price: prices.price(price),
            });
        }
        Self(entries)
    }

    /// What it says of the product with this id.
    pub(super) fn entry(&self, id: &str) -> Option<&Entry> {
        self.0.get(id)
    }
}
