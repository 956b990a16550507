//! The state of a provider or a pool in words: why it cannot be asked, or what limits it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    live::{Limited, Limits, Queue, State},
    secret::names::label,
    serve::rounds::view::{self, Needs, Obstacle},
    table::{Pool, Provider, policy::Missed},
};

/// How many requests wait, and the maximum.
pub(in crate::admin) fn waiting(queue: Option<&Arc<Queue>>) -> Option<[u32; 2]> {
    let told = queue?.told();
    Some([told.waiting, told.max_waiting])
}

/// The share of requests that ask a provider first, if controlled.
pub(in crate::admin) fn share(pool: &Pool, provider: &Provider, now: Instant) -> Option<f64> {
    let at = pool.providers.iter().position(|it| std::ptr::eq(it, provider))?;
    Some(pool.aimd(at)?.share(now))
}

/// Why a provider cannot be asked.
pub(super) fn obstacle(provider: &Provider, now: Instant, needs: &Needs<'_>) -> Option<String> {
    match view::verdict(provider, needs, now) {
        Ok(_) => limited(&provider.limits),
        Err(Obstacle::TooSmall(_)) => {
            Some(format!("context too small for {} tokens", needs.longer_than))
        }
        Err(Obstacle::Rests(State::Resting { until, reason })) if !reason.is_open_ended() => {
            let left = seconds(until.saturating_duration_since(now));
            Some(format!("{reason}, {left} s left"))
        }
        Err(Obstacle::Rests(state)) => Some(state.to_string()),
        Err(Obstacle::Spent(limited)) => Some(spent(limited)),
        Err(Obstacle::Excluded) => needs.missed_by(provider).map(excluding),
        Err(Obstacle::Unfit) => Some("its protocol cannot express the request".into()),
    }
}

/// Why a provider is excluded, whatever its state.
fn excluding(missed: Missed<'_>) -> String {
    match missed {
        Missed::Label(name) => {
            format!("its label `{}` does not have the required value", label(name))
        }
        Missed::Capability(one) => format!("it lacks `{one}`, which the request needs"),
    }
}

/// The notes on an available provider.
pub(in crate::admin) fn ready(provider: &Provider, now: Instant) -> String {
    let mut words = provider.live.state(now).to_string();
    if provider.live.headroom().is_low(now) {
        words.push_str(", but almost nothing is left of its own limits");
    }
    if provider.weight == 0 {
        words.push_str(", only if no other provider is left");
    }
    words
}

/// Why a limit would refuse.
pub(in crate::admin) fn limited(limits: &Limits) -> Option<String> {
    Some(match limits.limited()? {
        Limited::Rate(wait) => format!("at its rate limit for {} s", seconds(wait)),
        Limited::NoStore => "unknown: the shared store does not answer".to_owned(),
        Limited::Concurrency => format!("at its cap of {}", limits.settings().max?),
        other => spent(other),
    })
}

/// A reached limit on tokens or money, in words.
fn spent(limited: Limited) -> String {
    match limited {
        Limited::Budget(None) => "at the end of its budget".to_owned(),
        Limited::Budget(Some(wait)) => format!("at the end of its budget for {} s", seconds(wait)),
        other => format!("at its token limit for {} s", seconds(other.wait().unwrap_or_default())),
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
