//! Everything known of one request when it ends, written once: when its response body is dropped,
//! whatever the cause.
//!
//! It decides nothing.

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use smallvec::SmallVec;

use super::admit::Allowed;
use crate::{
    failure::{Brief, Class, What},
    live::{Head, Meters, Times},
    refusal::Refusal,
    table::{Pool, PoolId, Provider, Table},
};

/// What is known of a request so far.
pub struct Record {
    meters: Arc<Meters>,
    served_by: Option<ServedBy>,
    started: Instant,
    first_byte: Option<Duration>,
    waited: Duration,
    /// Unknown until there is an answer, or a refusal.
    status: Option<StatusCode>,
    /// The attempts, in order.
    pub trail: Trail,
}

/// The pool that serves a request, and those that its trail names.
struct ServedBy {
    pool: PoolId,
    pools: Pools,
}

/// Where pools are looked up. A stream may outlive many tables, and keeps none of them.
enum Pools {
    /// Attempts are still made: any pool of the table may be named.
    All(Arc<Table>),
    /// The head is ready: these alone are named.
    Named(SmallVec<[(PoolId, Arc<Pool>); 1]>),
}

/// What became of each provider that was tried or passed over.
#[derive(Debug, Default)]
pub struct Trail(SmallVec<[(Asked, Step); 2]>);

/// A provider's place: its pool, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The pool.
    pub pool: PoolId,
    /// Its place in the pool.
    pub provider: u32,
}

/// What became of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It answered with this status.
    Status(u16),
    /// It failed.
    Failed(Brief),
    /// Its own limit passed it over.
    Limited,
    /// It is resting, or its probes fail.
    Cooling,
    /// The prompt is certainly too long for it.
    TooSmall,
    /// It failed the last time, and the process's budget for asking again is spent.
    Spared,
    /// It speaks a protocol without words for what was asked.
    Unfit,
    /// Another was quicker; this one was cut off.
    Hedged,
}

impl Record {
    /// Begins when a request's head has arrived.
    pub fn begin(meters: Arc<Meters>) -> Self {
        Self {
            meters,
            served_by: None,
            started: Instant::now(),
            first_byte: None,
            waited: Duration::ZERO,
            status: None,
            trail: Trail::default(),
        }
    }

    /// The pool is known, and the caller may use it.
    pub fn allowed(&mut self, allowed: &Allowed) {
        let pools = Pools::All(Arc::clone(&allowed.table));
        self.served_by = Some(ServedBy { pool: allowed.pool, pools });
    }

    /// No further attempt follows: of the table only the pools are kept that the trail names.
    pub fn lets_go_of_table(&mut self) {
        if let Some(ServedBy { pool, pools }) = &mut self.served_by
            && let Pools::All(table) = pools
        {
            let named = self.trail.0.iter().map(|(asked, _)| asked.pool);
            let mut kept = SmallVec::new();
            for id in [*pool].into_iter().chain(named) {
                if kept.iter().all(|&(known, _): &(PoolId, _)| known != id) {
                    kept.push((id, Arc::clone(table.pool(id))));
                }
            }
            *pools = Pools::Named(kept);
        }
    }

    /// Time that providers took.
    pub fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// The router says no.
    pub fn refused(&mut self, refusal: &Refusal) {
        let row = refusal.row();
        self.status = Some(row.status);
        match self.pool() {
            Some(pool) => pool.live.meters.refused(row.code, row.param.unwrap_or_default()),
            None => self.meters.refused(row.code),
        }
    }

    /// The response's head is ready.
    pub fn answered(&mut self, status: StatusCode) {
        if self.first_byte.is_none() {
            self.answered_at(status, Instant::now());
        }
    }

    /// The response's head went out before it was known what would follow it. What the client has
    /// seen stays what is recorded.
    pub fn answered_at(&mut self, status: StatusCode, at: Instant) {
        if self.first_byte.is_none() {
            self.status = Some(status);
            self.first_byte = Some(at.saturating_duration_since(self.started));
        }
    }

    /// The answer turned out to be none after its head had gone out.
    pub fn broke_off(&self, reason: &str) {
        if let Some(pool) = self.pool() {
            pool.live.meters.broke_off(reason);
        }
    }

    /// The pool that serves the request.
    pub fn pool(&self) -> Option<&Pool> {
        self.served_by.as_ref().map(ServedBy::pool)
    }

    /// A provider that the trail names, and its alias.
    pub fn named(&self, asked: Asked) -> Option<(&str, &Provider)> {
        let pool = self.served_by.as_ref()?.pools.get(asked.pool);
        Some((&pool.alias, &pool.providers[asked.provider as usize]))
    }

    /// The value of `x-onwards-attempts`.
    pub fn attempts(&self) -> Option<HeaderValue> {
        let pools = &self.served_by.as_ref()?.pools;
        match self.trail.0.as_slice() {
            [] => None,
            &[(asked, Step::Status(OK))] => Some(pools.provider(asked).served_value.clone()),
            steps => {
                let mut text = String::new();
                for (nth, (asked, step)) in steps.iter().enumerate() {
                    let comma = if text.is_empty() { "" } else { "," };
                    let name = &pools.provider(*asked).name;
                    // Clients and proxies refuse long headers, and with them the answer.
                    if text.len() + name.len() > LONGEST_TRAIL {
                        let _ = write!(text, "{comma}+{}", steps.len() - nth);
                        break;
                    }
                    let _ = write!(text, "{comma}{name}={step}");
                }
                HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
            }
        }
    }

