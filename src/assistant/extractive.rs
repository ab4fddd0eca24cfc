//! The parts of answers that need no model: quotes as they stand in the reviews, and refusals. Pure.

use std::collections::BTreeSet;

use super::conversation::{Checked, SentenceVerdict};
use super::one_line;
use crate::retrieval::{Evidence, Intent, Understood, Unmet};

/// The number of quotes in an answer that consists of quotes only.
const QUOTES: usize = 3;

/// So far below the best quote's score an objection is still about the question.
const POINT: f32 = 0.5;

/// The text before the quotes of an answer that consists of quotes only.
pub(super) const HEADING: &str = "This is what reviewers say:";

/// The first sentence of an answer whose question sets a limit that cannot be met; ends in a blank.
pub(super) fn unmet(demand: Unmet) -> &'static str {
    match demand {
        Unmet::PriceUnknown => {
            "The data here has no prices for these products, so the price limit could not be applied. "
        }
        Unmet::Price => "None of the matching products is in that price range. ",
        Unmet::Stars => "None of the matching products has such a rating. ",
    }
}

/// The answer when no review is about the question, with the aspects that the reviews do mention.
pub(super) fn no_evidence(understood: &Understood) -> String {
    let refusal = match understood.is_task {
        true => "I only answer questions about the products here, from their buyers' reviews.",
        false => "None of the reviews here says anything about that.",
    };
    match understood.spoken_of.as_slice() {
        [] => format!("{refusal} Try to name a product, or say what you want to know about it."),
        [one] => format!("{refusal} The reviews mention the {one}."),
        [most @ .., last] => format!(
            "{refusal} The reviews mention the {} and the {last}.",
            most.join(", the ")
        ),
    }
}

/// The last sentence about a compared product for which no quote was found.
pub(super) fn silent(title: &str) -> String {
    format!(" No review of the {title} that mentions this was found.")
}

/// A sentence that quotes `evidence`; `number` is its position, from 1, and `after` the position of the quote just
/// before it.
pub(super) fn quotation(evidence: &[Evidence], number: usize, after: Option<usize>) -> Checked {
    let this = &evidence[number - 1];
    let before = after.map(|after| &evidence[after - 1]);
    let who = match before {
        Some(before) if before.review == this.review => "The same buyer says".to_string(),
        Some(before) if before.product_key == this.product_key => "Another buyer says".to_string(),
        _ => format!("A buyer of the {} says", this.short_title()),
    };
    attributed(&who, number, this)
}

/// A sentence that quotes a buyer who disagrees with all buyers before.
fn objection(evidence: &[Evidence], number: usize, after: usize) -> Checked {
    let (this, before) = (&evidence[number - 1], &evidence[after - 1]);
    let what = match before.product_key == this.product_key {
        true => "it".to_string(),
        false => format!("the {}", this.short_title()),
    };
    let who = format!(
        "On the other side, a buyer who gave {what} {} of 5 stars says",
        this.rating
    );
    attributed(&who, number, this)
}

fn attributed(who: &str, number: usize, evidence: &Evidence) -> Checked {
    let quote = one_line(&evidence.quote);
    Checked {
        sentence: format!("{who}: “{quote}” [{number}]"),
        verdict: SentenceVerdict::Supported,
        cited: vec![number],
    }
}

/// The best quotes, each with its product and stars.
pub(super) fn quotes(evidence: &[Evidence]) -> impl Iterator<Item = Checked> {
    let best = (1..).zip(evidence).take(QUOTES);
    best.map(|(number, evidence)| Checked {
        sentence: format!(
            "{}, {} of 5 stars: “{}” [{number}]",
            evidence.short_title(),
            evidence.rating,
            one_line(&evidence.quote)
        ),
        verdict: SentenceVerdict::Supported,
        cited: vec![number],
    })
}

/// The quotes that an answer still needs. `cited` are the positions that it cites, the last of them `after`. It needs
/// the second best quote if it has only one, and the best quote of the other side if all cited quotes praise, or all
/// complain. The other side's quote must be about the question, if the question asks about something. Praise is left
/// out if the user asked for complaints.
pub(super) fn missing_quotes(
    evidence: &[Evidence],
    cited: &BTreeSet<usize>,
    after: usize,
    understood: &Understood,
) -> Vec<Checked> {
    let complains = |number: &usize| evidence[number - 1].complains;
    let (mut cited, mut after) = (cited.clone(), after);
    let mut heard = Vec::new();
    if cited.len() == 1
        && let Some(second) = (1..=evidence.len()).find(|number| !cited.contains(number))
    {
        heard.push(quotation(evidence, second, Some(after)));
        cited.insert(second);
        after = second;
    }
    let Some(side) = cited.first().map(complains) else {
        return heard;
    };
    if side && understood.intent == Intent::Complaints {
        return heard;
    }
    if cited.iter().all(|number| complains(number) == side) {
        let answers =
            |number: &usize| understood.aspect.is_empty() || is_to_the_point(&evidence[number - 1], evidence);
        let other = (1..=evidence.len()).find(|number| complains(number) != side && answers(number));
        heard.extend(other.map(|number| objection(evidence, number, after)));
    }
    heard
}

