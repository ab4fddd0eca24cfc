//! Which texts go through the model together. Pure: lengths in, positions out.
//!
//! A batch is as wide as its longest text, so texts of similar length belong together. The number of its tokens,
//! including padding, is bounded, so that sixty short questions and one long review cost about the same.

use std::collections::HashMap;

/// Positions into `lengths`, in batches: shortest texts first, each batch's `longest × texts` at most `budget`. A
/// text longer than the budget is a batch of its own. Equal lengths keep their order, so the same texts always
/// give the same batches.
pub(super) fn batches(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&position| lengths[position]);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for position in order {
        match batches.last_mut() {
            // Lengths rise, so this text would be the batch's longest.
            Some(batch) if (batch.len() + 1) * lengths[position] <= budget => batch.push(position),
            _ => batches.push(vec![position]),
        }
    }
    batches
}

/// Each different text once, and for every text its position among them. Reviews repeat ("Good product") by the
/// thousand, and equal texts then have equal vectors to the last bit, whatever batch they would have been in.
pub(crate) fn distinct<'a>(texts: &[&'a str]) -> (Vec<&'a str>, Vec<usize>) {
    let mut seen = HashMap::with_capacity(texts.len());
    let mut different = Vec::new();
    let positions = texts.iter().map(|&text| {
        *seen.entry(text).or_insert_with(|| {
            different.push(text);
            different.len() - 1
        })
    });
    let positions = positions.collect();
    (different, positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_rise_in_length_and_keep_to_the_budget() {
        let table = [
            (vec![], 8, vec![]),
            (vec![3, 1, 2], 6, vec![vec![1, 2], vec![0]]),
            (vec![3, 1, 2], 9, vec![vec![1, 2, 0]]),
            (vec![20, 2, 2], 8, vec![vec![1, 2], vec![0]]),
            (vec![4, 4, 4], 8, vec![vec![0, 1], vec![2]]),
            (vec![9, 9], 8, vec![vec![0], vec![1]]),
        ];
        for (lengths, budget, expected) in table {
            assert_eq!(batches(&lengths, budget), expected, "{lengths:?} within {budget}");
        }
    }

    #[test]
    fn equal_texts_are_encoded_once() {
        let (different, positions) = distinct(&["good", "bad", "good", "good ", "bad"]);
        assert_eq!(different, ["good", "bad", "good "]);
        assert_eq!(positions, [0, 1, 0, 2, 1]);
    }
}
