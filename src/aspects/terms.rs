//! Which words name an aspect: things that opinions stand beside, in enough reviews (after Hu and Liu 2004,
//! <https://doi.org/10.1145/1014052.1014073>). Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::mentions::{Sentence, Span};
use super::opinion::Opinions;
use super::text::{Lexicon, Token, Word, beside};
use super::usage::Usage;
use crate::language;

/// Of the reviews that name an aspect, at least such a share says how it is, or begins a clause with it …
const OPINED: f64 = 0.12;
/// … and such a share goes on with an "is", which qualities never have after them. Where a word is named by fewer than
/// `FEW` reviews, clauses that begin with it are enough: so few buyers may never write "the zip is".
const DESCRIBED: f64 = 0.025;
const FEW: f64 = 50.0;
/// How much oftener than by chance two words stand together that name one thing.
const BOUND: f64 = 4.0;
/// A word that stands with one other in such a share of its places has no meaning of its own: "backup" in "battery
/// backup".
const LEANING: f64 = 0.5;
/// The share of an aspect's mentions from which on its two words are its name.
const NAMED: f64 = 0.55;
/// How much rarer than a word its misspellings are.
const SLIP: u32 = 8;
/// Letters from which on a word with one slip is known for certain.
const LONG: usize = 5;

/// How words become aspects.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// The word that stands for the aspect, by any word that names it.
    heads: HashMap<Word, Word>,
    /// Two words that name one thing together, and the word it is counted as.
    pairs: HashMap<(Word, Word), Word>,
}

/// In how many reviews a thing is named, judged in any way, described, and leads a clause; with the last of each, so
/// that none counts twice.
#[derive(Default)]
struct Counts {
    named: (u32, Option<u32>),
    judged: (u32, Option<u32>),
    described: (u32, Option<u32>),
    leading: (u32, Option<u32>),
}

impl Counts {
    fn add(&mut self, span: &Span, review: u32) {
        for (count, counts) in [
            (&mut self.named, true),
            (&mut self.judged, span.beside || span.described || span.leads),
            (&mut self.described, span.described),
            (&mut self.leading, span.leads),
        ] {
            if counts && count.1 != Some(review) {
                *count = (count.0 + 1, Some(review));
            }
        }
    }

    fn make_an_aspect(&self, enough: u32) -> bool {
        let counts = [&self.named, &self.judged, &self.described, &self.leading];
        let [named, judged, described, leading] = counts.map(|count| f64::from(count.0));
        let is_thing = described >= (DESCRIBED * named).max(1.0) || (named < FEW && leading >= 2.0);
        judged >= f64::from(enough) && judged >= OPINED * named && is_thing
    }
}

impl Terms {
    /// Finds the aspects of a shop. `review` gives the number of a passage's review.
    pub(super) fn find(
        lexicon: &Lexicon,
        usage: &[Usage],
        things: &[bool],
        opinions: &Opinions,
        passages: &[Vec<Token>],
        review: impl Fn(usize) -> u32,
    ) -> Self {
        let enough = enough(passages.len());
        let is_thing = |word: Word| things[word as usize] && usage[word as usize].times >= enough;
        let mut terms = Self {
            heads: (0..lexicon.len() as Word)
                .filter(|word| is_thing(*word))
                .map(|word| (word, word))
                .collect(),
            pairs: HashMap::new(),
        };
        terms.pair(usage, passages, enough);
        let mut counts: BTreeMap<Word, Counts> = BTreeMap::new();
        for (at, tokens) in passages.iter().enumerate() {
            let mut spans = terms.spans(tokens);
            Sentence {
                lexicon,
                opinions,
                tokens,
            }
            .attach(&mut spans);
            for span in spans {
                counts.entry(span.thing).or_default().add(&span, review(at));
            }
        }
        let kept: HashSet<Word> = counts
            .iter()
            .filter(|(_, counts)| counts.make_an_aspect(enough))
            .map(|(word, _)| *word)
            .collect();
        terms.heads.retain(|_, head| kept.contains(head));
        terms.pairs.retain(|_, head| kept.contains(head));
        terms.merge(lexicon, usage, things);
        terms
    }

