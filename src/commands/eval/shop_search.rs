//! The server's quotes for a shopper's questions, for `eval retrieval`.
//!
//! In: the shopper's turns. Out: the evidence for the last one. A single question is searched as `/api/search` does it;
//! a conversation goes turn by turn through the assistant, as with `/api/chat`, so that a follow-up is understood from
//! the answers before it. The calling thread waits. Errors: the server cannot be loaded, or a question is rejected.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::super::runtime;
use crate::app::{App, Service};
use crate::assistant::{AnswerEvent, Evidence, Question, Speaker, Turn};
use crate::config::Config;
use crate::evaluation::{Failure, QuoteSearch, Quoted};
use crate::retrieval::{Asked, Filters};

/// The server without HTTP.
pub(super) struct ShopSearch {
    service: Arc<Service>,
    runtime: Runtime,
}

impl ShopSearch {
    /// Loads the reviews and models as a start of the server does.
    ///
    /// # Errors
    /// Those of a start.
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let app = App::new();
        app.load(config)?;
        let service = app
            .service()
            .ok_or_else(|| anyhow::anyhow!("The assistant did not start."))?;
        Ok(Self {
            service,
            runtime: runtime()?,
        })
    }

    /// Whether there is a product with this id.
    pub(super) fn sells(&self, product: &str) -> bool {
        let products = &self.service.catalogue.corpus.products;
        products.iter().any(|sold| sold.key == product)
    }

    async fn ask(&self, turns: &[String]) -> Result<Vec<Evidence>, Failure> {
        match turns {
            [question] => self.search(question.trim()).await,
            turns => self.converse(turns).await,
        }
    }

    async fn search(&self, question: &str) -> Result<Vec<Evidence>, Failure> {
        let asked = Asked::alone(question);
        let retriever = &self.service.catalogue.retriever;
        Ok(retriever.retrieve(&asked, &Filters::default()).await?.evidence)
    }

    async fn converse(&self, shopper: &[String]) -> Result<Vec<Evidence>, Failure> {
        let turn = |role, content: &str| Turn {
            role,
            content: content.trim().into(),
        };
        let mut turns = Vec::new();
        for content in shopper {
            turns.push(turn(Speaker::User, content));
            let events = self.events(turns.clone()).await?;
            if turns.len() == 2 * shopper.len() - 1 {
                return evidence(events).await;
            }
            turns.push(turn(Speaker::Assistant, &answer(events).await?));
        }
        Ok(Vec::new())
    }

    async fn events(&self, turns: Vec<Turn>) -> Result<mpsc::Receiver<AnswerEvent>, Failure> {
        let question = Question {
            turns,
            filters: Filters::default(),
            max_tokens: None,
            traced: false,
            arrived: Instant::now(),
        };
        Ok(self.service.assistant.answer(question).await?)
    }
}

impl QuoteSearch for ShopSearch {
    fn quotes(&self, turns: &[String]) -> Result<Vec<Quoted>, Failure> {
        let evidence = self.runtime.block_on(self.ask(turns))?;
        let quoted = evidence.into_iter().map(|evidence| Quoted {
            product: evidence.product_key,
            text: evidence.quote,
        });
        Ok(quoted.collect())
    }
}

/// The evidence of an answer, whose text is not awaited.
async fn evidence(mut events: mpsc::Receiver<AnswerEvent>) -> Result<Vec<Evidence>, Failure> {
    while let Some(event) = events.recv().await {
        if let AnswerEvent::Evidence(evidence) = event {
            return Ok(evidence);
        }
    }
    Err("the answer ended without evidence; the log says why".into())
}

/// The text of an answer.
async fn answer(mut events: mpsc::Receiver<AnswerEvent>) -> Result<String, Failure> {
    while let Some(event) = events.recv().await {
        if let AnswerEvent::Final(answer) = event {
            return Ok(answer.text);
        }
    }
    Err("the answer could not be completed; the log says why".into())
}
