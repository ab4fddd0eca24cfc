//! Many generations at once: a text does not depend on other generations, on the cache, or on drafts.

use proptest::prelude::*;
use tokio::sync::mpsc::Receiver;

use super::model::BLOCK;
use super::model::scripted::{CONTEXT, Voice};
use super::sampler::Sampling;
use super::testing::{AMPLE, Bench, Door, alone, collect, ending, gated, options, request};
use super::{EngineOptions, GenerationEvent, Reason, Request};

/// A prompt of letters: `length` tokens, of which the first `shared` are the same for every `which`.
fn prompt(which: u32, shared: usize, length: usize) -> Vec<u32> {
    let letter = |at: usize| match at < shared {
        true => 97 + (at * at % 23) as u32,
        false => 97 + (at as u32 * (which + 3) + which) % 26,
    };
    (0..length).map(letter).collect()
}

/// Random choices, so that the text depends on every random number.
fn warm(seed: u64) -> Sampling {
    Sampling {
        temperature: 0.7,
        top_k: 20,
        seed,
        ..Sampling::GREEDY
    }
}

/// A copy of a request: constraints cannot be copied, so `Request` has no `Clone`.
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

/// Greedy choices for even numbers, random ones for odd numbers.
fn mixed(which: u32) -> Sampling {
    match which % 2 {
        0 => Sampling::GREEDY,
        _ => warm(u64::from(which)),
    }
}

/// The expected text and end of each request.
fn each_alone(requests: &[Request]) -> Vec<(String, Reason)> {
    requests
        .iter()
        .map(|request| alone(&Voice::Noise, request))
        .collect()
}

/// Submits all requests before the first step, and waits for the ends of all.
fn together(bench: &Bench, door: Door, requests: &[Request]) -> Vec<(String, Reason)> {
    let receivers: Vec<Receiver<GenerationEvent>> =
        requests.iter().map(|request| bench.ask(again(request))).collect();
    drop(door);
    receivers.into_iter().map(ending).collect()
}

#[test]
fn generations_together_give_the_same_texts_as_each_alone() {
    let requests: Vec<Request> = (0..8)
        .map(|which| Request {
            sampling: mixed(which),
            ..request(prompt(which, 40, 30 + 20 * which as usize))
        })
        .collect();
    let expected = each_alone(&requests);
    assert!(
        expected.iter().map(|(text, _)| text.len()).sum::<usize>() > 100,
        "the texts are too short to compare: {expected:?}"
    );
    for options in [AMPLE, without_drafts(AMPLE), options(3, 8, 40), options(8, 8, 17)] {
        let (bench, door) = gated(Voice::Noise, options);
        assert_eq!(together(&bench, door, &requests), expected, "{options:?}");
    }
}

#[test]
fn cached_tokens_are_not_read_again_and_change_nothing() {
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

    // The next turn of the conversation finds the answer in the cache, too.
    let answer: Vec<u32> = text.bytes().map(u32::from).collect();
    assert!(answer.len() > BLOCK, "{text:?}");
    let next = [first, answer, vec![98, 97, 99]].concat();
    let expected = alone(&Voice::Noise, &request(next.clone()));
    let blocks = (next.len() - 4) / BLOCK * BLOCK;
    let (text, finished) = bench.answer(request(next));
    assert_eq!((text, finished.reason), expected);
    assert_eq!(finished.cached_tokens, blocks);
}

#[test]
fn prompts_with_the_same_beginning_compute_it_once() {
    let (bench, door) = gated(Voice::Noise, AMPLE);
    let requests: Vec<Request> = (0..8)
        .map(|which| Request {
            max_tokens: 1,
            ..request(prompt(which, 96, 96 + 8))
        })
        .collect();
    let expected = each_alone(&requests);
    assert_eq!(together(&bench, door, &requests), expected);
    assert_eq!(bench.reads(), 96 + 8 * 8);
}

#[test]
fn drafts_are_accepted_and_change_nothing() {
    let texts = [AMPLE, without_drafts(AMPLE)].map(|options| {
        let bench = Bench::new(Voice::Noise, options);
        let mut drafted = (0, 0);
        let texts: Vec<String> = (0..12)
            .map(|which| {
                let (text, finished) = bench.answer(Request {
                    sampling: mixed(which),
                    ..request(prompt(which, 10, 60))
                });
                drafted.0 += finished.draft_tokens;
                drafted.1 += finished.accepted_tokens;
                text
            })
            .collect();
        assert!(drafted.1 <= drafted.0);
        assert_eq!(drafted.1 > 20, options.lookup, "{drafted:?} of {texts:?}");
        assert!(!options.lookup || drafted.1 < drafted.0, "no draft was wrong");
        texts
    });
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn one_step_reads_all_running_generations_and_a_part_of_a_long_prompt() {
    let (bench, door) = gated(Voice::Noise, without_drafts(AMPLE));
    let first = bench.ask(request(prompt(0, 0, 20)));
    assert_eq!(door.step(), [(0, 20)]);
    let second = bench.ask(request(prompt(1, 0, 20)));
    let long = bench.ask(request(prompt(2, 0, 200)));
    door.open();
    // While a generation decodes, prompts share 96 rows: 20 of the first, and whole blocks of the rest.
    assert_eq!(door.step(), [(20, 1), (0, 20), (0, 64)]);
    door.open();
    assert_eq!(door.step(), [(21, 1), (20, 1), (64, 96)]);
    door.open();
    assert_eq!(door.step(), [(22, 1), (21, 1), (160, 40)]);
    door.open();
    assert_eq!(door.step(), [(23, 1), (22, 1), (200, 1)]);
    drop((first, second));
    door.open();
    assert_eq!(door.step(), [(201, 1)], "a client that left is in no step");
    drop(door);
    collect(long);
}

#[test]
fn a_tiny_cache_evicts_blocks_and_changes_nothing() {
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
            assert_eq!(ending(receiver), alone(&Voice::Noise, request));
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

    /// For any requests in any order, any room, and any clients that leave: every accepted request ends once, and each
    /// client that stays gets the text that it would have got alone.
    #[test]
    fn random_requests_get_their_texts(
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
                None => Some(ending(receiver)),
            })
        }).collect();
        for (thread, visit) in threads.into_iter().zip(&visits) {
            let Some(ending) = thread.join().expect("no client panics") else { continue };
            prop_assert_eq!(ending, alone(&Voice::Noise, &visit.request()), "{:?}", visit);
        }
        // The engine notices the clients that left, too: in the end every place is free again.
        while bench.engine.open() > 0 {
            std::thread::yield_now();
        }
    }
}
