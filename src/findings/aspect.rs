//! How something about a product, or about products of a kind, is: the balance, and the best quote of each side. Pure.

use serde::Serialize;

use super::amounts::Amounts;
use super::balance::{Balance, Lean, Topic};
use super::citations::Citations;
use super::open::{Choice, most_written_about};
use super::shop::ProductFacts;
use super::values;
use crate::opinions::Verdict;
use crate::query::Intent;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::ProductId;

/// Products that are told apart.
const PRODUCTS: usize = 3;

/// How something is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AspectFinding {
    /// The product, or the one of the products whose buyers write most about it.
    pub product: ProductFacts,
    /// So many products the balance is of.
    pub products: usize,
    /// What buyers call it, or the question does; absent where it is not one thing.
    pub aspect: Option<String>,
    /// Whether the question is for yes or no, where praise is yes.
    pub asks_if_good: bool,
    /// What they say.
    pub balance: Balance,
    /// What they say of each product, where several are counted: of those about which most are clear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<Choice>,
    /// The amounts that they give, where it is one product and several do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amounts: Option<Amounts>,
    /// The part of the product's title that speaks of it.
    pub title_says: Option<String>,
    /// The number of the best quote that praises it.
    pub praise: Option<usize>,
    /// The number of the best quote that complains.
    pub complaint: Option<usize>,
    /// The numbers of the best quotes where hardly any is clear.
    pub quotes: Vec<usize>,
    /// The other thing that is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<Box<AspectFinding>>,
}

/// How what is asked is, and the other thing that is asked about.
pub(super) fn find(
    grounds: &Grounds,
    shop: Shop<'_>,
    topic: Topic,
    cited: &mut Citations<'_>,
) -> AspectFinding {
    // The amounts are of the whole question, and what is told by product of the first thing.
    let also = |other, cited: &mut Citations<'_>| {
        Box::new(AspectFinding {
            amounts: None,
            each: vec![],
            ..of_one(grounds, shop, other, cited)
        })
    };
    let finding = of_one(grounds, shop, topic, cited);
    AspectFinding {
        also: topic.other(grounds, shop).map(|other| also(other, cited)),
        ..finding
    }
}

fn of_one(grounds: &Grounds, shop: Shop<'_>, topic: Topic, cited: &mut Citations<'_>) -> AspectFinding {
    let scope = &grounds.scope;
    let balance = Balance::of(scope, topic, grounds, shop);
    let most = scope
        .iter()
        .rev()
        .max_by_key(|product| Balance::of(&[**product], topic, grounds, shop).reviews)
        .expect("evidence is of a product");
    let is_clear = !matches!(balance.lean(), Lean::Unclear | Lean::Silent);
    let side = |cited: &mut Citations<'_>, wanted| match is_clear {
        true => cited.side(scope, topic, wanted),
        false => None,
    };
    let (first, second) = match balance.praised >= balance.complained {
        true => (Verdict::Praised, Verdict::Complained),
        false => (Verdict::Complained, Verdict::Praised),
    };
    let (first, second) = (side(cited, first), side(cited, second));
    let (praise, complaint) = match balance.praised >= balance.complained {
        true => (first, second),
        false => (second, first),
    };
    let query = &grounds.query;
    let asks_whether = match query.intent {
        Intent::YesNo => true,
        Intent::Recommend => !query.chooses,
        _ => query.asks_amount,
    };
    let (each, amounts) = match scope.as_slice() {
        [_] => (
            vec![],
            Amounts::of_each(scope, |_| balance.reviews, grounds, shop),
        ),
        _ => (clearest(scope, topic, grounds, shop), None),
    };
    AspectFinding {
        product: shop.facts(*most),
        products: scope.len(),
        aspect: topic.name(grounds, shop),
        asks_if_good: query.intent == Intent::YesNo && query.asks_if_good,
        balance,
        each,
        amounts: amounts.and_then(|mut amounts| amounts.pop()),
        title_says: match scope.as_slice() {
            [one] if asks_whether => values::title_says(&shop.product(*one).title, query),
            _ => None,
        },
        quotes: match balance.lean() {
            Lean::Unclear | Lean::Silent => cited.of_both_sides(scope),
            _ => vec![],
        },
        also: None,
        praise,
        complaint,
    }
}

/// Of several products those about which most are clear, with what they say; none where these have one title.
fn clearest(scope: &[ProductId], topic: Topic, grounds: &Grounds, shop: Shop<'_>) -> Vec<Choice> {
    let mut each = most_written_about(scope, topic, scope.len(), grounds, shop);
    each.retain(|choice| choice.balance.reviews > 0);
    each.sort_by_key(|choice| std::cmp::Reverse(choice.balance.praise().of));
    each.truncate(PRODUCTS);
    match each
        .iter()
        .any(|choice| choice.product.title != each[0].product.title)
    {
        true => each,
        false => vec![],
    }
}
