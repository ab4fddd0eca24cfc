//! The file, the build and the machine: the fields that all rows share.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::super::chat_model::LoadedModel;
use super::machine;
use crate::weights::gguf::Gguf;
use crate::weights::tensor_types;

/// The fields that are the same in every row, under the names of `llama-bench`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Subject {
    build_commit: &'static str,
    cpu_info: String,
    /// `CPU` or `CUDA`.
    backends: String,
    model_filename: String,
    /// Architecture, size and format, for example `llama 135M Q4_1`.
    model_type: String,
    /// The size of all tensors in bytes.
    model_size: u64,
    /// The number of parameters.
    model_n_params: u64,
    /// Tokens per step of prefill.
    n_batch: usize,
    /// The same number, because steps are not divided further.
    n_ubatch: usize,
    n_threads: usize,
}

impl Subject {
    pub(super) fn new(chat: &LoadedModel, threads: usize, batch: usize) -> Self {
        let gguf = &chat.gguf;
        let weights = Weights::of(gguf);
        Self {
            build_commit: crate::COMMIT.unwrap_or("unknown"),
            cpu_info: machine::processor(),
            backends: chat.device.to_uppercase(),
            model_filename: gguf.path().display().to_string(),
            model_type: format!(
                "{} {} {}",
                gguf.architecture(),
                rounded(weights.parameters),
                weights.format
            ),
            model_size: weights.bytes,
            model_n_params: weights.parameters,
            n_batch: batch,
            n_ubatch: batch,
            n_threads: threads,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            model_filename,
            model_type,
            backends,
            cpu_info,
            n_threads,
            ..
        } = self;
        let mebibytes = self.model_size as f64 / f64::from(1 << 20);
        write!(
            f,
            "{model_filename}: {model_type}, {mebibytes:.1} MiB\n{backends}, {n_threads} threads, {cpu_info}"
        )
    }
}

/// Totals over the tensors of a file.
struct Weights {
    bytes: u64,
    parameters: u64,
    /// The format of most parameters.
    format: &'static str,
}

impl Weights {
    fn of(gguf: &Gguf) -> Self {
        let (mut bytes, mut formats) = (0, BTreeMap::<&'static str, u64>::new());
        for tensor in gguf
            .tensor_names()
            .into_iter()
            .filter_map(|name| gguf.tensor(name))
        {
            bytes += tensor.bytes.end - tensor.bytes.start;
            *formats.entry(tensor_types::name(tensor.kind)).or_default() +=
                tensor.shape.iter().product::<usize>() as u64;
        }
        let most = formats.iter().max_by_key(|(_, numbers)| **numbers);
        Self {
            bytes,
            parameters: formats.values().sum(),
            format: most.map_or("", |(format, _)| format),
        }
    }
}

/// A rounded number of parameters: `135M`, `1.2B`.
fn rounded(parameters: u64) -> String {
    match parameters {
        0..1_000_000 => format!("{}K", parameters / 1000),
        1_000_000..1_000_000_000 => format!("{:.0}M", parameters as f64 / 1e6),
        _ => format!("{:.1}B", parameters as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::testing;

    #[test]
    fn totals_of_the_default_model_agree_with_llama_bench() {
        let gguf = Gguf::read(&testing::chat_model()).unwrap();
        let weights = Weights::of(&gguf);
        // The values that `llama-bench -o json` prints for the same file.
        assert_eq!((weights.bytes, weights.parameters), (96_576_768, 134_515_008));
        assert_eq!(
            (rounded(weights.parameters).as_str(), weights.format),
            ("135M", "Q4_1")
        );
        assert_eq!([rounded(32_000), rounded(1_235_814_432)], ["32K", "1.2B"]);
    }
}
