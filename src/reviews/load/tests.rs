//! Dirty files that the tests write, files in the shapes of real ones, the shipped file, and two real files on machines
//! that have them.

use std::collections::BTreeMap;
use std::io::Write;

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};

use super::*;
use crate::reviews::{ColumnMapping, Price, passages, testing};

const HEADER: &str = "product_id,product_title,rating,summary,review,category,price\n";

/// Writes a file of this name and loads it.
fn load_bytes(name: &str, content: &[u8], flags: &[&str]) -> Result<Corpus, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    load_path(&path, flags)
}

fn load_path(path: &Path, flags: &[&str]) -> Result<Corpus, LoadError> {
    read_path(path, &by_hand(flags)).1
}

fn read_path(path: &Path, options: &ReadingOptions) -> (Reading, Result<Corpus, LoadError>) {
    let sources = Sources {
        data: &[path.into()],
        catalogue: None,
    };
    read(sources, options)
}

fn by_hand(columns: &[&str]) -> ReadingOptions {
    ReadingOptions {
        columns: ColumnMapping::parse(columns).unwrap(),
        ..ReadingOptions::default()
    }
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
    let table: [(&str, &str, &[&str]); 16] = [
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
            "empty cells at the end",
            "k1,Kettle,5,Good,boils fast,,900,,\n",
            plain,
        ),
        (
            "a long line",
            "k1,Kettle,5,Good,boils fast,,900\nk1,Kettle,4,Good,boils, slowly,,900\n",
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
    assert_eq!(corpus.products[0].price, Some(Price::rupees(2390)));
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
        // What a file is, its content says.
        ("a", csv.clone().into_bytes()),
        ("a.xlsx", csv.clone().into_bytes()),
        ("a.csv", gzip(&csv)),
        ("a.csv", parquet()),
        ("a.jsonl", json_lines(&csv).into_bytes()),
        (
            "a.json",
            format!("[{}]", json_lines(&csv).trim().replace('\n', ",")).into_bytes(),
        ),
        (
            "a.json",
            format!(
                "{{\"all\":{{\"reviews\":[{}]}}}}",
                json_lines(&csv).trim().replace('\n', ",")
            )
            .into_bytes(),
        ),
    ] {
        assert_eq!(load_bytes(name, &bytes, &[]).unwrap(), expected, "{name}");
    }
}

/// The rows of a table without quotation marks, as objects.
fn json_lines(csv: &str) -> String {
    let mut lines = csv.lines().map(|line| line.split(','));
    let header: Vec<&str> = lines.next().unwrap().collect();
    let object = |cells: std::str::Split<'_, char>| {
        let fields = header
            .iter()
            .map(|name| (*name).to_string())
            .zip(cells.map(Into::into));
        serde_json::Value::Object(fields.collect())
    };
    lines.map(|cells| format!("{}\n", object(cells))).collect()
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
    let content = [
        HEADER.as_bytes(),
        b"k1,Caf\xe9 Kettle,5,Good,na\xc3\xafve \xff fast,,\n",
    ]
    .concat();
    let corpus = load_bytes("reviews.csv", &content, &[]).unwrap();
    assert_eq!(shown(&corpus), ["Caf Kettle|5|Good|naïve \u{fffd} fast"]);
}

