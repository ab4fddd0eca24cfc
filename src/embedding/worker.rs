//! The embedder's thread: receive, add what else is waiting, encode all of it together, reply to each.
//!
//! The thread owns the model. It ends when every handle is gone.

use tokio::sync::{mpsc, oneshot};

use super::{EmbeddingError, Encoder};

/// What a call's texts became.
pub(super) type Answer = oneshot::Receiver<Result<Vec<Vec<f32>>, EmbeddingError>>;

/// One call: its texts, and where the vectors go.
#[derive(Debug)]
pub(super) struct Job {
    pub texts: Vec<String>,
    pub reply: oneshot::Sender<Result<Vec<Vec<f32>>, EmbeddingError>>,
}

/// Texts taken into one call of the encoder. It makes batches of its own; this bounds how long the calls that came
/// first wait for those that came with them.
const TEXTS_AT_ONCE: usize = 32;

/// The thread's loop.
pub(super) fn run(encoder: &Encoder, mut inbox: mpsc::Receiver<Job>) {
    while let Some(first) = inbox.blocking_recv() {
        answer(encoder, with_those_waiting(first, &mut inbox));
    }
}

fn with_those_waiting(first: Job, inbox: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut texts = first.texts.len();
    let mut jobs = vec![first];
    while texts < TEXTS_AT_ONCE
        && let Ok(job) = inbox.try_recv()
    {
        texts += job.texts.len();
        jobs.push(job);
    }
    // A caller that went away while it waited costs nothing more.
    jobs.retain(|job| !job.reply.is_closed());
    jobs
}

fn answer(encoder: &Encoder, jobs: Vec<Job>) {
    let texts: Vec<&str> = jobs
        .iter()
        .flat_map(|job| &job.texts)
        .map(String::as_str)
        .collect();
    let mut outcome = encoder.encode(&texts, &mut |_| {}).map(Vec::into_iter);
    for Job { texts, reply } in jobs {
        let share = match &mut outcome {
            Ok(vectors) => Ok(vectors.by_ref().take(texts.len()).collect()),
            Err(error) => Err(error.clone()),
        };
        // The caller may have gone meanwhile; nobody is left to tell.
        let _ = reply.send(share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(texts: &[&str]) -> (Job, Answer) {
        let (reply, answer) = oneshot::channel();
        (
            Job {
                texts: texts.iter().map(|text| text.to_string()).collect(),
                reply,
            },
            answer,
        )
    }

    #[test]
    fn waiting_calls_are_taken_together_up_to_the_bound_and_without_those_that_left() {
        let (sender, mut inbox) = mpsc::channel(8);
        let (first, _first) = job(&["a"]);
        let (left, gone) = job(&["b"]);
        drop(gone);
        let (large, _large) = job(&["c"; TEXTS_AT_ONCE]);
        let (next_time, _next_time) = job(&["d"]);
        for job in [left, large, next_time] {
            sender.try_send(job).unwrap();
        }
        let taken = with_those_waiting(first, &mut inbox);
        assert_eq!(
            taken.iter().map(|job| job.texts.len()).collect::<Vec<_>>(),
            [1, TEXTS_AT_ONCE]
        );
        assert_eq!(inbox.try_recv().unwrap().texts, ["d"]);
    }

    #[test]
    fn each_call_gets_its_own_vectors() {
        let encoder = crate::embedding::testing::tiny();
        let (sender, inbox) = mpsc::channel(8);
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
}
