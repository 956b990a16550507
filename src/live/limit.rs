//! All limits of a key, a team, a pool or a provider as one value.
//!
//! It never waits: it admits a request, or says how long until it may.

pub(crate) mod cap;
pub(crate) mod desk;
pub(crate) mod lease;
pub(crate) mod leases;
mod limited;
pub(crate) mod period;
pub(crate) mod quota;
pub(crate) mod rate;
pub(crate) mod shared;
mod slices;
pub(crate) mod window;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use cap::Cap;
pub(crate) use cap::Permit;
pub(crate) use limited::Limited;
pub use rate::{Rate, RateBucket};

use self::{
    quota::Quota,
    shared::Sharing,
    slices::Shared,
    window::{Amount, Unit, Window},
};
use crate::moment;

/// The settings of one owner's limits; equal settings change nothing on a reload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitSettings {
    /// The token bucket, if there is one.
    pub rate: Option<Rate>,
    /// The cap on requests in flight, if there is one.
    pub max: Option<u32>,
    /// The windows over tokens and money, if there are any.
    pub(crate) windows: Option<Arc<[Window]>>,
    /// The queue for these limits, if there is one.
    pub(crate) queue: Option<QueueSettings>,
    /// How replicas share them, if they do.
    pub(crate) sharing: Option<Sharing>,
}

/// How many requests may wait, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueSettings {
    /// The most requests that wait.
    pub(crate) max_waiting: u32,
    /// The longest that one waits.
    pub(crate) max_wait: Duration,
}

impl LimitSettings {
    /// Limits on requests alone.
    pub fn of_requests(rate: Option<Rate>, max: Option<u32>) -> Self {
        Self { rate, max, ..Self::default() }
    }

    /// Whether there is any limit to wait for.
    pub(crate) fn limits_anything(&self) -> bool {
        self.rate.is_some() || self.max.is_some() || self.windows.is_some()
    }
}

impl quota::Short {
    /// The same without its amounts.
    pub(crate) fn limited(&self) -> Limited {
        match self.window.unit {
            _ if self.no_store => Limited::NoStore,
            Unit::Picodollars if self.is_spent => Limited::Budget(self.wait),
            _ => Limited::Tokens(self.wait.unwrap_or(Duration::MAX)),
        }
    }
}

/// The limits of one owner: this table's settings over levels that outlive the table.
#[derive(Debug, Clone)]
pub struct Limits {
    settings: LimitSettings,
    rate: Option<Arc<RateBucket>>,
    cap: Arc<Cap>,
    quota: Option<Quota>,
    /// Replaces both if replicas share them.
    shared: Option<Arc<Shared>>,
}

impl Limits {
    /// Unused limits.
    pub fn new(settings: LimitSettings) -> Self {
        let rate = settings.rate.map(|rate| Arc::new(RateBucket::new(rate)));
        let quota = settings.windows.clone().map(Quota::new);
        Self { rate, cap: Arc::new(Cap::default()), quota, shared: None, settings }.sliced()
    }

    /// The same owner with new settings. Requests in flight still count, and a bucket with a new
    /// rate starts with the used share of the old one.
    pub(crate) fn successor(&self, settings: LimitSettings) -> Self {
        let rate = settings.rate.map(|rate| match &self.rate {
            Some(old) if old.rate() == rate => Arc::clone(old),
            Some(old) => Arc::new(old.successor(rate)),
            None => Arc::new(RateBucket::new(rate)),
        });
        let quota = settings.windows.clone().map(|windows| match &self.quota {
            Some(old) => old.successor(windows),
            None => Quota::new(windows),
        });
        Self { rate, cap: Arc::clone(&self.cap), quota, shared: None, settings }.sliced()
    }

    /// The same over slices, if replicas share them.
    fn sliced(mut self) -> Self {
        if let Some(sharing) = &self.settings.sharing {
            self.shared =
                Some(Arc::new(sharing.of_requests(self.settings.rate, self.settings.max)));
            let slices = |quota: Quota| {
                let slices = sharing.of_windows(quota.windows());
                quota.over(slices)
            };
            self.quota = self.quota.map(slices);
        }
        self
    }

