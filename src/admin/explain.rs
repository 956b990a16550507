//! Why a request would go where it goes: every candidate of an alias in the order in which it
//! would be asked, each with its state in words.
//!
//! It asks no provider and takes nothing: limits are looked at, not spent.

mod asker;
mod classes;

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time::Instant;

pub use self::asker::Asker;
use super::conversations::ConversationsTold;
use crate::{
    guard::{Action, Rule},
    live::{Limited, Limits, Queue, State},
    secret::names::label,
    serve::{
        self,
        admit::Allowed,
        policy,
        rounds::view::{self, Needs, Obstacle},
    },
    table::{
        Caller, Pool, Provider, Table, access,
        policy::{Missed, Required},
    },
};

/// What would become of a request.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The alias asked for.
    pub(crate) model: String,
    /// Why the router would say no, before any provider is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
    /// Whose key stands in, where the alias is closed and the question named no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) told_for: Option<String>,
    /// The rule that sends the caller to another alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirected: Option<String>,
    /// The guardrails that the request and its answer would pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guardrails: Vec<String>,
    /// Who would be asked: the alias's pool, then those that take over.
    pub(crate) pools: Vec<PoolExplained>,
}

/// One pool.
#[derive(Debug, Serialize)]
pub(crate) struct PoolExplained {
    /// Its alias.
    pub(crate) alias: String,
    /// How it chooses.
    pub(crate) strategy: &'static str,
    /// The rule that leads to it from an alias that takes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirected: Option<String>,
    /// Its own state in words.
    pub(crate) state: String,
    /// How many requests wait for its limits, and how many may, where any may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<[u32; 2]>,
    /// The conversations that stay with one of its providers, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversations: Option<ConversationsTold>,
    /// Its providers in order.
    pub(crate) candidates: Vec<CandidateExplained>,
}

/// One provider.
#[derive(Debug, Serialize)]
pub(crate) struct CandidateExplained {
    /// Its name.
    pub(crate) provider: String,
    /// Its tier.
    pub(crate) tier: u32,
    /// Its weight.
    pub(crate) weight: u32,
    /// Whether it may be asked now.
    pub(crate) available: bool,
    /// Whether a request that came now might ask it first.
    pub(crate) first: bool,
    /// Its state in words.
    pub(crate) state: String,
    /// How many requests wait for its limits, and how many may, where any may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<[u32; 2]>,
    /// Requests in flight.
    pub(crate) in_flight: u32,
    /// What the request would cost in US dollars, where the strategy asks and a price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<f64>,
    /// The share of requests that it is asked first for, where that is steered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
    /// Seconds to its first byte, where measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<f32>,
}

/// A question for an explanation.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The name that a client would ask for.
    pub alias: &'a str,
    /// Who would ask.
    pub asker: Asker<'a>,
    /// At which path, where that matters.
    pub path: Option<&'a str>,
    /// The tokens of the prompt.
    pub tokens: u64,
    /// What the request would need: names of capabilities with commas between them.
    pub needs: Option<&'a str>,
}

