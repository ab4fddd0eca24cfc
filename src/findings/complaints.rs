//! What is wrong, the most frequent complaint first. Pure.

use serde::Serialize;

use super::balance::{Balance, Topic};
use super::citations::Citations;
use super::shop::ProductFacts;
use super::verdict::{Judged, most_judged};
use crate::opinions::Verdict;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::Share;

/// Complaints that are told.
const COMPLAINTS: usize = 3;

/// What buyers complain about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComplaintsFinding {
    /// The product, or the best one of several.
    pub product: ProductFacts,
    /// So many products are counted.
    pub products: usize,
    /// Of their reviews those with one or two stars.
    pub discontent: Share,
    /// What is asked about in particular, with what they say of it.
    pub asked: Option<Judged>,
    /// The aspects that most clearly complain about.
    pub complaints: Vec<Judged>,
    /// The numbers of the clearest other complaints, where there are few of these.
    pub quotes: Vec<usize>,
}

/// The complaints of what is in question.
pub(super) fn find(
    grounds: &Grounds,
    shop: Shop<'_>,
    topic: Topic,
    cited: &mut Citations<'_>,
) -> ComplaintsFinding {
    let scope = &grounds.scope;
    let discontent = scope.iter().map(|product| shop.facts(*product).discontent());
    let discontent = discontent.fold(Share { count: 0, of: 0 }, |all, one| Share {
        count: all.count + one.count,
        of: all.of + one.of,
    });
    let asked = match topic {
        Topic::Aspect(_) => Some(Judged {
            aspect: topic.name(grounds, shop).unwrap_or_default(),
            balance: Balance::of(scope, topic, grounds, shop),
            quote: cited.side(scope, topic, Verdict::Complained),
        }),
        Topic::Whole | Topic::Words | Topic::Word(_) => None,
    };
    // Nobody complains about that; about other things they may.
    let asked = asked.filter(|asked| asked.balance.complained > 0);
    let complaints = match asked {
        Some(_) => vec![],
        None => most_judged(scope, shop, Verdict::Complained, COMPLAINTS, cited),
    };
    // Where few complain about the same, the clearest complaints stand for the others.
    let missing = COMPLAINTS.saturating_sub(complaints.len());
    let clearest = |_| {
        scope
            .iter()
            .find_map(|product| cited.clearest(*product, Verdict::Complained))
    };
    let quotes: Vec<usize> = match asked {
        Some(_) => vec![],
        None => (0..missing).map_while(clearest).collect(),
    };
    ComplaintsFinding {
        product: shop.facts(scope[0]),
        products: scope.len(),
        discontent,
        asked,
        complaints,
        quotes,
    }
}
