//! The one score that products and passages are ranked by, and the one that says whether anything here is about the
//! question. Pure.
//!
//! All weights of the score stand here. They were chosen on 73 judged questions over 205,052 reviews, where a pairwise
//! logistic regression learned nearly the same proportions (1 : 0.97 : −0.68 : 0.64), and checked on 60 others over
//! 581.

use crate::index::{PassageFeatures, ProductFeatures};

/// How much the words of a question count for a product, beside a cosine, …
const TITLE_COVERAGE: f32 = 0.6;
/// … and for a passage: between 0.4 and 0.6 little changed.
pub(crate) const COVERAGE: f32 = 0.5;
/// How much is taken away of what a passage has in common with its product's title: it repeats the product's name.
const OWN_TITLE: f32 = 0.7;
/// How much the centre of a product's passages counts for the product, …
const CENTRE: f32 = 0.2;
/// … and the nearest of them.
const NEAREST: f32 = 0.1;
/// What a complaint is worth where complaints are asked for.
const COMPLAINT: f32 = 0.3;
/// How much the words count for whether anything here is about the question.
const COVERAGE_OF_TOPIC: f32 = 0.2;
/// From this on a passage is counted as one about the question. Of the judged passages of the right products above it,
/// 80% of those over 205,052 reviews (of 1,027) and 82% of those over 581 (of 875) answer at least a part; 87% and 30%
/// of those that do are above it.
const ABOUT: f32 = 0.3;
/// How much a passage loses for being like one that is chosen already (Carbonell and Goldstein 1998,
/// <https://doi.org/10.1145/290941.291025>), …
const LIKENESS: f32 = 0.1;
/// … and for each one chosen of the same product.
const SAME_PRODUCT: f32 = 0.02;

/// How well a product fits a question; `nearest` is the cosine of the nearest of its passages.
pub(super) fn product(features: &ProductFeatures, nearest: f32) -> f32 {
    let ProductFeatures {
        title,
        coverage,
        centre,
        ..
    } = features;
    title + TITLE_COVERAGE * coverage + CENTRE * centre + NEAREST * nearest
}

/// How well a passage answers a question; `complaint` says that it is one and that complaints are asked for.
pub(super) fn passage(features: &PassageFeatures, complaint: bool) -> f32 {
    let PassageFeatures {
        question,
        title,
        own_title,
        coverage,
        ..
    } = features;
    let wanted = if complaint { COMPLAINT } else { 0.0 };
    question + title - OWN_TITLE * own_title + COVERAGE * coverage + wanted
}

/// How much a passage of a product is about what the question is about: the cosine of the question to the sum of the
/// passage's vector and its product's title's, and the words.
pub(super) fn topic(features: &PassageFeatures) -> f32 {
    let length = (2.0 + 2.0 * features.own_title).max(f32::MIN_POSITIVE).sqrt();
    (features.question + features.title) / length + COVERAGE_OF_TOPIC * features.coverage
}

/// The same where the product is given, so that its title says nothing.
pub(super) fn topic_of_product(features: &PassageFeatures) -> f32 {
    features.question + COVERAGE_OF_TOPIC * features.coverage
}

/// Whether a passage of the right product says something of what is asked: by its score, without what the title is to
/// the question and says of it.
pub(super) fn is_about(features: &PassageFeatures) -> bool {
    let without_title = PassageFeatures {
        title: 0.0,
        ..*features
    };
    passage(&without_title, false) >= ABOUT
}

/// What is left of a passage's `score` beside those that are chosen: it is as near as `likeness` to one of them, and
/// `same_product` of them are of its product.
pub(super) fn beside_others(score: f32, likeness: f32, same_product: usize) -> f32 {
    score - LIKENESS * likeness - SAME_PRODUCT * same_product as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::ProductId;

    const PASSAGE: PassageFeatures = PassageFeatures {
        passage: 0,
        product: ProductId(0),
        question: 0.5,
        title: 0.4,
        own_title: 0.0,
        coverage: 0.5,
    };

    #[test]
    fn the_scores_are_those_of_the_formulas() {
        let near = |value: f32, expected: f32| assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        let product_features = ProductFeatures {
            product: ProductId(0),
            title: 0.6,
            coverage: 0.5,
            centre: 0.5,
        };
        near(product(&product_features, 0.4), 0.6 + 0.3 + 0.1 + 0.04);
        near(passage(&PASSAGE, false), 0.5 + 0.4 + 0.25);
        near(passage(&PASSAGE, true), 1.45);
        let repeating = PassageFeatures {
            own_title: 0.5,
            ..PASSAGE
        };
        near(passage(&repeating, false), 1.15 - 0.35);
        near(topic(&PASSAGE), 0.9 / 2f32.sqrt() + 0.1);
        near(topic_of_product(&PASSAGE), 0.6);
        near(beside_others(1.0, 0.5, 2), 0.91);
    }
}
