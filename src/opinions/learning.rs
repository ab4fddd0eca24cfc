//! Reviews in, [`Opinions`] out: the order in which everything is learned.

use std::collections::HashMap;

use super::aspects::{Named, aspects};
use super::calibration;
use super::classifier::Classifier;
use super::reading::{Embed, Reading, Source};
use super::shop_opinions::{AspectId, Mention, Opinions};
use super::terms::Terms;
use super::text::Word;
use super::tone;

impl Opinions {
    /// Learns what the buyers of a shop speak of and how.
    ///
    /// # Errors
    /// Those of `embed`.
    pub(crate) fn learn<E>(source: &Source<'_>, embed: Embed<'_, E>) -> Result<Self, E> {
        let reading = Reading::of(source, embed)?;
        let terms = Terms::find(&reading);
        let named = aspects(&reading, &terms);
        let tone = tone::learn(source, embed)?;
        let windows: Vec<&str> = named
            .iter()
            .map(|named| reading.window(named.passage, &named.span))
            .collect();
        let mut said = vec![0.0; named.len()];
        embed(&windows, &mut |at, vector| said[at] = tone.score(vector))?;
        Ok(together(&reading, &terms, &named, &said, tone))
    }
}

/// Puts it all together: `said` is what the classifier says of each place's window.
fn together(
    reading: &Reading<'_, '_>,
    terms: &Terms,
    named: &[Named],
    said: &[f32],
    tone: Classifier,
) -> Opinions {
    let source = reading.source;
    let stars = |passage: u32| reading.review(passage).rating;
    let whole = (0..source.passages.len()).map(|passage| tone.score((source.vector)(passage)));
    let whole: Vec<f32> = whole.collect();
    let spans = named
        .iter()
        .map(|named| (reading.tokens[named.passage as usize].as_slice(), &named.span));
    let names = Terms::names(&reading.lexicon, spans);
    let ids: HashMap<Word, AspectId> = names.keys().copied().zip((0..).map(AspectId)).collect();
    let mut mentions: Vec<Vec<Mention>> = vec![Vec::new(); source.corpus.products.len()];
    let mut times = vec![0; names.len()];
    for (
        Named {
            passage,
            span,
            is_sure,
        },
        said,
    ) in named.iter().zip(said)
    {
        let (place, tokens) = (
            source.passages[*passage as usize],
            &reading.tokens[*passage as usize],
        );
        let text = f32::midpoint(*said, whole[*passage as usize]);
        let praise = calibration::praise_of_one_thing(text, stars(*passage));
        times[ids[&span.thing].0 as usize] += 1;
        mentions[reading.product(*passage).0 as usize].push(Mention {
            aspect: ids[&span.thing],
            passage: place,
            start: place.start + tokens[span.first()].start,
            end: place.start + tokens[span.last()].end,
            rating: stars(*passage),
            praise: if *is_sure { praise } else { 0.0 },
        });
    }
    let lexicon = &reading.lexicon;
    let by_word = |word: Word| Some((lexicon.name(word).to_string(), *ids.get(&terms.head(word)?)?));
    let tones = (0..).zip(&whole);
    Opinions {
        by_word: lexicon.words().filter_map(by_word).collect(),
        names: names.into_values().collect(),
        times,
        mentions,
        tones: tones
            .map(|(passage, text)| calibration::praise_on_the_whole(*text, stars(passage)))
            .collect(),
        tone: Some(tone),
    }
}
