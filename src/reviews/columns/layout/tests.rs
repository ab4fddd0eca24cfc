//! Which column is which, by names and by content.

use polars::prelude::{NamedFrom, Series, StringChunked};

use super::*;
use crate::reviews::table::Source;

/// A table with a header and rows, cells separated by commas.
fn table(lines: &[&str]) -> Table {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split(',').collect()).collect();
    let column = |at: usize| -> StringChunked {
        let cells: Vec<&str> = rows[1..].iter().map(|row| row[at]).collect();
        Series::new("".into(), cells).str().unwrap().clone()
    };
    Table {
        headers: rows[0].iter().map(|header| (*header).to_string()).collect(),
        columns: (0..rows[0].len()).map(column).collect(),
        long: Vec::new(),
        source: Source::default(),
    }
}

fn resolve(lines: &[&str], flags: &[&str]) -> Result<ColumnLayout, Unresolved> {
    ColumnLayout::resolve(
        &table(lines),
        &ColumnMapping::parse(flags).unwrap(),
        Names::included(),
    )
}

/// `i` product_id, `t` product_title, `r` rating, `s` summary, `b` review, `c` category, `p` price, `-` unused.
fn letters(lines: &[&str], flags: &[&str]) -> String {
    let layout = resolve(lines, flags).unwrap_or_else(|error| panic!("{lines:?}: {error:?}"));
    let letter = |column| {
        let mut roles = ColumnRole::ALL.into_iter().zip("itrsbcp".chars());
        let role = roles.find(|(role, _)| layout.column(*role) == Some(column));
        role.map_or('-', |(_, letter)| letter)
    };
    (0..lines[0].split(',').count()).map(letter).collect()
}

#[test]
fn columns_are_found_by_name_whatever_the_spelling() {
    for (header, row, expected) in [
        (
            "product_id,product_title,rating,summary,review,category,price",
            "k1,Kettle,5,Good,boils fast,kettles,900",
            "itrsbcp",
        ),
        (
            "product_name,product_price,Rate,Review,Summary,Sentiment",
            "Kettle,900,5,super,boils very fast,positive",
            "tprsb-",
        ),
        (
            ",Product Name,Rating,Summery,Review Text",
            "0,Kettle,5,Good,boils fast",
            "-trsb",
        ),
        (
            "Unnamed: 0,PRODUCT-TITLE,Stars,Review Title,Comment",
            "0,Kettle,5,Good,boils fast",
            "-trsb",
        ),
        ("id,title,rating,text", "7,Kettle,5,boils fast", "-trb"),
        ("name,title,rating,text", "Kettle,Good,5,boils fast", "tsrb"),
        (
            "asin,reviews.rating,reviews.text,reviews.title",
            "k1,5,boils fast,Good",
            "irbs",
        ),
        // `reviews` is the number of reviews here.
        ("product,reviews,stars,comment", "Kettle,17,5,boils fast", "t-rb"),
    ] {
        assert_eq!(letters(&[header, row], &[]), expected, "{header}");
    }
}

#[test]
fn a_mapping_by_hand_wins() {
    let lines = [
        "product_name,Rate,Review,Summary",
        "Kettle,5,super,boils very fast",
    ];
    for (flags, expected) in [
        (&["review=Summary"][..], "trsb"),
        (&["summary=review"], "trsb"),
        (&["review=Review"], "trbs"),
        (&["review=Summary", "summary=Review"], "trsb"),
        (&["product_title=Summary"], "-rbt"),
        (&["product_title=#4", "rating=#1", "review=#2"], "rb-t"),
    ] {
        assert_eq!(letters(&lines, flags), expected, "{flags:?}");
    }
    let why = |flags: &[&str]| resolve(&lines, flags).unwrap().why(ColumnRole::Review);
    assert_eq!(why(&[]), Some(Why::NameAndContent));
    assert_eq!(why(&["review=Review"]), Some(Why::ByHand));
}

#[test]
fn a_weak_name_is_what_its_content_is() {
    let header = "sku,name,title,rating,text";
    let rows = |names: [&str; 6]| -> Vec<String> {
        let row = |(at, name): (usize, &str)| format!("k{},{name},Headline {at},5,boils fast {at}", at % 2);
        [header.to_string()]
            .into_iter()
            .chain(names.into_iter().enumerate().map(row))
            .collect()
    };
    let letters_of = |names| {
        let lines = rows(names);
        letters(&lines.iter().map(String::as_str).collect::<Vec<_>>(), &[])
    };
    assert_eq!(
        letters_of(["Kettle", "Lamp", "Kettle", "Lamp", "Kettle", "Lamp"]),
        "itsrb"
    );
    assert_eq!(
        letters_of(["Asha", "Ravi", "Mina", "Joe", "Lea", "Asha"]),
        "i-srb"
    );
    // One name for both ids: a brand, or a shop.
    assert_eq!(
        letters_of(["Onyx", "Onyx", "Onyx", "Onyx", "Onyx", "Onyx"]),
        "i-srb"
    );
    let people = [
        "name,rating,comment",
        "Asha,5,a",
        "Ravi,4,b",
        "Mina,3,c",
        "Joe,2,d",
        "Asha,1,e",
    ];
    let refused = Unresolved::NoProduct {
        column: "name".into(),
        distinct: 4,
        rows: 5,
    };
    assert_eq!(resolve(&people, &[]), Err(refused));
    assert_eq!(letters(&people, &["product_title=name"]), "trb");
}

#[test]
fn a_column_without_a_known_name_is_found_if_only_one_can_be_meant() {
    let lines = [
        "product,Opinion in full,Punkte,Farbe",
        "Kettle,it boils a full litre in four minutes,5,rot",
        "Kettle,the lid does not close after three weeks,2,rot",
        "Lamp,its light is warm enough to read under,4,rot",
    ];
    assert_eq!(letters(&lines, &[]), "tbr-");
    assert_eq!(
        resolve(&lines, &[]).unwrap().why(ColumnRole::Rating),
        Some(Why::Content)
    );
}

#[test]
fn a_column_that_cannot_be_found_is_named() {
    use ColumnRole::{ProductTitle, Rating, Review};
    use Unresolved::{Missing, Nothing, Unknown};
    let unknown = |role, column: &str| Unknown(role, column.into());
    for (header, flags, expected) in [
        ("5,good phone,I like it", &[][..], Nothing),
        ("rating,review", &[], Missing(ProductTitle)),
        ("product,review", &[], Missing(Rating)),
        ("product,rating,summary", &[], Missing(Review)),
        ("product,rating", &["review=Body"], unknown(Review, "Body")),
        ("a,b", &["rating=#3"], unknown(Rating, "#3")),
        ("a,b", &["rating=#2"], Missing(ProductTitle)),
    ] {
        assert_eq!(
            resolve(&[header, header], flags),
            Err(expected),
            "{header} {flags:?}"
        );
    }
    assert_eq!(
        resolve(&["sku,rating,review", "8.9E+12,5,good"], &[]),
        Err(Unresolved::Rounded("sku".into()))
    );
}
