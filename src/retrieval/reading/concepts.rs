//! What people ask about in one word and tell in another. Pure.
//!
//! "Does it break?" is answered by "stopped working in a month", and "Is it lighter?" by "179 grams": neither has a
//! word of the question. What is listed here is common to all shops; what a shop's own buyers speak of is learned
//! ([`crate::aspects`]).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::index::words;

/// Something that is asked about in some words, and told in these and others.
struct Entry {
    /// Words of those who ask.
    asked: &'static [&'static str],
    /// Words of those who tell, beside the same.
    told: &'static [&'static str],
    /// What a review that tells of it says, for what is compared by meaning.
    said: &'static str,
    /// Whether it is something that goes wrong, of which complaints tell.
    goes_wrong: bool,
}

const fn wrong(asked: &'static [&'static str], said: &'static str) -> Entry {
    Entry {
        asked,
        told: &[],
        said,
        goes_wrong: true,
    }
}

const fn told(asked: &'static [&'static str], told: &'static [&'static str], said: &'static str) -> Entry {
    Entry {
        asked,
        told,
        said,
        goes_wrong: false,
    }
}

const ENTRIES: &[Entry] = &[
    wrong(
        &[
            "break", "breaks", "broke", "broken", "damage", "damaged", "stopped", "fail", "fails", "failed",
            "dead", "toot", "toota", "tooti", "tootta", "tut", "tuta",
        ],
        "it broke, it stopped working, it is damaged",
    ),
    wrong(
        &[
            "leak", "leaks", "leaking", "leaked", "drips", "tapak", "tapakta", "tapakti",
        ],
        "it leaks, water drips out",
    ),
    wrong(
        &[
            "garam",
            "heat",
            "heating",
            "heats",
            "hot",
            "overheat",
            "overheating",
            "overheats",
        ],
        "it gets too hot",
    ),
    wrong(
        &["tear", "tears", "tore", "torn", "rip", "ripped"],
        "it tore, the seam came off",
    ),
    wrong(&["rust", "rusts", "rusted", "rusty"], "it has rust"),
    wrong(&["crack", "cracks", "cracked"], "it cracked"),
    wrong(&["scratch", "scratches", "scratched"], "it has scratches"),
    wrong(&["dard", "hurt", "hurts", "pain", "painful"], "it hurts"),
    wrong(
        &["lag", "lags", "hang", "hangs", "freezes", "stuck"],
        "it lags and hangs",
    ),
    wrong(
        &["disconnect", "disconnects", "disconnected", "disconnecting"],
        "it disconnects",
    ),
    wrong(&["smell", "smells", "stinks"], "it smells bad"),
    wrong(
        &["peel", "peels", "fade", "fades", "faded"],
        "the colour came off",
    ),
    Entry {
        asked: &["danger", "dangerous", "unsafe"],
        told: &[
            "burn", "burning", "burnt", "explode", "exploded", "fire", "melted", "shock", "smoke", "spark",
            "swollen",
        ],
        said: "smoke, a burning smell, it swelled, an electric shock",
        goes_wrong: true,
    },
    told(
        &[
            "bhaari",
            "bhari",
            "halka",
            "halke",
            "halki",
            "heavier",
            "heavy",
            "lighter",
            "lightest",
            "lightweight",
            "wazan",
            "weigh",
            "weighs",
            "weight",
        ],
        &["gm", "gms", "gram", "grams", "kg", "kilo", "light", "vajan"],
        "it weighs so many grams",
    ),
    told(
        &["aaramdayak", "comfort", "comfortable", "comfy"],
        &[
            "clamp", "hurt", "hurts", "itch", "itching", "pain", "soft", "sore", "sweat", "tight",
        ],
        "comfortable to wear for hours, or it hurts",
    ),
    told(
        &[
            "loud", "louder", "noise", "noisy", "quiet", "quieter", "shor", "silent",
        ],
        &["db", "decibel"],
        "it is loud and noisy, or quiet",
    ),
    told(
        &["baarish", "barish", "rain", "swim", "swimming", "waterproof"],
        &["chlorine", "paani", "pani", "pool", "splash", "water"],
        "used in water, in a pool, in the rain",
    ),
    told(
        &["game", "games", "gaming", "pubg"],
        &["fps", "latency"],
        "for playing games",
    ),
    told(
        &["call", "calling", "calls", "mic", "microphone", "talk", "talking"],
        &["caller", "callers", "hear", "voice"],
        "how the voice is heard in calls, by the microphone",
    ),
    told(
        &["battery"],
        &["hours", "hrs", "backup"],
        "the battery lasts so many hours",
    ),
    told(
        &["cost", "costs", "price", "kimat", "keemat", "daam"],
        &["paid", "rs", "rupees"],
        "it costs so many rupees",
    ),
    told(
        &["durable", "majboot", "mazboot", "sturdy", "tikau"],
        &[
            "month", "months", "mahine", "saal", "solid", "strong", "year", "years",
        ],
        "it is strong, it has lasted for months",
    ),
    // Asked in Hindi, and told in English too.
    told(
        &["awaaz", "awaz", "aawaz", "aawaaz"],
        &["loud", "noise", "noisy", "quiet", "shor", "silent", "sound"],
        "the sound and the noise that it makes",
    ),
    told(&["kaan", "kaano"], &["ear", "ears"], "how it sits in the ears"),
    told(
        &[
            "bachche", "bacche", "bachcha", "bachha", "bachhe", "bachchon", "bacchon", "bachhon",
        ],
        &[
            "beta", "beti", "child", "children", "daughter", "kid", "kids", "son",
        ],
        "for a child, a son or a daughter",
    ),
    told(
        &["jaldi", "tez"],
        &["fast", "minutes", "quick", "quickly"],
        "it is fast, it takes so many minutes",
    ),
    told(
        &["saaf", "safai"],
        &["clean", "cleaned", "cleaning", "wash"],
        "easy to clean",
    ),
    told(&["aasan", "aasaan"], &["easily", "easy", "simple"], "it is easy"),
    told(
        &["paisa", "paise", "vasool", "vasul"],
        &["money", "value", "worth"],
        "it is worth the money",
    ),
    told(
        &["padhai"],
        &[
            "class", "classes", "college", "school", "student", "students", "study",
        ],
        "for a student, for studying",
    ),
    told(
        &["gaana", "gaane", "gaano"],
        &["music", "song", "songs"],
        "for listening to music",
    ),
    told(
        &["daudna", "daudne"],
        &["jog", "jogging", "marathon", "run", "running"],
        "for running",
    ),
];

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Concept {
    /// The words that tell of it, as they are compared.
    pub words: HashSet<String>,
    /// What a review that tells of it says.
    pub said: &'static str,
    /// Whether it is something that goes wrong.
    pub goes_wrong: bool,
}

