//! The metrics that monitoring/ names.

use std::collections::BTreeSet;

use flipkart_recommender::metrics::{ALL, Metric};

use super::files;

#[test]
fn every_metric_named_under_monitoring_exists() {
    let mut exposed = BTreeSet::new();
    for metric in ALL {
        let name = metric.description().name;
        exposed.insert(name.to_string());
        if matches!(metric, Metric::Histogram(_)) {
            exposed.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        }
    }
    // A word is the name of a metric if its first part is the first part of one of ours.
    let families: BTreeSet<&str> = exposed.iter().filter_map(|name| name.split('_').next()).collect();
    let is_name = |word: &&str| {
        let (family, rest) = word.split_once('_').unwrap_or_default();
        families.contains(family)
            && rest
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    let mut named = BTreeSet::new();
    for file in files("monitoring", &[".md", ".yml", ".yaml", ".json", ".toml"]) {
        let words = file
            .text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        for word in words.filter(is_name) {
            assert!(
                exposed.contains(word),
                "monitoring/{} names {word}, which does not exist",
                file.path
            );
            named.insert(word.to_string());
        }
    }
    assert!(named.len() > 40, "monitoring/ names only {named:?}");
}
