//! Questions, and what they are read as.

use super::testing::product;
use super::*;
use crate::index::words::folded;

#[test]
fn products_and_aspect_are_told_apart() {
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
    for (question, aspect, words, scope, by_brand) in [
        (
            "Does any kettle rattle?",
            "Does any rattle",
            vec!["rattl"],
            vec![3],
            false,
        ),
        (
            "Is Zuvio's battery good?",
            "Is battery good: the battery lasts so many hours",
            vec!["batter", "hour", "hrs", "backup"],
            vec![0, 1],
            true,
        ),
        (
            "Tell me about the Zuvio",
            "Tell me about the Zuvio",
            vec![],
            vec![0, 1],
            true,
        ),
        (
            "Is the Zuvio Tone clear?",
            "Is the clear",
            vec!["clear"],
            vec![0],
            true,
        ),
        ("a wired one?", "a one", vec!["one"], vec![], false),
        (
            "Which headphones, or kettles?",
            "Which headphones, or kettles?",
            vec![],
            vec![0, 1, 2, 3],
            false,
        ),
    ] {
        let reading = vocabulary.read(question, question);
        assert_eq!(reading.aspect, aspect, "{question}");
        assert_eq!(
            reading.words,
            words.into_iter().map(String::from).collect(),
            "{question}"
        );
        let mut found: Vec<u32> = reading.scope.iter().map(|id| id.0).collect();
        found.sort_unstable();
        assert_eq!((found, reading.names_some()), (scope, by_brand), "{question}");
    }
    let follow_up = vocabulary.read(
        "Is Zuvio's battery good? and does it rattle?",
        "and does it rattle?",
    );
    assert_eq!(
        (follow_up.aspect.as_str(), follow_up.scope.len()),
        ("and does it rattle", 2)
    );
}

#[test]
fn slips_are_forgiven_and_complaints_are_heard() {
    let catalogue = [product("Zuvio Tone 5 Neckband", "headphones")];
    let reviews = ["battery is good", "the battery has an issue", "sound is clear"];
    let vocabulary = testing::vocabulary(&catalogue, &reviews);
    for (question, words, named, complaints) in [
        (
            "How is the batery of the Zuvoi?",
            &["batter", "hour", "hrs", "backup"][..],
            true,
            false,
        ),
        (
            "Any issues with the baterry?",
            &["batter", "hour", "hrs", "backup"],
            false,
            true,
        ),
        ("What do people complain about?", &[], false, true),
        ("Is it good or bad?", &["bad"], false, false),
    ] {
        let reading = vocabulary.read(question, question);
        let words: HashSet<String> = words.iter().map(|word| word.to_string()).collect();
        assert_eq!(
            (
                reading.words.clone(),
                reading.names_some(),
                reading.intent == Intent::Complaints
            ),
            (words, named, complaints),
            "{question}"
        );
    }
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
            assert_eq!(shop.read(question, question).intent, intent, "{question}");
        }
    }
}

#[test]
fn a_name_leaves_the_aspect_and_a_defect_brings_its_words() {
    let shop = testing::shop();
    let reading = shop.read("Does the D&J neckband break?", "Does the D&J neckband break?");
    assert_eq!(reading.scope, BTreeSet::from([ProductId(8)]));
    assert_eq!(
        reading.aspect,
        "Does the neckband break: it broke, it stopped working, it is damaged"
    );
    assert!(
        reading.words.contains("stopp") && reading.words.contains("break"),
        "{:?}",
        reading.words
    );
    let reading = shop.read("Is AirBeats 131 bass good?", "Is AirBeats 131 bass good?");
    assert_eq!(
        (reading.aspect.as_str(), &reading.concept),
        ("Is bass good", &None)
    );
    assert!(reading.named.len() == 1 && reading.compared().is_none());
    let reading = shop.read("Avandi or Surveen?", "Avandi or Surveen?");
    assert_eq!(reading.compared().map(<[_]>::len), Some(2));
}

#[test]
fn a_word_of_titles_is_of_what_follows_it() {
    let catalogue = [
        product("Ardeno Thin Laptop", "laptops"),
        product("Minoua Round Watch", "watches"),
        product("Chotix Kids Dial Watch", "watches"),
    ];
    let said = [
        "thin strap",
        "a thin lid",
        "for thin hands",
        "too thin",
        "thin box",
    ];
    let said = said.into_iter().chain(["it is fine"; 20]);
    let passages = said.clone().map(|said| (ProductId(1), said));
    let frequencies = Frequencies::of(said);
    let vocabulary = Vocabulary::of(&catalogue, &frequencies, passages, Arc::default());
    for (question, scope, thin) in [
        ("Which fits thin wrists?", vec![], true),
        ("Which are thin?", vec![0], false),
        ("Any thin laptop?", vec![0], false),
        ("Which watch is for thin wrists?", vec![1, 2], true),
        ("Which watch for kids?", vec![2], false),
        ("Which dial?", vec![1, 2], false),
        ("How is the dial?", vec![2], false),
    ] {
        let reading = vocabulary.read(question, question);
        let found: Vec<u32> = reading.scope.iter().map(|id| id.0).collect();
        assert_eq!(
            (found, reading.words.contains("thin")),
            (scope, thin),
            "{question}"
        );
    }
}

