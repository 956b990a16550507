//! Compiles fallback: the rules of a pool, and the chains of pools that take over.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::Compiler;
use crate::{
    config::{Path, Source, nearest::nearest, raw},
    table::{
        Fallback, Pool, PoolId,
        fallback::{Backoff, StatusSet, Stay},
    },
};

impl Compiler<'_> {
    pub(super) fn fallback(
        &mut self,
        raw: Option<&raw::Fallback>,
        path: &Path,
        providers: usize,
    ) -> Fallback {
        let path = path.key("fallback");
        let on_status = raw.and_then(|raw| raw.on_status.as_deref()).unwrap_or(&ON_STATUS);
        let on_status = self.statuses(on_status, &path.key("on_status"));
        let realtime = raw.and_then(|raw| raw.realtime_on_status.as_deref()).unwrap_or_default();
        let realtime = (!realtime.is_empty())
            .then(|| Box::new(self.statuses(realtime, &path.key("realtime_on_status"))));
        let flag = |read: fn(&raw::Fallback) -> Option<bool>| raw.and_then(read).unwrap_or(false);
        let millis =
            |read: fn(&raw::Fallback) -> Option<u64>| raw.and_then(read).map(Duration::from_millis);
        let most = raw.and_then(|raw| raw.max_attempts);
        let on = raw.and_then(|raw| raw.on.as_deref()).unwrap_or_default();
        Fallback {
            enabled: flag(|raw| raw.enabled),
            on_status,
            realtime_on_status: realtime,
            first_token: millis(|raw| raw.first_token_timeout_ms).filter(|time| !time.is_zero()),
            on_rate_limit: flag(|raw| raw.on_rate_limit),
            with_replacement: flag(|raw| raw.with_replacement),
            max_attempts: most.unwrap_or(providers as u32),
            most_in_all: raw.and_then(|raw| raw.max_attempts_total),
            stay: raw.and_then(|raw| raw.stay).map(stay),
            backoff: raw.and_then(|raw| raw.backoff).map(backoff),
            max_total_backoff: millis(|raw| raw.max_total_backoff_ms),
            on: on.iter().map(|condition| condition.0).collect(),
            deadline: millis(|raw| raw.deadline_ms),
            within: millis(|raw| raw.retry_if_failed_within_ms),
            commits_at_end: raw.and_then(|raw| raw.commit) == Some(raw::Commit::End),
            commit_max_bytes: raw
                .and_then(|raw| raw.commit_max_bytes)
                .map_or(COMMIT_MAX_BYTES, |most| usize::try_from(most).unwrap_or(usize::MAX)),
            to: Vec::new(),
        }
    }

    fn statuses(&mut self, shorthand: &[u16], path: &Path) -> StatusSet {
        StatusSet::from_shorthand(shorthand).unwrap_or_else(|number| {
            let message = format!("{number} is not a status and not a prefix of one");
            let hint = "write 5 for 5xx, 50 for 500 to 509, or a status such as 502";
            self.problem(path, message, Some(hint.into()));
            StatusSet::default()
        })
    }

    /// The aliases that take over directly. The aliases that `defaults` names do not get `to` from
    /// `defaults`: the chain ends with them.
    pub(super) fn successors(
        &mut self,
        alias: &str,
        raw: Option<&raw::Fallback>,
        own: bool,
        path: &Path,
    ) -> Vec<PoolId> {
        let names = raw.and_then(|raw| raw.to.as_deref()).unwrap_or_default();
        let from_defaults = !names.is_empty() && !own;
        if from_defaults && names.iter().any(|name| name == alias) {
            return Vec::new();
        }
        let path = if from_defaults {
            Path::root().key("defaults").key("fallback").key("to")
        } else {
            path.key("fallback").key("to")
        };
        let mut successors = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            match self.aliases.get(name.as_str()).copied() {
                Some(pool) if !successors.contains(&pool) => successors.push(pool),
                Some(_) => self.problem(&path.index(at), "this alias is listed twice", None),
                None if from_defaults && self.reported_defaults => {}
                None => {
                    let known = self.aliases.keys().map(|alias| &**alias);
                    let near = nearest(name, known).map(str::to_owned);
                    self.no_such_alias(&path.index(at), near);
                }
            }
        }
        self.reported_defaults |= from_defaults;
        successors
    }

    /// Expands direct successors to the full order of pools, and refuses cycles, in which a request
    /// would return to a failed pool. If an alias has several pools, the request's class selects
    /// one.
    pub(super) fn chain(&mut self, pools: &mut [Arc<Pool>]) {
        let direct: Vec<Vec<PoolId>> = pools.iter().map(|pool| pool.fallback.to.clone()).collect();
        let of_completions: Vec<PoolId> = (0..)
            .map(PoolId)
            .zip(pools.iter())
            .map(|(own, pool)| pool.completions.unwrap_or(own))
            .collect();
        let is_alias = |at: usize| pools[at].within.is_none();
        let aliases: Vec<usize> = (0..pools.len()).filter(|at| is_alias(*at)).collect();
        self.refuse_circles(pools, &direct, &aliases);
        let differs = aliases.len() < pools.len();
        let mapped: Vec<Vec<PoolId>> = match differs {
            true => direct
                .iter()
                .map(|to| to.iter().map(|id| of_completions[id.0 as usize]).collect())
                .collect(),
            false => Vec::new(),
        };
        let asked: Vec<usize> =
            (0..mapped.len()).filter(|at| pools[*at].completions.is_none()).collect();
        self.refuse_circles(pools, &mapped, &asked);
        if !self.problems.is_empty() {
            return;
        }
        for at in aliases {
            let order = order(at, &direct);
            // No other reference exists before the table does.
            if let Some(pool) = Arc::get_mut(&mut pools[at]) {
                pool.fallback.to = order;
            }
        }
        for at in asked {
            let alias = |id: PoolId| pools[id.0 as usize].within.unwrap_or(id);
            let order: Vec<PoolId> = order(at, &mapped).into_iter().map(alias).collect();
            let Some(pool) = Arc::get_mut(&mut pools[at]) else { continue };
            match pool.within {
                Some(_) => pool.fallback.to = order,
                None if order != pool.fallback.to => pool.to_completions = Some(order.into()),
                None => {}
            }
        }
    }

    /// Refuses cycles that start at some of the pools.
    fn refuse_circles(&mut self, pools: &[Arc<Pool>], direct: &[Vec<PoolId>], starts: &[usize]) {
        let place = |id: PoolId, nth: usize, source: &Source| {
            let pool = &pools[id.0 as usize];
            let alias = pool.within.map_or(pool, |alias| &pools[alias.0 as usize]);
            let path = Path::root().key("targets").key(&*alias.alias);
            let path =
                if pool.within.is_some() { path.key("pools").key("completions") } else { path };
            source.settled(&path.key("fallback").key("to").index(nth))
        };
        for &at in starts {
            let me = PoolId(at as u32);
            let Some((nth, back)) = circle(me, direct) else { continue };
            let (here, there) = (place(me, nth, self.source), place(back.0, back.1, self.source));
            let (message, hint) = match here == there {
                true => ("a target cannot take over from itself".to_owned(), "remove it"),
                false => {
                    (format!("this leads back here, through {there}"), "remove one of the two")
                }
            };
            if self.problems.iter().all(|known| (&known.path, &known.message) != (&here, &message))
            {
                self.problem(&here, message, Some(hint.into()));
            }
        }
    }
}

