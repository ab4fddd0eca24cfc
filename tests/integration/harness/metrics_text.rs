//! What `/metrics` says, as numbers.

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
        let series = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a name and a value");
                (name.to_string(), value.parse().expect("a number"))
            })
            .collect();
        Scrape { text, series }
    }

    /// The value of a series, as in `rag_requests_total{outcome="answered"}`.
    ///
    /// # Panics
    /// Where there is no such series.
    pub fn value(&self, series: &str) -> f64 {
        *self
            .series
            .get(series)
            .unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }

    /// All series of a metric with their values, a histogram's buckets, sums and counts among them.
    pub fn of_metric(&self, name: &str) -> Vec<(&str, f64)> {
        let is_of = |series: &str| {
            let base = series.split_once('{').map_or(series, |(base, _)| base);
            let part = base.strip_prefix(name);
            part.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        };
        let all = self.series.iter().filter(|(series, _)| is_of(series));
        all.map(|(series, value)| (series.as_str(), *value)).collect()
    }

    /// The value of a metric whose series need not be told apart.
    pub fn sum(&self, name: &str) -> f64 {
        let of = |(series, _): &(&String, &f64)| {
            series.split_once('{').map_or(series.as_str(), |(base, _)| base) == name
        };
        self.series.iter().filter(of).map(|(_, value)| value).sum()
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }
}
