//! A table and the user's mapping in; the role of each column out.
//!
//! A clear name counts if the column's content does not speak against it. A weak name (`name`, `title`) counts if the
//! content speaks for it: a product's title is the same in all rows of an id, and without an id in many rows; a
//! reviewer's name and a headline are not. What has no name that is known is found by content alone where only one
//! column can be meant.

use super::profile::{self, Profile, Spread};
use crate::reviews::cells::rating::{self, RatingScale};
use crate::reviews::roles::{ColumnMapping, ColumnRole, Names};
use crate::reviews::table::Table;

/// With fewer rows, nothing is concluded from values that differ.
const FEWEST_ROWS: usize = 5;
/// A text that is found by its content alone has at least so many bytes, …
const LEAST_TEXT: usize = 30;
/// … and so many times more than any other column.
const LONGER: usize = 2;

/// How a column was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// By `--column`.
    ByHand,
    /// By its name.
    Name,
    /// By its name and its content: the name alone could mean something else.
    NameAndContent,
    /// By its content.
    Content,
}

impl Why {
    /// In words.
    pub(in crate::reviews) const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Name => "by its name",
            Self::NameAndContent => "by its name and content",
            Self::Content => "by its content",
        }
    }
}

/// The column of each role, counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::reviews) struct ColumnLayout {
    columns: [Option<(usize, Why)>; ColumnRole::ALL.len()],
    /// What was decided against the names, in sentences.
    pub warnings: Vec<String>,
}

/// Why the columns could not be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reviews) enum Unresolved {
    /// No column at all was recognised.
    Nothing,
    /// This required column is missing.
    Missing(ColumnRole),
    /// The mapping names a column that does not exist.
    Unknown(ColumnRole, String),
    /// The only column that may be the product has another value in most rows.
    NoProduct {
        column: String,
        distinct: usize,
        rows: usize,
    },
    /// Excel rounded the ids of all products.
    Rounded(String),
}

impl ColumnLayout {
    /// Finds every role's column.
    pub(in crate::reviews) fn resolve(
        table: &Table,
        mapping: &ColumnMapping,
        names: &Names,
    ) -> Result<Self, Unresolved> {
        let mut finder = Finder::new(table, names);
        for (role, position) in mapping.positions(&table.headers) {
            let position = position.map_err(|column| Unresolved::Unknown(role, column))?;
            finder.take(role, position, Why::ByHand);
        }
        if !mapping.is_numbered() {
            finder.find()?;
        }
        finder.layout.check()?;
        Ok(finder.layout)
    }

    /// The columns of a catalogue: the products, without reviews; found by their names.
    pub(in crate::reviews) fn of_catalogue(table: &Table, names: &Names) -> Result<Self, Unresolved> {
        use ColumnRole::{Category, Price, ProductId, ProductTitle};
        let mut finder = Finder::new(table, names);
        finder.by_name(&[ProductId, ProductTitle, Category, Price]);
        if finder.layout.column(ProductId).is_none() {
            return Err(Unresolved::Missing(ProductId));
        }
        let weak = finder.weak(ProductTitle).next();
        if finder.layout.column(ProductTitle).is_none()
            && let Some(column) = weak
        {
            finder.take(ProductTitle, column, Why::Name);
        }
        Ok(finder.layout)
    }

    /// The column of a role.
    pub(in crate::reviews) fn column(&self, role: ColumnRole) -> Option<usize> {
        self.columns[role as usize].map(|(column, _)| column)
    }

    /// How the column of a role was found.
    pub(in crate::reviews) fn why(&self, role: ColumnRole) -> Option<Why> {
        self.columns[role as usize].map(|(_, why)| why)
    }

    fn check(&self) -> Result<(), Unresolved> {
        if self.columns.iter().all(Option::is_none) {
            return Err(Unresolved::Nothing);
        }
        let product = self
            .column(ColumnRole::ProductId)
            .or(self.column(ColumnRole::ProductTitle));
        if product.is_none() {
            return Err(Unresolved::Missing(ColumnRole::ProductTitle));
        }
        let needed = [ColumnRole::Rating, ColumnRole::Review]
            .into_iter()
            .find(|role| self.column(*role).is_none());
        needed.map_or(Ok(()), |role| Err(Unresolved::Missing(role)))
    }
}

struct Finder<'a> {
    table: &'a Table,
    names: &'a Names,
    profiles: Vec<Profile>,
    layout: ColumnLayout,
}

