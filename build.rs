//! Tells the program what it is made of, so that `/info` can show it: which commit, how many crates cargo compiles into
//! it, and which of them could open a connection, of those that `deny.toml` bans. Where cargo cannot tell, the program
//! says nothing.

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::process::Command;

fn main() {
    for file in ["Cargo.toml", "Cargo.lock", "deny.toml", "build.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rerun-if-env-changed=GIT_SHA");
    // An empty one is what a builder passes who does not know it.
    if let Some(commit) = env::var("GIT_SHA").ok().filter(|commit| !commit.is_empty()) {
        println!("cargo:rustc-env=BUILD_COMMIT={commit}");
    }
    match made_of() {
        Ok((crates, clients)) => {
            println!("cargo:rustc-env=BUILD_CRATES={crates}");
            println!("cargo:rustc-env=BUILD_CLIENTS={}", clients.join(" "));
        }
        Err(error) => {
            println!("cargo:warning=The crates could not be counted, so /info will not show them: {error}");
        }
    }
}

/// The number of crates in the program, and those that are clients.
fn made_of() -> Result<(usize, Vec<String>), Box<dyn Error>> {
    let mut tree = Command::new(env::var("CARGO")?);
    tree.args([
        "tree",
        "--offline",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
    ])
    .args([
        "--no-dedupe",
        "--format",
        "{p}\t{f}",
        "--target",
        &env::var("TARGET")?,
    ])
    .args(["--package", &env::var("CARGO_PKG_NAME")?]);
    if env::var_os("CARGO_FEATURE_CUDA").is_some() {
        tree.args(["--features", "cuda"]);
    }
    let output = tree.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let crates = String::from_utf8(output.stdout)?;
    let crates: BTreeSet<&str> = crates.lines().filter(|line| !line.is_empty()).collect();
    let banned =
        Banned::read(&std::fs::read_to_string("deny.toml")?.parse()?).ok_or("deny.toml bans nothing")?;
    let clients = crates.iter().filter_map(|line| banned.of(line)).collect();
    Ok((crates.len(), clients))
}

/// What `deny.toml` bans.
struct Banned {
    crates: Vec<String>,
    /// Features, each of a crate.
    features: Vec<(String, String)>,
}

impl Banned {
    fn read(deny: &toml::Table) -> Option<Self> {
        let bans = deny.get("bans")?;
        let name = |ban: &toml::Value| Some(ban.get("crate")?.as_str()?.to_string());
        let mut features = Vec::new();
        for ban in bans.get("features")?.as_array()? {
            let of = name(ban)?;
            let denied = ban
                .get("deny")?
                .as_array()?
                .iter()
                .filter_map(toml::Value::as_str);
            features.extend(denied.map(|feature| (of.clone(), feature.to_string())));
        }
        Some(Self {
            crates: bans
                .get("deny")?
                .as_array()?
                .iter()
                .map(name)
                .collect::<Option<_>>()?,
            features,
        })
    }

    /// What is banned of a line of `cargo tree`: `name v1.2.3 (where from)`, a tab, features.
    fn of(&self, line: &str) -> Option<String> {
        let (package, features) = line.split_once('\t')?;
        let name = package.split(' ').next()?;
        if self.crates.iter().any(|banned| banned == name) {
            return Some(name.to_string());
        }
        let has = |feature: &String| features.split(',').any(|has| has == feature);
        let found = self
            .features
            .iter()
            .find(|(of, feature)| of == name && has(feature));
        found.map(|(of, feature)| format!("{of}/{feature}"))
    }
}
