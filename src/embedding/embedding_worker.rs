//! The embedder's thread: queries first, bulk in the gaps.
//!
//! The thread owns the model. A call of few texts is a query: a user waits for it. Queries that wait together are
//! encoded together. A call of more texts is bulk: between two of its batches, some milliseconds apart, the queries
//! that have arrived are answered. The thread ends when every handle is dropped.

use std::collections::VecDeque;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{EmbeddingError, Encoder};

/// The vectors of a call's texts, in their order.
type Vectors = Result<Vec<Vec<f32>>, EmbeddingError>;
/// Where a call receives its vectors.
pub(super) type VectorReply = oneshot::Receiver<Vectors>;

/// One call: its texts, and where the vectors go.
#[derive(Debug)]
pub(super) struct EmbeddingJob {
    pub texts: Vec<String>,
    pub reply: oneshot::Sender<Vectors>,
    /// Its place among the calls that may wait, given back when it is answered. A call that blocks its thread has none:
    /// it waits for room in the channel.
    pub place: Option<OwnedSemaphorePermit>,
    /// Whether the texts are passages and not questions: a model may need another prefix before them.
    pub passages: bool,
}

impl EmbeddingJob {
    /// A job of these texts, and where its vectors arrive.
    pub(super) fn new(
        texts: Vec<String>,
        place: Option<OwnedSemaphorePermit>,
        passages: bool,
    ) -> (Self, VectorReply) {
        let (reply, answer) = oneshot::channel();
        let job = Self {
            texts,
            reply,
            place,
            passages,
        };
        (job, answer)
    }

    fn is_query(&self) -> bool {
        !self.passages && is_query(&self.texts)
    }
}

/// The most texts of a query. A question has two: the whole question and its aspect.
const QUERY_TEXTS: usize = 4;
/// Whether a call of these texts is a query.
pub(super) fn is_query(texts: &[String]) -> bool {
    texts.len() <= QUERY_TEXTS
}

/// Texts of queries that are encoded in one call. The encoder splits them into batches; this limit bounds how long the
/// first queries wait for the others.
const TEXTS_AT_ONCE: usize = 32;

/// The thread's loop.
pub(super) fn run(encoder: &Encoder, inbox: mpsc::Receiver<EmbeddingJob>) {
    let mut waiting = Waiting::new(inbox);
    while waiting.wait_for_job() {
        waiting.answer_queries(encoder);
        if let Some(job) = waiting.bulk.pop_front() {
            answer(encoder, vec![job], &mut || waiting.answer_queries(encoder));
        }
    }
}

/// Calls that have arrived and not begun. The places of [`EmbeddingJob`] bound their number; a call without a place
/// blocks its thread, so each such thread has at most one.
struct Waiting {
    inbox: mpsc::Receiver<EmbeddingJob>,
    queries: VecDeque<EmbeddingJob>,
    bulk: VecDeque<EmbeddingJob>,
}

impl Waiting {
    fn new(inbox: mpsc::Receiver<EmbeddingJob>) -> Self {
        Self {
            inbox,
            queries: VecDeque::new(),
            bulk: VecDeque::new(),
        }
    }

    /// Waits until there is a call; false when no handle is left.
    fn wait_for_job(&mut self) -> bool {
        if self.queries.is_empty() && self.bulk.is_empty() {
            match self.inbox.blocking_recv() {
                Some(job) => self.enqueue(job),
                None => return false,
            }
        }
        true
    }

    fn enqueue(&mut self, job: EmbeddingJob) {
        let queue = if job.is_query() {
            &mut self.queries
        } else {
            &mut self.bulk
        };
        queue.push_back(job);
    }

    /// Answers queries until none waits.
    fn answer_queries(&mut self, encoder: &Encoder) {
        loop {
            while let Ok(job) = self.inbox.try_recv() {
                self.enqueue(job);
            }
            let jobs = self.next_queries();
            if jobs.is_empty() {
                return;
            }
            answer(encoder, jobs, &mut || {});
        }
    }

    /// The queries that are encoded together next. Queries whose callers have left are dropped and cost nothing more.
    fn next_queries(&mut self) -> Vec<EmbeddingJob> {
        let mut texts = 0;
        let mut jobs = Vec::new();
        while texts < TEXTS_AT_ONCE
            && let Some(job) = self.queries.pop_front()
        {
            if !job.reply.is_closed() {
                texts += job.texts.len();
                jobs.push(job);
            }
        }
        jobs
    }
}

