//! The assistant as the server has it, asked about one item at a time, for `eval qa --answers`.
//!
//! In: a retriever over the reviews of a yardstick. Out: for a question, the best quote, and what the chat model makes of
//! all quotes once it is checked. Embedding and generation run on their own threads; the caller's waits. What can fail: the models cannot be loaded, or a question is refused.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;

use super::super::{chat_model, runtime};
use super::served_ranker::of_item;
use crate::assistant::{self, AnswerEvent, Assistant, Evidence, Outcome, PromptBuilder, Speaker, Turn};
use crate::config::Config;
use crate::evaluation::qa::{SubjQa, SubjQaQuestion};
use crate::evaluation::{Answered, Answerer, Failure};
use crate::generation::model::BLOCK;
use crate::generation::{Engine, EngineOptions, Parts};
use crate::retrieval::Retriever;
use crate::weights::tokenizer;

/// Answers questions about the items of a yardstick.
pub(super) struct Respondent {
    assistant: Assistant,
    runtime: Runtime,
}

impl Respondent {
    /// The assistant over what `retriever` finds.
    ///
    /// # Errors
    /// What keeps the chat model from being used.
    pub fn over(config: &Config, retriever: Retriever) -> anyhow::Result<Self> {
        let (engine, prompts) = engine(config)?;
        Ok(Self {
            assistant: Assistant::new(retriever, engine, prompts, config.max_tokens),
            runtime: runtime()?,
        })
    }

    async fn ask(&self, item: &str, question: &str) -> Result<Vec<Answered>, Failure> {
        let asked = assistant::Question {
            turns: vec![Turn {
                role: Speaker::User,
                content: question.into(),
            }],
            filters: of_item(item),
            max_tokens: None,
            traced: false,
            arrived: Instant::now(),
        };
        let mut events = self.assistant.answer(asked).await?;
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

impl Answerer for Respondent {
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
    // Once for what runs and once for the beginning that all prompts share.
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

/// The best quote, and the answer that was checked.
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

/// The text without `[1]` and the like.
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
    fn citations_are_taken_off() {
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
