//! The models on disk: verified files, and what can be read from them without computing.
//!
//! In: the models folder, or the path of a user's own model. Out: paths of verified files, the GGUF header, tokenizers,
//! the device. Runs on the loading thread, before any worker starts. Whatever is wrong with a file is a
//! [`WeightsError`] that names the file and says what to do.

pub(crate) mod device;
pub(crate) mod folder;
pub(crate) mod gguf;
mod gguf_header;
mod gguf_tensors;
pub(crate) mod manifest;
pub(crate) mod tensor_types;
pub(crate) mod tokenizer;
pub(crate) mod verify;

#[cfg(test)]
pub(crate) mod testing;

use std::path::{Path, PathBuf};

use manifest::{Golden, Manifest, ManifestError, ManifestModel, ModelRole};
pub(crate) use manifest::{Pooling, Prefixes};
use verify::VerifyError;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The list of default models is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file of a default model is missing or is not the file that the manifest describes.
    #[error("{0}; run `make models`, which gets the default models and checks them")]
    Default(#[source] VerifyError),
    /// There is no file at the path of a user's own chat model.
    #[error("there is no file {}; give the path of a GGUF file as the chat model", .0.display())]
    NoChatModel(PathBuf),
    /// A user's own embedding folder is incomplete or needs something that is not supported.
    #[error("the embedding model {} cannot be used: {problem}; models/README.md says what its folder must hold", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A chat model's file is damaged or not a GGUF file.
    #[error("{} is not a usable GGUF file: {problem}; fetch or copy it again, or use another", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// No tokenizer can be built from the model's files.
    #[error("the tokenizer in {} cannot be used: {problem}", path.display())]
    Tokenizer {
        /// The file that describes the tokenizer.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The chosen device cannot be used.
    #[error(
        "the device cuda cannot be used: {0}; choose the device cpu, or a binary and a machine with CUDA"
    )]
    Device(String),
}

/// A chat model on disk.
#[derive(Debug, Clone)]
pub struct ChatModel {
    /// The GGUF file.
    pub path: PathBuf,
    /// Its name in logs and metrics.
    pub name: String,
    /// The file's hash. Only default models are verified, so it is known for them only.
    pub sha256: Option<String>,
    /// A text and its known continuation; for a default model only.
    pub golden: Option<Golden>,
}

/// An embedding model on disk.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingModel {
    /// The folder with `model.safetensors`, `tokenizer.json` and `config.json`.
    pub dir: PathBuf,
    /// Its name in logs and metrics.
    pub name: String,
    /// The hash of `model.safetensors`.
    pub sha256: Option<String>,
    /// The most tokens of a text that the model reads; the rest is cut off.
    pub max_tokens: usize,
    /// How the vectors of a text's tokens are combined into one.
    pub pooling: Pooling,
    /// The texts that precede questions and passages.
    pub prefixes: Prefixes,
    /// A text and its known vector; for a default model only.
    pub golden: Option<Golden>,
}

/// The chat model: the default one, verified, or the user's own GGUF file.
///
/// A user's own file is not verified, unless it has a default model's file name: then it has to be that file.
///
/// # Errors
/// See [`WeightsError`].
pub fn chat_model(models_dir: &Path, override_file: Option<&Path>) -> Result<ChatModel, WeightsError> {
    let manifest = Manifest::load(models_dir)?;
    let default = manifest.model(ModelRole::Chat)?;
    let Some(path) = override_file else {
        return verified_chat_model(default, &default.dir(models_dir));
    };
    if !path.is_file() {
        return Err(WeightsError::NoChatModel(path.to_path_buf()));
    }
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) if name == default.files[0].name.as_str() => {
            verified_chat_model(default, dir)
        }
        _ => Ok(ChatModel {
            path: path.to_path_buf(),
            name: stem(path),
            sha256: None,
            golden: None,
        }),
    }
}

/// The embedding model: the default one, verified, or the user's own folder.
///
/// # Errors
/// See [`WeightsError`].
pub(crate) fn embedding_model(
    models_dir: &Path,
    override_dir: Option<&Path>,
) -> Result<EmbeddingModel, WeightsError> {
    if let Some(dir) = override_dir {
        return folder::embedding_model(dir);
    }
    let manifest = Manifest::load(models_dir)?;
    let model = manifest.model(ModelRole::Embedding)?;
    let dir = model.dir(models_dir);
    verify_files(model, &dir)?;
    let embedding = model
        .embedding
        .clone()
        .expect("checked when the manifest was read");
    Ok(EmbeddingModel {
        name: model.name.clone(),
        sha256: model
            .files
            .iter()
            .find(|file| file.name == folder::WEIGHTS)
            .map(|file| file.sha256.clone()),
        max_tokens: embedding.max_tokens,
        pooling: embedding.pooling,
        prefixes: embedding.prefixes,
        golden: model.golden.clone(),
        dir,
    })
}

