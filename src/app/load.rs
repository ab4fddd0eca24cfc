//! What a start does, stage by stage: verify, load, embed, warm. All of it on the calling thread.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use candle_core::Device;

use super::reload::Source;
use super::shelf::{Shelf, shelf};
use super::{Info, Phase, Report, Service, Shop, memory, selftest};
use crate::assistant::{Assistant, PromptBuilder};
use crate::completion::Completer;
use crate::config::{self, Config};
use crate::embedding::{self, Counter, Embedder, Encoder};
use crate::generation::{Engine, Options, Parts, model};
use crate::kernels::pool::Pool;
use crate::metrics;
use crate::retrieval::Retriever;
use crate::weights::gguf::Gguf;
use crate::weights::{self, ChatModel, EmbeddingModel, device, tokenizer};

/// Loads all that serves requests; hands `open` what needs no chat model as soon as it stands.
pub(super) fn service(
    config: &Config,
    report: Report<'_>,
    open: &dyn Fn(Arc<Shop>),
) -> anyhow::Result<Service> {
    let started = Instant::now();
    report(Phase::Verifying);
    let chat = weights::chat_model(&config.models, config.chat_model.as_deref())?;
    let embedding = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    let (device, device_label) = device::select(config.device)?;

    report(Phase::Loading);
    let pool = pool(config)?;
    let encoder = Encoder::load(&embedding, &device, config.embedding_precision, &pool)?;
    if let Some(golden) = &embedding.golden {
        selftest::embedding(&encoder, golden)?;
    }
    let for_chat = device::for_another_thread(&device)?;
    // The chat model is read beside the reviews: neither waits for the other, nor uses all cores.
    let (chatting, opened) = std::thread::scope(|scope| {
        let chatting = scope.spawn(|| engine(config, &chat, &for_chat, pool));
        let opened = || {
            let shelf = shelf(config, &embedding, &encoder, report)?;
            let info = Info {
                version: env!("CARGO_PKG_VERSION"),
                chat_model: chat.name.clone(),
                chat_model_sha256: chat.sha256.clone(),
                embedding_model: embedding.name.clone(),
                embedding_model_sha256: embedding.sha256.clone(),
                device: device_label,
                threads: config.threads,
                passages: shelf.passages.len(),
                index_fingerprint: shelf.fingerprint.as_str().to_string(),
            };
            announce(&chat, &embedding, &info);
            shelf.announce(None);
            let source = Source {
                config: config.clone(),
                model: embedding::fingerprint(&embedding, encoder.precision())?,
                dimension: encoder.dimension(),
                device: device.clone(),
                embedder: Embedder::spawn(encoder, config.max_waiting.max(1)),
            };
            let shop = Arc::new(Shop::new(&source, shelf, info)?);
            open(shop.clone());
            anyhow::Ok((source, shop))
        };
        let opened = opened();
        (chatting.join(), opened)
    });
    let (engine, prompts, completer) = chatting.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let (source, shop) = opened?;
    let assistant = Assistant::new(shop.retriever.clone(), engine, prompts, config.max_tokens);
    report(Phase::Warming);
    assistant.warm_up().map_err(anyhow::Error::msg)?;
    tracing::info!(
        seconds = started.elapsed().as_secs_f64(),
        reviews = shop.corpus.reviews.len(),
        products = shop.corpus.products.len(),
        chat_model = shop.info.chat_model,
        device = shop.info.device,
        "Ready to answer."
    );
    let service = Service {
        assistant,
        completer,
        embedder: source.embedder.clone(),
        counter: Counter::load(&embedding)?,
        shop,
        source,
    };
    service.measure();
    Ok(service)
}

impl Shop {
    fn new(source: &Source, shelf: Shelf, info: Info) -> anyhow::Result<Self> {
        let corpus = shelf.corpus.clone();
        let embedder = source.embedder.clone();
        let retriever = Retriever::new(embedder, shelf.corpus, shelf.passages, shelf.index, shelf.titles)
            .context("The reviews' words could not be indexed")?;
        Ok(Self {
            retriever,
            corpus,
            info,
        })
    }
}

