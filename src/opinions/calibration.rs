//! How sure is it that a word names an aspect, and that a buyer praises it? Log-odds, whose weights were found by
//! logistic regression on labelled reviews: 304 of the included shop and 379 of a large real one (`docs/opinions.md`).
//! Pure.

/// The log-odds that something is said: how much a text's tone says of it, beside one, two, … five stars.
type Said = (f32, [f32; 5]);

/// That a review praises or complains about one thing, by the words around it.
const OF_ONE_THING: [Said; 2] = [
    (0.73, [-2.7, -1.8, -0.95, -0.7, 0.93]),
    (-0.65, [1.17, 1.16, 0.25, -0.17, -1.94]),
];
/// That a passage praises or complains on the whole.
const ON_THE_WHOLE: [Said; 2] = [
    (0.56, [-2.8, -2.8, -1.6, -0.9, 1.2]),
    (-0.62, [2.25, 1.3, -0.25, -0.65, -2.4]),
];

/// From these log-odds on an opinion is clear: `docs/opinions.md` says how many of these are right. Of one thing no
/// stars reach them without words that say the same; of a whole passage one or two stars nearly do.
pub(crate) const CLEAR: f32 = 1.4;
/// From these on a word names an aspect of a product.
pub(super) const ASPECT: f32 = 0.3;
/// From these on its opinions count too.
pub(super) const SURE: f32 = 0.7;

/// What is known of a word, in a shop or at one place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Signs {
    /// The share of its places where "is" and something follow it.
    pub described: f32,
    /// The share where it begins a clause, less that of all things.
    pub leading: f32,
    /// The share of its uses after "this".
    pub this: f32,
    /// How like the shop's aspects it is, on the scale of all its words.
    pub likeness: f32,
    /// The cosine of the word and the passage that it stands in.
    pub near: f32,
}

impl Signs {
    /// The log-odds that the word names an aspect of the product there.
    pub(super) fn log_odds(self) -> f32 {
        6.5 * self.described + 4.5 * self.leading - 50.0 * self.this + 0.57 * self.likeness + 3.7 * self.near
            - 1.7
    }
}

/// What is said of one thing, by the classifier's log-odds of the words around it and by its review's stars: the
/// log-odds that it is praised, or as a negative number those that it is complained about; 0 where neither is likely.
pub(super) fn praise_of_one_thing(text: f32, stars: u8) -> f32 {
    praise(OF_ONE_THING, text, stars)
}

/// The same of a passage on the whole.
pub(super) fn praise_on_the_whole(text: f32, stars: u8) -> f32 {
    praise(ON_THE_WHOLE, text, stars)
}

fn praise(said: [Said; 2], text: f32, stars: u8) -> f32 {
    let stars = usize::from(stars).clamp(1, 5) - 1;
    let [praise, complaint] = said.map(|(of_text, of_stars)| (of_text * text + of_stars[stars]).max(0.0));
    let signed = if praise >= complaint { praise } else { -complaint };
    // Where the words say the opposite, the stars alone say nothing.
    if signed * text > 0.0 { signed } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stars_alone_are_an_opinion_and_few_words_go_against_them() {
        for praise in [praise_of_one_thing, praise_on_the_whole] {
            for stars in 1..=5 {
                assert_eq!(praise(0.0, stars), 0.0, "{stars} stars");
            }
            assert!(praise(1.5, 5) >= CLEAR && praise(-1.5, 1) <= -CLEAR);
            assert!(praise(1.5, 1).abs() < CLEAR && praise(-1.5, 5).abs() < CLEAR);
            assert!(praise(-7.0, 5) <= -CLEAR && praise(8.0, 1) >= CLEAR);
        }
    }
}
