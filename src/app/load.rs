//! What a start does, stage by stage: verify, load, embed, warm. All of it on the calling thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use candle_core::Device;

use super::embed::{self, Embedded, Embedding};
use super::{Info, Phase, Report, Service, memory, selftest};
use crate::assistant::{Assistant, PromptBuilder};
use crate::config::{self, Config};
use crate::embedding::{self, Embedder, Encoder};
use crate::generation::{Engine, Options, Parts, model};
use crate::index::{Fingerprint, Index, store};
use crate::kernels::pool::Pool;
use crate::metrics;
use crate::retrieval::Retriever;
use crate::reviews::{self, Corpus, DropReason, Passage};
use crate::weights::gguf::Gguf;
use crate::weights::{self, ChatModel, EmbeddingModel, device, tokenizer};

/// Where the snapshot of the titles' vectors is, in the index folder.
const TITLES: &str = "titles";

/// Where the snapshot of the passages' vectors is.
pub fn passages_dir(config: &Config) -> PathBuf {
    config.index_dir.join("passages")
}

/// The reviews with their vectors: all that can be had without the chat model.
pub struct Shelf {
    /// The reviews.
    pub corpus: Arc<Corpus>,
    /// What is searched.
    pub passages: Vec<Passage>,
    /// A vector for each passage.
    pub index: Index,
    /// A vector for each product's title.
    pub titles: Index,
    /// What `index` was built from.
    pub fingerprint: Fingerprint,
}

/// Loads all that serves requests.
pub(super) fn service(config: &Config, report: Report<'_>) -> anyhow::Result<Service> {
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
    let (engine, prompts) = engine(config, &chat, &device::for_another_thread(&device)?, pool)?;
    let shelf = shelf(config, &embedding, &encoder, report)?;
    let info = Info {
        version: env!("CARGO_PKG_VERSION"),
        chat_model: chat.name.clone(),
        embedding_model: embedding.name.clone(),
        device: device_label,
        threads: config.threads,
        passages: shelf.passages.len(),
        index_fingerprint: shelf.fingerprint.as_str().to_string(),
    };
    announce(&chat, &embedding, &shelf, &info);

    let embedder = Embedder::spawn(encoder, config.max_waiting.max(1));
    let Shelf {
        corpus,
        passages,
        index,
        titles,
        ..
    } = shelf;
    let retriever = Retriever::new(embedder, corpus.clone(), passages, index, titles)
        .context("The reviews' words could not be indexed")?;
    let assistant = Assistant::new(retriever.clone(), engine, prompts, config.max_tokens);
    report(Phase::Warming);
    assistant.warm_up().map_err(anyhow::Error::msg)?;
    tracing::info!(
        seconds = started.elapsed().as_secs_f64(),
        reviews = corpus.reviews.len(),
        products = corpus.products.len(),
        chat_model = info.chat_model,
        device = info.device,
        "Ready to answer."
    );
    Ok(Service {
        assistant,
        retriever,
        corpus,
        info,
    })
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
) -> anyhow::Result<(Engine, PromptBuilder)> {
    let gguf = Gguf::read(&chat.path)?;
    let tokenizer = Arc::new(tokenizer::from_gguf(&gguf)?);
    let prompts = PromptBuilder::new(&chat.name, &gguf, tokenizer.clone(), config.max_prompt_tokens)?;
    let model = model::load(&gguf, device, pool)?;
    let end_tokens = tokenizer::end_tokens(&gguf, &tokenizer);
    let parts = Parts {
        model,
        tokenizer: tokenizer.clone(),
        end_tokens,
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
    Ok((engine, prompts))
}

/// Loads the reviews and their vectors: from the snapshot, or by embedding them and leaving a snapshot behind.
pub fn shelf(
    config: &Config,
    embedding: &EmbeddingModel,
    encoder: &Encoder,
    report: Report<'_>,
) -> anyhow::Result<Shelf> {
    report(Phase::Loading);
    let corpus = reviews::load(&config.data, &config.columns)?;
    let passages = reviews::passages(&corpus);
    anyhow::ensure!(
        !passages.is_empty(),
        "None of the {} reviews in {} is long enough to quote, so there would be nothing to answer from.",
        corpus.reviews.len(),
        config.data.display()
    );
    let started = Instant::now();
    let model = embedding::fingerprint(embedding, encoder.precision())?;
    let fingerprint = Fingerprint::new(&corpus.fingerprint, &passages, &model);
    let titles_fingerprint = Fingerprint::new(&format!("titles of {}", corpus.fingerprint), &[], &model);
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text(&corpus)).collect();
    let titles: Vec<&str> = corpus
        .products
        .iter()
        .map(|product| product.title.as_str())
        .collect();
    let mut embedding = Embedding {
        encode: &mut |texts| encoder.encode_passages(texts, &mut |_| {}),
        dimension: encoder.dimension(),
        cache: embed::cache(&config.index_dir, &model, encoder.dimension()),
    };
    let index = self::index(
        &passages_dir(config),
        &fingerprint,
        &mut embedding,
        &texts,
        report,
    )?;
    let titles = self::index(
        &config.index_dir.join(TITLES),
        &titles_fingerprint,
        &mut embedding,
        &titles,
        report,
    )?;
    metrics::INDEX_BUILD_SECONDS.set(&[], started.elapsed().as_secs_f64());
    Ok(Shelf {
        corpus: Arc::new(corpus),
        passages,
        index,
        titles,
        fingerprint,
    })
}

