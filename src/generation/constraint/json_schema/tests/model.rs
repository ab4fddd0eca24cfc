//! The default model under schemas: its texts obey them, with greedy and random choices, and depend on nothing else.

use candle_core::Device;

use super::*;
use crate::generation::model;
use crate::generation::testing::{collect, ending};
use crate::generation::{Engine, EngineOptions, Parts, Sampling};
use crate::kernels::pool::Pool;

fn engine(options: EngineOptions) -> Engine {
    let gguf = Gguf::read(&chat_model()).unwrap();
    let pool = Arc::new(Pool::new("test", 2).unwrap());
    let parts = Parts {
        model: model::load(&gguf, &Device::Cpu, pool).unwrap(),
        tokenizer: REAL.tokenizer.clone(),
        end_tokens: REAL.end.clone(),
        name: "test".into(),
    };
    Engine::start(parts, options).unwrap()
}

/// The question, and an example that an answer may quote.
const PROMPT: &str = "<|im_start|>user\nDescribe a pair of headphones as JSON, like {\"name\": \"boAt Rockerz\", \
                      \"price\": 19.5, \"stars\": 4, \"maker\": {\"city\": \"Delhi\"}, \"tags\": [\"loud\", \
                      \"light\"]}.<|im_end|>\n<|im_start|>assistant\n";

fn ask(schema: &Value, sampling: Sampling) -> Request {
    Request {
        prompt: REAL.tokenizer.encode(PROMPT, false).unwrap().get_ids().to_vec(),
        max_tokens: 80,
        sampling,
        constraint: Some(Box::new(constraint(schema))),
        ..request([])
    }
}

fn warm(seed: u64) -> Sampling {
    Sampling {
        temperature: 1.0,
        seed,
        ..Sampling::GREEDY
    }
}

#[test]
fn the_default_model_obeys_schemas_alone_and_beside_other_requests() {
    let options = |max_running, lookup| EngineOptions {
        max_running,
        max_waiting: 64,
        kv_cache_bytes: 256 << 20,
        lookup,
    };
    let schemas = &schemas();
    let requests = || {
        schemas
            .iter()
            .flat_map(|schema| [Sampling::GREEDY, warm(7)].map(|sampling| (schema, ask(schema, sampling))))
    };

    let together = engine(options(8, true));
    let receivers: Vec<_> = requests()
        .map(|(schema, request)| (schema, together.generate(request).unwrap()))
        .collect();
    let alone = engine(options(1, false));
    let (mut accepted, mut whole) = (0, 0);
    for ((schema, receiver), (_, request)) in receivers.into_iter().zip(requests()) {
        let (_, text, finished) = collect(receiver);
        match serde_json::from_str(&text) {
            Ok(value) => {
                assert_eq!(complaint(schema, schema, &value), None, "{text} under {schema}");
                whole += 1;
            }
            Err(error) => {
                assert!(error.is_eof(), "{error} in {text} under {schema}");
                assert_eq!(finished.reason, Reason::Length, "{text} under {schema}");
            }
        }
        accepted += finished.accepted_tokens;
        let (same, _) = ending(alone.generate(request).unwrap());
        assert_eq!(same, text, "alone and without drafts, under {schema}");
    }
    // Arbitrary objects, and nested ones, may need more tokens than they get.
    assert!(whole >= 2 * schemas.len() - 4, "{whole} texts are whole");
    assert!(accepted > 10, "drafts met the masks: {accepted} tokens");
}
