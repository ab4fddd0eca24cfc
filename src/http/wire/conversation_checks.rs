//! The limits of conversations and of single questions.

use super::super::HttpOptions;
use super::super::error::ApiError;
use crate::query::{Speaker, Turn};

/// The turns of a conversation, each given with its number in the request.
///
/// # Errors
/// 400 if the last turn is not a question of the user, or the conversation is longer than the limits allow.
pub(in crate::http) fn checked_turns(
    numbered: impl Iterator<Item = (usize, Turn)>,
    limits: &HttpOptions,
) -> Result<Vec<Turn>, ApiError> {
    let refuse = |message: String| Err(ApiError::invalid(message).at("messages"));
    let (numbers, turns): (Vec<usize>, Vec<Turn>) = numbered.unzip();
    let ends_in_a_question = turns
        .last()
        .is_some_and(|last| last.role == Speaker::User && !last.content.trim().is_empty());
    if !ends_in_a_question {
        return refuse("The last message must be the user's question, and not empty.".into());
    }
    let (count, most) = (turns.len(), limits.max_messages);
    if count > most {
        return refuse(format!(
            "A conversation may have at most {most} messages, this one has {count}; leave the oldest out."
        ));
    }
    let most = limits.max_message_chars;
    let lengths = turns.iter().map(|turn| turn.content.chars().count());
    match numbers
        .into_iter()
        .zip(lengths)
        .find(|(_, length)| *length > most)
    {
        Some((number, length)) => refuse(format!(
            "Message {number} has {length} characters; {most} are allowed."
        )),
        None => Ok(turns),
    }
}

/// Checks a question that stands alone, in the field `param`.
///
/// # Errors
/// 400 if it is empty or too long.
pub(in crate::http) fn check_question(
    question: &str,
    param: &str,
    limits: &HttpOptions,
) -> Result<(), ApiError> {
    let (length, most) = (question.chars().count(), limits.max_message_chars);
    if (1..=most).contains(&length) {
        return Ok(());
    }
    let message = format!("The question must have from 1 to {most} characters; this one has {length}.");
    Err(ApiError::invalid(message).at(param))
}