#[test]
fn a_kind_narrows_a_brand_down() {
    let catalogue = [
        product("Bajo Fast 2", "kettles"),
        product("Bajo Cool 3", "fans"),
        product("Zed", "fans"),
    ];
    let vocabulary = testing::vocabulary(&catalogue, &["it is fine"]);
    for (question, scope) in [
        ("How is the Bajo kettle?", vec![0]),
        ("How is the Bajo?", vec![0, 1]),
        ("How are fans?", vec![1, 2]),
        ("How is the Zed kettle?", vec![2]),
    ] {
        let found: Vec<u32> = vocabulary
            .read(question, question)
            .scope
            .iter()
            .map(|id| id.0)
            .collect();
        assert_eq!(found, scope, "{question}");
    }
}

#[test]
fn a_question_in_hindi_is_compared_without_its_small_words() {
    let shop = testing::shop();
    let read = |question| shop.read(question, question);
    let reading = read("kaunsi kettle halki hai?");
    assert_eq!(
        (reading.question.as_str(), reading.aspect.as_str()),
        (
            "kettle halki: it weighs so many grams",
            "halki: it weighs so many grams"
        )
    );
    assert!(reading.scope.len() == 2 && reading.words.contains("gram"));
    // The Chotix is a watch, and nothing else is asked.
    let reading = read("Chotix kaisa hai");
    assert_eq!((reading.question.as_str(), reading.words.len()), ("Chotix", 0));
    let reading = read("kya hai?");
    assert_eq!(reading.question, "kya hai?");
    assert_eq!(read("Which kettle is light?").question, "Which kettle is light?");
}

#[test]
fn of_several_kinds_those_that_are_asked_for_are_sought() {
    let catalogue = [
        product("Kelvor Mule", "power banks"),
        product("Ardeno Book", "laptops"),
        product("Offiko City", "backpacks"),
        product("Strydo Pulse", "smartwatches"),
        product("Kaidun Stride", "running shoes"),
        product("Ghumaro Classic Fan", "ceiling fans"),
    ];
    let vocabulary = testing::vocabulary(&catalogue, &["it is fine"]);
    for (question, scope, words) in [
        (
            "Which power bank can charge a laptop?",
            vec![0],
            &["charge", "laptop"][..],
        ),
        (
            "Which backpack fits a 15 inch laptop?",
            vec![2],
            &["fits", "15", "inch", "laptop"],
        ),
        ("For my laptop, which backpack?", vec![2], &["laptop"]),
        (
            "my laptop needs power, any backpack?",
            vec![2],
            &["laptop", "need", "power"],
        ),
        ("I want a backpack for my laptop", vec![2], &["laptop"]),
        ("best smartwatch for running", vec![3], &["running"]),
        ("For running or a laptop?", vec![1, 4], &[]),
        ("A laptop or a smartwatch?", vec![1, 3], &[]),
        ("laptop, or any backpack", vec![1, 2], &[]),
        ("Which power bank has the most power?", vec![0], &[]),
        ("Which laptop backpack?", vec![1, 2], &[]),
        ("Which laptop has a quiet fan?", vec![1], &["fan", "quiet"]),
        ("Is the fan of the laptop loud?", vec![1], &["fan", "loud"]),
        // Beside a name, the kinds are those of what is named.
        (
            "Can the Kelvor Mule charge a laptop?",
            vec![0],
            &["charge", "laptop"],
        ),
        ("Is the Kelvor power bank heavy?", vec![0], &["heavy"]),
        ("How is the Kelvor backpack?", vec![0], &[]),
        ("How is the backpack Kelvor?", vec![0], &[]),
    ] {
        let reading = vocabulary.read(question, question);
        let found: Vec<u32> = reading.scope.iter().map(|id| id.0).collect();
        let mut asked: Vec<String> = reading.own_words.iter().cloned().collect();
        asked.sort_unstable();
        let mut words: Vec<String> = words.iter().map(|word| folded(word)).collect();
        words.sort_unstable();
        assert_eq!((found, asked), (scope, words), "{question}");
    }
}
