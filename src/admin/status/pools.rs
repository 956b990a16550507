//! Each alias with its providers, trouble first.

use std::{
    cmp::Reverse,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use serde::Serialize;
use tokio::time::Instant;

use super::{clock::Clock, recent::Recent};
use crate::{
    admin::{conversations::ConversationsTold, explain},
    live::{
        Limits, Queue, State,
        meters::totals::{PoolTotals, ProviderTotals, Totals},
    },
    report::feed::{
        Told,
        row::{dollars, stamp},
    },
    secret::names::label,
    table::{Pool, Provider, Table},
    words::Capability,
};

/// The severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Trouble {
    /// All is well.
    None,
    /// It serves, but a limit is reached, it starts slowly, many recent attempts failed, or it is
    /// much slower than others.
    Degraded,
    /// It is not asked.
    Down,
}

/// One alias.
#[derive(Debug, Serialize)]
pub(super) struct PoolTold {
    alias: String,
    trouble: Trouble,
    strategy: &'static str,
    state: String,
    /// Conversation affinity, if configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversations: Option<ConversationsTold>,
    #[serde(flatten)]
    levels: Levels,
    requests: u64,
    errors: u64,
    fallbacks: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost: f64,
    providers: Vec<ProviderTold>,
    providers_left_out: usize,
}

/// One provider.
#[derive(Debug, Serialize)]
struct ProviderTold {
    provider: String,
    trouble: Trouble,
    /// One word: `ready`, `starting`, `resting`, `trial`, `unhealthy` or `drained`.
    state: &'static str,
    /// The state in words.
    words: String,
    /// When its rest ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    tier: u32,
    weight: u32,
    /// Its labels, such as `region=eu`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    /// The capabilities that it does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacks: Vec<&'static str>,
    #[serde(flatten)]
    levels: Levels,
    attempts: u64,
    failed: u64,
    /// Attempts of the last minutes, among the last requests.
    recent_attempts: u32,
    recent_failed: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_secs: Option<f64>,
    /// The share of requests that ask it first, if controlled.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_share: Option<f64>,
    input_tokens: u64,
    output_tokens: u64,
    cost: f64,
}

/// What its limits have left.
#[derive(Debug, Serialize)]
struct Levels {
    in_flight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<u32>,
    /// The free share of the rate limit, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<f64>,
    /// Waiting requests and the maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_waiting: Option<u32>,
}

/// What the counters and the last requests show now.
pub(super) struct Observed<'a> {
    totals: Totals,
    recent: Recent<'a>,
    clock: Clock,
    now: Instant,
}

impl<'a> Observed<'a> {
    pub(super) fn new(totals: Totals, last: &'a [Told], clock: Clock) -> Self {
        Self { totals, recent: Recent::of(last), clock, now: Instant::now() }
    }

    /// All aliases, those with trouble first, then the most used; and how many are left out.
    pub(super) fn pools(&self, table: &Table) -> (Vec<PoolTold>, usize) {
        let mut pools: Vec<_> = table.pools().iter().map(|pool| &**pool).collect();
        pools.sort_by_cached_key(|pool| {
            let requests = self.totals.pool(&pool.alias).map_or(0, |totals| totals.requests);
            Reverse((self.pool_trouble(pool), requests))
        });
        let left_out = pools.len().saturating_sub(MOST_POOLS);
        let told = pools.into_iter().take(MOST_POOLS).map(|pool| self.pool(pool));
        (told.collect(), left_out)
    }

    fn pool(&self, pool: &Pool) -> PoolTold {
        let none = PoolTotals::default();
        let totals = self.totals.pool(&pool.alias).unwrap_or(&none);
        let mut order: Vec<&Provider> = pool.providers.iter().collect();
        order.sort_by_cached_key(|it| (Reverse(self.trouble(pool, it)), it.tier));
        let tokens = |nth: usize| {
            pool.providers.iter().map(|it| totals.provider(&it.name).tokens[nth]).sum()
        };
        let cost = pool.providers.iter().map(|it| it.meters.cost.load(Relaxed)).sum();
        PoolTold {
            alias: pool.shown().to_owned(),
            trouble: self.pool_trouble(pool),
            strategy: pool.strategy_name,
            state: explain::limited(&pool.limits).unwrap_or_else(|| "ready".to_owned()),
            conversations: ConversationsTold::of(pool, self.now),
            levels: Levels::of(&pool.limits, pool.queue.as_ref()),
            requests: totals.requests,
            errors: totals.errors,
            fallbacks: totals.fallbacks,
            input_tokens: tokens(0),
            output_tokens: tokens(1),
            cost: dollars(cost),
            providers_left_out: order.len().saturating_sub(MOST_PROVIDERS),
            providers: order
                .into_iter()
                .take(MOST_PROVIDERS)
                .map(|it| self.provider(pool, it, totals.provider(&it.name)))
                .collect(),
        }
    }

