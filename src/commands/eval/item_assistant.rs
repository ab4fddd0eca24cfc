//! The server's assistant, asked about one item at a time, for `eval qa --answers`.
//!
//! In: a retriever over the reviews of an evaluation set. Out: for each question, the best quote, and the checked
//! answer of the chat model. Embedding and generation run on their own threads; the calling thread waits. Errors: the
//! models cannot be loaded, or a question is rejected.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::super::{chat_model, question, runtime};
use super::served_ranker::of_item;
use crate::assistant::{self, AnswerEvent, Assistant, Evidence, Outcome, PromptBuilder};
use crate::config::Config;
use crate::evaluation::qa::{SubjQa, SubjQaQuestion};
use crate::evaluation::{Answered, Answerer, Failure};
use crate::generation::model::BLOCK;
use crate::generation::{Engine, EngineOptions, Parts};
use crate::retrieval::Retriever;
use crate::weights::tokenizer;

/// Answers questions about the items of an evaluation set.
pub(super) struct ItemAssistant {
    assistant: Assistant,
    runtime: Runtime,
}

impl ItemAssistant {
    /// An assistant that answers from the results of `retriever`.
    ///
    /// # Errors
    /// The chat model cannot be used.
    pub(super) fn new(config: &Config, retriever: Retriever) -> anyhow::Result<Self> {
        let (engine, prompts) = engine(config)?;
        Ok(Self {
            assistant: Assistant::new(retriever, engine, prompts, config.max_tokens).written(true),
            runtime: runtime()?,
        })
    }

    async fn ask(&self, item: &str, text: &str) -> Result<Vec<Answered>, Failure> {
        let mut events = self
            .assistant
            .answer(question(text.into(), of_item(item)))
            .await?;
        let mut evidence = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                AnswerEvent::Evidence(found) => evidence = found,
                AnswerEvent::Final(answer) => return Ok(answers(&evidence, &answer)),
                _ => {}
            }
        }
        Err("the answer could not be completed; the log says why".into())
    }
}

impl Answerer for ItemAssistant {
    fn answer(&self, set: &SubjQa, question: &SubjQaQuestion) -> Result<Vec<Answered>, Failure> {
        let item = &set.items[question.item].id;
        self.runtime.block_on(self.ask(item, &question.text))
    }
}

/// An engine for one answer at a time.
fn engine(config: &Config) -> anyhow::Result<(Engine, PromptBuilder)> {
    let chat = chat_model::load(config)?;
    let tokenizer = Arc::new(chat.tokenizer);
    let prompts = PromptBuilder::new(
        &chat.name,
        &chat.gguf,
        tokenizer.clone(),
        config.max_prompt_tokens,
    )?;
    let tokens = config.max_prompt_tokens + config.max_tokens;
    // Twice: for the running answer, and for the prefix that all prompts share.
    let blocks = 2 * tokens.div_ceil(BLOCK);
    let options = EngineOptions {
        max_running: 1,
        max_waiting: 0,
        kv_cache_bytes: blocks * chat.model.shape().block_bytes,
        lookup: true,
    };
    let parts = Parts {
        model: chat.model,
        end_tokens: tokenizer::end_tokens(&chat.gguf, &tokenizer),
        tokenizer,
        name: chat.name,
    };
    Ok((Engine::start(parts, options)?, prompts))
}

/// The best quote, and the checked answer.
fn answers(evidence: &[Evidence], answer: &assistant::Answer) -> Vec<Answered> {
    let refused = answer.outcome == Outcome::NoEvidence;
    let known: Vec<String> = evidence
        .iter()
        .flat_map(|evidence| [evidence.short_title().to_string(), evidence.quote.clone()])
        .collect();
    let best = evidence.first().map(|evidence| evidence.quote.clone());
    let answered = |system, text| Answered {
        system,
        text,
        refused,
        evidence: known.clone(),
    };
    vec![
        answered("extractive", best.unwrap_or_default()),
        answered("generated", without_citations(&answer.text)),
    ]
}

/// The text without citations such as `[1]`.
fn without_citations(text: &str) -> String {
    let citation = |piece: &str| {
        let before = piece.strip_suffix(']')?;
        let start = before.rfind('[')?;
        let inside = &before[start + 1..];
        (!inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit())).then_some(start)
    };
    text.split_inclusive(']')
        .map(|piece| &piece[..citation(piece).unwrap_or(piece.len())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_removed() {
        for (text, expected) in [
            (
                "It leaks [1]. The lid [12] is loose [3]",
                "It leaks . The lid  is loose ",
            ),
            (
                "[sic] an array[] and 5] or [x1]",
                "[sic] an array[] and 5] or [x1]",
            ),
            ("ends with [", "ends with ["),
            ("", ""),
        ] {
            assert_eq!(without_citations(text), expected);
        }
    }
}
