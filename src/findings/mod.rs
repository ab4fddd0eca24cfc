//! What is found and what the reviews count, in; what follows from it, out: one [`Finding`], whose every number is
//! counted here. Pure; between retrieval and words.
//!
//! `kind` says which kind of finding a question gets, and the file of that name makes it. They share `shop` (what the
//! catalogue says of a product), `balance` (who is pleased and who is not), `amounts` (how much buyers say it is) and
//! `citations` (the quotes, numbered).
//! Words for all this are `assistant::told`'s.

mod amounts;
mod aspect;
mod balance;
mod citations;
mod comparison;
mod complaints;
mod fact;
mod kind;
mod list;
mod nothing;
mod open;
mod recommendation;
mod shop;
mod suits;
mod talk;
mod values;
mod verdict;

use serde::Serialize;

pub(crate) use amounts::Amounts;
pub(crate) use aspect::AspectFinding;
pub(crate) use balance::{Balance, Lean, Topic};
pub(crate) use comparison::{ComparedAspect, ComparisonFinding};
pub(crate) use complaints::ComplaintsFinding;
pub(crate) use fact::{AmountsOf, FactFinding};
pub(crate) use list::ListFinding;
pub(crate) use nothing::NothingFinding;
pub(crate) use open::OpenFinding;
pub(crate) use recommendation::{Pick, RecommendationFinding};
pub(crate) use shop::ProductFacts;
pub(crate) use suits::Suited;
pub(crate) use talk::TalkFinding;
pub(crate) use values::Value;
pub(crate) use verdict::{Judged, VerdictFinding};

use crate::retrieval::{Evidence, Figures, Grounds, Shop};
use kind::Kind;

/// What an answer concludes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Finding {
    /// Products that fit, best first.
    Recommendation(RecommendationFinding),
    /// What to think of a product.
    Verdict(VerdictFinding),
    /// How something about a product is.
    Aspect(AspectFinding),
    /// How much of something a product has, as buyers and its title say.
    Fact(FactFinding),
    /// Products beside each other.
    Comparison(ComparisonFinding),
    /// What is wrong.
    Complaints(ComplaintsFinding),
    /// A price, or stars.
    Figures(Figures),
    /// Which products there are.
    List(ListFinding),
    /// The question leaves open which product is meant.
    Open(OpenFinding),
    /// No question for reviews.
    Talk(TalkFinding),
    /// The reviews say nothing of it.
    None(NothingFinding),
}

/// A finding with the quotes that it rests on, and others that are about the question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// What follows.
    pub finding: Finding,
    /// Quotes, which the finding cites by their number, from 1.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// Whether a model that can may write the answer: there is something to weigh and to quote.
    pub(crate) fn is_for_a_model(&self) -> bool {
        !matches!(
            self,
            Self::Figures(_) | Self::List(_) | Self::Open(_) | Self::Talk(_) | Self::None(_)
        )
    }

    /// The name of its kind, as on the wire and in metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Recommendation(_) => "recommendation",
            Self::Verdict(_) => "verdict",
            Self::Aspect(_) => "aspect",
            Self::Fact(_) => "fact",
            Self::Comparison(_) => "comparison",
            Self::Complaints(_) => "complaints",
            Self::Figures(_) => "figures",
            Self::List(_) => "list",
            Self::Open(_) => "open",
            Self::Talk(_) => "talk",
            Self::None(_) => "none",
        }
    }
}

/// What follows from what was found.
pub(crate) fn find(grounds: &Grounds, shop: Shop<'_>) -> Found {
    let mut cited = citations::Citations::new(grounds, shop);
    let topic = Topic::of(grounds, shop);
    let finding = match kind::of(grounds, topic) {
        Kind::Talk(talk) => Finding::Talk(talk::find(talk, grounds, shop, &mut cited)),
        Kind::Figures(figures) => Finding::Figures(figures),
        Kind::List => Finding::List(list::find(grounds, shop)),
        Kind::Nothing => Finding::None(nothing::find(grounds, shop)),
        Kind::Open => Finding::Open(open::find(grounds, shop, topic)),
        Kind::Comparison => Finding::Comparison(comparison::find(grounds, shop, topic, &mut cited)),
        Kind::Complaints => Finding::Complaints(complaints::find(grounds, shop, topic, &mut cited)),
        Kind::Verdict => Finding::Verdict(verdict::find(grounds, shop, &mut cited)),
        Kind::Fact => match fact::find(grounds, shop, &mut cited) {
            Some(fact) => Finding::Fact(fact),
            None => Finding::Aspect(aspect::find(grounds, shop, topic, &mut cited)),
        },
        Kind::Aspect => Finding::Aspect(aspect::find(grounds, shop, topic, &mut cited)),
        Kind::Recommendation => {
            Finding::Recommendation(recommendation::find(grounds, shop, topic, &mut cited))
        }
    };
    let evidence = match finding {
        Finding::Talk(_) | Finding::None(_) | Finding::Open(_) | Finding::List(_) => cited.only_cited(),
        _ => cited.with_the_rest(),
    };
    Found { finding, evidence }
}
