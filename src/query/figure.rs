//! Whether a question asks for a figure that is counted, and not for what buyers say: a price, or stars. Pure; by its
//! words, in English and romanised Hindi.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Serialize;

use crate::language::WordClass::{
    self, Budget, Cheap, Counting, Currency, Dear, Highest, Lowest, Price, PriceQuestion, Rating, Review,
    Star,
};
use crate::language::{FUNCTION_WORDS, NumberClass, lexicon, stem};

/// A figure that the data has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Quantity {
    /// What a product costs.
    Price,
    /// Its mean stars.
    Stars,
}

/// Of which products a figure is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    /// Which.
    pub quantity: Quantity,
    /// Of what.
    pub wish: Wish,
}

/// What a question for a figure may say: words of figures, words of any question for products, and words that only hold
/// sentences together. As they are compared.
static OF_FIGURES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    use WordClass::{LeftOver, Listing, Speaker, Stock, Tag, Thing, Things, Unit, Wanting};
    let of_questions = [
        LeftOver, Listing, Speaker, Stock, Tag, Thing, Things, Unit, Wanting,
    ];
    let of_figures = [
        Budget, Cheap, Counting, Currency, Dear, Highest, Lowest, Price, Rating, Review, Star,
    ];
    let classes = of_questions.iter().chain(&of_figures).chain(&FUNCTION_WORDS);
    let words = classes.flat_map(|class| lexicon().all(*class));
    words
        .chain(lexicon().numbers(NumberClass::Cardinal))
        .map(stem)
        .collect()
});

/// Whether these words of a question, as they are compared, tell of nothing but figures, or how many products to list.
pub(super) fn tells_only_of_figures(telling: &HashSet<String>) -> bool {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    telling
        .iter()
        .all(|word| OF_FIGURES.contains(word) || is_number(word))
}

/// The figure that a question of these `words`, in lower case, asks for, where it asks for nothing else: `telling` are
/// the words of it, as they are compared, that tell what it is about, `names` whether it names products, and
/// `demands_price` whether it says what they may cost.
pub(super) fn asked(
    words: &[&str],
    telling: &HashSet<String>,
    names: bool,
    demands_price: bool,
) -> Option<Figure> {
    if !tells_only_of_figures(telling) {
        return None;
    }
    let has = |class| lexicon().contains(words, class);
    let extreme = match (has(Highest), has(Lowest)) {
        (true, false) => Some(Wish::Most),
        (false, true) => Some(Wish::Least),
        _ => None,
    };
    let price = |wish| Some((Quantity::Price, wish));
    let (quantity, wish) = match () {
        // "Least expensive" is cheap.
        () if has(Cheap) || has(Dear) && has(Lowest) => price(Wish::Least),
        () if has(Dear) => price(Wish::Most),
        () if has(Price) => price(extreme.unwrap_or(Wish::Each)),
        () if has(Star) || has(Rating) => Some((Quantity::Stars, extreme.unwrap_or(Wish::Each))),
        () if has(Review) && names && has(Counting) => Some((Quantity::Stars, Wish::Each)),
        () if has(Review) => extreme.map(|wish| (Quantity::Stars, wish)),
        () if telling.is_empty() && has(PriceQuestion) => price(Wish::Each),
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
    use super::super::testing;
    use super::*;

    #[test]
    fn figures_are_asked_for_where_nothing_else_is() {
        // A question, its telling words, whether it names products or demands a price, and the figure.
        let cases = "
            how much does it cost | cost | names | Price Each
            how much is the zuvio |  | names | Price Each
            zuvio ka price kitna hai | price | names | Price Each
            which of those is cheaper | cheaper | names | Price Least
            the least expensive kettle | expensive |  | Price Least
            which is the costliest phone | costliest |  | Price Most
            what is its rating | rating | names | Stars Each
            which kettle has the best rating | rating |  | Stars Most
            which headset has the worst reviews | reviews |  | Stars Least
            how many reviews does the zuvio have and what average | reviews average | names | Stars Each
            what percent of the zuvio reviews are five star | percent reviews five star | names | Stars Each
            is there a phone |  | demands | Price Fitting
            show me a phone | show | demands | Price Fitting
            a phone with a good camera | camera | demands |
            what do reviews say | reviews | names |
            cheapest headset with bass | cheapest bass |  |
            what do kettles cost | cost |  |
            is the zuvio good |  | names |
        ";
        for [question, telling, says, expected] in testing::table(cases) {
            let words: Vec<&str> = question.split(' ').collect();
            let telling = telling.split_whitespace().map(stem).collect();
            let found = asked(&words, &telling, says == "names", says == "demands");
            let found = found.map(|figure| format!("{:?} {:?}", figure.quantity, figure.wish));
            assert_eq!(found.unwrap_or_default(), expected, "{question}");
        }
    }
}
