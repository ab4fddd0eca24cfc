//! The response of `/metrics`, as numbers.

use std::collections::BTreeMap;

use super::client::Client;

/// One scrape.
#[derive(Debug)]
pub struct Scrape {
    /// The whole text.
    pub text: String,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Scrapes now.
    pub fn of(client: &Client) -> Scrape {
        let text = client.get("/metrics").body;
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = samples.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_string(), value.parse().expect("a number"))
        });
        let series = series.collect();
        Scrape { text, series }
    }

    /// The value of a series, as in `rag_requests_total{outcome="answered"}`.
    ///
    /// # Panics
    /// Where there is no such series.
    pub fn value(&self, series: &str) -> f64 {
        let value = self.series.get(series);
        *value.unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }

    /// The answers with an outcome, as in `answered`.
    pub fn answers(&self, outcome: &str) -> f64 {
        self.value(&format!("rag_requests_total{{outcome=\"{outcome}\"}}"))
    }

    /// The generations that ended for a reason, as in `cancelled`.
    pub fn generations(&self, reason: &str) -> f64 {
        self.value(&format!("llm_requests_finished_total{{reason=\"{reason}\"}}"))
    }

    /// All series of a metric with their values, including a histogram's buckets, sums and counts.
    pub fn of_metric(&self, name: &str) -> Vec<(&str, f64)> {
        let is_of = |series: &str| {
            let part = base(series).strip_prefix(name);
            part.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        };
        let all = self.series.iter().filter(|(series, _)| is_of(series));
        all.map(|(series, value)| (series.as_str(), *value)).collect()
    }

    /// The sum of all series with this name.
    pub fn sum(&self, name: &str) -> f64 {
        let of = self.series.iter().filter(|(series, _)| base(series) == name);
        of.map(|(_, value)| value).sum()
    }

    /// The number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }
}

/// The name of a series without its labels.
fn base(series: &str) -> &str {
    series.split_once('{').map_or(series, |(base, _)| base)
}
