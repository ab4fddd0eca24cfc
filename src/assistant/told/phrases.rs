//! Counts, prices and quotes as parts of sentences. Pure.

use super::super::conversation::{Checked, SentenceVerdict};
use super::super::one_line;
use crate::findings::{Amounts, Balance, ProductFacts, Value};
use crate::retrieval::Evidence;

/// Words of a title that are enough to tell which product it is, beside another.
const LABEL: usize = 3;

/// A sentence that quotes `evidence`, whose number is `number`.
pub(in crate::assistant) fn attributed(who: &str, number: usize, evidence: &Evidence) -> Checked {
    let quote = one_line(&evidence.quote);
    Checked {
        sentence: format!("{who}: “{quote}” [{number}]"),
        verdict: SentenceVerdict::Supported,
        cited: vec![number],
    }
}

/// "4.3 of 5 stars from 210 reviews".
pub(super) fn stars(product: &ProductFacts) -> String {
    match product.reviews {
        0 => "no reviews".to_string(),
        reviews => format!(
            "{:.1} of 5 stars from {}",
            product.mean_rating,
            several(reviews, "review")
        ),
    }
}

/// "1,299 rupees, 4.3 of 5 stars from 210 reviews".
pub(super) fn rated(product: &ProductFacts) -> String {
    match product.price {
        Some(price) => format!("{price}, {}", stars(product)),
        None => stars(product),
    }
}