fn verified_chat_model(model: &ManifestModel, dir: &Path) -> Result<ChatModel, WeightsError> {
    verify_files(model, dir)?;
    let file = &model.files[0];
    Ok(ChatModel {
        path: dir.join(&file.name),
        name: model.name.clone(),
        sha256: Some(file.sha256.clone()),
        golden: model.golden.clone(),
    })
}

fn verify_files(model: &ManifestModel, dir: &Path) -> Result<(), WeightsError> {
    for file in &model.files {
        verify::verify(&dir.join(&file.name), file.size, &file.sha256).map_err(WeightsError::Default)?;
    }
    Ok(())
}

/// A file's or folder's name without the ending `.gguf`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    name.strip_suffix(".gguf").unwrap_or(&name).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::weights::testing::assert_error;

    /// A models folder with a manifest of small files: a chat model `abc` and an embedding model.
    fn models() -> tempfile::TempDir {
        let models = tempfile::tempdir().unwrap();
        let entry = |role: &str, extra: &str, files: &[&str]| {
            let dir = models.path().join(role);
            fs::create_dir(&dir).unwrap();
            let mut text = format!(
                "[[model]]\nrole = \"{role}\"\nname = \"tiny-{role}\"\nlicence = \"Apache-2.0\"\nfolder = \"{role}\"\n\
                 {extra}\nhub = {{ repo = \"a/b\", revision = \"main\" }}\n\
                 wheel = {{ name = \"w\", version = \"1\", folder = \"w\" }}\n"
            );
            for name in files {
                fs::write(dir.join(name), name).unwrap();
                let (size, sha256) = (name.len(), verify::hash(&dir.join(name)).unwrap());
                text += &format!("[[model.file]]\nname = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n");
            }
            text
        };
        let manifest = entry("chat", "", &["tiny.gguf"])
            + &entry(
                "embedding",
                "embedding = { pooling = \"mean\", max_tokens = 7 }",
                &["model.safetensors"],
            );
        fs::write(models.path().join("manifest.toml"), manifest).unwrap();
        models
    }

    #[test]
    fn the_defaults_are_those_of_the_manifest() {
        let models = models();
        let chat = chat_model(models.path(), None).unwrap();
        assert_eq!(
            (chat.name.as_str(), chat.path),
            ("tiny-chat", models.path().join("chat/tiny.gguf"))
        );
        assert!(chat.sha256.is_some());
        let embedding = embedding_model(models.path(), None).unwrap();
        assert_eq!(
            (embedding.name.as_str(), embedding.max_tokens),
            ("tiny-embedding", 7)
        );
        assert_eq!(
            embedding.sha256.unwrap(),
            verify::hash(&embedding.dir.join("model.safetensors")).unwrap()
        );
    }

    #[test]
    fn a_missing_or_changed_default_is_an_error_that_says_make_models() {
        let models = models();
        let chat = models.path().join("chat/tiny.gguf");
        fs::write(&chat, "tiny_gguf").unwrap();
        let changed = chat_model(models.path(), None);
        assert_error(changed, &["sha256", "tiny.gguf", "make models"]);
        fs::remove_file(&chat).unwrap();
        let missing = chat_model(models.path(), None);
        assert_error(missing, &["there is no file", "make models"]);
        fs::write(models.path().join("embedding/model.safetensors"), "short").unwrap();
        assert_error(embedding_model(models.path(), None), &["has 5 bytes"]);
    }

    #[test]
    fn a_users_own_chat_model_is_not_verified_unless_it_has_a_default_models_name() {
        let (models, elsewhere) = (models(), tempfile::tempdir().unwrap());
        let own = elsewhere.path().join("Qwen2.5-0.5B.Q8_0.gguf");
        fs::write(&own, "anything").unwrap();
        let chat = chat_model(models.path(), Some(&own)).unwrap();
        assert_eq!((chat.name.as_str(), chat.sha256), ("Qwen2.5-0.5B.Q8_0", None));

        let copy = elsewhere.path().join("tiny.gguf");
        fs::write(&copy, "tiny.gguf").unwrap();
        assert_eq!(chat_model(models.path(), Some(&copy)).unwrap().name, "tiny-chat");
        fs::write(&copy, "different").unwrap();
        assert!(matches!(
            chat_model(models.path(), Some(&copy)),
            Err(WeightsError::Default(_))
        ));

        let nowhere = chat_model(models.path(), Some(Path::new("/nowhere/a.gguf")));
        assert_error(nowhere, &["/nowhere/a.gguf", "GGUF"]);
    }

    #[test]
    fn the_real_default_models_are_the_ones_in_the_manifest() {
        let models = testing::models_dir();
        assert_eq!(chat_model(&models, None).unwrap().name, "SmolLM2-135M-Instruct");
        assert_eq!(embedding_model(&models, None).unwrap().max_tokens, 256);
    }
}
