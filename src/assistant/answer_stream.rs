//! One answer on its way to the asker: the best quote at once, then what the model adds, each sentence when it has been
//! checked, then the other side where it was not heard.
//!
//! Runs as a task. What has been sent is never taken back: a sentence waits for its verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;

use super::extractive;
use super::figures;
use super::grounding::{self, Checked, Grounding, Sentences, Verdict};
use super::outcome_recorder::OutcomeRecorder;
use super::{Answer, AnswerEvent, AnswerTrace, Evidence, Outcome};
use crate::embedding::EmbeddingError;
use crate::generation::{Finished, GenerationEvent, Reason};
use crate::metrics;
use crate::retrieval::{Recommended, Retriever, Understood, Wish};

/// Between two attempts to have a sentence embedded: some times what one takes.
const PATIENCE: Duration = Duration::from_millis(10);

/// Where the words of an answer come from.
pub enum AnswerSource {
    /// The model, which was shown the first `shown` pieces of evidence and goes on from the best.
    Model {
        steps: mpsc::Receiver<GenerationEvent>,
        shown: usize,
    },
    /// The quotes themselves: the model is busy, or the best one is too long for a prompt.
    Quotes,
    /// Figures that were asked for, which need no model.
    Figures,
    /// There is no evidence.
    Nothing,
}

/// One answer.
pub struct AnswerStream {
    pub outcome: OutcomeRecorder,
    pub retrieval_ms: f64,
    pub evidence: Vec<Evidence>,
    /// The products that it is of.
    pub products: Vec<Recommended>,
    /// What was demanded and cannot be met, and the figures asked for, are said first.
    pub understood: Understood,
    /// Sent where it was asked for.
    pub trace: Option<AnswerTrace>,
    /// Compares what is said with the evidence.
    pub retriever: Retriever,
    pub events: mpsc::Sender<AnswerEvent>,
}

/// The asker has gone.
struct Gone;

/// What has been said.
#[derive(Default)]
struct Said {
    text: String,
    cited: BTreeSet<usize>,
    /// What was cited last.
    last: usize,
    first_token_ms: Option<f64>,
}

/// The model's sentences so far: it is ended where it begins to repeat itself, in the midst of one.
#[derive(Default)]
struct Heard(Vec<String>);

impl Heard {
    /// Whether a sentence, or as much of it as was said, is not one that was heard already.
    fn is_new(&mut self, sentence: &str) -> bool {
        let sentence = sentence.trim();
        let is_new = !self.0.iter().any(|heard| heard.starts_with(sentence));
        self.0.push(sentence.to_string());
        is_new
    }
}

/// How many of the model's sentences a quote supports, and how many none does.
#[derive(Default)]
struct Tally {
    supported: usize,
    unsupported: usize,
}

impl AnswerStream {
    /// Sends the answer's events, the last of them included.
    pub async fn run(mut self, source: AnswerSource) {
        let Ok(last) = self.tell(source).await else {
            return;
        };
        match &last {
            AnswerEvent::Final(answer) => self.outcome.answered(answer),
            _ => self.outcome.failed(),
        }
        let _ = self.events.send(last).await;
    }

