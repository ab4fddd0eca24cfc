//! The search itself: products first, then the passages of the best of them, scored. Runs on whichever thread asks;
//! reads only.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::figures::Figures;
use super::product_filter::ProductFilter;
use super::products::{self, Recommended};
use super::reading::{Intent, ParsedQuery, Vocabulary, Word};
use super::refusal::{self, Thresholds, Topic};
use super::selection::{self, Candidate};
use super::thesaurus::Thesaurus;
use super::{Asked, Evidence, Filters, Found, Grounds, Scores, Understood, negation, score};
use crate::aspects::{AspectId, Aspects};
use crate::index::{
    Index, IndexQuery, PassageFeatures, PassageFilter, ProductFeatures, QueryWord, ReviewIndex,
};
use crate::language;
use crate::metrics;
use crate::reviews::ProductId;

/// Products whose passages are scored at most: with 20 of them the first five quotes were worse (0.842 against 0.851
/// nDCG on the judged questions), …
const PRODUCTS: usize = 40;
/// … and how far below the best product's score they may lie. Between 0.2 and 0.3 nothing changed.
const PRODUCT_GAP: f32 = 0.25;
/// The nearest passages of all products that are looked at.
const NEAREST: usize = 200;
/// The best scored passages that evidence is chosen from.
const RANKED: usize = 200;
/// Passages that become evidence.
const EVIDENCE: usize = 6;
/// Passages of each product that is compared, however many are.
const LEAST_PLACES: usize = 2;
/// A name stands in one title of so many, …
const ONE_TITLE_IN: usize = 50;
/// … or in so few.
const FEW_TITLES: usize = 3;
/// The share of what is asked of one product, by rarity, that some passage of it has to say.
const SAID: f32 = 0.5;
/// Single products that each question about other things is asked of, to find the threshold.
const PRODUCTS_ASKED: usize = 4;
/// How much the whole question counts for which product a side of a comparison means.
const WHOLE_OF_SIDE: f32 = 0.5;
/// Aspects that an answer without evidence names.
const SPOKEN_OF: usize = 5;
/// Products that are recommended at most …
const RECOMMENDED: usize = 10;
/// … and those of them that an answer comes with.
const QUOTED_PRODUCTS: usize = 4;
/// Quotes that a recommended product comes with.
const QUOTES: usize = 3;

/// What is searched: immutable, shared by all questions.
pub(super) struct Searcher {
    pub index: ReviewIndex,
    /// What a question is parsed with.
    pub vocabulary: Vocabulary,
    /// Which words say nearly the same.
    pub thesaurus: Thesaurus,
    /// What the reviews speak of.
    pub aspects: Aspects,
    /// The words that the embedding model knows.
    language: Arc<HashSet<String>>,
    /// When a question is about nothing here.
    pub thresholds: Thresholds,
}

/// A question as it is searched for.
pub(super) struct Sought {
    /// What it is about.
    pub parsed: ParsedQuery,
    /// The unit vector of the whole question.
    pub whole: Vec<f32>,
    /// The unit vector that passages are compared with: of the last question, with what it goes on with.
    pub question: Vec<f32>,
    /// The vectors of the sides of a comparison.
    pub sides: Vec<Vec<f32>>,
}

/// The texts of a question whose vectors make it [`Sought`].
pub(super) fn texts(parsed: &ParsedQuery) -> Vec<String> {
    let mut texts = vec![parsed.whole.clone(), parsed.text.clone()];
    texts.extend(parsed.sides.iter().flatten().cloned());
    texts
}

impl Sought {
    /// A question with the vectors of its [`texts`].
    pub(super) fn new(parsed: ParsedQuery, mut vectors: Vec<Vec<f32>>) -> Self {
        let sides = vectors.split_off(2);
        let [whole, last] = vectors
            .try_into()
            .expect("a question has two texts before its sides");
        let mut question: Vec<f32> = whole
            .iter()
            .zip(&last)
            .map(|(whole, last)| whole + last)
            .collect();
        let length = question.iter().map(|value| value * value).sum::<f32>().sqrt();
        question
            .iter_mut()
            .for_each(|value| *value /= length.max(f32::MIN_POSITIVE));
        Self {
            parsed,
            whole,
            question,
            sides,
        }
    }