#[test]
fn a_file_that_cannot_be_used_says_why_and_what_to_do() {
    let row = "k1,Kettle,5,Good,boils fast,,\n";
    let bad_rows = "product,rating,review\nKettle,9,boils\nKettle,5,nan\nKettle,7,ok\n";
    let counted = "(2 rows: no rating of 1 to 5 whole stars; 1 row: no text)";
    let body = "no column Body, which --column review=Body asks for";
    let no_text = "no column for the text of the review";
    for (name, content, flags, expected) in [
        ("reviews.csv", "PK\u{3}\u{4}cut off", &[][..], "could not be read"),
        (
            "reviews.csv",
            "\u{1}\u{0}\u{2}\u{0}\u{0}x",
            &[],
            "neither text nor Parquet",
        ),
        ("reviews.csv", "<!DOCTYPE html><html>", &[], "is a web page"),
        (
            "reviews.parquet",
            "PAR1 cut off",
            &[],
            "is not a table that can be read",
        ),
        (
            "reviews.json",
            "{\"a\": [",
            &[],
            "is not a table that can be read",
        ),
        ("reviews.jsonl", "{\"product\": 1}\n7\n", &[], "line 2"),
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
        ("reviews.csv", bad_rows, &[], "None of the 3 rows of"),
        ("reviews.csv", bad_rows, &[], counted),
    ] {
        let error = load_bytes(name, content.as_bytes(), flags)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{name} {content:?}: {error}");
        assert!(error.contains(name) && error.ends_with('.'), "{error}");
    }
    let error = load_path(Path::new("no/such/file.csv"), &[])
        .unwrap_err()
        .to_string();
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
    let corpus = load_path(path, &[]).unwrap();
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

/// A line of tests/data/files/expected.jsonl; the README beside it says what each field means.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    file: String,
    flags: Vec<String>,
    error: Option<Vec<String>>,
    kept: Option<usize>,
    dropped: Option<BTreeMap<String, usize>>,
    products: BTreeMap<String, [u32; 5]>,
    titles: BTreeMap<String, String>,
    prices: BTreeMap<String, Option<f64>>,
    categories: BTreeMap<String, String>,
    texts: Vec<String>,
    headlines: Vec<String>,
    parts: Vec<String>,
    warnings: Vec<String>,
    never: Vec<String>,
    not_headlines: Vec<String>,
}

impl Expected {
    /// The settings of a line.
    fn options(&self) -> ReadingOptions {
        let mut columns = Vec::new();
        let [mut currency, mut separator, mut encoding] = [None; 3];
        let (mut scale, mut sheet) = (None, None);
        for pair in self.flags.chunks(2) {
            match pair[0].as_str() {
                "--column" => columns.push(pair[1].clone()),
                "--currency" => currency = Some(pair[1].as_str()),
                "--separator" => separator = Some(pair[1].as_str()),
                "--encoding" => encoding = Some(pair[1].as_str()),
                "--rating-scale" => scale = clap::ValueEnum::from_str(&pair[1], true).ok(),
                "--sheet" => sheet = Some(pair[1].clone()),
                other => panic!("{other} is no setting"),
            }
        }
        ReadingOptions {
            scale,
            sheet,
            ..ReadingOptions::parse(&columns, currency, separator, encoding).unwrap()
        }
    }

    /// What is wrong with a reading of this file.
    fn problems(&self, reading: &Reading, corpus: Result<Corpus, LoadError>) -> Vec<String> {
        let counted = reading.kept + reading.dropped.iter().map(|(_, rows)| rows).sum::<usize>();
        let mut problems = Vec::new();
        let mut check = |right: bool, what: String| problems.extend((!right).then_some(what));
        check(
            counted == reading.rows,
            format!("{counted} of {} rows", reading.rows),
        );
        let corpus = match (&self.error, corpus) {
            (Some(words), Err(error)) => {
                let error = error.to_string();
                for word in words {
                    check(
                        error.to_lowercase().contains(&word.to_lowercase()),
                        format!("{word} in {error}"),
                    );
                }
                check(error.ends_with('.'), error);
                return problems;
            }
            (None, Ok(corpus)) => corpus,
            (Some(_), Ok(_)) => return vec!["it is not refused".into()],
            (None, Err(error)) => return vec![error.to_string()],
        };
        check(
            self.kept.is_none_or(|kept| kept == reading.kept),
            format!("{} are kept", reading.kept),
        );
        let dropped: BTreeMap<String, usize> = reading
            .dropped
            .iter()
            .map(|(reason, rows)| (reason.as_str().into(), *rows))
            .collect();
        check(
            self.dropped.as_ref().is_none_or(|rows| *rows == dropped),
            format!("{dropped:?}"),
        );
        let product = |name: &String| {
            let is = |product: &&crate::reviews::Product| {
                product.key == *name || product.title.to_lowercase() == name.to_lowercase()
            };
            corpus.products.iter().find(is)
        };
        for (name, histogram) in &self.products {
            let found = product(name).map(|product| product.histogram);
            check(found == Some(*histogram), format!("{name}: {found:?}"));
        }
        let products = corpus.products.len();
        check(
            self.products.is_empty() || self.products.len() == products,
            format!("{products} products"),
        );
        for (name, title) in &self.titles {
            let found = product(name).map(|product| &product.title);
            check(found == Some(title), format!("{name}: {found:?}"));
        }
        for (name, price) in &self.prices {
            let found = product(name)
                .and_then(|product| product.price)
                .map(|price| price.amount());
            check(found == *price, format!("{name} costs {found:?}"));
        }
        for (name, category) in &self.categories {
            let found = product(name).and_then(|product| product.category.as_ref());
            check(found == Some(category), format!("{name} is of {found:?}"));
        }
        let texts = || corpus.reviews.iter().map(|review| &review.text);
        let headlines = || corpus.reviews.iter().map(|review| &review.summary);
        for text in &self.texts {
            check(texts().any(|other| other == text), format!("no {text}"));
        }
        for headline in &self.headlines {
            let opens = || texts().any(|text| text.starts_with(headline));
            check(
                headlines().any(|other| other == headline) || opens(),
                format!("no headline {headline}"),
            );
        }
        for part in &self.parts {
            check(
                texts().chain(headlines()).any(|text| text.contains(part)),
                format!("no {part}"),
            );
        }
        for headline in &self.not_headlines {
            check(
                headlines().all(|other| other != headline),
                format!("headline {headline}"),
            );
        }
        for warning in &self.warnings {
            let found = reading.warnings.iter().any(|other| other.contains(warning));
            check(found, format!("{:?}", reading.warnings));
        }
        for name in &self.never {
            check(product(name).is_none(), format!("{name} is a product"));
        }
        problems
    }
}

