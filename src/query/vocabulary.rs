//! What questions are parsed with: the words of a shop. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::intent::Intent;
use super::names::{Mention, Names};
use super::parsed_query::{Asked, ParsedQuery, Word};
use super::spelling::{self, Spelling};
use super::{constraints, figure, intent, pointing, task};
use crate::index::{Postings, title_text};
use crate::language::{self, WordClass};
use crate::reviews::{Product, ProductId};

/// What a word of an earlier question counts, beside one of the last.
pub(super) const EARLIER: f32 = 0.5;

/// What questions are parsed with.
pub(crate) struct Vocabulary {
    /// What products are called one by one.
    names: Names,
    /// The short title of each.
    titles: Vec<String>,
    /// The words of the whole title of each, as stems.
    whole_titles: Vec<HashSet<String>>,
    /// The stems that titles and categories have more often than reviews, which are what things are called, with the
    /// products that have them.
    kinds: HashMap<String, BTreeSet<ProductId>>,
    /// Those of them that are the name of a thing.
    heads: HashSet<String>,
    /// The products in whose reviews such a stem is said.
    said_of: HashMap<String, BTreeSet<ProductId>>,
    /// The words that a question can mean.
    spelling: Spelling,
}

/// A word is the name of a thing if it ends this share of the titles that have it.
const OF_TITLES: f64 = 0.3;

