//! `index`: embeds the reviews, and writes the snapshots and thresholds for the next start.

use crate::app;
use crate::config::Config;
use crate::embedding::Embedder;
use crate::reviews;

/// Prints what was understood of the files. False if they cannot be used.
pub(super) fn dry_run(config: &Config) -> bool {
    let (reading, _) = reviews::read(config.sources(), &config.reading);
    print!("{reading}");
    if let Some(error) = &reading.error {
        println!("  WRONG  {error}");
    }
    reading.error.is_none()
}

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let (model, encoder) = super::encoder(config)?;
    let dataset = app::load_dataset(config, &model, &encoder, &|_| {})?;
    println!(
        "{} reviews of {} products are indexed as {} passages in {}.",
        dataset.corpus.reviews.len(),
        dataset.corpus.products.len(),
        dataset.index.passage_count(),
        config.index_dir.display()
    );
    dataset.into_retriever(Embedder::spawn(encoder, 1), &config.index_dir)?;
    Ok(())
}
