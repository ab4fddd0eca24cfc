//! What the catalogue says of products, alone and side by side, without the chat model.

use serde_json::{Value, json};

use crate::harness::{Server, Setup};

/// Product, stars and text: enough of the same for what buyers speak of to show.
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

/// A server of that shop.
fn kettles() -> Server {
    let setup = Setup::new();
    let mut table = String::from("product_id,product_title,rating,review,price\n");
    for (product, stars, text) in REVIEWS {
        let maker = if *product == "A" { "Avandi" } else { "Pellar" };
        table += &format!("{product},{maker} Kettle,{stars},\"{text}\",999\n");
    }
    let path = setup.home().join("kettles.csv");
    std::fs::write(&path, table).expect("the temporary folder can be written to");
    setup.with_data(&path).ready()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// A quote is a part of the review that it names.
fn is_word_for_word(shop: &Server, quote: &Value) {
    let review = shop.get(&format!("/api/reviews/{}", quote["review_id"])).json();
    let [start, end] = ["start", "end"].map(|key| number(&quote[key]) as usize);
    let text = review["text"].as_str().expect("a text");
    let part: String = text.chars().skip(start).take(end - start).collect();
    assert_eq!(
        (quote["quote"].as_str(), &quote["rating"]),
        (Some(part.as_str()), &review["rating"])
    );
}

/// Counts that add up, a share that follows from them, quotes that are there.
fn is_sound(shop: &Server, aspect: &Value) {
    let [mentions, reviews, praised, complained] =
        ["mentions", "reviews", "praised", "complained"].map(|key| number(&aspect[key]));
    assert!(mentions >= reviews && reviews >= praised + complained, "{aspect}");
    let praise = &aspect["praise"];
    assert_eq!(
        (number(&praise["count"]), number(&praise["of"])),
        (praised, praised + complained)
    );
    let [low, high] = [0, 1].map(|end| number(&praise["interval"][end]));
    assert!(
        low <= number(&praise["share"]) && number(&praise["share"]) <= high,
        "{aspect}"
    );
    for (quote, reviews) in [("best", praised), ("worst", complained)] {
        assert_eq!(aspect[quote].is_null(), reviews == 0.0, "{aspect}");
        if reviews > 0.0 {
            is_word_for_word(shop, &aspect[quote]);
        }
    }
}

fn column<'a>(items: &'a Value, key: &str) -> Vec<&'a Value> {
    list(items).iter().map(|item| &item[key]).collect()
}

#[test]
fn a_product_says_what_its_rating_is_made_of_and_what_buyers_speak_of() {
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
        .for_each(|aspect| is_sound(&shop, aspect));
    for quotes in ["best_quotes", "worst_quotes"] {
        assert!(!list(&product[quotes]).is_empty(), "{product}");
        list(&product[quotes])
            .iter()
            .for_each(|quote| is_word_for_word(&shop, quote));
    }

    let recommended = shop.post(
        "/api/recommend",
        &json!({"question": "Which kettle has a good handle?"}),
    );
    let items = recommended.json()["items"].clone();
    let dissent: Vec<(&str, f64, &Value)> = list(&items)
        .iter()
        .map(|item| {
            let (id, dissent) = (&item["product"]["id"], &item["dissent"]);
            (
                id.as_str().expect("an id"),
                number(&dissent["share"]),
                &dissent["aspect"],
            )
        })
        .collect();
    assert_eq!(
        dissent,
        [("A", 0.0, &json!("handle")), ("B", 1.0, &json!("handle"))]
    );

    let reply = shop.post("/api/compare", &json!({"product_ids": ["B", "A"]}));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let comparison = reply.json();
    assert_eq!(column(&comparison["products"], "id"), ["B", "A"]);
    assert_eq!(column(&comparison["aspects"], "name"), ["handle", "lid"]);
    for aspect in list(&comparison["aspects"]) {
        assert_eq!(column(&aspect["cells"], "product_id"), ["B", "A"]);
        list(&aspect["cells"])
            .iter()
            .for_each(|cell| is_sound(&shop, cell));
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
        let error = &reply.json()["error"];
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| message.ends_with('.')),
            "{error}"
        );
    }
}
