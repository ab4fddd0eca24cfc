//! A decoder for the engine's tests. Its next token depends on every token it has read, and it knows those only from
//! its storage: a wrong block, a block that was overwritten, or a position that was not read changes the text or is an
//! error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::{BLOCK, Chunk, Model, ModelError, Shape};

/// Ends a turn.
pub(crate) const END: u32 = 0;
/// The last token of a prompt, after which a [`Voice::Script`] begins.
pub(crate) const SPEAK: u32 = 1;
/// Reading this token fails.
pub(crate) const FAIL: u32 = 2;
/// The logits after this token are not numbers.
pub(crate) const NONSENSE: u32 = 3;
/// Reading this token panics.
pub(crate) const PANIC: u32 = 4;

/// The number of tokens: bytes.
pub(crate) const VOCABULARY: usize = 256;
/// The most tokens of a sequence.
pub(crate) const CONTEXT: usize = 256;

/// The text that it generates.
#[derive(Debug, Clone)]
pub(crate) enum Voice {
    /// These tokens, then [`END`].
    Script(Vec<u32>),
    /// Noise that quotes itself, so that drafts are found: mostly the token that followed the same two tokens before,
    /// otherwise a token that depends on all tokens before it.
    Noise,
}

impl Voice {
    /// The logits, `[VOCABULARY]`, after `text`: a pure function, so that tests can compare with it.
    pub(crate) fn logits(&self, text: &[u32]) -> Vec<f32> {
        if text.last() == Some(&NONSENSE) {
            return vec![f32::NAN; VOCABULARY];
        }
        let (next, noise) = match self {
            Voice::Script(script) => {
                let spoken = text.iter().rev().take_while(|token| **token != SPEAK).count();
                (script.get(spoken).copied().unwrap_or(END), 0)
            }
            Voice::Noise => noise(text),
        };
        let mut state = noise;
        let mut logits = vec![-20.0; VOCABULARY];
        // With a temperature above 0, any letter may be chosen.
        for letter in b'a'..=b'z' {
            logits[usize::from(letter)] = (step(&mut state) % 1000) as f32 / 500.0;
        }
        logits[next as usize] = 4.0;
        logits
    }
}

fn step(state: &mut u64) -> u64 {
    // A linear congruential generator with Knuth's constants; its high bits are the good ones.
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// The next token, and a number that depends on all of `text`.
fn noise(text: &[u32]) -> (u32, u64) {
    let mut state = text.iter().fold(1, |state, token| {
        let mut state = state ^ u64::from(*token);
        step(&mut state);
        state
    });
    let mut seed = state;
    if let [.., a, b] = *text
        && !step(&mut state).is_multiple_of(8)
        && let Some(at) = text[..text.len() - 1]
            .windows(2)
            .rposition(|pair| *pair == [a, b])
    {
        return (text[at + 2], seed);
    }
    // Letters, and now and then the end of the turn.
    let next = match step(&mut seed) % 100 {
        0 => END,
        letter => u32::from(b'a') + (letter % 6) as u32,
    };
    (next, seed)
}

/// Lets a test control the steps.
pub(crate) struct Gate {
    /// Gets start and length of each chunk of a step before the step is computed.
    pub arrived: Sender<Vec<(usize, usize)>>,
    /// Each step waits for a permit, until the sender is dropped.
    pub permits: Receiver<()>,
}

/// Generates the text of its voice, and counts the tokens that it reads.
pub(crate) struct Scripted {
    /// The text that it generates.
    pub voice: Voice,
    /// Tokens read by all sequences.
    pub reads: Arc<AtomicUsize>,
    /// If there is a gate, each step waits at it.
    pub gate: Option<Gate>,
    /// The token and the position that were last written to each place of each block.
    stored: Vec<Option<(u32, usize)>>,
}

impl Scripted {
    /// A model without storage, as before [`Model::reserve`].
    pub(crate) fn new(voice: Voice) -> Self {
        Self {
            voice,
            reads: Arc::default(),
            gate: None,
            stored: vec![],
        }
    }

    fn write(&mut self, chunk: &Chunk<'_>) -> Result<(), ModelError> {
        for (at, token) in (chunk.start..).zip(chunk.tokens) {
            if *token == FAIL {
                return Err(failure("it read the token that fails"));
            }
            assert!(*token != PANIC, "it read the token that panics");
            self.stored[chunk.blocks[at / BLOCK] as usize * BLOCK + at % BLOCK] = Some((*token, at));
        }
        Ok(())
    }

    /// The sequence's first `end` tokens, from the storage.
    fn text(&self, chunk: &Chunk<'_>, end: usize) -> Result<Vec<u32>, ModelError> {
        let token = |at: usize| {
            let stored = self.stored[chunk.blocks[at / BLOCK] as usize * BLOCK + at % BLOCK];
            let token = stored.filter(|(_, position)| *position == at);
            token
                .map(|(token, _)| token)
                .ok_or_else(|| failure("a position was not read"))
        };
        (0..end).map(token).collect()
    }
}

impl Model for Scripted {
    fn shape(&self) -> Shape {
        Shape {
            context_length: CONTEXT,
            vocabulary: VOCABULARY,
            block_bytes: BLOCK * size_of::<u32>(),
        }
    }

    fn reserve(&mut self, blocks: usize) -> Result<(), ModelError> {
        self.stored = vec![None; blocks * BLOCK];
        Ok(())
    }

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        if let Some(gate) = &self.gate {
            let sizes = chunks.iter().map(|chunk| (chunk.start, chunk.tokens.len()));
            // A test that no longer wants steps to wait drops its side.
            let _ = gate.arrived.send(sizes.collect());
            let _ = gate.permits.recv();
        }
        logits.clear();
        for chunk in chunks {
            self.write(chunk)?;
            self.reads.fetch_add(chunk.tokens.len(), Ordering::SeqCst);
        }
        // All chunks are written before any is read, as in a real batch: so a test notices a chunk that writes to
        // another sequence's block.
        for chunk in chunks {
            let end = chunk.start + chunk.tokens.len();
            for end in end - chunk.logits + 1..=end {
                logits.extend(self.voice.logits(&self.text(chunk, end)?));
            }
        }
        Ok(())
    }
}

fn failure(what: &str) -> ModelError {
    ModelError::Io(std::io::Error::other(what.to_string()))
}
