//! The steps together: their order, the mask and the random numbers.

use super::*;

const ROW: [f32; 6] = [0.5, 2.0, -1.0, 1.5, 2.0, -4.0];

fn warm() -> Sampling {
    Sampling {
        temperature: 1.0,
        seed: 7,
        ..Sampling::GREEDY
    }
}

fn sample(sampler: &mut Sampler, allowed: Option<&Mask>) -> u32 {
    sampler
        .sample(&mut ROW.clone(), allowed)
        .expect("six finite logits")
        .token
}

fn draws(sampling: &Sampling, count: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(sampling, &[]);
    (0..count).map(|_| sample(&mut sampler, None)).collect()
}

fn mask(tokens: &[u32]) -> Mask {
    let mut mask = Mask::none(ROW.len());
    assert!(tokens.iter().all(|token| mask.allow(*token)));
    mask
}

#[test]
fn greedy_takes_the_largest_logit_and_of_equals_the_lowest_id() {
    assert_eq!(draws(&Sampling::GREEDY, 3), [1, 1, 1]);
}

#[test]
fn a_seed_repeats_its_draws() {
    assert_eq!(draws(&warm(), 50), draws(&warm(), 50));
    assert_ne!(draws(&warm(), 50), draws(&Sampling { seed: 8, ..warm() }, 50));
}

#[test]
fn draws_follow_the_softmax_of_the_tokens_that_are_left() {
    // top_k leaves 1, 4 and 3, and min_p removes none of them. Temperature comes after both and flattens the rest.
    let sampling = Sampling {
        temperature: 2.0,
        top_k: 3,
        min_p: 0.5,
        ..warm()
    };
    let weights = [0.0, 1.0, 0.0, (-0.25f64).exp(), 1.0, 0.0];
    let all: f64 = weights.iter().sum();
    let drawn = draws(&sampling, 50_000);
    for (token, weight) in (0..).zip(weights) {
        let share = drawn.iter().filter(|drawn| **drawn == token).count() as f64 / drawn.len() as f64;
        // Four standard deviations of a share of a half at most.
        assert!(
            (share - weight / all).abs() < 0.009,
            "{token}: {share} for {}",
            weight / all
        );
    }
}

#[test]
fn bias_comes_before_penalties_and_the_mask_last() {
    let biased = Sampling::with(|s| s.logit_bias = vec![(5, 100.0)]);
    assert_eq!(draws(&biased, 1), [5]);
    // The bias comes first: -4 + 7.5 is positive and is halved by the penalty. In the other order, -4 would be doubled.
    let both = Sampling {
        repetition_penalty: 2.0,
        logit_bias: vec![(5, 7.5)],
        ..Sampling::GREEDY
    };
    // Token 5 has 3.5 at first, and 1.75 once it was chosen; then token 1 is the largest, and then token 4. Now both of
    // them have 1.0, token 3 has 1.5, and token 5 is the largest with 1.75.
    assert_eq!(draws(&both, 4), [5, 1, 4, 5]);
    // No bias overrules the mask.
    let mut sampler = Sampler::new(&biased, &[]);
    assert_eq!(sample(&mut sampler, Some(&mask(&[0, 2]))), 0);
}

#[test]
fn the_prompt_counts_for_repetition_only() {
    let first = |sampling: &Sampling, prompt: &[u32]| sample(&mut Sampler::new(sampling, prompt), None);
    let repetition = Sampling::with(|s| s.repetition_penalty = 2.0);
    assert_eq!(first(&repetition, &[1, 4]), 3);
    let once = Sampling::with(|s| (s.presence_penalty, s.frequency_penalty) = (2.0, 2.0));
    assert_eq!(first(&once, &[1, 4]), 1);
    assert_eq!(draws(&once, 4), [1, 4, 3, 0]);
}

