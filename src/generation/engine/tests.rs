//! One or a few generations: what they are told, how they end, and what the engine refuses.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc::Receiver;

use crate::generation::constraint::{JsonSchema, TokenTrie};
use crate::generation::model::BLOCK;
use crate::generation::model::scripted::{CONTEXT, END, NONSENSE, POISON, SHOCK, Voice};
use crate::generation::sampler::Sampling;
use crate::generation::testing::{
    AMPLE, Bench, byte_tokenizer, collect, gated, options, prompt, request, script,
};
use crate::generation::{Engine, GenerationEvent, Reason, Request, SubmitError};

impl Engine {
    /// Generations that were accepted and have not ended.
    pub fn open(&self) -> usize {
        self.state.open()
    }
}

/// A request for a script of its own length.
fn ask(length: usize) -> Request {
    request(prompt(length))
}

fn reason(receiver: Receiver<GenerationEvent>) -> Reason {
    collect(receiver).2.reason
}

#[test]
fn a_generation_says_its_text_and_ends_once() {
    let bench = Bench::new(script("hello ₹"), AMPLE);
    let (events, text, finished) = collect(bench.ask(ask(300 - CONTEXT)));
    assert_eq!(text, "hello ₹");
    assert_eq!(
        (finished.reason, finished.generated_tokens),
        (Reason::Stop, "hello ₹".len())
    );
    let first = GenerationEvent::Queued {
        ahead: 0,
        wait: Duration::ZERO,
    };
    assert_eq!(events[0], first);
    let is_progress = |event: &&GenerationEvent| matches!(event, GenerationEvent::Progress { .. });
    let last = GenerationEvent::Progress {
        processed: 44,
        total: 44,
    };
    assert_eq!(events.iter().rfind(is_progress), Some(&last));
    let times = [finished.queue, finished.prefill, finished.decode];
    assert!(finished.first_token.is_some_and(|first| first <= finished.total));
    assert!(times.iter().sum::<Duration>() <= finished.total, "{finished:?}");
}

#[test]
fn limits_and_stop_texts_end_it() {
    let bench = Bench::new(script("one two three"), AMPLE);
    let cut = |max_tokens, stop: &[&str]| {
        let stop = stop.iter().map(|stop| stop.to_string()).collect();
        let (text, finished) = bench.answer(Request {
            max_tokens,
            stop,
            ..ask(2)
        });
        (text, finished.reason, finished.generated_tokens)
    };
    assert_eq!(cut(5, &[]), ("one t".into(), Reason::Length, 5));
    assert_eq!(cut(0, &[]), (String::new(), Reason::Length, 0));
    assert_eq!(cut(100, &[" thr"]), ("one two".into(), Reason::Stop, 11));
    // The context ends it, too: the last two tokens that it holds.
    let (text, finished) = bench.answer(ask(CONTEXT - 2));
    assert_eq!((text.as_str(), finished.reason), ("on", Reason::Length));
}

#[test]
fn a_prompt_that_can_never_fit_is_refused_with_the_limit() {
    for (options, context) in [(AMPLE, CONTEXT), (options(1, 1, 3), 3 * BLOCK)] {
        let bench = Bench::new(script("x"), options);
        assert_eq!(bench.engine.context_length(), context);
        let refused = bench.engine.generate(ask(context)).expect_err("too long");
        assert!(matches!(refused, SubmitError::TooLong(_)));
        assert!(
            refused.to_string().contains(&format!("{context} at most")),
            "{refused}"
        );
        let (text, _) = bench.answer(ask(context - 1));
        assert_eq!(text, "x", "one token fits");
    }
}

#[test]
fn a_failing_model_ends_those_who_run_and_not_the_engine() {
    let (bench, door) = gated(script("fine"), options(2, 2, 64));
    let before = bench.ask(ask(20));
    assert_eq!(door.step(), [(0, 20)]);
    let mut poisoned = prompt(20);
    poisoned[5] = POISON;
    let poisoned = bench.ask(request(poisoned));
    let waiting = bench.ask(ask(20));
    door.open();
    drop(door);
    assert_eq!(reason(before), Reason::Error, "it ran when the model failed");
    assert_eq!(reason(poisoned), Reason::Error);
    let (_, text, finished) = collect(waiting);
    assert_eq!((text.as_str(), finished.reason), ("fine", Reason::Stop));
    assert_eq!(finished.cached_tokens, 0, "nothing is trusted after a failure");
}

#[test]
fn a_model_that_panics_ends_its_generations_and_not_the_engine() {
    let bench = Bench::new(script("fine"), AMPLE);
    assert_eq!(reason(bench.ask(request([9, 9, SHOCK]))), Reason::Error);
    assert_eq!(collect(bench.ask(ask(20))).1, "fine");
}

#[test]
fn logits_that_are_no_numbers_end_one_generation() {
    let (bench, door) = gated(script("fine"), AMPLE);
    let nonsense = bench.ask(request([9, 9, NONSENSE]));
    door.step();
    let other = bench.ask(ask(20));
    drop(door);
    assert_eq!(reason(nonsense), Reason::Error);
    assert_eq!(collect(other).1, "fine");
}

