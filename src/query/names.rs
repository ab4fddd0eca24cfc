//! Which products a text names: by brand, by model, by title, with the slips that people make. Pure.
//!
//! "Airdopes 131" is boAt's, though nobody says so; "boAt" alone means all of boAt's; "OnePlus bass" means no "Bass
//! Edition". So a name begins with a word that belongs to some products and nothing else, and what follows it narrows
//! them down as long as it goes along with their titles.

mod belonging;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::spelling::Spelling;
use crate::language::{self, WordClass};
use crate::reviews::{Product, ProductId};
use belonging::Belonging;

/// What stands between two names.
const BREAKS: &[WordClass] = &[WordClass::Conjunction, WordClass::Alternative, WordClass::Than];

/// Words at the beginning of a title that are a name, whatever they say elsewhere.
const NAME: usize = 3;

/// The names of a catalogue's products.
pub(crate) struct Names {
    /// The words of each product's short title, as they are compared, in their order.
    titles: Vec<Vec<String>>,
    /// The products whose short title has a word, not behind what the thing is for.
    bearing: HashMap<String, BTreeSet<ProductId>>,
    /// The words that names begin with, with the products whose they are.
    own: HashMap<String, BTreeSet<ProductId>>,
    /// The same words by their bare form, because people leave endings off.
    bare: HashMap<String, String>,
    /// Words of titles that reviews of other products use as often: "bass", "fit".
    plain: BTreeSet<String>,
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mention {
    /// The products that it may mean; never none.
    pub products: BTreeSet<ProductId>,
    /// Where its words stand in the text, in bytes, in their order.
    pub words: Vec<Range<usize>>,
    /// The word it begins with, as it is compared.
    head: String,
    /// The word after its last, counted from the text's first.
    next: usize,
}

/// A word of a text.
struct Word {
    /// As it is compared: in lower case, without "'s".
    key: String,
    range: Range<usize>,
    /// Whether a name cannot go on over what stands before it: a mark, or a word that breaks.
    broken: bool,
    /// Whether that is a mark.
    marked: bool,
}

/// The products that a name may mean so far, each with the place in its title that the name has come to.
type Open = Vec<(ProductId, usize)>;

impl Names {
    /// Learns the names of `products`, of whose reviews these are passages.
    pub(crate) fn of<'a>(products: &[Product], passages: impl Iterator<Item = (ProductId, &'a str)>) -> Self {
        let titles: Vec<Vec<String>> = products
            .iter()
            .map(|product| keys(product.short_title()))
            .collect();
        let names: Vec<Vec<String>> = titles.iter().map(|title| before_purpose(title)).collect();
        let mut bearing: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, name) in (0..).map(ProductId).zip(&names) {
            for word in name {
                bearing.entry(word.clone()).or_default().insert(id);
            }
        }
        let belonging = Belonging::of(products, &names, &bearing, passages);
        let own = belonging.own();
        let plain = belonging.plain();
        // In order, so that of two with one bare form it is always the same that has it.
        let in_order: BTreeSet<&String> = own.keys().collect();
        let bare = in_order
            .into_iter()
            .filter_map(|word| Some((bare(word)?, word.clone())))
            .collect();
        Self {
            titles,
            bearing,
            own,
            bare,
            plain,
        }
    }

    /// The names in a text, in their order. `spelling` forgives slips.
    pub(crate) fn mentions(&self, text: &str, spelling: &Spelling) -> Vec<Mention> {
        let words = self.words(text, spelling);
        let mut mentions: Vec<Mention> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let after = mentions.last();
            let found = self
                .head(&words, at)
                .or_else(|| self.ellipsis(&words, at, after?));
            let Some((head, open, next)) = found else {
                at += 1;
                continue;
            };
            let taken = after.map_or(0, |mention| mention.next);
            let mut mention = self.extended(&words, at, next, head, open, taken);
            self.drop_longer_titles(&mut mention, &words);
            at = mention.next;
            match mentions.last_mut() {
                Some(last) if goes_on(last, &mention, &words) => last.absorb(mention),
                _ => mentions.push(mention),
            }
        }
        mentions
    }

    /// The products whose whole short titles stand in a text, as they do in this server's answers; in the order of
    /// their first mention.
    pub(crate) fn titled(&self, text: &str) -> Vec<ProductId> {
        let words = keys(text);
        let mut found: Vec<ProductId> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let here = |id: &ProductId| {
                let title = &self.titles[id.0 as usize];
                words[at..].starts_with(title).then_some(title.len())
            };
            let bearing = self.bearing.get(&words[at]);
            let lengths = bearing
                .into_iter()
                .flatten()
                .filter_map(|id| Some((here(id)?, *id)));
            let lengths: Vec<(usize, ProductId)> = lengths.collect();
            let longest = lengths.iter().map(|(length, _)| *length).max().unwrap_or(0);
            for (_, id) in lengths.iter().filter(|(length, _)| *length == longest) {
                if !found.contains(id) {
                    found.push(*id);
                }
            }
            at += longest.max(1);
        }
        found
    }

    /// The words of a text, as they were meant.
    fn words(&self, text: &str, spelling: &Spelling) -> Vec<Word> {
        let mut words: Vec<Word> = spelled(text);
        for word in &mut words {
            let known = self.bearing.contains_key(&word.key) || self.own.contains_key(&word.key);
            if known || language::is_asking(&word.key) {
                continue;
            }
            let other_form = bare(&word.key).and_then(|bare| self.bare.get(&bare));
            word.key = match other_form {
                Some(own) => own.clone(),
                None => key(spelling.corrected(&word.key)),
            };
        }
        words
    }

    /// The name that begins with the word `at`, or with that and the next in one ("air dopes").
    fn head(&self, words: &[Word], at: usize) -> Option<(String, Open, usize)> {
        let alone = (words[at].key.clone(), at + 1);
        let joined = joined(words, at).map(|key| (key, at + 2));
        let (key, next) = joined
            .into_iter()
            .chain([alone])
            .find(|(key, _)| self.own.contains_key(key))?;
        let place = |id: &ProductId| {
            let title = &self.titles[id.0 as usize];
            title.iter().position(|word| *word == key).unwrap_or(1)
        };
        let open = self.own[&key].iter().map(|id| (*id, place(id))).collect();
        Some((key, open, next))
    }

    /// What only makes sense after a name: the "Q" of "realme Buds 2 or Q".
    fn ellipsis(&self, words: &[Word], at: usize, after: &Mention) -> Option<(String, Open, usize)> {
        let word = &words[at];
        let between = &words[after.next..at];
        let breaks = between.iter().any(|word| is_break(&word.key));
        let short = between
            .iter()
            .all(|word| language::is_asking(&word.key) || is_break(&word.key));
        if !breaks || !short || language::is_asking(&word.key) {
            return None;
        }
        let brand = self.own.get(&after.head)?;
        let open: Open = brand
            .difference(&after.products)
            .filter_map(|id| Some((*id, self.place(*id, &word.key)?)))
            .collect();
        let next_fits = |(id, place): &(ProductId, usize)| self.continues(*id, *place, words, at + 1);
        let telling = is_code(&word.key) || open.iter().any(next_fits) || !self.plain.contains(&word.key);
        (!open.is_empty() && telling).then(|| (after.head.clone(), open, at + 1))
    }

    /// The name of `head`, with what goes on after it and before it.
    fn extended(
        &self,
        words: &[Word],
        start: usize,
        next: usize,
        head: String,
        mut open: Open,
        taken: usize,
    ) -> Mention {
        let mut at = next;
        while let Some((narrower, next)) = self.narrowed(&open, words, at) {
            open = narrower;
            at = next;
        }
        let mut first = start;
        while first > taken && !words[first].broken {
            let before = &words[first - 1].key;
            let bearers: Open = open
                .iter()
                .filter(|(id, _)| self.place(*id, before).is_some())
                .copied()
                .collect();
            if bearers.is_empty() || language::is_asking(before) || is_code(before) {
                break;
            }
            open = bearers;
            first -= 1;
        }
        Mention {
            products: open.into_iter().map(|(id, _)| id).collect(),
            words: words[first..at].iter().map(|word| word.range.clone()).collect(),
            head,
            next: at,
        }
    }

    /// The products of `open` whose titles go along with the word `at`, with the word after it.
    fn narrowed(&self, open: &Open, words: &[Word], at: usize) -> Option<(Open, usize)> {
        let word = words.get(at).filter(|word| !word.broken)?;
        let with = |key: &str| -> Open {
            open.iter()
                .filter_map(|(id, _)| Some((*id, self.place(*id, key)?)))
                .collect()
        };
        if let Some(pair) = joined(words, at) {
            let bearers = with(&pair);
            if !bearers.is_empty() {
                return Some((bearers, at + 2));
            }
        }
        let bearers = with(&word.key);
        let follows = |(id, place): &(ProductId, usize)| {
            *place < NAME
                && open
                    .iter()
                    .any(|(open, before)| open == id && before + 1 == *place)
        };
        // "Nest Hub" is one of Google's, "Pigeon kettle" one of Pigeon's; "OnePlus bass" is none of OnePlus'.
        let goes_along = is_code(&word.key)
            || self.own.contains_key(&word.key)
            || !self.plain.contains(&word.key)
            || bearers.iter().any(follows)
            || bearers
                .iter()
                .any(|(id, place)| self.continues(*id, *place, words, at + 1));
        (!bearers.is_empty() && goes_along).then_some((bearers, at + 1))
    }

    /// Whether the title goes on after `place` as the text does with the word `at`.
    fn continues(&self, id: ProductId, place: usize, words: &[Word], at: usize) -> bool {
        let title = &self.titles[id.0 as usize];
        words
            .get(at)
            .is_some_and(|word| !word.broken && title.get(place + 1) == Some(&word.key))
    }

    fn place(&self, id: ProductId, key: &str) -> Option<usize> {
        self.titles[id.0 as usize].iter().position(|word| word == key)
    }

    /// "Bullets Wireless Z" is that, and not the "Bullets Wireless Z Bass Edition", whose title only has more words.
    fn drop_longer_titles(&self, mention: &mut Mention, words: &[Word]) {
        let named: BTreeSet<&String> = words
            .iter()
            .filter(|word| mention.words.contains(&word.range))
            .map(|word| &word.key)
            .collect();
        let title = |id: &ProductId| &self.titles[id.0 as usize];
        let is_longer = |longer: &ProductId| {
            mention.products.iter().any(|shorter| {
                let (short, long) = (title(shorter), title(longer));
                let shared = short.iter().zip(long).take_while(|(a, b)| a == b).count();
                // What is named without its brand begins later.
                let first = short.iter().position(|word| named.contains(word)).unwrap_or(0);
                short.len() < long.len()
                    && short.iter().all(|word| long.contains(word))
                    && shared >= first + 2
                    && short[first..shared].iter().all(|word| named.contains(word))
            })
        };
        let longer: Vec<ProductId> = mention
            .products
            .iter()
            .filter(|id| is_longer(id))
            .copied()
            .collect();
        longer.iter().for_each(|id| {
            mention.products.remove(id);
        });
    }
}