/// Encodes the texts of these calls together, calls `between` after each batch, and replies to each call.
fn answer(encoder: &Encoder, jobs: Vec<EmbeddingJob>, between: &mut dyn FnMut()) {
    if jobs.iter().all(|job| job.reply.is_closed()) {
        return;
    }
    let texts: Vec<&str> = jobs
        .iter()
        .flat_map(|job| &job.texts)
        .map(String::as_str)
        .collect();
    // Passages are bulk, and bulk calls are answered one by one.
    let encoded = if jobs.iter().any(|job| job.passages) {
        encoder.encode_passages(&texts, &mut |_| between())
    } else {
        encoder.encode_queries(&texts, &mut |_| between())
    };
    let mut outcome = encoded.map(Vec::into_iter);
    for EmbeddingJob {
        texts, reply, place, ..
    } in jobs
    {
        let share = match &mut outcome {
            Ok(vectors) => Ok(vectors.by_ref().take(texts.len()).collect()),
            Err(error) => Err(error.clone()),
        };
        drop(place);
        // The caller may have left in the meantime.
        let _ = reply.send(share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(texts: &[&str]) -> (EmbeddingJob, VectorReply) {
        EmbeddingJob::new(texts.iter().map(|text| text.to_string()).collect(), None, false)
    }

    fn waiting(jobs: Vec<EmbeddingJob>) -> (mpsc::Sender<EmbeddingJob>, Waiting) {
        let (sender, inbox) = mpsc::channel(2);
        let mut waiting = Waiting::new(inbox);
        jobs.into_iter().for_each(|job| waiting.enqueue(job));
        (sender, waiting)
    }

    #[test]
    fn waiting_queries_are_taken_together_up_to_the_bound_and_without_those_that_left() {
        let (first, _first) = job(&["a"]);
        let (left, gone) = job(&["b"]);
        drop(gone);
        let (mut jobs, mut answers) = (vec![first, left], Vec::new());
        for _ in 0..TEXTS_AT_ONCE {
            let (next, answer) = job(&["c"]);
            jobs.push(next);
            answers.push(answer);
        }
        let (_sender, mut waiting) = waiting(jobs);
        let taken = waiting.next_queries();
        assert_eq!(taken.len(), TEXTS_AT_ONCE);
        assert_eq!(taken[0].texts, ["a"]);
        assert_eq!(taken[1].texts, ["c"]);
        assert_eq!(waiting.next_queries().len(), 1);
    }

    #[test]
    fn each_call_gets_its_own_vectors() {
        let encoder = crate::embedding::testing::tiny();
        let (sender, inbox) = mpsc::channel(2);
        let (one, first) = job(&["good sound"]);
        let (two, second) = job(&["bad battery", "good"]);
        sender.try_send(one).unwrap();
        sender.try_send(two).unwrap();
        drop(sender);
        run(&encoder, inbox);
        let alone = encoder
            .encode(&["good sound", "bad battery", "good"], &mut |_| {})
            .unwrap();
        assert_eq!(first.blocking_recv().unwrap().unwrap(), alone[..1]);
        assert_eq!(second.blocking_recv().unwrap().unwrap(), alone[1..]);
    }

    #[test]
    fn a_query_is_answered_between_the_batches_of_bulk_that_came_before_it() {
        let encoder = crate::embedding::testing::tiny();
        let long = "good bad sound battery";
        let texts: Vec<String> = (0..400).map(|i| format!("{long} {i}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (bulk, mut all) = job(&texts);
        let (sender, mut waiting) = waiting(Vec::new());
        let mut query = None;
        let mut batches = 0;
        let mut heard_at = None;
        answer(&encoder, vec![bulk], &mut || {
            batches += 1;
            if batches == 2 {
                let (question, answer) = job(&["good sound"]);
                sender.try_send(question).unwrap();
                query = Some(answer);
            }
            waiting.answer_queries(&encoder);
            if let Some(answer) = &mut query
                && heard_at.is_none()
                && answer.try_recv().is_ok()
            {
                heard_at = Some((batches, all.try_recv().is_ok()));
            }
        });
        assert_eq!(heard_at, Some((2, false)), "of {batches} batches");
        assert!(batches > 4);
        assert_eq!(all.try_recv().unwrap().unwrap().len(), 400);
    }
}
