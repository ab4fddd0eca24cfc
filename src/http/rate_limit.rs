//! The rate limit: how many requests one key may send, or one address if no key is needed.
//!
//! Each client has a bucket that is refilled evenly: the requests of one minute may come at once, then one more for
//! each that the refill adds. Clients that have sent nothing for a while are forgotten, so that addresses do not
//! accumulate.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use crate::config::Holder;

/// Whose requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Client {
    Key(String),
    Address(Option<IpAddr>),
}

/// The buckets of all clients.
pub(super) struct RateLimit {
    buckets: DefaultKeyedRateLimiter<Client>,
    clock: DefaultClock,
}

impl RateLimit {
    /// A limit of so many requests per minute.
    pub(super) fn new(per_minute: NonZeroU32) -> RateLimit {
        RateLimit {
            buckets: RateLimiter::keyed(Quota::per_minute(per_minute)),
            clock: DefaultClock::default(),
        }
    }

    /// Takes one request from the client's bucket.
    ///
    /// # Errors
    /// 429 if the bucket is empty, with the seconds until the next request is allowed.
    pub(super) fn check(&self, holder: Option<&Holder>, address: Option<IpAddr>) -> Result<(), ApiError> {
        let client = match holder {
            Some(holder) => Client::Key(holder.name.clone()),
            None => Client::Address(address),
        };
        self.buckets.check_key(&client).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::too_many_requests(wait.as_secs_f64().ceil() as u64)
        })
    }

    /// Forgets the clients whose bucket is full again.
    pub(super) fn forget_idle_clients(&self) {
        self.buckets.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;

    #[test]
    fn each_client_has_its_own_bucket() {
        let limit = RateLimit::new(NonZeroU32::MIN);
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
