//! A user's own embedding model, as its folder describes it.
//!
//! In: a folder as sentence-transformers writes it. Out: an [`EmbeddingModel`], or an error that names what is missing
//! or not supported. The weights are hashed, because the index has to be rebuilt when they change.

use std::path::Path;

use serde_json::Value;

use super::{EmbeddingModel, Pooling, Prefixes, WeightsError, verify};

/// The name of the weights' file in an embedding folder.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// The name of the tokenizer's file in an embedding folder.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// The name of the architecture's file in an embedding folder.
const CONFIG: &str = "config.json";

/// Reads the folder `dir`.
///
/// # Errors
/// [`WeightsError::Folder`].
pub(crate) fn embedding_model(dir: &Path) -> Result<EmbeddingModel, WeightsError> {
    read(dir).map_err(|problem| WeightsError::Folder {
        dir: dir.to_path_buf(),
        problem,
    })
}

fn read(dir: &Path) -> Result<EmbeddingModel, String> {
    for name in [WEIGHTS, TOKENIZER, CONFIG] {
        if !dir.join(name).is_file() {
            return Err(format!("it has no file {name}"));
        }
    }
    Ok(EmbeddingModel {
        dir: dir.to_path_buf(),
        name: super::stem(&dir.canonicalize().map_err(|error| error.to_string())?),
        sha256: Some(verify::hash(&dir.join(WEIGHTS)).map_err(|error| error.to_string())?),
        max_tokens: max_tokens(dir)?,
        pooling: pooling(json(dir, "1_Pooling/config.json")?)?,
        prefixes: prefixes(json(dir, "config_sentence_transformers.json")?)?,
        golden: None,
    })
}

/// The pooling that the folder asks for. Without a config it is the mean, as in sentence-transformers.
fn pooling(config: Option<Value>) -> Result<Pooling, String> {
    let Some(Value::Object(config)) = config else {
        return Ok(Pooling::Mean);
    };
    let on = |(key, value): (&String, &Value)| {
        (key.starts_with("pooling_mode") && value == &Value::Bool(true)).then(|| key.clone())
    };
    let modes: Vec<String> = config.iter().filter_map(on).collect();
    match modes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::Cls),
        _ => Err(format!(
            "1_Pooling/config.json asks for {modes:?}; either pooling_mode_mean_tokens or pooling_mode_cls_token is \
             supported"
        )),
    }
}

/// The prefixes of questions and of passages. sentence-transformers calls them prompts and has two names for that of
/// passages.
fn prefixes(config: Option<Value>) -> Result<Prefixes, String> {
    let prompt = |name: &str| match config
        .as_ref()
        .and_then(|config| config.get("prompts")?.get(name))
    {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(prompt)) => Ok(Some(prompt.clone())),
        Some(other) => Err(format!(
            "the prompt {name} in config_sentence_transformers.json is {other}, and should be a text"
        )),
    };
    Ok(Prefixes {
        query: prompt("query")?.unwrap_or_default(),
        passage: prompt("passage")?.or(prompt("document")?).unwrap_or_default(),
    })
}

/// The limit that the model was trained with, or otherwise the number of its positions.
fn max_tokens(dir: &Path) -> Result<usize, String> {
    let limit = |file: &str, key: &str| -> Result<Option<usize>, String> {
        let Some(Value::Object(config)) = json(dir, file)? else {
            return Ok(None);
        };
        match config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|tokens| usize::try_from(tokens).ok()) {
                Some(tokens) if tokens > 2 => Ok(Some(tokens)),
                _ => Err(format!(
                    "{key} in {file} is {value}, and should be a number of tokens above 2"
                )),
            },
        }
    };
    let positions = limit(CONFIG, "max_position_embeddings")?
        .ok_or_else(|| format!("{CONFIG} has no max_position_embeddings"))?;
    Ok(limit("sentence_bert_config.json", "max_seq_length")?
        .map_or(positions, |tokens| tokens.min(positions)))
}

/// A JSON file of the folder, or `None` if there is no such file.
fn json(dir: &Path, name: &str) -> Result<Option<Value>, String> {
    match std::fs::read(dir.join(name)) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("{name} is not JSON: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{name} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::weights::testing::assert_error;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let needed = [
            (WEIGHTS, "w"),
            (TOKENIZER, "{}"),
            (CONFIG, r#"{"max_position_embeddings":512}"#),
        ];
        for (name, text) in needed.iter().chain(files) {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_limit_is_the_folders_own() {
        let plain = folder(&[]);
        let model = embedding_model(plain.path()).unwrap();
        assert_eq!(model.max_tokens, 512);
        assert_eq!(
            model.sha256,
            Some(verify::hash(&plain.path().join(WEIGHTS)).unwrap())
        );
        assert!(!model.name.is_empty() && plain.path().ends_with(&model.name));

        let pooling = r#"{"word_embedding_dimension":384,"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true}"#;
        let limited = folder(&[
            ("sentence_bert_config.json", r#"{"max_seq_length":256}"#),
            ("1_Pooling/config.json", pooling),
        ]);
        assert_eq!(embedding_model(limited.path()).unwrap().max_tokens, 256);
    }

    #[test]
    fn pooling_and_prefixes_are_the_folders_own() {
        let own = |files: &[(&str, &str)]| {
            let folder = folder(files);
            let model = embedding_model(folder.path()).unwrap();
            (model.pooling, model.prefixes.query, model.prefixes.passage)
        };
        assert_eq!(own(&[]), (Pooling::Mean, String::new(), String::new()));
        let cls = r#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#;
        let prompts = r#"{"prompts":{"query":"query: ","document":"passage: "}}"#;
        let files = [
            ("1_Pooling/config.json", cls),
            ("config_sentence_transformers.json", prompts),
        ];
        assert_eq!(own(&files), (Pooling::Cls, "query: ".into(), "passage: ".into()));
        let one = (
            "config_sentence_transformers.json",
            r#"{"prompts":{"passage":"p: "}}"#,
        );
        assert_eq!(own(&[one]), (Pooling::Mean, String::new(), "p: ".into()));
    }

    #[test]
    fn errors_name_what_is_missing_or_not_supported() {
        let two = r#"{"pooling_mode_max_tokens":true,"pooling_mode_mean_tokens":true}"#;
        let cases = [
            (("1_Pooling/config.json", two), "pooling_mode_max_tokens"),
            (
                ("config_sentence_transformers.json", r#"{"prompts":{"query":1}}"#),
                "the prompt query",
            ),
            (("1_Pooling/config.json", "{"), "is not JSON"),
            (("config.json", "{}"), "max_position_embeddings"),
            (
                ("config.json", r#"{"max_position_embeddings":-1}"#),
                "max_position_embeddings in config.json is -1",
            ),
        ];
        for (file, expected) in cases {
            let folder = folder(&[file]);
            assert_error(embedding_model(folder.path()), &[expected, "models/README.md"]);
        }
        let folder = folder(&[]);
        fs::remove_file(folder.path().join(TOKENIZER)).unwrap();
        assert_error(embedding_model(folder.path()), &["no file tokenizer.json"]);
    }
}
