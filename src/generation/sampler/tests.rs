//! The steps together: what the order, the mask and the random numbers promise.

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
fn greedy_takes_the_largest_and_the_lowest_id() {
    assert_eq!(draws(&Sampling::GREEDY, 3), [1, 1, 1]);
}

#[test]
fn a_seed_repeats_its_draws() {
    assert_eq!(draws(&warm(), 50), draws(&warm(), 50));
    assert_ne!(draws(&warm(), 50), draws(&Sampling { seed: 8, ..warm() }, 50));
}

#[test]
fn draws_follow_the_softmax_of_what_is_left() {
    // top_k leaves 1, 4 and 3, and min_p takes none of them: temperature comes after both, and flattens what is left.
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
    let biased = Sampling {
        logit_bias: vec![(5, 100.0)],
        ..Sampling::GREEDY
    };
    assert_eq!(draws(&biased, 1), [5]);
    // -4 + 100 is positive by then, and halved: still the largest. The other way round it would be -8 + 100.
    let both = Sampling {
        repetition_penalty: 2.0,
        logit_bias: vec![(5, 7.5)],
        ..Sampling::GREEDY
    };
    // 3.5 first; then 1.75 and 1 is the largest; then 1.0 and 4 is; then 3 is at 1.5, and 5 is not.
    assert_eq!(draws(&both, 4), [5, 1, 4, 5]);
    // No bias reaches over the mask.
    let mut sampler = Sampler::new(&biased, &[]);
    assert_eq!(sample(&mut sampler, Some(&mask(&[0, 2]))), 0);
}

#[test]
fn the_prompt_counts_for_repetition_only() {
    let first = |sampling: &Sampling, prompt: &[u32]| sample(&mut Sampler::new(sampling, prompt), None);
    assert_eq!(
        first(
            &Sampling {
                repetition_penalty: 2.0,
                ..Sampling::GREEDY
            },
            &[1, 4]
        ),
        3
    );
    let once = Sampling {
        presence_penalty: 2.0,
        frequency_penalty: 2.0,
        ..Sampling::GREEDY
    };
    assert_eq!(first(&once, &[1, 4]), 1);
    assert_eq!(draws(&once, 4), [1, 4, 3, 0]);
}

#[test]
fn every_token_takes_one_random_number() {
    // Whatever a step leaves to choose from, the draws after it are the same.
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
fn logprobs_are_the_model_s_own() {
    let sampling = Sampling {
        logprobs: Some(2),
        logit_bias: vec![(1, -100.0), (4, 100.0)],
        ..Sampling::GREEDY
    };
    let mut sampler = Sampler::new(&sampling, &[]);
    let choice = sampler
        .sample(&mut ROW.clone(), Some(&mask(&[2])))
        .expect("2 is allowed");
    let logprob = choice.logprob.expect("asked for");
    let normalizer = ROW.iter().map(|logit| f64::from(*logit).exp()).sum::<f64>().ln() as f32;
    assert_eq!(choice.token, 2);
    assert!((logprob.chosen - (-1.0 - normalizer)).abs() < 1e-5, "{logprob:?}");
    let tokens: Vec<u32> = logprob.top.iter().map(|(token, _)| *token).collect();
    assert_eq!(tokens, [1, 4]);
    assert_eq!(
        Sampler::new(&warm(), &[])
            .sample(&mut ROW.clone(), None)
            .expect("finite")
            .logprob,
        None
    );
}

#[test]
fn an_error_moves_nothing() {
    let mut sampler = Sampler::new(
        &Sampling {
            frequency_penalty: 1.0,
            ..warm()
        },
        &[],
    );
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
    assert_eq!(
        after,
        draws(
            &Sampling {
                frequency_penalty: 1.0,
                ..warm()
            },
            20
        )
    );
}

#[test]
fn settings_that_nobody_checked_do_not_panic() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 3.0, 0.0] {
        for top_k in [0, 2] {
            let settings = [
                Sampling {
                    temperature: bad,
                    ..warm()
                },
                Sampling {
                    top_p: bad,
                    top_k,
                    ..warm()
                },
                Sampling {
                    min_p: bad,
                    top_k,
                    ..warm()
                },
                Sampling {
                    min_p: bad,
                    top_p: 0.9,
                    ..warm()
                },
                Sampling {
                    repetition_penalty: bad,
                    top_k,
                    ..warm()
                },
                Sampling {
                    presence_penalty: bad,
                    frequency_penalty: bad,
                    top_k,
                    ..warm()
                },
                Sampling {
                    logit_bias: vec![(u32::MAX, 1.0), (0, bad)],
                    top_k,
                    ..warm()
                },
                Sampling {
                    logprobs: Some(usize::MAX),
                    top_k: usize::MAX,
                    ..warm()
                },
            ];
            for sampling in settings {
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
}
