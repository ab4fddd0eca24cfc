//! Writes one answer, event by event: what was found, then the finding's own sentences, or those of the model after
//! their check.
//!
//! Runs as a task on the async side; the checks run on tokio's blocking threads. Nothing that was sent is taken back:
//! a sentence is sent after its check.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;

use super::grounding::{self, Grounding, Sentences};
use super::outcome_recorder::OutcomeRecorder;
use super::told::Sentence;
use super::{Answer, AnswerEvent, AnswerTrace, Checked, Outcome, SentenceVerdict, compute};
use crate::embedding::EmbeddingError;
use crate::findings::Found;
use crate::generation::{Finished, GenerationEvent, Reason};
use crate::metrics;
use crate::retrieval::{Recommended, Retriever};

/// Time between two attempts to embed a sentence: several times what one embedding takes.
const RETRY_AFTER: Duration = Duration::from_millis(10);

/// So many of the model's sentences must stand before the first is sent; an answer with fewer is told instead.
const ENOUGH: usize = 2;

/// Where the text of an answer comes from.
pub(super) enum AnswerSource {
    /// The model writes it.
    Model(mpsc::Receiver<GenerationEvent>),
    /// The finding is told by rule.
    Told(Outcome),
}

/// One answer and all that it is made of.
pub(super) struct AnswerStream {
    pub outcome: OutcomeRecorder,
    pub retrieval_ms: f64,
    /// What it concludes, and its quotes.
    pub found: Found,
    /// The same in sentences.
    pub told: Vec<Sentence>,
    /// The products that the answer is about.
    pub products: Vec<Recommended>,
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
        self.send(AnswerEvent::Evidence(self.found.evidence.clone()))
            .await?;
        let products = std::mem::take(&mut self.products);
        if !products.is_empty() {
            self.send(AnswerEvent::Products(products)).await?;
        }
        self.send(AnswerEvent::Finding(Box::new(self.found.finding.clone())))
            .await?;
        if let Some(trace) = self.trace.take() {
            self.send(AnswerEvent::Trace(Box::new(trace))).await?;
        }
        match source {
            AnswerSource::Told(outcome) => self.tell(outcome, None).await,
            AnswerSource::Model(steps) => self.relay(steps).await,
        }
    }

    /// Sends the finding's own sentences.
    async fn tell(&self, outcome: Outcome, generation: Option<Finished>) -> Result<AnswerEvent, Interrupted> {
        let mut draft = Draft::default();
        for sentence in &self.told {
            self.add_sentence(&mut draft, sentence.checked.clone(), sentence.joint)
                .await?;
        }
        Ok(self.last(draft, outcome, generation))
    }

    /// Sends the engine's reports, and those of the model's sentences that pass the check.
    async fn relay(&self, mut steps: mpsc::Receiver<GenerationEvent>) -> Result<AnswerEvent, Interrupted> {
        let mut draft = Draft::default();
        let mut held: Vec<Checked> = Vec::new();
        let mut sentences = Sentences::default();
        let (mut grounding, told) = self.grounding().await;
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
                if !seen.is_new(&sentence) {
                    continue;
                }
                let checked;
                (grounding, checked) = self.check(grounding, &told, sentence).await?;
                counts.count(checked.verdict);
                match checked.verdict {
                    SentenceVerdict::Supported => held.push(checked),
                    SentenceVerdict::Unsupported => self.report_check(checked).await?,
                    SentenceVerdict::None => {}
                }
                if counts.supported >= ENOUGH {
                    for checked in held.drain(..) {
                        let joint = if draft.text.is_empty() { "" } else { " " };
                        self.add_sentence(&mut draft, checked, joint).await?;
                    }
                }
            }
            if let Some(generation) = generation {
                counts.record();
                return match counts.supported >= ENOUGH {
                    true => Ok(self.last(draft, Outcome::Answered, Some(generation))),
                    false => self.tell(Outcome::Extractive, Some(generation)).await,
                };
            }
        }
    }

    /// What the model's sentences are checked against, and the vectors of what was told.
    async fn grounding(&self) -> (Grounding, Vec<Option<Vec<f32>>>) {
        let told = self
            .told
            .iter()
            .map(|sentence| sentence.checked.clone())
            .collect();
        let grounding = Grounding::new(self.found.evidence.clone(), told);
        let mut vectors = Vec::with_capacity(self.told.len());
        for sentence in &self.told {
            vectors.push(self.vector_of(&sentence.checked.sentence).await);
        }
        (grounding, vectors)
    }

    /// Checks a sentence of the model against the evidence, on a blocking thread.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn check(
        &self,
        mut grounding: Grounding,
        told: &[Option<Vec<f32>>],
        sentence: String,
    ) -> Result<(Grounding, Checked), Interrupted> {
        let Some(vector) = (match grounding::claim(&sentence) {
            Some(claim) => self.vector_of(&claim).await,
            None => None,
        }) else {
            return Ok((grounding, Checked::left_out(&sentence, SentenceVerdict::None)));
        };
        let told: Vec<f32> = told
            .iter()
            .map(|told| told.as_ref().map_or(0.0, |told| crate::index::dot(told, &vector)))
            .collect();
        let retriever = self.retriever.clone();
        let passages: Vec<usize> = self
            .found
            .evidence
            .iter()
            .map(|evidence| evidence.passage)
            .collect();
        let work = move || {
            let quoted = passages
                .iter()
                .map(|passage| retriever.similarity(&vector, *passage));
            let similarities: Vec<f32> = quoted.chain(told).collect();
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
        match checked.cited.is_empty() {
            true => Ok(()),
            false => self.report_check(checked).await,
        }
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
    fn count(&mut self, verdict: SentenceVerdict) {
        match verdict {
            SentenceVerdict::Supported => self.supported += 1,
            SentenceVerdict::Unsupported => self.unsupported += 1,
            SentenceVerdict::None => {}
        }
    }

    fn record(&self) {
        let claims = self.supported + self.unsupported;
        if claims > 0 {
            metrics::ANSWER_GROUNDEDNESS_RATIO.record(&[], self.supported as f64 / claims as f64);
        }
    }
}