    /// The things named in a passage, in order.
    pub(super) fn spans(&self, tokens: &[Token]) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let pair = [1, 2].into_iter().find_map(|steps| {
                let next = beside(tokens, at, steps)?;
                Some((next, *self.pairs.get(&(tokens[at].word, tokens[next].word))?))
            });
            let found = pair.or_else(|| Some((at, *self.heads.get(&tokens[at].word)?)));
            if let Some((last, thing)) = found {
                spans.push(Span {
                    thing,
                    first: at,
                    last,
                    weight: 0.0,
                    judged: false,
                    beside: false,
                    described: false,
                    leads: false,
                });
                at = last;
            }
            at += 1;
        }
        spans
    }

    /// The words that stand for the aspects, in the order of their numbers.
    pub(super) fn heads(&self) -> Vec<Word> {
        let heads: BTreeSet<Word> = self.heads.values().chain(self.pairs.values()).copied().collect();
        heads.into_iter().collect()
    }

    /// What each of [`Terms::heads`] is called: the word as it is written most often, or two words where most who
    /// speak of it say both.
    pub(super) fn names(&self, lexicon: &Lexicon, passages: &[Vec<Token>]) -> Vec<String> {
        let mut said: HashMap<Word, BTreeMap<Vec<Word>, u32>> = HashMap::new();
        for tokens in passages {
            for span in self.spans(tokens) {
                let words = tokens[span.first..=span.last]
                    .iter()
                    .map(|token| token.word)
                    .collect();
                *said.entry(span.thing).or_default().entry(words).or_default() += 1;
            }
        }
        let written = lexicon.written_most();
        let name = |head: Word| {
            let ways = said.get(&head);
            let all: u32 = ways.into_iter().flat_map(BTreeMap::values).sum();
            let most = ways.into_iter().flatten().max_by_key(|(_, times)| **times);
            let words = match most {
                Some((words, times)) if f64::from(*times) >= NAMED * f64::from(all) => words.as_slice(),
                _ => &[head],
            };
            let words: Vec<&str> = words
                .iter()
                .map(|word| written[*word as usize].as_str())
                .collect();
            words.join(" ")
        };
        self.heads().into_iter().map(name).collect()
    }

    /// The aspect that a word names.
    pub(super) fn head(&self, word: Word) -> Option<Word> {
        self.heads.get(&word).copied()
    }

    /// Learns which things are named by two words, and counts them as the first.
    fn pair(&mut self, usage: &[Usage], passages: &[Vec<Token>], enough: u32) {
        let mut pairs: BTreeMap<(Word, Word), u32> = BTreeMap::new();
        let mut all = 0_u32;
        for tokens in passages {
            all += tokens.len() as u32;
            for at in 0..tokens.len() {
                for next in [1, 2].into_iter().filter_map(|steps| beside(tokens, at, steps)) {
                    let pair = (tokens[at].word, tokens[next].word);
                    if pair.0 != pair.1
                        && self.heads.contains_key(&pair.0)
                        && self.heads.contains_key(&pair.1)
                    {
                        *pairs.entry(pair).or_default() += 1;
                        break;
                    }
                }
            }
        }
        let times = |word: Word| usage[word as usize].times;
        let bound = |&(first, second): &(Word, Word), count: u32| {
            let chance = f64::from(times(first)) * f64::from(times(second)) / f64::from(all.max(1));
            count >= enough && f64::from(count) >= BOUND * chance
        };
        for (pair, count) in pairs {
            if !bound(&pair, count) {
                continue;
            }
            self.pairs.insert(pair, pair.0);
            if f64::from(count) >= LEANING * f64::from(times(pair.1)) {
                self.heads.insert(pair.1, pair.0);
            }
        }
        // "Backup" is "battery", whatever "battery" itself has become.
        let heads = self.heads.clone();
        let last = |mut word: Word| {
            for _ in 0..3 {
                word = heads.get(&word).copied().unwrap_or(word);
            }
            word
        };
        self.heads
            .values_mut()
            .chain(self.pairs.values_mut())
            .for_each(|head| *head = last(*head));
    }

    /// Whether the same word makes a pair with both: "build quality" and "built quality".
    fn stand_before_the_same(&self, one: Word, other: Word) -> bool {
        let of = |first: Word| {
            self.pairs
                .keys()
                .filter(move |pair| pair.0 == first)
                .map(|pair| pair.1)
        };
        of(one).any(|second| of(other).any(|same| same == second))
    }

    /// Puts inflections and misspellings to the commonest word of each.
    fn merge(&mut self, lexicon: &Lexicon, usage: &[Usage], things: &[bool]) {
        let times = |word: Word| usage[word as usize].times;
        let mut heads = self.heads();
        heads.sort_by_key(|head| (std::cmp::Reverse(times(*head)), *head));
        let mut of_stem: HashMap<String, Word> = HashMap::new();
        let mut becomes: HashMap<Word, Word> = HashMap::new();
        for &head in &heads {
            let alike =
                |kept: &Word| is_slip(lexicon, *kept, head) && self.stand_before_the_same(*kept, head);
            let kept = heads.iter().copied().take_while(|kept| *kept != head).find(alike);
            let kept = kept.map(|kept| becomes[&kept]);
            let kept = *of_stem
                .entry(stem(lexicon.name(head)))
                .or_insert(kept.unwrap_or(head));
            becomes.insert(head, kept);
        }
        self.heads
            .values_mut()
            .chain(self.pairs.values_mut())
            .for_each(|head| *head = becomes[head]);
        let kept: Vec<Word> = heads.into_iter().filter(|head| becomes[head] == *head).collect();
        let mut by_letter: HashMap<char, Vec<Word>> = HashMap::new();
        for &head in kept
            .iter()
            .filter(|head| lexicon.name(**head).chars().count() >= LONG)
        {
            by_letter
                .entry(first_letter(lexicon.name(head)))
                .or_default()
                .push(head);
        }
        for word in 0..lexicon.len() as Word {
            if self.heads.contains_key(&word) {
                continue;
            }
            let (name, role) = (lexicon.name(word), lexicon.role(word));
            if role.function || role.opinion != 0 {
                continue;
            }
            // "Delivered" is about delivery; "cool" and "cooler" are not about cooling.
            let is_form = things[word as usize] || usage[word as usize].is_act();
            let inflected = of_stem.get(&stem(name)).copied().filter(|_| is_form);
            let misspelt = || {
                let rarer = |head: &Word| times(*head) >= SLIP * times(word) && is_slip(lexicon, *head, word);
                by_letter.get(&first_letter(name))?.iter().copied().find(rarer)
            };
            if let Some(head) = inflected.or_else(misspelt) {
                self.heads.insert(word, head);
            }
        }
    }
}

/// In how many reviews an aspect is spoken of at least: 4 of 1,400 passages, 22 of 116,000.
fn enough(passages: usize) -> u32 {
    ((passages as f64).powf(0.4) / 5.0).ceil().max(3.0) as u32
}

/// What the forms of a word have in common, American and British spelling among them.
fn stem(name: &str) -> String {
    let american = name.strip_suffix("our").filter(|stem| stem.chars().count() >= 3);
    language::stem(&american.map_or_else(|| name.to_string(), |stem| format!("{stem}or")))
}

/// Whether one word is the other with a slip: a letter too many, too few, wrong, or two of them swapped.
fn is_slip(lexicon: &Lexicon, one: Word, other: Word) -> bool {
    let (one, other) = (lexicon.name(one), lexicon.name(other));
    first_letter(one) == first_letter(other)
        && one.chars().count().min(other.chars().count()) >= LONG - 1
        && strsim::osa_distance(one, other) == 1
}

fn first_letter(word: &str) -> char {
    word.chars().next().unwrap_or_default()
}
