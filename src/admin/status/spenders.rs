//! Keys and teams with what they have used, those that spent most today first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, btree_map::Entry},
    time::SystemTime,
};

use serde::Serialize;

use super::{Clock, pools::rounded};
use crate::{
    live::{
        Account, Limits,
        limit::window::{Span, Unit, Window},
    },
    moment,
    report::feed::row::dollars,
    secret::names::label,
    table::{Table, keyring::Key, terms::Team},
};

/// A named key.
#[derive(Debug, Serialize)]
pub(in crate::admin) struct KeyTold {
    key: String,
    in_flight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<f64>,
    #[serde(flatten)]
    spent: SpentTold,
}

/// A team.
#[derive(Debug, Serialize)]
pub(super) struct TeamTold {
    team: String,
    /// The number of its keys.
    keys: usize,
    #[serde(flatten)]
    spent: SpentTold,
}

/// What a key or a team has used.
#[derive(Debug, Serialize)]
struct SpentTold {
    /// The windows over tokens and money: used, reserved and the limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<WindowTold>,
    input_tokens: u64,
    output_tokens: u64,
    cost: f64,
    cost_today: f64,
}

/// A window over tokens, or over money in dollars.
#[derive(Debug, Serialize)]
struct WindowTold {
    window: String,
    used: f64,
    held: f64,
    limit: f64,
}

/// The keys and teams of a table at one time.
pub(super) struct Spenders<'a> {
    table: &'a Table,
    now: SystemTime,
    /// When this process began to count.
    began: SystemTime,
}

/// What keys have used, in picodollars and tokens. The order is by money, today's first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Spent {
    today: u64,
    cost: u64,
    input: u64,
    output: u64,
}

impl<'a> Spenders<'a> {
    pub(super) fn new(table: &'a Table, clock: Clock) -> Self {
        Self { table, now: SystemTime::now(), began: clock.started() }
    }

    /// The beginning of what today's costs count: midnight in UTC, or the start of the process.
    pub(super) fn since(&self) -> SystemTime {
        moment::utc_midnight(self.now).max(self.began)
    }

    /// The named keys, and how many are left out.
    pub(super) fn keys(&self) -> (Vec<KeyTold>, usize) {
        let keys = self.table.keyring.keys().iter();
        let keys = keys.filter_map(|key| {
            let account = key.account.as_deref()?;
            Some((Spent::of(key, account, self.now), (key, account)))
        });
        listed(keys.collect(), |spent, (key, account)| KeyTold::new(key, account, spent))
    }

    /// The teams that have keys, and how many are left out. A team has used what its keys have.
    pub(super) fn teams(&self) -> (Vec<TeamTold>, usize) {
        let mut teams: BTreeMap<&str, (Spent, (&Team, usize))> = BTreeMap::new();
        for key in self.table.keyring.keys() {
            let Some(team) = key.terms.as_ref().and_then(|terms| terms.team.as_deref()) else {
                continue;
            };
            let spent = key.account.as_deref().map(|account| Spent::of(key, account, self.now));
            let spent = spent.unwrap_or_default();
            match teams.entry(&team.name) {
                Entry::Occupied(mut known) => {
                    let (sum, (_, keys)) = known.get_mut();
                    (*sum, *keys) = (sum.plus(spent), *keys + 1);
                }
                Entry::Vacant(new) => drop(new.insert((spent, (team, 1)))),
            }
        }
        let teams = teams.into_values().map(|(sum, team)| (sum.with(&team.0.limits), team));
        listed(teams.collect(), |spent, (team, keys)| TeamTold {
            team: label(&team.name).into_owned(),
            keys,
            spent: SpentTold::new(spent, &team.limits),
        })
    }
}

impl KeyTold {
    /// The current state of a key.
    pub(in crate::admin) fn of(key: &Key, account: &Account) -> Self {
        Self::new(key, account, Spent::of(key, account, SystemTime::now()))
    }

    fn new(key: &Key, account: &Account, spent: Spent) -> Self {
        Self {
            key: account.shown().to_owned(),
            in_flight: key.limits.in_flight(),
            cap: key.limits.settings().max,
            level: key.limits.rate_level().map(rounded),
            spent: SpentTold::new(spent, &key.limits),
        }
    }
}

impl SpentTold {
    fn new(spent: Spent, limits: &Limits) -> Self {
        Self {
            windows: WindowTold::all(limits),
            input_tokens: spent.input,
            output_tokens: spent.output,
            cost: dollars(spent.cost),
            cost_today: dollars(spent.today),
        }
    }
}

impl Spent {
    fn of(key: &Key, account: &Account, now: SystemTime) -> Self {
        let [input, output, ..] = account.tokens();
        let today = account.cost_on(moment::utc_day(now));
        Self { today, cost: account.cost(), input, output }.with(&key.limits)
    }

    /// A budget for the same day also knows what was spent before a restart, if it is stored, and by
    /// other replicas, if they share it.
    fn with(self, limits: &Limits) -> Self {
        let is_of_today = |window: &Window| {
            let is_day = matches!(&window.span, Span::Calendar(period) if period.is_utc_day());
            is_day && window.unit == Unit::Picodollars
        };
        let levels = levels(limits).into_iter();
        let known = levels.filter(|(window, ..)| is_of_today(window)).map(|(_, used, _)| used);
        Self { today: known.fold(self.today, u64::max), ..self }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            today: self.today.saturating_add(other.today),
            cost: self.cost.saturating_add(other.cost),
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
        }
    }
}

impl WindowTold {
    fn all(limits: &Limits) -> Vec<Self> {
        let told = |(window, used, held): (Window, u64, u64)| {
            let shown = |amount: u64| match window.unit {
                Unit::Picodollars => dollars(amount),
                _ => amount as f64,
            };
            let (used, held, limit) = (shown(used), shown(held), shown(window.limit));
            Self { window: window.key(), used, held, limit }
        };
        levels(limits).into_iter().map(told).collect()
    }
}

/// The windows of limits, with what is used and reserved of each.
fn levels(limits: &Limits) -> Vec<(Window, u64, u64)> {
    limits.quota().map(|quota| quota.levels(moment::now())).unwrap_or_default()
}

/// Those that spent most, as they are shown, and how many are left out.
fn listed<T, Told>(
    mut all: Vec<(Spent, T)>,
    told: impl Fn(Spent, T) -> Told,
) -> (Vec<Told>, usize) {
    all.sort_by_key(|(spent, _)| Reverse(*spent));
    let left_out = all.len().saturating_sub(MOST);
    (all.into_iter().take(MOST).map(|(spent, it)| told(spent, it)).collect(), left_out)
}

/// The most keys that are listed, and the most teams.
const MOST: usize = 200;
