//! Whether a question asks for a figure that is counted, and not for what buyers say: a price, or stars. Pure; by its
//! words, in English and romanised Hindi.

use std::collections::HashSet;

use crate::language;

/// A figure that the data has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// What a product costs.
    Price,
    /// Its mean stars.
    Stars,
}

/// Of which products a figure is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Of each that is named.
    Each,
    /// Of the products that meet what the question demands, the best rated first.
    Fitting,
    /// Of the one that has most of it.
    Most,
    /// Of the one that has least of it.
    Least,
}

/// A figure that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// Which.
    pub quantity: Quantity,
    /// Of what.
    pub wish: Wish,
}

/// Words of a price that is asked for.
const PRICE: &[&str] = &[
    "cost", "costs", "daam", "keemat", "kimat", "price", "prices", "priced",
];
const CHEAP: &[&str] = &["cheap", "cheaper", "cheapest", "sasta", "saste", "sasti"];
const DEAR: &[&str] = &[
    "costlier",
    "costliest",
    "costly",
    "dearest",
    "expensive",
    "mehanga",
    "mehenga",
    "mehnga",
];
/// Words of stars that are asked for …
const STARS: &[&str] = &["rated", "rating", "ratings", "star", "stars"];
/// … and where the highest or the lowest is, also these.
const REVIEWS: &[&str] = &["review", "reviewed", "reviews"];
const HIGHEST: &[&str] = &["best", "better", "highest", "higher", "most", "top"];
const LOWEST: &[&str] = &["least", "lowest", "lower", "poorest", "worse", "worst"];
/// What else such a question may say.
const BESIDE: &[&str] = &[
    "anything",
    "available",
    "average",
    "batao",
    "below",
    "budget",
    "chahiye",
    "dikhao",
    "exact",
    "find",
    "five",
    "four",
    "here",
    "iska",
    "item",
    "kitna",
    "kitne",
    "kitni",
    "list",
    "looking",
    "mean",
    "need",
    "number",
    "one",
    "option",
    "options",
    "overall",
    "percent",
    "percentage",
    "product",
    "products",
    "right",
    "rs",
    "rupee",
    "rupees",
    "share",
    "shop",
    "show",
    "something",
    "three",
    "total",
    "two",
    "uska",
    "want",
    "within",
];
/// Words that make reviews something to be counted.
const COUNTED: &[&str] = &[
    "average",
    "kitna",
    "kitne",
    "kitni",
    "number",
    "percent",
    "percentage",
    "share",
];

/// The figure that a question of these `words`, in lower case, asks for, where it asks for nothing else: `telling` are
/// the folded words of it that tell what it is about, `names` whether it names products, and `demands_price` whether it
/// says what they may cost.
pub(super) fn asked(
    words: &[&str],
    telling: &HashSet<String>,
    names: bool,
    demands_price: bool,
) -> Option<Figure> {
    let lists = [PRICE, CHEAP, DEAR, STARS, REVIEWS, HIGHEST, LOWEST, BESIDE];
    let of_figures: HashSet<String> = lists.concat().iter().map(|word| language::stem(word)).collect();
    if !telling.is_subset(&of_figures) {
        return None;
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let starts = |phrase: &str| words.join(" ").starts_with(phrase);
    let extreme = match (has(HIGHEST), has(LOWEST)) {
        (true, false) => Some(Wish::Most),
        (false, true) => Some(Wish::Least),
        _ => None,
    };
    let price = |wish| Some((Quantity::Price, wish));
    let (quantity, wish) = match () {
        // "Least expensive" is cheap.
        () if has(CHEAP) || has(DEAR) && has(LOWEST) => price(Wish::Least),
        () if has(DEAR) => price(Wish::Most),
        () if has(PRICE) => price(extreme.unwrap_or(Wish::Each)),
        () if has(STARS) => Some((Quantity::Stars, extreme.unwrap_or(Wish::Each))),
        () if has(REVIEWS) && names && (has(COUNTED) || starts("how many")) => {
            Some((Quantity::Stars, Wish::Each))
        }
        () if has(REVIEWS) => extreme.map(|wish| (Quantity::Stars, wish)),
        () if telling.is_empty() && (starts("how much is") || starts("how much are")) => price(Wish::Each),
        () if demands_price && !names => price(Wish::Fitting),
        () => None,
    }?;
    let wish = match wish {
        // "What do kettles cost?" has no one answer.
        Wish::Each if !names => return None,
        wish => wish,
    };
    Some(Figure { quantity, wish })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_asked_for_where_nothing_else_is() {
        use Quantity::{Price, Stars};
        use Wish::{Each, Fitting, Least, Most};
        for (question, telling, names, demands, expected) in [
            (
                "how much does it cost",
                &["cost"][..],
                true,
                false,
                Some((Price, Each)),
            ),
            ("how much is the zuvio", &[], true, false, Some((Price, Each))),
            (
                "zuvio ka price kitna hai",
                &["price"],
                true,
                false,
                Some((Price, Each)),
            ),
            (
                "which of those is cheaper",
                &["cheaper"],
                true,
                false,
                Some((Price, Least)),
            ),
            (
                "the least expensive kettle",
                &["expensive"],
                false,
                false,
                Some((Price, Least)),
            ),
            (
                "which is the costliest phone",
                &["costliest"],
                false,
                false,
                Some((Price, Most)),
            ),
            (
                "what is its rating",
                &["rating"],
                true,
                false,
                Some((Stars, Each)),
            ),
            (
                "which kettle has the best rating",
                &["rating"],
                false,
                false,
                Some((Stars, Most)),
            ),
            (
                "which headset has the worst reviews",
                &["reviews"],
                false,
                false,
                Some((Stars, Least)),
            ),
            (
                "how many reviews does the zuvio have and what average",
                &["reviews", "average"],
                true,
                false,
                Some((Stars, Each)),
            ),
            (
                "what percent of the zuvio reviews are five star",
                &["percent", "reviews", "five", "star"],
                true,
                false,
                Some((Stars, Each)),
            ),
            ("is there a phone", &[], false, true, Some((Price, Fitting))),
            ("show me a phone", &["show"], false, true, Some((Price, Fitting))),
            ("a phone with a good camera", &["camera"], false, true, None),
            ("what do reviews say", &["reviews"], true, false, None),
            (
                "cheapest headset with bass",
                &["cheapest", "bass"],
                false,
                false,
                None,
            ),
            ("what do kettles cost", &["cost"], false, false, None),
            ("is the zuvio good", &[], true, false, None),
        ] {
            let words: Vec<&str> = question.split(' ').collect();
            let telling = telling.iter().map(|word| language::stem(word)).collect();
            let found = asked(&words, &telling, names, demands);
            let found = found.map(|figure| (figure.quantity, figure.wish));
            assert_eq!(found, expected, "{question}");
        }
    }
}
