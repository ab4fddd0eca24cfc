//! How many tokens to draft: as many as save time, and hardly any if they do not.
//!
//! The budget is an account in rows: one row is the cost of decoding one token. An accepted draft saves rows, a
//! rejected one costs some, and a draft may cost only what the account holds. So for any text, drafts never cost more
//! than the account's initial balance and its allowance.

/// The cost of verifying one more token, in rows. Measured with the int8 kernels on two cores of a Xeon with
/// AVX-512-VNNI, after steps of one row: 2 rows took 1.14 times as long as one, 3 rows 1.29, 4 rows 1.43, 8 rows 2.2,
/// 12 rows 2.7.
const ROW_COST: f64 = 0.15;

/// Draft lengths that, with the token before the draft, fill the kernels' groups of rows: 2, 3, 4, 8 and 12. Other
/// numbers of rows are computed in two groups, and take as long as the next larger of these: 5 rows 2.0 times as long
/// as one, 9 rows 3.0 times.
const LENGTHS: [usize; 5] = [11, 7, 3, 2, 1];

/// The initial balance: enough for a first draft of three tokens, and 3% of a text of 15.
const START: f64 = 3.0 * ROW_COST;

/// The allowance for each generated token: with [`START`], 0.85% of a text of 128 tokens, and less of a longer one.
const ALLOWANCE: f64 = 0.005;

/// The highest balance, so that a long quotation does not pay for many failures after it.
const MOST: f64 = 3.0;

/// The length of the first draft.
const FIRST: usize = 3;

/// The shortest length after a failed draft.
const SHORT: usize = 2;

/// The longest draft.
const LONG: usize = LENGTHS[0];

/// The draft budget of one sequence.
pub(super) struct DraftBudget {
    /// The balance in rows.
    account: f64,
    /// The next draft's length, if the account allows it.
    length: usize,
}

impl Default for DraftBudget {
    fn default() -> Self {
        Self {
            account: START,
            length: FIRST,
        }
    }
}

impl DraftBudget {
    /// Adds the allowance for generated tokens.
    pub(super) fn earn(&mut self, tokens: usize) {
        self.account = (self.account + ALLOWANCE * tokens as f64).min(MOST);
    }

    /// The most tokens that the next draft may have; 0 for no draft.
    pub(super) fn length(&self) -> usize {
        // Slightly more than the quotient, because rounding may leave it just below a whole number.
        let affordable = (self.account / ROW_COST + 1e-6) as usize;
        let most = self.length.min(affordable);
        LENGTHS.into_iter().find(|length| *length <= most).unwrap_or(0)
    }

    /// The shortest match to draft from. After failed drafts, a match of two tokens is too weak a sign.
    pub(super) fn least_match(&self) -> usize {
        if self.account < START { 3 } else { 2 }
    }

    /// Counts a draft: `drafted` tokens were verified, and the first `accepted` of them were right.
    pub(super) fn settle(&mut self, drafted: usize, accepted: usize) {
        if drafted == 0 {
            return;
        }
        let accepted = accepted.min(drafted);
        self.account = (self.account + accepted as f64 - ROW_COST * drafted as f64).min(MOST);
        let next = if accepted == drafted {
            self.length * 2 + 1
        } else {
            accepted + 1
        };
        self.length = next.clamp(SHORT, LONG);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_grow_with_success_and_shrink_with_failure() {
        let mut budget = DraftBudget::default();
        assert_eq!((budget.length(), budget.least_match()), (3, 2));
        budget.settle(3, 3);
        assert_eq!(budget.length(), 7);
        budget.settle(7, 7);
        assert_eq!(budget.length(), LONG);
        budget.settle(11, 8);
        assert_eq!(budget.length(), 7);
        budget.settle(7, 3);
        assert_eq!(budget.length(), 3);
        budget.settle(3, 0);
        assert_eq!(budget.length(), SHORT);
        budget.settle(0, 0);
        assert_eq!(budget.length(), SHORT);
    }

    #[test]
    fn an_empty_account_allows_no_draft_until_it_has_earned_enough() {
        let mut budget = DraftBudget::default();
        budget.settle(3, 0);
        assert_eq!((budget.length(), budget.least_match()), (0, 3));
        budget.earn(29);
        assert_eq!(budget.length(), 0);
        budget.earn(1);
        assert_eq!(budget.length(), 1);
        // After one success the length is normal again.
        budget.settle(1, 1);
        assert_eq!((budget.length(), budget.least_match()), (3, 2));
    }

    #[test]
    fn failed_drafts_cost_less_than_a_hundredth() {
        for tokens in [128, 256, 1024] {
            let mut budget = DraftBudget::default();
            let mut cost = 0.0;
            for _ in 0..tokens {
                let drafted = budget.length();
                cost += ROW_COST * drafted as f64;
                budget.settle(drafted, 0);
                budget.earn(1);
            }
            assert!(
                cost > 0.0 && cost < 0.01 * f64::from(tokens),
                "{cost} rows for {tokens} tokens"
            );
        }
    }
}
