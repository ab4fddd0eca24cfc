//! A count out of a total, with its share and the share's confidence interval.

use schemars::JsonSchema;
use serde::Serialize;

use crate::reviews::Share;

/// A count out of a total.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct Proportion {
    count: usize,
    of: usize,
    /// `count` / `of`, to three decimals.
    share: f64,
    /// The 95% confidence interval of the share, after Wilson; from 0 to 1 if `of` is 0.
    interval: [f64; 2],
}

impl From<Share> for Proportion {
    fn from(share: Share) -> Self {
        let (low, high) = share.interval();
        Self {
            count: share.count,
            of: share.of,
            share: rounded(share.value()),
            interval: [rounded(low), rounded(high)],
        }
    }
}

/// The value to three decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_proportion_has_its_share_and_interval() {
        for (share, expected) in [
            (
                Share { count: 10, of: 20 },
                json!({"count": 10, "of": 20, "share": 0.5, "interval": [0.299, 0.701]}),
            ),
            (
                Share { count: 0, of: 0 },
                json!({"count": 0, "of": 0, "share": 0.0, "interval": [0.0, 1.0]}),
            ),
        ] {
            let proportion = serde_json::to_value(Proportion::from(share)).expect("it serialises");
            assert_eq!(proportion, expected);
        }
    }
}
