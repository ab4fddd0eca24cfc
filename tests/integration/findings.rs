//! Findings: each kind for its questions, and every number counted again from the reviews themselves.

use serde_json::{Value, json};

use crate::harness::client::Answer;
use crate::harness::json::{list, number, text};
use crate::harness::{Server, Setup};

/// Product, stars and text. Kettle A is liked and B is not; the lamp is something else.
const REVIEWS: &[(&str, u8, &str)] = &[
    ("A", 5, "The lid is good and the handle is very good."),
    ("A", 5, "Good handle, nice lid, I love this kettle."),
    ("A", 5, "The handle is excellent, very sturdy, I am happy."),
    ("A", 4, "The handle is nice, and it boils a litre in 3 minutes."),
    ("A", 4, "Boils a litre in 3 minutes, great for our office."),
    ("A", 4, "It takes 4 minutes to boil a litre, fine for me."),
    ("A", 2, "The lid of mine is bad, the handle is good."),
    ("B", 1, "The handle is bad and the lid is poor."),
    ("B", 2, "The handle is very bad, it gets hot within a minute."),
    ("B", 1, "Bad handle, waste of money, it broke."),
    ("B", 1, "Very poor handle, I returned this kettle."),
    ("B", 4, "The lid is good, this kettle is worth it."),
    ("B", 2, "It boils a litre in 7 minutes, that is slow."),
    ("B", 2, "Boils a litre in 7 minutes, too slow for me."),
    ("L", 5, "A bright lamp, its light is very good for reading."),
    ("L", 4, "Good for reading, and a nice lamp for the desk."),
    ("L", 3, "Fine light, but not good for the hall."),
    ("L", 2, "It is small and not good for my hall."),
];
const PRODUCTS: [(&str, &str, u32); 3] = [
    ("A", "Avandi Kettle", 1299),
    ("B", "Pellar Kettle", 799),
    ("L", "Lumett Lamp", 499),
];

/// A server of this shop.
fn shop() -> Server {
    let setup = Setup::new();
    let mut table = String::from("product_id,product_title,rating,review,price\n");
    for (product, stars, review) in REVIEWS {
        let (_, title, price) = PRODUCTS.iter().find(|(id, ..)| id == product).expect("a product");
        table += &format!("{product},{title},{stars},\"{review}\",{price}\n");
    }
    std::fs::write(&setup.data, table).expect("the temporary folder can be written to");
    setup.ready()
}

fn stars_of(product: &str) -> Vec<u8> {
    let of = REVIEWS.iter().filter(|(id, ..)| *id == product);
    of.map(|(_, stars, _)| *stars).collect()
}

/// Counts the figures of a product again.
#[track_caller]
fn assert_product(product: &Value) {
    let id = text(&product["id"]);
    let (_, title, price) = PRODUCTS
        .iter()
        .find(|(known, ..)| *known == id)
        .expect("a product");
    let stars = stars_of(id);
    assert_eq!(
        (&product["title"], &product["price"]),
        (&json!(title), &json!(price))
    );
    // Figures have both in their rating.
    let of = |key: &str, in_rating: &str| match &product[key] {
        Value::Null => product["rating"][in_rating].clone(),
        value => value.clone(),
    };
    assert_eq!(of("reviews", "count"), stars.len());
    let sum: u32 = stars.iter().copied().map(u32::from).sum();
    assert!(
        (number(&of("mean_rating", "mean")) - f64::from(sum) / stars.len() as f64).abs() < 1e-9,
        "{product}"
    );
    for (given, count) in (1u8..).zip(list(&product["histogram"])) {
        assert_eq!(
            *count,
            stars.iter().filter(|stars| **stars == given).count(),
            "{product}"
        );
    }
}

/// Every object in a value, the value itself included.
fn objects(value: &Value) -> Vec<&Value> {
    let within: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().flat_map(objects).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => vec![],
    };
    let itself = value.is_object().then_some(value);
    itself.into_iter().chain(within).collect()
}

/// Checks what holds for every finding: its products' figures are those of the reviews, nobody is counted twice, and
/// what it cites is evidence.
#[track_caller]
fn assert_sound(answer: &Answer) {
    answer.assert_well_formed();
    let finding = answer.only("finding");
    for object in objects(finding) {
        if !object["histogram"].is_null() {
            assert_product(object);
        }
        if !object["praised"].is_null() && object["praised"].is_number() {
            let [reviews, praised, complained] =
                ["reviews", "praised", "complained"].map(|key| number(&object[key]));
            assert!(praised + complained <= reviews, "{object}");
            assert_eq!(object["mean_rating"].is_null(), reviews == 0.0, "{object}");
        }
    }
    let quotes = answer.evidence().len() as u64;
    let cited = list(&answer.only("final")["evidence_ids"]);
    assert!(
        cited
            .iter()
            .filter_map(Value::as_u64)
            .all(|id| (1..=quotes).contains(&id)),
        "{cited:?}"
    );
}

/// The counts of an aspect as the catalogue has them.
fn aspect(server: &Server, product: &str, name: &str) -> Value {
    let product = server.get(&format!("/api/products/{product}")).ok();
    let aspects = list(&product["aspects"]);
    let found = aspects.iter().find(|aspect| aspect["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {aspects:?}"))
        .clone()
}

#[track_caller]
fn assert_balance(balance: &Value, aspect: &Value) {
    for key in ["reviews", "praised", "complained"] {
        assert_eq!(balance[key], aspect[key], "{key}: {balance} {aspect}");
    }
}