impl Vocabulary {
    /// Learns the words of a shop, whose titles and reviews say these; `passages` are those of its reviews, each with
    /// its product. Words of the `language`, in lower case, are no slips.
    pub(crate) fn of<'a>(
        products: &[Product],
        in_titles: &Postings,
        said: &Postings,
        passages: impl Iterator<Item = (ProductId, &'a str)>,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let called: Vec<String> = products.iter().map(called).collect();
        let shares = Postings::of(called.iter().map(String::as_str));
        let mut kinds: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, text) in (0..).map(ProductId).zip(&called) {
            for stem in language::words(text)
                .filter(|word| !language::is_asking(word))
                .map(language::stem)
            {
                if shares.share(&stem) > said.share(&stem) {
                    kinds.entry(stem).or_default().insert(id);
                }
            }
        }
        let (of_passage, passages): (Vec<ProductId>, Vec<&str>) = passages.unzip();
        let products_saying = |stem: &String| {
            let saying = said.saying(stem).iter();
            saying
                .filter_map(|passage| of_passage.get(*passage as usize).copied())
                .collect()
        };
        let said_of = kinds
            .keys()
            .map(|stem| (stem.clone(), products_saying(stem)))
            .collect();
        // Who asks for complaints may be the first to say so.
        let faults = language::lexicon()
            .all(WordClass::Fault)
            .map(|word| (word, spelling::TIMES));
        // "Waterproof" ends a title now and then, "kettle" mostly.
        let mut ends: HashMap<String, usize> = HashMap::new();
        products
            .iter()
            .flat_map(heads)
            .for_each(|stem| *ends.entry(stem).or_default() += 1);
        let is_head = |(stem, times): &(String, usize)| {
            // What buyers write of more often than titles do is a part: "with 40-hour battery".
            let is_kind = kinds.contains_key(stem) || in_titles.saying(stem).is_empty();
            is_kind && *times as f64 >= OF_TITLES * in_titles.saying(stem).len() as f64
        };
        let heads = ends.into_iter().filter(is_head).map(|(stem, _)| stem).collect();
        Self {
            kinds,
            heads,
            said_of,
            names: Names::of(products, of_passage.iter().copied().zip(passages)),
            titles: products
                .iter()
                .map(|product| product.short_title().to_string())
                .collect(),
            whole_titles: products
                .iter()
                .map(|product| language::words(&product.title).map(language::stem).collect())
                .collect(),
            spelling: Spelling::of(in_titles.written(), said.written().chain(faults), language),
        }
    }

    /// Parses a question that can be understood by itself and what it goes on with.
    pub(super) fn parse(&self, asked: &Asked) -> ParsedQuery {
        let is_kind = |word: &str| self.kinds.contains_key(&language::stem(word));
        let (constraints, _) = constraints::read(&asked.whole(), &is_kind);
        let text = self.plain(&asked.question);
        let earlier = asked.earlier.as_deref().map(|earlier| self.plain(earlier));
        let mut mentions = self.names.mentions(&text, &self.spelling);
        for mention in &mut mentions {
            // A title that stands there as a whole, as one that was spoken of does, is a name as a whole.
            let titles = mention.products.iter().map(|product| self.title(*product));
            let whole = titles.filter_map(|title| text.find(title).map(|at| at..at + title.len()));
            mention.words.extend(whole.collect::<Vec<_>>());
        }
        let mut last = self.words(&text, &mentions, 1.0);
        if constraints::read(&asked.question, &is_kind).1.is_empty() {
            // "Under 2000?" tells of nothing else.
            last.clear();
        }
        // What kind of answer a question in Hindi wants, is said by words that have no place in English.
        let as_asked = self.corrected(&self.without_demands(&asked.question));
        let lower: Vec<String> = language::words(&as_asked).map(str::to_lowercase).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();

        let whole = match &earlier {
            Some(earlier) => format!("{earlier} {text}"),
            None => text.clone(),
        };
        let mut named: Vec<BTreeSet<ProductId>> = Vec::new();
        for mention in self.names.mentions(&whole, &self.spelling) {
            if !named.contains(&mention.products) {
                named.push(mention.products);
            }
        }
        let of_kinds = last.iter().filter(|word| word.kind && !word.names);
        for of_kind in of_kinds.clone().filter_map(|word| self.kinds.get(&word.stem)) {
            // "The Avandi kettle" is one of Avandi's.
            for products in named.iter_mut().filter(|products| !products.is_disjoint(of_kind)) {
                products.retain(|product| of_kind.contains(product));
            }
        }
        let kinds = of_kinds.count();
        let intent_of = |text: &str| {
            let lower: Vec<String> = language::words(text).map(str::to_lowercase).collect();
            intent::of(
                &lower.iter().map(String::as_str).collect::<Vec<_>>(),
                named.len(),
                kinds,
            )
        };
        let is_vague = |intent: &Intent| matches!(intent, Intent::Other | Intent::Product);
        let mut intent = Some(intent::of(&lower, named.len(), kinds));
        // What its Hindi words do not tell their English may, and what it does not tell itself the question before.
        for text in [Some(text.as_str()), asked.earlier.as_deref()]
            .into_iter()
            .flatten()
        {
            intent = intent
                .filter(|intent| !is_vague(intent))
                .or_else(|| Some(intent_of(text)).filter(|intent| !is_vague(intent)))
                .or(intent);
        }
        let intent = intent.unwrap_or_default();
        let mut telling: HashSet<String> = last
            .iter()
            .filter(|word| !word.names && !word.kind)
            .map(|word| word.stem.clone())
            .collect();
        let one = self.the_one(&last).filter(|_| named.is_empty());
        if let Some(product) = one {
            // What its title says is its name.
            let title: HashSet<String> = language::words(self.title(product)).map(language::stem).collect();
            telling.retain(|stem| !title.contains(stem));
        }
        let has = |class| language::lexicon().contains(&lower, class);
        let lists = |text: &str| {
            let lower: Vec<String> = language::words(text).map(str::to_lowercase).collect();
            let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
            language::lexicon().contains(&lower, WordClass::Listing)
                || language::lexicon().starts(&lower, WordClass::Seeking).is_some()
        };
        let amount = (0..lower.len()).find_map(|at| {
            let length = language::lexicon().starts(&lower[at..], WordClass::Amount)?;
            Some(at + length)
        });
        // "Extra charges for installation?"
        let pays = |word: &&Word| language::lexicon().has(&word.written, WordClass::Paying);
        let asks_what_is_paid = constraints.is_empty()
            && !has(WordClass::Choosing)
            && last.iter().any(|word| pays(&word))
            && !has(WordClass::Merit);
        // Who asks for a figure says nothing else but which product is meant: "the iPad 9th gen, space grey".
        let said_by_title =
            |product: &ProductId| telling.intersection(&self.whole_titles[product.0 as usize]);
        let meant = named.iter().flatten().chain(&one);
        let of_titles: HashSet<&String> = meant.flat_map(said_by_title).collect();
        let figure = figure::asked(
            &lower,
            &telling
                .iter()
                .filter(|stem| !of_titles.contains(stem))
                .cloned()
                .collect(),
            !named.is_empty() || one.is_some(),
            !constraints.price.is_open(),
        );
        if figure.is_some() {
            for products in &mut named {
                let said = |product: &ProductId| said_by_title(product).count();
                let most = products.iter().map(said).max();
                *products = std::mem::take(products)
                    .into_iter()
                    .filter(|product| Some(said(product)) == most)
                    .collect();
            }
        }
        let is_task = named.is_empty() && task::is_task(&text);
        let mut words = last;
        if let Some(earlier) = &earlier {
            words.extend(self.words(earlier, &self.names.mentions(earlier, &self.spelling), EARLIER));
        }
        let mut seen = HashSet::new();
        words.retain(|word| seen.insert(word.stem.clone()));
        let sides = (named.len() < 2).then(|| self.sides(&text)).flatten();
        ParsedQuery {
            asked: asked.whole(),
            said: asked.question.clone(),
            last: without(&text, mentions.iter().flat_map(|mention| &mention.words)),
            whole,
            words,
            named,
            sides,
            intent,
            lists: figure::tells_only_of_figures(&telling) && (lists(&as_asked) || lists(&asked.whole())),
            points: self.points(&asked.question),
            asks_amount: amount.is_some() || figure.is_none() && asks_what_is_paid,
            counted: amount
                .and_then(|next| lower.get(next))
                .map(|word| language::stem(word)),
            asks_if_good: has(WordClass::Merit),
            chooses: has(WordClass::Choosing) || has(WordClass::Wanting),
            figure,
            is_task,
            constraints,
        }
    }

    /// A question without its demands, in English, without slips.
    pub(super) fn plain(&self, question: &str) -> String {
        let rest = self.without_demands(question);
        self.corrected(language::in_english(&rest).as_deref().unwrap_or(&rest))
    }

    /// A question without its demands; the question itself where it says nothing else.
    fn without_demands(&self, question: &str) -> String {
        let is_kind = |word: &str| self.kinds.contains_key(&language::stem(word));
        let (_, rest) = constraints::read(question, &is_kind);
        match rest.is_empty() {
            true => question.to_string(),
            false => rest,
        }
    }

    /// A text without slips.
    fn corrected(&self, text: &str) -> String {
        let mut corrected = String::with_capacity(text.len());
        let mut copied = 0;
        for (at, word) in language::word_indices(text) {
            corrected.push_str(&text[copied..at]);
            corrected.push_str(self.spelling.corrected(word));
            copied = at + word.len();
        }
        corrected.push_str(&text[copied..]);
        corrected
    }

    /// The telling words of a text whose names are `mentions`.
    fn words(&self, text: &str, mentions: &[Mention], weight: f32) -> Vec<Word> {
        let telling = language::word_indices(text).filter(|(_, word)| !language::is_asking(word));
        let heads = self.heads_of(text);
        let word = |(at, word): (usize, &str)| {
            let stem = language::stem(word);
            Word {
                written: language::folded(word),
                names: mentions
                    .iter()
                    .flat_map(|mention| &mention.words)
                    .any(|range| range.contains(&at)),
                kind: self.kinds.contains_key(&stem),
                head: heads.contains(&at),
                stem,
                weight,
            }
        };
        telling.map(word).collect()
    }

    /// Where the names of things stand in a text: the last of several in a row, and none behind what it is for, unless
    /// there is no other. "A laptop bag for my camera" is a bag.
    fn heads_of(&self, text: &str) -> HashSet<usize> {
        let words: Vec<(usize, &str)> = language::word_indices(text).collect();
        let stems: Vec<String> = words.iter().map(|(_, word)| language::stem(word)).collect();
        let is_head = |at: usize| self.heads.contains(&stems[at]);
        let goes_on = |at: usize| {
            let run = (at + 1..words.len()).take_while(|next| self.kinds.contains_key(&stems[*next]));
            run.into_iter().any(is_head)
        };
        let lasts: Vec<usize> = (0..words.len())
            .filter(|at| is_head(*at) && !goes_on(*at))
            .collect();
        let purpose = words
            .iter()
            .position(|(_, word)| language::lexicon().has(word, WordClass::Preposition));
        let before: Vec<usize> = lasts
            .iter()
            .copied()
            .filter(|at| Some(*at) < purpose || purpose.is_none())
            .collect();
        let heads = if before.is_empty() { lasts } else { before };
        heads.into_iter().map(|at| words[at].0).collect()
    }

    /// The only product whose title has most of these words for kinds of products.
    fn the_one(&self, words: &[Word]) -> Option<ProductId> {
        let query = ParsedQuery {
            words: words.to_vec(),
            ..ParsedQuery::default()
        };
        let meant = self.in_question(&query);
        meant.first().copied().filter(|_| meant.len() == 1)
    }

    /// Whether a word points at a product, and no name or kind of products stands before it.
    fn points(&self, question: &str) -> bool {
        let kind = self.kinds(question).map(|kinds| kinds.start);
        let name = self
            .mentions(question)
            .first()
            .map(|mention| mention.words[0].start);
        let before = [kind, name].into_iter().flatten().min().unwrap_or(question.len());
        pointing::points(&question[..before])
    }

    /// What stands before and behind the first word that sets products beside each other.
    fn sides(&self, text: &str) -> Option<[String; 2]> {
        let (at, word) = language::word_indices(text)
            .find(|(_, word)| language::lexicon().has(word, WordClass::Alternative))?;
        let sides = [&text[..at], &text[at + word.len()..]];
        let tells = |side: &str| language::words(side).any(|word| !language::is_asking(word));
        sides
            .iter()
            .all(|side| tells(side))
            .then(|| sides.map(|side| side.trim().to_string()))
    }

    /// Where the first words for kinds of products stand in a text, in bytes.
    pub(crate) fn kinds(&self, text: &str) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        for (at, word) in language::word_indices(text) {
            let is_kind = self.kinds.contains_key(&language::stem(word));
            match &mut found {
                None if is_kind => found = Some(at..at + word.len()),
                Some(range) if is_kind => range.end = at + word.len(),
                Some(_) => break,
                None => {}
            }
        }
        found
    }

    /// The products that a question names, or those that are called by most of its words for kinds of products.
    pub(crate) fn in_question(&self, parsed: &ParsedQuery) -> BTreeSet<ProductId> {
        if !parsed.named.is_empty() {
            return parsed.scope();
        }
        let words = self.kind_words(parsed);
        let most = words.values().copied().max();
        let called = words.into_iter().filter(|(_, words)| Some(*words) == most);
        called.map(|(product, _)| product).collect()
    }

    /// How many of a question's words for kinds of products one title has at most.
    pub(crate) fn most_kind_words(&self, parsed: &ParsedQuery) -> usize {
        self.kind_words(parsed).into_values().max().unwrap_or(0)
    }

    /// How many of a question's words for kinds of products each title has, where it has one.
    fn kind_words(&self, parsed: &ParsedQuery) -> HashMap<ProductId, usize> {
        let mut words: HashMap<ProductId, usize> = HashMap::new();
        let kinds = parsed.kind_words().filter_map(|word| self.kinds.get(&word.stem));
        kinds
            .flatten()
            .for_each(|product| *words.entry(*product).or_default() += 1);
        words
    }

    /// Of these products those that are what a question calls them: a laptop backpack is no laptop.
    pub(crate) fn of_kind(
        &self,
        parsed: &ParsedQuery,
        products: &[Product],
        among: &[ProductId],
    ) -> Vec<ProductId> {
        let is_called = |id: &&ProductId| {
            let heads: HashSet<String> = heads(&products[id.0 as usize]).collect();
            parsed
                .words
                .iter()
                .any(|word| word.head && heads.contains(&word.stem))
        };
        among.iter().filter(is_called).copied().collect()
    }

    /// Whether what titles call things, in a question, is said of some of these products too, by their titles or their
    /// buyers: a remote is a product, and a part of a television.
    pub(crate) fn is_said_of(&self, parsed: &ParsedQuery, products: &BTreeSet<ProductId>) -> bool {
        let mut kinds = parsed.words.iter().filter(|word| word.kind && !word.names);
        let of_some =
            |saying: Option<&BTreeSet<ProductId>>| saying.is_some_and(|saying| !saying.is_disjoint(products));
        kinds.all(|word| of_some(self.kinds.get(&word.stem)) || of_some(self.said_of.get(&word.stem)))
    }

    /// Whether titles or reviews use every telling word of a question.
    pub(crate) fn knows(&self, parsed: &ParsedQuery) -> bool {
        parsed
            .words
            .iter()
            .all(|word| self.spelling.is_used(&word.written))
    }

    /// What people call a product.
    pub(crate) fn title(&self, product: ProductId) -> &str {
        &self.titles[product.0 as usize]
    }

    /// The products that a text of this server's own names by their whole titles, in their order.
    pub(crate) fn titled(&self, text: &str) -> Vec<ProductId> {
        self.names.titled(text)
    }

    /// The names in a text.
    pub(crate) fn mentions(&self, text: &str) -> Vec<Mention> {
        self.names.mentions(text, &self.spelling)
    }
}

