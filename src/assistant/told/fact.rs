//! Amounts, with how far they agree. Pure.

use super::Told;
use super::phrases::{amount, several};
use crate::findings::{FactFinding, Value};

impl Told<'_> {
    pub(super) fn fact(&mut self, finding: &FactFinding) {
        if let Some(says) = &finding.title_says {
            let none = if finding.reviews == 0 {
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
        match finding.values.as_slice() {
            [] => {}
            [one] if finding.reviews == 1 => {
                self.say(
                    " ",
                    format!("One review of {of} gives an amount: {}.", amount(one)),
                );
            }
            [one] => self.say(
                " ",
                format!("{} reviews of {of} agree: {}.", finding.reviews, amount(one)),
            ),
            [most, ..] => {
                let all: Vec<String> = finding
                    .values
                    .iter()
                    .map(|value| format!("{} ({})", amount(value), several(value.reviews, "review")))
                    .collect();
                let conclusion = match finding.middle {
                    _ if most.reviews * 2 > finding.reviews => format!("Most often {}", amount(most)),
                    Some((from, to)) => {
                        let range = Value {
                            from,
                            to,
                            and: None,
                            ..most.clone()
                        };
                        format!("Buyers differ, mostly {}", amount(&range))
                    }
                    None => "Buyers differ".to_string(),
                };
                self.say(
                    " ",
                    format!(
                        "{conclusion}: of {} reviews of {of} that give an amount: {}.",
                        finding.reviews,
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
    }
}