/// Whether an objection is about the question: its score is at most [`POINT`] below the best evidence's.
fn is_to_the_point(objection: &Evidence, evidence: &[Evidence]) -> bool {
    let scores = evidence.iter().map(|evidence| evidence.scores.total);
    let best = scores.reduce(f32::max).unwrap_or(0.0);
    objection.scores.total >= best - POINT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::Scores;
    use crate::retrieval::testing::evidence;

    #[test]
    fn quotes_stand_as_they_are_and_are_cited() {
        let evidence = vec![evidence("Pellar Hush (Black)", "it's\n <b>loud</b>"); 5];
        let said: Vec<Checked> = quotes(&evidence).collect();
        assert_eq!(said.len(), QUOTES);
        assert_eq!(
            said[1].sentence,
            "Pellar Hush, 4 of 5 stars: “it's <b>loud</b>” [2]"
        );
        assert_eq!(
            (said[1].cited.as_slice(), said[1].verdict),
            (&[2][..], SentenceVerdict::Supported)
        );
        let sentence = quotation(&evidence, 1, None).sentence;
        assert_eq!(
            sentence,
            "A buyer of the Pellar Hush says: “it's <b>loud</b>” [1]"
        );
    }

    #[test]
    fn the_second_best_quote_and_the_other_side_are_added() {
        let rated = |stars: &[u8]| -> Vec<Evidence> {
            let one = |(at, rating): (usize, &u8)| Evidence {
                rating: *rating,
                complains: *rating <= 3,
                ..evidence("Pellar Hush", &format!("quote {at}"))
            };
            stars.iter().enumerate().map(one).collect()
        };
        for (stars, cited, heard) in [
            (&[5, 4, 2][..], &[1][..], &[2, 3][..]),
            (&[5, 4, 2], &[1, 2], &[3]),
            (&[5, 4, 2], &[1, 3], &[]),
            (&[5, 2, 4], &[1], &[2]),
            (&[1, 2, 4], &[1, 2], &[3]),
            (&[5, 4], &[1, 2], &[]),
            (&[5], &[1], &[]),
        ] {
            let found = missing_quotes(
                &rated(stars),
                &cited.iter().copied().collect(),
                1,
                &Understood::default(),
            );
            let numbers: Vec<usize> = found.iter().flat_map(|checked| checked.cited.clone()).collect();
            assert_eq!(numbers, heard, "{stars:?} {cited:?}");
        }
        let asked = Understood {
            intent: Intent::Complaints,
            ..Understood::default()
        };
        let complaints = missing_quotes(&rated(&[1, 2, 5]), &BTreeSet::from([1, 2]), 2, &asked);
        assert_eq!(complaints, [], "praise is left out if complaints are asked for");
        let cited = BTreeSet::from([1, 2]);
        let other = missing_quotes(&rated(&[5, 5, 2]), &cited, 2, &Understood::default());
        assert_eq!(
            other[0].sentence,
            "On the other side, a buyer who gave it 2 of 5 stars says: “quote 2” [3]"
        );
    }

    #[test]
    fn an_objection_about_another_aspect_is_left_out() {
        let scored = |complains, total| Evidence {
            complains,
            scores: Scores {
                total,
                ..Scores::default()
            },
            ..evidence("Pellar Hush", "quote")
        };
        let asked = |aspect: &str| Understood {
            aspect: aspect.into(),
            ..Understood::default()
        };
        for (objection, aspect, heard) in [
            (scored(true, 1.2 - POINT - 0.1), "mic", 0),
            (scored(true, 1.2 - POINT - 0.1), "", 1),
            (scored(true, 1.2 - POINT + 0.1), "mic", 1),
        ] {
            let evidence = [scored(false, 1.2), scored(false, 1.1), objection];
            let found = missing_quotes(&evidence, &BTreeSet::from([1, 2]), 2, &asked(aspect));
            assert_eq!(found.len(), heard, "{aspect} {:?}", evidence[2].scores);
        }
    }
}
