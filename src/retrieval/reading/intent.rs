//! What kind of answer a question wants. Pure; by its words, in English and romanised Hindi.

/// What a question wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Products that fit: "Which kettle is best?"
    Recommend,
    /// How a product is: "How is the Zuvio's battery?"
    Product,
    /// Products beside each other: "Zuvio or Pellar?"
    Compare,
    /// What is wrong: "What do people complain about?"
    Complaints,
    /// Yes or no: "Does the lid leak?"
    YesNo,
    /// None of these: "Hello", "How is the sound?", "What is the capital of France?"
    #[default]
    Other,
}

impl Intent {
    /// Its name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Intent::Recommend => "recommend",
            Intent::Product => "product",
            Intent::Compare => "compare",
            Intent::Complaints => "complaints",
            Intent::YesNo => "yes_no",
            Intent::Other => "other",
        }
    }
}

/// Words of a question that asks what is wrong …
pub(super) const COMPLAINTS: &[&str] = &[
    "bad",
    "bekar",
    "bekaar",
    "cons",
    "con",
    "complain",
    "complains",
    "complained",
    "complaint",
    "complaints",
    "complaining",
    "defect",
    "defects",
    "defective",
    "dikkat",
    "disadvantage",
    "disadvantages",
    "dislike",
    "dislikes",
    "downside",
    "downsides",
    "drawback",
    "drawbacks",
    "fault",
    "faults",
    "faulty",
    "flaw",
    "flaws",
    "ghatiya",
    "hate",
    "hated",
    "issue",
    "issues",
    "kami",
    "kamiyan",
    "kharab",
    "kharabi",
    "khamiyan",
    "negative",
    "negatives",
    "nuksan",
    "problem",
    "problems",
    "shikayat",
    "unhappy",
    "weakness",
    "weaknesses",
    "worse",
    "worst",
    "wrong",
];
/// … and such phrases …
const COMPLAINING: &[&str] = &[
    "not good",
    "not work",
    "not buy",
    "not to buy",
    "1 star",
    "one star",
    "low rating",
    "low ratings",
    "badly rated",
];
/// … unless it asks what is right as well.
const PRAISE: &[&str] = &[
    "accha",
    "acchi",
    "acche",
    "advantage",
    "advantages",
    "best",
    "good",
    "like",
    "positive",
    "positives",
    "praise",
    "pro",
    "pros",
    "worth",
];
/// Words that turn "like" round.
const NEGATIONS: &[&str] = &["not", "don't", "dont", "didn't", "doesn't", "never"];
/// Words that set products beside each other.
const COMPARING: &[&str] = &[
    "antar",
    "compare",
    "compared",
    "comparing",
    "comparison",
    "differ",
    "difference",
    "differences",
    "fark",
    "farak",
    "versus",
    "vs",
];
/// Words that a question for yes or no begins with.
const AUXILIARIES: &[&str] = &[
    "am",
    "are",
    "aren't",
    "can",
    "can't",
    "could",
    "did",
    "didn't",
    "do",
    "does",
    "doesn't",
    "don't",
    "had",
    "has",
    "hasn't",
    "have",
    "haven't",
    "is",
    "isn't",
    "kya",
    "shall",
    "should",
    "shouldn't",
    "was",
    "wasn't",
    "were",
    "will",
    "won't",
    "would",
    "wouldn't",
];
/// What it may end with instead.
const TAGS: &[&str] = &["right", "na", "kya", "correct", "nahi"];
/// Beginnings of questions for products that look like questions for yes or no.
const SEEKING: &[&str] = &[
    "is there",
    "are there",
    "do you have",
    "have you",
    "do you sell",
    "have you got",
    "can you suggest",
    "could you suggest",
    "can you recommend",
    "could you recommend",
    "can you find",
    "can you show",
    "would you suggest",
    "do you recommend",
    "do you know",
];
/// Words that ask to choose among products.
const CHOOSING: &[&str] = &[
    "which",
    "recommend",
    "recommended",
    "recommendation",
    "recommendations",
    "suggest",
    "suggestion",
    "suggestions",
    "konsa",
    "kaunsa",
    "kaunse",
    "konse",
    "konsi",
    "kaunsi",
    "kaun",
    "kiska",
    "kiski",
    "kiske",
    "sabse",
];
/// Words that ask for a product where none is named.
const WANTING: &[&str] = &[
    "best",
    "top",
    "cheapest",
    "cheap",
    "affordable",
    "need",
    "want",
    "looking",
    "find",
    "show",
    "buy",
    "give",
    "chahiye",
    "batao",
    "dikhao",
    "better",
    "accha",
    "acchi",
    "acche",
    "badhiya",
];
/// Words that ask what something is like.
const DESCRIBING: &[&str] = &[
    "how", "what", "what's", "why", "when", "where", "who", "tell", "kaisa", "kaisi", "kaise", "kitna",
    "kitni",
];

/// What a question wants, by its `words` in lower case, that names `named` products, brands, or kinds of products.
pub(super) fn of(words: &[&str], named: usize, kinds: usize) -> Intent {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let starts = |list: &[&str]| words.first().is_some_and(|word| list.contains(word));
    let text = words.join(" ");
    let seeks = SEEKING.iter().any(|phrase| {
        text.strip_prefix(phrase)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    if has(COMPARING) || named > 1 {
        return Intent::Compare;
    }
    if asks_what_is_wrong(words) {
        return Intent::Complaints;
    }
    if seeks && named == 0 {
        return Intent::Recommend;
    }
    let tagged = words.len() > 2 && words.last().is_some_and(|word| TAGS.contains(word));
    if starts(AUXILIARIES) && !has(&["tell"]) || tagged {
        return Intent::YesNo;
    }
    if has(CHOOSING) || named == 0 && has(WANTING) {
        return Intent::Recommend;
    }
    match (named, kinds) {
        (1.., _) => Intent::Product,
        // "A kettle for a hostel room"
        (0, 1..) if !has(DESCRIBING) => Intent::Recommend,
        _ => Intent::Other,
    }
}

/// Whether it asks what is wrong, and not what is right as well. `words` are in lower case.
fn asks_what_is_wrong(words: &[&str]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let text = words.join(" ");
    let complaining = COMPLAINING.iter().any(|phrase| {
        text.match_indices(phrase).any(|(at, _)| {
            let ends = text[at + phrase.len()..]
                .chars()
                .next()
                .is_none_or(|next| next == ' ');
            let begins = at == 0 || text[..at].ends_with(' ');
            begins && ends
        })
    });
    let dislikes = has(NEGATIONS) && has(&["like", "liked"]);
    complaining || dislikes || (has(COMPLAINTS) && !has(PRAISE))
}

/// Whether a word only asks, beside those that [`crate::index::words::asks`] knows. In lower case.
pub(super) fn only_asks(word: &str) -> bool {
    [COMPARING, CHOOSING, DESCRIBING, AUXILIARIES]
        .iter()
        .any(|list| list.contains(&word))
}

/// Whether a word asks to choose among products. In lower case.
pub(super) fn chooses(word: &str) -> bool {
    CHOOSING.contains(&word)
}

/// Whether a word only says that something is wrong, and not what. In lower case.
pub(super) fn only_complains(word: &str) -> bool {
    COMPLAINTS.contains(&word)
}