#[test]
fn every_kind_of_question_gets_its_kind_of_finding_with_numbers_that_can_be_counted_again() {
    let server = shop();
    for (question, kind) in [
        ("Which kettle is best?", "recommendation"),
        ("Should I buy the Avandi Kettle?", "verdict"),
        ("How is the handle of the Pellar Kettle?", "aspect"),
        ("How long does the Avandi Kettle take to boil a litre?", "fact"),
        ("Avandi Kettle or Pellar Kettle?", "comparison"),
        (
            "What do people complain about in the Pellar Kettle?",
            "complaints",
        ),
        ("What does the Lumett Lamp cost?", "figures"),
        ("List all kettles", "list"),
        ("Does it leak?", "open"),
        ("Hello", "talk"),
        ("What is the capital of France?", "none"),
    ] {
        let answer = server.ask(question);
        assert_eq!(
            answer.only("finding")["kind"],
            kind,
            "{question}: {}",
            answer.text()
        );
        assert_sound(&answer);
    }
}

#[test]
fn the_balance_of_an_aspect_is_the_catalogues() {
    let server = shop();
    let answer = server.ask("How is the handle of the Pellar Kettle?");
    let finding = answer.only("finding");
    assert_eq!(finding["aspect"], "handle");
    assert_balance(&finding["balance"], &aspect(&server, "B", "handle"));
    let named = REVIEWS
        .iter()
        .filter(|(id, _, said)| *id == "B" && said.contains("andle"));
    assert_eq!(finding["balance"]["reviews"], named.clone().count());
    let stars: u32 = named.clone().map(|(_, stars, _)| u32::from(*stars)).sum();
    let mean = f64::from(stars) / named.count() as f64;
    assert!(
        (number(&finding["balance"]["mean_rating"]) - mean).abs() < 1e-9,
        "{finding}"
    );
    assert!(answer.text().contains("handle"), "{}", answer.text());

    let finding = server.ask("Avandi Kettle or Pellar Kettle: which handle is better?");
    let finding = finding.only("finding");
    let asked = &finding["asked"];
    assert_eq!(
        (&asked["aspect"], &asked["ahead"]),
        (&json!("handle"), &json!(0)),
        "{finding}"
    );
    for (balance, product) in list(&asked["balances"]).iter().zip(["A", "B"]) {
        assert_balance(balance, &aspect(&server, product, "handle"));
    }
}

#[test]
fn amounts_are_counted_by_review() {
    let server = shop();
    let answer = server.ask("How long does the Avandi Kettle take to boil a litre?");
    let finding = answer.only("finding");
    let values = list(&finding["values"]);
    assert!(!values.is_empty(), "{finding}");
    for value in values {
        assert_eq!((&value["unit"], &value["from"]), (&json!("minute"), &value["to"]));
        let said = format!("{} minutes", number(&value["from"]));
        let says = REVIEWS
            .iter()
            .filter(|(id, _, text)| *id == "A" && text.contains(&said));
        assert_eq!(value["reviews"], says.count(), "{value}");
    }
}

#[test]
fn a_comparison_says_for_which_product_buyers_give_most() {
    let server = shop();
    let answer = server.ask("Avandi Kettle or Pellar Kettle: how many minutes to boil a litre?");
    let asked = &answer.only("finding")["asked"];
    assert_eq!(asked["most"], 1, "{asked}");
    for (amounts, product) in list(&asked["amounts"]).iter().zip(["A", "B"]) {
        let gives = |text: &str| text.contains("minutes") && text.contains("litre");
        let given = REVIEWS
            .iter()
            .filter(|(id, _, said)| *id == product && gives(said));
        assert_eq!(amounts["reviews"], given.count(), "{asked}");
    }
}

#[test]
fn what_several_call_a_product_good_for_is_counted_by_review() {
    let server = shop();
    let finding = server.ask("Should I buy the Lumett Lamp?");
    let finding = finding.only("finding");
    let say = |said: &str| {
        let says = REVIEWS
            .iter()
            .filter(|(id, _, text)| *id == "L" && text.to_lowercase().contains(said));
        says.count()
    };
    let suits = json!([{"what": "reading", "reviews": say("good for reading")}]);
    let unsuited = json!([{"what": "hall", "reviews": say("not good for")}]);
    assert_eq!(
        (&finding["suits"], &finding["unsuited"]),
        (&suits, &unsuited),
        "{finding}"
    );
}

#[test]
fn several_products_are_told_apart() {
    let server = shop();
    let answer = server.ask("Is the handle of kettles good?");
    let finding = answer.only("finding");
    let each = list(&finding["each"]);
    assert_eq!(each.len(), 2, "{finding}");
    for choice in each {
        let product = text(&choice["product"]["id"]);
        assert_balance(&choice["balance"], &aspect(&server, product, "handle"));
    }
    for title in ["Avandi Kettle", "Pellar Kettle"] {
        let line = format!("\n• {title}: ");
        assert!(answer.text().contains(&line), "{}", answer.text());
    }
}

#[test]
fn complaints_and_lists_are_counted() {
    let server = shop();
    let answer = server.ask("What do people complain about in the Pellar Kettle?");
    let finding = answer.only("finding");
    let stars = stars_of("B");
    let low = stars.iter().filter(|stars| **stars <= 2).count();
    assert_eq!(finding["discontent"], json!({"count": low, "of": stars.len()}));
    for complaint in list(&finding["complaints"]) {
        assert_balance(
            &complaint["balance"],
            &aspect(&server, "B", text(&complaint["aspect"])),
        );
    }
    let answer = server.ask("Show me all kettles under 1000");
    let finding = answer.only("finding");
    assert_eq!(
        (&finding["kind"], &finding["total"]),
        (&json!("list"), &json!(1)),
        "{finding}"
    );
    assert_eq!(finding["products"][0]["id"], "B");
}
