//! What the reviews that are a part of the program teach, and shops that are small enough to count by hand.

use std::sync::LazyLock;

use super::testing::learned;
use super::*;
use crate::reviews::{self, Corpus, ProductId, testing as shop};

static INCLUDED: LazyLock<(Corpus, Opinions)> = LazyLock::new(|| {
    let corpus = reviews::included();
    let opinions = learned(&corpus);
    (corpus, opinions)
});

fn aspect(opinions: &Opinions, name: &str) -> AspectId {
    opinions
        .named(name)
        .unwrap_or_else(|| panic!("{name} is an aspect"))
}

#[test]
fn parts_and_services_are_aspects_and_products_people_and_makers_are_not() {
    let (_, opinions) = &*INCLUDED;
    for (word, name) in [
        ("battery", Some("battery")),
        ("Batteries", Some("battery")),
        ("the lid's edge", Some("lid")),
        ("delivery", Some("delivery")),
        ("price", Some("price")),
        ("product", None),
        ("papa", None),
        ("good", None),
        ("Zuvio", None),
        ("", None),
    ] {
        let found = opinions.named(word).map(|aspect| opinions.name(aspect));
        assert_eq!(found, name, "{word}");
    }
    let times = |aspect: &AspectId| opinions.times[aspect.0 as usize];
    let rarest = ["battery", "mic"]
        .map(|name| aspect(opinions, name))
        .into_iter()
        .min_by_key(times);
    assert_eq!(opinions.asked("does the battery of the mic last?"), rarest);
}

#[test]
fn every_count_is_one_of_reviews_and_every_mention_is_there_to_read() {
    let (corpus, opinions) = &*INCLUDED;
    let mut judged = 0;
    for product in (0..corpus.products.len() as u32).map(ProductId) {
        for mention in opinions.mentions(product) {
            let review = &corpus.reviews[mention.passage.review.0 as usize];
            assert_eq!((review.product, review.rating), (product, mention.rating));
            assert!((mention.passage.start..mention.passage.end).contains(&mention.start));
            assert!(!review.text[mention.start as usize..mention.end as usize].is_empty());
        }
        for counted in opinions.of_product(product) {
            assert!(counted.praised + counted.complained <= counted.reviews);
            assert!(counted.reviews <= counted.mentions);
            assert!((1.0..=5.0).contains(&counted.mean_rating().expect("somebody writes of it")));
            assert_eq!(opinions.about(product, counted.aspect), counted);
            judged += usize::from(counted.is_judged());
        }
    }
    assert!(judged > 50, "{judged} aspects of products are judged");
    let nowhere = opinions.about(ProductId(77), AspectId(0));
    assert_eq!((nowhere.reviews, nowhere.mean_rating()), (0, None));
}

#[test]
fn the_same_reviews_teach_the_same() {
    let (corpus, opinions) = &*INCLUDED;
    let text = |opinions: &Opinions| serde_json::to_string(opinions).expect("it serialises");
    let written = text(opinions);
    assert_eq!(text(&learned(corpus)), written);
    let read: Opinions = serde_json::from_str(&written).expect("it is what was written");
    assert_eq!(text(&read), written);
    assert_eq!(read.tones(), opinions.tones());
}

#[test]
fn words_and_stars_together_make_an_opinion_clear() {
    let texts = [
        (5, "The handle is excellent and very sturdy."),
        (1, "The handle is terrible, it broke on the first day."),
        (5, "The handle is made of black plastic."),
        (1, "I put my hand on the handle."),
        (3, "There is a handle."),
        (5, "Great handle, I love it."),
        (2, "Very poor handle, worst of all."),
    ];
    let reviews = texts.map(|(stars, text)| shop::review(0, stars, text));
    let corpus = shop::corpus(vec![shop::product("Avandi Kettle (Steel)")], reviews.into());
    let opinions = learned(&corpus);
    let handle = opinions.about(ProductId(0), aspect(&opinions, "handle"));
    assert_eq!((handle.reviews, handle.stars), (7, 22));
    let verdicts: Vec<Verdict> = opinions
        .mentions(ProductId(0))
        .iter()
        .filter(|mention| mention.aspect == handle.aspect)
        .map(|mention| Verdict::of(mention.praise))
        .collect();
    assert_eq!(verdicts[0], Verdict::Praised, "{verdicts:?}");
    assert_eq!(verdicts[1], Verdict::Complained, "{verdicts:?}");
    assert_eq!(verdicts[4], Verdict::Named, "{verdicts:?}");
    assert_eq!(verdicts[5], Verdict::Praised, "{verdicts:?}");
    assert_eq!(verdicts[6], Verdict::Complained, "{verdicts:?}");
}