#[test]
fn a_full_waiting_room_refuses_at_once_and_says_when_to_come_back() {
    let (bench, door) = gated(script("x"), options(1, 1, 64));
    let (first, second) = (bench.ask(ask(200)), bench.ask(ask(2)));
    let refused = bench.engine.generate(ask(2)).expect_err("both places are taken");
    let SubmitError::Overloaded(busy) = refused else {
        panic!("{refused}")
    };
    assert!(busy.retry_after_seconds >= 1);
    drop(door);
    assert_eq!(collect(first).1, "x");
    // Its place is free before its end is told.
    let third = bench.ask(ask(2));
    assert_eq!((collect(second).1, collect(third).1), ("x".into(), "x".into()));
}

#[test]
fn a_client_that_leaves_is_noticed_before_the_next_step() {
    let (bench, door) = gated(script("never to be said"), options(1, 2, 64));
    let [in_prompt, waiting, in_answer] = [ask(250), ask(200), ask(3)].map(|request| bench.ask(request));
    // A prompt that takes two steps.
    assert!(matches!(door.step()[..], [(0, 240 | 250)]), "in whole blocks");
    drop((in_prompt, waiting));
    door.open();
    let mut in_answer = in_answer;
    let mut step = door.step();
    if step == [(240, 10)] {
        panic!("an abandoned prompt is read on");
    }
    assert_eq!(step, [(0, 3)], "the one that waited is not read either");
    door.open();
    step = door.step();
    assert_eq!(step, [(3, 1)]);
    loop {
        match in_answer.try_recv() {
            Ok(GenerationEvent::Text(_)) => break,
            Ok(_) => {}
            Err(error) => panic!("{error}: a token was said"),
        }
    }
    drop(in_answer);
    let next = bench.ask(ask(5));
    door.open();
    assert_eq!(door.step(), [(0, 5)]);
    drop(door);
    assert_eq!(collect(next).1, "never to be said");
}

#[test]
fn a_deadline_keeps_what_was_said() {
    let (bench, door) = gated(script("more than there is time for"), options(1, 1, 64));
    let deadline = Instant::now() + Duration::from_millis(20);
    let running = bench.ask(Request {
        deadline: Some(deadline),
        ..ask(3)
    });
    let waiting = bench.ask(Request {
        deadline: Some(deadline),
        ..ask(3)
    });
    door.step();
    door.open();
    door.step();
    while Instant::now() < deadline {
        std::thread::yield_now();
    }
    drop(door);
    let (_, text, finished) = collect(running);
    assert!(!text.is_empty() && text.len() < 5, "{text:?}");
    assert_eq!(
        (finished.reason, finished.reason.as_str()),
        (Reason::Deadline, "length")
    );
    let (events, text, finished) = collect(waiting);
    assert_eq!((text.as_str(), finished.reason), ("", Reason::Deadline));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, GenerationEvent::Progress { .. }))
    );
}

#[test]
fn those_who_wait_are_told_when_they_move_up() {
    let (bench, door) = gated(script("x"), options(1, 3, 64));
    let requests = [ask(2), ask(3), ask(4)].map(|request| bench.ask(request));
    drop(door);
    let places = requests.map(|receiver| {
        let events = collect(receiver).0.into_iter();
        let place = |event| match event {
            GenerationEvent::Queued { ahead, wait } => Some((ahead, wait > Duration::ZERO)),
            _ => None,
        };
        events.filter_map(place).collect::<Vec<_>>()
    });
    assert_eq!(places[0], [(0, false)]);
    assert_eq!(places[1], [(0, true)]);
    assert_eq!(places[2], [(1, true), (0, true)]);
}

#[test]
fn probabilities_come_before_the_text_of_their_token() {
    let bench = Bench::new(script("ab"), AMPLE);
    let sampling = Sampling {
        logprobs: Some(2),
        ..Sampling::GREEDY
    };
    let (events, ..) = collect(bench.ask(Request { sampling, ..ask(2) }));
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            GenerationEvent::Logprobs { token, logprobs } => {
                assert_eq!(logprobs.top.len(), 2);
                assert_eq!(logprobs.top[0], (*token, logprobs.chosen));
                Some(format!("{token}"))
            }
            GenerationEvent::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    // The end of the turn has probabilities and no text.
    assert_eq!(told, ["97", "a", "98", "b", "0"]);
}

#[test]
fn a_constraint_is_kept_and_ends_the_text() {
    let bench = Bench::new(Voice::Noise, AMPLE);
    let vocabulary = TokenTrie::new(&byte_tokenizer(), &[END]).expect("256 tokens");
    let form = JsonSchema::new(&json!({"enum": ["yes", "no"]}), &vocabulary).expect("two answers");
    let (text, finished) = bench.answer(Request {
        constraint: Some(Box::new(form)),
        ..ask(20)
    });
    assert!([r#""yes""#, r#""no""#].contains(&text.as_str()), "{text:?}");
    assert_eq!(finished.reason, Reason::Stop);
}

#[test]
fn what_was_accepted_is_finished_after_the_last_handle_is_gone() {
    let (bench, door) = gated(script("said"), options(1, 2, 64));
    let requests = [ask(2), ask(3)].map(|request| bench.ask(request));
    drop(bench);
    drop(door);
    assert_eq!(requests.map(|receiver| collect(receiver).1), ["said", "said"]);
}
