//! The search itself: products first, then the passages of the best of them, scored. `comparison` says which products
//! are set beside each other, `topic` whether anything is about the question, and `choice` makes evidence. Runs on
//! whichever thread asks; reads only.

mod choice;
mod comparison;
mod topic;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use unicode_segmentation::UnicodeSegmentation;

use super::example_questions::{ExampleQuestions, Want};
use super::figures::Figures;
use super::product_filter::ProductFilter;
use super::products::Recommended;
use super::refusal::Thresholds;
use super::selection::{self, Candidate};
use super::thesaurus::Thesaurus;
use super::{About, Evidence, Filters, Grounds, Recognition, score};
use crate::index::{
    IndexQuery, PassageFeatures, PassageFilter, ProductFeatures, QueryWord, ReviewIndex, dot,
};
use crate::metrics;
use crate::opinions::Opinions;
use crate::query::{Intent, ParsedQuery, Vocabulary, Word};
use crate::reviews::ProductId;

/// Products whose passages are scored at most: with 20 of them the first five quotes were worse (0.842 against 0.851
/// nDCG on the judged questions), …
const PRODUCTS: usize = 40;
/// … and how far below the best product's score they may lie. Between 0.2 and 0.3 nothing changed.
const PRODUCT_GAP: f32 = 0.25;
/// How much of what the best title says of a question another one has to say for its product to be meant too.
const TITLE_SAYS: f32 = 0.5;
/// The nearest passages of all products that are looked at.
const NEAREST: usize = 200;
/// Products that are recommended at most …
const RECOMMENDED: usize = 10;
/// … and those of them that an answer comes with.
const QUOTED_PRODUCTS: usize = 4;

/// What is searched: immutable, shared by all questions.
pub(super) struct Searcher {
    pub index: ReviewIndex,
    /// What a question is parsed with.
    pub vocabulary: Vocabulary,
    /// Which words say nearly the same.
    pub thesaurus: Thesaurus,
    /// What the reviews speak of, and how.
    pub opinions: Opinions,
    /// The words that the embedding model knows.
    language: Arc<HashSet<String>>,
    /// What questions are recognised by beside their words.
    pub recognition: Recognition,
}

/// A question as it is searched for.
pub(super) struct Sought {
    /// What it is about.
    pub parsed: ParsedQuery,
    /// The unit vector of what says what is wanted.
    pub wanting: Vec<f32>,
    /// The unit vector of the whole question.
    pub whole: Vec<f32>,
    /// The unit vector that passages are compared with: of the whole question and of what is asked last.
    pub question: Vec<f32>,
    /// The vectors of the sides of a comparison.
    pub sides: Vec<Vec<f32>>,
}

/// The texts of a question whose vectors make it [`Sought`]: the whole question, what it wants, what is asked last
/// where that is another text, and the sides of a comparison.
pub(super) fn texts(parsed: &ParsedQuery) -> Vec<String> {
    let mut texts = vec![parsed.whole.clone(), wanting(parsed)];
    texts.extend((parsed.last != parsed.whole).then(|| parsed.last.clone()));
    texts.extend(parsed.sides.iter().flatten().cloned());
    texts
}

/// What says what is wanted: the last sentence of what was said, without names.
fn wanting(parsed: &ParsedQuery) -> String {
    let said = match parsed.named.is_empty() {
        true => &parsed.said,
        false => &parsed.last,
    };
    let sentences = said
        .split_sentence_bounds()
        .filter(|sentence| !sentence.trim().is_empty());
    sentences.last().unwrap_or(said).trim().to_string()
}

