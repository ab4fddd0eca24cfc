//! Headers and the user's mapping in; the role of each column out.
//!
//! A column is found by the user's `--column`, or else by its name: case, spaces and underscores do not matter, and
//! common other names and misspellings are recognised. Pure; fails if a required column cannot be found.

/// The role of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ColumnRole {
    /// The shop's own id of the product.
    ProductId,
    /// The product's name.
    ProductTitle,
    /// The stars.
    Rating,
    /// The headline of the review.
    Summary,
    /// The body of the review.
    Review,
    /// The kind of product.
    Category,
    /// The price in rupees.
    Price,
}

impl ColumnRole {
    /// All roles, in the order of the file that the project ships.
    pub(crate) const ALL: [Self; 7] = [
        Self::ProductId,
        Self::ProductTitle,
        Self::Rating,
        Self::Summary,
        Self::Review,
        Self::Category,
        Self::Price,
    ];

    /// The name that `--column` takes, which is also the header in the file that the project ships.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProductId => "product_id",
            Self::ProductTitle => "product_title",
            Self::Rating => "rating",
            Self::Summary => "summary",
            Self::Review => "review",
            Self::Category => "category",
            Self::Price => "price",
        }
    }

    /// The role in words, for an error message about a missing column.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Self::ProductId | Self::ProductTitle => "the product (an id or a title)",
            Self::Rating => "the rating",
            Self::Summary => "the headline",
            Self::Review => "the text of the review",
            Self::Category => "the category",
            Self::Price => "the price",
        }
    }

    /// Names seen in real files, folded, separated by spaces, the clearest first. A bare `id` is not a name of the
    /// product's id: it usually numbers the rows. `title` is the product's only if no other column is.
    const fn aliases(self) -> &'static str {
        match self {
            Self::ProductId => "productid pid productcode itemid asin sku fsn",
            Self::ProductTitle => "producttitle productname itemname itemtitle product name title",
            Self::Rating => "rating ratings rate reviewrating starrating reviewsrating stars star score",
            Self::Summary => {
                "summary summery reviewsummary reviewtitle reviewstitle reviewheading headline heading title"
            }
            Self::Review => {
                "review reviewtext reviewbody reviewcontent reviewstext customerreview text body content comment \
                 comments reviews"
            }
            Self::Category => "category productcategory categoryname maincategory",
            Self::Price => "price productprice sellingprice discountedprice finalprice mrp cost",
        }
    }
}

/// A column as the user specified it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Named(String),
    /// Counted from 0; written `#1` for the first.
    Numbered(usize),
}

/// The columns given with `--column`. Columns given by number mean that the file has no header line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMapping(Vec<(ColumnRole, Column)>);

/// Why a `--column` is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is not of the form `role=column`.
    #[error("--column {0} is not of the form NAME=HEADER. Write for example --column review=Summary.")]
    Form(String),
    /// The name before `=` is unknown.
    #[error("--column {0} has an unknown name. The name before the = must be one of {names}.", names = role_names())]
    UnknownRole(String),
    /// The same role is given twice.
    #[error("--column {0}= is given twice. Give each name once.")]
    Twice(&'static str),
    /// Columns are numbered from 1.
    #[error("--column {0} names no column. Columns are numbered from 1; #0 does not exist.")]
    NumberZero(String),
    /// Names and numbers are mixed, but a file either has a header line or has none.
    #[error(
        "--column gives some columns by name and some by number. Numbers are for a file without a header line."
    )]
    NamesAndNumbers,
}

fn role_names() -> String {
    ColumnRole::ALL.map(ColumnRole::as_str).join(", ")
}

impl ColumnMapping {
    /// Parses the values of all `--column` flags, such as `review=Summary` or `review=#5`.
    ///
    /// # Errors
    /// See [`MappingError`].
    pub fn parse<S: AsRef<str>>(flags: impl IntoIterator<Item = S>) -> Result<Self, MappingError> {
        let mut mapping = Vec::new();
        for flag in flags {
            let (role, column) = parse_one(flag.as_ref())?;
            if mapping.iter().any(|&(other, _)| other == role) {
                return Err(MappingError::Twice(role.as_str()));
            }
            mapping.push((role, column));
        }
        let numbered = mapping
            .iter()
            .filter(|(_, column)| matches!(column, Column::Numbered(_)))
            .count();
        if numbered != 0 && numbered != mapping.len() {
            return Err(MappingError::NamesAndNumbers);
        }
        Ok(Self(mapping))
    }