/// The index of `texts`, from its snapshot where that is good.
fn index(
    dir: &Path,
    fingerprint: &Fingerprint,
    embedding: &mut Embedding<'_>,
    texts: &[&str],
    report: Report<'_>,
) -> anyhow::Result<Index> {
    match store::load(dir, fingerprint) {
        Ok(index) => {
            tracing::info!(vectors = index.len(), dir = %dir.display(), "The index was read from its snapshot.");
            return Ok(index);
        }
        Err(store::Unusable::Absent { .. }) => {}
        Err(unusable) => {
            tracing::warn!(reason = %unusable, "The snapshot is not used; the index is built anew.")
        }
    }
    let Embedded { vectors, rows, .. } = embedding.embed(texts, report)?;
    let index = Index::of_texts(vectors, rows);
    if let Err(error) = store::save(dir, fingerprint, &index) {
        tracing::warn!(%error, "The index is in memory only.");
    }
    Ok(index)
}

/// Tells metrics what is loaded.
fn announce(chat: &ChatModel, embedding: &EmbeddingModel, shelf: &Shelf, info: &Info) {
    let hash = |sha256: &Option<String>| sha256.clone().unwrap_or_else(|| "unverified".into());
    metrics::MODEL_INFO.set(&["chat", &chat.name, &hash(&chat.sha256)], 1.0);
    metrics::MODEL_INFO.set(&["embedding", &embedding.name, &hash(&embedding.sha256)], 1.0);
    metrics::BUILD_INFO.set(
        &[
            info.version,
            option_env!("GIT_SHA").unwrap_or("unknown"),
            info.device,
        ],
        1.0,
    );
    metrics::INDEX_INFO.set(&[&info.index_fingerprint], 1.0);
    metrics::INDEX_REVIEWS.set(&[], shelf.corpus.reviews.len() as f64);
    metrics::INDEX_PRODUCTS.set(&[], shelf.corpus.products.len() as f64);
    metrics::INDEX_PASSAGES.set(&[], shelf.passages.len() as f64);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64());
    metrics::INDEX_BUILT_TIMESTAMP_SECONDS.set(&[], now);
    for reason in DropReason::ALL {
        metrics::INDEX_ROWS_DROPPED_TOTAL.add(&[reason.as_str()], 0);
    }
    for (reason, rows) in &shelf.corpus.dropped {
        metrics::INDEX_ROWS_DROPPED_TOTAL.add(&[reason.as_str()], *rows as u64);
    }
    metrics::COMPUTE_THREADS.set(&[], info.threads as f64);
    metrics::CPU_QUOTA_CORES.set(&[], config::cores() as f64);
}
