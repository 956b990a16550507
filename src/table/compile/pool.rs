//! Compiles one pool: its keys with their defaults, and its providers.

use super::{Compiler, limits::Written, provider::Inherited, spelled::Spelled};
use crate::{
    choose::{
        LeastBusy, LowestCost, LowestLatency, Priority, RoundRobin, Sticky, Strategy,
        WeightedRandom,
    },
    config::{Path, nearest::nearest, raw},
    live::{self, AffinitySettings, LimitSettings},
    protocol::needs::Capabilities,
    table::{
        Fallback, Keyring, Pool, Provider, Rule,
        in_flight::InFlightLimits,
        policy::Required,
        steering::{Affinity, Steering},
        strict::Checks,
    },
};

/// One pool of an alias.
pub(super) struct Member<'a> {
    /// The alias.
    pub(super) alias: &'a str,
    /// The name it is shown by: the alias, except for the pool of a request class.
    pub(super) name: &'a str,
    /// Keys beside `pools`, used where the pool sets none.
    pub(super) beside: Option<&'a raw::PoolKeys>,
    /// The pool whose limits it shares.
    pub(super) shares: Option<&'a Pool>,
}

impl Compiler<'_> {
    pub(super) fn pool(
        &mut self,
        member: &Member<'_>,
        spelled: &Spelled<'_>,
        keyring: &mut Keyring,
    ) -> Pool {
        let Member { alias, name, beside, shares } = *member;
        let Spelled { keys, providers, path, .. } = spelled;
        let (keys, own) = with_defaults(*keys, beside, self.defaults);
        let keys_at = if own.keys { path.clone() } else { Path::root().key("defaults") };
        let access = self.access(alias, keys.keys.as_deref(), &keys_at.key("keys"), keyring);
        let limits = || self.limits(written(&keys), path);
        let settings = shares.map_or_else(limits, |_| LimitSettings::default());
        let counts = settings.windows.is_some() || shares.is_some_and(|pool| pool.counts);
        let live = self.draft.pool(name, settings);
        let headers = self.headers(keys.response_headers.as_ref(), &path.key("response_headers"));
        let rules = self.rules(alias, keys.routing_rules.as_deref().unwrap_or_default(), path);
        let aimd = self.aimd(keys.fallback.as_ref(), path);
        let affinity = self.affinity(keys.fallback.as_ref(), path);
        let steers = aimd.is_some() || affinity.is_some();
        let inherited =
            Inherited { keys: &keys, response_headers: &headers, path, counts, aimd, asked: alias };
        let providers = self.providers(name, providers, &inherited);
        let fallback = self.fallback(keys.fallback.as_ref(), path, providers.len());
        let strategy = keys.strategy.unwrap_or_default();
        let fallback = Fallback {
            to: self.successors(alias, keys.fallback.as_ref(), own.fallback, path),
            with_replacement: fallback.with_replacement && is_drawn(strategy),
            ..fallback
        };
        self.check_weights(&providers, path);
        Pool {
            alias: name.into(),
            mask: mask(alias, name),
            completions: None,
            within: None,
            to_completions: None,
            access,
            counts,
            endpoints: self.endpoints(keys.endpoints.as_deref(), own.endpoints, path),
            rules,
            required: Required::of(keys.require.as_ref()),
            lacked: Capabilities::default(),
            guardrails: self.pool_guardrails(&keys, own.guardrails, path),
            limits: shares.map_or(live.limits(), |pool| &pool.limits).clone(),
            shares_limits: shares.is_some(),
            queue: shares.map_or(&live.queue, |pool| &pool.queue).clone(),
            sticky: self.sticky(strategy, keys.sticky.as_ref(), own.sticky, path),
            has_windows: providers.iter().any(|provider| provider.context_window.is_some()),
            steering: steers.then(|| steering(strategy, &providers)),
            affinity: affinity.and_then(|settings| staying(settings, &providers, &live)),
            in_definition_order: strategy == raw::Strategy::Priority,
            strategy_name: strategy.name(),
            by_cost: strategy == raw::Strategy::LowestCost,
            strategy: Self::strategy(strategy, &providers),
            fallback,
            hedge: self.hedge(keys.hedge, path),
            checks: self.checks(keys.strict),
            in_flight: InFlightLimits::new(keys.inflight_limit, keys.account_inflight_limits),
            keepalive: keys.keepalive_secs.map(std::time::Duration::from_secs),
            live,
            providers,
            response_headers: headers,
        }
    }

    fn strategy(strategy: raw::Strategy, providers: &[Provider]) -> Box<dyn Strategy> {
        let turns =
            || providers.iter().map(|one| (std::sync::Arc::clone(one.live.turn()), one.weight));
        match strategy {
            raw::Strategy::WeightedRandom => Box::new(WeightedRandom),
            raw::Strategy::Priority => Box::new(Priority),
            raw::Strategy::RoundRobin => Box::new(RoundRobin::new(turns())),
            raw::Strategy::LeastBusy => Box::new(LeastBusy),
            raw::Strategy::LowestLatency => Box::new(LowestLatency),
            raw::Strategy::Sticky => Box::new(Sticky),
            raw::Strategy::LowestCost => Box::new(LowestCost),
        }
    }

    /// How `strict_mode` checks requests.
    fn checks(&self, own: Option<raw::Strict>) -> Option<Checks> {
        let unknown = own.and_then(|own| own.unknown_fields);
        let refuses_unknown = unknown == Some(raw::UnknownFields::Refuse);
        self.strict_mode.then_some(Checks { refuses_unknown })
    }

    fn rules(&mut self, alias: &str, raw: &[raw::RoutingRule], path: &Path) -> Vec<Rule> {
        let mut rules = Vec::with_capacity(raw.len());
        for (at, rule) in raw.iter().enumerate() {
            let redirect = match &rule.action {
                raw::Action::Deny => None,
                raw::Action::Redirect { target } => {
                    let found = self.aliases.get(target.as_str()).copied();
                    let place = path.key("routing_rules").index(at).key("action").key("target");
                    match found {
                        None => {
                            let known = self.aliases.keys().map(|alias| &**alias);
                            let near = nearest(target, known).map(str::to_owned);
                            self.no_such_alias(&place, near);
                        }
                        Some(_) if target == alias => {
                            self.problem(&place, "this rule redirects an alias to itself", None);
                        }
                        Some(_) => {}
                    }
                    found
                }
            };
            rules.push(Rule { labels: rule.match_labels.clone(), redirect });
        }
        rules
    }

    fn check_weights(&mut self, providers: &[Provider], path: &Path) {
        let sum: u64 = providers.iter().map(|provider| u64::from(provider.weight)).sum();
        if sum > u64::from(u32::MAX) {
            let message = format!("the weights add up to {sum}, more than {}", u32::MAX);
            self.problem(
                &path.key("providers"),
                message,
                Some("divide all of them by the same number".into()),
            );
        }
    }
}

