//! Runs the chat model over the windows of a text, for `eval perplexity`.

use std::path::Path;

use anyhow::Context;

use super::super::chat_model;
use crate::config::Config;
use crate::evaluation::Perplexity;
use crate::evaluation::perplexity::{Score, UNSCORED, WINDOW, windows};
use crate::generation::model::reader::Reader;

/// The number of rows of logits in memory at a time. The logits of a whole window would take more memory than the
/// model.
const ROWS: usize = 64;

/// The perplexity of the chat model over the text in `file`.
pub(super) fn perplexity(config: &Config, file: &Path) -> anyhow::Result<Perplexity> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("The text {} cannot be read", file.display()))?;
    let chat = chat_model::load(config)?;
    let begin = chat.begin();
    let encoding = chat
        .tokenizer
        .encode_fast(text, false)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("The text {} cannot be converted to tokens", file.display()))?;
    let tokens: Vec<u32> = begin
        .into_iter()
        .chain(encoding.get_ids().iter().copied())
        .collect();

    let limit = chat.model.shape().context_length;
    anyhow::ensure!(
        limit >= WINDOW,
        "The context of the chat model has {limit} tokens, but perplexity needs windows of {WINDOW}; use another model."
    );
    let mut reader = Reader::new(chat.model, WINDOW)?;
    let (vocabulary, mut score) = (reader.vocabulary(), Score::default());
    for window in windows(&tokens, begin) {
        reader.go_back(0);
        reader.read(&window[..UNSCORED], 0)?;
        let scored = (UNSCORED..WINDOW - 1).step_by(ROWS);
        for at in scored {
            let end = (at + ROWS).min(WINDOW - 1);
            let logits = reader.read(&window[at..end], end - at)?;
            for (row, token) in logits.chunks_exact(vocabulary).zip(&window[at + 1..]) {
                score.token(row, *token);
            }
        }
        score.window();
    }
    score.perplexity().with_context(|| {
        format!(
            "The text {} has only {} tokens; use a text with at least {WINDOW}.",
            file.display(),
            tokens.len()
        )
    })
}
