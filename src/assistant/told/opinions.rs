//! What buyers think: of a product, of one thing about it, and what they complain about. Pure.

use super::phrases::{about_it, attributed, capitalised, how_many, joined, mostly, out_of, rated, several};
use super::{ITEM, Sentence, Told, by_product, those};
use crate::findings::{AspectFinding, Balance, ComplaintsFinding, Judged, Lean, Suited, VerdictFinding};

/// So few reviews on what buyers do not often speak of are told without a verdict.
const NEAR: usize = 2;

impl Told<'_> {
    pub(super) fn verdict(&mut self, finding: &VerdictFinding) {
        let product = &finding.product;
        let (low, high) = product.content().interval();
        let title = &product.title;
        let (content, discontent) = (product.content(), product.discontent());
        let conclusion = match () {
            () if low > 0.5 => format!("Most buyers are content with the {title}"),
            () if high < 0.5 => format!("Most buyers are not content with the {title}"),
            () if content.count > discontent.count => {
                format!("More buyers are content with the {title} than not")
            }
            () if content.count < discontent.count => {
                format!("More buyers are discontent with the {title} than content")
            }
            () => format!("Buyers are divided on the {title}"),
        };
        let counts = format!(
            "{} of them give four or five stars, {} one or two",
            how_many(content.count),
            how_many(discontent.count)
        );
        self.say(" ", format!("{conclusion}: {}; {counts}.", rated(product)));
        if !finding.praised.is_empty() {
            self.judged("Most praised", &finding.praised, |balance| balance.praised);
        }
        if !finding.complained.is_empty() {
            self.judged("Most complained about", &finding.complained, |balance| {
                balance.complained
            });
        }
        self.suited(&finding.suits, &finding.unsuited);
        let [praise, complaint] = finding.quotes;
        if let Some(number) = praise {
            self.quote("One writes", number);
        }
        if let Some(number) = complaint {
            self.objection(number, 1);
        }
        if let [_, ..] = finding.others.as_slice() {
            self.say(
                " ",
                format!(
                    "The name may also mean the {}.",
                    joined(&finding.others, "or the")
                ),
            );
        }
    }

    /// What it is called good for, and what not.
    fn suited(&mut self, suits: &[Suited], unsuited: &[Suited]) {
        let told = |suited: &[Suited]| {
            let each = suited
                .iter()
                .map(|Suited { what, reviews }| format!("{what} ({reviews})"));
            each.collect::<Vec<_>>().join(", ")
        };
        match (suits, unsuited) {
            ([], []) => {}
            (suits, []) => self.say(" ", format!("By its buyers it is good for {}.", told(suits))),
            ([], unsuited) => self.say(
                " ",
                format!("By its buyers it is not good for {}.", told(unsuited)),
            ),
            (suits, unsuited) => {
                let sentence = format!(
                    "By its buyers it is good for {}, but not for {}.",
                    told(suits),
                    told(unsuited)
                );
                self.say(" ", sentence);
            }
        }
    }

    /// A list of aspects with counts, and the quote of the first.
    fn judged(&mut self, heading: &str, judged: &[Judged], count: fn(&Balance) -> usize) {
        let told = |judged: &Judged| {
            let of = judged.balance.praised + judged.balance.complained;
            let counted = format!(
                "{} ({} of {of} who judge it)",
                judged.aspect,
                count(&judged.balance)
            );
            match judged.quote {
                Some(number) => format!("{counted} [{number}]"),
                None => counted,
            }
        };
        let all: Vec<String> = judged.iter().map(told).collect();
        let cited: Vec<usize> = judged.iter().filter_map(|judged| judged.quote).collect();
        self.cite(" ", format!("{heading}: {}.", all.join(", ")), cited.clone());
        if let Some(number) = cited.first() {
            self.quote("One writes", *number);
        }
    }

    pub(super) fn aspect(&mut self, finding: &AspectFinding) {
        let balance = &finding.balance;
        let of = those(&finding.product, finding.products);
        let lean = balance.lean();
        let (subject, object) = match &finding.aspect {
            Some(aspect) => ("Buyers".to_string(), format!(" the {aspect} of {of}")),
            None => (format!("On this, buyers of {of}"), String::new()),
        };
        let about = match &finding.aspect {
            Some(_) => " about",
            None => "",
        };
        let yes_or_no = match lean {
            Lean::Praised if finding.asks_if_good => "Mostly yes. ",
            Lean::Complained if finding.asks_if_good => "Mostly no. ",
            _ => "",
        };
        let conclusion = match lean {
            Lean::Praised => format!(
                "{subject} mostly praise{}",
                if object.is_empty() { " it" } else { &object }
            ),
            Lean::Complained => format!("{subject} mostly complain{about}{object}"),
            Lean::FewPraise => format!(
                "{subject} are pleased{}, though few are clear",
                object.replacen(' ', " with ", 1)
            ),
            Lean::FewComplain => format!("{subject} complain{about}{object}, though few are clear"),
            Lean::RatherPraised => {
                format!("{subject} rather praise than complain{about}{object}")
            }
            Lean::RatherComplained => {
                let praised = if object.is_empty() { " it" } else { &object };
                format!("{subject} rather complain than praise{praised}")
            }
            Lean::Divided => format!("{subject} are divided{}", object.replacen(' ', " on ", 1)),
            Lean::Unclear => {
                format!("{subject} write{about}{object}, but hardly any is clearly for or against")
            }
            Lean::Silent => match &finding.aspect {
                Some(aspect) => format!("No review of {of} is clearly about the {aspect}"),
                None => format!("No review of {of} is clearly about this"),
            },
        };
        let conclusion = format!("{yes_or_no}{conclusion}");
        let counts = about_it(balance);
        if let Some(says) = &finding.title_says {
            self.say(" ", format!("The title says: {says}."));
        }
        match lean {
            // What few passages say that are only near it is no opinion.
            _ if finding.aspect.is_none() && (1..=NEAR).contains(&balance.reviews) => {
                let near = match balance.reviews {
                    1 => "Only one review".to_string(),
                    reviews => format!("Only {reviews} reviews"),
                };
                let verb = if balance.reviews == 1 { "comes" } else { "come" };
                self.say(" ", format!("{near} of {of} {verb} near this."));
            }
            Lean::Silent => self.say(" ", format!("{conclusion}.")),
            _ => self.say(" ", format!("{conclusion}: {counts}.")),
        }
        if let Some(amounts) = &finding.amounts {
            let gives = several(amounts.reviews, "review");
            self.say(" ", format!("{gives} give an amount: {}.", mostly(amounts)));
        }
        let (first, second) = match balance.praised >= balance.complained {
            true => (finding.praise, finding.complaint),
            false => (finding.complaint, finding.praise),
        };
        if let Some(first) = first.or(second) {
            self.quote_of_one(first, finding.products);
        }
        if let (Some(_), Some(second)) = (first, second) {
            self.objection(second, finding.products);
        }
        for number in &finding.quotes {
            match balance.reviews {
                0 => {
                    let title = self.evidence[number - 1].short_title().to_string();
                    self.quote(&format!("Nearest to it, a buyer of the {title} writes"), *number);
                    break;
                }
                _ => self.quote_of_one(*number, finding.products),
            }
        }
        if let Some(also) = &finding.also {
            self.aspect(also);
        }
        if !finding.each.is_empty() {
            let any = |directions: &[Lean]| {
                let mut leans = finding.each.iter().map(|choice| choice.balance.lean());
                leans.any(|lean| directions.contains(&lean))
            };
            let praise = [Lean::Praised, Lean::FewPraise, Lean::RatherPraised];
            let complaint = [Lean::Complained, Lean::FewComplain, Lean::RatherComplained];
            self.say("\n", by_product(any(&praise) && any(&complaint)).to_string());
            for choice in &finding.each {
                let counts = about_it(&choice.balance);
                self.say(ITEM, format!("{}: {counts}", choice.product.title));
            }
        }
    }

    pub(super) fn complaints(&mut self, finding: &ComplaintsFinding) {
        let of = those(&finding.product, finding.products);
        let discontent = format!(
            "{} of {} reviews of {of} give one or two stars",
            finding.discontent.count, finding.discontent.of
        );
        match (&finding.asked, finding.complaints.as_slice()) {
            (Some(asked), _) => {
                self.say(
                    " ",
                    format!("On the {} of {of}: {}.", asked.aspect, about_it(&asked.balance)),
                );
                if let Some(number) = asked.quote {
                    self.quote_of_one(number, finding.products);
                }
                self.say(" ", format!("In all, {discontent}."));
            }
            (None, complaints) => {
                let most = match complaints {
                    [] => String::new(),
                    [first, ..] => format!(" They complain most about the {}.", first.aspect),
                };
                self.say(" ", format!("{}.{most}", capitalised(&discontent)));
                for complaint in complaints {
                    let Balance {
                        praised, complained, ..
                    } = complaint.balance;
                    let counted = out_of(complained, praised + complained, "complains", "complain");
                    self.say(ITEM, format!("{}: {counted}.", complaint.aspect));
                    if let Some(number) = complaint.quote {
                        self.quote_of_one(number, finding.products);
                    }
                }
                let mut joint = if complaints.is_empty() { " " } else { "\nBesides: " };
                for number in &finding.quotes {
                    let evidence = &self.evidence[number - 1];
                    let who = match finding.products {
                        1 => "one writes".to_string(),
                        _ => format!("a buyer of the {} writes", evidence.short_title()),
                    };
                    let begins = joint == " ";
                    let who = if begins { capitalised(&who) } else { who };
                    let checked = attributed(&who, *number, evidence);
                    self.sentences.push(Sentence { joint, checked });
                    joint = "; ";
                }
            }
        }
    }
}
