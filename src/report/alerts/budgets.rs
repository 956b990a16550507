//! Budgets that are mostly or completely used.

use std::collections::HashSet;

use super::condition::Condition;
use crate::{
    live::{Limits, limit::window::Unit},
    moment,
    secret::names::label,
    table::Table,
    words::AlertKind,
};

/// Every budget of the table that is nearly or wholly spent at this moment.
pub(super) fn of_table(table: &Table, all: &mut Vec<Condition>) {
    let now = moment::now();
    let none = Condition::budget();
    for key in table.keyring.keys() {
        let Some(name) = key.name() else { continue };
        let of_key = || Condition { key: Some(label(name).into()), ..none.clone() };
        add(&key.limits, of_key, || format!("key {}", label(name)), now, all);
    }
    let teams = table.keyring.keys().iter().filter_map(|key| key.terms.as_ref()?.team.as_ref());
    let mut seen = HashSet::new();
    for team in teams.filter(|team| seen.insert(&team.name)) {
        let of_team = || Condition { team: Some(label(&team.name).into()), ..none.clone() };
        add(&team.limits, of_team, || format!("team {}", label(&team.name)), now, all);
    }
    for pool in table.pools() {
        let of_pool = || Condition { alias: Some(pool.shown().into()), ..none.clone() };
        if !pool.shares_limits {
            add(&pool.limits, of_pool, || pool.shown().to_string(), now, all);
        }
        for provider in &pool.providers {
            let one = || Condition { provider: Some(provider.shown().into()), ..of_pool() };
            let name = || format!("{} / {}", pool.shown(), provider.shown());
            add(&provider.limits, one, name, now, all);
        }
    }
}

/// Adds the conditions of one owner's budgets.
fn add(
    limits: &Limits,
    subject: impl Fn() -> Condition,
    name: impl Fn() -> String,
    now: u64,
    all: &mut Vec<Condition>,
) {
    let has_budget = |windows: &[_]| windows.iter().any(is_budget);
    if !limits.settings().windows.as_deref().is_some_and(has_budget) {
        return;
    }
    let levels = limits.quota().map(|quota| quota.levels(now)).unwrap_or_default();
    for (window, used, _) in levels.iter().filter(|(window, ..)| is_budget(window)) {
        let soft = window.soft.unwrap_or(window.limit / 5 * 4);
        let dollars = window.limit as f64 / PICO;
        let budget = format!("budget of {dollars} dollars {}", window.span);
        if *used >= soft && *used > 0 && soft < window.limit {
            let share = (soft as f64 / window.limit as f64 * 100.0).round();
            let text = format!("{}: {share} % of the {budget} is used", name());
            let level = Some(format!("{} soft", window.key()).into());
            all.push(Condition { text, level, ..subject() });
        }
        if *used >= window.limit {
            let text = format!("{}: the {budget} is spent", name());
            let level = Some(window.key().into());
            all.push(Condition { text, level, ..subject() });
        }
    }
}

fn is_budget(window: &crate::live::limit::window::Window) -> bool {
    window.unit == Unit::Picodollars
}

impl Condition {
    /// About a budget, and not yet whose.
    fn budget() -> Self {
        Self {
            kind: AlertKind::Budget,
            alias: None,
            provider: None,
            key: None,
            team: None,
            level: None,
            text: String::new(),
        }
    }
}

const PICO: f64 = 1e12;
