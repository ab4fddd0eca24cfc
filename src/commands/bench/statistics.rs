//! Mean, deviation and median of measured durations. Pure.

use std::time::Duration;

use serde::Serialize;

/// The statistics of all repetitions. The names are those of `llama-bench`; the medians are our own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SampleStatistics {
    /// Mean of the durations in nanoseconds.
    pub avg_ns: u64,
    /// Standard deviation of the durations; 0 for a single one.
    pub stddev_ns: u64,
    /// Median of the durations.
    pub median_ns: u64,
    /// Mean of the speeds in tokens per second.
    pub avg_ts: f64,
    /// Standard deviation of the speeds; 0 for a single one.
    pub stddev_ts: f64,
    /// Median of the speeds.
    pub median_ts: f64,
    /// The durations, in the order of measurement.
    pub samples_ns: Vec<u64>,
    /// The speeds, in the order of measurement.
    pub samples_ts: Vec<f64>,
}

impl SampleStatistics {
    /// The statistics of repetitions that each read or generated `tokens` tokens.
    ///
    /// # Panics
    /// If there are no samples.
    pub(super) fn new(samples: &[Duration], tokens: usize) -> Self {
        let seconds: Vec<f64> = samples.iter().map(Duration::as_secs_f64).collect();
        let nanoseconds: Vec<f64> = seconds.iter().map(|seconds| seconds * 1e9).collect();
        // At least one tick of the clock, to avoid a division by zero.
        let speeds: Vec<f64> = seconds
            .iter()
            .map(|seconds| tokens as f64 / seconds.max(1e-9))
            .collect();
        Self {
            avg_ns: mean(&nanoseconds).round() as u64,
            stddev_ns: deviation(&nanoseconds).round() as u64,
            median_ns: median(&nanoseconds).round() as u64,
            avg_ts: mean(&speeds),
            stddev_ts: deviation(&speeds),
            median_ts: median(&speeds),
            samples_ns: nanoseconds.iter().map(|sample| sample.round() as u64).collect(),
            samples_ts: speeds,
        }
    }
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// The sample standard deviation (with n - 1 as the divisor).
fn deviation(samples: &[f64]) -> f64 {
    if samples.len() < 2 {
        return 0.0;
    }
    let mean = mean(samples);
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (squares / (samples.len() - 1) as f64).sqrt()
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    (sorted[low] + sorted[high]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_computed_by_hand() {
        let figures = SampleStatistics::new(&[1, 4, 2].map(Duration::from_secs), 8);
        assert_eq!(figures.samples_ns, [1_000_000_000, 4_000_000_000, 2_000_000_000]);
        assert_eq!(figures.samples_ts, [8.0, 2.0, 4.0]);
        assert_eq!((figures.median_ns, figures.median_ts), (2_000_000_000, 4.0));
        assert_eq!((figures.avg_ns, figures.avg_ts), (2_333_333_333, 14.0 / 3.0));
        // The deviations of the speeds from 14/3 are 10/3, -8/3 and -2/3; the sum of their squares is 168/9.
        assert!((figures.stddev_ts - (84.0_f64 / 9.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_sample_has_no_deviation_and_the_median_of_two_is_their_mean() {
        let one = SampleStatistics::new(&[Duration::from_millis(500)], 1);
        assert_eq!((one.stddev_ns, one.stddev_ts, one.median_ts), (0, 0.0, 2.0));
        let two = SampleStatistics::new(&[1, 3].map(Duration::from_secs), 3);
        assert_eq!((two.median_ns, two.median_ts), (2_000_000_000, 2.0));
    }
}
