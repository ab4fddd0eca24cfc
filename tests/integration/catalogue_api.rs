//! The catalogue's facts about products, alone and side by side, without the chat model.

use serde_json::{Value, json};

use crate::harness::json::{list, number, text};
use crate::harness::{Server, Setup};

/// Product, stars and text: the reviews repeat enough words for aspects to be found.
const REVIEWS: &[(&str, u8, &str)] = &[
    ("A", 5, "The lid is good and the handle is very good."),
    ("A", 5, "Good handle, nice lid, I love this kettle."),
    (
        "A",
        4,
        "The handle is nice, and it boils a litre in three minutes.",
    ),
    ("A", 2, "The lid of mine is bad 🫖, the handle is good."),
    ("B", 1, "The handle is bad and the lid is poor."),
    ("B", 2, "The handle is very bad, it gets hot within a minute."),
    ("B", 4, "The lid is good, this kettle is worth it."),
];

/// A server of a shop with these reviews.
fn kettles() -> Server {
    let setup = Setup::new();
    let mut table = String::from("product_id,product_title,rating,review,price\n");
    for (product, stars, review) in REVIEWS {
        let maker = if *product == "A" { "Avandi" } else { "Pellar" };
        table += &format!("{product},{maker} Kettle,{stars},\"{review}\",999\n");
    }
    std::fs::write(&setup.data, table).expect("the temporary folder can be written to");
    setup.ready()
}

/// Checks that a quote is a part of the review that it names.
fn assert_verbatim(shop: &Server, quote: &Value) {
    let review = shop.get(&format!("/api/reviews/{}", quote["review_id"])).json();
    let [start, end] = ["start", "end"].map(|key| number(&quote[key]) as usize);
    let part: String = text(&review["text"]).chars().take(end).skip(start).collect();
    assert_eq!(
        (text(&quote["quote"]), &quote["rating"]),
        (part.as_str(), &review["rating"])
    );
}

/// Checks that an aspect's counts add up, that its share follows from them, and that its quotes exist.
fn assert_sound(shop: &Server, aspect: &Value) {
    let [mentions, reviews, praised, complained] =
        ["mentions", "reviews", "praised", "complained"].map(|key| number(&aspect[key]));
    assert!(mentions >= reviews && reviews >= praised + complained, "{aspect}");
    let praise = &aspect["praise"];
    assert_eq!(
        (number(&praise["count"]), number(&praise["of"])),
        (praised, praised + complained)
    );
    let [low, high] = [0, 1].map(|end| number(&praise["interval"][end]));
    assert!((low..=high).contains(&number(&praise["share"])), "{aspect}");
    for (quote, reviews) in [("best", praised), ("worst", complained)] {
        assert_eq!(aspect[quote].is_null(), reviews == 0.0, "{aspect}");
        if reviews > 0.0 {
            assert_verbatim(shop, &aspect[quote]);
        }
    }
}

fn column<'a>(items: &'a Value, key: &str) -> Vec<&'a Value> {
    list(items).iter().map(|item| &item[key]).collect()
}

#[test]
fn products_are_described_and_compared_by_their_reviews() {
    let shop = kettles();
    let product = shop.get("/api/products/A").json();
    assert_eq!((&product["reviews"], &product["price"]), (&json!(4), &json!(999)));
    // 23 stars in 7 reviews, 16 of them in the product's 4.
    let shrunk = &product["shrunk_rating"];
    assert_eq!(
        (&shrunk["shop_mean"], &shrunk["prior_reviews"]),
        (&json!(3.286), &json!(10))
    );
    assert_eq!(shrunk["value"], 3.49, "(10 × 23 / 7 + 16) / 14");
    assert_eq!(column(&product["aspects"], "name"), ["handle", "lid"]);
    assert_eq!(column(&product["aspects"], "complained"), [0, 1]);
    list(&product["aspects"])
        .iter()
        .for_each(|aspect| assert_sound(&shop, aspect));
    for quotes in ["best_quotes", "worst_quotes"] {
        assert!(!list(&product[quotes]).is_empty(), "{product}");
        list(&product[quotes])
            .iter()
            .for_each(|quote| assert_verbatim(&shop, quote));
    }

    let question = json!({"question": "Which kettle has a good handle?"});
    let items = shop.post("/api/recommend", &question).ok()["items"].clone();
    let dissent = list(&items).iter().map(|item| {
        let (id, dissent) = (&item["product"]["id"], &item["dissent"]);
        (text(id), number(&dissent["share"]), text(&dissent["aspect"]))
    });
    assert_eq!(
        dissent.collect::<Vec<_>>(),
        [("A", 0.0, "handle"), ("B", 1.0, "handle")]
    );

    let comparison = shop
        .post("/api/compare", &json!({"product_ids": ["B", "A"]}))
        .ok();
    assert_eq!(column(&comparison["products"], "id"), ["B", "A"]);
    assert_eq!(column(&comparison["aspects"], "name"), ["handle", "lid"]);
    for aspect in list(&comparison["aspects"]) {
        assert_eq!(column(&aspect["cells"], "product_id"), ["B", "A"]);
        list(&aspect["cells"])
            .iter()
            .for_each(|cell| assert_sound(&shop, cell));
    }
    for (request, status) in [
        (json!({"product_ids": ["A"]}), 400),
        (json!({"product_ids": ["A", "Z"]}), 404),
        (json!({"product_ids": ["A", "B"], "aspects": ["gearbox"]}), 400),
        (json!({"product_ids": ["A", "B"], "colour": 1}), 400),
        (json!({}), 400),
    ] {
        let reply = shop.post("/api/compare", &request);
        assert_eq!(reply.status, status, "{request}: {}", reply.body);
        let message = reply.json()["error"]["message"].clone();
        assert!(text(&message).ends_with('.'), "{message}");
    }
}