/// Which providers would be asked.
///
/// # Errors
/// A sentence for the operator: there is no such alias or no such key.
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
    // Without a path it is not known which of the alias's pools is meant.
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
            // Its rules send the caller back.
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

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(told_for) = &self.told_for {
            writeln!(f, "{told_for}")?;
        }
        if let Some(rule) = &self.redirected {
            writeln!(f, "{rule}")?;
        }
        if let Some(why) = &self.refused {
            writeln!(f, "{} would be refused: {why}", self.model)?;
        }
        if !self.guardrails.is_empty() {
            writeln!(f, "guardrails: {}", self.guardrails.join(", "))?;
        }
        for pool in &self.pools {
            if let Some(rule) = &pool.redirected {
                writeln!(f, "{rule}")?;
            }
            let waiting = waiting_words(pool.waiting);
            writeln!(f, "{} ({}): {}{waiting}", pool.alias, pool.strategy, pool.state)?;
            if let Some(conversations) = &pool.conversations {
                writeln!(f, "  {conversations}")?;
            }
            for (nth, one) in pool.candidates.iter().enumerate() {
                let (name, tier, weight) = (&one.provider, one.tier, one.weight);
                let nth = nth + 1;
                write!(f, "  {nth}. {name} (tier {tier}, weight {weight}): {}", one.state)?;
                write!(f, "{}", waiting_words(one.waiting))?;
                if let Some(share) = one.share.filter(|share| *share < 1.0) {
                    write!(f, ", asked first by {:.0} % of requests", share * 100.0)?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// The guardrails that the request and its answer would pass, each with where it looks and what it does.
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

/// Why no provider may have the request.
fn excluded(
    table: &Table,
    allowed: &Allowed,
    required: Option<&Required>,
    path: &str,
) -> Option<String> {
    policy::possible(table, allowed, required?, path).err().map(|refusal| refusal.message())
}

/// Why the limits of the caller's key or its team would say no.
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
    let is_first =
        |provider: &Provider| first.iter().any(|&at| std::ptr::eq(provider, &pool.providers[at]));
    // `priority` passes over in its own order; any other strategy draws among those who may be
    // asked, the likeliest first.
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
    let state = limited(&pool.limits).unwrap_or_else(|| "ready".into());
    let candidate = |provider| CandidateExplained {
        cost: cost(provider).map(|cost| cost as f64 / 1e12),
        share: share(pool, provider, now),
        ..candidate(provider, is_first(provider), now, needs)
    };
    let candidates = order.into_iter().map(candidate).collect();
    let alias = label(&pool.alias).into_owned();
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

/// How many requests wait, and how many may.
pub(super) fn waiting(queue: Option<&Arc<Queue>>) -> Option<[u32; 2]> {
    let told = queue?.told();
    Some([told.waiting, told.max_waiting])
}

fn waiting_words(waiting: Option<[u32; 2]>) -> String {
    match waiting {
        Some([waiting, most]) => format!(", {waiting} of {most} wait"),
        None => String::new(),
    }
}

/// The share of requests that a provider is asked first for, where that is steered.
pub(super) fn share(pool: &Pool, provider: &Provider, now: Instant) -> Option<f64> {
    let at = pool.providers.iter().position(|it| std::ptr::eq(it, provider))?;
    Some(pool.aimd(at)?.share(now))
}

/// What is in the way of asking a provider.
fn obstacle(provider: &Provider, now: Instant, needs: &Needs<'_>) -> Option<String> {
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
        Err(Obstacle::Unfit) => Some("its protocol has no words for the request".into()),
    }
}

/// Why a provider is excluded, whatever its state.
fn excluding(missed: Missed<'_>) -> String {
    match missed {
        Missed::Label(name) => format!("its label `{}` is not as required", label(name)),
        Missed::Capability(one) => format!("it lacks `{one}`, which the request needs"),
    }
}

/// What there is to say of a provider that may be asked.
pub(super) fn ready(provider: &Provider, now: Instant) -> String {
    let mut words = provider.live.state(now).to_string();
    if provider.live.headroom().is_low(now) {
        words.push_str(", but with next to nothing left of its own limits");
    }
    if provider.weight == 0 {
        words.push_str(", only when nothing else is left");
    }
    words
}

/// Why a limit would say no.
pub(super) fn limited(limits: &Limits) -> Option<String> {
    Some(match limits.limited()? {
        Limited::Rate(wait) => format!("at its rate limit for {} s", seconds(wait)),
        Limited::NoStore => "not known: the store that replicas share does not answer".to_owned(),
        Limited::Concurrency => format!("at its cap of {}", limits.settings().max?),
        other => spent(other),
    })
}

/// What a limit on tokens or money says that is reached.
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
