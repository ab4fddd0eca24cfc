//! The stages of a start: verify, load, embed, warm up. Runs on the calling thread.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use candle_core::Device;

use super::dataset::{Dataset, load_dataset};
use super::reload::ReloadInputs;
use super::{Catalogue, DatasetInfo, Phase, Report, Service, memory, selftest};
use crate::assistant::{Assistant, PromptBuilder};
use crate::completion::Completer;
use crate::config::{self, Config};
use crate::embedding::{self, Embedder, EmbeddingError, Encoder, TokenCounter};
use crate::generation::{Engine, EngineOptions, Parts, model};
use crate::index::{Index, Postings, ReviewIndex, Vectors, title_text};
use crate::kernels::pool::Pool;
use crate::metrics;
use crate::opinions::Opinions;
use crate::retrieval::{self, Retriever, Thesaurus};
use crate::reviews::{Corpus, Passage};
use crate::weights::gguf::Gguf;
use crate::weights::{self, ChatModel, EmbeddingModel, device, tokenizer};

/// Loads everything that serves requests. Calls `open` with the part that needs no chat model as soon as it is loaded.
pub(super) fn service(
    config: &Config,
    report: Report<'_>,
    open: &dyn Fn(Arc<Catalogue>),
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
    // The chat model is read at the same time as the reviews: neither needs the other or uses all cores.
    let (chatting, opened) = std::thread::scope(|scope| {
        let chatting = scope.spawn(|| engine(config, &chat, &for_chat, pool));
        let opened = || {
            let dataset = load_dataset(config, &embedding, &encoder, report)?;
            let info = DatasetInfo {
                version: env!("CARGO_PKG_VERSION"),
                chat_model: chat.name.clone(),
                chat_model_sha256: chat.sha256.clone(),
                embedding_model: embedding.name.clone(),
                embedding_model_sha256: embedding.sha256.clone(),
                embedding_dimension: encoder.dimension(),
                device: device_label,
                threads: config.threads,
                passages: dataset.index.passage_count(),
                index_fingerprint: dataset.fingerprint.as_str().to_string(),
                reading: dataset.reading.clone(),
            };
            announce(&chat, &embedding, &info);
            dataset.announce(None);
            let source = ReloadInputs {
                config: config.clone(),
                model: embedding::fingerprint(&embedding, encoder.precision())?,
                dimension: encoder.dimension(),
                device: device.clone(),
                embedder: Embedder::spawn(encoder, config.max_waiting.max(1)),
            };
            let catalogue = Arc::new(Catalogue::new(&source, dataset, info)?);
            open(catalogue.clone());
            anyhow::Ok((source, catalogue))
        };
        let opened = opened();
        (chatting.join(), opened)
    });
    let (engine, prompts, completer) = chatting.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let (source, catalogue) = opened?;
    let assistant = Assistant::new(catalogue.retriever.clone(), engine, prompts, config.max_tokens);
    report(Phase::Warming);
    assistant.warm_up().map_err(anyhow::Error::msg)?;
    let assistant = super::wording::decide(assistant, config, &chat)?;
    tracing::info!(
        seconds = started.elapsed().as_secs_f64(),
        reviews = catalogue.corpus.reviews.len(),
        products = catalogue.corpus.products.len(),
        chat_model = catalogue.info.chat_model,
        device = catalogue.info.device,
        "Ready to answer."
    );
    let service = Service {
        assistant,
        completer,
        embedder: source.embedder.clone(),
        counter: TokenCounter::load(&embedding)?,
        catalogue,
        source,
    };
    service.measure();
    Ok(service)
}

impl Catalogue {
    fn new(source: &ReloadInputs, dataset: Dataset, info: DatasetInfo) -> anyhow::Result<Self> {
        let corpus = dataset.corpus.clone();
        let retriever = dataset.into_retriever(source.embedder.clone(), &source.config.index_dir)?;
        Ok(Self {
            retriever,
            corpus,
            info,
        })
    }
}

/// A retriever over reviews whose passages have these vectors, without the disk.
///
/// # Errors
/// Those of the encoder.
pub(crate) fn retriever(
    corpus: Arc<Corpus>,
    passages: Vec<Passage>,
    vectors: Vectors,
    encoder: Encoder,
) -> Result<Retriever, EmbeddingError> {
    let embed = |texts: Vec<&str>| Ok::<_, EmbeddingError>(Index::build(super::embed(&encoder, &texts)?));
    let titles: Vec<String> = corpus.products.iter().map(title_text).collect();
    let in_titles = Postings::of(titles.iter().map(String::as_str));
    let said = Postings::of(passages.iter().map(|passage| passage.text(&corpus)));
    let words = retrieval::thesaurus_words(&in_titles, &said);
    let word_vectors = embed(words.iter().map(String::as_str).collect())?;
    let titles = embed(titles.iter().map(String::as_str).collect())?;
    let vectors = Index::build(vectors);
    let opinions = opinions(&corpus, &passages, &vectors, &encoder)?;
    let index = ReviewIndex::new(corpus, passages, vectors, titles, said, in_titles);
    let thesaurus = Thesaurus::new(words, word_vectors);
    let embedder = Embedder::spawn(encoder, 1);
    let asking = embedder.clone();
    let embed = |texts: &[&str]| asking.embed_questions(texts);
    Retriever::new(embedder, index, thesaurus, opinions, None, embed)
}

/// What these reviews say, whose passages have these vectors; learned on the calling thread, without the disk.
///
/// # Errors
/// See [`EmbeddingError`].
fn opinions(
    corpus: &Corpus,
    passages: &[Passage],
    vectors: &Index,
    encoder: &Encoder,
) -> Result<Opinions, EmbeddingError> {
    let source = crate::opinions::Source {
        corpus,
        passages,
        vector: &|passage| vectors.vector(passage),
        known: &encoder.words(),
        dimension: encoder.dimension(),
    };
    Opinions::learn(&source, &mut |texts, visit| {
        let vectors = encoder.encode_passages(texts, &mut |_| {})?;
        (0..).zip(&vectors).for_each(|(at, vector)| visit(at, vector));
        Ok(())
    })
}

impl Service {
    /// Polls GPU memory into its gauge. Call it every few seconds.
    pub(crate) fn measure(&self) {
        metrics::GPU_MEMORY_USED_BYTES.set(&[], device::memory_used(&self.source.device) as f64);
    }

    /// The same models with other reviews.
    pub(super) fn with(&self, dataset: Dataset) -> anyhow::Result<Service> {
        dataset.announce(Some(&self.catalogue.info.index_fingerprint));
        let info = DatasetInfo {
            passages: dataset.index.passage_count(),
            index_fingerprint: dataset.fingerprint.as_str().to_string(),
            reading: dataset.reading.clone(),
            ..self.catalogue.info.clone()
        };
        let catalogue = Arc::new(Catalogue::new(&self.source, dataset, info)?);
        Ok(Service {
            assistant: self.assistant.over(catalogue.retriever.clone()),
            completer: self.completer.clone(),
            embedder: self.embedder.clone(),
            counter: self.counter.clone(),
            catalogue,
            source: self.source.clone(),
        })
    }
}

/// The thread pool of the kernels.
///
/// # Errors
/// The operating system grants no more threads.
pub(crate) fn pool(config: &Config) -> anyhow::Result<Arc<Pool>> {
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
    let options = EngineOptions {
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

/// Sets the metrics that describe the loaded models.
fn announce(chat: &ChatModel, embedding: &EmbeddingModel, info: &DatasetInfo) {
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
