//! Which things buyers name, and by which words. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::mentions::Span;
use super::reading::Reading;
use super::text::{Lexicon, Token, Word, beside};
use super::usage::Usage;
use super::word_vectors::WordVectors;
use crate::language;

/// How much oftener than by chance two words stand together that name one thing.
const BOUND: f64 = 4.0;
/// The share of an aspect's mentions from which on its two words are its name.
const NAMED: f64 = 0.55;
/// Forms of a word mean the same from this cosine on, …
const FORMS: f32 = 0.8;
/// … and different words from this one: of the pairs above it that were read all were right.
const SYNONYMS: f32 = 0.86;
/// How much rarer than a word its misspellings are.
const SLIP: u32 = 8;
/// Letters of a word whose misspellings are known for certain.
const LONG: usize = 5;

/// How words name things.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// The word that stands for the thing, by any word that names it.
    heads: HashMap<Word, Word>,
    /// Two words that name one thing together, and the word it is counted as.
    pairs: HashMap<(Word, Word), Word>,
}

impl Terms {
    /// The things that buyers name often enough.
    pub(super) fn find(reading: &Reading<'_, '_>) -> Self {
        let (lexicon, usage) = (&reading.lexicon, &reading.usage);
        let enough = enough(reading.tokens.len());
        let things = super::usage::things(lexicon, usage);
        let is_thing = |word: &Word| things[*word as usize] && usage[*word as usize].times >= enough;
        let mut terms = Self {
            heads: lexicon
                .words()
                .filter(is_thing)
                .map(|word| (word, word))
                .collect(),
            pairs: HashMap::new(),
        };
        terms.pair(usage, &reading.tokens, enough);
        terms.merge(lexicon, usage, &things, &reading.words);
        terms.correct(lexicon, usage, reading.source.known);
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
                spans.push(Span::new(thing, at, last));
                at = last;
            }
            at += 1;
        }
        spans
    }

    /// The word that stands for the thing that a word names.
    pub(super) fn head(&self, word: Word) -> Option<Word> {
        self.heads.get(&word).copied()
    }

    /// What things are called, of which `spans` are given with the passages that they stand in: the word as it is
    /// written most often, or two words where most who speak of it say both.
    pub(super) fn names<'a>(
        lexicon: &Lexicon,
        spans: impl Iterator<Item = (&'a [Token], &'a Span)>,
    ) -> BTreeMap<Word, String> {
        let mut said: BTreeMap<Word, BTreeMap<Vec<Word>, u32>> = BTreeMap::new();
        for (tokens, span) in spans {
            let words = tokens[span.first()..=span.last()].iter().map(|token| token.word);
            *said
                .entry(span.thing)
                .or_default()
                .entry(words.collect())
                .or_default() += 1;
        }
        let written = lexicon.written_most();
        let name = |(head, ways): (Word, BTreeMap<Vec<Word>, u32>)| {
            let all: u32 = ways.values().sum();
            let most = ways.iter().max_by_key(|(_, times)| **times);
            let words = match most {
                Some((words, times)) if f64::from(*times) >= NAMED * f64::from(all) => words.as_slice(),
                _ => &[head],
            };
            let words: Vec<&str> = words
                .iter()
                .map(|word| written[*word as usize].as_str())
                .collect();
            (head, words.join(" "))
        };
        said.into_iter().map(name).collect()
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
                    let are_things = self.heads.contains_key(&pair.0) && self.heads.contains_key(&pair.1);
                    if pair.0 != pair.1 && are_things {
                        *pairs.entry(pair).or_default() += 1;
                        break;
                    }
                }
            }
        }
        let times = |word: Word| usage[word as usize].times;
        let is_bound = |&((first, second), count): &((Word, Word), u32)| {
            let chance = f64::from(times(first)) * f64::from(times(second)) / f64::from(all.max(1));
            count >= enough && f64::from(count) >= BOUND * chance
        };
        let bound = pairs.into_iter().filter(is_bound);
        self.pairs = bound.map(|(pair, _)| (pair, pair.0)).collect();
    }

    /// Puts synonyms and inflections to the commonest word of each.
    fn merge(&mut self, lexicon: &Lexicon, usage: &[Usage], things: &[bool], vectors: &WordVectors) {
        let mut by_times: Vec<Word> = self.heads.keys().copied().collect();
        by_times.sort_by_key(|word| (std::cmp::Reverse(usage[*word as usize].times), *word));
        let stem = |word: Word| language::stem(lexicon.name(word));
        let mut kept: Vec<(Word, String)> = Vec::new();
        for word in by_times {
            let own = stem(word);
            let says_the_same = |(other, stem): &&(Word, String)| {
                let near = vectors.cosine(word, *other);
                match [word, *other].map(|word| lexicon.role(word).price) {
                    [false, false] => near >= SYNONYMS || (near >= FORMS && *stem == own),
                    [one, other] => one && other,
                }
            };
            match kept.iter().find(says_the_same) {
                Some((head, _)) => drop(self.heads.insert(word, *head)),
                None => kept.push((word, own)),
            }
        }
        let of_stem: HashMap<&str, Word> = kept
            .iter()
            .map(|(head, stem)| (stem.as_str(), *head))
            .rev()
            .collect();
        // "Delivered" may be about delivery; "cool" is not about cooling.
        for word in vectors.words().filter(|word| things[*word as usize]) {
            let head = of_stem.get(stem(word).as_str()).copied();
            let head = head.filter(|head| vectors.cosine(word, *head) >= FORMS);
            if let (Some(head), false) = (head, self.heads.contains_key(&word)) {
                self.heads.insert(word, head);
            }
        }
        for head in self.pairs.values_mut() {
            *head = self.heads[head];
        }
    }

    /// Puts misspellings, which are rare and no words that the model knows, to what they misspell.
    fn correct(&mut self, lexicon: &Lexicon, usage: &[Usage], known: &HashSet<String>) {
        let times = |word: Word| usage[word as usize].times;
        let is_long = |word: &Word| lexicon.name(*word).chars().count() >= LONG;
        let mut by_letter: HashMap<Option<char>, Vec<Word>> = HashMap::new();
        let mut heads: Vec<Word> = self.heads.keys().copied().filter(is_long).collect();
        heads.sort_by_key(|word| (std::cmp::Reverse(times(*word)), *word));
        for head in heads {
            let letter = lexicon.name(head).chars().next();
            by_letter.entry(letter).or_default().push(head);
        }
        let unknown = lexicon.words().filter(|word| {
            let name = lexicon.name(*word);
            !self.heads.contains_key(word) && !lexicon.role(*word).function && !known.contains(name)
        });
        let corrected = |word: Word| {
            let name = lexicon.name(word);
            let misspelt = |head: &&Word| {
                times(**head) >= SLIP * times(word) && strsim::osa_distance(lexicon.name(**head), name) == 1
            };
            let head = by_letter.get(&name.chars().next())?.iter().find(misspelt)?;
            Some((word, self.heads[head]))
        };
        let corrected: Vec<(Word, Word)> = unknown.filter_map(corrected).collect();
        self.heads.extend(corrected);
    }
}

/// In how many places a thing is named at least: 4 of 1,400 passages, 22 of 116,000.
pub(super) fn enough(passages: usize) -> u32 {
    ((passages as f64).powf(0.4) / 5.0).ceil().max(3.0) as u32
}
