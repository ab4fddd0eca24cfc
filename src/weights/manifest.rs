//! The list of default models: their files, hashes, licences and sources.
//!
//! In: `manifest.toml` in the models folder, or the copy in the binary, so that a folder with only weights is enough.
//! Out: a [`Manifest`] whose paths stay inside the models folder. Fails on a file that cannot be read or parsed.
//! `models/fetch` compiles this file too, so that it fetches what the server accepts.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

const EMBEDDED: &str = include_str!("../../models/manifest.toml");

/// Why the manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file exists but cannot be read.
    #[error("the list of models {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not a valid manifest.
    #[error("the list of models {path} is wrong: {problem}")]
    Wrong {
        /// The manifest.
        path: String,
        /// What is wrong, and where in the file.
        problem: String,
    },
    /// The manifest has no model with this role.
    #[error(
        "the list of models has no entry with role = \"{0}\"; add one, or give a model of your own by path"
    )]
    NoModel(ModelRole),
}

/// The purpose of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelRole {
    /// Writes the answers.
    Chat,
    /// Turns texts into vectors.
    Embedding,
}

impl std::fmt::Display for ModelRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ModelRole::Chat => "chat",
            ModelRole::Embedding => "embedding",
        })
    }
}

/// All default models.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// One entry per model.
    #[serde(rename = "model")]
    pub models: Vec<ManifestModel>,
}

/// One default model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestModel {
    /// Its purpose.
    pub role: ModelRole,
    /// Its name in logs and metrics.
    pub name: String,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// Its folder under the models folder.
    pub folder: String,
    /// How to embed with it; for the role `embedding` only.
    pub embedding: Option<EmbeddingSpec>,
    /// A known result of the model, which is the same on every device.
    pub golden: Option<Golden>,
    /// The files' place on Hugging Face.
    pub hub: Hub,
    /// The Python package that contains the same files.
    pub wheel: Wheel,
    /// Its files.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

/// A known result of a model. If a start computes something else, it computes wrongly.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The input.
    pub text: String,
    /// A chat model's greedy continuation.
    pub continuation: Option<String>,
    /// The first numbers of an embedding model's vector.
    pub vector: Option<Vec<f32>>,
}

/// How a model turns a text into one vector.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// How the vectors of a text's tokens are combined into one.
    pub pooling: Pooling,
    /// The most tokens of a text that the model reads; the rest is cut off.
    pub max_tokens: usize,
    /// The texts that precede questions and passages.
    #[serde(default)]
    pub prefixes: Prefixes,
}

/// How the vectors of a text's tokens are combined into one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean of the tokens' vectors.
    #[default]
    Mean,
    /// The vector of the first token, which represents the whole text.
    Cls,
}

/// The prefixes of texts that a model was trained with; empty if it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prefixes {
    /// Precedes questions.
    pub query: String,
    /// Precedes passages.
    pub passage: String,
}

/// A repository on Hugging Face.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// Owner and name.
    pub repo: String,
    /// A commit or a branch.
    pub revision: String,
}

/// A Python package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// The package's name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The folder inside it that holds the files.
    pub folder: String,
}

/// One file of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name, the same here and at the sources.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its hash in lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads the manifest of a models folder, or the one in the binary if the folder has none.
    ///
    /// # Errors
    /// [`ManifestError::Unreadable`] and [`ManifestError::Wrong`].
    pub fn load(models_dir: &Path) -> Result<Self, ManifestError> {
        let path = models_dir.join("manifest.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::parse(EMBEDDED, "in this program")
            }
            Err(source) => Err(ManifestError::Unreadable { path, source }),
        }
    }

    /// The first model with this role, which is the default model.
    ///
    /// # Errors
    /// [`ManifestError::NoModel`].
    pub fn model(&self, role: ModelRole) -> Result<&ManifestModel, ManifestError> {
        self.models
            .iter()
            .find(|model| model.role == role)
            .ok_or(ManifestError::NoModel(role))
    }

    fn parse(text: &str, path: &str) -> Result<Self, ManifestError> {
        let wrong = |problem: String| ManifestError::Wrong {
            path: path.to_string(),
            problem,
        };
        let manifest: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        for model in &manifest.models {
            model.check().map_err(wrong)?;
        }
        Ok(manifest)
    }
}

impl ManifestModel {
    /// The model's folder.
    pub fn dir(&self, models_dir: &Path) -> PathBuf {
        models_dir.join(&self.folder)
    }

    fn check(&self) -> Result<(), String> {
        if self.files.is_empty() {
            return Err(format!("the model {} has no [[model.file]]", self.name));
        }
        if self.role == ModelRole::Chat && self.files.len() > 1 {
            return Err(format!(
                "the chat model {} has more than one file; a chat model is one GGUF file",
                self.name
            ));
        }
        if (self.role == ModelRole::Embedding) != self.embedding.is_some() {
            return Err(format!(
                "the model {} needs `embedding = {{ … }}` if, and only if, that is its role",
                self.name
            ));
        }
        let folders = [&self.folder, &self.wheel.folder];
        let inside = |name: &str| {
            Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        match folders
            .into_iter()
            .chain(self.files.iter().map(|file| &file.name))
            .find(|name| !inside(name))
        {
            Some(name) => Err(format!(
                "`{name}`, of the model {}, leads out of the folder it belongs in",
                self.name
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_in_the_binary_is_used_where_the_folder_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::load(folder.path()).unwrap();
        assert_eq!(
            manifest.model(ModelRole::Chat).unwrap().name,
            "SmolLM2-135M-Instruct"
        );
        assert_eq!(
            manifest
                .model(ModelRole::Embedding)
                .unwrap()
                .embedding
                .as_ref()
                .unwrap()
                .max_tokens,
            256
        );
        for file in manifest.models.iter().flat_map(|model| &model.files) {
            assert!(file.size > 0);
            assert!(
                file.sha256.len() == 64
                    && file
                        .sha256
                        .bytes()
                        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            );
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let edits = [
            (
                "folder = \"chat\"",
                "folder = \"../chat\"",
                "leads out of the folder",
            ),
            (
                "name = \"config.json\"",
                "name = \"/etc/config.json\"",
                "leads out of the folder",
            ),
            ("pooling = \"mean\"", "pooling = \"max\"", "`mean`"),
            ("role = \"chat\"", "role = \"embedding\"", "if, and only if"),
            ("licence = ", "lisence = ", "lisence"),
        ];
        for (right, wrong, message) in edits {
            assert!(EMBEDDED.contains(right), "{right}");
            let error = Manifest::parse(&EMBEDDED.replace(right, wrong), "m.toml")
                .unwrap_err()
                .to_string();
            assert!(error.contains(message) && error.contains("m.toml"), "{error}");
        }
    }
}
