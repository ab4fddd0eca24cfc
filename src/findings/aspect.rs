//! How something about a product, or about products of a kind, is: the balance, and the best quote of each side. Pure.

use serde::Serialize;

use super::balance::{Balance, Lean, Topic};
use super::citations::Citations;
use super::shop::ProductFacts;
use super::values;
use crate::opinions::Verdict;
use crate::query::Intent;
use crate::retrieval::{Grounds, Shop};

/// Quotes where hardly any is clear.
const QUOTES: usize = 2;

/// How something is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AspectFinding {
    /// The product, or the one of the products whose buyers write most about it.
    pub product: ProductFacts,
    /// So many products the balance is of.
    pub products: usize,
    /// What buyers call it; absent where it is not one of the things that many speak of.
    pub aspect: Option<String>,
    /// Whether the question is for yes or no, where praise is yes.
    pub asks_if_good: bool,
    /// What they say.
    pub balance: Balance,
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
    let also = |other, cited: &mut Citations<'_>| Box::new(of_one(grounds, shop, other, cited));
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
    AspectFinding {
        product: shop.facts(*most),
        products: scope.len(),
        aspect: topic.name(shop),
        asks_if_good: query.intent == Intent::YesNo && query.asks_if_good,
        balance,
        title_says: match scope.as_slice() {
            [one] if asks_whether => values::title_says(&shop.product(*one).title, query),
            _ => None,
        },
        quotes: match balance.lean() {
            Lean::Unclear | Lean::Silent => (0..QUOTES).map_while(|_| cited.best(scope)).collect(),
            _ => vec![],
        },
        also: None,
        praise,
        complaint,
    }
}