/// The entry of each word that asks about one, as it is compared.
static BY_WORD: LazyLock<HashMap<String, &Entry>> = LazyLock::new(|| {
    let words = |entry: &'static Entry| entry.asked.iter().map(move |word| (words::folded(word), entry));
    // Of several entries the first.
    ENTRIES.iter().rev().flat_map(words).collect()
});

/// Whether a word, as it is compared, asks about a concept: it is not only a part of what a thing is called, though
/// there are gaming laptops, and no slip, though nobody here uses it.
pub(super) fn is_asked(word: &str) -> bool {
    BY_WORD.contains_key(word)
}

/// The first concept among these words of a question, which are as they are compared.
pub(super) fn asked<'a>(question: impl Iterator<Item = &'a str>) -> Option<Concept> {
    let folded = |list: &[&str]| -> HashSet<String> { list.iter().map(|word| words::folded(word)).collect() };
    let mut question = question;
    let entry = question.find_map(|word| BY_WORD.get(word))?;
    Some(Concept {
        words: &folded(entry.asked) | &folded(entry.told),
        said: entry.said,
        goes_wrong: entry.goes_wrong,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concept_is_known_in_all_its_forms() {
        for (question, told, wrong) in [
            ("does it break", Some("stopp"), true),
            ("is it leaking", Some("leak"), true),
            ("which is lighter", Some("gram"), false),
            ("is it comfortable", Some("clamp"), false),
            ("kaunsa halka hai", Some("gram"), false),
            ("bachche ke liye", Some("kid"), false),
            ("is it green", None, false),
            ("", None, false),
        ] {
            let folded: Vec<String> = words::written(question).map(words::folded).collect();
            let concept = asked(folded.iter().map(String::as_str));
            assert_eq!(concept.is_some(), told.is_some(), "{question}");
            assert_eq!(concept.as_ref().is_some_and(|concept| concept.goes_wrong), wrong);
            let words = concept.map(|concept| concept.words).unwrap_or_default();
            assert!(told.is_none_or(|told| words.contains(told)), "{words:?}");
        }
    }
}
