//! Dirty files that the tests write, the shipped file, and two real files on machines that have them.

use std::collections::BTreeMap;
use std::io::Write;

use polars::prelude::{IntoColumn, NamedFrom, ParquetWriter, Series};

use super::*;
use crate::reviews::{DropReason, passages, testing};

const HEADER: &str = "product_id,product_title,rating,summary,review,category,price\n";

/// Writes a file of this name and loads it.
fn load_bytes(name: &str, content: &[u8], flags: &[&str]) -> Result<Corpus, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    load(&path, &ColumnMapping::parse(flags).unwrap())
}

fn load_csv(content: &str) -> Corpus {
    load_bytes("reviews.csv", content.as_bytes(), &[]).unwrap_or_else(|error| panic!("{content:?}: {error}"))
}

/// One line for each review: `title|rating|summary|text`.
fn shown(corpus: &Corpus) -> Vec<String> {
    let line = |review: &crate::reviews::Review| {
        let title = &corpus.products[review.product.0 as usize].title;
        format!("{title}|{}|{}|{}", review.rating, review.summary, review.text)
    };
    corpus.reviews.iter().map(line).collect()
}

#[test]
fn habits_of_files_in_the_wild_do_not_matter() {
    let plain: &[&str] = &["Kettle|5|Good|boils fast"];
    let table: [(&str, &str, &[&str]); 15] = [
        ("as agreed", "k1,Kettle,5,Good,boils fast,kitchen,900\n", plain),
        (
            "line breaks in quotes",
            "k1,Kettle,5,Good,\"boils\nfast,\r\nreally\",,\n",
            &["Kettle|5|Good|boils fast, really"],
        ),
        (
            "ratings in words",
            "k1,Kettle,5.0 out of 5 stars,Good,boils fast,,\n",
            plain,
        ),
        (
            "Ctrl-Z at the end",
            "k1,Kettle,5,Good,boils fast,,\n\u{1a}",
            plain,
        ),
        (
            "Windows' line ends",
            "k1,Kettle,5,Good,boils fast,,900\r\n\r\n",
            plain,
        ),
        ("no line end", "k1,Kettle,5,Good,boils fast,,900", plain),
        ("a short line", "k1,Kettle,5,Good,boils fast\n", plain),
        (
            "a long line",
            "k1,Kettle,5,Good,boils fast,,900,what,now\n",
            plain,
        ),
        ("READ MORE", "k1,Kettle,5,Good,boils fastREAD MORE,,\n", plain),
        (
            "nan as a headline",
            "k1,Kettle,5,nan,boils fast,,\n",
            &["Kettle|5||boils fast"],
        ),
        (
            "emoji",
            "k1,Kettle,5,👍🏽,boils fast 🔥,,\n",
            &["Kettle|5|👍🏽|boils fast 🔥"],
        ),
        (
            "quotes in quotes",
            "k1,Kettle,5,Good,\"a \"\"fast\"\" one\",,\n",
            &["Kettle|5|Good|a \"fast\" one"],
        ),
        (
            "a quote in the middle",
            "k1,Kettle,5,Good,the 5\" lid,,\nk1,Kettle,4,,ok ok,,\n",
            &["Kettle|5|Good|the 5\" lid", "Kettle|4||ok ok"],
        ),
        (
            "a quote not escaped",
            "k1,Kettle,5,Good,\"he said \"wow\" fast\",,\n",
            &["Kettle|5|Good|he said \"wow\" fast"],
        ),
        (
            "no id",
            ",Kettle,5,Good,boils fast,,\nnan,KETTLE!,4,,leaks,,\n",
            &["Kettle|5|Good|boils fast", "Kettle|4||leaks"],
        ),
    ];
    for (habit, content, expected) in table {
        for mark in ["", "\u{feff}"] {
            let corpus = load_csv(&format!("{mark}{HEADER}{content}"));
            assert_eq!(shown(&corpus), expected, "{habit}");
        }
    }
}

#[test]
fn headers_may_be_spelt_otherwise() {
    for header in [
        "product_name,Rate,Summery,review_text",
        "Product Name,Rating,Review Title,Review Text",
        "PRODUCT,stars,headline,comment",
        "Product_Title,Rating,Summary,Body",
    ] {
        let corpus = load_csv(&format!("{header}\nKettle,5,Good,boils very fast\n"));
        assert_eq!(shown(&corpus), ["Kettle|5|Good|boils very fast"], "{header}");
    }
    let corpus = load_csv(
        ",product,rating,review,Price\n0,Kettle,5,boils fast,\"₹2,390\"\n1,Kettle,4,leaks,\"₹2,390\"\n",
    );
    assert_eq!(shown(&corpus), ["Kettle|5||boils fast", "Kettle|4||leaks"]);
    assert_eq!(corpus.products[0].price, Some(2390));
}