/// A text without what stands in these places, which are in order; the text itself where nothing telling is left.
fn without<'a>(text: &str, places: impl Iterator<Item = &'a Range<usize>>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        left.push_str(&text[from..place.start.max(from)]);
        from = place.end.max(from);
    }
    left.push_str(&text[from..]);
    let tells = language::words(&left).any(|word| !language::is_asking(word));
    match tells {
        true => left.split_whitespace().collect::<Vec<_>>().join(" "),
        false => text.to_string(),
    }
}

/// What a product is, as stems: the words of its category, and the last words of its title: of what people call it, of
/// the whole without what stands in brackets, and before a preposition ("laptop backpack for women").
fn heads(product: &Product) -> impl Iterator<Item = String> {
    let mut depth = 0;
    let whole: String = product
        .title
        .chars()
        .filter(|c| {
            depth += i32::from(*c == '(');
            let is_outside = depth <= 0;
            depth -= i32::from(*c == ')');
            is_outside
        })
        .collect();
    let last = |text: &str| {
        let for_what = |word: &&str| !language::lexicon().has(word, WordClass::Preposition);
        let words = language::words(text).take_while(for_what);
        words
            .filter(|word| word.chars().all(char::is_alphabetic))
            .last()
            .map(language::stem)
    };
    let category = product.category.as_deref().unwrap_or_default();
    let mut heads: HashSet<String> = language::words(category).map(language::stem).collect();
    heads.extend(last(product.short_title()));
    heads.extend(last(&whole));
    heads.extend(
        language::words(&whole)
            .filter(|word| word.chars().all(char::is_alphabetic))
            .last()
            .map(language::stem),
    );
    heads.into_iter()
}

/// What people call a product, with what the shop says that it is.
fn called(product: &Product) -> String {
    title_text(&Product {
        title: product.short_title().to_string(),
        ..product.clone()
    })
}