    /// Whether the columns are numbered, so that the file has no header line.
    pub(super) fn is_numbered(&self) -> bool {
        self.0
            .iter()
            .any(|(_, column)| matches!(column, Column::Numbered(_)))
    }
}

fn parse_one(flag: &str) -> Result<(ColumnRole, Column), MappingError> {
    let form = || MappingError::Form(flag.to_string());
    let (name, column) = flag.split_once('=').ok_or_else(form)?;
    let (name, column) = (name.trim(), column.trim());
    let role = ColumnRole::ALL.into_iter().find(|role| role.as_str() == name);
    let role = role.ok_or_else(|| MappingError::UnknownRole(flag.to_string()))?;
    if column.is_empty() {
        return Err(form());
    }
    let number = column
        .strip_prefix('#')
        .and_then(|digits| digits.parse::<usize>().ok());
    let column = match number {
        Some(0) => return Err(MappingError::NumberZero(flag.to_string())),
        Some(number) => Column::Numbered(number - 1),
        None => Column::Named(column.to_string()),
    };
    Ok((role, column))
}

/// The column of each role, counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ColumnLayout {
    columns: [Option<usize>; ColumnRole::ALL.len()],
    /// Whether headline and body were both found by name, and could be confused.
    pub text_by_name: bool,
}

/// Why the columns could not be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// No column at all was recognised.
    Nothing,
    /// This required column is missing.
    Missing(ColumnRole),
    /// The mapping names a column that does not exist.
    Unknown(ColumnRole, String),
}

impl ColumnLayout {
    /// Finds every role's column, by the mapping first and then by name.
    pub(super) fn resolve(headers: &[String], mapping: &ColumnMapping) -> Result<Self, Unresolved> {
        let mut layout = Self::default();
        for (role, column) in &mapping.0 {
            let found = match column {
                Column::Numbered(number) => Some(*number).filter(|&number| number < headers.len()),
                Column::Named(name) => position(headers, name),
            };
            let name = || match column {
                Column::Numbered(number) => format!("#{}", number + 1),
                Column::Named(name) => name.clone(),
            };
            layout.columns[*role as usize] = Some(found.ok_or_else(|| Unresolved::Unknown(*role, name()))?);
        }
        if !mapping.is_numbered() {
            layout.fill_by_name(headers);
        }
        layout.check()?;
        Ok(layout)
    }

    /// The column of a role.
    pub(super) fn column(&self, role: ColumnRole) -> Option<usize> {
        self.columns[role as usize]
    }

    /// Swaps headline and body.
    pub(super) fn swap_text(&mut self) {
        self.columns
            .swap(ColumnRole::Summary as usize, ColumnRole::Review as usize);
    }

    fn fill_by_name(&mut self, headers: &[String]) {
        let folded: Vec<String> = headers.iter().map(|header| fold(header)).collect();
        let by_hand = [ColumnRole::Summary, ColumnRole::Review].map(|role| self.column(role).is_some());
        for role in ColumnRole::ALL {
            if self.column(role).is_none() {
                self.columns[role as usize] = self.free(&folded, role.aliases());
            }
        }
        // `--column review=Summary` alone: the column called `Review` is then the headline.
        match by_hand {
            [false, true] if self.column(ColumnRole::Summary).is_none() => {
                self.columns[ColumnRole::Summary as usize] = self.free(&folded, ColumnRole::Review.aliases());
            }
            [true, false] if self.column(ColumnRole::Review).is_none() => {
                self.columns[ColumnRole::Review as usize] = self.free(&folded, ColumnRole::Summary.aliases());
            }
            _ => {}
        }
        self.text_by_name = by_hand == [false, false] && self.column(ColumnRole::Summary).is_some();
    }

    /// The first column with one of these names that has no role yet.
    fn free(&self, folded: &[String], aliases: &str) -> Option<usize> {
        let is_free = |column: &usize| !self.columns.contains(&Some(*column));
        let with_name = |alias| (0..folded.len()).find(|column| folded[*column] == alias && is_free(column));
        aliases.split(' ').find_map(with_name)
    }

    fn check(&self) -> Result<(), Unresolved> {
        if self.columns.iter().all(Option::is_none) {
            return Err(Unresolved::Nothing);
        }
        if self
            .column(ColumnRole::ProductId)
            .or(self.column(ColumnRole::ProductTitle))
            .is_none()
        {
            return Err(Unresolved::Missing(ColumnRole::ProductTitle));
        }
        let needed = [ColumnRole::Rating, ColumnRole::Review]
            .into_iter()
            .find(|role| self.column(*role).is_none());
        needed.map_or(Ok(()), |role| Err(Unresolved::Missing(role)))
    }
}

