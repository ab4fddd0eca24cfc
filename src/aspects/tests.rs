//! A shop of kettles, whose reviews are few enough to count by hand.

use super::*;
use crate::reviews::{passages, testing};

/// What buyers of kettles write, often enough to learn from; the first product's.
const SHOP: &[(u8, &str)] = &[
    (5, "The lid is good and the handle is very good."),
    (5, "Good handle, nice lid, I love this kettle."),
    (4, "The handle is nice, the lids are good."),
    (5, "This kettle is great, the cord is great too."),
    (4, "Good cord and good lid, this kettle is worth it."),
    (1, "The handle is bad and the cord is poor."),
    (2, "The cord is poor, its lid is bad, the lid broke."),
    (1, "Bad cord, I returned this kettle."),
    (2, "The handle of this kettle is poor."),
    (3, "It is a kettle with a handle."),
];

/// A shop of kettles: the first has the reviews above, the others one review each.
fn shop(others: &[(u8, &str)]) -> (Corpus, Vec<Passage>) {
    let of_products = SHOP.iter().map(|review| (0, review)).chain((1..).zip(others));
    let reviews = of_products.map(|(product, (rating, text))| testing::review(product, *rating, text));
    let products = vec![testing::product("Avandi Kettle (Steel)"); others.len() + 1];
    let corpus = testing::corpus(products, reviews.collect());
    let passages = passages(&corpus);
    (corpus, passages)
}

#[test]
fn what_buyers_judge_is_an_aspect_and_the_product_is_not() {
    let (corpus, passages) = shop(&[]);
    let aspects = Aspects::of(&corpus, &passages);
    let mut names: Vec<&str> = aspects.all().map(|aspect| aspects.name(aspect)).collect();
    names.sort_unstable();
    assert_eq!(names, ["cord", "handle", "lid"]);
    for (word, name) in [
        ("lid", Some("lid")),
        ("LIDS", Some("lid")),
        ("the cord's length", Some("cord")),
        ("kettle", None),
        ("", None),
    ] {
        let found = aspects.named(word).map(|aspect| aspects.name(aspect));
        assert_eq!(found, name, "{word}");
    }
    assert_eq!(Aspects::of(&corpus, &[]).all().count(), 0);
}

#[test]
fn what_a_category_is_called_is_no_aspect_of_its_products() {
    let (mut corpus, passages) = shop(&[(4, "The cord is good.")]);
    corpus.products[0].category = Some("Cords & cables".into());
    let aspects = Aspects::of(&corpus, &passages);
    let cord = aspects.named("cord").expect("other products have one");
    let counted = [0, 1].map(|product| aspects.about(ProductId(product), cord).reviews);
    assert_eq!(counted, [0, 1]);
}

#[test]
fn a_passage_praises_or_complains_by_what_it_says_and_once_by_its_stars() {
    let (corpus, passages) = shop(&[
        (5, "The lid is bad, the handle is bad, the cord is poor."),
        (1, "The lid is good, the handle is very good."),
        (5, "I take it to the office."),
        (2, "I take it to the office."),
        (3, "I take it to the office."),
    ]);
    let aspects = Aspects::of(&corpus, &passages);
    let complains: Vec<bool> = aspects.tones().iter().map(|tone| *tone < 0.0).collect();
    assert_eq!(complains[passages.len() - 5..], [true, false, false, true, true]);
}

#[test]
fn what_clauses_begin_with_is_an_aspect_where_few_write_that_it_is_good() {
    let (corpus, passages) = shop(&[
        (2, "Zip jammed on day four."),
        (5, "The zip opens with one hand."),
        (4, "Zips need wax once a month."),
        (3, "It works well, it works for me."),
        (4, "Works with gloves, works in the cold."),
        (5, "It works, and works, and works."),
    ]);
    let aspects = Aspects::of(&corpus, &passages);
    let zip = aspects.named("zips").expect("three reviews speak of it");
    assert_eq!(aspects.name(zip), "zip");
    assert_eq!(aspects.named("works"), None, "what is done is no thing");
}

