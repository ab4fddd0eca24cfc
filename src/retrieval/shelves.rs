//! The search itself: candidates by meaning and by word, of which `choosing` makes evidence. Runs on whichever thread
//! asks; reads only.

mod choosing;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use tantivy::TantivyError;

use super::demands::Demands;
use super::figures::Figures;
use super::products::{self, Recommended};
use super::rank::{self, About, Candidate, Relevant, Wanted};
use super::reading::{Intent, Reading, Vocabulary};
use super::{Evidence, Filters, Found, Grounds};
use crate::aspects::{AspectId, Aspects};
use crate::index::words::{self, Frequencies};
use crate::index::{Index, RecallMonitor, lexical::Lexical};
use crate::metrics;
use crate::reviews::{Corpus, Passage, ProductId, Review};

/// Best passages that each search brings to the ranking.
const CANDIDATES: usize = 200;
/// Products that a question is taken to be about by their titles, where it names none.
const TITLES: usize = 8;
/// Aspects that an answer without evidence names.
const SPOKEN_OF: usize = 5;
/// Products that are recommended at most …
const RECOMMENDED: usize = 10;
/// … and those of them that an answer comes with.
const QUOTED_PRODUCTS: usize = 4;
/// Quotes that a recommended product comes with.
const QUOTES: usize = 3;

/// What is searched: immutable, shared by all questions.
pub(super) struct Shelves {
    corpus: Arc<Corpus>,
    passages: Vec<Passage>,
    /// The passages of each product, in order.
    of_product: Vec<Vec<u32>>,
    /// A vector for each passage.
    index: RecallMonitor,
    /// A vector for each product's title, in the order of products.
    titles: Index,
    /// The words of each passage.
    lexical: Lexical,
    /// What a question is read with.
    pub vocabulary: Vocabulary,
    /// What the reviews speak of.
    pub aspects: Aspects,
}

/// A question as it is compared with passages.
pub(super) struct Sought<'a> {
    /// What it is about.
    pub reading: Reading,
    /// The vector of the whole question.
    pub question: &'a [f32],
    /// The vector of the aspect asked about.
    pub aspect: &'a [f32],
    /// Where complaints are asked for, the vector of what complaints say.
    pub wrong: Option<&'a [f32]>,
}

impl Shelves {
    /// Shelves of `passages`, whose vectors are `index`, and of products, whose titles' vectors are `titles`.
    /// `language` are words, in lower case, that are no slips although nobody here uses them.
    ///
    /// # Errors
    /// Where the passages' words cannot be indexed.
    pub(super) fn new(
        corpus: Arc<Corpus>,
        passages: Vec<Passage>,
        index: Index,
        titles: Index,
        language: Arc<HashSet<String>>,
    ) -> Result<Self, TantivyError> {
        let texts = || passages.iter().map(|passage| passage.text(&corpus));
        // Beside one another, since a start waits for both.
        let (lexical, frequencies, aspects) = std::thread::scope(|scope| {
            let lexical = scope.spawn(|| Lexical::build(texts()));
            let (frequencies, aspects) = (Frequencies::of(texts()), Aspects::of(&corpus, &passages));
            let lexical = lexical.join();
            (
                lexical.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                frequencies,
                aspects,
            )
        });
        let mut of_product = vec![Vec::new(); corpus.products.len()];
        for (number, passage) in (0..).zip(&passages) {
            let product = corpus.reviews[passage.review.0 as usize].product;
            of_product[product.0 as usize].push(number);
        }
        Ok(Self {
            lexical: lexical?,
            vocabulary: Vocabulary::of(
                &corpus.products,
                &frequencies,
                passages.iter().map(|passage| {
                    let review = &corpus.reviews[passage.review.0 as usize];
                    (review.product, passage.text(&corpus))
                }),
                language,
            ),
            aspects,
            corpus,
            passages,
            of_product,
            index: RecallMonitor::new(index),
            titles,
        })
    }