/// The raw limits of a pool.
fn written(keys: &raw::PoolKeys) -> Written<'_> {
    Written {
        rate: keys.rate_limit,
        concurrency: keys.concurrency_limit,
        tokens: keys.token_limit.as_ref(),
        budget: keys.budget.as_ref(),
        queue: keys.queue,
    }
}

/// Whether the strategy may draw a provider again.
fn is_drawn(strategy: raw::Strategy) -> bool {
    strategy == raw::Strategy::WeightedRandom
}

fn steering(strategy: raw::Strategy, providers: &[Provider]) -> Steering {
    let tiers = providers.iter().map(|provider| provider.tier);
    Steering::new(tiers, strategy == raw::Strategy::Priority)
}

fn staying(
    settings: AffinitySettings,
    providers: &[Provider],
    live: &live::Pool,
) -> Option<Box<Affinity>> {
    let providers = providers.iter().map(|provider| (provider.tier, provider.weight));
    Affinity::new(providers, settings, live.conversations())
}

/// Replaces a name that looks like a credential wherever it is shown.
fn mask(alias: &str, name: &str) -> Option<Box<str>> {
    let masked = crate::secret::names::mask(alias)?;
    let class = name.strip_prefix(alias).unwrap_or_default();
    Some(format!("{masked}{class}").into())
}

/// Which keys do not come from `defaults`.
struct Own {
    keys: bool,
    endpoints: bool,
    fallback: bool,
    guardrails: bool,
    /// Nor from beside `pools`.
    sticky: bool,
}

/// The keys of a pool: its own, otherwise those beside it, otherwise those of `defaults`.
fn with_defaults(
    keys: Option<&raw::PoolKeys>,
    beside: Option<&raw::PoolKeys>,
    defaults: &raw::PoolKeys,
) -> (raw::PoolKeys, Own) {
    let set = keys.cloned().unwrap_or_default();
    let sticky = set.sticky.is_some();
    let set = match beside {
        Some(beside) => merged(set, beside),
        None => set,
    };
    let (keys, endpoints) = (set.keys.is_some(), set.endpoints.is_some());
    let guardrails = set.guardrails.is_some();
    let own = Own { keys, endpoints, fallback: set.fallback.is_some(), guardrails, sticky };
    (merged(set, defaults), own)
}

/// Fills absent keys from `defaults`.
fn merged(own: raw::PoolKeys, defaults: &raw::PoolKeys) -> raw::PoolKeys {
    let defaults = defaults.clone();
    raw::PoolKeys {
        keys: own.keys.or(defaults.keys),
        rate_limit: own.rate_limit.or(defaults.rate_limit),
        concurrency_limit: own.concurrency_limit.or(defaults.concurrency_limit),
        token_limit: own.token_limit.or(defaults.token_limit),
        budget: own.budget.or(defaults.budget),
        queue: own.queue.or(defaults.queue),
        response_headers: own.response_headers.or(defaults.response_headers),
        strategy: own.strategy.or(defaults.strategy),
        fallback: own.fallback.or(defaults.fallback),
        trusted: own.trusted.or(defaults.trusted),
        sanitize_response: own.sanitize_response.or(defaults.sanitize_response),
        strict: own.strict.or(defaults.strict),
        require: own.require.or(defaults.require),
        guardrails: own.guardrails.or(defaults.guardrails),
        routing_rules: own.routing_rules.or(defaults.routing_rules),
        timeouts: own.timeouts.or(defaults.timeouts),
        cooldown: own.cooldown.or(defaults.cooldown),
        health_check: own.health_check.or(defaults.health_check),
        lossy: own.lossy.or(defaults.lossy),
        cache: own.cache.or(defaults.cache),
        usage: own.usage.or(defaults.usage),
        sticky: own.sticky.or(defaults.sticky),
        hedge: own.hedge.or(defaults.hedge),
        endpoints: own.endpoints.or(defaults.endpoints),
        keepalive_secs: own.keepalive_secs.or(defaults.keepalive_secs),
        inflight_limit: own.inflight_limit.or(defaults.inflight_limit),
        account_inflight_limits: own.account_inflight_limits.or(defaults.account_inflight_limits),
    }
}