/// The full order of pools that take over from one.
fn order(at: usize, direct: &[Vec<PoolId>]) -> Vec<PoolId> {
    let start = PoolId(at as u32);
    let (mut order, mut seen) = (Vec::new(), HashSet::from([start]));
    follow(start, direct, &mut seen, &mut order);
    order
}

/// The successor of `start` that leads back to it, and the last step of the cycle: the pool and the
/// index in its `to`.
fn circle(start: PoolId, direct: &[Vec<PoolId>]) -> Option<(usize, (PoolId, usize))> {
    let of = |pool: PoolId| direct.get(pool.0 as usize).map(Vec::as_slice).unwrap_or_default();
    for (nth, &first) in of(start).iter().enumerate() {
        if first == start {
            return Some((nth, (start, nth)));
        }
        let (mut seen, mut open) = (HashSet::from([first]), vec![first]);
        while let Some(pool) = open.pop() {
            for (step, &next) in of(pool).iter().enumerate() {
                if next == start {
                    return Some((nth, (pool, step)));
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    None
}

fn follow(
    pool: PoolId,
    direct: &[Vec<PoolId>],
    seen: &mut HashSet<PoolId>,
    order: &mut Vec<PoolId>,
) {
    for &next in &direct[pool.0 as usize] {
        if seen.insert(next) {
            order.push(next);
            follow(next, direct, seen, order);
        }
    }
}

fn stay(raw: raw::Stay) -> Stay {
    Stay {
        times: raw.times.unwrap_or(STAY_TIMES),
        up_to: Duration::from_millis(raw.up_to_ms.unwrap_or(STAY_UP_TO_MS)),
    }
}

fn backoff(raw: raw::Backoff) -> Backoff {
    Backoff {
        initial: Duration::from_millis(raw.initial_ms),
        max: Duration::from_millis(raw.max_ms.unwrap_or(BACKOFF_MAX_MS)),
        factor: raw.factor.unwrap_or(BACKOFF_FACTOR),
        full_jitter: raw.jitter != Some(raw::Jitter::None),
    }
}

const ON_STATUS: [u16; 2] = [429, 5];
const COMMIT_MAX_BYTES: usize = 4 * 1024 * 1024;
const STAY_TIMES: u32 = 1;
const STAY_UP_TO_MS: u64 = 3_000;
const BACKOFF_MAX_MS: u64 = 5_000;
const BACKOFF_FACTOR: f64 = 2.0;
