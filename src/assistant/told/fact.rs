//! Amounts, with how far they agree. Pure.

use super::phrases::{amount, capitalised, mostly, several};
use super::{ITEM, Told, by_product};
use crate::findings::{Amounts, AmountsOf, FactFinding};

impl Told<'_> {
    pub(super) fn fact(&mut self, finding: &FactFinding) {
        let amounts = &finding.amounts;
        if let Some(says) = &finding.title_says {
            let none = if amounts.reviews == 0 {
                "; no review gives an amount"
            } else {
                ""
            };
            self.say(
                " ",
                format!("The title of the {} says: {says}{none}.", finding.product.title),
            );
        }
        let of = match finding.products {
            1 => format!("the {}", finding.product.title),
            many => format!("{many} products that fit"),
        };
        match amounts.values.as_slice() {
            [] => {}
            [one] if amounts.reviews == 1 => {
                self.say(
                    " ",
                    format!("One review of {of} gives an amount: {}.", amount(one)),
                );
            }
            [one] => self.say(
                " ",
                format!("{} reviews of {of} agree: {}.", amounts.reviews, amount(one)),
            ),
            [most, ..] => {
                let all: Vec<String> = amounts
                    .values
                    .iter()
                    .map(|value| format!("{} ({})", amount(value), several(value.reviews, "review")))
                    .collect();
                let conclusion = match most.reviews * 2 > amounts.reviews {
                    true => capitalised(&mostly(amounts)),
                    false if stands_out(amounts) => {
                        format!("Most often {}, {}", amount(most), mostly(amounts))
                    }
                    false => format!("Buyers differ, {}", mostly(amounts)),
                };
                self.say(
                    " ",
                    format!(
                        "{conclusion}: of {} reviews of {of} that give an amount: {}.",
                        amounts.reviews,
                        all.join(", ")
                    ),
                );
            }
        }
        for number in &finding.quotes {
            let who = format!(
                "A buyer of the {} writes",
                self.evidence[number - 1].short_title()
            );
            self.quote(&who, *number);
        }
        if !finding.each.is_empty() {
            let differ = finding
                .each
                .iter()
                .any(|one| mostly(&one.amounts) != mostly(&finding.each[0].amounts));
            self.say("\n", by_product(differ).to_string());
            for AmountsOf { product, amounts } in &finding.each {
                let gives = several(amounts.reviews, "review");
                self.say(ITEM, format!("{}: {} ({gives})", product.title, mostly(amounts)));
            }
        }
    }
}

/// Whether the most frequent amount is given by a good part of all, and much more often than the next.
fn stands_out(amounts: &Amounts) -> bool {
    match amounts.values.as_slice() {
        [most, next, ..] => 4 * most.reviews >= amounts.reviews && most.reviews >= (2 * next.reviews).max(3),
        _ => true,
    }
}