#[test]
fn where_names_mislead_the_longer_texts_are_the_review_and_a_mapping_wins() {
    let content =
        "product,Rate,Review,Summary\nKettle,5,super!,boils very fast indeed\nKettle,4,nan,lid is loose\n";
    let swapped = ["Kettle|5|super!|boils very fast indeed", "Kettle|4||lid is loose"];
    for (flags, expected) in [
        (&[][..], &swapped[..]),
        (&["review=Summary"], &swapped),
        (
            &["review=Review", "summary=Summary"],
            // As a headline of the writer's own it opens the text.
            &["Kettle|5||boils very fast indeed. super!"],
        ),
    ] {
        let corpus = load_bytes("reviews.csv", content.as_bytes(), flags).unwrap();
        assert_eq!(shown(&corpus), expected, "{flags:?}");
    }
}

#[test]
fn a_file_without_a_header_line_is_read_by_column_numbers() {
    let content = "k1,Kettle,5,Good,boils fast\nk1,Kettle,4,Fine,lid is loose\n";
    let error = load_bytes("reviews.csv", content.as_bytes(), &[])
        .unwrap_err()
        .to_string();
    for part in ["#2 \"Kettle\"", "#5 \"boils fast\"", "--column review=#5"] {
        assert!(error.contains(part), "{error}");
    }
    let flags = [
        "product_id=#1",
        "product_title=#2",
        "rating=#3",
        "summary=#4",
        "review=#5",
    ];
    let corpus = load_bytes("reviews.csv", content.as_bytes(), &flags).unwrap();
    assert_eq!(
        shown(&corpus),
        ["Kettle|5|Good|boils fast", "Kettle|4|Fine|lid is loose"]
    );
    assert_eq!(corpus.products[0].key, "k1");
}

#[test]
fn every_format_and_compression_gives_the_same_corpus() {
    let csv =
        format!("{HEADER}k1,Kettle,5,Good,boils fast,kitchen,900\nk2,Lamp,1,Bad,broke in 2 days,home,250\n");
    let tsv = csv.replace(',', "\t");
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    let expected = load_csv(&csv);
    assert_eq!(expected.reviews.len(), 2);
    for (name, bytes) in [
        ("a.tsv", tsv.clone().into_bytes()),
        ("a.csv.gz", gzip(&csv)),
        ("a.CSV.zst", zstd(&csv)),
        ("a.tsv.gz", gzip(&tsv)),
        ("a.tsv.zst", zstd(&tsv)),
        ("a.parquet", parquet()),
    ] {
        assert_eq!(load_bytes(name, &bytes, &[]).unwrap(), expected, "{name}");
    }
}

/// The two reviews above, with numbers as numbers.
fn parquet() -> Vec<u8> {
    let text = |name: &str, cells: [&str; 2]| Series::new(name.into(), cells).into_column();
    let columns = vec![
        text("product_id", ["k1", "k2"]),
        text("product_title", ["Kettle", "Lamp"]),
        Series::new("rating".into(), [5.0, 1.0]).into_column(),
        text("summary", ["Good", "Bad"]),
        text("review", ["boils fast", "broke in 2 days"]),
        text("category", ["kitchen", "home"]),
        Series::new("price".into(), [900_i64, 250]).into_column(),
    ];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .finish(&mut DataFrame::new(2, columns).unwrap())
        .unwrap();
    bytes
}

#[test]
fn bytes_that_are_not_utf8_cost_a_character_not_the_file() {
    let content = [HEADER.as_bytes(), b"k1,Caf\xe9 Kettle,5,Good,boils \xff fast,,\n"].concat();
    let corpus = load_bytes("reviews.csv", &content, &[]).unwrap();
    assert_eq!(shown(&corpus), ["Caf\u{fffd} Kettle|5|Good|boils \u{fffd} fast"]);
}

#[test]
fn a_file_that_cannot_be_used_says_why_and_what_to_do() {
    let row = "k1,Kettle,5,Good,boils fast,,\n";
    let bad_rows = "product,rating,review\nKettle,9,boils\nKettle,5,nan\nKettle,7,ok\n";
    let counted = "(2 rows: no rating of 1 to 5 whole stars; 1 row: no text)";
    let body = "no column Body, which --column review=Body asks for";
    let no_text = "no column for the text of the review";
    for (name, content, flags, expected) in [
        ("reviews.xlsx", HEADER, &[][..], "ends in .csv, .tsv or .parquet"),
        ("reviews", HEADER, &[], "ends in .csv, .tsv or .parquet"),
        (
            "reviews.parquet.gz",
            HEADER,
            &[],
            "ends in .csv, .tsv or .parquet",
        ),
        ("reviews.csv", "", &[], "is empty"),
        ("reviews.csv", "\u{feff}\n\u{1a}", &[], "is empty"),
        ("reviews.csv", HEADER, &[], "is empty"),
        ("reviews.csv", "product,rating\nKettle,5\n", &[], no_text),
        (
            "reviews.csv",
            "product,review\nKettle,boils\n",
            &[],
            "--column rating=NAME",
        ),
        ("reviews.csv", row, &["review=Body"], body),
        ("reviews.csv.gz", row, &[], "could not be read"),
        ("reviews.csv.zst", row, &[], "could not be read"),
        ("reviews.parquet", row, &[], "is not a table that can be read"),
        ("reviews.csv", bad_rows, &[], "None of the 3 rows of"),
        ("reviews.csv", bad_rows, &[], counted),
    ] {
        let error = load_bytes(name, content.as_bytes(), flags)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.contains(name) && error.ends_with('.'), "{error}");
    }
    let absent = load(Path::new("no/such/file.csv"), &ColumnMapping::default());
    let error = absent.unwrap_err().to_string();
    assert!(
        error.contains("no/such/file.csv") && error.contains("--data"),
        "{error}"
    );
}

