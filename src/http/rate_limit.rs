//! How often one key, or one address where there are no keys, may ask.
//!
//! A bucket each, refilled evenly: a minute's worth may come at once, and then one request for each that trickled in.
//! What has not asked for a while is forgotten, so that addresses do not pile up.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::error::ApiError;
use crate::config::Holder;

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asker {
    Key(String),
    Address(Option<IpAddr>),
}

/// The buckets.
pub(super) struct Limit {
    buckets: DefaultKeyedRateLimiter<Asker>,
    clock: DefaultClock,
}

impl Limit {
    /// So many requests a minute.
    pub fn new(per_minute: NonZeroU32) -> Limit {
        Limit {
            buckets: RateLimiter::keyed(Quota::per_minute(per_minute)),
            clock: DefaultClock::default(),
        }
    }

    /// Takes one from the bucket.
    ///
    /// # Errors
    /// 429, with the seconds until there is one again.
    pub fn check(&self, holder: Option<&Holder>, address: Option<IpAddr>) -> Result<(), ApiError> {
        let asker = match holder {
            Some(holder) => Asker::Key(holder.name.clone()),
            None => Asker::Address(address),
        };
        self.buckets.check_key(&asker).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::too_often(wait.as_secs_f64().ceil() as u64)
        })
    }

    /// Forgets whose bucket is full again.
    pub fn tidy(&self) {
        self.buckets.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;

    #[test]
    fn each_has_a_bucket_of_their_own() {
        let limit = Limit::new(NonZeroU32::MIN);
        let holder = |name: &str| Holder {
            scope: Scope::User,
            name: name.into(),
        };
        let (one, other) = (holder("one"), holder("other"));
        assert_eq!(limit.check(Some(&one), None), Ok(()));
        assert!(limit.check(Some(&one), None).is_err());
        assert_eq!(limit.check(Some(&other), None), Ok(()));
        let address = Some([127, 0, 0, 1].into());
        assert_eq!(limit.check(None, address), Ok(()));
        assert!(limit.check(None, address).is_err());
    }
}