fn position(headers: &[String], name: &str) -> Option<usize> {
    let exact = headers.iter().position(|header| header.trim() == name);
    exact.or_else(|| headers.iter().position(|header| fold(header) == fold(name)))
}

/// `Product Title`, `product_title` and `ProductTitle` are the same name.
fn fold(header: &str) -> String {
    header
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(headers: &str, flags: &[&str]) -> Result<ColumnLayout, Unresolved> {
        let headers: Vec<String> = headers.split(',').map(String::from).collect();
        ColumnLayout::resolve(&headers, &ColumnMapping::parse(flags).unwrap())
    }

    /// `i` product_id, `t` product_title, `r` rating, `s` summary, `b` review, `c` category, `p` price, `-` unused.
    fn letters(headers: &str, flags: &[&str]) -> String {
        let layout = resolve(headers, flags).unwrap_or_else(|error| panic!("{headers}: {error:?}"));
        let letter = |column| {
            let role = ColumnRole::ALL
                .into_iter()
                .zip("itrsbcp".chars())
                .find(|(role, _)| layout.column(*role) == Some(column));
            role.map_or('-', |(_, letter)| letter)
        };
        (0..headers.split(',').count()).map(letter).collect()
    }

    #[test]
    fn columns_are_found_by_name_whatever_the_spelling() {
        for (headers, expected) in [
            (
                "product_id,product_title,rating,summary,review,category,price",
                "itrsbcp",
            ),
            (
                "product_name,product_price,Rate,Review,Summary,Sentiment",
                "tprbs-",
            ),
            (",Product Name,Rating,Summery,Review Text", "-trsb"),
            ("Unnamed: 0,PRODUCT-TITLE,Stars,Review Title,Comment", "-trsb"),
            ("id,title,rating,text", "-trb"),
            ("name,title,rating,text", "tsrb"),
            ("asin,reviews.rating,reviews.text,reviews.title", "irbs"),
        ] {
            assert_eq!(letters(headers, &[]), expected, "{headers}");
        }
    }

    #[test]
    fn a_mapping_by_hand_wins() {
        let headers = "product_name,Rate,Review,Summary";
        for (flags, expected) in [
            (&["review=Summary"][..], "trsb"),
            (&["summary=review"], "trsb"),
            (&["review=Review"], "trbs"),
            (&["review=Summary", "summary=Review"], "trsb"),
            (&["product_title=Summary"], "-rbt"),
            (&["product_title=#4", "rating=#1", "review=#2"], "rb-t"),
        ] {
            assert_eq!(letters(headers, flags), expected, "{flags:?}");
        }
        assert!(resolve(headers, &[]).unwrap().text_by_name);
        assert!(!resolve(headers, &["review=Review"]).unwrap().text_by_name);
    }

    #[test]
    fn a_column_that_cannot_be_found_is_named() {
        use ColumnRole::{ProductTitle, Rating, Review};
        use Unresolved::{Missing, Nothing, Unknown};
        let unknown = |role, column: &str| Unknown(role, column.into());
        for (headers, flags, expected) in [
            ("5,good phone,I like it", &[][..], Nothing),
            ("rating,review", &[], Missing(ProductTitle)),
            ("product,review", &[], Missing(Rating)),
            ("product,rating,summary", &[], Missing(Review)),
            ("product,rating", &["review=Body"], unknown(Review, "Body")),
            ("a,b", &["rating=#3"], unknown(Rating, "#3")),
            ("a,b", &["rating=#2"], Missing(ProductTitle)),
        ] {
            assert_eq!(resolve(headers, flags), Err(expected), "{headers} {flags:?}");
        }
    }

    #[test]
    fn an_invalid_mapping_says_why() {
        for (flags, expected) in [
            (&["review"][..], "is not of the form NAME=HEADER"),
            (&["review="], "is not of the form NAME=HEADER"),
            (
                &["body=Text"],
                "one of product_id, product_title, rating, summary,",
            ),
            (&["body=Text"], "summary, review, category, price."),
            (&["review=A", "review=B"], "--column review= is given twice"),
            (&["review=#0"], "#0 does not exist"),
            (&["review=#1", "rating=Stars"], "some by number"),
        ] {
            let message = ColumnMapping::parse(flags).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
