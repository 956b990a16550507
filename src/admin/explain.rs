//! Explains which provider a request would get: every candidate of an alias in order, with its
//! state in words.
//!
//! It asks no provider, and reads limits without taking them.

mod asker;
mod classes;
mod state;
mod told;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::asker::Asker;
use self::state::obstacle;
pub(super) use self::state::{limited, ready, share, waiting};
pub use self::told::Explanation;
use self::told::{CandidateExplained, PoolExplained};
use super::conversations::ConversationsTold;
use crate::{
    guard::{Action, Rule},
    secret::names::label,
    serve::{
        self,
        admit::Allowed,
        policy,
        rounds::view::{self, Needs},
    },
    table::{Caller, Pool, Provider, Table, access, policy::Required},
};

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The name that a client would ask for.
    pub alias: &'a str,
    /// The caller.
    pub asker: Asker<'a>,
    /// The path, if it matters.
    pub path: Option<&'a str>,
    /// The tokens of the prompt.
    pub tokens: u64,
    /// The capabilities that the request needs, separated by commas.
    pub needs: Option<&'a str>,
}

/// Explains a question.
///
/// # Errors
/// A sentence for the operator: the alias or the key does not exist.
pub fn explain(table: &Table, question: Question<'_>) -> Result<Explanation, String> {
    let Question { alias, asker, path, tokens, needs } = question;
    let needs = asker::needs(needs)?;
    let asked = table.find(alias).ok_or_else(|| format!("there is no alias `{}`", label(alias)))?;
    let (caller, told_for) = asker.caller(table, asked)?;
    let mut told = Explanation {
        model: label(alias).into_owned(),
        refused: None,
        told_for,
        redirected: asker::redirect(table, asked, caller),
        guardrails: Vec::new(),
        pools: Vec::new(),
    };
    let at = path.unwrap_or_default();
    let first = match access::resolve(table, asked, alias, at, caller) {
        Ok(pool) => pool,
        Err(refusal) => {
            told.redirected = None;
            told.refused = Some(asker::why(table, asked, alias, caller, &refusal));
            return Ok(told);
        }
    };
    if let Some(refused) = path.and_then(|path| asker::not_permitted(table.pool(first), path)) {
        told.refused = Some(refused);
        return Ok(told);
    }
    let allowed = Allowed { asked, pool: first, caller };
    told.guardrails = guardrails(table, &allowed, at);
    let mut required = policy::of_file(table, &allowed);
    if !needs.is_empty() {
        required.get_or_insert_default().needs = needs;
    }
    let required = required.as_deref();
    told.refused = excluded(table, &allowed, required, at).or_else(|| limits(table, caller));
    let now = Instant::now();
    let of_class = path.is_some().then(|| classes::led(table, first)).flatten();
    told.pools.push(PoolExplained {
        redirected: of_class,
        ..pool(table.pool(first), now, tokens, [required, None])
    });
    taking_over(table, &allowed, (at, tokens), required, &mut told.pools);
    // Without a path the pool of the alias is unknown.
    if let Some(completions) = table.pool(first).completions.filter(|_| path.is_none()) {
        told.pools.push(PoolExplained {
            redirected: classes::led(table, completions),
            ..pool(table.pool(completions), now, tokens, [required, None])
        });
    }
    Ok(told)
}

/// Adds the pools that take over from one that is exhausted.
fn taking_over(
    table: &Table,
    allowed: &Allowed,
    (path, tokens): (&str, u64),
    required: Option<&Required>,
    pools: &mut Vec<PoolExplained>,
) {
    let Allowed { pool: first, caller, .. } = *allowed;
    let now = Instant::now();
    let coming = table.pool(first).coming(path);
    for &next in coming.iter().filter(|_| table.pool(first).fallback.enabled) {
        let alias = table.pool(next);
        match access::resolve(table, next, &alias.alias, path, caller) {
            // Its rules redirect back.
            Ok(id) if id == first => {}
            Ok(id) => {
                let by_class = || classes::led(table, id);
                let required = [required, alias.required.as_deref()];
                pools.push(PoolExplained {
                    redirected: asker::redirect(table, next, caller).or_else(by_class),
                    ..pool(table.pool(id), now, tokens, required)
                });
                if !table.pool(id).fallback.enabled {
                    break;
                }
            }
            Err(refusal) => pools.push(PoolExplained {
                alias: label(&alias.alias).into_owned(),
                strategy: alias.strategy_name,
                redirected: None,
                waiting: None,
                state: asker::why(table, next, &alias.alias, caller, &refusal),
                conversations: None,
                candidates: Vec::new(),
            }),
        }
    }
}

