//! What a replica may use without the store: its last known share of the limit.

use tokio::time::Instant;

use super::terms::{Flow, Terms};
use crate::live::limit::desk::Outage;

/// The rest of that share during an outage.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// The outage that it belongs to.
    outage: Option<u64>,
    /// What may be taken, and at what time.
    free: f64,
    at: Option<Instant>,
    /// The start of its period.
    start: u64,
}

impl Own {
    /// How much may be taken. `known` is this replica's share of the rest when the store last
    /// answered, and the number of replicas.
    pub(super) fn allows(
        &mut self,
        terms: &Terms,
        held: u64,
        (left, replicas): (u64, u64),
        outage: &Outage,
        wall: u64,
        now: Instant,
    ) -> u64 {
        let share = (terms.limit / replicas.max(1)).max(1);
        let start = match &terms.flow {
            Flow::Period(period) => period.around(wall).0,
            _ => 0,
        };
        if self.outage != Some(outage.nth) {
            (self.outage, self.free, self.start) = (Some(outage.nth), left as f64, start);
            self.at = Some(outage.since);
        }
        match terms.flow {
            Flow::Places => return share.saturating_sub(held),
            Flow::PerSecond(rate) => {
                let since =
                    self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
                self.free = (self.free + since * rate / replicas.max(1) as f64).min(share as f64);
                self.at = Some(now);
            }
            Flow::Period(_) if start != self.start => {
                (self.free, self.start) = (share as f64, start);
            }
            Flow::Period(_) => {}
        }
        self.free as u64
    }

    pub(super) fn spend(&mut self, amount: u64) {
        self.free = (self.free - amount as f64).max(0.0);
    }

    /// The store answers again. Returns whether anything was decided without it.
    pub(super) fn ended(&mut self) -> bool {
        self.outage.take().is_some()
    }
}
