//! A question with the products in the place of what points at them. Pure.

use super::super::pointing::{MOST, Pointer, pointer, words};
use super::{Entity, Talk, labels};

/// The question with the names of products for what points at them; `None` where nothing points, or at nothing known.
pub(super) fn resolved(question: &str, talk: &Talk<'_>) -> Option<String> {
    let words = words(question);
    let named_first = talk
        .vocabulary
        .mentions(question)
        .first()
        .map_or(usize::MAX, |mention| mention.words[0].start);
    let mut text = String::with_capacity(question.len());
    let (mut copied, mut at) = (0, 0);
    while at < words.len() {
        let found = pointer(&words, at).and_then(|(pointer, next)| {
            let own = matches!(pointer, Pointer::One | Pointer::OnesOwn) && named_first < words[at].start;
            let name = talk.meant(pointer).filter(|name| !own && !name.is_empty())?;
            Some((name, pointer, next))
        });
        let Some((name, pointer, next)) = found else {
            at += 1;
            continue;
        };
        text.push_str(&question[copied..words[at].start]);
        text.push_str("the ");
        text.push_str(&name);
        if matches!(pointer, Pointer::OnesOwn | Pointer::SeveralOwn) || words[next - 1].own {
            text.push_str("'s");
        }
        copied = words[next - 1].end;
        at = next;
    }
    text.push_str(&question[copied..]);
    (copied > 0).then_some(text)
}

impl Talk<'_> {
    /// What is pointed at.
    fn meant(&self, pointer: Pointer) -> Option<String> {
        let (named, shown) = (self.named.as_slice(), self.shown.as_slice());
        let list = if shown.len() > 1 || named.is_empty() {
            shown
        } else {
            named
        };
        let one = match named {
            [one] => Some(one),
            _ => shown.first().or(named.first()),
        };
        let several = match (named, shown) {
            ([_, _, ..], _) => named,
            (_, []) => named,
            _ => shown,
        };
        let label = |entity: &Entity| entity.label.clone();
        match pointer {
            Pointer::One | Pointer::OnesOwn => one.map(label),
            Pointer::Several | Pointer::SeveralOwn => Some(labels(&several[..several.len().min(MOST)])),
            Pointer::Place(place) => list.get(place).map(label),
            Pointer::Last => list.last().map(label),
            Pointer::Other => list.iter().find(|entity| Some(*entity) != one).map(label),
        }
    }
}
