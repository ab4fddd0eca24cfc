//! Which tokens a draw may choose from: `top_k`, `top_p` and `min_p`.

use super::exponential::Weights;
use super::sampling::Sampling;

/// `top_p` looks at this number of the likeliest tokens first, and at eight times as many as long as that is too few.
const FIRST_LOOK: usize = 64;

/// Some tokens of a row, and their logits.
#[derive(Default)]
pub(super) struct Shortlist {
    candidates: Vec<Candidate>,
    /// The candidates' logits, side by side for the draw.
    logits: Vec<f32>,
}

/// A token that may be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Its id.
    pub token: u32,
    /// Its logit, above negative infinity.
    pub logit: f32,
}

impl Candidate {
    /// Orders candidates: the larger logit first, equal ones by id. When the bits of positive floats are inverted, bits
    /// as whole numbers have the reverse order of the floats. Whole numbers compare without a branch, which made
    /// sorting a whole row three times as fast.
    fn rank(&self) -> u64 {
        let bits = self.logit.to_bits();
        let falling = if bits >> 31 == 0 {
            !bits & (u32::MAX >> 1)
        } else {
            bits
        };
        u64::from(falling) << 32 | u64::from(self.token)
    }
}

impl Shortlist {
    /// The tokens of a row that are left after `top_k`, `top_p` and `min_p`, applied in this order, and their logits.
    /// There is always at least one. `largest` is the row's largest logit.
    pub(super) fn cut(
        &mut self,
        logits: &[f32],
        largest: f32,
        sampling: &Sampling,
    ) -> (&[Candidate], &[f32]) {
        // In f64, because logarithms differ between platforms in the last place, and rounding removes that. The largest
        // logit always stays, also if `min_p` is out of range.
        let floor = (largest + f64::from(sampling.min_p).ln() as f32).min(largest);
        let weights = Weights::plain(largest);
        if sampling.top_k > 0 && sampling.top_k < logits.len() {
            self.likeliest(logits, sampling.top_k);
            if sampling.top_p < 1.0 {
                let kept = self.candidates.iter();
                let all = kept.map(|candidate| f64::from(weights.of(candidate.logit))).sum();
                self.nucleus(all, weights, sampling.top_p);
            }
        } else if sampling.top_p < 1.0 {
            let all = weights.total(logits);
            let mut look = FIRST_LOOK;
            self.likeliest(logits, look);
            while !self.nucleus(all, weights, sampling.top_p) && look < logits.len() {
                look *= 8;
                self.likeliest(logits, look);
            }
        } else {
            let row = (0..)
                .zip(logits)
                .map(|(token, logit)| Candidate { token, logit: *logit });
            let possible =
                row.filter(|candidate| candidate.logit > f32::NEG_INFINITY && candidate.logit >= floor);
            self.candidates.clear();
            self.candidates.extend(possible);
        }
        self.candidates.retain(|candidate| candidate.logit >= floor);
        self.logits.clear();
        self.logits
            .extend(self.candidates.iter().map(|candidate| candidate.logit));
        (&self.candidates, &self.logits)
    }

    /// The `count` largest logits, the largest first, and ties by id; fewer if fewer are above negative infinity.
    /// `count` is not 0.
    pub(super) fn likeliest(&mut self, logits: &[f32], count: usize) -> &[Candidate] {
        let kept = &mut self.candidates;
        kept.clear();
        // Once `count` are found, only logits above the least of them are kept. The list may grow to twice the length
        // before it is cut, so that a cut costs little per token.
        let mut least = f32::NEG_INFINITY;
        for (token, logit) in (0..).zip(logits) {
            if *logit > least {
                kept.push(Candidate { token, logit: *logit });
                if kept.len() == count.saturating_mul(2) {
                    kept.select_nth_unstable_by_key(count - 1, Candidate::rank);
                    kept.truncate(count);
                    least = kept[count - 1].logit;
                }
            }
        }
        kept.sort_unstable_by_key(Candidate::rank);
        kept.truncate(count);
        kept
    }

