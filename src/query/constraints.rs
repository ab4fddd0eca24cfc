//! What a question demands of price and stars: "under 2000", "at least 4 stars". Pure.
//!
//! A number is a demand only where its words say so: "under 15 hours" is about time, "at least 4 mics" about
//! microphones, and "Is it worth 2000?" demands nothing.

use super::amounts::{self, Amount, Token};
use super::bounds::{self, Bound, Bounded};
use crate::language::{WordClass, is_asking, is_function_word, lexicon};

/// How many tokens before the amount a word may stand that says of a price that it is one, or is already paid.
const REACH: usize = 4;
/// Fewer rupees than this buy nothing, if nobody says that they are rupees.
const LEAST_PRICE: f32 = 50.0;
/// A lower bound below this counts something else.
const LEAST_LOWER_PRICE: f32 = 500.0;
/// "15k" alone is a price; "4k" alone is a picture.
const LEAST_BARE_THOUSANDS: f32 = 9_000.0;
/// How far from an amount is still about it.
const ABOUT: f32 = 0.2;

/// Two ends, both inclusive; absent where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Span {
    /// No less than this.
    pub least: Option<f32>,
    /// No more than this.
    pub most: Option<f32>,
}

/// What is demanded of a product.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Constraints {
    /// Rupees.
    pub price: Span,
    /// Mean stars of its reviews. "Above 4" includes 4: a mean is hardly ever exactly that.
    pub stars: Span,
}

impl Span {
    /// Whether it leaves out nothing.
    pub(crate) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a value lies in it.
    pub(crate) fn contains(&self, value: f32) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }

    /// Takes over the ends that a later demand sets; an old end that contradicts it is given up.
    fn amend(&mut self, later: Span) {
        self.least = later.least.or(self.least);
        self.most = later.most.or(self.most);
        if self.least > self.most && self.most.is_some() {
            *self = later;
        }
    }
}