    fn count_attempts(&self, pools: &Pools) {
        for (nth, &(asked, step)) in self.trail.0.iter().enumerate() {
            let (pool, provider) = (pools.get(asked.pool), pools.provider(asked));
            match step {
                Step::Status(OK) => pool.live.meters.served(&provider.meters, &provider.name),
                step => pool.live.meters.attempted(&provider.name, &step.to_string()),
            }
            if nth + 1 < self.trail.0.len() {
                pool.live.meters.fell_back(&step.to_string());
            }
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(served_by) = &self.served_by else { return };
        let pool = served_by.pool();
        let total = self.started.elapsed();
        let head = self.status.map(|_| {
            let first_byte = self.first_byte.unwrap_or(total);
            Head { first_byte, overhead: first_byte.saturating_sub(self.waited) }
        });
        let status = self.status.map_or_else(unanswered, |status| status.as_u16());
        pool.live.meters.ended(status, Times { total, head });
        self.count_attempts(&served_by.pools);
    }
}

impl ServedBy {
    fn pool(&self) -> &Pool {
        self.pools.get(self.pool)
    }
}

impl Pools {
    fn get(&self, id: PoolId) -> &Pool {
        match self {
            Self::All(table) => table.pool(id),
            Self::Named(kept) => match kept.iter().find(|(known, _)| *known == id) {
                Some((_, pool)) => pool,
                None => unreachable!("the trail is complete once the head is ready"),
            },
        }
    }

    fn provider(&self, asked: Asked) -> &Provider {
        &self.get(asked.pool).providers[asked.provider as usize]
    }
}

impl Trail {
    /// Adds what became of a provider.
    pub fn push(&mut self, asked: Asked, step: Step) {
        self.0.push((asked, step));
    }

    /// Adds who was still being asked when the last one's failure was the end.
    pub fn cut_off(&mut self, asked: Asked) {
        self.0.insert(self.0.len().saturating_sub(1), (asked, Step::Hedged));
    }

    /// Adds that a provider was passed over, once for each reason.
    pub fn passed_over(&mut self, asked: Asked, step: Step) {
        if !self.0.contains(&(asked, step)) {
            self.0.push((asked, step));
        }
    }

    /// Whether nobody has words for what was asked, rested or not.
    pub fn is_unfit(&self) -> bool {
        let is_unfit = |&(asked, _): &(Asked, Step)| self.0.contains(&(asked, Step::Unfit));
        !self.0.is_empty() && self.0.iter().all(is_unfit)
    }

    /// What became of each.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.0.iter().map(|&(_, step)| step)
    }
}

impl Asked {
    /// The provider.
    pub fn among(self, table: &Table) -> &Provider {
        &table.pool(self.pool).providers[self.provider as usize]
    }
}

impl Step {
    /// Whether the provider was asked at all.
    pub fn is_attempt(self) -> bool {
        !matches!(self, Self::Limited | Self::Cooling | Self::TooSmall | Self::Spared | Self::Unfit)
    }

    /// Whether the provider refused what was asked, rather than failed.
    pub fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Failed(Brief { class: Class::ContextWindow | Class::ContentFilter, .. })
        )
    }

    /// Whether it was a rate limit, the provider's or ours.
    pub fn is_rate_limit(self) -> bool {
        matches!(
            self,
            Self::Limited | Self::Failed(Brief { class: Class::RateLimit | Class::Quota, .. })
        )
    }

    /// Whether time ran out.
    pub fn is_timeout(self) -> bool {
        matches!(self, Self::Failed(Brief { what: What::Timeout, .. }))
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Failed(failure) => match failure.what {
                What::Status(status) | What::Malformed(Some(status)) => write!(f, "{status}"),
                What::Connect => f.write_str("connect"),
                What::Timeout => f.write_str("timeout"),
                What::Reset | What::Malformed(None) => f.write_str("reset"),
            },
            Self::Limited => f.write_str("limited"),
            Self::Cooling => f.write_str("cooling"),
            Self::TooSmall => f.write_str("context"),
            Self::Spared => f.write_str("spared"),
            Self::Unfit => f.write_str("protocol"),
            Self::Hedged => f.write_str("hedged"),
        }
    }
}

/// What stands for the status of a request that was never answered: its client left, unless it is
/// a fault of ours that takes the request down.
fn unanswered() -> u16 {
    if std::thread::panicking() { INTERNAL } else { CLIENT_LEFT }
}

/// The most bytes of the trail that a client is shown; the rest is a number.
const LONGEST_TRAIL: usize = 4_000;
const OK: u16 = 200;
const INTERNAL: u16 = 500;
/// No status of HTTP's; what most proxies write for it.
const CLIENT_LEFT: u16 = 499;