    fn provider(&self, pool: &Pool, provider: &Provider, totals: ProviderTotals) -> ProviderTold {
        let state = provider.live.state(self.now);
        let mut words = match state {
            State::Resting { .. }
            | State::HalfOpen { busy: true }
            | State::Unhealthy { .. }
            | State::Drained => state.to_string(),
            State::Ready { .. } | State::HalfOpen { busy: false } => {
                let limited = explain::limited(&provider.limits);
                limited.unwrap_or_else(|| explain::ready(provider, self.now))
            }
        };
        let until = match state {
            State::Resting { until, reason } if !reason.is_open_ended() => {
                Some(stamp(self.clock.time(until)))
            }
            _ => None,
        };
        if matches!(state, State::Ready { .. })
            && let Some(slow) = self.recent.slow(pool, provider)
        {
            words.push_str(&slow.words());
        }
        let (recent_attempts, recent_failed) = self.recent(pool, provider);
        let [input_tokens, output_tokens] = totals.tokens;
        ProviderTold {
            provider: provider.shown().to_owned(),
            trouble: self.trouble(pool, provider),
            state: state.word(),
            words,
            until,
            tier: provider.tier,
            weight: provider.weight,
            labels: provider.facts.labels.iter().map(named).collect(),
            lacks: provider.facts.lacks.each().map(Capability::name).collect(),
            levels: Levels::of(&provider.limits, provider.live.queue()),
            attempts: totals.attempts,
            failed: totals.failed,
            recent_attempts,
            recent_failed,
            first_share: explain::share(pool, provider, self.now).map(rounded),
            latency_secs: self.latency(pool, provider).map(rounded),
            input_tokens,
            output_tokens,
            cost: dollars(provider.meters.cost.load(Relaxed)),
        }
    }

    /// An alias is down if all of its providers are.
    fn pool_trouble(&self, pool: &Pool) -> Trouble {
        let all = || pool.providers.iter().map(|provider| self.trouble(pool, provider));
        let worst = all().max().unwrap_or(Trouble::None);
        match (worst, all().min()) {
            (Trouble::Down, Some(Trouble::Down)) => Trouble::Down,
            (Trouble::None, _) if explain::limited(&pool.limits).is_none() => Trouble::None,
            _ => Trouble::Degraded,
        }
    }

    fn trouble(&self, pool: &Pool, provider: &Provider) -> Trouble {
        match provider.live.state(self.now) {
            State::Resting { .. }
            | State::HalfOpen { .. }
            | State::Unhealthy { .. }
            | State::Drained => return Trouble::Down,
            State::Ready { factor } if factor < 1.0 => return Trouble::Degraded,
            State::Ready { .. } => {}
        }
        let (attempts, failed) = self.recent(pool, provider);
        let fails = failed > 0 && failed * 10 >= attempts;
        let is_limited = || provider.limits.limited().is_some();
        if fails || is_limited() || self.recent.slow(pool, provider).is_some() {
            return Trouble::Degraded;
        }
        Trouble::None
    }

    fn recent(&self, pool: &Pool, provider: &Provider) -> (u32, u32) {
        self.recent.get(pool, provider).map_or((0, 0), |it| (it.all, it.failed))
    }

    /// Seconds to the first byte: of its last answers, or else as the strategies measure it.
    fn latency(&self, pool: &Pool, provider: &Provider) -> Option<f64> {
        let median = self.recent.get(pool, provider).and_then(|recent| recent.median());
        let measured = || provider.live.latency().seconds(self.now).map(f64::from);
        median.map(|time| time.as_secs_f64()).or_else(measured)
    }
}

impl Levels {
    fn of(limits: &Limits, queue: Option<&Arc<Queue>>) -> Self {
        let waiting = explain::waiting(queue);
        Self {
            waiting: waiting.map(|[waiting, _]| waiting),
            max_waiting: waiting.map(|[_, most]| most),
            in_flight: limits.in_flight(),
            cap: limits.settings().max,
            level: limits.rate_level().map(rounded),
        }
    }
}

fn named((name, value): (&String, &String)) -> String {
    format!("{}={}", label(name), label(value))
}

/// Rounded to three decimals, so that invisible changes are not sent.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// The most aliases that are listed, and providers of each.
const MOST_POOLS: usize = 200;
const MOST_PROVIDERS: usize = 50;
