//! One or a few generations: their events, their ends, and the requests that the engine refuses.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc::Receiver;

use crate::generation::constraint::{JsonSchema, TokenTrie};
use crate::generation::model::BLOCK;
use crate::generation::model::scripted::{CONTEXT, END, FAIL, NONSENSE, PANIC, Voice};
use crate::generation::sampler::Sampling;
use crate::generation::testing::{
    AMPLE, Bench, byte_tokenizer, collect, ending, gated, options, prompt, request, script,
};
use crate::generation::{Engine, GenerationEvent, Reason, Request, SubmitError};

impl Engine {
    /// Generations that were accepted and have not ended.
    pub(crate) fn open(&self) -> usize {
        self.state.open()
    }
}

/// A request for the script, with a prompt of `length` tokens.
fn ask(length: usize) -> Request {
    request(prompt(length))
}

fn reason(receiver: Receiver<GenerationEvent>) -> Reason {
    ending(receiver).1
}

/// The end of a generation that the model ended after `text`.
fn whole(text: &str) -> (String, Reason) {
    (text.into(), Reason::Stop)
}

#[test]
fn a_generation_sends_its_text_and_ends_once() {
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
fn limits_and_stop_texts_end_the_text() {
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
    // The context ends the text, too: it has room for two tokens.
    assert_eq!(ending(bench.ask(ask(CONTEXT - 2))), ("on".into(), Reason::Length));
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
        assert_eq!(bench.answer(ask(context - 1)).0, "x", "one token fits");
    }
}

#[test]
fn a_failing_model_ends_the_running_generations_and_not_the_engine() {
    let (bench, door) = gated(script("fine"), options(2, 2, 64));
    let before = bench.ask(ask(20));
    assert_eq!(door.step(), [(0, 20)]);
    let mut failing = prompt(20);
    failing[5] = FAIL;
    let failing = bench.ask(request(failing));
    let waiting = bench.ask(ask(20));
    door.open();
    drop(door);
    assert_eq!(reason(before), Reason::Error, "it ran when the model failed");
    assert_eq!(reason(failing), Reason::Error);
    let (_, text, finished) = collect(waiting);
    assert_eq!((text.as_str(), finished.reason), ("fine", Reason::Stop));
    assert_eq!(finished.cached_tokens, 0, "the cache is empty after a failure");
}

#[test]
fn a_model_that_panics_ends_its_generations_and_not_the_engine() {
    let bench = Bench::new(script("fine"), AMPLE);
    assert_eq!(reason(bench.ask(request([9, 9, PANIC]))), Reason::Error);
    assert_eq!(ending(bench.ask(ask(20))), whole("fine"));
}

#[test]
fn logits_that_are_not_numbers_end_one_generation() {
    let (bench, door) = gated(script("fine"), AMPLE);
    let nonsense = bench.ask(request([9, 9, NONSENSE]));
    door.step();
    let other = bench.ask(ask(20));
    drop(door);
    assert_eq!(reason(nonsense), Reason::Error);
    assert_eq!(ending(other), whole("fine"));
}

#[test]
fn a_full_queue_refuses_at_once_and_says_when_to_try_again() {
    let (bench, door) = gated(script("x"), options(1, 1, 64));
    let (first, second) = (bench.ask(ask(200)), bench.ask(ask(2)));
    let refused = bench.engine.generate(ask(2)).expect_err("both places are taken");
    let SubmitError::Overloaded(busy) = refused else {
        panic!("{refused}")
    };
    assert!(busy.retry_after_seconds >= 1);
    drop(door);
    assert_eq!(ending(first), whole("x"));
    // The place is free before the end is sent.
    let third = bench.ask(ask(2));
    assert_eq!([second, third].map(ending), [whole("x"), whole("x")]);
}

#[test]
fn a_client_that_leaves_is_noticed_before_the_next_step() {
    let (bench, door) = gated(script("a long text"), options(1, 2, 64));
    let [in_prompt, waiting, in_answer] = [ask(250), ask(200), ask(3)].map(|request| bench.ask(request));
    // A prompt that takes two steps.
    assert!(matches!(door.step()[..], [(0, 240 | 250)]), "in whole blocks");
    drop((in_prompt, waiting));
    door.open();
    let mut in_answer = in_answer;
    assert_eq!(
        door.step(),
        [(0, 3)],
        "requests of clients that left are not read"
    );
    door.open();
    assert_eq!(door.step(), [(3, 1)]);
    loop {
        match in_answer.try_recv() {
            Ok(GenerationEvent::Text(_)) => break,
            Ok(_) => {}
            Err(error) => panic!("{error}: the first token's text should be there"),
        }
    }
    drop(in_answer);
    let next = bench.ask(ask(5));
    door.open();
    assert_eq!(door.step(), [(0, 5)]);
    drop(door);
    assert_eq!(ending(next), whole("a long text"));
}

#[test]
fn a_deadline_keeps_the_text_so_far() {
    let (bench, door) = gated(script("more than there is time for"), options(1, 1, 64));
    let deadline = Instant::now() + Duration::from_millis(20);
    let [running, waiting] = [ask(3), ask(3)].map(|request| {
        bench.ask(Request {
            deadline: Some(deadline),
            ..request
        })
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
    let is_progress = |event: &GenerationEvent| matches!(event, GenerationEvent::Progress { .. });
    assert!(!events.iter().any(is_progress), "{events:?}");
}

#[test]
fn waiting_clients_are_told_when_they_move_up() {
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
    let sampling = Sampling::with(|s| s.logprobs = Some(2));
    let (events, ..) = collect(bench.ask(Request { sampling, ..ask(2) }));
    let order: Vec<String> = events
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
    assert_eq!(order, ["97", "a", "98", "b", "0"]);
}

#[test]
fn a_constraint_is_obeyed_and_ends_the_text() {
    let bench = Bench::new(Voice::Noise, AMPLE);
    let vocabulary = TokenTrie::new(&byte_tokenizer(), &[END]).expect("256 tokens");
    let form = JsonSchema::new(&json!({"enum": ["yes", "no"]}), &vocabulary).expect("two answers");
    let answer = ending(bench.ask(Request {
        constraint: Some(Box::new(form)),
        ..ask(20)
    }));
    assert!([r#""yes""#, r#""no""#].map(whole).contains(&answer), "{answer:?}");
}

#[test]
fn accepted_requests_are_finished_after_the_last_handle_is_dropped() {
    let (bench, door) = gated(script("text"), options(1, 2, 64));
    let requests = [ask(2), ask(3)].map(|request| bench.ask(request));
    drop(bench);
    drop(door);
    assert_eq!(requests.map(ending), [whole("text"), whole("text")]);
}
