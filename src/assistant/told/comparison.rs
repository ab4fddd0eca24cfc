//! Products beside each other: who is ahead in what, and on the whole. Pure.

use super::phrases::{about_it, attributed, labels, mostly, rated, several};
use super::{ITEM, Sentence, Told};
use crate::findings::{ComparedAspect, ComparisonFinding};

impl Told<'_> {
    pub(super) fn comparison(&mut self, finding: &ComparisonFinding) {
        let labels = labels(&finding.products);
        let titles: Vec<&str> = labels.iter().map(String::as_str).collect();
        if let Some(asked) = &finding.asked {
            self.compared_on(asked, &titles);
        }
        let overall: Vec<String> = finding
            .products
            .iter()
            .map(|product| format!("{} {}", product.title, rated(product)))
            .collect();
        let conclusion = match finding.ahead {
            Some(ahead) => format!("Overall buyers are more content with the {}", titles[ahead]),
            None => "Overall they are rated about the same".to_string(),
        };
        self.say(" ", format!("{conclusion}: {}.", overall.join("; ")));
        for aspect in &finding.aspects {
            let told: Vec<String> = titles
                .iter()
                .zip(&aspect.balances)
                .map(|(title, balance)| {
                    format!("{title} {} for, {} against", balance.praised, balance.complained)
                })
                .collect();
            let ahead = aspect.ahead.map_or("no clear difference".to_string(), |at| {
                format!("{} ahead", titles[at])
            });
            self.say(ITEM, format!("{}: {} ({ahead}).", aspect.aspect, told.join("; ")));
        }
        let mut joint = "\n";
        for number in finding.quotes.iter().flatten() {
            let evidence = &self.evidence[number - 1];
            let who = format!("A buyer of the {} writes", evidence.short_title());
            let checked = attributed(&who, *number, evidence);
            self.sentences.push(Sentence { joint, checked });
            joint = " ";
        }
        for (title, _) in titles
            .iter()
            .zip(&finding.quotes)
            .filter(|(_, quote)| quote.is_none())
        {
            self.say(
                " ",
                format!("No review of the {title} that mentions this was found."),
            );
        }
    }

    fn compared_on(&mut self, asked: &ComparedAspect, titles: &[&str]) {
        let what = match asked.aspect.as_str() {
            "" => "this".to_string(),
            aspect => format!("the {aspect}"),
        };
        let counts: Vec<String> = titles
            .iter()
            .zip(&asked.balances)
            .map(|(title, balance)| format!("{title}: {}", about_it(balance)))
            .collect();
        let writing: Vec<usize> = (0..titles.len())
            .filter(|at| asked.balances[*at].reviews > 0)
            .collect();
        let conclusion = match (asked.ahead, asked.most, writing.as_slice()) {
            (Some(ahead), ..) => format!("On {what}, the {} is ahead", titles[ahead]),
            (None, Some(most), _) => {
                format!(
                    "On {what}, buyers give the highest amounts for the {}",
                    titles[most]
                )
            }
            (None, None, [only]) => format!("On {what}, only buyers of the {} write", titles[*only]),
            (None, None, _) => format!("On {what}, none is clearly ahead"),
        };
        self.say(" ", format!("{conclusion}. {}.", counts.join(". ")));
        let given = titles.iter().zip(&asked.amounts).map(|(title, amounts)| {
            let gives = several(amounts.reviews, "review");
            format!("{title} {} ({gives})", mostly(amounts))
        });
        let given: Vec<String> = given.collect();
        if !given.is_empty() {
            self.say(" ", format!("Amounts that buyers give: {}.", given.join("; ")));
        }
    }
}