#[test]
fn what_a_category_is_called_is_no_aspect_of_its_products() {
    let reviews = (0..2).flat_map(|product| {
        ["The cord is good.", "Its cord is short.", "The cord is strong."]
            .map(|text| shop::review(product, 4, text))
    });
    let mut products = vec![shop::product("Avandi Kettle"); 2];
    products[0].category = Some("Cords & cables".into());
    let opinions = learned(&shop::corpus(products, reviews.collect()));
    let cord = aspect(&opinions, "cord");
    let counted = [0, 1].map(|product| opinions.about(ProductId(product), cord).reviews);
    assert_eq!(counted, [0, 3]);
}

#[test]
fn a_shop_without_passages_has_no_aspects() {
    let corpus = shop::corpus(
        vec![shop::product("Avandi Kettle")],
        vec![shop::review(0, 5, "Nice")],
    );
    let opinions = learned(&corpus);
    assert!(opinions.names.is_empty() && opinions.tones().is_empty());
    assert_eq!(opinions.of_product(ProductId(0)), []);
}

#[test]
fn a_review_that_says_both_says_neither() {
    let (clear, unclear) = (CLEAR + 0.1, CLEAR - 0.1);
    for (praise, expected) in [
        (&[clear, unclear][..], Verdict::Praised),
        (&[-clear, unclear], Verdict::Complained),
        (&[clear, -clear], Verdict::Named),
        (&[unclear, -unclear], Verdict::Named),
        (&[], Verdict::Named),
    ] {
        assert_eq!(
            Verdict::of_several(praise.iter().copied()),
            expected,
            "{praise:?}"
        );
    }
}

#[test]
fn several_clear_opinions_agree_where_few_are_contrary() {
    for (praised, complained, expected) in [
        (2, 0, Verdict::Praised),
        (8, 2, Verdict::Praised),
        (7, 2, Verdict::Named),
        (1, 0, Verdict::Named),
        (0, 2, Verdict::Complained),
        (1, 4, Verdict::Complained),
        (0, 0, Verdict::Named),
    ] {
        let counted = ProductAspect {
            praised,
            complained,
            ..ProductAspect::none(AspectId(0))
        };
        assert_eq!(counted.agreed(), expected, "{praised}, {complained}");
    }
}

#[test]
fn quotes_say_what_they_are_shown_for_and_none_twice() {
    let (corpus, opinions) = &*INCLUDED;
    let mut quoted = 0;
    for product in (0..corpus.products.len() as u32).map(ProductId) {
        for wanted in [Verdict::Praised, Verdict::Complained] {
            let quotes = opinions.quotes(corpus, product, None, wanted, 3);
            let texts: std::collections::HashSet<&str> =
                quotes.iter().map(|quote| quote.text(corpus)).collect();
            assert_eq!(texts.len(), quotes.len());
            for quote in quotes {
                let of_quote = opinions
                    .mentions(product)
                    .iter()
                    .filter(|mention| mention.passage == quote);
                assert_eq!(
                    Verdict::of_several(of_quote.map(|mention| mention.praise)),
                    wanted
                );
                quoted += 1;
            }
        }
        assert_eq!(opinions.quotes(corpus, product, None, Verdict::Named, 3), []);
        for counted in opinions
            .of_product(product)
            .iter()
            .filter(|counted| counted.praised > 0)
        {
            let aspect = Some(counted.aspect);
            assert!(
                !opinions
                    .quotes(corpus, product, aspect, Verdict::Praised, 1)
                    .is_empty()
            );
        }
    }
    assert!(quoted > 100, "{quoted} quotes");
}
