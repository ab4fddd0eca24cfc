//! What is known of the language beforehand: words that hold sentences together, and some that praise and complain in
//! any shop. English and romanised Hindi, as Indian buyers mix them. Nothing here names what a product has.

use std::collections::HashMap;

/// What a word does in a sentence, whatever the sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Role {
    /// Neither an opinion nor what one is about.
    pub function: bool,
    /// Stands before a thing: "the", "its".
    pub points: bool,
    /// Points at the product itself: "this".
    pub this: bool,
    /// Stands before "this" where the thing is no product: "at this price".
    pub preposition: bool,
    /// Joins a thing and what it is like: "is", "hai".
    pub joins: bool,
    /// Joins from behind, as Hindi does: "bass accha hai".
    pub joins_behind: bool,
    /// Strengthens or weakens an opinion: "very".
    pub degree: bool,
    /// Turns an opinion round: "not", "nahi".
    pub negates: bool,
    /// Says that a praise is a wish: "could be better".
    pub wishes: bool,
    /// Says that what follows is not so: "all good except the mic".
    pub excepts: bool,
    /// Begins another thought: "but", "lekin".
    pub turns: bool,
    /// Stands before what is done: "I", "to", "can".
    pub acts: bool,
    /// Says what something does, though it may stand where a thing stands: "works well".
    pub done: bool,
    /// Praise is 1 and complaint -1 in any shop; 0 says nothing.
    pub opinion: i8,
}

const POINT: &str = "the its it's my their your our of with in no his her ka ki ke iska iski";
const THIS: &str = "this these";
const PREPOSITION: &str = "at in for with under within on of per";
const JOIN: &str = "is are was were r be been isn't isnt wasn't wasnt aren't arent weren't feel feels \
    seem seems looks gets got";
const JOIN_BEHIND: &str = "hai hain h he hay tha thi";
const DEGREE: &str = "very so too really quite extremely pretty bit little much more most absolutely \
    totally bahut bohot bhut kaafi kafi thoda thodi ekdam ekdum just such highly truly simply completely \
    also as like veryy verry vry";
const NEGATE: &str = "not no zero never without none dont don't doesnt doesn't didnt didn't isnt isn't wasnt \
    wasn't arent aren't weren't cant can't cannot couldn't couldnt wont won't nor hardly nahi nahin nhi \
    nhin lack lacks";
const WISH: &str = "could should would must needs need";
const EXCEPT: &str = "except";
const TURN: &str = "but however although though while whereas yet lekin magar par bt except otherwise";
const ACT: &str = "i you we they he she who to can will would should could may did does do don't dont \
    doesn't doesnt didn't didnt not must might it please cant can't won't wont let pls never always";
const DONE: &str = "work works worked start starts started stop stops keep kept changed washed";
const FUNCTION: &str = "has have had a an and or if then than that those there here what which who whom \
    whose when where why how all any both each few many some other another same own only once again \
    further about above after before below between by down during from into off out over through until \
    up upon against me him them us am do does did doing having will would shall should can could may \
    might must being i you he she it we they mine yours ours myself yourself itself one two three four \
    five six seven eight nine ten first second third last next day days week weeks month months year \
    years hour hours hr hrs minute minutes min mins today yesterday now later soon time times always \
    ever already till still even because since due per also well rs rupees etc im i'm i've ive it's \
    thats that's you're lot lots kind type way bit thing things something anything everything nothing \
    someone anyone everyone people person guy guys friend friends sir mam hi hello ok okay pls please \
    thanks thank yes ye yeh jo aur or mujhe mera meri mai main me mein ho hoti hota raha rahi kar karo \
    karne liya diya gaya ko se bhi to toh bas kya kuch sab sabse koi ek iss is us uska phir fir agar jab \
    tak liye wala wali hi na half full whole part rest review reviews rating ratings star stars buy \
    buyer bought buying purchase purchased purchasing order ordered ordering use used using user users \
    usage go going went come comes came get getting give gives given gave giving take takes took taking \
    make makes made making keeps say says said see seen saw know think thought want wanted try \
    tried let go according expect expected expecting expectation expectations compare compared \
    comparison thats able every around almost approx approximately definitely actually overall finally \
    currently especially properly easily enough fully choice penny son daughter wife husband mother \
    father mom dad mummy papa family child children kid kids baby brother sister parents experience mark \
    job deal thankyou thanku tq thnks thx nd iam ur hv wow inside outside near old right left back \
    side front top bottom earlier maybe nobody somebody else sometimes pehle baad doubt \
    writing written wrote pros cons note black white set point plus";
const PRAISE: &str = "good great nice excellent awesome amazing best better perfect fine love loved \
    superb fantastic wonderful happy satisfied brilliant beautiful cool decent impressive outstanding \
    fabulous lovely recommend recommended worth awsm osm mast accha acha achha achhi achi acchi badhiya \
    badiya super zabardast jabardast shandar mindblowing gud terrific classy favourite favorite reliable \
    sturdy comfortable smooth easy";
const COMPLAINT: &str = "bad poor worst worse terrible horrible awful pathetic useless waste \
    disappointed disappointing disappointment defective faulty damaged broken broke cheap issue issues \
    problem problems complaint complaints fake fraud cheated hate hated annoying uncomfortable weak \
    stopped fail failed fails failure kharab bekar bekaar bakwas bakwaas ghatiya ganda wrost worthless \
    regret unhappy rubbish garbage";

/// The roles of all words that have one, by the word in lower case.
pub(super) fn roles() -> HashMap<&'static str, Role> {
    let mut roles: HashMap<&'static str, Role> = HashMap::new();
    let mut set = |words: &'static str, function: bool, give: fn(&mut Role)| {
        for word in words.split_whitespace() {
            let role = roles.entry(word).or_default();
            role.function |= function;
            give(role);
        }
    };
    set(POINT, true, |role| role.points = true);
    set(THIS, true, |role| role.this = true);
    set(PREPOSITION, true, |role| role.preposition = true);
    set(JOIN, true, |role| role.joins = true);
    set(JOIN_BEHIND, true, |role| role.joins_behind = true);
    set(DEGREE, true, |role| role.degree = true);
    set(NEGATE, true, |role| role.negates = true);
    set(WISH, true, |role| role.wishes = true);
    set(EXCEPT, true, |role| role.excepts = true);
    set(TURN, true, |role| role.turns = true);
    set(ACT, true, |role| role.acts = true);
    set(FUNCTION, true, |_| {});
    set(DONE, false, |role| role.done = true);
    set(PRAISE, false, |role| role.opinion = 1);
    set(COMPLAINT, false, |role| role.opinion = -1);
    roles
}
