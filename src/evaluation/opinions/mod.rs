//! Opinions, against what people read: is the tone of a text right, is what is counted an aspect, and is what is called
//! clear right?
//!
//! In: a folder of labelled texts, and the [`Opinions`] that a shop's reviews taught. Out: scores. The folder has
//! SemEval-2014's sentences (`se_Laptops_Test_Gold.jsonl`, `se_Restaurants_Test_Gold.jsonl`), whose stars are unknown,
//! passages that were read without their stars (`gold_flip200.csv`), and labelled reviews (`gold_….txt`), which are
//! scored if they are of the shop's reviews. Any of these may be absent.

mod fact_scores;
mod gold;
mod tone_scores;

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::EvaluationError;
use crate::embedding::Encoder;
use crate::opinions::{Opinions, window};
use crate::reviews::Corpus;
use fact_scores::FactScores;
use tone_scores::ToneScores;

/// The scores; none where the folder has no such file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct OpinionScores {
    laptop_aspects: Option<ToneScores>,
    laptop_sentences: Option<ToneScores>,
    restaurant_aspects: Option<ToneScores>,
    restaurant_sentences: Option<ToneScores>,
    passages: Option<ToneScores>,
    /// Of each file of labelled reviews.
    facts: Vec<FactScores>,
}

/// Scores what was learned from `corpus`.
///
/// # Errors
/// See [`EvaluationError`].
pub(crate) fn opinions(
    dir: &Path,
    corpus: &Corpus,
    opinions: &Opinions,
    encoder: &Encoder,
) -> Result<OpinionScores, EvaluationError> {
    let tones = |texts: &[&str]| -> Result<Vec<f32>, EvaluationError> {
        let vectors = encoder.encode_passages(texts, &mut |_| {})?;
        Ok(vectors.iter().map(|vector| opinions.tone(vector)).collect())
    };
    let semeval = |name: &str| -> Result<Option<(ToneScores, ToneScores)>, EvaluationError> {
        let path = dir.join(name);
        match path.exists() {
            true => sentences(&gold::sentences(&path)?, &tones).map(Some),
            false => Ok(None),
        }
    };
    let (laptop_aspects, laptop_sentences) = semeval("se_Laptops_Test_Gold.jsonl")?.unzip();
    let (restaurant_aspects, restaurant_sentences) = semeval("se_Restaurants_Test_Gold.jsonl")?.unzip();
    let path = dir.join("gold_flip200.csv");
    let passages = match path.exists() {
        true => Some(self::passages(&gold::passages(&path)?, &tones)?),
        false => None,
    };
    let mut facts = Vec::new();
    for file in gold::review_files(dir)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let labels = gold::reviews(&file)?;
        match FactScores::of(&name, &labels, corpus, opinions) {
            Some(scores) => facts.push(scores),
            None => tracing::info!("{} labels other reviews; it is left out.", file.display()),
        }
    }
    Ok(OpinionScores {
        laptop_aspects,
        laptop_sentences,
        restaurant_aspects,
        restaurant_sentences,
        passages,
        facts,
    })
}

/// What gives the tone of texts.
type Tones<'a> = &'a dyn Fn(&[&str]) -> Result<Vec<f32>, EvaluationError>;

/// The scores of the words in sentences, and those of whole sentences that say one thing.
fn sentences(
    sentences: &[gold::Sentence],
    tones: Tones<'_>,
) -> Result<(ToneScores, ToneScores), EvaluationError> {
    let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let whole = tones(&texts)?;
    let bytes = |text: &str, at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let mut aspects = Vec::new();
    for (sentence, whole) in sentences.iter().zip(&whole) {
        for ((start, end), polarity) in sentence.spans.iter().zip(&sentence.pol) {
            let range = bytes(&sentence.text, *start)..bytes(&sentence.text, *end);
            aspects.push((window(&sentence.text, range), *whole, *polarity));
        }
    }
    aspects.retain(|(.., polarity)| *polarity != 0);
    let windows = tones(&aspects.iter().map(|(window, ..)| *window).collect::<Vec<_>>())?;
    let of_aspects = aspects.iter().zip(windows);
    let of_aspects = of_aspects.map(|((_, whole, polarity), said)| (f32::midpoint(*whole, said), *polarity));
    let of_sentences = sentences.iter().zip(whole).filter_map(|(sentence, said)| {
        let polarity = *sentence.pol.first()?;
        let is_one = polarity != 0 && sentence.pol.iter().all(|other| *other == polarity);
        is_one.then_some((said, polarity))
    });
    Ok((
        ToneScores::of(&of_aspects.collect::<Vec<_>>()),
        ToneScores::of(&of_sentences.collect::<Vec<_>>()),
    ))
}

/// The scores of passages that praise or complain.
fn passages(passages: &[gold::Passage], tones: Tones<'_>) -> Result<ToneScores, EvaluationError> {
    let clear = passages
        .iter()
        .filter_map(|passage| match passage.label.as_str() {
            "P" => Some((passage.text.as_str(), 1)),
            "N" => Some((passage.text.as_str(), -1)),
            _ => None,
        });
    let (texts, truths): (Vec<&str>, Vec<i8>) = clear.unzip();
    let judged: Vec<(f32, i8)> = tones(&texts)?.into_iter().zip(truths).collect();
    Ok(ToneScores::of(&judged))
}

impl fmt::Display for OpinionScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tones = [
            ("laptop aspects", &self.laptop_aspects),
            ("laptop sentences", &self.laptop_sentences),
            ("restaurant aspects", &self.restaurant_aspects),
            ("restaurant sentences", &self.restaurant_sentences),
            ("passages", &self.passages),
        ];
        writeln!(
            f,
            "{:<22}{:>8}{:>10}{:>18}{:>10}{:>8}",
            "tone", "texts", "macro F1", "complaint recall", "coverage", "right"
        )?;
        for (name, scores) in tones {
            if let Some(scores) = scores {
                writeln!(
                    f,
                    "{name:<22}{:>8}{:>10.3}{:>18.3}{:>10.3}{:>8.3}",
                    scores.texts, scores.macro_f1, scores.complaint_recall, scores.coverage, scores.right
                )?;
            }
        }
        self.facts.iter().try_for_each(|facts| write!(f, "\n{facts}"))
    }
}

impl fmt::Display for FactScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} reviews, {} opinions",
            self.file, self.reviews, self.opinions
        )?;
        writeln!(
            f,
            "mentions counted {}, real {:.3}, labelled aspects found {:.3}; names {}, real {:.3}",
            self.mentions, self.real, self.found, self.names, self.names_real
        )?;
        writeln!(
            f,
            "{:<12}{:>10}{:>8}{:>8}{:>13}{:>8}",
            "log-odds", "coverage", "right", "facts", "facts right", "recall"
        )?;
        let rows = self.curve.iter().map(|clear| ("", clear));
        let halves = self.halves.iter().map(|clear| (" of half", clear));
        for (note, clear) in rows.chain(halves) {
            writeln!(
                f,
                "{:<12}{:>10.3}{:>8.3}{:>8}{:>13.3}{:>8.3}",
                format!("{:.2}{note}", clear.log_odds),
                clear.coverage,
                clear.right,
                clear.facts,
                clear.facts_right,
                clear.recall
            )?;
        }
        Ok(())
    }
}
