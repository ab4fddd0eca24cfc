//! What a product's reviews say about an aspect: counts, proportions and quotes.

use schemars::JsonSchema;
use serde::Serialize;

use super::ReviewQuote;
use super::proportion::Proportion;
use crate::app::Catalogue;
use crate::aspects::{AspectId, Aspects, ProductAspect, Verdict};
use crate::reviews::{Corpus, ProductId};

/// What a product's reviews say about one aspect. A review that mentions it twice counts once.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct AspectFacts {
    name: String,
    /// How often it is mentioned.
    mentions: usize,
    /// Reviews that mention it.
    reviews: usize,
    /// Reviews that praise it.
    praised: usize,
    /// Reviews that complain about it. A review that neither praises nor complains only mentions it.
    complained: usize,
    /// Reviews that praise it, of those that praise it or complain about it.
    praise: Proportion,
    /// The clearest praise.
    best: Option<ReviewQuote>,
    /// The clearest complaint.
    worst: Option<ReviewQuote>,
}

/// The reviews, and the aspects that they mention.
#[derive(Clone, Copy)]
pub(in crate::http) struct ReviewSource<'a> {
    pub corpus: &'a Corpus,
    pub aspects: &'a Aspects,
}

impl<'a> From<&'a Catalogue> for ReviewSource<'a> {
    fn from(catalogue: &'a Catalogue) -> Self {
        Self {
            corpus: &catalogue.corpus,
            aspects: catalogue.retriever.aspects(),
        }
    }
}

impl ReviewSource<'_> {
    /// What the reviews of `product` say about an aspect that was counted.
    pub(crate) fn facts(self, product: ProductId, counted: ProductAspect) -> AspectFacts {
        // If no review praises on balance, no quote can stand for the count; the same holds for complaints.
        let quote = |verdict, reviews: usize| {
            let quotes = self.quotes(product, Some(counted.aspect), verdict, usize::from(reviews > 0));
            quotes.into_iter().next()
        };
        AspectFacts {
            name: self.aspects.name(counted.aspect).to_string(),
            mentions: counted.mentions,
            reviews: counted.reviews,
            praised: counted.praised,
            complained: counted.complained,
            praise: counted.praise().into(),
            best: quote(Verdict::Praised, counted.praised),
            worst: quote(Verdict::Complained, counted.complained),
        }
    }

    /// The clearest praise of a product, or the clearest complaints about it; at most `most` quotes.
    pub(crate) fn quotes(
        self,
        product: ProductId,
        aspect: Option<AspectId>,
        verdict: Verdict,
        most: usize,
    ) -> Vec<ReviewQuote> {
        let passages = self.aspects.quotes(self.corpus, product, aspect, verdict, most);
        passages
            .into_iter()
            .map(|passage| ReviewQuote::new(self.corpus, passage))
            .collect()
    }
}