#[test]
fn every_shape_of_real_files_is_read_as_meant_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files");
    let lines = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for line in lines.lines() {
        let expected: Expected = serde_json::from_str(line).unwrap();
        let (reading, corpus) = read_path(&folder.join(&expected.file), &expected.options());
        let problems = expected.problems(&reading, corpus);
        if !problems.is_empty() {
            wrong.push(format!(
                "{} {:?}: {}",
                expected.file,
                expected.flags,
                problems.join("; ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} files:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn several_files_and_a_catalogue_are_one_shop() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("a.csv"),
        "product_id,rating,review\nk1,5,boils fast\nk2,1,broke\n",
    )
    .unwrap();
    std::fs::write(
        path("b.jsonl"),
        "{\"asin\":\"k1\",\"stars\":\"4\",\"text\":\"leaks a little\"}\n",
    )
    .unwrap();
    let catalogue = path("products.tsv");
    std::fs::write(
        &catalogue,
        "sku\tname\tprice\tcategory\nk1\tKettle\t€ 12,50\tkettles\nk9\tFan\t€ 9\tfans\n",
    )
    .unwrap();
    let data = [path("a.csv"), path("b.jsonl")];
    let sources = Sources {
        data: &data,
        catalogue: Some(&catalogue),
    };
    let (reading, corpus) = read(sources, &ReadingOptions::default());
    let corpus = corpus.unwrap();
    assert_eq!(
        (reading.rows, reading.kept, &*reading.format, reading.files.len()),
        (3, 3, "csv, jsonl", 2)
    );
    assert_eq!(reading.currency, Some("EUR"));
    let [kettle, lamp] = &corpus.products[..] else {
        panic!("{:?}", corpus.products)
    };
    assert_eq!(
        (&*kettle.key, &*kettle.title, kettle.category.as_deref()),
        ("k1", "Kettle", Some("kettles"))
    );
    assert_eq!(
        (
            kettle.price.map(|price| price.to_string()).as_deref(),
            kettle.histogram
        ),
        (Some("€12.50"), [0, 0, 0, 1, 1])
    );
    assert_eq!((&*lamp.title, lamp.price), ("k2", None));
    // A folder is its files.
    std::fs::remove_file(&catalogue).unwrap();
    let whole = load_path(folder.path(), &[]).unwrap();
    assert_eq!(whole.reviews, corpus.reviews);
}

#[test]
fn fractions_of_stars_stay_in_the_mean() {
    let content = "product,rating,review\nK,9,good\nK,7,fine\nK,10,best\nK,8,well\n";
    let options = ReadingOptions {
        scale: Some(RatingScale::Ten),
        ..ReadingOptions::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, content).unwrap();
    let product = read_path(&path, &options).1.unwrap().products.remove(0);
    assert_eq!(product.histogram, [0, 0, 0, 2, 2]);
    assert!(
        (product.mean_rating() - 4.25).abs() < 1e-9,
        "{}",
        product.mean_rating()
    );
}

#[test]
fn what_is_most_probably_a_misunderstanding_is_refused_unless_chosen() {
    let table = |row: &dyn Fn(usize) -> String| {
        let rows: String = (0..40).map(row).collect();
        format!("item_id,stars,review\n{rows}")
    };
    let own = table(&|row| format!("R{row},5,text number {row}\n"));
    let unrated = table(&|row| {
        format!(
            "k{},{},text number {row}\n",
            row % 4,
            if row % 3 == 0 { "5" } else { "blue" }
        )
    });
    for (content, flag, expected) in [
        (own, "product_id=item_id", "the id of a review"),
        (unrated, "rating=stars", "for example row 2 with \"blue\""),
    ] {
        let error = load_bytes("a.csv", content.as_bytes(), &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected) && error.contains(flag), "{error}");
        assert!(load_bytes("a.csv", content.as_bytes(), &[flag]).is_ok());
    }
}

/// How a table is written.
#[derive(Debug, Clone)]
struct Writing {
    separator: char,
    backslash: bool,
    quote_all: bool,
    line_end: &'static str,
    preamble: bool,
    wide: bool,
}

impl Writing {
    fn cell(&self, text: &str) -> String {
        let must = self.quote_all || text.contains([self.separator, '"', '\n', '\\']);
        match (must, self.backslash) {
            (false, _) => text.to_string(),
            (true, true) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            (true, false) => format!("\"{}\"", text.replace('"', "\"\"")),
        }
    }

    fn table(&self, rows: &[[String; 4]]) -> Vec<u8> {
        let header = ["product_id", "product_title", "rating", "review"].map(String::from);
        let mut text = String::new();
        if self.preamble {
            text += &format!("Export of all reviews{}{}", self.line_end, self.line_end);
        }
        for row in [&header].into_iter().chain(rows) {
            let cells: Vec<String> = row.iter().map(|cell| self.cell(cell)).collect();
            text += &(cells.join(&self.separator.to_string()) + self.line_end);
        }
        match self.wide {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.into_bytes(),
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(192))]

    #[test]
    fn rows_and_reasons_add_up_whatever_the_dialect_and_the_damage(
        texts in proptest::collection::vec("[a-z]{2,9} [a-z,;|\"\\\\\n\t é👍]{0,24}[a-z]{2,9}", 6..24),
        separator in proptest::sample::select(vec![',', ';', '\t', '|']),
        line_end in proptest::sample::select(vec!["\n", "\r\n"]),
        flags in proptest::array::uniform4(proptest::bool::ANY),
        damage in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 0..6),
    ) {
        let [backslash, quote_all, preamble, wide] = flags;
        let writing = Writing { separator, backslash, quote_all, line_end, preamble, wide };
        let rows: Vec<[String; 4]> = (0..).zip(&texts).map(|(at, text)| {
            let product = at % 3;
            let stars = at % 5 + 1;
            [format!("k{product}"), format!("Kettle {product}"), stars.to_string(), format!("{at} {text}")]
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reviews.csv");
        let whole = writing.table(&rows);
        std::fs::write(&path, &whole).unwrap();
        let (reading, corpus) = read_path(&path, &ReadingOptions::default());
        let corpus = corpus.map_err(|error| proptest::test_runner::TestCaseError::fail(error.to_string()))?;
        proptest::prop_assert_eq!((reading.rows, reading.kept), (rows.len(), rows.len()));
        let expected: Vec<String> =
            rows.iter().map(|row| row[3].split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let found: Vec<String> = corpus.reviews.iter().map(|review| review.text.clone()).collect();
        proptest::prop_assert_eq!(found, expected);

        let mut damaged = whole;
        for (at, byte) in damage {
            let at = at % damaged.len();
            damaged[at] = byte;
        }
        std::fs::write(&path, &damaged).unwrap();
        let (reading, corpus) = read_path(&path, &ReadingOptions::default());
        let is_panic = matches!(corpus, Err(LoadError::Panicked { .. }));
        proptest::prop_assert!(!is_panic, "{:?}", reading.error);
        let dropped: usize = reading.dropped.iter().map(|(_, rows)| rows).sum();
        proptest::prop_assert_eq!(reading.rows, reading.kept + dropped);
    }
}