    /// Takes both limits or neither.
    ///
    /// The permit comes first, because it can be returned and a cell cannot: a request that exceeds
    /// the concurrency leaves the bucket unchanged.
    ///
    /// # Errors
    /// The exceeded limit; nothing of the other is taken.
    pub fn admit(&self) -> Result<Permit, Limited> {
        if let Some(shared) = &self.shared {
            return shared.admit(&self.cap);
        }
        let permit = self.cap.try_acquire(self.settings.max).ok_or(Limited::Concurrency)?;
        if let Some(bucket) = &self.rate {
            bucket.take().map_err(Limited::Rate)?;
        }
        Ok(permit)
    }

    /// Whether the cap has room for a request that no other waits for; ignores the rate.
    pub(crate) fn has_room(&self) -> bool {
        if let Some(shared) = &self.shared {
            return shared.has_room() && self.cap.waiting() == 0;
        }
        self.settings.max.is_none_or(|max| self.cap.has_room(max))
    }

    /// Why [`Limits::admit`] would refuse now; takes nothing.
    pub(crate) fn limited(&self) -> Option<Limited> {
        if let Some(shared) = &self.shared {
            return shared.limited().or_else(|| self.spent());
        }
        if self.settings.max.is_some_and(|max| self.cap.in_flight() >= max) {
            return Some(Limited::Concurrency);
        }
        let wait = self.rate.as_ref().map_or(Duration::ZERO, |bucket| bucket.free_in());
        if !wait.is_zero() {
            return Some(Limited::Rate(wait));
        }
        self.spent()
    }

    /// Whether a token window or budget is used up; takes nothing.
    #[inline]
    pub(crate) fn spent(&self) -> Option<Limited> {
        let quota = self.quota.as_ref()?;
        quota.spent(moment::now()).map(|short| short.limited())
    }

    /// The windows over tokens and money, if there are any.
    pub(crate) fn quota(&self) -> Option<&Quota> {
        self.quota.as_ref()
    }

    /// Requests in flight, counted even without a cap.
    pub(crate) fn in_flight(&self) -> u32 {
        self.cap.in_flight()
    }

    /// If replicas share the limits, waits until there is room for this amount here, or it is known
    /// that there is not.
    pub(crate) async fn ready(&self, amount: Amount) {
        if let Some(shared) = &self.shared {
            shared::ready(shared, self.quota.as_ref(), amount).await;
        }
    }

    /// The bucket of this process, if there is one.
    pub(super) fn rate(&self) -> Option<&RateBucket> {
        self.rate.as_deref()
    }

    /// The bucket's capacity, its free cells, and how long until it is full.
    pub(crate) fn rate_told(&self) -> Option<(u32, u32, Duration)> {
        let bucket = self.rate.as_ref()?;
        let Some(lease) = self.shared.as_ref().and_then(|shared| shared.rate()) else {
            return Some(bucket.told());
        };
        let seen = lease.seen();
        let left = u32::try_from(seen.left).unwrap_or(u32::MAX);
        Some((bucket.rate().burst, left, seen.reset.unwrap_or_default()))
    }

    /// The free share of the bucket, if there is one.
    pub(crate) fn rate_level(&self) -> Option<f64> {
        let bucket = self.rate.as_ref()?;
        let Some(lease) = self.shared.as_ref().and_then(|shared| shared.rate()) else {
            return Some(bucket.level());
        };
        let seen = lease.seen();
        Some(seen.left as f64 / seen.limit.max(1) as f64)
    }

    /// The counter of requests in flight and of those that wait for a place.
    pub(super) fn cap(&self) -> &Arc<Cap> {
        &self.cap
    }

    /// The settings.
    pub fn settings(&self) -> &LimitSettings {
        &self.settings
    }

    /// How many values share these levels, including those of other tables and requests in flight.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.cap)
    }
}
