//! The limits on requests of one owner, shared by replicas.

use std::{sync::Arc, time::Duration};

use super::{
    cap::{Cap, Permit},
    lease::{Flow, Lack, Lease, Terms},
    leases::Leases,
    limited::Limited,
    quota::Quota,
    rate::Rate,
    slices::Shared,
    window::{Amount, Span, Window},
};

/// The owner of shared limits.
#[derive(Debug, Clone)]
pub(crate) struct Sharing {
    /// All slices of the process.
    pub(crate) leases: Arc<Leases>,
    /// The owner's key in the store, such as `key:ann`.
    pub(crate) holder: Arc<str>,
}

impl PartialEq for Sharing {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.leases, &other.leases) && self.holder == other.holder
    }
}

impl Sharing {
    fn lease(&self, what: &str, terms: Terms) -> Arc<Lease> {
        self.leases.lease(&format!("{}|{what}", self.holder), terms)
    }

    /// The slices of limits on requests.
    pub(super) fn of_requests(&self, rate: Option<Rate>, max: Option<u32>) -> Shared {
        let rate = rate.map(|rate| {
            let terms = Terms { limit: rate.burst.into(), flow: Flow::PerSecond(rate.per_second) };
            self.lease("requests", terms)
        });
        let places =
            max.map(|max| self.lease("in-flight", Terms { limit: max.into(), flow: Flow::Places }));
        Shared { rate, places }
    }

    /// The slices of windows, one for each.
    pub(super) fn of_windows(&self, windows: &[Window]) -> Arc<[Arc<Lease>]> {
        let each = windows.iter().map(|window| {
            let flow = match &window.span {
                Span::Sliding(nanos) => {
                    Flow::PerSecond(window.limit as f64 * 1e9 / (*nanos).max(1) as f64)
                }
                Span::Calendar(period) => Flow::Period(period.clone()),
            };
            self.lease(&window.key(), Terms { limit: window.limit, flow })
        });
        each.collect()
    }
}

impl Shared {
    /// Takes both limits or neither.
    pub(super) fn admit(self: &Arc<Self>, cap: &Arc<Cap>) -> Result<Permit, Limited> {
        if let Some(places) = &self.places {
            places.take(1).map_err(|lack| concurrency(&lack))?;
        }
        if let Some(rate) = &self.rate {
            if let Err(lack) = rate.take(1) {
                if let Some(places) = &self.places {
                    places.settle(1, 0);
                }
                return Err(rate_limited(&lack));
            }
            rate.settle(1, 1);
        }
        Ok(cap.shared(Arc::clone(self)))
    }

    /// Why it would refuse; takes nothing.
    pub(super) fn limited(&self) -> Option<Limited> {
        let places = self.places.as_ref().and_then(|it| it.lack(1));
        let rate = || self.rate.as_ref().and_then(|it| it.lack(1));
        places.as_ref().map(concurrency).or_else(|| rate().as_ref().map(rate_limited))
    }

    /// Whether there is room for another.
    pub(super) fn has_room(&self) -> bool {
        self.places.as_ref().is_none_or(|it| it.lack(1).is_none())
    }

    /// The slice of the rate.
    pub(super) fn rate(&self) -> Option<&Lease> {
        self.rate.as_deref()
    }
}

/// Waits until the slices have room for a request, or it is known that they have not.
pub(super) async fn ready(shared: &Shared, quota: Option<&Quota>, amount: Amount) {
    let requests = shared.places.iter().chain(&shared.rate).map(|lease| (lease, 1));
    let windows = quota.into_iter().flat_map(|quota| quota.slices(amount));
    for (lease, amount) in requests.chain(windows) {
        lease.ready(amount).await;
    }
}

fn concurrency(lack: &Lack) -> Limited {
    match lack {
        Lack::NoStore | Lack::NotAsked => Limited::NoStore,
        Lack::Reached { .. } => Limited::Concurrency,
    }
}

fn rate_limited(lack: &Lack) -> Limited {
    match lack {
        Lack::NoStore | Lack::NotAsked => Limited::NoStore,
        Lack::Reached { wait, .. } => Limited::Rate(wait.unwrap_or(Duration::from_secs(1))),
    }
}
