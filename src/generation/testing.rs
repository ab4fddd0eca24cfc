//! Fixtures of the engine's tests: a tokenizer, an engine over the scripted model, and a reference to compare with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;

use tokenizers::models::bpe::BPE;
use tokenizers::{DecoderWrapper, Tokenizer};
use tokio::sync::mpsc;

use super::model::scripted::{CONTEXT, END, Gate, SPEAK, Scripted, Voice};
use super::model::{BLOCK, Model};
use super::sampler::{Sampler, Sampling};
use super::{Engine, EngineOptions, Finished, GenerationEvent, Parts, Reason, Request};

/// A tokenizer whose ids are bytes: byte-level BPE with no merges.
pub(super) fn byte_tokenizer() -> Tokenizer {
    // GPT-2's alphabet: printable bytes are their own characters, the others are the characters from U+0100 on.
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = (0x100..).filter_map(char::from_u32);
    let mut letter = |byte: u8| match printable(byte) {
        true => Some(char::from(byte)),
        false => others.next(),
    };
    let vocabulary: [(String, u32); 256] = std::array::from_fn(|byte| {
        let letter =
            letter(byte as u8).expect("there are more letters than the 68 bytes that are not printable");
        (letter.to_string(), byte as u32)
    });
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, vec![])
        .build()
        .expect("a vocabulary without merges");
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_decoder(Some(DecoderWrapper::ByteLevel(Default::default())));
    tokenizer
}

/// Eight running and eight waiting generations, and room for eight whole contexts.
pub(super) const AMPLE: EngineOptions = options(8, 8, 8 * CONTEXT / BLOCK);

/// Options with room for `blocks` blocks.
pub(super) const fn options(max_running: usize, max_waiting: usize, blocks: usize) -> EngineOptions {
    EngineOptions {
        max_running,
        max_waiting,
        kv_cache_bytes: blocks * BLOCK * size_of::<u32>(),
        lookup: true,
    }
}

/// A voice that generates `text`.
pub(super) fn script(text: &str) -> Voice {
    Voice::Script(text.bytes().map(u32::from).collect())
}

/// An engine, and the count of tokens that its model has read.
pub(super) struct Bench {
    pub engine: Engine,
    reads: Arc<AtomicUsize>,
}

impl Bench {
    pub(super) fn new(voice: Voice, options: EngineOptions) -> Bench {
        Bench::over(Scripted::new(voice), options)
    }

    fn over(model: Scripted, options: EngineOptions) -> Bench {
        let reads = model.reads.clone();
        let parts = Parts {
            model: Box::new(model) as Box<dyn Model>,
            tokenizer: Arc::new(byte_tokenizer()),
            end_tokens: vec![END],
            name: "scripted".into(),
        };
        let engine = Engine::start(parts, options).expect("a thread");
        Bench { engine, reads }
    }

    /// Tokens read since the last call.
    pub(super) fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::SeqCst)
    }

    pub(super) fn ask(&self, request: Request) -> mpsc::Receiver<GenerationEvent> {
        self.engine.generate(request).expect("room")
    }

    /// A whole generation: its text and its end.
    pub(super) fn answer(&self, request: Request) -> (String, Finished) {
        let (_, text, finished) = collect(self.ask(request));
        (text, finished)
    }
}

/// The test's side of a [`Gate`]. Dropping it lets all steps pass.
pub(super) struct Door {
    arrived: std_mpsc::Receiver<Vec<(usize, usize)>>,
    permits: std_mpsc::Sender<()>,
}

impl Door {
    /// Waits until the engine has planned a step, and returns start and length of its chunks. The step then waits for
    /// [`Door::open`].
    pub(super) fn step(&self) -> Vec<(usize, usize)> {
        self.arrived.recv().expect("the engine is there")
    }

    /// Lets one step continue.
    pub(super) fn open(&self) {
        self.permits.send(()).expect("the engine is there");
    }
}

/// An engine each of whose steps waits at a door.
pub(super) fn gated(voice: Voice, options: EngineOptions) -> (Bench, Door) {
    let (permits, waiting) = std_mpsc::channel();
    let (arrive, arrived) = std_mpsc::channel();
    let mut model = Scripted::new(voice);
    model.gate = Some(Gate {
        arrived: arrive,
        permits: waiting,
    });
    (Bench::over(model, options), Door { arrived, permits })
}

/// A greedy request.
pub(super) fn request(prompt: impl Into<Vec<u32>>) -> Request {
    Request {
        prompt: prompt.into(),
        max_tokens: 100,
        stop: vec![],
        sampling: Sampling::GREEDY,
        constraint: None,
        deadline: None,
    }
}

/// A prompt of `length` tokens, after which a script begins.
pub(super) fn prompt(length: usize) -> Vec<u32> {
    let mut prompt: Vec<u32> = (0..length as u32 - 1)
        .map(|at| 100 + at % 7 * 10 + at / 50)
        .collect();
    prompt.push(SPEAK);
    prompt
}

/// All events of a generation, its text and its end.
pub(super) fn collect(
    mut receiver: mpsc::Receiver<GenerationEvent>,
) -> (Vec<GenerationEvent>, String, Finished) {
    let mut events: Vec<GenerationEvent> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
    let Some(GenerationEvent::Finished(finished)) = events.pop() else {
        panic!("{events:?} has no end")
    };
    let is_end = |event: &GenerationEvent| matches!(event, GenerationEvent::Finished(_));
    assert!(!events.iter().any(is_end), "two ends: {events:?}");
    let text = events.iter().filter_map(|event| match event {
        GenerationEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let text = text.collect();
    (events, text, finished)
}

/// The text of a generation, and why it ended.
pub(super) fn ending(receiver: mpsc::Receiver<GenerationEvent>) -> (String, Reason) {
    let (_, text, finished) = collect(receiver);
    (text, finished.reason)
}

/// The text and the end that a request must have, computed without an engine: one token at a time, each from all tokens
/// before it.
pub(super) fn alone(voice: &Voice, request: &Request) -> (String, Reason) {
    let mut text = request.prompt.clone();
    let mut sampler = Sampler::new(&request.sampling, &request.prompt);
    let most = request.max_tokens.min(CONTEXT - request.prompt.len());
    let mut answer = Vec::new();
    let reason = loop {
        if answer.len() == most {
            break Reason::Length;
        }
        let choice = sampler.sample(&mut voice.logits(&text), None);
        let token = choice.expect("numbers").token;
        if token == END {
            break Reason::Stop;
        }
        answer.push(u8::try_from(token).expect("tokens are bytes"));
        text.push(token);
    };
    (String::from_utf8(answer).expect("letters"), reason)
}
