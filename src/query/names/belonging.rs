//! Which words of titles belong to products: learned from how the reviews use them. Pure.
//!
//! A shop's title begins with the brand, then the model, then what the thing is and does. "Airdopes" and "Compact" are
//! both second words; but who writes "Airdopes" has one, and "compact" is said of many things.

use std::collections::{BTreeSet, HashMap};

use super::{is_code, key};
use crate::language;
use crate::reviews::{Product, ProductId};

/// A word in one passage of so many, or fewer, is said hardly ever …
const HARDLY: usize = 10_000;
/// … and in a small shop if it is said so often.
const HARDLY_LEAST: usize = 2;
/// A brand's share of its uses that is in reviews of the brand.
const BRAND: f64 = 0.4;
/// The same where other titles have the word as well.
const BRAND_ELSEWHERE: f64 = 0.7;
/// A model's share.
const MODEL: f64 = 0.3;
/// And so many times the share that chance would give it.
const LIFT: f64 = 3.0;
/// What is said more often of other products, per passage, is no name, but a word for a thing.
const COMMON: f64 = 0.005;
/// A word said less often than this is not known to be plain.
const PLAIN_LEAST: usize = 5;
/// How many words of a title may be a model's code, counted from the brand.
const CODES: usize = 3;

/// How a word of titles is used in reviews.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    /// Times it is said.
    said: usize,
    /// Of those, in reviews of products whose titles have it.
    by_bearers: usize,
}

/// The words of titles, with their use.
pub(super) struct Belonging<'a> {
    products: &'a [Product],
    titles: &'a [Vec<String>],
    bearing: &'a HashMap<String, BTreeSet<ProductId>>,
    uses: HashMap<&'a str, Use>,
    passages: usize,
    /// Passages of each product's reviews.
    passages_of: Vec<usize>,
}

impl<'a> Belonging<'a> {
    /// Counts.
    pub(super) fn of<'b>(
        products: &'a [Product],
        titles: &'a [Vec<String>],
        bearing: &'a HashMap<String, BTreeSet<ProductId>>,
        passages: impl Iterator<Item = (ProductId, &'b str)>,
    ) -> Self {
        let mut uses: HashMap<&str, Use> = HashMap::new();
        let mut passages_of = vec![0; products.len()];
        let mut lower = String::new();
        for (id, passage) in passages {
            passages_of[id.0 as usize] += 1;
            for word in passage.split(|c: char| !c.is_alphanumeric()) {
                lower.clear();
                lower.extend(word.chars().flat_map(char::to_lowercase));
                if let Some((word, bearers)) = bearing.get_key_value(lower.as_str()) {
                    let entry = uses.entry(word.as_str()).or_default();
                    entry.said += 1;
                    entry.by_bearers += usize::from(bearers.contains(&id));
                }
            }
        }
        Self {
            products,
            titles,
            bearing,
            uses,
            passages: passages_of.iter().sum(),
            passages_of,
        }
    }

    /// The words that name products by themselves, with the products.
    pub(super) fn own(&self) -> HashMap<String, BTreeSet<ProductId>> {
        let mut own: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, title) in (0..).map(ProductId).zip(self.titles) {
            let mut give = |word: String| own.entry(word).or_default().insert(id);
            let Some(brand) = title.first().filter(|brand| self.is_brand(brand)) else {
                continue;
            };
            give(brand.clone());
            let Some(model) = title.get(1) else { continue };
            // "realmebuds", as some write it
            give(format!("{brand}{model}"));
            if self.is_model(model) || self.is_written_as_a_name(id, model) {
                give(model.clone());
                if let Some(code) = title.get(2).filter(|code| is_code(code)) {
                    give(format!("{model}{code}"));
                }
            }
            let codes = title.iter().skip(1).take(CODES);
            codes.filter(|code| self.is_model_code(code)).for_each(|code| {
                give(code.clone());
            });
        }
        own
    }

    /// The words that others say as well.
    pub(super) fn plain(&self) -> BTreeSet<String> {
        let plain = |used: &Use| used.said >= PLAIN_LEAST && 2 * used.by_bearers < used.said;
        let words = self.uses.iter().filter(|(_, used)| plain(used));
        words.map(|(word, _)| word.to_string()).collect()
    }

    /// Whether the first word of some title is a brand: no title has it elsewhere, so that "Wired Headset" makes no
    /// brand of "Wired", and reviews use it for these products.
    fn is_brand(&self, word: &str) -> bool {
        if language::is_asking(word) || word.chars().count() < 2 || is_number(word) {
            return false;
        }
        let elsewhere = self.bearing[word].iter().any(|id| {
            self.titles[id.0 as usize]
                .iter()
                .skip(1)
                .any(|other| other == word)
        });
        if elsewhere {
            return self.uses(word).said >= PLAIN_LEAST && self.share(word) >= BRAND_ELSEWHERE;
        }
        self.is_hardly_said(word) || self.share(word) >= BRAND
    }

    /// Whether the second word of some title is a model's, and of one brand.
    fn is_model(&self, word: &str) -> bool {
        let name = word.chars().count() > 2
            && !language::is_asking(word)
            && !is_number(word)
            && self.is_of_one_brand(word);
        name && (self.is_hardly_said(word) || self.is_said_of_bearers(word))
    }

    /// "BassHeads": capitals in the middle, as in no ordinary word.
    fn is_written_as_a_name(&self, id: ProductId, word: &str) -> bool {
        let title = &self.products[id.0 as usize].title;
        let written = language::words(title).find(|written| key(written) == word);
        let camel = written.is_some_and(|written| {
            let mut letters = written.chars();
            letters.next();
            let rest: String = letters.collect();
            rest.contains(char::is_uppercase) && rest.contains(char::is_lowercase)
        });
        camel && !self.is_common(word) && self.is_of_one_brand(word)
    }

    /// "N12", "235v2"; but not "5G" and "64GB", which many have.
    fn is_model_code(&self, word: &str) -> bool {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        let quantity = digits > 0 && !word[digits..].contains(|c: char| c.is_ascii_digit());
        let mixed = is_code(word) && word.contains(|c: char| c.is_alphabetic()) && word.chars().count() > 1;
        mixed && !quantity && self.is_of_one_brand(word) && !self.is_common(word)
    }

    fn is_of_one_brand(&self, word: &str) -> bool {
        let brands = self.bearing[word]
            .iter()
            .map(|id| self.titles[id.0 as usize].first());
        brands.collect::<BTreeSet<_>>().len() == 1
    }

    fn is_hardly_said(&self, word: &str) -> bool {
        self.uses(word).said <= HARDLY_LEAST + self.passages / HARDLY
    }

    fn is_common(&self, word: &str) -> bool {
        let Use { said, by_bearers } = self.uses(word);
        let others = said - by_bearers;
        others > PLAIN_LEAST && others as f64 > COMMON * self.passages as f64
    }

    fn is_said_of_bearers(&self, word: &str) -> bool {
        let theirs: usize = self.bearing[word]
            .iter()
            .map(|id| self.passages_of[id.0 as usize])
            .sum();
        let chance = theirs as f64 / self.passages.max(1) as f64;
        let share = self.share(word);
        !self.is_common(word) && share >= MODEL && share >= LIFT * chance
    }

    /// Of a word's uses, the share in reviews of the products whose titles have it.
    fn share(&self, word: &str) -> f64 {
        let Use { said, by_bearers } = self.uses(word);
        by_bearers as f64 / said.max(1) as f64
    }

    fn uses(&self, word: &str) -> Use {
        self.uses.get(word).copied().unwrap_or_default()
    }
}

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || c == '.')
}