impl Mention {
    /// Takes in what turns out to be of the same name.
    fn absorb(&mut self, other: Mention) {
        self.products.retain(|id| other.products.contains(id));
        self.words.extend(other.words);
        self.next = other.next;
    }
}

/// Whether two names are one: "boAt's new Airdopes".
fn goes_on(one: &Mention, other: &Mention, words: &[Word]) -> bool {
    let first = words
        .iter()
        .position(|word| word.range == other.words[0])
        .unwrap_or(one.next);
    let between = &words[one.next.min(first)..=first];
    !between.iter().any(|word| word.broken) && !one.products.is_disjoint(&other.products)
}

/// The words of a title that may be a name: what a charger is for, is no charger.
fn before_purpose(title: &[String]) -> Vec<String> {
    let is_part = |word: &&String| !language::lexicon().has(word, WordClass::Purpose);
    title.iter().take_while(is_part).cloned().collect()
}

/// The words of a title, as they are compared.
fn keys(text: &str) -> Vec<String> {
    spelled(text).into_iter().map(|word| word.key).collect()
}

/// The words of a text as they are spelled; "U&I" is one.
fn spelled(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut broken = false;
    for (start, word) in text.unicode_word_indices() {
        let end = start + word.len();
        let last_end = words.last().map_or(0, |last| last.range.end);
        let between = &text[last_end..start];
        let written = key(word);
        if let (Some(last), true) = (words.last_mut(), between.trim() == "&" && word.len() == 1) {
            last.key.push_str(&written);
            last.range.end = end;
            continue;
        }
        let marked = between.contains([',', ';', ':', '?', '!', '/', '(']) || between.contains(". ");
        let breaks = is_break(&written);
        words.push(Word {
            key: written,
            range: start..end,
            broken: broken || marked || breaks,
            marked,
        });
        broken = breaks;
    }
    words
}

