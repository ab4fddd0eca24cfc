//! The server's answers to shoppers' questions, to be read one by one: `eval answers`.
//!
//! In: a file of questions with what a right answer says. Out: for each question of the loaded shop its answer, with
//! the kind of what was found. Errors: the file cannot be read, or the server cannot be loaded.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::shop_search::{Answered, ShopSearch};

/// A question as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: usize,
    shop: String,
    kind: String,
    /// The number of a question of another file, in place of `turns`.
    dev: Option<usize>,
    #[serde(default)]
    turns: Vec<String>,
    right: String,
}

/// A question of that other file.
#[derive(Debug, Deserialize)]
struct Development {
    n: usize,
    turns: Vec<String>,
}

/// The answers to the questions of one shop.
#[derive(Debug, Serialize)]
pub(super) struct Answers {
    answers: Vec<OneAnswer>,
}

/// An answer beside what it should say.
#[derive(Debug, Serialize)]
struct OneAnswer {
    id: usize,
    turns: Vec<String>,
    /// The kind that is expected, …
    kind: String,
    /// … and what a right answer says.
    right: String,
    /// The kind of what was found.
    finding: &'static str,
    outcome: &'static str,
    /// Milliseconds to its first word.
    first_token_ms: Option<f64>,
    text: String,
    /// What the chat model wrote and no quote or count supports.
    left_out: Vec<String>,
}

/// Asks the questions of `shop` in `file`; those that only have a number stand in `development`, and are left out
/// without it.
pub(super) fn answers(
    search: &ShopSearch,
    file: &Path,
    shop: &str,
    development: Option<&Path>,
) -> anyhow::Result<Answers> {
    let development: HashMap<usize, Vec<String>> = match development {
        Some(file) => lines::<Development>(file)?
            .into_iter()
            .map(|question| (question.n, question.turns))
            .collect(),
        None => HashMap::new(),
    };
    let mut answers = Vec::new();
    for question in lines::<Written>(file)?
        .into_iter()
        .filter(|question| question.shop == shop)
    {
        let turns = match question.dev {
            Some(number) => development.get(&number).cloned(),
            None => Some(question.turns),
        };
        let Some(turns) = turns else { continue };
        let Answered {
            finding,
            answer,
            left_out,
        } = search
            .answer(&turns)
            .with_context(|| format!("Question {} was not answered.", question.id))?;
        answers.push(OneAnswer {
            id: question.id,
            turns,
            kind: question.kind,
            right: question.right,
            finding,
            outcome: answer.outcome.as_str(),
            first_token_ms: answer.first_token_ms,
            text: answer.text,
            left_out,
        });
    }
    anyhow::ensure!(
        !answers.is_empty(),
        "{} has no question of the shop {shop:?}.",
        file.display()
    );
    Ok(Answers { answers })
}

/// The lines of a file of JSON.
fn lines<T: for<'a> Deserialize<'a>>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read.", file.display()))?;
    let parsed = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str);
    parsed
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not as expected.", file.display()))
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for answer in &self.answers {
            writeln!(f, "## {}. {}", answer.id, answer.turns.join(" → "))?;
            // Markdown wants a blank line behind a paragraph, and behind a list.
            let items = answer.text.lines().map(|line| (line.strip_prefix("• "), line));
            for (item, line) in items.filter(|(_, line)| !line.trim().is_empty()) {
                match item {
                    Some(item) => writeln!(f, "- {item}")?,
                    None => writeln!(f, "\n{line}")?,
                }
            }
            writeln!(
                f,
                "\n*{}; expected: {}. {}*\n",
                answer.finding, answer.kind, answer.right
            )?;
        }
        Ok(())
    }
}