impl<'a> Finder<'a> {
    fn new(table: &'a Table, names: &'a Names) -> Self {
        Self {
            table,
            names,
            profiles: (0..table.headers.len())
                .map(|column| Profile::of(table, column))
                .collect(),
            layout: ColumnLayout::default(),
        }
    }

    fn take(&mut self, role: ColumnRole, column: usize, why: Why) {
        self.layout.columns[role as usize] = Some((column, why));
    }

    fn is_free(&self, column: usize) -> bool {
        !self
            .layout
            .columns
            .iter()
            .flatten()
            .any(|(taken, _)| *taken == column)
    }

    fn find(&mut self) -> Result<(), Unresolved> {
        let by_hand = |layout: &ColumnLayout, role| layout.column(role).is_some();
        let texts = [ColumnRole::Summary, ColumnRole::Review].map(|role| by_hand(&self.layout, role));
        self.by_name(&ColumnRole::ALL);
        if self.layout.columns.iter().all(Option::is_none) && !self.has_weak() {
            return Err(Unresolved::Nothing);
        }
        self.without_rounded_ids()?;
        self.weak_title()?;
        self.texts(texts);
        self.by_content();
        Ok(())
    }

    /// Columns with a clear name; of several, the clearest whose content is not against it.
    fn by_name(&mut self, roles: &[ColumnRole]) {
        for &role in roles {
            if self.layout.column(role).is_some() {
                continue;
            }
            let mut columns: Vec<(usize, usize)> = (0..self.table.headers.len())
                .filter(|column| self.is_free(*column))
                .filter_map(|column| match self.names.role(&self.table.headers[column]) {
                    Some((of, rank)) if of == role => Some((rank, column)),
                    _ => None,
                })
                .collect();
            columns.sort_unstable();
            let fitting = columns
                .iter()
                .find(|(_, column)| self.fits(role, *column))
                .or(columns.first());
            if let Some(&(_, column)) = fitting {
                self.take(role, column, Why::Name);
            }
        }
    }

    /// Whether a column's content may have this role.
    fn fits(&self, role: ColumnRole, column: usize) -> bool {
        let profile = &self.profiles[column];
        match role {
            ColumnRole::Rating => profile.is_mostly(profile.ratings, 0.5),
            ColumnRole::Summary | ColumnRole::Review => {
                profile.present > 0 && !profile.is_mostly(profile.numbers, 0.5)
            }
            ColumnRole::ProductTitle => profile.present > 0 && !profile.is_mostly(profile.numbers, 0.9),
            ColumnRole::ProductId | ColumnRole::Category | ColumnRole::Price => profile.present > 0,
        }
    }

    fn weak(&self, role: ColumnRole) -> impl Iterator<Item = usize> {
        (0..self.table.headers.len()).filter(move |column| {
            self.is_free(*column) && self.names.is_weak(&self.table.headers[*column], role)
        })
    }

    fn has_weak(&self) -> bool {
        ColumnRole::ALL
            .into_iter()
            .any(|role| self.weak(role).next().is_some())
    }

    /// Ids that Excel rounded tell no products apart.
    fn without_rounded_ids(&mut self) -> Result<(), Unresolved> {
        let Some((column, why)) = self.layout.columns[ColumnRole::ProductId as usize] else {
            return Ok(());
        };
        let profile = &self.profiles[column];
        if !profile.is_mostly(profile.rounded, 0.5) {
            return Ok(());
        }
        let header = &self.table.headers[column];
        if self.layout.column(ColumnRole::ProductTitle).is_none()
            && self.weak(ColumnRole::ProductTitle).next().is_none()
        {
            return Err(Unresolved::Rounded(header.clone()));
        }
        let warning = format!(
            "The ids in {header} were rounded by a spreadsheet, as in 8.9E+12, and tell no products apart: products are \
             told by their titles. Export the ids as text."
        );
        self.layout.warnings.push(warning);
        if why != Why::ByHand {
            self.layout.columns[ColumnRole::ProductId as usize] = None;
            // So that no other role takes it.
            self.profiles[column] = Profile::default();
        }
        Ok(())
    }

