//! The search itself: products first, then the passages of the best of them, scored. `comparison` says which products
//! are set beside each other, `topic` whether anything is about the question, and `choice` makes evidence. Runs on
//! whichever thread asks; reads only.

mod choice;
mod comparison;
mod topic;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::figures::Figures;
use super::product_filter::ProductFilter;
use super::products::Recommended;
use super::reading::{Intent, ParsedQuery, Vocabulary, Word};
use super::refusal::Thresholds;
use super::selection::{self, Candidate};
use super::thesaurus::Thesaurus;
use super::{Evidence, Filters, Found, Grounds, Understood, score};
use crate::index::{
    IndexQuery, PassageFeatures, PassageFilter, ProductFeatures, QueryWord, ReviewIndex, dot,
};
use crate::metrics;
use crate::opinions::Opinions;
use crate::reviews::ProductId;

/// Products whose passages are scored at most: with 20 of them the first five quotes were worse (0.842 against 0.851
/// nDCG on the judged questions), …
const PRODUCTS: usize = 40;
/// … and how far below the best product's score they may lie. Between 0.2 and 0.3 nothing changed.
const PRODUCT_GAP: f32 = 0.25;
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
    /// When a question is about nothing here.
    pub thresholds: Thresholds,
}

/// A question as it is searched for.
pub(super) struct Sought {
    /// What it is about.
    pub parsed: ParsedQuery,
    /// The unit vector of the whole question.
    pub whole: Vec<f32>,
    /// The unit vector that passages are compared with: of the whole question and of what is asked last.
    pub question: Vec<f32>,
    /// The vectors of the sides of a comparison.
    pub sides: Vec<Vec<f32>>,
}

/// The texts of a question whose vectors make it [`Sought`]: the whole question, what is asked last where that is
/// another text, and the sides of a comparison.
pub(super) fn texts(parsed: &ParsedQuery) -> Vec<String> {
    let mut texts = vec![parsed.whole.clone()];
    texts.extend((parsed.last != parsed.whole).then(|| parsed.last.clone()));
    texts.extend(parsed.sides.iter().flatten().cloned());
    texts
}

impl Sought {
    /// A question with the vectors of its [`texts`].
    pub(super) fn new(parsed: ParsedQuery, mut vectors: Vec<Vec<f32>>) -> Self {
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
    /// The products that are compared, side by side.
    compared: Vec<BTreeSet<ProductId>>,
    /// The products that the question is about, where it says which or of which kind.
    in_question: BTreeSet<ProductId>,
    /// The products that pass its demands and the request's filters.
    admitted: ProductFilter,
    understood: Understood,
    /// What the ranking took.
    seconds: f64,
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
            thresholds: Thresholds::NONE,
        }
    }

    /// The evidence for what is sought, best first, and the products that it is of.
    pub(super) fn search(&self, sought: &Sought, filters: &Filters) -> Grounds {
        let parsed = &sought.parsed;
        let mut ranked = self.ranked(sought, filters, true);
        let figures = Figures::of(
            parsed,
            &ranked.in_question,
            &ranked.admitted,
            self.index.catalogue(),
        );
        if let Some(figures) = &figures {
            self.keep_those_of(figures, &mut ranked.passages);
        }
        let selecting = Instant::now();
        if let Some(best) = ranked.passages.first() {
            metrics::RETRIEVAL_TOP_SCORE.record(&[], f64::from(best.features.question));
        }
        let evidence = self.evidence_of(&ranked);
        let (mut understood, ranked_seconds) = (ranked.understood, ranked.seconds);
        if evidence.is_empty() {
            understood.spoken_of = self.spoken_of(&ranked.in_question);
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
        self.evidence_of(&self.ranked(sought, filters, false))
    }

    /// The products that fit what is sought, best first.
    pub(super) fn recommend(&self, sought: &Sought, filters: &Filters) -> Found<Recommended> {
        let ranked = self.ranked(sought, filters, true);
        Found {
            items: self.recommended(&ranked.passages, &sought.parsed, RECOMMENDED),
            understood: ranked.understood,
        }
    }

    /// The candidates that are about what is sought, best first; none where nothing here is about it, if `refusing`.
    fn ranked(&self, sought: &Sought, filters: &Filters, refusing: bool) -> Ranked {
        let parsed = &sought.parsed;
        let in_question = self.vocabulary.in_question(parsed);
        let admitted = ProductFilter::of(parsed, filters, &in_question, self.index.catalogue());
        let mut ranked = Ranked {
            passages: vec![],
            compared: vec![],
            in_question,
            seconds: 0.0,
            understood: Understood {
                intent: parsed.intent,
                named: parsed.named.clone(),
                aspect: parsed.aspect_text(),
                words: parsed.words.iter().map(|word| word.stem.clone()).collect(),
                constraints: parsed.constraints,
                unmet: admitted.unmet.clone(),
                is_task: parsed.is_task,
                ..Understood::default()
            },
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
    use crate::retrieval::Asked;
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
        let parsed = searcher.vocabulary.parse(&Asked::alone("portable?"));
        let found = searcher.search(&Sought::new(parsed, vec![vec![1.0, 0.0]]), &Filters::default());
        assert!(
            found
                .evidence
                .iter()
                .all(|evidence| evidence.scores.total.is_finite())
        );
        assert!(!found.evidence.is_empty());
    }
}
