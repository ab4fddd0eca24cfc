//! A shop to read questions in.

use std::collections::HashSet;
use std::sync::Arc;

use super::Vocabulary;
use crate::index::{Postings, title_text};
use crate::reviews::{Product, ProductId, testing};

/// The rows of a table: a line for each, with a bar between columns.
pub(crate) fn table<const COLUMNS: usize>(text: &str) -> impl Iterator<Item = [&str; COLUMNS]> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        columns
            .try_into()
            .expect("a row has as many columns as the table")
    })
}

/// A product without reviews.
pub(crate) fn product(title: &str, category: &str) -> Product {
    Product {
        category: Some(category.into()),
        ..testing::product(title)
    }
}

fn in_titles(products: &[Product]) -> Postings {
    let titles: Vec<String> = products.iter().map(title_text).collect();
    Postings::of(titles.iter().map(String::as_str))
}

/// The words of a shop whose reviews say this, of nothing in particular; "battery" is a word of the language.
pub(crate) fn vocabulary(products: &[Product], reviews: &[&str]) -> Vocabulary {
    Vocabulary::of(
        products,
        &in_titles(products),
        &Postings::of(reviews.iter().copied()),
        std::iter::empty(),
        Arc::new(HashSet::from(["battery".into()])),
    )
}

/// The titles of the shop that most tests ask in, in the order of its products.
pub(crate) const TITLES: [(&str, &str); 14] = [
    ("Velto AirBeats 131 Bluetooth Headset", ""),
    ("Velto BassKings 100 Wired Headset", ""),
    (
        "Velto Rokker 235v2 with fast charging Version 5.0 Bluetooth Headset",
        "",
    ),
    ("OneSound Arrows Wireless Z Bluetooth Headset", ""),
    ("OneSound Arrows Wireless Z Bass Edition Bluetooth Headset", ""),
    ("reelme Pods Wireless Bluetooth Headset", ""),
    ("reelme Pods 2 Wired Headset", ""),
    ("reelme Pods Q Bluetooth Headset", ""),
    ("D&J Colossus Series - Low Price Bluetooth Neckband", ""),
    ("Chotix Junior 4G Kids Watch with GPS (Blue)", "smartwatches"),
    (
        "Avandi Brew 1.5 L Stainless Steel Electric Kettle (Silver)",
        "kettles",
    ),
    (
        "Surveen QuickBoil 1.8 L Borosilicate Glass Kettle (Black)",
        "kettles",
    ),
    ("Norvik N12 5G (6 GB RAM, Lake Green), 120 Hz Display", "phones"),
    ("Savento Glint 9 Pro 5G (8 GB RAM), 67W Charging", "phones"),
];

/// The words of that shop, with reviews that use them as buyers do.
pub(crate) fn shop() -> Vocabulary {
    let products: Vec<Product> = TITLES
        .iter()
        .map(|(title, category)| product(title, category))
        .collect();
    let mut passages: Vec<(ProductId, &str)> = Vec::new();
    for id in (0..TITLES.len() as u32).map(ProductId) {
        passages.extend(SAID_OF_ALL.iter().map(|said| (id, *said)));
    }
    passages.extend(SAID.iter().map(|(id, said)| (ProductId(*id), *said)));
    let said = Postings::of(passages.iter().map(|(_, said)| *said));
    let in_titles = in_titles(&products);
    Vocabulary::of(&products, &in_titles, &said, passages.into_iter(), Arc::default())
}

/// Said of every product.
const SAID_OF_ALL: [&str; 5] = [
    "the bass and the sound are good, it has a nice fit",
    "the battery lasts long, low price, worth the money",
    "mic is fine for calls, charging is slow, comfortable",
    "it stopped working, a problem with the build quality",
    "camera, display, noise, weight, gaming: all average",
];
/// Said of one.
const SAID: [(u32, &str); 20] = [
    (1, "pods, pods: all ear pods"),
    (6, "pods that fit, good pods"),
    (0, "in the ear they are pods, I love them"),
    (3, "fine pods, light pods"),
    (0, "velto airbeats are the best"),
    (0, "my AirBeats broke"),
    (0, "airbeats 131 rock"),
    (1, "velto made good wired ones"),
    (2, "the velto rokker 235v2 is loud"),
    (3, "onesound wireless is clear"),
    (3, "arrows are light"),
    (4, "the bass edition has no bass"),
    (4, "wireless and good"),
    (5, "reelme pods are nice pods"),
    (6, "these pods fit, wired is better"),
    (7, "reelme pods q, good pods"),
    (8, "good d&j product"),
    (9, "the watch is loved by kids"),
    (10, "kettle boils fast"),
    (11, "glass kettle looks good"),
];
