//! Products to choose from: all of a kind, or those that may be meant. Pure.

use super::phrases::{about_it, joined, rated};
use super::{ITEM, Told};
use crate::findings::{ListFinding, OpenFinding};

impl Told<'_> {
    pub(super) fn list(&mut self, finding: &ListFinding) {
        let shown = finding.products.len();
        let which = match finding.total > shown {
            true => format!(
                "There are {} of these here; the {shown} best rated",
                finding.total
            ),
            false if shown == 1 => "There is one here".to_string(),
            false => format!("There are {shown} of these here, the best rated first"),
        };
        self.say(" ", format!("{which}:"));
        for product in &finding.products {
            self.say(ITEM, format!("{}, {}", product.title, rated(product)));
        }
    }

    pub(super) fn open(&mut self, finding: &OpenFinding) {
        let what = match &finding.aspect {
            Some(aspect) => format!("the {aspect} of"),
            None => "this of".to_string(),
        };
        self.say(" ", "Which product do you mean?".to_string());
        let known: Vec<_> = finding
            .choices
            .iter()
            .filter(|choice| choice.balance.reviews > 0)
            .collect();
        match known.as_slice() {
            [] => {
                let titles: Vec<String> = finding
                    .choices
                    .iter()
                    .map(|choice| choice.product.title.clone())
                    .collect();
                self.say(" ", format!("It may be the {}.", joined(&titles, "or the")));
            }
            known => {
                self.say(" ", format!("Most buyers write about {what}:"));
                for choice in known {
                    self.say(
                        ITEM,
                        format!("{}: {}", choice.product.title, about_it(&choice.balance)),
                    );
                }
            }
        }
    }
}
