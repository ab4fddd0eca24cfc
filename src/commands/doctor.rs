//! `doctor`: prints every setting and its source, checks everything that a start needs, and reports what is wrong.

use std::net::TcpListener;

use anyhow::bail;
use serde_json::json;

use crate::assistant::wording::Wording;
use crate::cli::SettingSource;
use crate::config::{self, Config};
use crate::embedding;
use crate::generation::model;
use crate::index::{Fingerprint, store};
use crate::reviews::{self, Corpus, Reading};
use crate::weights::gguf::Gguf;
use crate::weights::{self, device, tokenizer};

/// What was checked, and the result: a description or a problem.
type Finding = (&'static str, anyhow::Result<String>);

/// Prints the settings, what was understood of the reviews, and the findings. False if the server would not work.
pub(super) fn run(config: &Config, json: bool) -> anyhow::Result<bool> {
    let (reading, corpus) = reviews::read(config.sources(), &config.reading);
    let corpus = corpus.ok();
    let findings = [
        ("configuration", Ok("every setting is in range".to_string())),
        ("device", device(config)),
        ("chat model", chat_model(config)),
        ("embedding model", embedding_model(config)),
        ("reviews", reviews(&reading)),
        ("snapshot", snapshot(config, corpus.as_ref())),
        ("threads", threads(config)),
        ("port", port(config)),
    ];
    if json {
        let checks = findings.iter().map(|(name, found)| match found {
            Ok(good) => (*name, json!({"ok": true, "says": good})),
            Err(bad) => (*name, json!({"ok": false, "says": bad.to_string()})),
        });
        let mut report = serde_json::to_value(&reading)?;
        report["checks"] = checks.map(|(name, check)| (name.to_string(), check)).collect();
        println!("{report}");
    } else {
        println!("Settings:");
        for SettingSource { name, value, source } in &config.sources {
            println!("  {name:<24}{source:<13}{value}");
        }
        println!("\nReviews:\n{reading}");
        for finding in &findings {
            println!("{}", line(finding));
        }
    }
    Ok(findings.iter().all(|(_, found)| found.is_ok()))
}

fn line((name, found): &Finding) -> String {
    match found {
        Ok(good) => format!("ok     {name}: {good}"),
        Err(bad) => format!("WRONG  {name}: {bad}"),
    }
}

fn device(config: &Config) -> anyhow::Result<String> {
    let (_, label) = device::select(config.device)?;
    Ok(format!("computing on {label}"))
}

fn chat_model(config: &Config) -> anyhow::Result<String> {
    let chat = weights::chat_model(&config.models, config.chat_model.as_deref())?;
    let gguf = Gguf::read(&chat.path)?;
    tokenizer::from_gguf(&gguf)?;
    model::check(&gguf)?;
    if gguf.chat_template().is_none() {
        bail!(
            "{} has no chat template, so it cannot be used for conversations",
            chat.path.display()
        );
    }
    let words = match (config.answers, crate::app::known_share(config, &chat)) {
        (Wording::Told, _) => "answers are told by rule".to_string(),
        (Wording::Written, _) => "it writes the answers".to_string(),
        (Wording::Auto, None) => "the first start tests whether it writes the answers".to_string(),
        (Wording::Auto, Some(share)) => {
            let who = if share >= crate::app::ENOUGH {
                "it writes the answers"
            } else {
                "answers are told by rule"
            };
            format!(
                "{:.0}% of its sentences stood in its test, so {who}",
                100.0 * share
            )
        }
    };
    Ok(format!(
        "{} ({}); {words}",
        chat.name,
        verified(chat.sha256.is_some())
    ))
}

fn embedding_model(config: &Config) -> anyhow::Result<String> {
    let model = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    Ok(format!("{} ({})", model.name, verified(model.sha256.is_some())))
}

fn verified(verified: bool) -> &'static str {
    if verified {
        "its hash is correct"
    } else {
        "your own model; there is no hash to compare with"
    }
}

fn reviews(reading: &Reading) -> anyhow::Result<String> {
    if let Some(error) = &reading.error {
        bail!("{error}");
    }
    let Reading {
        rows, kept, products, ..
    } = reading;
    Ok(format!(
        "{kept} reviews of {products} products; {} rows are left out",
        rows - kept
    ))
}

/// An unusable snapshot is not an error: the next start creates a new one.
fn snapshot(config: &Config, corpus: Option<&Corpus>) -> anyhow::Result<String> {
    let dir = &config.index_dir;
    let known = (|| {
        let model = weights::embedding_model(&config.models, config.embedding_model.as_deref()).ok()?;
        let corpus = corpus?;
        let (device, _) = device::select(config.device).ok()?;
        let precision = config.embedding_precision.on(&device);
        let passages = reviews::passages(corpus);
        let model = embedding::fingerprint(&model, precision).ok()?;
        let fingerprint = Fingerprint::new(&corpus.fingerprint, &passages, &model);
        Some(store::load(&crate::app::passages_dir(config), &fingerprint))
    })();
    let found = match known {
        None => "not checked, because the model or the reviews cannot be read".to_string(),
        Some(Ok(index)) => return Ok(format!("{} vectors in {}", index.len(), dir.display())),
        Some(Err(unusable)) => format!("{unusable}; the next start embeds the reviews"),
    };
    // The absolute path, because a relative one has no ancestor in the working folder.
    let writable = std::path::absolute(dir).is_ok_and(|dir| {
        let existing = dir.ancestors().find_map(|dir| dir.metadata().ok());
        existing.is_some_and(|metadata| !metadata.permissions().readonly())
    });
    if writable {
        Ok(found)
    } else {
        bail!("{found}; {} is not writable", dir.display())
    }
}

fn threads(config: &Config) -> anyhow::Result<String> {
    let (threads, cores) = (config.threads, config::cores());
    if threads > cores {
        bail!(
            "{threads} threads on {cores} cores would wait for each other; set --threads to {cores} or less"
        );
    }
    Ok(format!("{threads} threads on {cores} cores"))
}

fn port(config: &Config) -> anyhow::Result<String> {
    match TcpListener::bind(config.listen) {
        Ok(_) => Ok(format!("{} is free", config.listen)),
        Err(error) => bail!("{} cannot be used: {error}", config.listen),
    }
}