impl Sought {
    /// A question with the vectors of its [`texts`].
    pub(super) fn new(parsed: ParsedQuery, mut vectors: Vec<Vec<f32>>) -> Self {
        let wanting = vectors.remove(1);
        let of_question = 1 + usize::from(parsed.last != parsed.whole);
        let sides = vectors.split_off(of_question);
        let mut question = vec![0.0; vectors[0].len()];
        for vector in &vectors {
            question
                .iter_mut()
                .zip(vector)
                .for_each(|(sum, value)| *sum += value);
        }
        let length = dot(&question, &question).sqrt().max(f32::MIN_POSITIVE);
        question.iter_mut().for_each(|value| *value /= length);
        Self {
            parsed,
            wanting,
            whole: vectors.swap_remove(0),
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
    /// The products whose passages these are, best first, each with the share of the question that its title says.
    products: Vec<(ProductId, f32)>,
    /// The products that are compared, side by side.
    compared: Vec<BTreeSet<ProductId>>,
    /// The products that the question is about, where it says which or of which kind.
    in_question: BTreeSet<ProductId>,
    /// The products that pass its demands and the request's filters.
    admitted: ProductFilter,
    /// What the ranking took.
    seconds: f64,
}

impl Ranked {
    /// The greatest share of the question that a title says.
    fn said_by_titles(&self) -> f32 {
        self.products.iter().map(|(_, said)| *said).fold(0.0, f32::max)
    }
}

impl Searcher {
    /// A searcher of `index` that refuses nothing yet. `language` are the words that the embedding model knows.
    pub(super) fn new(
        index: ReviewIndex,
        thesaurus: Thesaurus,
        opinions: Opinions,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let passages = (0..index.passage_count()).map(|at| (index.review(at).product, index.text(at)));
        let vocabulary = Vocabulary::of(
            index.catalogue(),
            &index.title_words,
            &index.words,
            passages,
            language.clone(),
        );
        Self {
            vocabulary,
            opinions,
            index,
            thesaurus,
            language,
            recognition: Recognition {
                thresholds: Thresholds::NONE,
                examples: ExampleQuestions::default(),
            },
        }
    }

    /// The evidence for what is sought, best first, and the products that it is of.
    pub(super) fn search(&self, sought: &Sought, filters: &Filters) -> Grounds {
        let parsed = &sought.parsed;
        let mut ranked = self.ranked(sought, filters, true);
        let all = self.all(&ranked, parsed);
        let figures = Figures::of(parsed, &all, &ranked.admitted, self.index.catalogue());
        if let Some(figures) = &figures {
            self.keep_those_of(figures, &mut ranked.passages);
        }
        let selecting = Instant::now();
        if let Some(best) = ranked.passages.first() {
            metrics::RETRIEVAL_TOP_SCORE.record(&[], f64::from(best.features.question));
        }
        let evidence = self.evidence_of(&ranked);
        let scope = self.scope(&ranked, parsed);
        let about = self.about(&ranked.passages, &scope, parsed);
        let is_quoted = |candidate: &Candidate| {
            let product = &self.index.catalogue()[candidate.features.product.0 as usize];
            evidence
                .iter()
                .any(|evidence| evidence.product_key == product.key)
        };
        let called = self.most_called(scope.clone(), |word| word.head && !word.names, parsed);
        let in_scope = ranked
            .passages
            .iter()
            .filter(|candidate| called.contains(&candidate.features.product));
        let fitting = self.recommended(&in_scope.copied().collect::<Vec<_>>(), parsed, RECOMMENDED);
        let fitting = fitting
            .into_iter()
            .map(|fitting| (fitting.product, fitting.relevance))
            .collect();
        ranked.passages.retain(is_quoted);
        let products = self.recommended(&ranked.passages, parsed, QUOTED_PRODUCTS);
        let seconds = ranked.seconds + selecting.elapsed().as_secs_f64();
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["fuse"], seconds);
        Grounds {
            query: parsed.clone(),
            evidence,
            products,
            unmet: ranked.admitted.unmet.clone(),
            figures,
            want: self.want(sought),
            scope,
            fitting,
            all,
            kind_words: self.vocabulary.most_kind_words(parsed),
            is_given: !filters.product_ids.is_empty(),
            compared: ranked.compared,
            about,
        }
    }

    /// All products that a question asks for, by name or kind, that meet its demands.
    fn all(&self, ranked: &Ranked, parsed: &ParsedQuery) -> BTreeSet<ProductId> {
        let heads = parsed.words.iter().filter(|word| word.head && !word.names);
        let called = heads
            .flat_map(|word| self.index.title_words.saying(&word.stem))
            .map(|product| ProductId(*product));
        let called: Vec<ProductId> = BTreeSet::from_iter(called).into_iter().collect();
        let of_kind = self.vocabulary.of_kind(parsed, self.index.catalogue(), &called);
        let of_kind = self.most_called(of_kind, |word| word.kind && !word.names, parsed);
        let asked: Vec<ProductId> = match parsed.named.is_empty() && !of_kind.is_empty() {
            true => of_kind,
            false => ranked.in_question.iter().copied().collect(),
        };
        asked
            .into_iter()
            .filter(|product| ranked.admitted.admits(*product))
            .collect()
    }

    /// Of these products those whose titles say most of these words: "wet grinders" of all grinders.
    fn most_called(
        &self,
        mut products: Vec<ProductId>,
        words: impl Fn(&&Word) -> bool,
        parsed: &ParsedQuery,
    ) -> Vec<ProductId> {
        let kinds = parsed.words.iter().filter(words);
        let kinds: Vec<&[u32]> = kinds
            .map(|word| self.index.title_words.saying(&word.stem))
            .collect();
        let said = |product: &ProductId| {
            kinds
                .iter()
                .filter(|saying| saying.binary_search(&product.0).is_ok())
                .count()
        };
        let most = products.iter().map(said).max();
        products.retain(|product| Some(said(product)) == most);
        products
    }

    /// The products that a question may mean, best first: those that it names, or those of its kind, or where it names
    /// no kind those whose titles say nearly as much of it as the best one's.
    fn scope(&self, ranked: &Ranked, parsed: &ParsedQuery) -> Vec<ProductId> {
        let all: Vec<ProductId> = ranked.products.iter().map(|(product, _)| *product).collect();
        if !parsed.named.is_empty() {
            return all;
        }
        let of_kind = self.vocabulary.of_kind(parsed, self.index.catalogue(), &all);
        if !of_kind.is_empty() {
            return of_kind;
        }
        let best = ranked.said_by_titles();
        let says = |(product, said): &(ProductId, f32)| (*said >= TITLE_SAYS * best).then_some(*product);
        ranked.products.iter().filter_map(says).collect()
    }

    /// The passages of these products that are about the question, best first. What titles say of it does not count.
    fn about(&self, ranked: &[Candidate], scope: &[ProductId], parsed: &ParsedQuery) -> Vec<About> {
        let in_scope = |candidate: &&Candidate| scope.contains(&candidate.features.product);
        let candidates: Vec<&Candidate> = ranked.iter().filter(in_scope).collect();
        let asked: Vec<Word> = parsed.topic_words(!parsed.named.is_empty()).cloned().collect();
        let mut features: Vec<PassageFeatures> =
            candidates.iter().map(|candidate| candidate.features).collect();
        features.sort_unstable_by_key(|features| features.passage);
        let mut words = self.query_words(&asked);
        words.iter_mut().for_each(|word| word.names = false);
        self.index.cover(&words, &mut features);
        let about: HashSet<usize> = features
            .iter()
            .filter(|found| score::is_about(found))
            .map(|features| features.passage)
            .collect();
        let candidates = candidates
            .into_iter()
            .filter(|candidate| about.contains(&candidate.features.passage));
        let about = |candidate: &Candidate| About {
            passage: candidate.features.passage,
            product: candidate.features.product,
            review: self.index.passage(candidate.features.passage).review,
            tone: candidate.tone,
        };
        candidates.map(about).collect()
    }

    /// What the question wants, as far as that does not follow from its words.
    fn want(&self, sought: &Sought) -> Option<Want> {
        let parsed = &sought.parsed;
        match parsed.named.is_empty() {
            _ if parsed.is_task => Some(Want::Task),
            true if !parsed.names_a_kind() => self
                .recognition
                .examples
                .small_talk([&sought.wanting, &sought.whole]),
            true => None,
            false => self
                .recognition
                .examples
                .asks_for_a_verdict(&sought.wanting)
                .then_some(Want::Verdict),
        }
    }

    /// What would be evidence if whatever was found were about the question.
    pub(super) fn search_without_refusal(&self, sought: &Sought, filters: &Filters) -> Vec<Evidence> {
        self.evidence_of(&self.ranked(sought, filters, false))
    }

    /// The products that fit what is sought, best first.
    pub(super) fn recommend(&self, sought: &Sought, filters: &Filters) -> Vec<Recommended> {
        let ranked = self.ranked(sought, filters, true);
        self.recommended(&ranked.passages, &sought.parsed, RECOMMENDED)
    }

    /// The candidates that are about what is sought, best first; none where nothing here is about it, if `refusing`.
    fn ranked(&self, sought: &Sought, filters: &Filters, refusing: bool) -> Ranked {
        let parsed = &sought.parsed;
        let in_question = self.vocabulary.in_question(parsed);
        let admitted = ProductFilter::of(parsed, filters, &in_question, self.index.catalogue());
        let mut ranked = Ranked {
            passages: vec![],
            products: vec![],
            compared: vec![],
            in_question,
            seconds: 0.0,
            admitted,
        };
        if refusing && parsed.is_task {
            return ranked;
        }
        let lexical = Instant::now();
        let words = self.query_words(&parsed.words);
        let lexical = lexical.elapsed();

        let dense = Instant::now();
        let query = sought.query(&words);
        let scored = self.scored_products(&query);
        ranked.compared = self.compared(sought, &scored, &ranked.admitted);
        let products = self.shortlist(&scored, &ranked.compared, parsed, &ranked.admitted);
        let said = |product: &ProductId| (*product, scored[product.0 as usize].0.coverage);
        ranked.products = products.iter().map(said).collect();
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
            if !parsed.named.is_empty() && parsed.words.iter().any(|word| !word.names) {
                self.cover_without_names(parsed, &mut features);
            }
            let asks_for_complaints = parsed.intent == Intent::Complaints;
            let tones = self.opinions.tones();
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

    /// Sets the coverage of passages anew, by the words that are no names: all of these passages are of what is named.
    fn cover_without_names(&self, parsed: &ParsedQuery, features: &mut [PassageFeatures]) {
        let asked: Vec<Word> = parsed.words.iter().filter(|word| !word.names).cloned().collect();
        self.index.cover(&self.query_words(&asked), features);
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
            .map(|(word, weight, is_known)| QueryWord {
                weight: weight / all,
                title_weight: if *is_known { weight / known } else { 0.0 },
                names: word.names || word.kind,
                forms: self.thesaurus.forms(&word.written),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Index, Postings, Vectors};
    use crate::opinions::testing::silent;
    use crate::query::{self, Turn};
    use crate::reviews::{passages, testing};

    #[test]
    fn words_that_nobody_here_says_are_no_obstacle() {
        let reviews = (0..40).map(|number| testing::review(0, 5, &format!("It weighs {number} grams.")));
        let corpus = Arc::new(testing::corpus(
            vec![testing::product("Avandi kettle")],
            reviews.collect(),
        ));
        let passages = passages(&corpus);
        let said = Postings::of(passages.iter().map(|passage| passage.text(&corpus)));
        let titles = Postings::of(["Avandi kettle"].into_iter());
        let of = |rows: usize| Index::build(Vectors::from_rows(2, (0..rows).map(|_| vec![1.0, 0.0])));
        let index = ReviewIndex::new(corpus, passages.clone(), of(passages.len()), of(1), said, titles);
        let searcher = Searcher::new(
            index,
            Thesaurus::new(vec![], of(0)),
            silent(passages.len()),
            Arc::default(),
        );
        let parsed = query::read(&[Turn::user("portable?")], &searcher.vocabulary);
        let found = searcher.search(&Sought::new(parsed, vec![vec![1.0, 0.0]; 2]), &Filters::default());
        assert!(
            found
                .evidence
                .iter()
                .all(|evidence| evidence.scores.total.is_finite())
        );
        assert!(!found.evidence.is_empty());
    }
}
