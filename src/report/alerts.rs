//! Alerts: problems are posted to the file's webhooks, once at their start and once at their end.
//!
//! The counters and the live state are read every second, outside the request path. A slow webhook
//! delays only its own alerts.

mod budgets;
mod condition;
mod measured;
mod webhook;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior};

use self::{condition::Condition, measured::Measured, webhook::Webhook};
use crate::{
    gateway::Gateway,
    live::Meters,
    table::{Table, alerts::Alert},
    words::AlertKind,
};

/// The sources of alerts.
pub(crate) struct Sources {
    /// The live table.
    pub(crate) gateway: Arc<Gateway>,
    /// The counters.
    pub(crate) meters: Arc<Meters>,
    /// Why the last edit of the file was refused, if it was.
    pub(crate) problems: Box<dyn Fn() -> Option<String> + Send>,
}

/// Looks every second, for as long as the process lives. Where the file names no webhook, it looks at
/// nothing else.
pub(crate) async fn follow(sources: Sources) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut webhooks, mut measured) = (Vec::new(), Measured::default());
    loop {
        let now = beat.tick().await;
        let table = sources.gateway.snapshot();
        webhooks = matched(webhooks, &table.alerts, &sources.meters);
        if webhooks.is_empty() {
            measured = Measured::default();
            continue;
        }
        let longest = webhooks.iter().map(|it| it.alert.window).max().unwrap_or_default();
        measured.look(&sources.meters, now, longest);
        let problems = (sources.problems)();
        for webhook in &mut webhooks {
            let conditions =
                conditions(&table, problems.as_deref(), &measured, &webhook.alert, now);
            webhook.tell(conditions, now);
        }
    }
}

/// A webhook for each that the table names; one that is unchanged keeps what it has been told.
fn matched(mut old: Vec<Webhook>, named: &[Arc<Alert>], meters: &Arc<Meters>) -> Vec<Webhook> {
    let kept = |alert: &Arc<Alert>, webhook: &Webhook| {
        webhook.alert.url.expose() == alert.url.expose() && webhook.alert.kinds == alert.kinds
    };
    let mut webhooks = Vec::with_capacity(named.len());
    for alert in named {
        let place = old.iter().position(|webhook| kept(alert, webhook));
        webhooks.push(match place {
            Some(place) => old.swap_remove(place).with(Arc::clone(alert)),
            None => Webhook::start(Arc::clone(alert), Arc::clone(meters)),
        });
    }
    webhooks
}

/// Everything that is wrong at this moment and that the webhook is told of.
fn conditions(
    table: &Table,
    problems: Option<&str>,
    measured: &Measured,
    alert: &Alert,
    now: Instant,
) -> Vec<Condition> {
    let mut all = Vec::new();
    condition::reload_failed(problems, &mut all);
    // Only this one looks at every key.
    if alert.kinds.contains(&AlertKind::Budget) {
        budgets::of_table(table, &mut all);
    }
    for pool in table.pools() {
        condition::of_pool(pool, measured, alert, now, &mut all);
    }
    all.retain(|condition| alert.kinds.contains(&condition.kind));
    all
}

const BEAT: Duration = Duration::from_secs(1);
