//! A finding → plain sentences, the conclusion first. Pure: every number in them is the finding's, none is said by a
//! model, and a quote stands as it is in its review.

mod figures;
mod phrases;

pub(super) use phrases::attributed;

use super::conversation::{Checked, SentenceVerdict};
use crate::findings::{
    AspectFinding, Balance, ComparedAspect, ComparisonFinding, ComplaintsFinding, FactFinding, Finding,
    Found, Judged, Lean, ListFinding, NothingFinding, OpenFinding, Pick, ProductFacts, RecommendationFinding,
    TalkFinding, Value, VerdictFinding,
};
use crate::retrieval::{Evidence, Unmet, Want};
use phrases::{about_it, amount, joined, labels, out_of, rated, several};

/// So few reviews on what buyers do not often speak of are told without a verdict.
const NEAR: usize = 2;
/// Begins the lines of a list.
const ITEM: &str = "\n• ";

/// A sentence of an answer, with what separates it from the text before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    /// What stands before it.
    pub joint: &'static str,
    /// What it says, and the quotes that it cites.
    pub checked: Checked,
}

/// The answer that a finding makes, sentence by sentence.
pub(super) fn sentences(found: &Found) -> Vec<Sentence> {
    let mut told = Told {
        evidence: &found.evidence,
        sentences: vec![],
    };
    match &found.finding {
        Finding::Recommendation(finding) => told.recommendation(finding),
        Finding::Verdict(finding) => told.verdict(finding),
        Finding::Aspect(finding) => told.aspect(finding),
        Finding::Fact(finding) => told.fact(finding),
        Finding::Comparison(finding) => told.comparison(finding),
        Finding::Complaints(finding) => told.complaints(finding),
        Finding::Figures(figures) => told.say(" ", figures::told(figures)),
        Finding::List(finding) => told.list(finding),
        Finding::Open(finding) => told.open(finding),
        Finding::Talk(finding) => told.talk(finding),
        Finding::None(finding) => told.nothing(finding),
    }
    told.sentences
}

/// Of an answer's sentences those that quote nobody: what was counted.
pub(super) fn counted(sentences: &[Sentence]) -> Vec<String> {
    let counted = sentences.iter().map(|sentence| &sentence.checked.sentence);
    counted
        .filter(|sentence| !sentence.contains('“'))
        .cloned()
        .collect()
}

struct Told<'a> {
    evidence: &'a [Evidence],
    sentences: Vec<Sentence>,
}

impl Told<'_> {
    fn say(&mut self, joint: &'static str, sentence: String) {
        self.cite(joint, sentence, vec![]);
    }

    fn cite(&mut self, joint: &'static str, sentence: String, cited: Vec<usize>) {
        self.sentences.push(Sentence {
            joint: if self.sentences.is_empty() { "" } else { joint },
            checked: Checked {
                sentence,
                verdict: SentenceVerdict::Supported,
                cited,
            },
        });
    }

    /// A sentence that quotes.
    fn quote(&mut self, who: &str, number: usize) {
        let sentence = attributed(who, number, &self.evidence[number - 1]);
        self.sentences.push(Sentence {
            joint: " ",
            checked: sentence,
        });
    }

    /// The quote of a buyer of one of several products.
    fn quote_of_one(&mut self, number: usize, products: usize) {
        let evidence = &self.evidence[number - 1];
        match products {
            1 => self.quote("One writes", number),
            _ => self.quote(
                &format!("A buyer of the {} writes", evidence.short_title()),
                number,
            ),
        }
    }

    /// The quote of somebody who sees it otherwise.
    fn objection(&mut self, number: usize, products: usize) {
        let evidence = &self.evidence[number - 1];
        let what = match products {
            1 => "it".to_string(),
            _ => format!("the {}", evidence.short_title()),
        };
        let who = format!(
            "On the other side, one who gave {what} {} of 5 stars writes",
            evidence.rating
        );
        self.quote(&who, number);
    }

    fn recommendation(&mut self, finding: &RecommendationFinding) {
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
        if let Some(number) = pick.complaint {
            self.objection(number, 1);
        }
    }

    fn verdict(&mut self, finding: &VerdictFinding) {
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
            content.count, discontent.count
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

    fn aspect(&mut self, finding: &AspectFinding) {
        let balance = &finding.balance;
        let of = match finding.products {
            1 => format!("the {}", finding.product.title),
            many => format!("the {many} products that fit"),
        };
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
            Lean::Divided => format!("{subject} are divided{}", object.replacen(' ', " on ", 1)),
            Lean::Unclear => {
                format!("{subject} write{about}{object}, but hardly any is clearly for or against")
            }
            Lean::Silent => format!("No review of {of} is clearly about this"),
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
    }

    fn fact(&mut self, finding: &FactFinding) {
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

    fn comparison(&mut self, finding: &ComparisonFinding) {
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
        let conclusion = match asked.ahead {
            Some(ahead) => format!("On {what}, the {} is ahead", titles[ahead]),
            None => format!("On {what}, none is clearly ahead"),
        };
        self.say(" ", format!("{conclusion}. {}.", counts.join(". ")));
    }

    fn complaints(&mut self, finding: &ComplaintsFinding) {
        let of = match finding.products {
            1 => format!("the {}", finding.product.title),
            many => format!("the {many} products that fit"),
        };
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

    fn list(&mut self, finding: &ListFinding) {
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

    fn open(&mut self, finding: &OpenFinding) {
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

    fn talk(&mut self, finding: &TalkFinding) {
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

    fn nothing(&mut self, finding: &NothingFinding) {
        for unmet in &finding.unmet {
            self.say(" ", unmet_demand(*unmet).to_string());
        }
        if finding.unmet.is_empty() {
            let of = match &finding.product {
                Some(product) => format!("of the {product}"),
                None => "here".to_string(),
            };
            self.say(" ", format!("None of the reviews {of} says anything about that."));
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

/// A sentence that begins as sentences do.
fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
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

fn unmet_demand(demand: Unmet) -> &'static str {
    match demand {
        Unmet::PriceUnknown => {
            "The data here has no prices for these products, so the price limit could not be applied."
        }
        Unmet::Price => "None of the matching products is in that price range.",
        Unmet::Stars => "None of the matching products has such a rating.",
    }
}
