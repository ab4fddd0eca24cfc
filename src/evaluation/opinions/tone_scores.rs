//! How often is the tone of texts right? Pure.

use serde::Serialize;

/// The share of texts, the clearest ones, of which `right` is measured: about a third.
const CLEAREST: f64 = 0.345;

/// How often the tone of texts that praise or complain is right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ToneScores {
    /// How many there are.
    pub texts: usize,
    /// The mean of the F1 of praise and of complaints; every text is judged.
    pub macro_f1: f64,
    /// The share of the complaints that are found.
    pub complaint_recall: f64,
    /// The share of the texts that are clearest, …
    pub coverage: f64,
    /// … and the share of these that are judged right.
    pub right: f64,
}

impl ToneScores {
    /// Of what was found and what is true, which is 1 or −1.
    pub(super) fn of(judged: &[(f32, i8)]) -> Self {
        let says = |found: f32| if found > 0.0 { 1 } else { -1 };
        let count = |is: &dyn Fn(i8, i8) -> bool| {
            let found = judged.iter().filter(|(found, truth)| is(says(*found), *truth));
            found.count() as f64
        };
        let f1 = |side: i8| {
            let both = count(&|found, truth| found == side && truth == side);
            let either = count(&|found, _| found == side) + count(&|_, truth| truth == side);
            2.0 * both / either.max(1.0)
        };
        let mut clearest: Vec<&(f32, i8)> = judged.iter().collect();
        clearest.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        clearest.truncate((CLEAREST * judged.len() as f64).round() as usize);
        let right = clearest.iter().filter(|(found, truth)| says(*found) == *truth);
        let complaints = count(&|_, truth| truth < 0);
        Self {
            texts: judged.len(),
            macro_f1: f64::midpoint(f1(1), f1(-1)),
            complaint_recall: count(&|found, truth| found < 0 && truth < 0) / complaints.max(1.0),
            coverage: clearest.len() as f64 / judged.len().max(1) as f64,
            right: right.count() as f64 / clearest.len().max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_small_case() {
        // Of two complaints one is found, of four praises all; the clearest two are a praise and the missed complaint.
        let judged = [(2.0, 1), (0.5, 1), (0.4, 1), (0.3, 1), (3.0, -1), (-0.2, -1)];
        let scores = ToneScores::of(&judged);
        // Praise: 4 right of 5 found and 4 there; complaints: 1 of 1 and 2.
        assert!((scores.macro_f1 - (8.0 / 9.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!((scores.complaint_recall, scores.right), (0.5, 0.5));
        assert!((scores.coverage - 2.0 / 6.0).abs() < 1e-12);
        assert_eq!(ToneScores::of(&[]).right, 0.0);
    }
}
