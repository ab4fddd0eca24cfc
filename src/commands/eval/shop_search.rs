//! The server's quotes for a shopper's questions, for `eval retrieval`.
//!
//! In: the shopper's turns. Out: the evidence for the last one, or its answer. A conversation goes turn by turn through
//! the assistant, as with `/api/chat`, so that a follow-up is understood from the answers before it. The calling thread
//! waits. Errors: the server cannot be loaded, or a question is rejected.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::super::runtime;
use crate::app::{App, Service};
use crate::assistant::{Answer, AnswerEvent, Evidence, Question, SentenceVerdict};
use crate::config::Config;
use crate::evaluation::{Failure, QuoteSearch, Quoted};
use crate::query::{Speaker, Turn};
use crate::retrieval::Filters;

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

    /// The answer to the last of these turns, with the kind of what was found.
    ///
    /// # Errors
    /// A question is rejected, or an answer breaks off.
    pub(super) fn answer(&self, shopper: &[String]) -> anyhow::Result<Answered> {
        let answered = self.runtime.block_on(async {
            let turns = self.up_to_the_last(shopper).await?;
            answer(self.events(turns).await?).await
        });
        answered.map_err(|error| anyhow::anyhow!(error))
    }

    /// The quotes for the last of these turns.
    async fn ask(&self, shopper: &[String]) -> Result<Vec<Evidence>, Failure> {
        let turns = self.up_to_the_last(shopper).await?;
        let retriever = &self.service.catalogue.retriever;
        Ok(retriever.retrieve(&turns, &Filters::default()).await?.evidence)
    }

    /// The conversation up to its last question, with the answers to those before.
    async fn up_to_the_last(&self, shopper: &[String]) -> Result<Vec<Turn>, Failure> {
        let mut turns: Vec<Turn> = Vec::new();
        for (number, content) in (1..).zip(shopper) {
            turns.push(Turn::user(content.trim()));
            if number < shopper.len() {
                let answered = answer(self.events(turns.clone()).await?).await?.answer;
                turns.push(Turn {
                    role: Speaker::Assistant,
                    content: answered.text,
                });
            }
        }
        Ok(turns)
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

/// An answer, as it came.
pub(super) struct Answered {
    /// The kind of what was found.
    pub finding: &'static str,
    /// The answer.
    pub answer: Answer,
    /// What the chat model wrote and no quote or count supports.
    pub left_out: Vec<String>,
}

async fn answer(mut events: mpsc::Receiver<AnswerEvent>) -> Result<Answered, Failure> {
    let (mut finding, mut left_out) = ("", vec![]);
    while let Some(event) = events.recv().await {
        match event {
            AnswerEvent::Finding(found) => finding = found.kind(),
            AnswerEvent::Citation(checked) if checked.verdict == SentenceVerdict::Unsupported => {
                left_out.push(checked.sentence);
            }
            AnswerEvent::Final(answer) => {
                return Ok(Answered {
                    finding,
                    answer,
                    left_out,
                });
            }
            _ => {}
        }
    }
    Err("the answer could not be completed; the log says why".into())
}
