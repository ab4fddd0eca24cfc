//! The names of the classes in `data/language.toml`, which says what each contains.

use serde::Deserialize;

/// Declares an enum whose variants are the names of tables in the file.
macro_rules! classes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every class: the file must have them.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];
        }
    };
}

classes! {
    /// What a word does in a sentence or in a question.
    WordClass {
        /// Words of questions that say nothing about the topic: the stop words of the search.
        Asking,
        /// Interrogative pronouns and adverbs, without those that choose among things.
        QuestionWord,
        /// Imperatives that ask for a description.
        Telling,
        /// Words that ask to choose among products: interrogative determiners, and words of advice.
        Choosing,
        /// Words that ask for a product, where none is named.
        Wanting,
        /// Beginnings of questions for products that look like questions for yes or no.
        Seeking,
        /// Auxiliary verbs and particles with which a question for yes or no begins.
        Auxiliary,
        /// Question tags, with which it ends instead.
        Tag,
        /// Words that compare products.
        Comparing,
        /// Words that ask what is wrong, unless a word asks what is right as well.
        Fault,
        /// Phrases that ask what is wrong, whatever else is asked.
        Complaining,
        /// Words that ask what is right.
        Merit,
        /// Words that ask how much of something there is.
        Amount,
        /// Words that ask for all products of a kind.
        Listing,
        /// Verbs of liking: negated, they ask what is wrong.
        Liking,
        /// Negation.
        Negation,
        /// Negation of imperatives.
        Prohibition,
        /// Adverbs of degree, which strengthen or weaken an opinion.
        Degree,
        /// Coordinating conjunctions: they join two things or two questions.
        Conjunction,
        /// Disjunctive conjunctions: what stands on either side may be compared.
        Alternative,
        /// With these, or with a conjunction, a question goes on with the last one.
        Continuing,
        /// A question that begins so and names no product is about the one that was spoken of.
        OfKnownOne,
        /// Adversative conjunctions and adverbs: another thought begins.
        Contrast,
        /// Determiners, possessives, and prepositions before a thing.
        Determiner,
        /// Demonstratives that point at the product itself.
        This,
        /// Prepositions before "this" where the thing is no product: "at this price".
        Preposition,
        /// Words of titles behind which stands what the thing is for: "a charger for the iPhone".
        Purpose,
        /// Linking verbs, between a thing and what it is like.
        Copula,
        /// Subjects, modal verbs and the like, before what is done.
        BeforeVerb,
        /// All other function words: pronouns, determiners, auxiliaries, prepositions, conjunctions, adverbs
        /// without a topic.
        Function,
        /// Periods and points of time.
        Time,
        /// Buying and reviewing, greetings, places and colours.
        Background,
        /// People.
        Person,
        /// What is said of a thing that suits somebody or something, before "for".
        Suiting,
        /// Units of measurement, and people and reviews, which are counted everywhere.
        Unit,
        /// Rupees.
        Currency,
        /// What something costs.
        Price,
        /// Phrases that ask for a price, where nothing else is asked.
        PriceQuestion,
        /// What somebody can spend.
        Budget,
        /// Words of a price already paid or asked: no limit.
        Paying,
        /// Low in price.
        Cheap,
        /// High in price.
        Dear,
        /// Stars.
        Star,
        /// The mean of the stars.
        Rating,
        /// Reviews as such.
        Review,
        /// Superlatives and comparatives of much.
        Highest,
        /// Superlatives and comparatives of little.
        Lowest,
        /// Words and phrases that make something a number.
        Counting,
        /// What is in the shop.
        Stock,
        /// Words left over when a limit is taken out of a question, beside those of prices and ratings.
        LeftOver,
        /// The beginnings of a range of two amounts: "between 1000 and 2000".
        RangeStart,
        /// What stands between the two, beside dashes.
        RangeTo,
        /// Words between a limit and its amount: "budget is around 2000", "under a price of 2000".
        Linking,
        /// Before the amount: no more than it.
        MostBefore,
        /// Before the amount: no less than it.
        LeastBefore,
        /// Before the amount: no less than it, in words that count things too.
        AtLeastBefore,
        /// Before the amount: near it.
        AboutBefore,
        /// Before the amount: an amount to spend, if it is money.
        SpendBefore,
        /// After the amount: no more than it.
        MostAfter,
        /// After the amount: no less than it.
        LeastAfter,
        /// After the amount: no less than it, in words that count things too.
        AtLeastAfter,
        /// After the amount: near it.
        AboutAfter,
        /// Nouns for a product whatever it is; after "this" or "the second" they stand for one that was spoken
        /// of.
        Thing,
        /// Nouns and pronouns for products whatever they are.
        Things,
        /// Nouns before the number of a place in a list: "number 2".
        Numbering,
        /// Ordinals for one of two: nouns even alone.
        OfTwo,
        /// The last of a list.
        Last,
        /// Not the one that was spoken of.
        Other,
        /// Singular pronouns for a product.
        It,
        /// Singular possessives.
        Its,
        /// Plural pronouns for products.
        Several,
        /// Plural possessives.
        Their,
        /// Demonstratives, which are pronouns in some places only.
        Demonstrative,
        /// After these, or at the beginning, demonstratives are pronouns.
        BeforeThis,
        /// Words that only say who speaks.
        Speaker,
        /// Pronouns of the first person.
        FirstPerson,
        /// Words that compare what stands before them with what follows.
        Than,
        /// Imperatives with which a task begins.
        Task,
        /// Verbs that set something aside.
        SettingAside,
        /// What an assistant goes by, and must not set aside.
        Grounds,
        /// Arithmetic between two numbers.
        Arithmetic,
        /// Polite beginnings, before the imperative.
        Polite,
        /// Hindi words in Latin letters that are English words, names or abbreviations too.
        AlsoEnglish,
    }
}

classes! {
    /// What a numeral counts.
    NumberClass {
        /// "Two", "do".
        Cardinal,
        /// "Second", "dusra".
        Ordinal,
        /// "Thousand", "hazar".
        Multiplier,
    }
}

/// The classes of words that only hold sentences together: articles, pronouns, prepositions, auxiliaries …
pub(crate) const FUNCTION_WORDS: [WordClass; 11] = [
    WordClass::BeforeVerb,
    WordClass::Conjunction,
    WordClass::Contrast,
    WordClass::Copula,
    WordClass::Degree,
    WordClass::Determiner,
    WordClass::Function,
    WordClass::Negation,
    WordClass::Preposition,
    WordClass::QuestionWord,
    WordClass::This,
];