#[test]
fn reviews_are_counted_once_with_what_they_say() {
    let (corpus, passages) = shop(&[]);
    let aspects = Aspects::of(&corpus, &passages);
    let counted: Vec<_> = aspects
        .of_product(ProductId(0))
        .iter()
        .map(|aspect| {
            let name = aspects.name(aspect.aspect);
            (
                name,
                aspect.mentions,
                aspect.reviews,
                aspect.praised,
                aspect.complained,
            )
        })
        .collect();
    for expected in [("handle", 6, 6, 3, 2), ("lid", 6, 5, 4, 1), ("cord", 5, 5, 2, 3)] {
        assert!(counted.contains(&expected), "{expected:?} in {counted:?}");
    }
    let lid = aspects.named("lid").expect("it is one");
    let about = aspects.about(ProductId(0), lid);
    assert_eq!(about.praise(), Share { count: 4, of: 5 });
    assert_eq!(about.dissent(), Share { count: 1, of: 5 });
    assert_eq!(aspects.about(ProductId(77), lid), ProductAspect::none(lid));
}

/// Stars and text of a review, and what it says of which aspect.
type Written = (u8, &'static str, &'static [(&'static str, Verdict)]);

#[test]
fn an_opinion_is_about_what_it_stands_beside_whatever_the_stars() {
    use Verdict::{Complained, Named, Praised};
    let written: &[Written] = &[
        (
            5,
            "Only the lid is bad, the handle is great.",
            &[("lid", Complained), ("handle", Praised)],
        ),
        (
            1,
            "The lid is good but the handle is poor.",
            &[("lid", Praised), ("handle", Complained)],
        ),
        (5, "The lid is not good.", &[("lid", Complained)]),
        (4, "The lid could be better.", &[("lid", Complained)]),
        (5, "All of it is good except the cord.", &[("cord", Complained)]),
        (2, "There is no problem with the lid.", &[("lid", Praised)]),
        (
            5,
            "Lid accha hai cord kharab hai.",
            &[("lid", Praised), ("cord", Complained)],
        ),
        (
            4,
            "lid good handle bad",
            &[("lid", Praised), ("handle", Complained)],
        ),
        (
            4,
            "good lid bad handle",
            &[("lid", Praised), ("handle", Complained)],
        ),
        (2, "good and nice lid", &[("lid", Praised)]),
        // Nothing is said of it: the stars speak.
        (1, "There is a cord.", &[("cord", Complained)]),
        (3, "There is a cord.", &[("cord", Named)]),
        (5, "There is a cord.", &[("cord", Praised)]),
    ];
    let others: Vec<(u8, &str)> = written.iter().map(|(stars, text, _)| (*stars, *text)).collect();
    let (corpus, passages) = shop(&others);
    let aspects = Aspects::of(&corpus, &passages);
    for (product, (stars, text, expected)) in (1..).map(ProductId).zip(written) {
        let said: Vec<(&str, Verdict)> = aspects
            .mentions(product)
            .iter()
            .map(|mention| {
                (
                    aspects.name(mention.aspect),
                    Verdict::of(f64::from(mention.weight)),
                )
            })
            .collect();
        assert_eq!(said, *expected, "{stars} stars: {text}");
    }
}

#[test]
fn the_most_telling_quote_comes_first_and_none_twice() {
    let (corpus, passages) = shop(&[]);
    let aspects = Aspects::of(&corpus, &passages);
    let lid = aspects.named("lid").expect("it is one");
    let texts = |aspect, verdict, most| -> Vec<&str> {
        let quotes = aspects.quotes(&corpus, ProductId(0), aspect, verdict, most);
        quotes.into_iter().map(|passage| passage.text(&corpus)).collect()
    };
    assert_eq!(
        texts(Some(lid), Verdict::Complained, 5),
        ["The cord is poor, its lid is bad, the lid broke."]
    );
    let praise = texts(Some(lid), Verdict::Praised, 9);
    assert_eq!(praise.len(), 4, "{praise:?}");
    assert!(praise.iter().all(|text| text.contains("lid")), "{praise:?}");
    assert_eq!(texts(None, Verdict::Complained, 2).len(), 2);
    assert_eq!(texts(None, Verdict::Named, 2), [""; 0]);
}
