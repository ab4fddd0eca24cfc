//! Writes one answer, event by event: the best quote at once, then each of the model's sentences after its check, then
//! the best quote from the other side if the answer has only one side.
//!
//! Runs as a task on the async side; the checks run on tokio's blocking threads. Nothing that was sent is taken back:
//! a sentence is sent after its check.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;

use super::extractive;
use super::figures;
use super::grounding::{self, Grounding, Sentences};
use super::outcome_recorder::OutcomeRecorder;
use super::{Answer, AnswerEvent, AnswerTrace, Checked, Evidence, Outcome, SentenceVerdict, compute};
use crate::embedding::EmbeddingError;
use crate::generation::{Finished, GenerationEvent, Reason};
use crate::metrics;
use crate::retrieval::{Recommended, Retriever, Understood, Wish};

/// Time between two attempts to embed a sentence: several times what one embedding takes.
const RETRY_AFTER: Duration = Duration::from_millis(10);

/// Where the text of an answer comes from.
pub(super) enum AnswerSource {
    /// The model, which was shown the first `shown` pieces of evidence and continues after the best quote.
    Model {
        steps: mpsc::Receiver<GenerationEvent>,
        shown: usize,
    },
    /// Quotes only: the model is busy, or the best quote is too long for a prompt.
    Quotes,
    /// Only statistics were asked for, and they need no model.
    Figures,
    /// There is no evidence.
    Nothing,
}

/// One answer and all that it is made of.
pub(super) struct AnswerStream {
    pub outcome: OutcomeRecorder,
    pub retrieval_ms: f64,
    pub evidence: Vec<Evidence>,
    /// The products that the answer is about.
    pub products: Vec<Recommended>,
    /// The parsed question. Its unmet demands and the statistics that it asks for begin the answer.
    pub understood: Understood,
    /// Sent if the client asked for it.
    pub trace: Option<AnswerTrace>,
    /// Compares the model's sentences with the evidence.
    pub retriever: Retriever,
    pub events: mpsc::Sender<AnswerEvent>,
}

/// Why an answer stops before its end.
enum Interrupted {
    /// The client left.
    ClientLeft,
    /// A stage failed; the cause has been logged.
    Failed,
}

/// The answer so far.
#[derive(Default)]
struct Draft {
    text: String,
    cited: BTreeSet<usize>,
    /// The last citation.
    last: usize,
    first_token_ms: Option<f64>,
}

/// The model's sentences so far. A sentence that only repeats an earlier one is left out.
#[derive(Default)]
struct SeenSentences(Vec<String>);

impl SeenSentences {
    /// Remembers a sentence, which may be cut off; true if no earlier sentence begins with it.
    fn is_new(&mut self, sentence: &str) -> bool {
        let sentence = sentence.trim();
        let is_new = !self.0.iter().any(|seen| seen.starts_with(sentence));
        self.0.push(sentence.to_string());
        is_new
    }
}

/// Counts of the model's sentences by the result of their checks.
#[derive(Default)]
struct CheckCounts {
    supported: usize,
    unsupported: usize,
}

impl AnswerStream {
    /// Sends the answer's events, including the last one.
    pub(super) async fn run(mut self, source: AnswerSource) {
        let last = match self.write(source).await {
            Ok(last) => last,
            Err(Interrupted::Failed) => AnswerEvent::Failed,
            Err(Interrupted::ClientLeft) => return,
        };
        match &last {
            AnswerEvent::Final(answer) => self.outcome.answered(answer),
            _ => self.outcome.failed(),
        }
        let _ = self.events.send(last).await;
    }