    /// The evidence for what is sought, best first, and the products that it is of.
    pub(super) fn search(&self, sought: &Sought<'_>, filters: &Filters) -> Grounds {
        let mut demands = self.demands(sought, filters);
        let figures = Figures::of(&sought.reading, &demands, &self.corpus.products);
        let mut ranked = self.ranked(sought, filters, &demands);
        if let Some(figures) = &figures {
            self.keep_those_of(figures, &mut ranked);
        }
        let ranking = Instant::now();
        if let Some(best) = ranked
            .iter()
            .map(|relevant| relevant.candidate.score())
            .reduce(f32::max)
        {
            metrics::RETRIEVAL_TOP_SCORE.record(&[], f64::from(best));
        }
        let to_the_point = !sought.reading.words.is_empty();
        let items = self.evidence_of(ranked.clone(), sought, filters, to_the_point);
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["fuse"], ranking.elapsed().as_secs_f64());
        if items.is_empty() {
            demands.understood.spoken_of = self.spoken_of(&sought.reading);
        }
        if let Some(named) = sought.reading.compared().filter(|_| !items.is_empty()) {
            demands.understood.silent = self.without_evidence(named, &items);
        }
        let is_quoted = |relevant: &Relevant| {
            let product = &self.corpus.products[relevant.candidate.product.0 as usize];
            items.iter().any(|evidence| evidence.product_key == product.key)
        };
        ranked.retain(is_quoted);
        let products = self.recommended(ranked, &sought.reading, QUOTED_PRODUCTS);
        demands.understood.figures = figures;
        Grounds {
            evidence: items,
            products,
            understood: demands.understood,
        }
    }

    /// What would be evidence if whatever was found were about the question.
    pub(super) fn search_without_floor(&self, sought: &Sought<'_>, filters: &Filters) -> Vec<Evidence> {
        let demands = self.demands(sought, filters);
        let ranked = rank::ranked(self.candidates(sought, filters, &demands), About::Anything);
        self.evidence_of(ranked, sought, filters, false)
    }

    /// The products that fit what is sought, best first.
    pub(super) fn recommend(&self, sought: &Sought<'_>, filters: &Filters) -> Found<Recommended> {
        let demands = self.demands(sought, filters);
        let ranked = self.ranked(sought, filters, &demands);
        Found {
            items: self.recommended(ranked, &sought.reading, RECOMMENDED),
            understood: demands.understood,
        }
    }

    /// The `most` products of those ranked that fit best.
    fn recommended(&self, ranked: Vec<Relevant>, reading: &Reading, most: usize) -> Vec<Recommended> {
        let wanted = Wanted {
            evidence: QUOTES,
            per_product: QUOTES,
            complaints: self.complaints_lead(reading, &ranked),
            to_the_point: !reading.words.is_empty(),
        };
        let asked = self.aspects.asked(reading.asked_aspect());
        let judged = |product| Some(self.aspects.about(product, asked?));
        products::recommend(ranked, &self.corpus.products, most, judged, |passages| {
            self.choose(passages, wanted, reading)
        })
    }

    /// Leaves what is said of the products whose figures are told, where anything is.
    fn keep_those_of(&self, figures: &Figures, ranked: &mut Vec<Relevant>) {
        let told = |relevant: &Relevant| {
            let key = &self.corpus.products[relevant.candidate.product.0 as usize].key;
            figures.products.iter().any(|figured| figured.key == *key)
        };
        if ranked.iter().any(told) {
            ranked.retain(told);
        }
        // Where the shop does not say what it costs, buyers may.
        let says = |relevant: &Relevant| has_amount(self.text(relevant.candidate.passage));
        if !figures.are_complete() && ranked.iter().any(says) {
            ranked.retain(says);
        }
    }

    /// The first product of each name of which there is no evidence.
    fn without_evidence(&self, named: &[BTreeSet<ProductId>], evidence: &[Evidence]) -> Vec<String> {
        let key = |id: &ProductId| &self.corpus.products[id.0 as usize].key;
        let is_silent = |products: &&BTreeSet<ProductId>| {
            let quoted = |id: &ProductId| evidence.iter().any(|evidence| evidence.product_key == *key(id));
            !products.iter().any(quoted)
        };
        let silent = named.iter().filter(is_silent).filter_map(BTreeSet::first);
        silent.map(|id| self.vocabulary.title(*id).to_string()).collect()
    }

    /// What the reviews of the products that a question is about speak of most.
    fn spoken_of(&self, reading: &Reading) -> Vec<String> {
        let mut reviews: BTreeMap<AspectId, usize> = BTreeMap::new();
        for product in &reading.scope {
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

    fn demands(&self, sought: &Sought<'_>, filters: &Filters) -> Demands {
        Demands::of(&sought.reading, filters, &self.corpus.products)
    }

    /// The cosine similarity of a vector to a passage.
    pub(super) fn similarity(&self, vector: &[f32], passage: usize) -> f32 {
        self.index.score(vector, passage)
    }

    /// The candidates that are about what is sought. Of products that are named, by the question or by the filters, and
    /// nothing else, anything is.
    ///
    /// Who asks what is wrong with a named product wants to hear it, whatever else the question says: where no
    /// complaint is about that, all of the product's are.
    fn ranked(&self, sought: &Sought<'_>, filters: &Filters, demands: &Demands) -> Vec<Relevant> {
        let reading = &sought.reading;
        if reading.beyond.is_some() {
            return vec![];
        }
        let named = reading.names_some() || !filters.product_ids.is_empty();
        let about = match (named, reading.words.is_empty()) {
            (true, true) => About::Anything,
            // What goes wrong is told in words that are near to nothing asked, and one word is too little to be near
            // to.
            (true, false) if reading.intent != Intent::Complaints && reading.own_words.len() > 1 => {
                About::Named
            }
            _ => About::Any,
        };
        let ranked = rank::ranked(self.candidates(sought, filters, demands), about);
        let complains = |relevant: &Relevant| relevant.candidate.complains();
        let Some(wrong) = sought.wrong.filter(|_| named && !ranked.iter().any(complains)) else {
            return ranked;
        };
        let whatever = Sought {
            reading: Reading {
                words: HashSet::new(),
                ..reading.clone()
            },
            aspect: wrong,
            ..*sought
        };
        rank::ranked(self.candidates(&whatever, filters, demands), About::Anything)
    }

    /// Passages near the question or its aspect, or with its words: of the products it names, where it names some;
    /// else anywhere, and of the products whose titles are nearest.
    fn candidates(&self, sought: &Sought<'_>, filters: &Filters, demands: &Demands) -> Vec<Candidate> {
        let started = Instant::now();
        let titles = self
            .titles
            .search_exact(sought.question, self.corpus.products.len(), |_| true);
        let mut title_score = vec![0.0; titles.len()];
        titles.iter().for_each(|hit| title_score[hit.passage] = hit.score);

        let named = !sought.reading.scope.is_empty();
        let about: BTreeSet<ProductId> = match named {
            true => sought.reading.scope.clone(),
            false => titles
                .iter()
                .take(TITLES)
                .map(|hit| ProductId(hit.passage as u32))
                .collect(),
        };
        let admitted = |passage: usize| {
            let review = self.review(passage);
            filters.min_rating.is_none_or(|least| review.rating >= least) && demands.admits(review.product)
        };
        let in_scope = |passage| about.contains(&self.review(passage).product) && admitted(passage);
        let unfiltered = filters.min_rating.is_none() && demands.admit_all();
        let of_scope = about
            .iter()
            .flat_map(|product| &self.of_product[product.0 as usize]);
        let of_scope: Vec<usize> = of_scope
            .map(|&passage| passage as usize)
            .filter(|&passage| admitted(passage))
            .collect();
        // Every passage that was found, with its BM25 score where it has one.
        let mut found: BTreeMap<usize, Option<f32>> = BTreeMap::new();
        for vector in [sought.question, sought.aspect] {
            let mut near = self.index.search_among(vector, CANDIDATES, &of_scope);
            if !named {
                near.extend(match unfiltered {
                    true => self.index.search(vector, CANDIDATES),
                    false => self.index.search_exact(vector, CANDIDATES, admitted),
                });
            }
            found.extend(near.iter().map(|hit| (hit.passage, None)));
        }
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["dense"], started.elapsed().as_secs_f64());

        let started = Instant::now();
        let mut with_words = |keep: &dyn Fn(usize) -> bool| {
            let hits = self.lexical.search(&sought.reading.words, CANDIDATES, keep);
            found.extend(hits.iter().map(|hit| (hit.passage, Some(hit.score))));
        };
        with_words(&in_scope);
        if !named {
            with_words(&admitted);
        }
        metrics::RETRIEVAL_DURATION_SECONDS.record(&["lexical"], started.elapsed().as_secs_f64());

        let candidate = |(passage, words): (usize, Option<f32>)| {
            let review = self.review(passage);
            Candidate {
                passage,
                product: review.product,
                tone: self.aspects.tones()[passage],
                own_words: self.share_of(&sought.reading.own_words, passage, words),
                question: self.index.score(sought.question, passage),
                aspect: self.index.score(sought.aspect, passage),
                title: title_score[review.product.0 as usize],
                words,
            }
        };
        found.into_iter().map(candidate).collect()
    }

    /// The share of `asked` words that a passage has; `found` is its score for these and other words.
    fn share_of(&self, asked: &HashSet<String>, passage: usize, found: Option<f32>) -> f32 {
        if found.is_none() || asked.is_empty() {
            return 0.0;
        }
        let has = words::of(self.text(passage));
        asked.intersection(&has).count() as f32 / asked.len() as f32
    }

    fn review(&self, passage: usize) -> &Review {
        &self.corpus.reviews[self.passages[passage].review.0 as usize]
    }

    fn text(&self, passage: usize) -> &str {
        let Passage { start, end, .. } = self.passages[passage];
        &self.review(passage).text[start as usize..end as usize]
    }
}

/// Whether a text has a number that may be a price.
fn has_amount(text: &str) -> bool {
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    words::written(text).any(|word| digits(word) >= 3)
}
