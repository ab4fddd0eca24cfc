//! A decoder for the engine's tests: it "says" the tokens of a script, one a step, whatever the prompt was.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use super::{Context, Model, ModelError};

/// Says `script` and counts the tokens it was made to read.
pub struct Scripted {
    /// What follows the prompt.
    pub script: Vec<u32>,
    /// Its vocabulary.
    pub vocabulary: usize,
    /// Tokens read by all contexts.
    pub reads: Arc<AtomicUsize>,
    /// Where there is one, each step waits for a permit from it, until its sender is gone.
    pub gate: Option<Arc<Mutex<Receiver<()>>>>,
}

impl Model for Scripted {
    fn start(&self) -> Box<dyn Context> {
        Box::new(ScriptedContext {
            script: self.script.clone(),
            vocabulary: self.vocabulary,
            reads: self.reads.clone(),
            gate: self.gate.clone(),
            read: 0,
            said: None,
        })
    }

    fn context_length(&self) -> usize {
        256
    }
}

#[derive(Clone)]
struct ScriptedContext {
    script: Vec<u32>,
    vocabulary: usize,
    reads: Arc<AtomicUsize>,
    gate: Option<Arc<Mutex<Receiver<()>>>>,
    read: usize,
    said: Option<usize>,
}

impl Context for ScriptedContext {
    fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        if let Some(gate) = &self.gate {
            let _ = gate
                .lock()
                .expect("no test panics while it holds the gate")
                .recv();
        }
        self.read += tokens.len();
        self.reads.fetch_add(tokens.len(), Ordering::SeqCst);
        // Prompts are read in chunks of more than one token; a single token is the model's own, fed back.
        let next = if tokens.len() == 1 {
            self.said.map_or(0, |said| said + 1)
        } else {
            0
        };
        self.said = Some(next);
        let mut logits = vec![0.0; self.vocabulary];
        let token = self
            .script
            .get(next)
            .copied()
            .ok_or_else(|| ModelError::Io(std::io::Error::other("no more script")))?;
        logits[token as usize] = 1.0;
        Ok(logits)
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(self.clone())
    }

    fn len(&self) -> usize {
        self.read
    }

    fn bytes(&self) -> usize {
        self.read * 4
    }
}