fn is_break(word: &str) -> bool {
    language::lexicon().has_any(word, BREAKS)
}

/// A word as it is compared.
fn key(word: &str) -> String {
    let word = word.to_lowercase();
    word.trim_end_matches("'s").trim_end_matches("’s").to_string()
}

/// A word without its plural; none of a short one.
fn bare(key: &str) -> Option<String> {
    let bare = key.trim_end_matches('s').trim_end_matches('e');
    (bare.chars().count() > 4).then(|| bare.to_string())
}

/// Two words that people write apart and shops together: "bass heads", "v guard".
fn joined(words: &[Word], at: usize) -> Option<String> {
    let (one, other) = (&words[at], words.get(at + 1)?);
    let letters = one.key.chars().count() + other.key.chars().count();
    (!other.marked && letters > 2).then(|| format!("{}{}", one.key, other.key))
}

/// What no sentence says but as a part of a name: "131", "235v2", "Z".
fn is_code(key: &str) -> bool {
    key.contains(|c: char| c.is_ascii_digit()) || key.chars().count() == 1
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    /// The numbers of the products that each name in a question may mean.
    fn named(question: &str) -> Vec<Vec<u32>> {
        let mentions = testing::shop().mentions(question);
        let ids = |mention: &super::Mention| mention.products.iter().map(|id| id.0).collect();
        mentions.iter().map(ids).collect()
    }

    #[test]
    fn names_are_known_by_brand_model_and_title() {
        for (question, products) in [
            ("How is the Velto?", vec![vec![0, 1, 2]]),
            (
                "What do people complain about with the AirBeats 131?",
                vec![vec![0]],
            ),
            ("velto airbeats mic", vec![vec![0]]),
            ("Does Velto's AirBeats have bass?", vec![vec![0]]),
            ("are air beats good", vec![vec![0]]),
            ("bass kings 100", vec![vec![1]]),
            ("basskings100", vec![vec![1]]),
            ("the velto wired headset", vec![vec![1]]),
            ("rokker", vec![vec![2]]),
            ("is the 235v2 loud", vec![vec![2]]),
            (
                "How is the battery of the OneSound Arrows Wireless Z?",
                vec![vec![3]],
            ),
            ("OneSound Arrows", vec![vec![3, 4]]),
            ("one sound arrows", vec![vec![3, 4]]),
            ("OneSound Arrows Wireless Z Bass Edition", vec![vec![4]]),
            ("onesound bass edition", vec![vec![4]]),
            ("How is the OneSound bass?", vec![vec![3, 4]]),
            ("Is the reelme Pods mic good for calls?", vec![vec![5, 6, 7]]),
            ("reelme pods 2", vec![vec![6]]),
            ("wired reelme pods", vec![vec![6]]),
            ("reelme Pods Q", vec![vec![7]]),
            ("reelmepods q", vec![vec![7]]),
            ("Does the D&J neckband break?", vec![vec![8]]),
            ("D & J", vec![vec![8]]),
            ("colossus", vec![vec![8]]),
            (
                "What do people complain about with the Chotix car?",
                vec![vec![9]],
            ),
            ("n12 camera", vec![vec![12]]),
        ] {
            assert_eq!(named(question), products, "{question}");
        }
    }

    #[test]
    fn several_names_are_told_apart() {
        for (question, products) in [
            ("AirBeats 131 or BassKings 100?", vec![vec![0], vec![1]]),
            (
                "Is the Chotix better than the Norvik N12?",
                vec![vec![9], vec![12]],
            ),
            ("reelme Pods 2 or Q?", vec![vec![6], vec![7]]),
            (
                "Avandi vs Surveen vs velto",
                vec![vec![10], vec![11], vec![0, 1, 2]],
            ),
            (
                "difference between arrows wireless z and the bass edition",
                vec![vec![3], vec![4]],
            ),
        ] {
            assert_eq!(named(question), products, "{question}");
        }
    }

    #[test]
    fn slips_are_forgiven() {
        for (question, products) in [
            ("airbets 131", vec![vec![0]]),
            ("Veltoo rokker", vec![vec![2]]),
            ("norvick n12", vec![vec![12]]),
            ("savnto", vec![vec![13]]),
            ("airbeat 131", vec![vec![0]]),
            ("reelmes", vec![vec![5, 6, 7]]),
        ] {
            assert_eq!(named(question), products, "{question}");
        }
    }

    #[test]
    fn words_that_all_things_share_name_nothing() {
        for question in [
            "Which wireless headset has the best bass?",
            "Is the fit good?",
            "a 5g phone with 8 GB",
            "price of a low noise one",
            "gaming camera under 131",
            "best pods for calls",
            "",
        ] {
            assert_eq!(named(question), Vec::<Vec<u32>>::new(), "{question}");
        }
    }

    #[test]
    fn an_answer_names_by_whole_titles_only() {
        let answer = "A buyer of the OneSound Arrows Wireless Z Bass Edition Bluetooth Headset says: “better than \
                      velto” [1] A buyer of the reelme Pods 2 Wired Headset says that it is fine [2], as is the \
                      OneSound Arrows Wireless Z Bluetooth Headset. reelme Pods 2 Wired Headset.";
        let titled: Vec<u32> = testing::shop().titled(answer).iter().map(|id| id.0).collect();
        assert_eq!(titled, [4, 6, 3]);
    }
}