    /// Sends every event except the last one, which it returns.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn write(&mut self, source: AnswerSource) -> Result<AnswerEvent, Interrupted> {
        self.send(AnswerEvent::Evidence(self.evidence.clone())).await?;
        let products = std::mem::take(&mut self.products);
        if !products.is_empty() {
            self.send(AnswerEvent::Products(products)).await?;
        }
        if let Some(trace) = self.trace.take() {
            self.send(AnswerEvent::Trace(Box::new(trace))).await?;
        }
        let mut draft = Draft::default();
        for unmet in &self.understood.unmet {
            self.add_text(&mut draft, extractive::unmet(*unmet)).await?;
        }
        if let Some(figures) = &self.understood.figures {
            self.add_text(&mut draft, &figures::told(figures)).await?;
        }
        match source {
            AnswerSource::Model { steps, shown } => self.relay(steps, shown, draft).await,
            AnswerSource::Quotes => {
                self.add_text(&mut draft, extractive::HEADING).await?;
                for quote in extractive::quotes(&self.evidence) {
                    self.add_sentence(&mut draft, quote, "\n• ").await?;
                }
                self.add_products_without_quotes(&mut draft).await?;
                Ok(self.last(draft, Outcome::Extractive, None))
            }
            AnswerSource::Figures => {
                if let Some(quote) = self.quote_of_first_product() {
                    self.add_sentence(&mut draft, quote, " ").await?;
                }
                Ok(self.last(draft, Outcome::Extractive, None))
            }
            AnswerSource::Nothing => {
                let refusal = extractive::no_evidence(&self.understood);
                self.add_text(&mut draft, &refusal).await?;
                Ok(self.last(draft, Outcome::NoEvidence, None))
            }
        }
    }

    async fn add_products_without_quotes(&self, draft: &mut Draft) -> Result<(), Interrupted> {
        for title in &self.understood.silent {
            self.add_text(draft, &extractive::silent(title)).await?;
        }
        Ok(())
    }

    /// A quote about the product that comes first in the statistics.
    fn quote_of_first_product(&self) -> Option<Checked> {
        let figures = self.understood.figures.as_ref()?;
        let first = figures
            .products
            .first()
            .filter(|_| figures.figure.wish != Wish::Each)?;
        let mut numbered = (1..).zip(&self.evidence);
        let (number, _) = numbered.find(|(_, evidence)| evidence.product_key == first.key)?;
        Some(extractive::quotation(&self.evidence, number, None))
    }

    /// Sends the best quote, then the engine's reports and those of the model's sentences that pass the check.
    async fn relay(
        &self,
        mut steps: mpsc::Receiver<GenerationEvent>,
        shown: usize,
        mut draft: Draft,
    ) -> Result<AnswerEvent, Interrupted> {
        let joint = if draft.text.is_empty() || draft.text.ends_with(' ') {
            ""
        } else {
            " "
        };
        self.add_sentence(&mut draft, extractive::quotation(&self.evidence, 1, None), joint)
            .await?;
        let mut sentences = Sentences::default();
        let mut grounding = Grounding::after_the_best_of(self.evidence[..shown].to_vec());
        let (mut seen, mut counts) = (SeenSentences::default(), CheckCounts::default());
        loop {
            // A client that leaves is noticed even while the model is silent; dropping `steps` then stops the model.
            let step = tokio::select! {
                step = steps.recv() => step,
                () = self.events.closed() => return Err(Interrupted::ClientLeft),
            };
            let (complete, generation) = match step {
                Some(GenerationEvent::Queued { ahead, wait }) => {
                    self.send(AnswerEvent::Queued { ahead, wait }).await?;
                    continue;
                }
                // This endpoint does not request them.
                Some(GenerationEvent::Logprobs { .. }) => continue,
                Some(GenerationEvent::Progress { processed, total }) => {
                    self.send(AnswerEvent::Progress {
                        processed,
                        prompt_tokens: total,
                    })
                    .await?;
                    continue;
                }
                Some(GenerationEvent::Text(text)) => (sentences.push(&text), None),
                Some(GenerationEvent::Finished(Finished {
                    reason: Reason::Error,
                    ..
                }))
                | None => return Err(Interrupted::Failed),
                Some(GenerationEvent::Finished(generation)) => match generation.reason {
                    Reason::Cancelled => {
                        return Ok(self.last(draft, Outcome::Cancelled, Some(generation)));
                    }
                    Reason::Stop => (vec![std::mem::take(&mut sentences).rest()], Some(generation)),
                    // A sentence that was cut off may mean something else than its beginning.
                    _ => (vec![], Some(generation)),
                },
            };
            for sentence in complete {
                if seen.is_new(&sentence) {
                    let checked;
                    (grounding, checked) = self.check(grounding, sentence).await?;
                    self.add_checked(&mut draft, checked, &mut counts).await?;
                }
            }
            if let Some(generation) = generation {
                counts.record();
                let quotes =
                    extractive::missing_quotes(&self.evidence, &draft.cited, draft.last, &self.understood);
                for quote in quotes {
                    self.add_sentence(&mut draft, quote, " ").await?;
                }
                self.add_products_without_quotes(&mut draft).await?;
                return Ok(self.last(draft, counts.outcome(), Some(generation)));
            }
        }
    }

    /// Checks a sentence of the model against the evidence, on a blocking thread.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn check(
        &self,
        mut grounding: Grounding,
        sentence: String,
    ) -> Result<(Grounding, Checked), Interrupted> {
        let vector = match grounding::claim(&sentence) {
            Some(claim) => self.vector_of(&claim).await,
            None => None,
        };
        let retriever = self.retriever.clone();
        let passages: Vec<usize> = self.evidence.iter().map(|evidence| evidence.passage).collect();
        let work = move || {
            let similarity = |passage: &usize| {
                let vector = vector.as_ref();
                vector.map_or(0.0, |vector| retriever.similarity(vector, *passage))
            };
            let similarities: Vec<f32> = passages.iter().map(similarity).collect();
            let checked = grounding.check(&sentence, &similarities);
            (grounding, checked)
        };
        compute(work).await.map_err(|_| Interrupted::Failed)
    }

    /// The vector of a sentence. Waits while the embedder is busy: the text of an answer must not depend on other
    /// requests. `None` after a failure; the sentence then is similar to nothing and is left out.
    async fn vector_of(&self, claim: &str) -> Option<Vec<f32>> {
        loop {
            match self.retriever.embed(claim).await {
                Ok(vector) => return Some(vector),
                Err(EmbeddingError::Overloaded) => tokio::time::sleep(RETRY_AFTER).await,
                Err(error) => {
                    tracing::error!(%error, "A sentence could not be compared with the reviews and was left out.");
                    return None;
                }
            }
        }
    }

    /// Adds a sentence of the model to the answer if the evidence supports it.
    async fn add_checked(
        &self,
        draft: &mut Draft,
        checked: Checked,
        counts: &mut CheckCounts,
    ) -> Result<(), Interrupted> {
        match checked.verdict {
            SentenceVerdict::Supported => {
                counts.supported += 1;
                self.add_sentence(draft, checked, " ").await
            }
            SentenceVerdict::Unsupported => {
                counts.unsupported += 1;
                self.report_check(checked).await
            }
            SentenceVerdict::None => Ok(()),
        }
    }

    /// Adds a supported sentence, after `joint`, which separates it from the text before.
    async fn add_sentence(
        &self,
        draft: &mut Draft,
        checked: Checked,
        joint: &str,
    ) -> Result<(), Interrupted> {
        let text = format!("{joint}{}", checked.sentence);
        self.add_text(draft, &text).await?;
        draft.cited.extend(&checked.cited);
        draft.last = checked.cited.last().copied().unwrap_or(draft.last);
        self.report_check(checked).await
    }

    async fn report_check(&self, checked: Checked) -> Result<(), Interrupted> {
        metrics::ANSWER_CITATIONS_TOTAL.add(&[checked.verdict.as_str()], 1);
        self.send(AnswerEvent::Citation(checked)).await
    }

    async fn add_text(&self, draft: &mut Draft, text: &str) -> Result<(), Interrupted> {
        if draft.first_token_ms.is_none() {
            let milliseconds = self.outcome.milliseconds();
            metrics::RAG_TIME_TO_FIRST_TOKEN_SECONDS.record(&[], milliseconds / 1000.0);
            draft.first_token_ms = Some(milliseconds);
        }
        draft.text.push_str(text);
        self.send(AnswerEvent::Token(text.to_string())).await
    }

    fn last(&self, draft: Draft, outcome: Outcome, generation: Option<Finished>) -> AnswerEvent {
        AnswerEvent::Final(Answer {
            text: draft.text,
            outcome,
            cited: draft.cited.into_iter().collect(),
            retrieval_ms: self.retrieval_ms,
            first_token_ms: draft.first_token_ms,
            generation,
        })
    }

    async fn send(&self, event: AnswerEvent) -> Result<(), Interrupted> {
        self.events.send(event).await.map_err(|_| Interrupted::ClientLeft)
    }
}

impl CheckCounts {
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
