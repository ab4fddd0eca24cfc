//! `ask`: one answer in the terminal, streamed, with its sources.

use std::io::Write;
use std::time::Instant;

use anyhow::bail;

use super::runtime;
use crate::app::App;
use crate::assistant::{Answer, AnswerEvent, Evidence, Outcome, Question, Speaker, Turn};
use crate::config::Config;

pub(super) fn run(config: &Config, question: String) -> anyhow::Result<()> {
    anyhow::ensure!(!question.trim().is_empty(), "The question is empty.");
    let app = App::new();
    app.load(config)?;
    let service = app
        .service()
        .ok_or_else(|| anyhow::anyhow!("The assistant did not come up."))?;
    runtime()?.block_on(async {
        let question = Question {
            turns: vec![Turn {
                role: Speaker::User,
                content: question,
            }],
            filters: Default::default(),
            max_tokens: None,
            traced: false,
            arrived: Instant::now(),
        };
        let mut events = service.assistant.answer(question).await?;
        let mut evidence = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                AnswerEvent::Evidence(found) => evidence = found,
                AnswerEvent::Token(text) => {
                    print!("{text}");
                    std::io::stdout().flush()?;
                }
                AnswerEvent::Final(answer) => {
                    close(&answer, &evidence);
                    return Ok(());
                }
                AnswerEvent::Failed => bail!("The answer could not be completed; the log says why."),
                AnswerEvent::Queued { .. }
                | AnswerEvent::Progress { .. }
                | AnswerEvent::Products(_)
                | AnswerEvent::Trace(_)
                | AnswerEvent::Citation(_) => {}
            }
        }
        bail!("The answer ended without an end; this is a bug.")
    })
}

fn close(answer: &Answer, evidence: &[Evidence]) {
    if answer.outcome == Outcome::NoEvidence {
        println!();
        return;
    }
    println!("\n\nFrom the reviews:");
    for (number, evidence) in (1..).zip(evidence) {
        let mark = if answer.cited.contains(&number) { "*" } else { " " };
        let Evidence {
            product_title,
            rating,
            quote,
            review,
            ..
        } = evidence;
        println!(
            "{mark}[{number}] {product_title}, {rating} of 5 stars, review {}\n     “{quote}”",
            review.0
        );
    }
    if let Some(generation) = &answer.generation {
        let speed = generation.decode_tokens_per_second().unwrap_or(0.0);
        let first = answer.first_token_ms.unwrap_or(0.0) / 1000.0;
        println!("\nFirst word after {first:.1} s, then {speed:.0} tokens a second.");
    }
}