/// "of 11 who write about it 8 clearly praise it and 1 clearly complains; their stars average 4.4".
pub(super) fn about_it(balance: &Balance) -> String {
    let Balance {
        reviews,
        praised,
        complained,
        mean_rating,
    } = *balance;
    let average = mean_rating.map_or(String::new(), |mean| format!("; their stars average {mean:.1}"));
    let verb = |count: usize, one: &str, many: &str| match count {
        0 => format!("none {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    match (reviews, praised, complained) {
        (0, ..) => "no review is clearly about it".to_string(),
        (1, 1, _) => "one buyer writes about it, and praises it".to_string(),
        (1, _, 1) => "one buyer writes about it, and complains".to_string(),
        (1, ..) => "one buyer writes about it, not clearly for or against".to_string(),
        (2, 2, _) => "two buyers write about it, and both praise it".to_string(),
        (2, _, 2) => "two buyers write about it, and both complain".to_string(),
        (_, 0, 0) => format!("{reviews} write about it, none clearly for or against{average}"),
        _ => format!(
            "of {reviews} who write about it {} and {}{average}",
            verb(praised, "clearly praises it", "clearly praise it"),
            verb(complained, "clearly complains", "clearly complain")
        ),
    }
}

/// "9 of 14 who are clear about it complain".
pub(super) fn out_of(count: usize, of: usize, one: &str, many: &str) -> String {
    match (count, of) {
        (1, 1) => format!("one buyer {one}"),
        (count, of) if count == of => format!("all {of} who are clear about it {many}"),
        (count, of) => format!("{count} of {of} who are clear about it {many}"),
    }
}

/// "none", "1", "2".
pub(super) fn how_many(count: usize) -> String {
    match count {
        0 => "none".to_string(),
        count => count.to_string(),
    }
}

/// "1 review", "2 reviews".
pub(super) fn several(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// "2 to 3 hours", "6 hours 45 minutes".
pub(super) fn amount(value: &Value) -> String {
    let Value {
        from, to, unit, and, ..
    } = value;
    let main = match from == to {
        true => format!("{from} {}", counted(*to, unit)),
        false => format!("{from} to {to} {}", counted(*to, unit)),
    };
    match and {
        Some((part, unit)) => format!("{main} {part} {}", counted(*part, unit)),
        None => main,
    }
}

/// What most of several amounts are, in short: "mostly 2 to 3 hours".
pub(super) fn mostly(amounts: &Amounts) -> String {
    match (amounts.values.as_slice(), amounts.middle) {
        ([], _) | ([_, ..], None) => String::new(),
        ([one], _) => amount(one),
        ([most, ..], _) if most.reviews * 2 > amounts.reviews => format!("most often {}", amount(most)),
        ([most, ..], Some((from, to))) => {
            let range = Value {
                from,
                to,
                and: None,
                ..most.clone()
            };
            format!("mostly {}", amount(&range))
        }
    }
}

/// A sentence that begins as sentences do.
pub(super) fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

/// A unit in its number; a symbol such as "mAh" has none.
fn counted(number: f32, unit: &str) -> String {
    match unit {
        "foot" if number > 1.0 => "feet".to_string(),
        "percent" => unit.to_string(),
        word if number <= 1.0 || word.len() < 3 || word.contains(char::is_uppercase) => unit.to_string(),
        word if word.ends_with("ch") => format!("{word}es"),
        word => format!("{word}s"),
    }
}

/// What tells these products apart: the first words of their titles, as many as are needed, and no fewer than three.
pub(super) fn labels(products: &[ProductFacts]) -> Vec<String> {
    let first =
        |title: &str, words: usize| title.split_whitespace().take(words).collect::<Vec<_>>().join(" ");
    let most = products
        .iter()
        .map(|product| product.title.split_whitespace().count())
        .max()
        .unwrap_or(0);
    let of = |words: usize| -> Vec<String> {
        products
            .iter()
            .map(|product| first(&product.title, words))
            .collect()
    };
    let differ =
        |labels: &Vec<String>| labels.iter().collect::<std::collections::HashSet<_>>().len() == labels.len();
    (LABEL..=most)
        .map(of)
        .find(differ)
        .unwrap_or_else(|| of(most.max(LABEL)))
}

/// "A", "A and the B", "A, B and the C".
pub(super) fn joined(names: &[String], last: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., end] => format!("{} {last} {end}", others.join(", the ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::Price;

    #[test]
    fn small_numbers_are_told_as_what_they_are() {
        for (reviews, praised, complained, told) in [
            (0, 0, 0, "no review is clearly about it"),
            (1, 1, 0, "one buyer writes about it, and praises it"),
            (1, 0, 0, "one buyer writes about it, not clearly for or against"),
            (2, 0, 2, "two buyers write about it, and both complain"),
            (
                7,
                0,
                0,
                "7 write about it, none clearly for or against; their stars average 4.0",
            ),
            (
                15,
                9,
                1,
                "of 15 who write about it 9 clearly praise it and 1 clearly complains; their stars average 4.0",
            ),
        ] {
            let balance = Balance {
                reviews,
                praised,
                complained,
                mean_rating: Some(4.0),
            };
            assert_eq!(about_it(&balance), told);
        }
        assert_eq!(out_of(1, 1, "complains", "complain"), "one buyer complains");
        assert_eq!(
            out_of(5, 5, "complains", "complain"),
            "all 5 who are clear about it complain"
        );
    }

    #[test]
    fn labels_tell_products_apart_in_few_words() {
        let product = |title: &str| ProductFacts {
            id: title.into(),
            title: title.into(),
            price: Some(Price::rupees(1299)),
            reviews: 2,
            mean_rating: 4.5,
            histogram: [0, 0, 0, 1, 1],
        };
        let products = [
            product("Velto AirBeats 131 Headset"),
            product("Velto AirBeats 131 Pro"),
            product("Pellar"),
        ];
        assert_eq!(labels(&products[1..]), ["Velto AirBeats 131", "Pellar"]);
        assert_eq!(
            labels(&products[..2]),
            ["Velto AirBeats 131 Headset", "Velto AirBeats 131 Pro"]
        );
        assert_eq!(rated(&products[2]), "1,299 rupees, 4.5 of 5 stars from 2 reviews");
        let names = ["A", "B", "C"].map(String::from);
        assert_eq!(joined(&names, "or the"), "A, the B or the C");
    }

    #[test]
    fn amounts_have_their_units() {
        let value = |from, to, unit: &str| Value {
            from,
            to,
            unit: unit.into(),
            reviews: 1,
            and: None,
        };
        for (value, told) in [
            (value(2.0, 3.0, "hour"), "2 to 3 hours"),
            (value(1.0, 1.0, "hour"), "1 hour"),
            (value(1.5, 1.5, "litre"), "1.5 litres"),
            (value(5.0, 5.0, "foot"), "5 feet"),
            (value(6.0, 6.0, "inch"), "6 inches"),
            (value(5000.0, 5000.0, "mAh"), "5000 mAh"),
            (value(80.0, 80.0, "percent"), "80 percent"),
        ] {
            assert_eq!(amount(&value), told);
        }
    }
}
