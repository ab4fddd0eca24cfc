//! Products that fit, best first, with what speaks for and against each. Pure.

use super::phrases::{about_it, out_of, rated};
use super::{ITEM, Told, unmet_demand};
use crate::findings::{Balance, Pick, ProductFacts, RecommendationFinding};

impl Told<'_> {
    pub(super) fn recommendation(&mut self, finding: &RecommendationFinding) {
        for unmet in &finding.unmet {
            self.say(" ", unmet_demand(*unmet).to_string());
        }
        let what = finding.aspect.as_deref().map_or("it", |aspect| aspect);
        let [first, rest @ ..] = finding.picks.as_slice() else {
            return;
        };
        let for_what = match (&finding.aspect, finding.asks_something) {
            (Some(aspect), _) => format!("For the {aspect}"),
            (None, true) => "For that".to_string(),
            (None, false) => "By its buyers' reviews".to_string(),
        };
        let fits = match &first.balance {
            Some(balance) if balance.reviews == 0 => "is nearest",
            Some(balance) if balance.complained > balance.praised => {
                "is nearest, though more complain than praise"
            }
            _ => "fits best",
        };
        self.say(
            " ",
            format!(
                "{for_what}, the {} {fits}: {}.",
                first.product.title,
                pick_counts(first, what)
            ),
        );
        self.reasons(first);
        for pick in rest {
            self.say(
                ITEM,
                format!("Then the {}: {}.", pick.product.title, pick_counts(pick, what)),
            );
            self.reasons(pick);
        }
    }

    /// The quote of a pick, and its drawback.
    fn reasons(&mut self, pick: &Pick) {
        if let Some(number) = pick.quote {
            self.quote("One writes", number);
        }
        if let Some(number) = pick.complaint {
            self.objection(number, 1);
        }
        if let Some(drawback) = &pick.drawback {
            let Balance {
                praised, complained, ..
            } = drawback.balance;
            let counted = out_of(complained, praised + complained, "complains", "complain");
            let sentence = format!("The chief drawback is the {}: {counted}", drawback.aspect);
            match drawback.quote {
                Some(number) => self.cite(" ", format!("{sentence} [{number}]."), vec![number]),
                None => self.say(" ", format!("{sentence}.")),
            }
        }
    }
}

/// What a pick costs, its stars, and who writes about what is asked.
fn pick_counts(pick: &Pick, what: &str) -> String {
    let product: &ProductFacts = &pick.product;
    let figures = rated(product);
    match &pick.balance {
        None => figures,
        Some(balance) if balance.reviews == 0 => format!("{figures}; no review is clearly about {what}"),
        Some(balance) => format!("{figures}; {}", about_it(balance)),
    }
}
