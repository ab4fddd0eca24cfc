//! Many generations at once: a text does not depend on what runs beside it, on what is cached, or on drafts.

use proptest::prelude::*;
use tokio::sync::mpsc::Receiver;

use super::model::BLOCK;
use super::model::scripted::{CONTEXT, Voice};
use super::sampler::Sampling;
use super::testing::{AMPLE, Bench, Door, alone, collect, gated, options, request};
use super::{EngineOptions, GenerationEvent, Reason, Request};

/// A prompt of letters: `length` tokens, of which the first `shared` are the same for every `which`.
fn prompt(which: u32, shared: usize, length: usize) -> Vec<u32> {
    let letter = |at: usize| match at < shared {
        true => 97 + (at * at % 23) as u32,
        false => 97 + (at as u32 * (which + 3) + which) % 26,
    };
    (0..length).map(letter).collect()
}

/// Warm, so that the text depends on every random number.
fn warm(seed: u64) -> Sampling {
    Sampling {
        temperature: 0.7,
        top_k: 20,
        seed,
        ..Sampling::GREEDY
    }
}

/// The same request again: requests hold constraints, which cannot be copied.
fn again(request: &Request) -> Request {
    Request {
        prompt: request.prompt.clone(),
        stop: request.stop.clone(),
        sampling: request.sampling.clone(),
        constraint: None,
        ..*request
    }
}

fn without_drafts(options: EngineOptions) -> EngineOptions {
    EngineOptions {
        lookup: false,
        ..options
    }
}

/// Lets all requests in before the first step, and waits for the ends of all.
fn together(bench: &Bench, door: Door, requests: &[Request]) -> Vec<(String, Reason)> {
    let receivers: Vec<Receiver<GenerationEvent>> =
        requests.iter().map(|request| bench.ask(again(request))).collect();
    drop(door);
    let told = receivers.into_iter().map(|receiver| {
        let (_, text, finished) = collect(receiver);
        (text, finished.reason)
    });
    told.collect()
}

#[test]
fn together_they_say_what_each_says_alone() {
    let requests: Vec<Request> = (0..8)
        .map(|which| Request {
            sampling: if which % 2 == 0 {
                Sampling::GREEDY
            } else {
                warm(u64::from(which))
            },
            ..request(prompt(which, 40, 30 + 20 * which as usize))
        })
        .collect();
    let expected: Vec<_> = requests
        .iter()
        .map(|request| alone(&Voice::Noise, request))
        .collect();
    assert!(
        expected.iter().map(|(text, _)| text.len()).sum::<usize>() > 100,
        "there is something to compare: {expected:?}"
    );
    for options in [AMPLE, without_drafts(AMPLE), options(3, 8, 40), options(8, 8, 17)] {
        let (bench, door) = gated(Voice::Noise, options);
        assert_eq!(together(&bench, door, &requests), expected, "{options:?}");
    }
}

#[test]
fn what_is_cached_is_not_read_again_and_changes_nothing() {
    let bench = Bench::new(Voice::Noise, without_drafts(AMPLE));
    let first = prompt(0, 0, 100);
    let (text, cold) = bench.answer(request(first.clone()));
    let cold_reads = bench.reads();
    let (same, warm) = bench.answer(request(first.clone()));
    assert_eq!(text, same);
    assert_eq!(
        (cold.cached_tokens, warm.cached_tokens),
        (0, 96),
        "whole blocks of 99"
    );
    assert_eq!(cold_reads - bench.reads(), 96);

    // The next turn of the conversation finds the answer, too.
    let said: Vec<u32> = text.bytes().map(u32::from).collect();
    assert!(said.len() > BLOCK, "{text:?}");
    let next = [first, said, vec![98, 97, 99]].concat();
    let expected = alone(&Voice::Noise, &request(next.clone()));
    let blocks = (next.len() - 4) / BLOCK * BLOCK;
    let (text, finished) = bench.answer(request(next));
    assert_eq!((text, finished.reason), expected);
    assert_eq!(finished.cached_tokens, blocks);
}

#[test]
fn users_with_the_same_beginning_compute_it_once() {
    let (bench, door) = gated(Voice::Noise, AMPLE);
    let requests: Vec<Request> = (0..8)
        .map(|which| Request {
            max_tokens: 1,
            ..request(prompt(which, 96, 96 + 8))
        })
        .collect();
    let expected: Vec<_> = requests
        .iter()
        .map(|request| alone(&Voice::Noise, request))
        .collect();
    assert_eq!(together(&bench, door, &requests), expected);
    assert_eq!(bench.reads(), 96 + 8 * 8);
}

