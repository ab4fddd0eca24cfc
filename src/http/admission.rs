//! Who may ask now, and what becomes of running answers when the server stops.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Context, error::ApiError};
use crate::app::{Catalogue, Phase, Service};

impl Context {
    /// What is being served, or a 503 with the phase.
    pub(super) fn service(&self) -> Result<Arc<Service>, ApiError> {
        self.app
            .service()
            .ok_or_else(|| ApiError::not_ready(self.app.phase()))
    }

    /// What may be browsed and searched, which is there before the chat model is; or a 503 with the phase.
    pub(super) fn catalogue(&self) -> Result<Arc<Catalogue>, ApiError> {
        self.app
            .catalogue()
            .ok_or_else(|| ApiError::not_ready(self.app.phase()))
    }

    /// Lets a search in, which needs no chat model: as [`Self::admit`] otherwise.
    pub(super) fn browse(&self) -> Result<(Arc<Catalogue>, Ticket), ApiError> {
        let ticket = self.running.enter();
        Ok((self.catalogue()?, ticket))
    }

    /// Lets a new question in: the service, and the ticket that the answer keeps until its end. While draining,
    /// nobody new gets in.
    pub(super) fn admit(&self) -> Result<(Arc<Service>, Ticket), ApiError> {
        // The ticket comes first: a shutdown between the two lines then sees this answer.
        let ticket = self.running.enter();
        match self.app.phase() {
            Phase::Ready => Ok((self.service()?, ticket)),
            phase => Err(ApiError::not_ready(phase)),
        }
    }
}

/// The answers being given. One primitive does both things needed: a watch channel can tell all its receivers to
/// stop, and its sender can wait until none is left.
#[derive(Debug)]
pub(super) struct Running(watch::Sender<bool>);

/// One of them.
#[derive(Debug)]
pub(super) struct Ticket(watch::Receiver<bool>);

impl Running {
    /// Nobody yet.
    pub fn none() -> Running {
        Running(watch::Sender::new(false))
    }

    /// One more.
    pub fn enter(&self) -> Ticket {
        Ticket(self.0.subscribe())
    }

    /// Waits until every ticket is gone.
    pub async fn finished(&self) {
        self.0.closed().await;
    }

    /// Tells everyone to stop now.
    pub fn cut(&self) {
        self.0.send_replace(true);
    }

    /// How many are left.
    pub fn count(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Ticket {
    /// Holds the ticket until the server cuts the answer; drop the future when the answer has ended.
    pub async fn cut(mut self) {
        // An error means that the sender, and with it the server, is gone: cut as well.
        let _ = self.0.wait_for(|cut| *cut).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn finished_waits_for_every_ticket() {
        let running = Running::none();
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
    async fn a_cut_reaches_those_who_came_before_and_after_it() {
        let running = Running::none();
        let before = running.enter();
        running.cut();
        let after = running.enter();
        let both = async {
            before.cut().await;
            after.cut().await;
            running.finished().await;
        };
        let cut = tokio::time::timeout(Duration::from_secs(10), both).await;
        assert!(cut.is_ok(), "somebody still waits to be cut");
    }

    #[tokio::test]
    async fn nobody_is_cut_before_the_time() {
        let running = Running::none();
        tokio::select! {
            biased;
            () = running.enter().cut() => panic!("it was cut"),
            () = async {} => {}
        }
    }
}
