//! What is on disk under the models folder, verified; and what can be read from it without computing.
//!
//! In: the models folder, or the path of a user's own model. Out: paths that are known to hold the right files, the
//! GGUF header, tokenizers, the device. Runs on the thread that loads, before any worker starts. Everything that can
//! be wrong with a file is a [`WeightsError`] that names it and says what to do.

pub mod device;
pub mod folder;
pub mod gguf;
mod gguf_header;
mod gguf_tensors;
pub mod manifest;
pub mod tensor_types;
pub mod tokenizer;
pub mod verify;

#[cfg(test)]
pub(crate) mod testing;

use std::path::{Path, PathBuf};

pub use gguf_tensors::TensorView;
use manifest::{Golden, Manifest, ManifestError, ManifestModel, ModelRole};
pub use manifest::{Pooling, Prefixes};
use verify::VerifyError;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The list of default models is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file of a default model is missing or is not the one that is meant.
    #[error("{0}; run `make models`, which gets the default models and checks them")]
    Default(#[source] VerifyError),
    /// The path of a user's own chat model leads nowhere.
    #[error("there is no file {}; give the path of a GGUF file as the chat model", .0.display())]
    NoChatModel(PathBuf),
    /// A user's own embedding folder lacks something or asks for something that is not built in.
    #[error("the embedding model {} cannot be used: {problem}; models/README.md says what its folder must hold", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A chat model's file is damaged, or is no GGUF.
    #[error("{} is not a usable GGUF file: {problem}; fetch or copy it again, or use another", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A tokenizer cannot be built from what the model's files say.
    #[error("the tokenizer in {} cannot be used: {problem}", path.display())]
    Tokenizer {
        /// The file that describes the tokenizer.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The device that was asked for cannot be used.
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
    /// Of the file; known, because verified, for a default model only.
    pub sha256: Option<String>,
    /// What it is known to say; of a default model only.
    pub golden: Option<Golden>,
}

/// An embedding model on disk.
#[derive(Debug, Clone)]
pub struct EmbeddingModel {
    /// The folder with `model.safetensors`, `tokenizer.json` and `config.json`.
    pub dir: PathBuf,
    /// Its name in logs and metrics.
    pub name: String,
    /// Of `model.safetensors`.
    pub sha256: Option<String>,
    /// The most tokens of a text that the model reads; what follows is cut off.
    pub max_tokens: usize,
    /// How the vectors of a text's tokens become one.
    pub pooling: Pooling,
    /// What texts begin with.
    pub prefixes: Prefixes,
    /// What it is known to make of a text; of a default model only.
    pub golden: Option<Golden>,
}

/// The chat model: the default one, verified, or the user's own GGUF file.
///
/// An own file is taken as it is, unless it bears a default model's file name: then it has to be that file.
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
pub fn embedding_model(
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

/// A file's or folder's name without what follows its last dot, if that looks like `.gguf`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    name.strip_suffix(".gguf").unwrap_or(&name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        let message = chat_model(models.path(), None).unwrap_err().to_string();
        assert!(
            message.contains("sha256") && message.contains("tiny.gguf"),
            "{message}"
        );
        assert!(message.contains("make models"), "{message}");
        fs::remove_file(&chat).unwrap();
        let message = chat_model(models.path(), None).unwrap_err().to_string();
        assert!(
            message.contains("there is no file") && message.contains("make models"),
            "{message}"
        );
        fs::write(models.path().join("embedding/model.safetensors"), "short").unwrap();
        let message = embedding_model(models.path(), None).unwrap_err().to_string();
        assert!(message.contains("has 5 bytes"), "{message}");
    }

    #[test]
    fn an_own_chat_model_is_taken_as_it_is_unless_it_bears_a_defaults_name() {
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

        let message = chat_model(models.path(), Some(Path::new("/nowhere/a.gguf")))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("/nowhere/a.gguf") && message.contains("GGUF"),
            "{message}"
        );
    }

    #[test]
    fn the_real_default_models_are_the_ones_in_the_manifest() {
        let models = testing::models_dir();
        assert_eq!(chat_model(&models, None).unwrap().name, "SmolLM2-135M-Instruct");
        assert_eq!(embedding_model(&models, None).unwrap().max_tokens, 256);
    }
}
