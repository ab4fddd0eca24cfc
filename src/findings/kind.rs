//! Which kind of finding a question gets. Pure.

use super::balance::Topic;
use crate::query::{Intent, SAY_WHICH, Wish};
use crate::retrieval::{Figures, Grounds, Want};

/// A kind of finding.
pub(super) enum Kind {
    Talk(Want),
    Figures(Figures),
    List,
    Nothing,
    Open,
    Comparison,
    Complaints,
    Verdict,
    Fact,
    Aspect,
    Recommendation,
}

/// The kind that a question wants, as far as what was found allows.
pub(super) fn of(grounds: &Grounds, topic: Topic) -> Kind {
    let query = &grounds.query;
    let names_none = query.named.is_empty() && !grounds.is_given;
    // Of a title that has only some of them it is chance.
    let is_called_so = grounds.kind_words >= SAY_WHICH && grounds.kind_words == query.kind_words().count();
    let is_said = query.names_a_kind() || is_called_so;
    let says_which = !names_none || is_said && !query.points;
    match grounds.want {
        Some(Want::Verdict) if !names_none && !grounds.evidence.is_empty() => return Kind::Verdict,
        Some(Want::Verdict) | None => {}
        Some(talk) => return Kind::Talk(talk),
    }
    let fitting = |figures: &&Figures| figures.figure.wish == Wish::Fitting;
    if let Some(figures) = grounds.figures.as_ref().filter(|figures| !fitting(figures)) {
        return Kind::Figures(figures.clone());
    }
    if query.lists && says_which && !grounds.all.is_empty() {
        return Kind::List;
    }
    // Who points at nothing is asked what is meant, whatever is said of it.
    if query.points && names_none && query.intent != Intent::Recommend && !grounds.scope.is_empty() {
        return Kind::Open;
    }
    if grounds.evidence.is_empty() {
        return Kind::Nothing;
    }
    let one = grounds.scope.len() == 1;
    let asks = query.asked.trim_end().ends_with('?');
    match query.intent {
        Intent::Complaints => Kind::Complaints,
        // "Which is better, this or that?" sets them beside each other in whatever words.
        _ if grounds.compared.len() > 1 => Kind::Comparison,
        _ if !says_which && query.intent != Intent::Recommend => Kind::Open,
        Intent::Recommend if query.asks_amount && !query.chooses => Kind::Fact,
        // "Watch waterproof?" asks how it is, and not for a watch.
        Intent::Recommend if !query.chooses && asks && topic != Topic::Whole => Kind::Aspect,
        Intent::Recommend if query.chooses && query.named.is_empty() || !one => Kind::Recommendation,
        _ if grounds.figures.is_some() => Kind::Recommendation,
        _ if topic == Topic::Whole && (one || !names_none) => Kind::Verdict,
        _ if query.asks_amount => Kind::Fact,
        _ if topic == Topic::Whole => Kind::Recommendation,
        _ => Kind::Aspect,
    }
}