    fn query<'a>(&'a self, words: &'a [QueryWord]) -> IndexQuery<'a> {
        IndexQuery {
            title: &self.whole,
            passage: &self.question,
            words,
        }
    }
}

/// The passages that may answer, best first, and the products that they are of.
struct Ranked {
    passages: Vec<Candidate>,
    /// The products that are compared, side by side.
    compared: Vec<BTreeSet<ProductId>>,
    understood: Understood,
    /// What the ranking took.
    seconds: f64,
}

impl Searcher {
    /// A searcher of `index`. Its thresholds are `known`, or else found from the vectors of the
    /// [questions about other things](refusal::off_topic). `language` are the words that the embedding model knows.
    pub(super) fn new(
        index: ReviewIndex,
        thesaurus: Thesaurus,
        language: Arc<HashSet<String>>,
        off_topic: &Index,
        known: Option<Thresholds>,
    ) -> Self {
        let passages = (0..index.passage_count()).map(|at| (index.review(at).product, index.text(at)));
        let vocabulary = Vocabulary::of(
            index.catalogue(),
            &index.title_words,
            &index.words,
            passages,
            language.clone(),
        );
        let mut searcher = Self {
            vocabulary,
            aspects: Aspects::of(index.corpus(), index.all_passages()),
            index,
            thesaurus,
            language,
            thresholds: Thresholds::NONE,
        };
        searcher.thresholds = known.unwrap_or_else(|| searcher.found_thresholds(off_topic));
        searcher
    }

