//! What is said where the reviews answer nothing. Pure.

use super::phrases::joined;
use super::{ITEM, Told, unmet_demand};
use crate::findings::{NothingFinding, TalkFinding};
use crate::retrieval::Want;

impl Told<'_> {
    pub(super) fn talk(&mut self, finding: &TalkFinding) {
        let here = format!(
            "{} products here from {} reviews of their buyers",
            finding.products, finding.reviews
        );
        let first = match finding.about {
            Want::Greeting => format!("Hello! I answer questions about the {here}."),
            Want::Thanks => "You are welcome. Ask on whenever you like.".to_string(),
            Want::Abilities => format!(
                "I am a program that answers questions about the {here}: which to take, how something is, what goes wrong, \
                 how two compare."
            ),
            Want::Shop => {
                "Reviews do not decide that: please ask the shop itself about its terms, deliveries and orders."
                    .to_string()
            }
            Want::Task | Want::Verdict => format!("I only answer questions about the {here}."),
        };
        self.say(" ", first);
        if let [first, rest @ ..] = finding.quotes.as_slice() {
            let who = format!(
                "What buyers tell of it: one of the {} writes",
                self.evidence[first - 1].short_title()
            );
            self.quote(&who, *first);
            for number in rest {
                self.quote("Another writes", *number);
            }
        }
        if !matches!(finding.about, Want::Thanks | Want::Shop) {
            self.examples(&finding.examples);
        }
    }

    pub(super) fn nothing(&mut self, finding: &NothingFinding) {
        for unmet in &finding.unmet {
            self.say(" ", unmet_demand(*unmet).to_string());
        }
        if finding.unmet.is_empty() {
            let nothing = match &finding.product {
                Some(product) => format!("None of the reviews of the {product} says anything about that."),
                None => {
                    "None of the products here is that, and no review says anything about it.".to_string()
                }
            };
            self.say(" ", nothing);
        }
        match finding.spoken_of.as_slice() {
            [] => self.examples(&finding.examples),
            spoken_of => self.say(
                " ",
                format!("Its buyers write about the {}.", joined(spoken_of, "and the")),
            ),
        }
    }

    fn examples(&mut self, examples: &[String]) {
        if !examples.is_empty() {
            self.say(" ", "You can ask, for example:".to_string());
            examples
                .iter()
                .for_each(|example| self.say(ITEM, example.clone()));
        }
    }
}