impl Service {
    /// Tells the metrics what is only known by asking. To be called every few seconds.
    pub fn measure(&self) {
        metrics::GPU_MEMORY_USED_BYTES.set(&[], device::memory_used(&self.source.device) as f64);
    }

    /// The same models over other reviews.
    pub(super) fn with(&self, shelf: Shelf) -> anyhow::Result<Service> {
        shelf.announce(Some(&self.shop.info.index_fingerprint));
        let info = Info {
            passages: shelf.passages.len(),
            index_fingerprint: shelf.fingerprint.as_str().to_string(),
            ..self.shop.info.clone()
        };
        let shop = Arc::new(Shop::new(&self.source, shelf, info)?);
        Ok(Service {
            assistant: self.assistant.over(shop.retriever.clone()),
            completer: self.completer.clone(),
            embedder: self.embedder.clone(),
            counter: self.counter.clone(),
            shop,
            source: self.source.clone(),
        })
    }
}

/// The threads that the kernels compute with.
///
/// # Errors
/// When the operating system gives no more threads.
pub fn pool(config: &Config) -> anyhow::Result<Arc<Pool>> {
    let pool =
        Pool::new("compute", config.threads).context("The threads to compute with could not be started")?;
    Ok(Arc::new(pool))
}

fn engine(
    config: &Config,
    chat: &ChatModel,
    device: &Device,
    pool: Arc<Pool>,
) -> anyhow::Result<(Engine, Arc<PromptBuilder>, Completer)> {
    let gguf = Gguf::read(&chat.path)?;
    let tokenizer = Arc::new(tokenizer::from_gguf(&gguf)?);
    let prompts = PromptBuilder::new(&chat.name, &gguf, tokenizer.clone(), config.max_prompt_tokens)?;
    let model = model::load(&gguf, device, pool)?;
    let end_tokens = tokenizer::end_tokens(&gguf, &tokenizer);
    let vocabulary = model.shape().vocabulary;
    let parts = Parts {
        model,
        tokenizer: tokenizer.clone(),
        end_tokens: end_tokens.clone(),
        name: chat.name.clone(),
    };
    let options = Options {
        max_running: config.max_running,
        max_waiting: config.max_waiting,
        kv_cache_bytes: config.kv_cache_bytes.unwrap_or_else(memory::kv_cache_bytes),
        lookup: true,
    };
    let engine = Engine::start(parts, options).context("The engine could not be started")?;
    let room = engine.context_length().saturating_sub(config.max_tokens);
    anyhow::ensure!(
        config.max_prompt_tokens <= room,
        "The chat model's context of {} tokens, as far as --kv-cache-mb has room for it, is too short for prompts of \
         {} and answers of {}; lower --max-prompt-tokens or --max-tokens, or raise --kv-cache-mb.",
        engine.context_length(),
        config.max_prompt_tokens,
        config.max_tokens
    );
    if let Some(golden) = &chat.golden {
        selftest::chat(&engine, &tokenizer, golden)?;
    }
    let prompts = Arc::new(prompts);
    let begin = tokenizer::bos_token(&gguf);
    let completer = Completer::new(
        engine.clone(),
        prompts.clone(),
        tokenizer,
        begin,
        end_tokens,
        vocabulary,
    );
    Ok((engine, prompts, completer))
}

/// Tells metrics what is loaded.
fn announce(chat: &ChatModel, embedding: &EmbeddingModel, info: &Info) {
    let hash = |sha256: &Option<String>| sha256.clone().unwrap_or_else(|| "unverified".into());
    metrics::MODEL_INFO.set(&["chat", &chat.name, &hash(&chat.sha256)], 1.0);
    metrics::MODEL_INFO.set(&["embedding", &embedding.name, &hash(&embedding.sha256)], 1.0);
    metrics::BUILD_INFO.set(
        &[info.version, crate::COMMIT.unwrap_or("unknown"), info.device],
        1.0,
    );
    metrics::COMPUTE_THREADS.set(&[], info.threads as f64);
    metrics::CPU_QUOTA_CORES.set(&[], config::cores() as f64);
}