/// The guardrails for the request and its answer, each with its side and action.
fn guardrails(table: &Table, allowed: &Allowed, path: &str) -> Vec<String> {
    let rules = serve::guardrails::of(table, allowed, path);
    let told = |rule: &Arc<Rule>| {
        let does = match (rule.webhook(), rule.action) {
            (Some(_), Action::Flag) => "webhook, flag",
            (Some(_), _) => "webhook",
            (None, action) => action.name(),
        };
        format!("{} ({}, {does})", rule.name, rule.on.name())
    };
    rules.iter().flat_map(|rules| rules.iter()).map(told).collect()
}

/// Why no provider may serve the request.
fn excluded(
    table: &Table,
    allowed: &Allowed,
    required: Option<&Required>,
    path: &str,
) -> Option<String> {
    policy::possible(table, allowed, required?, path).err().map(|refusal| refusal.message())
}

/// Why the limits of the caller's key or team would refuse.
fn limits(table: &Table, caller: Caller) -> Option<String> {
    let Caller::Known(key) = caller else { return None };
    let of_key = limited(&table.keyring.key(key).limits).map(|why| format!("the key is {why}"));
    let team = || access::terms(table, caller).and_then(|terms| terms.team.as_ref());
    let of_team = || limited(&team()?.limits).map(|why| format!("the key's team is {why}"));
    of_key.or_else(of_team)
}

fn pool(
    pool: &Pool,
    now: Instant,
    tokens: u64,
    [asked, led]: [Option<&Required>; 2],
) -> PoolExplained {
    let required = [asked, pool.required.as_deref(), led];
    let needs = &Needs { longer_than: tokens, required, ..Needs::default() };
    let mut order: Vec<&Provider> = pool.providers.iter().collect();
    let is_out = |provider: &Provider| obstacle(provider, now, needs).is_some();
    let first = view::first(pool, needs, now);
    let full = limited(&pool.limits);
    let is_first = |provider: &Provider| {
        let is_it = |&at: &usize| std::ptr::eq(provider, &pool.providers[at]);
        full.is_none() && first.iter().any(is_it)
    };
    // `priority` has its own order; other strategies choose among available providers, the
    // likeliest first.
    let cost = |provider: &Provider| match pool.by_cost {
        true => view::cost(provider, needs),
        false => None,
    };
    if pool.by_cost {
        let cost = |provider: &Provider| cost(provider).unwrap_or(u64::MAX);
        order.sort_by_key(|it| (it.tier, is_out(it), it.weight == 0, cost(it)));
    } else if pool.in_definition_order {
        order.sort_by_key(|provider| (provider.tier, provider.weight == 0));
    } else {
        order.sort_by_key(|provider| (provider.tier, is_out(provider), u32::MAX - provider.weight));
    }
    let candidate = |provider| CandidateExplained {
        cost: cost(provider).map(|cost| cost as f64 / 1e12),
        share: share(pool, provider, now),
        ..candidate(provider, is_first(provider), now, needs)
    };
    let candidates = order.into_iter().map(candidate).collect();
    let alias = label(&pool.alias).into_owned();
    let state = full.unwrap_or_else(|| "ready".into());
    let (strategy, conversations) = (pool.strategy_name, ConversationsTold::of(pool, now));
    let waiting = waiting(pool.queue.as_ref());
    PoolExplained { alias, strategy, redirected: None, state, waiting, conversations, candidates }
}

fn candidate(
    provider: &Provider,
    first: bool,
    now: Instant,
    needs: &Needs<'_>,
) -> CandidateExplained {
    let obstacle = obstacle(provider, now, needs);
    CandidateExplained {
        provider: label(&provider.name).into_owned(),
        tier: provider.tier,
        weight: provider.weight,
        available: obstacle.is_none(),
        first,
        state: obstacle.unwrap_or_else(|| ready(provider, now)),
        waiting: waiting(provider.live.queue()),
        in_flight: provider.limits.in_flight(),
        cost: None,
        share: None,
        latency: provider.live.latency().seconds(now),
    }
}
