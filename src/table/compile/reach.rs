//! What each pool has to know of every pool that its requests may come to: its own, those that take over,
//! and those that these lead to by their rules.

use std::sync::Arc;

use crate::{
    protocol::needs::Capabilities,
    table::{Pool, PoolId},
};

/// Tells each pool whether tokens or money are counted where its requests may come to, and what providers
/// there lack.
pub(super) fn note(pools: &mut [Arc<Pool>]) {
    let counts = joined(pools, counts, |one, other| one | other);
    let lacked = joined(pools, lacked, Capabilities::or);
    for (at, pool) in pools.iter_mut().enumerate() {
        // Nothing else holds it before the table does.
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

/// For each pool, what is so of any pool that its requests may come to; `None` where no pool has any of it.
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
    // What an alias that takes over leads to: its pools, and those of the aliases of its rules.
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
