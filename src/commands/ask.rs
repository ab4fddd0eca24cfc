//! `ask`: streams one answer to the terminal, with its sources.

use std::io::Write;

use anyhow::bail;

use super::{question, runtime};
use crate::app::App;
use crate::assistant::{Answer, AnswerEvent, Evidence, Outcome};
use crate::config::Config;
use crate::retrieval::Filters;

pub(super) fn run(config: &Config, text: String) -> anyhow::Result<()> {
    anyhow::ensure!(!text.trim().is_empty(), "The question is empty.");
    let app = App::new();
    app.load(config)?;
    let service = app
        .service()
        .ok_or_else(|| anyhow::anyhow!("The assistant did not start."))?;
    runtime()?.block_on(async {
        let mut events = service
            .assistant
            .answer(question(text, Filters::default()))
            .await?;
        let mut evidence = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                AnswerEvent::Evidence(found) => evidence = found,
                AnswerEvent::Token(text) => {
                    print!("{text}");
                    std::io::stdout().flush()?;
                }
                AnswerEvent::Final(answer) => {
                    print_sources(&answer, &evidence);
                    return Ok(());
                }
                AnswerEvent::Failed => bail!("The answer could not be completed; the log says why."),
                _ => {}
            }
        }
        bail!("The answer ended without its last event. This is a bug.")
    })
}

fn print_sources(answer: &Answer, evidence: &[Evidence]) {
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