    /// Cuts a list, sorted with the likeliest first, after the token with which it reaches the share `top_p` of `all`.
    /// Returns false, and leaves the list as it is, if it does not reach the share.
    fn nucleus(&mut self, all: f64, weights: Weights, top_p: f32) -> bool {
        let mut sum = 0.0;
        let reaches = |candidate: &Candidate| {
            sum += f64::from(weights.of(candidate.logit));
            sum >= f64::from(top_p) * all
        };
        let end = self.candidates.iter().position(reaches);
        if let Some(end) = end {
            self.candidates.truncate(end + 1);
        }
        end.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(logits: &[f32], sampling: &Sampling) -> Vec<u32> {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut shortlist = Shortlist::default();
        shortlist
            .cut(logits, largest, sampling)
            .0
            .iter()
            .map(|candidate| candidate.token)
            .collect()
    }

    /// Logits of the probabilities 0.1, 0.4, 0.2, 0 and 0.3.
    fn row() -> [f32; 5] {
        [0.1f32, 0.4, 0.2, 0.0, 0.3].map(f32::ln)
    }

    #[test]
    fn each_cut_keeps_exactly_its_tokens() {
        type Change = fn(&mut Sampling);
        let cases: [(&str, Change, &[u32]); 14] = [
            ("all possible tokens, by id", |_| (), &[0, 1, 2, 4]),
            ("top_k 1", |s| s.top_k = 1, &[1]),
            ("top_k 3", |s| s.top_k = 3, &[1, 4, 2]),
            ("top_k of all", |s| s.top_k = 5, &[0, 1, 2, 4]),
            ("top_p 0 keeps the likeliest", |s| s.top_p = 0.0, &[1]),
            ("top_p within the first", |s| s.top_p = 0.39, &[1]),
            ("top_p just beyond the first", |s| s.top_p = 0.41, &[1, 4]),
            ("top_p 0.8", |s| s.top_p = 0.8, &[1, 4, 2]),
            ("top_p 0.95", |s| s.top_p = 0.95, &[1, 4, 2, 0]),
            // Of 0.4 and 0.3, the first has four sevenths.
            ("top_p after top_k", |s| (s.top_k, s.top_p) = (2, 0.57), &[1]),
            (
                "a larger top_p after top_k",
                |s| (s.top_k, s.top_p) = (2, 0.58),
                &[1, 4],
            ),
            ("min_p of the largest", |s| s.min_p = 0.49, &[1, 2, 4]),
            ("min_p 1", |s| s.min_p = 1.0, &[1]),
            ("min_p after top_p", |s| (s.min_p, s.top_p) = (0.6, 0.8), &[1, 4]),
        ];
        for (name, change, expected) in cases {
            assert_eq!(tokens(&row(), &Sampling::with(change)), expected, "{name}");
        }
    }

    #[test]
    fn cuts_agree_with_a_full_sort() {
        // Multiples of 1/8, so that there are ties; more than FIRST_LOOK tokens, so that top_p looks again.
        let scatter = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as f32 / 8.0 - 16.0;
        for (length, scale) in [(3, 1.0), (64, 1.0), (65, 0.1), (1000, 0.02), (3000, 0.3)] {
            let logits: Vec<f32> = (0..length).map(|i| scatter(i) * scale).collect();
            let mut sorted: Vec<u32> = (0..length).collect();
            sorted.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]));
            for top_k in [1, 2, 63, 64, 500] {
                let sampling = Sampling::with(|s| s.top_k = top_k);
                if top_k < length as usize {
                    assert_eq!(tokens(&logits, &sampling), sorted[..top_k], "{top_k} of {length}");
                }
            }
            let weight = |token: &u32| f64::from(logits[*token as usize]).exp();
            let all: f64 = sorted.iter().map(weight).sum();
            for top_p in [0.1, 0.5, 0.9, 0.999] {
                let kept = tokens(&logits, &Sampling::with(|s| s.top_p = top_p));
                assert_eq!(kept, sorted[..kept.len()], "{top_p} of {length}");
                // The share is reached with the last token and not before, up to the rounding of the sums.
                let (before, with) = (&kept[..kept.len() - 1], &kept);
                let share = |tokens: &[u32]| tokens.iter().map(weight).sum::<f64>() / all;
                assert!(share(before) < f64::from(top_p) + 1e-6, "{top_p} of {length}");
                assert!(share(with) > f64::from(top_p) - 1e-6, "{top_p} of {length}");
            }
        }
    }

    #[test]
    fn one_token_is_always_left() {
        let one_hot = [f32::NEG_INFINITY, 3.0, f32::NEG_INFINITY];
        for sampling in [
            Sampling::GREEDY,
            Sampling::with(|s| (s.top_k, s.top_p, s.min_p) = (2, 0.0, 1.0)),
            Sampling::with(|s| s.top_p = 0.999_999_9),
        ] {
            assert_eq!(tokens(&one_hot, &sampling), [1], "{sampling:?}");
        }
    }
}