    /// The evidence for what is sought, best first, and the products that it is of.
    pub(super) fn search(&self, sought: &Sought, filters: &Filters) -> Grounds {
        let parsed = &sought.parsed;
        let in_question = self.vocabulary.in_question(parsed);
        let admitted = ProductFilter::of(parsed, filters, &in_question, self.index.catalogue());
        let figures = Figures::of(parsed, &in_question, &admitted, self.index.catalogue());
        let mut ranked = self.ranked(sought, filters, true);
        if let Some(figures) = &figures {
            self.keep_those_of(figures, &mut ranked.passages);
        }
        let selecting = Instant::now();
        if let Some(best) = ranked.passages.first() {
            metrics::RETRIEVAL_TOP_SCORE.record(&[], f64::from(best.features.question));
        }
        let evidence = self.evidence_of(&ranked, parsed);
        let (mut understood, ranked_seconds) = (ranked.understood, ranked.seconds);
        if evidence.is_empty() {
            understood.spoken_of = self.spoken_of(&in_question);
        } else {
            understood.silent = self.without_evidence(&ranked.compared, &evidence);
        }
        let is_quoted = |candidate: &Candidate| {
            let product = &self.index.catalogue()[candidate.features.product.0 as usize];
            evidence
                .iter()
                .any(|evidence| evidence.product_key == product.key)
        };
        ranked.passages.retain(is_quoted);
        let products = self.recommended(&ranked.passages, parsed, QUOTED_PRODUCTS);
        understood.figures = figures;
        let seconds = ranked_seconds + selecting.elapsed().as_secs_f64();
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["fuse"], seconds);
        Grounds {
            evidence,
            products,
            understood,
        }
    }

    /// What would be evidence if whatever was found were about the question.
    pub(super) fn search_without_refusal(&self, sought: &Sought, filters: &Filters) -> Vec<Evidence> {
        self.evidence_of(&self.ranked(sought, filters, false), &sought.parsed)
    }

    /// The products that fit what is sought, best first.
    pub(super) fn recommend(&self, sought: &Sought, filters: &Filters) -> Found<Recommended> {
        let ranked = self.ranked(sought, filters, true);
        Found {
            items: self.recommended(&ranked.passages, &sought.parsed, RECOMMENDED),
            understood: ranked.understood,
        }
    }

    /// The thresholds that refuse most questions about other things, whose vectors are `off_topic`.
    fn found_thresholds(&self, off_topic: &Index) -> Thresholds {
        let (mut in_shop, mut in_products) = (vec![], vec![]);
        let everything = Filters::default();
        for (number, question) in refusal::off_topic().enumerate() {
            let vector = off_topic.vector(number).to_vec();
            let sought = Sought::new(
                self.vocabulary.parse(&Asked::alone(question)),
                vec![vector.clone(), vector],
            );
            let features = |ranked: Ranked| ranked.passages.into_iter().map(|candidate| candidate.features);
            let found = features(self.ranked(&sought, &everything, false));
            in_shop.extend(found.map(|features| score::topic(&features)).reduce(f32::max));
            let products = (0..self.index.catalogue().len() as u32).map(ProductId);
            for product in products
                .skip(number)
                .step_by(off_topic.len())
                .take(PRODUCTS_ASKED)
            {
                let words = self.query_words(&sought.parsed.words);
                let query = sought.query(&words);
                let filter = PassageFilter {
                    products: vec![product],
                    min_rating: None,
                };
                let found = self.index.passages(&query, &filter).into_iter();
                in_products.extend(
                    found
                        .map(|features| score::topic_of_product(&features))
                        .reduce(f32::max),
                );
            }
        }
        Thresholds::of(in_shop, in_products)
    }

    /// The candidates that are about what is sought, best first; none where nothing here is about it, if `refusing`.
    fn ranked(&self, sought: &Sought, filters: &Filters, refusing: bool) -> Ranked {
        let parsed = &sought.parsed;
        let in_question = self.vocabulary.in_question(parsed);
        let admitted = ProductFilter::of(parsed, filters, &in_question, self.index.catalogue());
        let mut ranked = Ranked {
            passages: vec![],
            compared: vec![],
            seconds: 0.0,
            understood: Understood {
                intent: parsed.intent,
                named: parsed.named.clone(),
                aspect: parsed.aspect_text(),
                words: parsed.words.iter().map(|word| word.stem.clone()).collect(),
                constraints: parsed.constraints,
                unmet: admitted.unmet.clone(),
                beyond: parsed.beyond,
                ..Understood::default()
            },
        };
        if refusing && parsed.beyond.is_some() {
            return ranked;
        }
        let lexical = Instant::now();
        let words = self.query_words(&parsed.words);
        let lexical = lexical.elapsed();

        let dense = Instant::now();
        let query = sought.query(&words);
        let scored = self.scored_products(&query);
        ranked.compared = self.compared(sought, &scored);
        let products = self.shortlist(&scored, &ranked.compared, parsed, &admitted);
        let filter = PassageFilter {
            products,
            min_rating: filters.min_rating,
        };
        let mut features = self.index.passages(&query, &filter);
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["dense"], dense.elapsed().as_secs_f64());

        let covering = Instant::now();
        self.index.cover(&words, &mut features);
        let lexical = lexical + covering.elapsed();
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["lexical"], lexical.as_secs_f64());

        let ranking = Instant::now();
        if !refusing || self.is_about(parsed, filters, &features) {
            let asks_for_complaints = parsed.intent == Intent::Complaints;
            let tones = self.aspects.tones();
            ranked.passages = features
                .into_iter()
                .map(|features| {
                    let mut candidate = Candidate {
                        features,
                        score: 0.0,
                        tone: tones[features.passage],
                    };
                    let complaint = asks_for_complaints && candidate.complains();
                    candidate.score = score::passage(&features, complaint);
                    candidate
                })
                .collect();
            selection::sort(&mut ranked.passages);
        }
        ranked.seconds = ranking.elapsed().as_secs_f64();
        ranked
    }

    /// Whether something among these passages is about the question. Of products that are given, by name or by the
    /// client, and nothing else, anything is.
    fn is_about(&self, parsed: &ParsedQuery, filters: &Filters, passages: &[PassageFeatures]) -> bool {
        let given = !filters.product_ids.is_empty();
        if parsed.aspect().next().is_none() && (given || !parsed.named.is_empty()) {
            return true;
        }
        let topic = match given {
            true => Topic::Product,
            false if self.has_unseen_name(parsed) => Topic::UnseenName,
            false => Topic::Shop,
        };
        self.thresholds.admit(topic, passages) && !self.is_silent(parsed, passages)
    }

    /// Whether a question asks something of one product by name, and no passage of it, nor its title, says most of
    /// that, in whatever near words. Vectors do not tell: of a product that is here something is always near.
    fn is_silent(&self, parsed: &ParsedQuery, passages: &[PassageFeatures]) -> bool {
        let asked: Vec<Word> = parsed.aspect().cloned().collect();
        if asked.is_empty() || !parsed.names_one() || parsed.intent == Intent::Complaints {
            return false;
        }
        let mut words = self.query_words(&asked);
        words
            .iter_mut()
            .flat_map(|word| &mut word.forms)
            .for_each(|(_, likeness)| *likeness = 1.0);
        let mut passages: Vec<PassageFeatures> = passages.to_vec();
        passages.iter_mut().for_each(|features| features.coverage = 0.0);
        self.index.cover(&words, &mut passages);
        passages.iter().all(|features| features.coverage < SAID)
    }

    /// Whether a word of the question stands in few titles and is none that the embedding model knows.
    fn has_unseen_name(&self, parsed: &ParsedQuery) -> bool {
        let few = (self.index.catalogue().len() / ONE_TITLE_IN).max(FEW_TITLES);
        parsed.words.iter().any(|word| {
            let titles = self.index.title_words.saying(&word.stem).len();
            (1..=few).contains(&titles) && !self.language.contains(&word.written)
        })
    }

    /// Every product with its score, in the order of products.
    fn scored_products(&self, query: &IndexQuery<'_>) -> Vec<(ProductFeatures, f32)> {
        let nearest = self.index.nearest(query.passage, NEAREST);
        let least = nearest.last().map_or(0.0, |(_, cosine)| *cosine);
        let mut best: HashMap<ProductId, f32> = HashMap::new();
        for (passage, cosine) in nearest {
            let best = best.entry(self.index.review(passage).product).or_insert(cosine);
            *best = best.max(cosine);
        }
        let scored = |features: ProductFeatures| {
            let nearest = best.get(&features.product).copied().unwrap_or(least);
            (features, score::product(&features, nearest))
        };
        self.index.products(query).into_iter().map(scored).collect()
    }

    /// The products whose passages are scored: the best that pass, of those that are compared or named where there are
    /// some.
    fn shortlist(
        &self,
        scored: &[(ProductFeatures, f32)],
        compared: &[BTreeSet<ProductId>],
        parsed: &ParsedQuery,
        admitted: &ProductFilter,
    ) -> Vec<ProductId> {
        let named: BTreeSet<ProductId> = match compared {
            [] => parsed.scope(),
            compared => compared.iter().flatten().copied().collect(),
        };
        let in_scope = |product: &ProductId| named.is_empty() || named.contains(product);
        let mut best: Vec<(ProductId, f32)> = scored
            .iter()
            .map(|(features, score)| (features.product, *score))
            .filter(|(product, _)| admitted.admits(*product) && in_scope(product))
            .collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        if named.is_empty() {
            let gap = best.first().map_or(0.0, |best| best.1) - PRODUCT_GAP;
            best.retain(|(_, score)| *score >= gap);
        }
        best.truncate(PRODUCTS.max(named.len()));
        best.into_iter().map(|(product, _)| product).collect()
    }

    /// The products that are compared, side by side: those that two or more names mean, or for each side of "or" the
    /// one that it means, where the titles of the two tell them apart by a word of the question.
    fn compared(&self, sought: &Sought, scored: &[(ProductFeatures, f32)]) -> Vec<BTreeSet<ProductId>> {
        let parsed = &sought.parsed;
        if parsed.named.len() > 1 {
            return parsed.named.clone();
        }
        let (Some(sides), [one, other]) = (&parsed.sides, sought.sides.as_slice()) else {
            return vec![];
        };
        let meant = |side: &String, vector: &[f32]| {
            let stems: BTreeSet<String> = language::words(side).map(language::stem).collect();
            let words: Vec<Word> = parsed
                .words
                .iter()
                .filter(|word| stems.contains(&word.stem))
                .cloned()
                .collect();
            let words = self.query_words(&words);
            let query = IndexQuery {
                title: vector,
                passage: vector,
                words: &words,
            };
            let of_side = self.scored_products(&query);
            let both = of_side.iter().zip(scored);
            let best = both.max_by(|(a, a_whole), (b, b_whole)| {
                let score = |side: f32, whole: f32| side + WHOLE_OF_SIDE * whole;
                score(a.1, a_whole.1).total_cmp(&score(b.1, b_whole.1))
            });
            best.map(|((features, _), _)| (features.product, stems))
        };
        let (Some((one, one_says)), Some((other, other_says))) =
            (meant(&sides[0], one), meant(&sides[1], other))
        else {
            return vec![];
        };
        let has =
            |product: ProductId, stem: &String| self.index.title_words.saying(stem).contains(&product.0);
        let told_apart =
            |a, b, stems: &BTreeSet<String>| stems.iter().any(|stem| has(a, stem) && !has(b, stem));
        match told_apart(one, other, &one_says) && told_apart(other, one, &other_says) {
            true => vec![BTreeSet::from([one]), BTreeSet::from([other])],
            false => vec![],
        }
    }

    /// Words, weighed by their rarity. One that nobody here says is as rare as can be.
    fn query_words(&self, words: &[Word]) -> Vec<QueryWord> {
        let (said, titles) = (&self.index.words, &self.index.title_words);
        let weighed = words.iter().map(|word| {
            let known = !said.saying(&word.stem).is_empty();
            let of_titles = !titles.saying(&word.stem).is_empty();
            let rarity = match (known, of_titles) {
                (false, true) => titles.rarity(&word.stem),
                _ => said.rarity(&word.stem),
            };
            (word, rarity * word.weight, known || of_titles)
        });
        let weighed: Vec<(&Word, f32, bool)> = weighed.collect();
        let sum = |known_only: bool| {
            let counted = weighed.iter().filter(|(_, _, known)| *known || !known_only);
            let sum: f32 = counted.map(|(_, weight, _)| weight).sum();
            sum.max(f32::MIN_POSITIVE)
        };
        let (all, known) = (sum(false), sum(true));
        weighed
            .iter()
            .map(|(word, weight, _)| QueryWord {
                weight: weight / all,
                title_weight: weight / known,
                forms: self.thesaurus.forms(&word.written),
            })
            .collect()
    }

    /// What is chosen as evidence of all that is ranked.
    fn evidence_of(&self, ranked: &Ranked, parsed: &ParsedQuery) -> Vec<Evidence> {
        match ranked.compared.as_slice() {
            [] => self.choose(&ranked.passages, EVIDENCE, parsed),
            compared => self.choose_for_each(compared, &ranked.passages),
        }
    }

    /// Evidence on each of the products that are compared, in turns.
    fn choose_for_each(&self, compared: &[BTreeSet<ProductId>], ranked: &[Candidate]) -> Vec<Evidence> {
        let places = (EVIDENCE / compared.len()).max(LEAST_PLACES);
        let of_each = compared.iter().map(|products| {
            let about = |candidate: &&Candidate| products.contains(&candidate.features.product);
            let ranked: Vec<Candidate> = ranked.iter().filter(about).take(RANKED).copied().collect();
            self.chosen(&ranked, places)
        });
        let of_each: Vec<Vec<Candidate>> = of_each.collect();
        let turns = (0..places).flat_map(|place| of_each.iter().filter_map(move |chosen| chosen.get(place)));
        // Two names may mean the same product.
        let mut taken = BTreeSet::new();
        turns
            .filter(|candidate| taken.insert(candidate.features.passage))
            .map(|candidate| self.evidence(candidate))
            .collect()
    }

    /// Evidence of all that is ranked. Where products are to be recommended, praise goes first.
    fn choose(&self, ranked: &[Candidate], places: usize, parsed: &ParsedQuery) -> Vec<Evidence> {
        let mut chosen = self.chosen(&ranked[..ranked.len().min(RANKED)], places);
        if parsed.intent == Intent::Recommend {
            let asked = parsed.aspect().map(|word| word.stem.clone()).collect();
            chosen.sort_by_key(|candidate| {
                !candidate.praises() || negation::of_any(self.index.text(candidate.features.passage), &asked)
            });
        }
        chosen.iter().map(|candidate| self.evidence(candidate)).collect()
    }

    fn chosen(&self, ranked: &[Candidate], places: usize) -> Vec<Candidate> {
        selection::choose(ranked, places, |one, other| self.index.likeness(one, other))
    }

    fn evidence(&self, candidate: &Candidate) -> Evidence {
        let features = candidate.features;
        let passage = self.index.passage(features.passage);
        let review = self.index.review(features.passage);
        let product = &self.index.catalogue()[features.product.0 as usize];
        let (before, rest) = review.text.split_at(passage.start as usize);
        let (quote, after) = rest.split_at((passage.end - passage.start) as usize);
        let start = before.chars().count();
        Evidence {
            passage: features.passage,
            review: passage.review,
            product_key: product.key.clone(),
            product_title: product.title.clone(),
            rating: review.rating,
            summary: review.summary.clone(),
            quote: quote.to_string(),
            start,
            end: start + quote.chars().count(),
            before: before.to_string(),
            after: after.to_string(),
            score: features.question,
            complains: candidate.complains(),
            scores: Scores {
                question: features.question,
                title: features.title,
                coverage: features.coverage,
                total: candidate.score,
            },
        }
    }

    /// The `most` products of those ranked that fit best.
    fn recommended(&self, ranked: &[Candidate], parsed: &ParsedQuery, most: usize) -> Vec<Recommended> {
        let asked = self.aspects.asked(&parsed.aspect_text());
        let judged = |product| Some(self.aspects.about(product, asked?));
        products::recommend(ranked, self.index.catalogue(), most, judged, |passages| {
            self.choose(passages, QUOTES, parsed)
        })
    }

    /// Leaves what is said of the products whose figures are told, where anything is.
    fn keep_those_of(&self, figures: &Figures, ranked: &mut Vec<Candidate>) {
        let told = |candidate: &Candidate| {
            let key = &self.index.catalogue()[candidate.features.product.0 as usize].key;
            figures.products.iter().any(|figured| figured.key == *key)
        };
        if ranked.iter().any(told) {
            ranked.retain(told);
        }
        // Where the shop does not say what it costs, buyers may.
        let says = |candidate: &Candidate| has_amount(self.index.text(candidate.features.passage));
        if !figures.are_complete() && ranked.iter().any(says) {
            ranked.retain(says);
        }
    }

    /// The first product of each side of a comparison of which there is no evidence.
    fn without_evidence(&self, compared: &[BTreeSet<ProductId>], evidence: &[Evidence]) -> Vec<String> {
        let key = |id: &ProductId| &self.index.catalogue()[id.0 as usize].key;
        let is_silent = |products: &&BTreeSet<ProductId>| {
            let quoted = |id: &ProductId| evidence.iter().any(|evidence| evidence.product_key == *key(id));
            !products.iter().any(quoted)
        };
        let silent = compared.iter().filter(is_silent).filter_map(BTreeSet::first);
        silent.map(|id| self.vocabulary.title(*id).to_string()).collect()
    }

    /// What the reviews of these products speak of most.
    fn spoken_of(&self, products: &BTreeSet<ProductId>) -> Vec<String> {
        let mut reviews: BTreeMap<AspectId, usize> = BTreeMap::new();
        for product in products {
            for aspect in self.aspects.of_product(*product) {
                *reviews.entry(aspect.aspect).or_default() += aspect.praised + aspect.complained;
            }
        }
        let mut spoken_of: Vec<(AspectId, usize)> = reviews.into_iter().collect();
        spoken_of.sort_by_key(|(aspect, reviews)| (std::cmp::Reverse(*reviews), *aspect));
        let most = spoken_of.into_iter().take(SPOKEN_OF);
        most.map(|(aspect, _)| self.aspects.name(aspect).to_string())
            .collect()
    }
}

/// Whether a text has a number that may be a price.
fn has_amount(text: &str) -> bool {
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    language::words(text).any(|word| digits(word) >= 3)
}
