//! Questions, and what they are parsed as.

use std::collections::BTreeSet;

use super::parsed_query::Asked;
use super::testing::product;
use super::vocabulary::EARLIER;
use super::*;
use crate::reviews::ProductId;

/// The telling words of a question, as written: names, kinds, and what is asked.
fn words(parsed: &ParsedQuery) -> [String; 3] {
    let of = |is: fn(&Word) -> bool| {
        let words = parsed.words.iter().filter(|word| is(word));
        words
            .map(|word| word.written.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    [
        of(|word| word.names),
        of(|word| !word.names && word.kind),
        of(|word| !word.names && !word.kind),
    ]
}

fn numbers(products: &BTreeSet<ProductId>) -> String {
    let numbers: Vec<String> = products.iter().map(|id| id.0.to_string()).collect();
    numbers.join(" ")
}

#[test]
fn names_kinds_and_what_is_asked_are_told_apart() {
    let catalogue = [
        product("Zuvio Tone 5 Neckband with 40-hour battery", "headphones"),
        product("ZUVIO Bass 2 wired earphones", "headphones"),
        product("Wired earphones Pro", "headphones"),
        product("Avandi Brew Kettle", "kettles"),
    ];
    let reviews = [
        "battery is good",
        "the battery died",
        "wired well",
        "it leaks",
        "tone is warm",
    ];
    let vocabulary = testing::vocabulary(&catalogue, &reviews);
    // A question, its words for names, for kinds, and for what is asked, and the products in question.
    let cases = "
        Does any kettle rattle? |  | kettle | rattle | 3
        Is Zuvio's battery good? | zuvio |  | battery | 0 1
        Tell me about the Zuvio | zuvio |  |  | 0 1
        Is the Zuvio Tone clear? | zuvio tone |  | clear | 0
        Which headphones? |  | headphones |  | 0 1 2
        Which wired headphones? |  | wired headphones |  | 1 2
        Is it loud? |  |  | loud |
    ";
    for [question, names, kinds, asked, in_question] in testing::table(cases) {
        let parsed = vocabulary.parse(&Asked::alone(question));
        assert_eq!(words(&parsed), [names, kinds, asked], "{question}");
        let found = numbers(&vocabulary.in_question(&parsed));
        assert_eq!(found, in_question, "{question}");
    }
}

#[test]
fn an_earlier_question_counts_half_and_its_demands_hold() {
    let catalogue = [product("Zuvio Tone 5", "headphones")];
    let vocabulary = testing::vocabulary(&catalogue, &["battery is good"]);
    let parsed = vocabulary.parse(&Asked {
        question: "and does the battery rattle?".into(),
        earlier: Some("Is the Zuvio's battery good under 2000?".into()),
    });
    let weights: Vec<(&str, f32)> = parsed
        .words
        .iter()
        .map(|word| (word.written.as_str(), word.weight))
        .collect();
    assert_eq!(weights, [("battery", 1.0), ("rattle", 1.0), ("zuvio", EARLIER)]);
    assert_eq!(parsed.last, "and does the battery rattle?");
    assert_eq!(
        parsed.whole,
        "Is the Zuvio's battery good? and does the battery rattle?"
    );
    assert_eq!(parsed.named, [BTreeSet::from([ProductId(0)])]);
    assert_eq!(parsed.constraints.price.most, Some(2000.0));
}

#[test]
fn slips_are_mended_and_complaints_are_heard() {
    let catalogue = [product("Zuvio Tone 5 Neckband", "headphones")];
    let reviews = [
        "battery is good",
        "the battery has an issue",
        "battery",
        "battery",
        "battery",
    ];
    let vocabulary = testing::vocabulary(&catalogue, &reviews);
    let cases = "
        How is the batery of the Zuvoi? | How is the battery of the zuvio? | no
        Any issues with the Battry? | Any issues with the battery? | yes
        What do people complain about? | What do people complain about? | yes
        Is it good or bad? | Is it good or bad? | no
    ";
    for [question, text, complaints] in testing::table(cases) {
        let parsed = vocabulary.parse(&Asked::alone(question));
        let asks_for_complaints = parsed.intent == Intent::Complaints;
        assert_eq!(
            (parsed.whole.as_str(), asks_for_complaints),
            (text, complaints == "yes")
        );
    }
}

#[test]
fn what_is_asked_of_a_product_is_compared_without_its_name() {
    let shop = testing::shop();
    for (question, asked) in [
        (
            "Does the Velto AirBeats 131 case rattle?",
            "Does the case rattle?",
        ),
        ("Is the Norvik N12 good?", "Is the Norvik N12 good?"),
    ] {
        assert_eq!(shop.parse(&Asked::alone(question)).last, asked, "{question}");
    }
}

#[test]
fn a_question_in_hindi_is_compared_in_english() {
    let shop = testing::shop();
    let parsed = shop.parse(&Asked::alone("kaunsi kettle halki hai?"));
    assert_eq!(parsed.last, "kettle light lightweight?");
    assert_eq!(numbers(&shop.in_question(&parsed)), "10 11");
    let parsed = shop.parse(&Asked::alone("Chotix kaisa hai"));
    assert_eq!(parsed.last, "Chotix");
    assert_eq!(parsed.aspect().count(), 0);
}

#[test]
fn a_kind_narrows_a_brand_down() {
    let catalogue = [
        product("Bajo Fast 2", "kettles"),
        product("Bajo Cool 3", "fans"),
        product("Zed", "fans"),
    ];
    let vocabulary = testing::vocabulary(&catalogue, &["it is fine"]);
    for (question, in_question) in [
        ("How is the Bajo kettle?", "0"),
        ("How is the Bajo?", "0 1"),
        ("How are fans?", "1 2"),
        ("How is the Zed kettle?", "2"),
    ] {
        let parsed = vocabulary.parse(&Asked::alone(question));
        let found = numbers(&vocabulary.in_question(&parsed));
        assert_eq!(found, in_question, "{question}");
    }
}

#[test]
fn a_question_has_two_sides_where_something_is_on_both() {
    let shop = testing::shop();
    let sides = |question: &str| shop.parse(&Asked::alone(question)).sides;
    let expected = ["gym cycle".to_string(), "mountain cycle for hills".to_string()];
    assert_eq!(sides("gym cycle or mountain cycle for hills"), Some(expected));
    assert_eq!(sides("Is it good or?"), None);
    assert_eq!(sides("Which kettle is best?"), None);
}

#[test]
fn questions_are_told_apart_by_what_they_want() {
    use Intent::*;
    let shop = testing::shop();
    for (intent, questions) in [
        (
            Recommend,
            &[
                "Which kettle is best?",
                "Which headset has the best battery life?",
                "Recommend a phone with a good camera",
                "can you suggest a kettle for a hostel room",
                "best headset for gaming",
                "A phone under 15000 with a good camera?",
                "headset under 2000",
                "I need a watch for my son",
                "looking for a quiet kettle",
                "sabse accha bass kiska hai?",
                "konsa phone accha hai",
                "accha headset batao",
                "Is there a kettle that boils fast?",
                "Do you have any wired headset?",
                "top kettles",
                "show me phones with long battery",
                "wich kettel is best",
                "cheapest phone",
                "Which one has the best noise cancelation?",
            ][..],
        ),
        (
            Product,
            &[
                "How is the battery of the OneSound Arrows Wireless Z?",
                "Tell me about the Chotix",
                "AirBeats 131 kaisa hai",
                "what is the sound of the rokker like",
                "How long does the Norvik battery last?",
                "Avandi kettle",
                "chotix ki battery kaisi hai",
                "reelme pods q mic quality",
                "what do buyers say about the Savento camera",
                "Can you tell me about the Avandi kettle?",
            ],
        ),
        (
            Compare,
            &[
                "AirBeats 131 or BassKings 100?",
                "AirBeats vs BassKings",
                "difference between Avandi and Surveen",
                "Is the Chotix better than the Norvik N12?",
                "compare the reelme pods 2 and the pods q",
                "Which is more comfortable, the rokker or the AirBeats?",
                "avandi ya surveen",
                "norvik aur savento mein kya fark hai",
                "wired vs wireless",
            ],
        ),
        (
            Complaints,
            &[
                "What do people complain about with the Chotix car?",
                "Any problems with charging?",
                "worst headset here?",
                "what are the cons of the AirBeats",
                "What is wrong with the Norvik?",
                "airbeats mein kya kharabi hai",
                "chotix ki kami kya hai",
                "What don't people like about the rokker?",
                "why not buy the Avandi",
                "negative reviews of the Savento",
                "Any isues with the mic?",
                "1 star reviews",
                "norvik mein koi dikkat?",
                "sabse kharab phone",
            ],
        ),
        (
            YesNo,
            &[
                "Does the D&J neckband break?",
                "Do any kettles leak?",
                "Is the Chotix mic good for calls?",
                "Can I use the AirBeats in the rain?",
                "Is it good or bad?",
                "kya norvik garam hota hai?",
                "Should I buy the Avandi?",
                "the rokker is loud, right?",
                "Are there good reviews of the Savento?",
                "Will it fit?",
                "Would you recommend the Chotix?",
            ],
        ),
        (
            Other,
            &[
                "Hello",
                "thanks!",
                "What is the capital of France?",
                "How is the sound?",
                "Tell me a joke",
                "",
            ],
        ),
    ] {
        for question in questions {
            assert_eq!(shop.parse(&Asked::alone(*question)).intent, intent, "{question}");
        }
    }
}

#[test]
fn a_thing_is_what_ends_its_title_and_not_what_it_is_for() {
    let catalogue = [
        product("Ardeno Book 14 Thin Laptop", "computers"),
        product("Pathika Go Laptop", "computers"),
        product("Kelvor Mule Laptop Power Bank", "power banks"),
        product(
            "Thomson Alpha 80 cm (32 inch) Smart TV with 30 W Sound",
            "televisions",
        ),
        product("Mivi Soundbar for TV", "speakers"),
    ];
    let vocabulary = testing::vocabulary(&catalogue, &["works well", "sound is good"]);
    let all: Vec<ProductId> = (0..5).map(ProductId).collect();
    // A question, the products of its kind, and what it asks of them: also what tells one of a kind from another.
    // What a thing is for is one of its names where it ends the title, as the thing itself does in "with case headset".
    let cases = "
        list all laptops | 0 1 |
        a laptop power bank that works | 2 | laptop power works
        which tv has good sound | 3 4 | sound
        a soundbar for my tv | 4 | tv
        does it work | | work
    ";
    for [question, expected, topic] in testing::table(cases) {
        let parsed = vocabulary.parse(&Asked::alone(question));
        let of_kind: BTreeSet<ProductId> = vocabulary
            .of_kind(&parsed, &catalogue, &all)
            .into_iter()
            .collect();
        assert_eq!(numbers(&of_kind), expected, "{question}");
        assert_eq!(parsed.topic(), topic, "{question}");
        assert_eq!(parsed.points, question.starts_with("does it"), "{question}");
    }
}

#[test]
fn lists_amounts_and_choices_are_known_by_their_words() {
    let shop = testing::shop();
    let read = |question: &str| {
        let parsed = shop.parse(&Asked::alone(question));
        (parsed.lists, parsed.asks_amount, parsed.chooses)
    };
    for (question, expected) in [
        ("list all kettles", (true, false, true)),
        ("show me phones under 20000", (true, false, true)),
        ("which brands of headset do you have", (true, false, true)),
        ("show me a headset with bass", (false, false, true)),
        ("how long does the Avandi take", (false, true, false)),
        ("Avandi ko kitna time lagta hai", (false, true, false)),
        ("is the Avandi quiet", (false, false, false)),
    ] {
        assert_eq!(read(question), expected, "{question}");
    }
}
