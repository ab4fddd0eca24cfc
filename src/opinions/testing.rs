//! Opinions of small shops, for tests.

use super::{Opinions, Source};
use crate::embedding::{EmbeddingError, testing::minilm};
use crate::reviews::{Corpus, passages};

/// What the default embedding model learns of these reviews.
pub(crate) fn learned(corpus: &Corpus) -> Opinions {
    let (encoder, passages) = (minilm(), passages(corpus));
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text(corpus)).collect();
    let embed = |texts: &[&str]| encoder.encode_passages(texts, &mut |_| {});
    let vectors = embed(&texts).expect("the texts can be embedded");
    let source = Source {
        corpus,
        passages: &passages,
        vector: &|passage| vectors[passage].as_slice(),
        known: &encoder.words(),
        dimension: encoder.dimension(),
    };
    let learned = Opinions::learn(&source, &mut |texts, visit| {
        (0..)
            .zip(&embed(texts)?)
            .for_each(|(at, vector)| visit(at, vector));
        Ok::<_, EmbeddingError>(())
    });
    learned.expect("the texts can be embedded")
}

/// The opinions of a shop whose passages say nothing clearly.
pub(crate) fn silent(passages: usize) -> Opinions {
    Opinions {
        tones: vec![0.0; passages],
        ..Opinions::default()
    }
}
