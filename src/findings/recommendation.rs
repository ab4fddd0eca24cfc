//! Products that fit, in order, each with what speaks for it and what against. Pure.

use serde::Serialize;

use super::balance::{Balance, Topic};
use super::citations::Citations;
use super::shop::ProductFacts;
use super::verdict::{Judged, most_judged};
use crate::opinions::Verdict;
use crate::retrieval::{Grounds, Shop, Unmet};
use crate::reviews::{ProductId, Rating, mean_rating};

/// Products that are recommended.
const PICKS: usize = 3;

/// The cosine of two titles from which on they are of the same kind of thing.
const SAME_KIND: f32 = 0.45;

/// Products that fit, best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RecommendationFinding {
    /// What is asked of them, where buyers often speak of it.
    pub aspect: Option<String>,
    /// Whether something is asked of them at all.
    pub asks_something: bool,
    /// The demands that none of them meets.
    pub unmet: Vec<Unmet>,
    /// The products.
    pub picks: Vec<Pick>,
}

/// A product that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pick {
    /// Which.
    pub product: ProductFacts,
    /// What its buyers say of what is asked; absent where nothing is asked in particular.
    pub balance: Option<Balance>,
    /// The number of the quote that tells most.
    pub quote: Option<usize>,
    /// What most complain about, where more than one does.
    pub drawback: Option<Judged>,
    /// The number of a complaint about what is asked, or of the clearest, where no two complain about the same.
    pub complaint: Option<usize>,
}

/// The products that fit best: by their relevance, their shrunk stars, and the middle of the interval of the share that
/// praises what is asked, so that few opinions do not win by luck.
pub(super) fn find(
    grounds: &Grounds,
    shop: Shop<'_>,
    topic: Topic,
    cited: &mut Citations<'_>,
) -> RecommendationFinding {
    // Where nobody writes about it, the best on the whole are nearest.
    let topic = match grounds
        .fitting
        .iter()
        .any(|(product, _)| Balance::of(&[*product], topic, grounds, shop).reviews > 0)
    {
        true => topic,
        false => Topic::Whole,
    };
    let mut pick = |product| {
        let of = [product];
        let balance = (topic != Topic::Whole).then(|| Balance::of(&of, topic, grounds, shop));
        let praise = match topic {
            Topic::Whole => cited.clearest(product, Verdict::Praised),
            topic => cited.side(&of, topic, Verdict::Praised),
        };
        let quote = praise.or_else(|| cited.best(&of));
        let asked = match topic {
            Topic::Whole => None,
            topic => cited.side(&of, topic, Verdict::Complained),
        };
        let drawback = most_judged(&of, shop, Verdict::Complained, 1, cited).pop();
        Pick {
            product: shop.facts(product),
            balance,
            quote,
            complaint: match (asked, &drawback) {
                (None, None) => cited.clearest(product, Verdict::Complained),
                (asked, _) => asked,
            },
            drawback,
        }
    };
    // Where buyers of some write about what is asked, the others are no answer.
    let shop_mean = mean_rating(shop.index.catalogue());
    let scored = |(product, relevance): &(ProductId, f64)| {
        let balance = Balance::of(&[*product], topic, grounds, shop);
        let (low, high) = match topic {
            Topic::Whole => (1.0, 1.0),
            _ => balance.praise().interval(),
        };
        let rating = Rating::of(shop.product(*product), shop_mean).shrunk;
        (
            *product,
            balance.reviews > 0,
            relevance.sqrt() * rating * (low + high),
        )
    };
    let mut fitting: Vec<(ProductId, bool, f64)> = grounds.fitting.iter().map(scored).collect();
    fitting.retain(|(_, speaks, _)| *speaks || topic == Topic::Whole);
    fitting.sort_by(|a, b| b.2.total_cmp(&a.2));
    // A second pick has to please its buyers, and to be the same kind of thing.
    if let Some(((first, ..), _)) = fitting.split_first() {
        let first = *first;
        let is_fit = |product: ProductId| {
            let pleases = shop.facts(product).content().value() > 0.5;
            pleases && shop.index.title_likeness(first, product) >= SAME_KIND
        };
        fitting.retain(|(product, ..)| *product == first || is_fit(*product));
    }
    fitting.truncate(PICKS);
    RecommendationFinding {
        aspect: topic.name(grounds, shop),
        asks_something: topic != Topic::Whole,
        unmet: grounds.unmet.clone(),
        picks: fitting.into_iter().map(|(product, ..)| pick(product)).collect(),
    }
}