    /// Sends everything but the last event, which it gives back.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn tell(&mut self, source: AnswerSource) -> Result<AnswerEvent, Gone> {
        self.send(AnswerEvent::Evidence(self.evidence.clone())).await?;
        let products = std::mem::take(&mut self.products);
        if !products.is_empty() {
            self.send(AnswerEvent::Products(products)).await?;
        }
        if let Some(trace) = self.trace.take() {
            self.send(AnswerEvent::Trace(Box::new(trace))).await?;
        }
        let mut said = Said::default();
        for unmet in &self.understood.unmet {
            self.piece(&mut said, extractive::unmet(*unmet)).await?;
        }
        if let Some(figures) = &self.understood.figures {
            self.piece(&mut said, &figures::told(figures)).await?;
        }
        match source {
            AnswerSource::Model { steps, shown } => self.relay(steps, shown, said).await,
            AnswerSource::Quotes => {
                self.piece(&mut said, extractive::HEADING).await?;
                for quote in extractive::quotes(&self.evidence) {
                    self.sentence(&mut said, quote, "\n• ").await?;
                }
                self.name_the_silent(&mut said).await?;
                Ok(self.last(said, Outcome::Extractive, None))
            }
            AnswerSource::Figures => {
                if let Some(quote) = self.of_who_comes_first() {
                    self.sentence(&mut said, quote, " ").await?;
                }
                Ok(self.last(said, Outcome::Extractive, None))
            }
            AnswerSource::Nothing => {
                let refusal = extractive::no_evidence(&self.understood);
                self.piece(&mut said, &refusal).await?;
                Ok(self.last(said, Outcome::NoEvidence, None))
            }
        }
    }

    async fn name_the_silent(&self, said: &mut Said) -> Result<(), Gone> {
        for title in &self.understood.silent {
            self.piece(said, &extractive::silent(title)).await?;
        }
        Ok(())
    }

    /// A quote of a buyer of the product that has most, or least, of what was asked for.
    fn of_who_comes_first(&self) -> Option<Checked> {
        let figures = self.understood.figures.as_ref()?;
        let first = figures
            .products
            .first()
            .filter(|_| figures.figure.wish != Wish::Each)?;
        let mut numbered = (1..).zip(&self.evidence);
        let (number, _) = numbered.find(|(_, evidence)| evidence.product_key == first.key)?;
        Some(extractive::quotation(&self.evidence, number, None))
    }

    /// Quotes the best evidence, passes on what the engine reports and what of the model's sentences stands.
    async fn relay(
        &self,
        mut steps: mpsc::Receiver<GenerationEvent>,
        shown: usize,
        mut said: Said,
    ) -> Result<AnswerEvent, Gone> {
        let joint = if said.text.is_empty() || said.text.ends_with(' ') {
            ""
        } else {
            " "
        };
        self.sentence(&mut said, extractive::quotation(&self.evidence, 1, None), joint)
            .await?;
        let mut sentences = Sentences::default();
        let mut grounding = Grounding::after_the_best_of(self.evidence[..shown].to_vec());
        let (mut heard, mut tally) = (Heard::default(), Tally::default());
        loop {
            // An asker who left is noticed also while the model says nothing; dropping `steps` then stops it.
            let step = tokio::select! {
                step = steps.recv() => step,
                () = self.events.closed() => return Err(Gone),
            };
            match step {
                Some(GenerationEvent::Queued { ahead, wait }) => {
                    self.send(AnswerEvent::Queued { ahead, wait }).await?
                }
                // Nobody asks for them.
                Some(GenerationEvent::Logprobs { .. }) => {}
                Some(GenerationEvent::Progress { processed, total }) => {
                    self.send(AnswerEvent::Progress {
                        processed,
                        prompt_tokens: total,
                    })
                    .await?;
                }
                Some(GenerationEvent::Text(text)) => {
                    for sentence in sentences.push(&text) {
                        if heard.is_new(&sentence) {
                            let checked = self.check(&mut grounding, &sentence).await;
                            self.checked(&mut said, checked, &mut tally).await?;
                        }
                    }
                }
                Some(GenerationEvent::Finished(Finished {
                    reason: Reason::Error,
                    ..
                }))
                | None => return Ok(AnswerEvent::Failed),
                Some(GenerationEvent::Finished(generation)) => {
                    let outcome = match generation.reason {
                        Reason::Cancelled => {
                            return Ok(self.last(said, Outcome::Cancelled, Some(generation)));
                        }
                        Reason::Stop => {
                            let rest = sentences.rest();
                            if heard.is_new(&rest) {
                                let rest = self.check(&mut grounding, &rest).await;
                                self.checked(&mut said, rest, &mut tally).await?;
                            }
                            tally.outcome()
                        }
                        // What was cut off may say something else than it began to.
                        _ => tally.outcome(),
                    };
                    tally.record();
                    let quotes = extractive::still_to_be_heard(
                        &self.evidence,
                        &said.cited,
                        said.last,
                        &self.understood,
                    );
                    for quote in quotes {
                        self.sentence(&mut said, quote, " ").await?;
                    }
                    self.name_the_silent(&mut said).await?;
                    return Ok(self.last(said, outcome, Some(generation)));
                }
            }
        }
    }

    /// Checks a sentence of the model's. While too many others are being embedded it waits: what an answer says must not
    /// depend on who else asks.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn check(&self, grounding: &mut Grounding, sentence: &str) -> Checked {
        let mut likeness = vec![0.0; self.evidence.len()];
        if let Some(claim) = grounding::claim(sentence) {
            loop {
                match self.retriever.likeness(&claim, &self.evidence).await {
                    Ok(found) => likeness = found,
                    Err(EmbeddingError::Overloaded) => {
                        tokio::time::sleep(PATIENCE).await;
                        continue;
                    }
                    // Then nothing is like it, and nothing of the model's is said.
                    Err(error) => {
                        tracing::error!(%error, "A sentence could not be compared with the reviews and was left out.");
                    }
                }
                break;
            }
        }
        grounding.check(sentence, &likeness)
    }

    /// A sentence of the model's: said where it is supported.
    async fn checked(&self, said: &mut Said, checked: Checked, tally: &mut Tally) -> Result<(), Gone> {
        match checked.verdict {
            Verdict::Supported => {
                tally.supported += 1;
                self.sentence(said, checked, " ").await
            }
            Verdict::Unsupported => {
                tally.unsupported += 1;
                self.verdict(checked).await
            }
            Verdict::None => Ok(()),
        }
    }

    /// A sentence that stands, after what joins it to those before it.
    async fn sentence(&self, said: &mut Said, checked: Checked, joint: &str) -> Result<(), Gone> {
        let piece = format!("{joint}{}", checked.sentence);
        self.piece(said, &piece).await?;
        said.cited.extend(&checked.cited);
        said.last = checked.cited.last().copied().unwrap_or(said.last);
        self.verdict(checked).await
    }

    async fn verdict(&self, checked: Checked) -> Result<(), Gone> {
        metrics::ANSWER_CITATIONS_TOTAL.add(&[checked.verdict.as_str()], 1);
        self.send(AnswerEvent::Citation(checked)).await
    }

    async fn piece(&self, said: &mut Said, text: &str) -> Result<(), Gone> {
        if said.first_token_ms.is_none() {
            let milliseconds = self.outcome.milliseconds();
            metrics::RAG_TIME_TO_FIRST_TOKEN_SECONDS.record(&[], milliseconds / 1000.0);
            said.first_token_ms = Some(milliseconds);
        }
        said.text.push_str(text);
        self.send(AnswerEvent::Token(text.to_string())).await
    }

    fn last(&self, said: Said, outcome: Outcome, generation: Option<Finished>) -> AnswerEvent {
        let Said {
            text,
            cited,
            first_token_ms,
            ..
        } = said;
        AnswerEvent::Final(Answer {
            text,
            outcome,
            cited: cited.into_iter().collect(),
            retrieval_ms: self.retrieval_ms,
            first_token_ms,
            generation,
        })
    }

    async fn send(&self, event: AnswerEvent) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}

impl Tally {
    fn outcome(&self) -> Outcome {
        match self.supported {
            0 => Outcome::Extractive,
            _ => Outcome::Answered,
        }
    }

    fn record(&self) {
        let claims = self.supported + self.unsupported;
        if claims > 0 {
            metrics::ANSWER_GROUNDEDNESS_RATIO.record(&[], self.supported as f64 / claims as f64);
        }
    }
}
