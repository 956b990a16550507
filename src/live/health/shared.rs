//! A provider's health with several replicas: the messages to and from the others.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    Health, Held,
    news::{News, Subject},
    told::{Told, Topic},
};

impl Subject for Health {
    fn notable(&self) -> u8 {
        self.inner().known().notable()
    }

    fn told(&self, topic: Topic, now: Instant) -> Told {
        let inner = self.inner();
        match topic {
            Topic::Breaker => inner.breaker.told(now),
            Topic::Probes => Told::Probed(inner.tally.unhealthy()),
            Topic::Operator => inner.held.map_or(Told::Free, |held| held.told(now)),
        }
    }

    fn heard(&self, told: Told, now: Instant) {
        self.locked_in_silence(|inner| match told {
            Told::Rest { left, rest, trips, why } => {
                inner.breaker.heard_rest((left, rest), trips, why, now);
            }
            Told::Well { over, rest, trips } => inner.breaker.heard_well(over, rest, trips, now),
            Told::Probed(unhealthy) => inner.tally.heard(unhealthy),
            Told::Held { left: None, .. } => inner.held = Some(Held::resting(now, None)),
            Told::Held { left: Some(left), rest } => {
                inner.held = Some(Held::Resting { until: now + left, rest });
            }
            Told::Drained => inner.held = Some(Held::Drained),
            Told::Free => inner.held = None,
        });
    }

    fn claimed(&self, elsewhere: Option<Duration>, unused: Duration, now: Instant) {
        self.locked_in_silence(|inner| inner.breaker.claimed(elsewhere, unused, now));
        self.decided.notify_waiters();
    }

    fn decides_claim(&self, now: Instant) {
        self.locked_in_silence(|inner| inner.breaker.decides_claim(now));
        self.decided.notify_waiters();
    }

    fn drops_claim(&self, now: Instant) -> bool {
        self.inner().breaker.drops_claim(now)
    }
}

impl Health {
    /// Shares it with other replicas under this number.
    pub(in crate::live) fn tells(self: &Arc<Self>, id: u64, news: &Arc<News>) {
        if self.outlet.set(news.outlet(id)).is_ok() {
            news.add(id, Arc::clone(self) as Arc<dyn Subject>);
        }
    }

    /// Waits until it is known whether this replica makes the trial; `false` if that was not
    /// requested.
    pub(crate) async fn hears_of_trial(&self) -> bool {
        let mut has_waited = false;
        loop {
            let mut decided = std::pin::pin!(self.decided());
            decided.as_mut().enable();
            let asked_until = self.inner().breaker.claim().asked_until(Instant::now());
            let Some(until) = asked_until else { return has_waited };
            has_waited = true;
            let _ = timeout_at(until, decided).await;
        }
    }

    /// Whether it is this replica's turn to probe the provider. One replica probes for all and
    /// keeps the turn for this long.
    pub(crate) async fn has_turn(self: &Arc<Self>, lasts: Duration) -> bool {
        match self.outlet.get() {
            Some(outlet) => outlet.has_turn(lasts).await,
            None => true,
        }
    }
}