#[test]
fn the_fingerprint_follows_what_was_kept() {
    let of = |rows: &str| load_csv(&format!("{HEADER}{rows}")).fingerprint;
    let first = of("k1,Kettle,5,Good,boils fast,,\n");
    assert_eq!(
        first,
        of("k1,Kettle,5.0,Good,  boils  fast,,\nk1,Kettle,5,Good,boils fast,,\nk1,Kettle,x,,y,,\n")
    );
    assert_ne!(first, of("k1,Kettle,4,Good,boils fast,,\n"));
}

/// Loads a file and checks what holds of every corpus, however dirty the file.
fn load_and_check(path: &Path) -> Corpus {
    let corpus = load(path, &ColumnMapping::default()).unwrap();
    let Corpus {
        products, reviews, ..
    } = &corpus;
    let by_product: usize = products.iter().map(|product| product.reviews.len()).sum();
    assert_eq!(by_product, reviews.len());
    let keys: std::collections::HashSet<_> = products.iter().map(|product| &product.key).collect();
    assert_eq!(keys.len(), products.len());
    assert!(
        products
            .iter()
            .all(|product| (1.0..=5.0).contains(&product.mean_rating()))
    );
    assert!(
        reviews
            .iter()
            .all(|review| !review.text.is_empty() && (1..=5).contains(&review.rating))
    );
    let passages = passages(&corpus);
    for passage in &passages {
        let text = passage.text(&corpus);
        assert!(
            !text.is_empty() && text.trim() == text && text.chars().count() <= 325,
            "{text:?}"
        );
    }
    assert!(passages.windows(2).all(
        |pair| (pair[0].review, pair[0].end) <= (pair[1].review, pair[1].start)
            || pair[0].review < pair[1].review
    ));
    corpus
}

#[test]
fn the_shipped_reviews_and_450_real_ones_load_completely() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flipkart_product_review.csv");
    for (path, reviews, products, ratings) in [
        (Some(shipped), 581, 46, [86, 57, 62, 146, 230]),
        (
            testing::real_file("flipkart_product_review.csv"),
            450,
            9,
            [29, 2, 26, 95, 298],
        ),
    ] {
        let Some(path) = path else { continue };
        let corpus = load_and_check(&path);
        assert_eq!(
            (corpus.reviews.len(), corpus.products.len(), corpus.dropped.len()),
            (reviews, products, 0)
        );
        let rated = |stars| {
            corpus
                .reviews
                .iter()
                .filter(|review| review.rating == stars)
                .count()
        };
        assert_eq!([1, 2, 3, 4, 5].map(rated), ratings);
    }
}

#[test]
fn the_205_052_real_reviews_load() {
    let Some(path) = testing::real_file("flipkart_reviews_205k.csv.zst") else {
        return;
    };
    let corpus = load_and_check(&path);
    let dropped: BTreeMap<DropReason, usize> = corpus.dropped.iter().copied().collect();
    assert_eq!(dropped.get(&DropReason::BadRating), Some(&3));
    assert_eq!(dropped.get(&DropReason::NoText), Some(&11));
    // Another program counted the same. 34,375 rows are equal to the byte; 35,709 are equal without price and sentiment
    // and with white space folded; the rest is found because ten products with two spellings each are merged.
    assert_eq!(dropped.get(&DropReason::Duplicate), Some(&37_240));
    assert_eq!((corpus.reviews.len(), corpus.products.len()), (167_798, 948));
    assert_eq!(corpus.reviews.len() + dropped.values().sum::<usize>(), 205_052);
    let priced = corpus.products.iter().filter(|product| product.price.is_some());
    assert!(priced.count() > 900);
    // The column `Review` has the headlines. 24,664 of them are `nan`; 15,170 of these rows are no duplicates. 857
    // other headlines are their writers' own and open the text.
    let without_headline = corpus.reviews.iter().filter(|review| review.summary.is_empty());
    assert_eq!(without_headline.count(), 15_170 + 857);
}
