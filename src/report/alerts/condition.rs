//! The current problems, from the live state and the measurements. They contain no URL and no
//! credential.

use tokio::time::Instant;

use super::measured::{Came, Measured};
use crate::{
    live::{State, meters::incidents::Incident},
    table::{Pool, Provider, alerts::Alert},
    words::AlertKind,
};

/// The subject of a condition.
pub(super) type Subject = (AlertKind, [Option<Box<str>>; 5]);

/// Something that is wrong, for as long as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) kind: AlertKind,
    /// The alias, as shown.
    pub(super) alias: Option<Box<str>>,
    /// The provider, likewise.
    pub(super) provider: Option<Box<str>>,
    /// The key, likewise.
    pub(super) key: Option<Box<str>>,
    /// The team, likewise.
    pub(super) team: Option<Box<str>>,
    /// Which of several levels it is about.
    pub(super) level: Option<Box<str>>,
    /// In a sentence.
    pub(super) text: String,
}

impl Condition {
    fn of(kind: AlertKind, pool: &Pool, provider: Option<&Provider>, text: String) -> Self {
        Self {
            kind,
            alias: Some(pool.shown().into()),
            provider: provider.map(|it| it.shown().into()),
            key: None,
            team: None,
            level: None,
            text,
        }
    }

    /// The identity: two equal ones are one continuing condition.
    pub(super) fn subject(&self) -> Subject {
        let Self { kind, alias, provider, key, team, level, .. } = self;
        (*kind, [alias, provider, key, team, level].map(Clone::clone))
    }
}

/// The file on disk is not the one that serves.
pub(super) fn reload_failed(problems: Option<&str>, all: &mut Vec<Condition>) {
    let Some(problems) = problems else { return };
    let first = problems.lines().next().unwrap_or_default();
    let text = format!("the last edit of the configuration was refused: {first}");
    all.push(Condition {
        kind: AlertKind::ReloadFailed,
        alias: None,
        provider: None,
        key: None,
        team: None,
        level: None,
        text,
    });
}

/// The problems of an alias and its providers.
pub(super) fn of_pool(
    pool: &Pool,
    measured: &Measured,
    alert: &Alert,
    now: Instant,
    all: &mut Vec<Condition>,
) {
    for provider in &pool.providers {
        of_provider(pool, provider, measured, alert, now, all);
    }
    let alias = pool.shown();
    let came = measured.of(&pool.alias, alert.window);
    let rates = [
        (AlertKind::ErrorRate, came.errors, alert.error_rate, "fail"),
        (AlertKind::FallbackRate, came.fallbacks, alert.fallback_rate, "need another provider"),
    ];
    for (kind, count, most, what) in rates {
        if came.requests >= alert.min_requests && count as f64 > most * came.requests as f64 {
            let secs = alert.window.as_secs();
            let text = format!(
                "{alias}: {count} of {} requests of the last {secs} s {what}",
                came.requests
            );
            all.push(Condition::of(kind, pool, None, text));
        }
    }
    if let Some(by) = degraded(pool, measured, alert, came) {
        let secs = alert.window.as_secs();
        let text =
            format!("{alias}: no provider of its first tier has answered for {secs} s; {by}");
        all.push(Condition::of(AlertKind::PoolDegraded, pool, None, text));
    }
}

fn of_provider(
    pool: &Pool,
    provider: &Provider,
    measured: &Measured,
    alert: &Alert,
    now: Instant,
    all: &mut Vec<Condition>,
) {
    let name = format!("{} / {}", pool.shown(), provider.shown());
    let state = provider.live.state(now);
    let is_wanted = match state {
        State::Ready { .. } | State::Drained => true,
        State::Resting { reason, .. } => reason.is_wanted(),
        _ => false,
    };
    if !is_wanted {
        let text = format!("{name}: {state}");
        all.push(Condition::of(AlertKind::ProviderResting, pool, Some(provider), text));
    }
    let incidents = [
        (AlertKind::CredentialRefused, Incident::CredentialRefused, "refuses its credential"),
        (AlertKind::ModelMissing, Incident::ModelMissing, "does not know its model"),
        (AlertKind::UnpricedModel, Incident::Unpriced, "serves a model that has no price"),
    ];
    for (kind, incident, what) in incidents {
        let count = measured.incidents(incident, &pool.alias, &provider.name, alert.window);
        if count > 0 {
            let text = format!("{name} {what}");
            all.push(Condition::of(kind, pool, Some(provider), text));
        }
    }
}

/// The provider that serves an alias whose first tier has not answered in the whole window, if any
/// does.
fn degraded(pool: &Pool, measured: &Measured, alert: &Alert, came: Came) -> Option<&'static str> {
    let well = came.requests.saturating_sub(came.errors);
    if well == 0 || !measured.is_whole(alert.window) {
        return None;
    }
    let first = pool.providers.iter().map(|provider| provider.tier).min()?;
    let answers = |is_first: bool| -> u64 {
        let tier = pool.providers.iter().filter(|it| (it.tier == first) == is_first);
        tier.map(|it| measured.answers(&pool.alias, &it.name, alert.window)).sum()
    };
    match (answers(true), answers(false)) {
        (0, 1..) => Some("a lower tier serves"),
        (0, 0) if !pool.fallback.to.is_empty() => Some("another alias serves"),
        _ => None,
    }
}
