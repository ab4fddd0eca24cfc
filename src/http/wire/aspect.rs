//! What a product's reviews say about an aspect: counts, proportions and quotes.

use schemars::JsonSchema;
use serde::Serialize;

use super::ReviewQuote;
use super::proportion::Proportion;
use crate::app::Catalogue;
use crate::opinions::{AspectId, Opinions, ProductAspect, Verdict};
use crate::reviews::{Corpus, ProductId};

/// What a product's reviews say about one aspect. A review that mentions it twice counts once.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct AspectFacts {
    name: String,
    /// How often it is mentioned.
    mentions: usize,
    /// Reviews that mention it.
    reviews: usize,
    /// The mean of the stars that these reviews give the product; `null` where there are none.
    mean_rating: Option<f64>,
    /// Reviews that clearly praise it, by their words and their stars; `docs/opinions.md` says how right that is.
    praised: usize,
    /// Reviews that clearly complain about it. Of all others neither is clear.
    complained: usize,
    /// Reviews that clearly praise it, of those that clearly praise it or complain about it.
    praise: Proportion,
    /// What clear opinions agree on: at least two, and at least four times the contrary ones; `null` where they do not.
    agreed: Option<Agreed>,
    /// The clearest praise.
    best: Option<ReviewQuote>,
    /// The clearest complaint.
    worst: Option<ReviewQuote>,
}

/// On what the clear opinions about an aspect agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Agreed {
    Praised,
    Complained,
}

/// The reviews, and the aspects that they mention.
#[derive(Clone, Copy)]
pub(in crate::http) struct ReviewSource<'a> {
    pub corpus: &'a Corpus,
    pub opinions: &'a Opinions,
}

impl<'a> From<&'a Catalogue> for ReviewSource<'a> {
    fn from(catalogue: &'a Catalogue) -> Self {
        Self {
            corpus: &catalogue.corpus,
            opinions: catalogue.retriever.opinions(),
        }
    }
}

impl ReviewSource<'_> {
    /// What the reviews of `product` say about an aspect that was counted.
    pub(crate) fn facts(self, product: ProductId, counted: ProductAspect) -> AspectFacts {
        // If no review clearly praises, no quote can stand for the count; the same holds for complaints.
        let quote = |verdict, reviews: usize| {
            let quotes = self.quotes(product, Some(counted.aspect), verdict, usize::from(reviews > 0));
            quotes.into_iter().next()
        };
        AspectFacts {
            name: self.opinions.name(counted.aspect).to_string(),
            mentions: counted.mentions,
            reviews: counted.reviews,
            mean_rating: counted.mean_rating().map(|mean| (mean * 100.0).round() / 100.0),
            praised: counted.praised,
            complained: counted.complained,
            praise: counted.praise().into(),
            agreed: match counted.agreed() {
                Verdict::Praised => Some(Agreed::Praised),
                Verdict::Complained => Some(Agreed::Complained),
                Verdict::Named => None,
            },
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
        let passages = self.opinions.quotes(self.corpus, product, aspect, verdict, most);
        passages
            .into_iter()
            .map(|passage| ReviewQuote::new(self.corpus, passage))
            .collect()
    }
}
