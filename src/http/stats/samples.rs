//! The text of `/metrics`, parsed back into numbers, so that both endpoints always agree. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// All samples of one scrape.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// A histogram's values. Mean and percentiles are null if it has no values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct Distribution {
    count: u64,
    sum: f64,
    mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
}

impl Samples {
    /// Parses the text format. Lines that are not samples are ignored.
    pub(super) fn parse(text: &str) -> Samples {
        Samples(text.lines().filter_map(Sample::parse).collect())
    }

    /// The sum over all series of a counter or gauge; `None` if it has no series.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        self.named(name)
            .map(|sample| sample.value)
            .reduce(|sum, value| sum + value)
    }

    /// The value of the series whose `label` has this value; 0 if there is none.
    pub(super) fn with_label(&self, name: &str, label: &str, value: &str) -> u64 {
        let mut series = self
            .named(name)
            .filter(|sample| sample.labels.get(label).is_some_and(|found| found == value));
        series.next().map_or(0, |sample| sample.value as u64)
    }

    /// The labels of those series of a metric that are not zero.
    pub(super) fn labels(&self, name: &str) -> impl Iterator<Item = &BTreeMap<String, String>> {
        self.named(name)
            .filter(|sample| sample.value != 0.0)
            .map(|sample| &sample.labels)
    }

    /// A histogram: the sum of all its series.
    pub(super) fn distribution(&self, name: &str) -> Distribution {
        let total = |suffix: &str| self.sum(&format!("{name}{suffix}")).unwrap_or(0.0);
        let mut buckets: Vec<(f64, f64)> = vec![];
        for sample in self.named(&format!("{name}_bucket")) {
            let Some(bound) = sample
                .labels
                .get("le")
                .and_then(|bound| bound.parse::<f64>().ok())
            else {
                continue;
            };
            match buckets.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += sample.value,
                None => buckets.push((bound, sample.value)),
            }
        }
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (count, sum) = (total("_count"), total("_sum"));
        let percentile = |share: f64| (count > 0.0).then(|| percentile(&buckets, count * share));
        Distribution {
            count: count as u64,
            sum,
            mean: (count > 0.0).then(|| sum / count),
            p50: percentile(0.5),
            p90: percentile(0.9),
            p99: percentile(0.99),
        }
    }

    fn named<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }
}

impl Sample {
    fn parse(line: &str) -> Option<Sample> {
        if line.starts_with('#') {
            return None;
        }
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}')?),
            None => (series, ""),
        };
        Some(Sample {
            name: name.to_string(),
            labels: pairs(labels),
            value: value.parse().ok()?,
        })
    }
}

/// `a="x",b="y"`, with `\"`, `\\` and `\n` in the values.
fn pairs(mut text: &str) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, letter)) = chars.next() {
            match letter {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, escaped)) => value.push(escaped),
                    None => {}
                },
                _ => value.push(letter),
            }
        }
        pairs.insert(name.trim_start_matches(',').to_string(), value);
        text = &rest[end..];
    }
    pairs
}

/// The value below which `rank` samples lie, interpolated linearly within its bucket like Prometheus'
/// `histogram_quantile`. Samples above the last finite bound count as that bound.
fn percentile(buckets: &[(f64, f64)], rank: f64) -> f64 {
    let (mut below, mut under) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= rank && bound.is_finite() {
            let share = if *count > under {
                (rank - under) / (count - under)
            } else {
                1.0
            };
            return below + (bound - below) * share;
        }
        if bound.is_finite() {
            (below, under) = (*bound, *count);
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP x_seconds Help.
# TYPE x_seconds histogram
x_seconds_bucket{model="a",le="1"} 1
x_seconds_bucket{model="a",le="2"} 3
x_seconds_bucket{model="a",le="+Inf"} 4
x_seconds_sum{model="a"} 10
x_seconds_count{model="a"} 4
asked_total{outcome="answered"} 3
asked_total{outcome="er\"r,or="} 2
built 1.5e9
"#;

    #[test]
    fn percentiles_are_computed_as_in_prometheus() {
        let found = Samples::parse(TEXT).distribution("x_seconds");
        // Rank 2 of 4 lies half way through the two samples between 1 and 2.
        assert_eq!(
            (found.count, found.sum, found.mean, found.p50),
            (4, 10.0, Some(2.5), Some(1.5))
        );
        // Samples above 2 count as 2.
        assert_eq!((found.p90, found.p99), (Some(2.0), Some(2.0)));
        assert_eq!(
            Samples::parse("").distribution("x_seconds"),
            Distribution::default()
        );
    }

    #[test]
    fn series_are_found_by_their_labels() {
        let samples = Samples::parse(TEXT);
        assert_eq!(samples.with_label("asked_total", "outcome", "answered"), 3);
        assert_eq!(samples.with_label("asked_total", "outcome", "er\"r,or="), 2);
        assert_eq!(samples.with_label("asked_total", "outcome", "absent"), 0);
        assert_eq!(
            (
                samples.sum("asked_total"),
                samples.sum("built"),
                samples.sum("absent")
            ),
            (Some(5.0), Some(1.5e9), None)
        );
    }
}
