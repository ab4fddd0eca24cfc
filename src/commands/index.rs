//! `index`: leave a snapshot for the next start.

use crate::app;
use crate::config::Config;
use crate::embedding::Encoder;
use crate::weights::{self, device};

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let embedding = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    let (device, _) = device::select(config.device)?;
    let encoder = Encoder::load(
        &embedding,
        &device,
        config.embedding_precision,
        &app::pool(config)?,
    )?;
    let dataset = app::load_dataset(config, &embedding, &encoder, &|_| {})?;
    println!(
        "{} reviews of {} products are indexed as {} passages in {}.",
        dataset.corpus.reviews.len(),
        dataset.corpus.products.len(),
        dataset.passages.len(),
        config.index_dir.display()
    );
    Ok(())
}