#[test]
fn drafts_make_it_faster_and_change_nothing() {
    let texts = [AMPLE, without_drafts(AMPLE)].map(|options| {
        let bench = Bench::new(Voice::Noise, options);
        let mut drafted = (0, 0);
        let texts: Vec<String> = (0..12)
            .map(|which| {
                let sampling = if which < 6 {
                    Sampling::GREEDY
                } else {
                    warm(u64::from(which))
                };
                let (text, finished) = bench.answer(Request {
                    sampling,
                    ..request(prompt(which, 10, 60))
                });
                drafted.0 += finished.draft_tokens;
                drafted.1 += finished.accepted_tokens;
                text
            })
            .collect();
        assert!(drafted.1 <= drafted.0);
        assert_eq!(drafted.1 > 20, options.lookup, "{drafted:?} of {texts:?}");
        assert!(!options.lookup || drafted.1 < drafted.0, "some drafts were wrong");
        texts
    });
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn one_step_reads_all_who_run_and_a_long_prompt_in_pieces() {
    let (bench, door) = gated(Voice::Noise, without_drafts(AMPLE));
    let first = bench.ask(request(prompt(0, 0, 20)));
    assert_eq!(door.step(), [(0, 20)]);
    let second = bench.ask(request(prompt(1, 0, 20)));
    let long = bench.ask(request(prompt(2, 0, 200)));
    door.open();
    // While somebody speaks, prompts share 96 rows: 20 of the first, and whole blocks of what is left.
    assert_eq!(door.step(), [(20, 1), (0, 20), (0, 64)]);
    door.open();
    assert_eq!(door.step(), [(21, 1), (20, 1), (64, 96)]);
    door.open();
    assert_eq!(door.step(), [(22, 1), (21, 1), (160, 40)]);
    door.open();
    assert_eq!(door.step(), [(23, 1), (22, 1), (200, 1)]);
    drop((first, second));
    door.open();
    assert_eq!(door.step(), [(201, 1)], "those who left are in no step");
    drop(door);
    collect(long);
}

#[test]
fn a_tiny_cache_forgets_and_goes_on() {
    // Room for one prompt and its answer, and hardly more.
    let bench = Bench::new(Voice::Noise, options(4, 16, 9));
    let requests: Vec<Request> = (0..6)
        .map(|which| Request {
            max_tokens: 30,
            ..request(prompt(which, 32, 100))
        })
        .collect();
    for _ in 0..3 {
        let receivers: Vec<_> = requests.iter().map(|request| bench.ask(again(request))).collect();
        for (receiver, request) in receivers.into_iter().zip(&requests) {
            let (_, text, finished) = collect(receiver);
            assert_eq!((text, finished.reason), alone(&Voice::Noise, request));
        }
    }
}

/// A request among others, and after how many of its events its client leaves.
#[derive(Debug, Clone)]
struct Visit {
    which: u32,
    shared: usize,
    length: usize,
    max_tokens: usize,
    seed: Option<u64>,
    leaves_after: Option<usize>,
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let visit = (
        0_u32..4,
        0_usize..80,
        1_usize..CONTEXT,
        0_usize..60,
        prop::option::of(0_u64..3),
        prop::option::weighted(0.3, 0_usize..12),
    );
    let visit = visit.prop_map(|(which, shared, length, max_tokens, seed, leaves_after)| Visit {
        which,
        shared,
        length,
        max_tokens,
        seed,
        leaves_after,
    });
    prop::collection::vec(visit, 1..14)
}

impl Visit {
    fn request(&self) -> Request {
        Request {
            max_tokens: self.max_tokens,
            sampling: self.seed.map_or(Sampling::GREEDY, warm),
            ..request(prompt(self.which, self.shared, self.length))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever comes, in whatever order, however little room there is, whoever leaves: every accepted request ends
    /// once, and whoever stays hears what it would have heard alone.
    #[test]
    fn a_random_crowd_is_served(
        visits in visits(),
        running in 1_usize..6,
        blocks in CONTEXT / BLOCK..3 * CONTEXT / BLOCK,
        lookup in any::<bool>(),
    ) {
        let options = EngineOptions { lookup, ..options(running, 14, blocks) };
        let bench = Bench::new(Voice::Noise, options);
        let threads: Vec<_> = visits.iter().map(|visit| {
            let mut receiver = bench.ask(visit.request());
            let leaves_after = visit.leaves_after;
            std::thread::spawn(move || match leaves_after {
                Some(events) => {
                    (0..events).for_each(|_| drop(receiver.blocking_recv()));
                    None
                }
                None => Some(collect(receiver)),
            })
        }).collect();
        for (thread, visit) in threads.into_iter().zip(&visits) {
            let Some((_, text, finished)) = thread.join().expect("no client panics") else { continue };
            let expected = alone(&Voice::Noise, &visit.request());
            prop_assert_eq!((text, finished.reason), expected, "{:?}", visit);
        }
        // Those who left are noticed, too: in the end every place is free again.
        while bench.engine.open() > 0 {
            std::thread::yield_now();
        }
    }
}
