//! Collects for each pool what it must know about all pools that its requests may reach: those that
//! take over, and those that these redirect to.

use std::sync::Arc;

use crate::{
    protocol::needs::Capabilities,
    table::{Pool, PoolId},
};

/// Notes for each pool whether tokens or money are counted in the pools that its requests may
/// reach, and which capabilities providers there lack.
pub(super) fn note(pools: &mut [Arc<Pool>]) {
    let counts = joined(pools, counts, |one, other| one | other);
    let lacked = joined(pools, lacked, Capabilities::or);
    for (at, pool) in pools.iter_mut().enumerate() {
        // No other reference exists before the table does.
        let Some(pool) = Arc::get_mut(pool) else { continue };
        if let Some(counts) = &counts {
            pool.counts = counts[at];
        }
        if let Some(lacked) = &lacked {
            pool.lacked = lacked[at];
        }
    }
}

fn counts(pool: &Pool) -> bool {
    let providers = pool.providers.iter().map(|provider| &provider.limits);
    providers.chain([&pool.limits]).any(|limits| limits.quota().is_some())
}

fn lacked(pool: &Pool) -> Capabilities {
    let lacks = pool.providers.iter().map(|provider| provider.facts.lacks);
    lacks.fold(Capabilities::default(), Capabilities::or)
}

/// Joins a property over all reachable pools; `None` if no pool has it.
fn joined<T: Copy + Default + PartialEq>(
    pools: &[Arc<Pool>],
    own: impl Fn(&Pool) -> T,
    or: impl Fn(T, T) -> T,
) -> Option<Vec<T>> {
    let own: Vec<T> = pools.iter().map(|pool| own(pool)).collect();
    if own.iter().all(|it| *it == T::default()) {
        return None;
    }
    let with_completions = |id: PoolId| [Some(id), pools[id.0 as usize].completions];
    // The pools of an alias that takes over, and of the aliases that its rules redirect to.
    let led = |id: PoolId| {
        let rules = pools[id.0 as usize].rules.iter().filter_map(|rule| rule.redirect);
        let all = std::iter::once(id).chain(rules).flat_map(with_completions).flatten();
        all.fold(T::default(), |all, id| or(all, own[id.0 as usize]))
    };
    let of_pool = |(pool, own): (&Arc<Pool>, &T)| {
        let coming = pool.fallback.to.iter().chain(pool.to_completions.iter().flatten());
        coming.fold(*own, |all, &id| or(all, led(id)))
    };
    Some(pools.iter().zip(&own).map(of_pool).collect())
}

#[cfg(test)]
mod tests {
    use crate::{
        config,
        live::{Meters, Registry},
        table::{HashKey, compile},
    };

    const FILE: &str = r#"{"targets": {
        "first": {"url": "http://a.example", "fallback": {"enabled": true, "to": ["second"]}},
        "second": {"url": "http://b.example", "routing_rules": [
            {"match_labels": {}, "action": {"type": "redirect", "target": "limited"}}]},
        "limited": {"url": "http://c.example", "token_limit": {"per_minute": 100}},
        "before": {"url": "http://d.example", "fallback": {"enabled": true, "to": ["first"]}}}}"#;

    #[test]
    fn limit_behind_a_rule_of_an_alias_that_takes_over_is_counted() {
        let loaded =
            config::parse("targets.json", FILE.into(), &config::references::Nothing).unwrap();
        let registry = Registry::new(Meters::new("onwards").unwrap());
        let table = compile(&loaded, &registry, &HashKey::random(), 0).unwrap();
        let counts = ["first", "second", "limited", "before"]
            .map(|alias| table.pool(table.find(alias).unwrap()).counts);
        assert_eq!(counts, [true, false, true, true]);
    }
}
