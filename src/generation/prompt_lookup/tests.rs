//! Whole texts: what drafts save if the text quotes its prompt, and what they cost if it does not.

use super::*;

/// Generates `text` after `prompt` as the engine does: each step accepts the right tokens of the draft. Returns the
/// number of steps and of drafted tokens.
fn generate(prompt: &[u32], text: &[u32], room: usize) -> (usize, usize) {
    let mut lookup = PromptLookup::new(prompt);
    let whole = [prompt, text].concat();
    let (mut at, mut steps, mut drafted) = (prompt.len(), 0, 0);
    while at < whole.len() {
        let draft = lookup.draft(&whole[..at], room);
        assert!(draft.len() <= room);
        let accepted = draft
            .iter()
            .zip(&whole[at..])
            .take_while(|(draft, real)| draft == real)
            .count();
        lookup.outcome(draft.len(), accepted);
        // After the accepted tokens comes the model's own choice.
        (at, steps, drafted) = (at + accepted + 1, steps + 1, drafted + draft.len());
    }
    (steps, drafted)
}

/// A pseudo-random text over a vocabulary of this size.
fn scatter(seed: u32, length: u32, vocabulary: u32) -> Vec<u32> {
    let hash = |i: u32| {
        i.wrapping_mul(2_654_435_761)
            .rotate_left(16)
            .wrapping_mul(0x9e37_79b1)
            >> 8
    };
    (seed..seed + length).map(|i| hash(i) % vocabulary).collect()
}

#[test]
fn a_quotation_takes_few_steps() {
    let prompt = scatter(0, 800, 40_000);
    let [before, after] = [9_000, 9_100].map(|seed| scatter(seed, 10, 40_000));
    let text = [&before, &prompt[300..360], &after].concat();
    let (steps, _) = generate(&prompt, &text, 100);
    // 20 steps for the new tokens, 2 to recognise the quotation, then drafts of 3, 7, 11, 11…
    assert!(steps <= 30, "{steps} steps for 80 tokens");
}

#[test]
fn text_that_never_repeats_is_never_drafted() {
    let all: Vec<u32> = (0..1500).collect();
    assert_eq!(generate(&all[..1000], &all[1000..], 100), (500, 0));
}

#[test]
fn misleading_matches_cost_less_than_a_hundredth() {
    // 12 different tokens: nearly every pair has a match, but the tokens after it are random.
    let (prompt, text) = (scatter(0, 800, 12), scatter(5_000, 400, 12));
    let (steps, drafted) = generate(&prompt, &text, 100);
    let rows = steps as f64 + 0.15 * drafted as f64;
    assert!(
        drafted > 0 && rows < 1.01 * 400.0,
        "{rows} rows, {drafted} drafted"
    );
}

#[test]
fn drafts_are_no_longer_than_the_room() {
    let prompt: Vec<u32> = (0..100).collect();
    for room in [0, 1, 3, 5] {
        let (steps, drafted) = generate(&prompt, &prompt, room);
        assert_eq!(drafted == 0, room == 0);
        assert!(steps >= 100 / (room + 1), "{steps} steps with room for {room}");
    }
    let mut lookup = PromptLookup::new(&[]);
    assert_eq!(lookup.draft(&[], 5), [0; 0]);
    assert_eq!(lookup.draft(&[1], 5), [0; 0]);
}

#[test]
fn a_quotation_after_failures_is_drafted_again() {
    let prompt = [scatter(0, 400, 12), (100..200).collect()].concat();
    let text = [scatter(5_000, 100, 12), (100..200).collect()].concat();
    let (steps, _) = generate(&prompt, &text, 100);
    assert!(
        steps < 100 + 60,
        "{steps} steps for 200 tokens, half of them quoted"
    );
}