#[test]
fn every_token_takes_one_random_number() {
    // The draws after a step are the same, whatever the step could choose from.
    let free = draws(&warm(), 40);
    for narrow in [vec![2], vec![0, 5], (0..6).collect()] {
        let mut sampler = Sampler::new(&warm(), &[]);
        for (step, token) in free.iter().enumerate() {
            if step % 3 == 0 {
                assert!(narrow.contains(&sample(&mut sampler, Some(&mask(&narrow)))));
            } else {
                assert_eq!(sample(&mut sampler, None), *token, "{step} beside {narrow:?}");
            }
        }
    }
}

#[test]
fn logprobs_are_those_of_the_model() {
    let sampling = Sampling {
        logprobs: Some(2),
        logit_bias: vec![(1, -100.0), (4, 100.0)],
        ..Sampling::GREEDY
    };
    let mut sampler = Sampler::new(&sampling, &[]);
    let choice = sampler
        .sample(&mut ROW.clone(), Some(&mask(&[2])))
        .expect("2 is allowed");
    let logprob = choice.logprob.expect("requested");
    let normalizer = ROW.iter().map(|logit| f64::from(*logit).exp()).sum::<f64>().ln() as f32;
    assert_eq!(choice.token, 2);
    assert!((logprob.chosen - (-1.0 - normalizer)).abs() < 1e-5, "{logprob:?}");
    let tokens: Vec<u32> = logprob.top.iter().map(|(token, _)| *token).collect();
    assert_eq!(tokens, [1, 4]);
    let unasked = Sampler::new(&warm(), &[]).sample(&mut ROW.clone(), None);
    assert_eq!(unasked.expect("finite").logprob, None);
}

#[test]
fn an_error_changes_neither_counts_nor_random_numbers() {
    let sampling = Sampling {
        frequency_penalty: 1.0,
        ..warm()
    };
    let mut sampler = Sampler::new(&sampling, &[]);
    let mut broken = ROW;
    broken[5] = f32::NAN;
    let cases: [(&mut [f32], Option<Mask>, SampleError); 4] = [
        (&mut broken, None, SampleError::NotFinite),
        (&mut [], None, SampleError::NothingAllowed),
        (&mut ROW.clone(), Some(mask(&[])), SampleError::NothingAllowed),
        (
            &mut ROW.clone(),
            Some(Mask::none(7)),
            SampleError::MaskLength { mask: 7, logits: 6 },
        ),
    ];
    for (logits, allowed, error) in cases {
        assert_eq!(sampler.sample(logits, allowed.as_ref()), Err(error));
    }
    let after: Vec<u32> = (0..20).map(|_| sample(&mut sampler, None)).collect();
    assert_eq!(after, draws(&sampling, 20));
}

#[test]
fn unchecked_settings_do_not_panic() {
    let changes: [fn(&mut Sampling, f32); 8] = [
        |s, bad| s.temperature = bad,
        |s, bad| s.top_p = bad,
        |s, bad| s.min_p = bad,
        |s, bad| (s.min_p, s.top_p) = (bad, 0.9),
        |s, bad| s.repetition_penalty = bad,
        |s, bad| (s.presence_penalty, s.frequency_penalty) = (bad, bad),
        |s, bad| s.logit_bias = vec![(u32::MAX, 1.0), (0, bad)],
        |s, _| (s.logprobs, s.top_k) = (Some(usize::MAX), usize::MAX),
    ];
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 3.0, 0.0] {
        for (change, top_k) in changes.into_iter().flat_map(|change| [(change, 0), (change, 2)]) {
            let mut sampling = Sampling { top_k, ..warm() };
            change(&mut sampling, bad);
            let mut sampler = Sampler::new(&sampling, &[0, u32::MAX]);
            for _ in 0..3 {
                match sampler.sample(&mut ROW.clone(), None) {
                    Ok(choice) => assert!((choice.token as usize) < ROW.len(), "{sampling:?}"),
                    Err(error) => assert_eq!(error, SampleError::NotFinite, "{sampling:?}"),
                }
            }
        }
    }
}