    /// A weak name is the product's title if the content says so.
    fn weak_title(&mut self) -> Result<(), Unresolved> {
        if self.layout.column(ColumnRole::ProductTitle).is_some() {
            return Ok(());
        }
        let candidates: Vec<usize> = self.weak(ColumnRole::ProductTitle).collect();
        if let Some(id) = self.layout.column(ColumnRole::ProductId) {
            let title = candidates
                .into_iter()
                .find(|column| profile::settles(self.table, id, *column));
            if let Some(title) = title {
                self.take(ColumnRole::ProductTitle, title, Why::NameAndContent);
            }
            return Ok(());
        }
        let spreads: Vec<(usize, Spread)> = candidates
            .iter()
            .map(|column| (*column, Spread::of(self.table, *column)))
            .collect();
        let repeats = |spread: &Spread| {
            spread.rows < FEWEST_ROWS
                || spread.distinct * 2 <= spread.rows && spread.single * 3 <= spread.rows
        };
        match (
            spreads.iter().find(|(_, spread)| repeats(spread)),
            spreads.first(),
        ) {
            (Some((column, _)), _) => {
                self.take(ColumnRole::ProductTitle, *column, Why::NameAndContent);
                Ok(())
            }
            (None, Some((column, spread))) => Err(Unresolved::NoProduct {
                column: self.table.headers[*column].clone(),
                distinct: spread.distinct,
                rows: spread.rows,
            }),
            (None, None) => Ok(()),
        }
    }

    /// Headline and review. `by_hand` says which of them the user named.
    fn texts(&mut self, by_hand: [bool; 2]) {
        use ColumnRole::{Review, Summary};
        // `--column review=Summary` alone: the column called `Review` is then the headline, and the other way round.
        match by_hand {
            [false, true] if self.layout.column(Summary).is_none() => self.other_text(Summary, Review),
            [true, false] if self.layout.column(Review).is_none() => self.other_text(Review, Summary),
            _ => {}
        }
        let weak = self.weak(Summary).find(|column| self.fits(Summary, *column));
        if self.layout.column(Summary).is_none()
            && let Some(title) = weak
        {
            self.take(Summary, title, Why::Name);
        }
        let found = [Summary, Review].map(|role| self.layout.column(role));
        if by_hand == [false, false]
            && let [Some(headline), Some(body)] = found
            && self.profiles[headline].length > self.profiles[body].length
        {
            self.take(Review, headline, Why::NameAndContent);
            self.take(Summary, body, Why::NameAndContent);
            let [headline, body] = [headline, body].map(|column| &self.table.headers[column]);
            self.layout.warnings.push(format!(
                "The texts under {headline} are typically longer than those under {body}, so {headline} is taken for the \
                 review and {body} for its headline. If that is wrong, give --column review={body} --column \
                 summary={headline}."
            ));
        }
    }

    fn other_text(&mut self, role: ColumnRole, named: ColumnRole) {
        let column = (0..self.table.headers.len()).find(|column| {
            let name = self.names.role(&self.table.headers[*column]);
            self.is_free(*column) && name.is_some_and(|(of, _)| of == named)
        });
        if let Some(column) = column {
            self.take(role, column, Why::Name);
        }
    }

    /// Columns without a known name that can only be the review or the rating.
    fn by_content(&mut self) {
        let unknown: Vec<usize> = (0..self.table.headers.len())
            .filter(|column| self.is_free(*column) && !self.names.is_known(&self.table.headers[*column]))
            .collect();
        if self.layout.column(ColumnRole::Review).is_none() {
            let mut by_length = unknown.clone();
            by_length.sort_by_key(|column| std::cmp::Reverse(self.profiles[*column].length));
            let length = |at: usize| {
                by_length
                    .get(at)
                    .map_or(0, |column| self.profiles[*column].length)
            };
            if let Some(&column) = by_length.first()
                && length(0) >= LEAST_TEXT.max(LONGER * length(1))
                && self.profiles[column].is_mostly(self.profiles[column].distinct, 0.5)
            {
                self.take(ColumnRole::Review, column, Why::Content);
            }
        }
        if self.layout.column(ColumnRole::Rating).is_none() {
            let is_rating = |column: &&usize| {
                let cells = self.table.column(**column);
                let profile = &self.profiles[**column];
                let stars = cells.filter(|cell| rating::stars(*cell, RatingScale::Five).is_some());
                profile.present > 0 && profile.distinct >= 3 && stars.count() * 10 >= self.table.rows() * 9
            };
            let mut ratings = unknown.iter().filter(is_rating);
            if let (Some(&column), None) = (ratings.next(), ratings.next()) {
                self.take(ColumnRole::Rating, column, Why::Content);
            }
        }
    }
}

#[cfg(test)]
mod tests;