impl Constraints {
    /// Whether nothing is demanded.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a word is one of what the shop's products are called.
type IsKind<'a> = &'a dyn Fn(&str) -> bool;

/// The demands of a question, and the question without them. Of two that contradict each other the later holds, so
/// that "… under 2000? and under 1000?" means 1000. `is_kind` tells what the shop's products are called from what a
/// number counts.
pub(super) fn read(question: &str, is_kind: IsKind<'_>) -> (Constraints, String) {
    let tokens = amounts::tokens(question);
    let amounts = amounts::amounts(&tokens);
    let mut constraints = Constraints::default();
    let mut taken: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < amounts.len() {
        let found = match amounts.get(at + 1) {
            Some(other) => ranged(&tokens, amounts[at], *other, is_kind).map(|demand| (demand, 2)),
            None => None,
        };
        let found = found.or_else(|| single(&tokens, &amounts[at], is_kind).map(|demand| (demand, 1)));
        let Some((demand, of)) = found else {
            at += 1;
            continue;
        };
        at += of;
        // "4/5" is one demand.
        at += amounts[at..]
            .iter()
            .take_while(|amount| amount.first < demand.next)
            .count();
        match demand.of {
            Of::Price => constraints.price.amend(demand.span),
            Of::Stars => constraints.stars.amend(demand.span),
        }
        let (first, next) = with_left_overs(&tokens, demand.first, demand.next);
        // "under 15k rated above 4": the word between is left over from one of them.
        let last = taken.last().map_or(0, |(_, next)| *next);
        taken.push((first.max(last), next.max(last)));
    }
    (constraints, without(question, &tokens, &taken))
}

enum Of {
    Price,
    Stars,
}

struct Demand {
    of: Of,
    span: Span,
    first: usize,
    next: usize,
}

/// "between 1000 and 2000", "10-15k", "3 to 4 stars".
fn ranged(tokens: &[Token<'_>], one: Amount, other: Amount, is_kind: IsKind<'_>) -> Option<Demand> {
    let first = bounds::range(tokens, &one, &other)?;
    let mut least = one.value;
    if other.multiplied && !one.multiplied && least < 1_000.0 {
        // "10-15k"
        least *= 1_000.0;
    }
    let span = Span {
        least: Some(least.min(other.value)),
        most: Some(least.max(other.value)),
    };
    if let Some(next) = star_mark(tokens, other.next).filter(|_| is_stars(other.value)) {
        let span = Span {
            least: Some(one.value.min(other.value)),
            most: Some(one.value.max(other.value)),
        };
        return Some(Demand {
            of: Of::Stars,
            span,
            first,
            next,
        });
    }
    let money = one.rupees || other.rupees || (least >= 100.0 && other.value >= 100.0);
    let next = match bounds::after(tokens, other.next) {
        Some((Bound::About | Bound::Most, next)) => next,
        _ => other.next,
    };
    (money && !has_unit(tokens, &other, true, is_kind) && !is_paid(tokens, first)).then_some(Demand {
        of: Of::Price,
        span,
        first,
        next,
    })
}

fn single(tokens: &[Token<'_>], amount: &Amount, is_kind: IsKind<'_>) -> Option<Demand> {
    stars(tokens, amount, is_kind).or_else(|| price(tokens, amount, is_kind))
}

/// "at least 4 stars", "rated above 4", "4+ rating".
fn stars(tokens: &[Token<'_>], amount: &Amount, is_kind: IsKind<'_>) -> Option<Demand> {
    if !is_stars(amount.value) || amount.rupees {
        return None;
    }
    let plus = tokens
        .get(amount.next)
        .filter(|token| token.text == "+" || token.has(WordClass::AtLeastAfter));
    let end = amount.next + usize::from(plus.is_some());
    let marked = star_mark(tokens, end);
    let whole = Amount {
        next: marked.unwrap_or(end),
        ..*amount
    };
    let bounded = bounds::bound(tokens, &whole);
    let first = bounded.map_or(amount.first, |bounded| bounded.first);
    let rated_before = tokens[first.saturating_sub(2)..amount.first]
        .iter()
        .any(|token| token.has(WordClass::Rating));
    if marked.is_none() && !rated_before {
        return None;
    }
    let value = amount.value;
    let span = match bounded.map(|bounded| bounded.bound) {
        Some(Bound::Most) => Span {
            least: None,
            most: Some(value),
        },
        Some(Bound::Least | Bound::LeastOf) => Span {
            least: Some(value),
            most: None,
        },
        // "rated 4", "4+ stars"; "a 5 star AC" is a label.
        _ if plus.is_some() || (rated_before && !has_unit(tokens, &whole, false, is_kind)) => Span {
            least: Some(value),
            most: None,
        },
        _ => return None,
    };
    let next = bounded.map_or(whole.next, |bounded| bounded.next);
    Some(Demand {
        of: Of::Stars,
        span,
        first,
        next,
    })
}

/// "under 2000", "₹1,500 or less", "Rs. 999", "15k".
fn price(tokens: &[Token<'_>], amount: &Amount, is_kind: IsKind<'_>) -> Option<Demand> {
    let limit = bounds::bound(tokens, amount);
    let limited = limit.is_some_and(|limit| limit.bound != Bound::Spend);
    if is_stars(amount.value) && star_mark(tokens, amount.next).is_some() {
        return None;
    }
    if has_unit(tokens, amount, limited, is_kind) || (amount.spelled && !amount.multiplied) {
        return None;
    }
    let Amount { value, rupees, .. } = *amount;
    let bounded = limit.unwrap_or(Bounded {
        bound: Bound::Spend,
        first: amount.first,
        next: amount.next,
    });
    let bare = bounded.first == amount.first && bounded.next == amount.next;
    let of_price = || near_price(tokens, bounded.first);
    let least = Span {
        least: Some(value),
        most: None,
    };
    let most = Span {
        least: None,
        most: Some(value),
    };
    let span = match bounded.bound {
        Bound::Most if rupees || value >= LEAST_PRICE => most,
        Bound::Least if rupees || of_price() || value >= LEAST_LOWER_PRICE => least,
        Bound::LeastOf if rupees || of_price() => least,
        Bound::About if rupees || value >= LEAST_LOWER_PRICE => Span {
            least: Some((value * (1.0 - ABOUT)).round()),
            most: Some((value * (1.0 + ABOUT)).round()),
        },
        Bound::Spend if is_paid(tokens, bounded.first) => return None,
        Bound::Spend if bare && (rupees || of_price() && value >= LEAST_PRICE) => most,
        Bound::Spend if bare && amount.multiplied && value >= LEAST_BARE_THOUSANDS => most,
        Bound::Spend if !bare && (rupees || amount.multiplied && value >= LEAST_BARE_THOUSANDS) => most,
        Bound::Spend if !bare && value >= LEAST_LOWER_PRICE && !is_year(value) => most,
        _ => return None,
    };
    // "under 2000 rs range", "under 2000 max"
    let next = match bounds::after(tokens, bounded.next) {
        Some((Bound::About | Bound::Most, next)) => next,
        _ => bounded.next,
    };
    Some(Demand {
        of: Of::Price,
        span,
        first: bounded.first,
        next,
    })
}

/// Where the token `at` says that what stands before it are stars, the token after that.
fn star_mark(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    let of_five = |at: usize| tokens.get(at).is_some_and(|token| token.is("5"));
    if token.text == "/" && of_five(at + 1) {
        return Some(at + 2);
    }
    if token.is("out") && tokens.get(at + 1).is_some_and(|token| token.is("of")) && of_five(at + 2) {
        let next = at + 3;
        let again = tokens.get(next).is_some_and(is_star);
        return Some(next + usize::from(again));
    }
    if is_star(token) {
        let rating = tokens
            .get(at + 1)
            .is_some_and(|token| token.has(WordClass::Rating));
        return Some(at + 1 + usize::from(rating));
    }
    token.has(WordClass::Rating).then_some(at + 1)
}

fn is_star(token: &Token<'_>) -> bool {
    matches!(token.text, "*" | "⭐" | "★") || token.has(WordClass::Star)
}

fn is_stars(value: f32) -> bool {
    (1.0..=5.0).contains(&value)
}

fn is_year(value: f32) -> bool {
    (1990.0..2040.0).contains(&value)
}

/// Whether a number counts or measures something else than rupees or stars: what stands directly after it is its unit.
/// After a limit, that is a unit of measurement or a plural, as in "500 charge cycles": "under 1500 waterproof" is a
/// price.
fn has_unit(tokens: &[Token<'_>], amount: &Amount, limited: bool, is_kind: IsKind<'_>) -> bool {
    if amount.rupees || bounds::after(tokens, amount.next).is_some() {
        return false;
    }
    let word = |at: usize| {
        tokens
            .get(at)
            .map(|token| token.text)
            .filter(|word| can_be_unit(word, is_kind))
    };
    let is_plural = |word: &str| word.ends_with('s') && !word.ends_with("ss");
    word(amount.next).is_some_and(|next| {
        !limited || is_measure(next) || is_plural(next) || word(amount.next + 1).is_some_and(is_plural)
    })
}

fn is_measure(word: &str) -> bool {
    matches!(word, "%" | "\"" | "°" | "″") || lexicon().has(word, WordClass::Unit)
}

/// Whether a word can be a unit. What cannot are words of money and stars, words that hold sentences together or ask,
/// opinions, and what the shop's products are called: "under 500 kettles".
fn can_be_unit(word: &str, is_kind: IsKind<'_>) -> bool {
    use WordClass::{
        Budget, Cheap, Currency, Dear, Fault, Highest, LeftOver, Lowest, Merit, Price, Rating, Star,
    };
    let of_demands = [Budget, Currency, LeftOver, Price, Rating, Star];
    let of_opinions = [Cheap, Dear, Fault, Highest, Lowest, Merit];
    is_measure(word)
        || word.starts_with(char::is_alphabetic)
            && !lexicon().has_any(word, &of_demands)
            && !lexicon().has_any(word, &of_opinions)
            && !is_function_word(word)
            && !is_asking(word)
            && !is_kind(word)
}

fn is_paid(tokens: &[Token<'_>], first: usize) -> bool {
    preceding(tokens, first)
        .iter()
        .any(|token| token.has(WordClass::Paying))
}

fn near_price(tokens: &[Token<'_>], first: usize) -> bool {
    preceding(tokens, first).iter().any(|token| {
        token.has(WordClass::Budget) || token.has(WordClass::Price) && !token.has(WordClass::Paying)
    })
}

fn preceding<'a, 'b>(tokens: &'b [Token<'a>], first: usize) -> &'b [Token<'a>] {
    &tokens[first.saturating_sub(REACH)..first]
}

/// The tokens of a demand with those beside them that mean nothing without it.
fn with_left_overs(tokens: &[Token<'_>], first: usize, next: usize) -> (usize, usize) {
    let (mut first, mut next) = (first, next);
    loop {
        let is = |back: usize, is: fn(&Token<'_>) -> bool| first >= back && is(&tokens[first - back]);
        first -= match () {
            () if is(1, is_left_over) => 1,
            () if is(1, |token| token.has(WordClass::Linking)) && is(2, is_left_over) => 2,
            () => break,
        };
    }
    while tokens.get(next).is_some_and(is_left_over) {
        next += 1;
    }
    (first, next)
}

fn is_left_over(token: &Token<'_>) -> bool {
    lexicon().has_any(
        token.text,
        &[WordClass::LeftOver, WordClass::Price, WordClass::Rating],
    )
}

/// The text without these ranges of its tokens.
fn without(text: &str, tokens: &[Token<'_>], taken: &[(usize, usize)]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for &(first, next) in taken {
        kept.push_str(text[from..tokens[first].start].trim_end());
        let rest = text[tokens[next - 1].end()..].trim_start();
        from = text.len() - rest.len();
        if rest.starts_with(char::is_alphanumeric) && !kept.ends_with(' ') {
            kept.push(' ');
        }
    }
    kept.push_str(&text[from..]);
    kept.trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::language::stem;

    /// The shop of these tests has headphones, phones and kettles.
    fn read(question: &str) -> (Constraints, String) {
        let kinds = ["headphones", "earphones", "earbuds", "phones", "kettles"].map(stem);
        super::read(question, &|word| kinds.contains(&stem(word)))
    }

    /// Of "1000-2000", where either end may be missing.
    fn span(ends: &str) -> Span {
        let (least, most) = ends.split_once('-').expect("a span has a dash");
        Span {
            least: least.parse().ok(),
            most: most.parse().ok(),
        }
    }

    #[test]
    fn prices_are_read_and_taken_out() {
        let cases = "
            Best headphones under 2000 | -2000 | Best headphones
            below ₹1,500 | -1500 |
            a kettle between 1000 and 2000? | 1000-2000 | a kettle?
            A phone under 15k with a good camera? | -15000 | A phone with a good camera?
            A phone under 15000 with a good camera? | -15000 | A phone with a good camera?
            smart tv below 15000 picture quality | -15000 | smart tv picture quality
            watch under 1500 waterproof | -1500 | watch waterproof
            earphones for Rs. 999 | -999 | earphones
            Rs. 999 earphones | -999 | earphones
            and under 1000? | -1000 | and?
            phone 15k | -15000 | phone
            best phone in 15000 | -15000 | best phone
            less than 1,000 rupees | -1000 |
            not more than 800 rs | -800 |
            cheaper than 500/- | -500 |
            my budget is 2500, which kettle? | -2500 | my, which kettle?
            budget of around 2k | 1600-2400 |
            around 3000 rupees | 2400-3600 |
            headphones in the price range 1000-2000 | 1000-2000 | headphones in the
            1000 to 2000 rs earbuds | 1000-2000 | earbuds
            a phone for 10-15k | 10000-15000 | a phone for
            between 1.5k and 2k | 1500-2000 |
            from ₹500 to ₹900 | 500-900 |
            phones above 20000 | 20000- | phones
            more than ₹300 | 300- |
            at least 500 rupees | 500- |
            under two thousand rupees | -2000 |
            under fifteen hundred | -1500 |
            2000 ke andar accha headphone | -2000 | accha headphone
            2 hazar se kam wala | -2000 | wala
            1000 tak ka kettle | -1000 | ka kettle
            anything over 1 lakh? | 100000- | anything?
            upto 700 only | -700 |
            Rs 700 or less | -700 |
            under 2000? and under 1000? | -1000 | ? and?
            over 600 but under 900 | 600-900 | but
            under 900, no, over 1000 | 1000- | , no,
            2000 budget headphones | -2000 | headphones
        ";
        for [question, price, rest] in testing::table(cases) {
            let demands = Constraints {
                price: span(price),
                ..Constraints::default()
            };
            assert_eq!(read(question), (demands, rest.to_string()), "{question}");
        }
    }

    #[test]
    fn stars_are_read_and_taken_out() {
        let cases = "
            headphones with at least 4 stars | 4- | headphones with
            rated above 4 | 4- |
            rating above 4.2 please | 4.2- | please
            a kettle with a rating of at least 4 | 4- | a kettle with a
            4 stars and above | 4- |
            4+ star earbuds | 4- | earbuds
            4.5+ rating | 4.5- |
            4 star or more | 4- |
            more than 4 out of 5 stars | 4- |
            minimum 3.5 star rating | 3.5- |
            four stars or higher | 4- |
            rated 4 or higher | 4- |
            rated 4.5 | 4.5- |
            below 3 stars | -3 |
            between 3 and 4 stars | 3-4 |
            above 4/5 | 4- |
            best price rating 4/5 | 4- | best
            price above 4/5 | 4- |
        ";
        for [question, stars, rest] in testing::table(cases) {
            let demands = Constraints {
                stars: span(stars),
                ..Constraints::default()
            };
            assert_eq!(read(question), (demands, rest.to_string()), "{question}");
        }
        let (both, rest) = read("phones under 15k rated above 4 with good sound");
        assert_eq!((both.price, both.stars), (span("-15000"), span("4-")));
        assert_eq!(rest, "phones with good sound");
    }

    #[test]
    fn other_numbers_demand_nothing() {
        for question in [
            "Does it charge in under 15 hours?",
            "at least 4 mics",
            "a power bank over 20000 mAh",
            "power bank of at least 20000",
            "10000mah power bank",
            "Does the battery last more than 40 hrs?",
            "Is the Airdopes 131 good?",
            "boAt Rockerz 235v2 or BassHeads 100?",
            "boils in less than 3 minutes",
            "a 5 star AC",
            "Haier 6.5 kg 5 star washing machine",
            "is it worth 2000?",
            "is it worth it for Rs 2000?",
            "I paid 1500 for it, is it good?",
            "more than 500 charge cycles? over 500 cycles?",
            "a 4k tv",
            "Does it record 4K?",
            "shoes for a 10k run",
            "under 100 grams",
            "above 100 dB",
            "a bag for a 15 inch laptop",
            "2-3 years old",
            "lasts 20 to 30 hours",
            "bluetooth 5.0",
            "between 18 and 25 degrees",
            "for 2 people",
            "over 60 people",
            "my father is over 60",
            "Which phone came in 2023?",
            "do you have one?",
            "do one or two break?",
            "1200 mm ceiling fan",
            "750 W mixer with 3 jars",
            "a 100% cotton shirt",
            "at least 20 songs",
            "the second one",
            "lowest price 5 star ac",
            "what about number 2?",
            "charges 0 to 100 in an hour",
            "",
        ] {
            let (found, rest) = read(question);
            assert_eq!(found, Constraints::default(), "{question}");
            assert_eq!(rest, question, "nothing is taken out");
        }
    }

    #[test]
    fn a_span_contains_its_ends() {
        let both = span("2-3");
        assert!([2.0, 2.5, 3.0].into_iter().all(|value| both.contains(value)));
        assert!(![1.9, 3.1].into_iter().any(|value| both.contains(value)));
        assert!(Span::default().contains(0.0) && Span::default().is_open() && !both.is_open());
    }
}
