//! Which requests are served now, and what happens to running answers when the server stops.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use super::Context;
use super::error::ApiError;
use crate::app::{Catalogue, Phase, Service};

impl Context {
    /// The loaded service, or a 503 with the phase.
    pub(super) fn service(&self) -> Result<Arc<Service>, ApiError> {
        self.app
            .service()
            .ok_or_else(|| ApiError::not_ready(self.app.phase()))
    }

    /// The products and reviews, which are ready before the chat model is; or a 503 with the phase.
    pub(super) fn catalogue(&self) -> Result<Arc<Catalogue>, ApiError> {
        self.app
            .catalogue()
            .ok_or_else(|| ApiError::not_ready(self.app.phase()))
    }

    /// Admits a search, which needs no chat model. Otherwise like [`Self::admit`].
    pub(super) fn admit_search(&self) -> Result<(Arc<Catalogue>, Ticket), ApiError> {
        let ticket = self.running.enter();
        Ok((self.catalogue()?, ticket))
    }

    /// Admits a new question: returns the service, and the ticket that the answer keeps until it ends. While the
    /// server drains, no question is admitted.
    pub(super) fn admit(&self) -> Result<(Arc<Service>, Ticket), ApiError> {
        // The ticket comes first, so that a shutdown between the two lines waits for this answer.
        let ticket = self.running.enter();
        match self.app.phase() {
            Phase::Ready => Ok((self.service()?, ticket)),
            phase => Err(ApiError::not_ready(phase)),
        }
    }
}

/// The running answers. One watch channel does both jobs: it tells all its receivers to stop, and its sender can wait
/// until no receiver is left.
#[derive(Debug)]
pub(super) struct Running(watch::Sender<bool>);

/// One running answer, until it is dropped.
#[derive(Debug)]
pub(super) struct Ticket(watch::Receiver<bool>);

impl Running {
    /// No answers yet.
    pub(super) fn new() -> Running {
        Running(watch::Sender::new(false))
    }

    /// Counts one more answer.
    pub(super) fn enter(&self) -> Ticket {
        Ticket(self.0.subscribe())
    }

    /// Waits until every ticket is dropped.
    pub(super) async fn finished(&self) {
        self.0.closed().await;
    }

    /// Tells every answer to stop now.
    pub(super) fn cut(&self) {
        self.0.send_replace(true);
    }

    /// How many answers are running.
    pub(super) fn count(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Ticket {
    /// The result of `work`, which wins if it is ready; or [`ApiError::stopping`] once the server cuts the answers.
    pub(super) async fn unless_cut<T, E: Into<ApiError>>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            result = work => result.map_err(E::into),
            () = self.cut() => Err(ApiError::stopping()),
        }
    }

    /// Waits until the server cuts the answers.
    async fn cut(&mut self) {
        // An error means that the sender, and with it the server, is gone: that cuts the answer, too.
        let _ = self.0.wait_for(|cut| *cut).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn finished_waits_for_every_ticket() {
        let running = Running::new();
        running.finished().await;
        let (one, other) = (running.enter(), running.enter());
        drop(one);
        assert_eq!(running.count(), 1);
        tokio::select! {
            biased;
            () = running.finished() => panic!("one ticket is left"),
            () = async {} => {}
        }
        drop(other);
        running.finished().await;
    }

    #[tokio::test]
    async fn a_cut_reaches_answers_that_began_before_and_after_it() {
        let running = Running::new();
        let mut before = running.enter();
        tokio::select! {
            biased;
            () = before.cut() => panic!("the answer was cut before its time"),
            () = async {} => {}
        }
        running.cut();
        let mut after = running.enter();
        let both = async {
            before.cut().await;
            after.cut().await;
            drop((before, after));
            running.finished().await;
        };
        let cut = tokio::time::timeout(Duration::from_secs(10), both).await;
        assert!(cut.is_ok(), "an answer still waits to be cut");
    }

    #[tokio::test]
    async fn work_that_is_ready_wins_and_other_work_is_cut() {
        let running = Running::new();
        let mut ticket = running.enter();
        let ready = async || Ok::<_, ApiError>(1);
        assert_eq!(ticket.unless_cut(ready()).await, Ok(1));
        running.cut();
        assert_eq!(ticket.unless_cut(ready()).await, Ok(1));
        let endless = std::future::pending::<Result<(), ApiError>>();
        assert_eq!(ticket.unless_cut(endless).await, Err(ApiError::stopping()));
    }
}
