//! What is explained is what is then asked: for every strategy, with tiers, weights, windows, rests,
//! limits and headroom as they come.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{budget::Budget, pass::Pass};
use crate::{
    admin::explain::{Asker, Question, explain},
    config,
    failure::What,
    live::{Meters, Permit, Registry},
    record::{Asks, Finished, Record, Report, RequestId},
    serve::affinity,
    table::{self, HashKey, Table},
    upstream::inbound::Inbound,
};

struct Deaf;

impl Report for Deaf {
    fn finished(&self, _: &Finished<'_>) {}
}

/// One provider as it stands when the request comes.
#[derive(Debug, Clone)]
struct Standing {
    tier: u32,
    weight: u32,
    window: Option<u64>,
    rests: bool,
    low: bool,
    full: bool,
    throttled: bool,
}

fn standing() -> impl Strategy<Value = Standing> {
    let window = prop_oneof![3 => Just(None), 1 => Just(Some(1_000)), 1 => Just(Some(100_000))];
    let seldom = || proptest::bool::weighted(0.3);
    (1..3_u32, 0..3_u32, window, seldom(), seldom(), seldom(), seldom()).prop_map(
        |(tier, weight, window, rests, low, full, throttled)| Standing {
            tier,
            weight,
            window,
            rests,
            low,
            full,
            throttled,
        },
    )
}

fn strategies() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "weighted_random",
        "priority",
        "round_robin",
        "least_busy",
        "lowest_latency",
        "lowest_cost",
        "sticky",
    ])
}

fn table(strategy: &str, fallback: &Value, all: &[Standing]) -> Arc<Table> {
    let provider = |(at, one): (usize, &Standing)| {
        let mut provider = json!({
            "name": format!("p{at}"), "url": "http://a.example", "onwards_key": format!("k{at}"),
            "priority": one.tier, "weight": one.weight,
            "concurrency_limit": {"max_concurrent_requests": 1},
            "rate_limit": {"requests_per_second": 0.01, "burst_size": 1},
        });
        if let Some(window) = one.window {
            provider["context_window"] = window.into();
        }
        provider
    };
    let providers: Vec<Value> = all.iter().enumerate().map(provider).collect();
    let pool = json!({
        "strategy": strategy, "fallback": fallback, "providers": providers,
        "cooldown": {"failures": 1},
    });
    let text = json!({"targets": {"m": pool}}).to_string();
    let loaded = config::parse("targets.json", text, &config::references::Nothing);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let registry = Registry::new(Meters::new("onwards").unwrap());
    Arc::new(table::compile(&loaded, &registry, &HashKey::random(), 0).unwrap())
}

/// Brings the providers to where they stand; what they are full of is held by what this returns.
fn bring(table: &Table, all: &[Standing]) -> Vec<Permit> {
    let now = tokio::time::Instant::now();
    let pool = table.pool(table.find("m").unwrap());
    let mut held = Vec::new();
    for (one, provider) in all.iter().zip(&pool.providers) {
        if one.rests {
            let entry = provider.live.enter(now).unwrap();
            assert!(entry.failed(now, What::Connect, None).is_some());
        }
        if one.low {
            provider.live.headroom().said(Some(std::time::Duration::from_secs(30)), now);
        }
        if one.full || one.throttled {
            held.extend(provider.limits.admit().ok().filter(|_| one.full));
        }
    }
    held
}

/// The one that is asked first, or why none is.
async fn asked(table: &Arc<Table>, body: &str) -> Result<Option<usize>, String> {
    let inbound = Inbound::chat(http::HeaderMap::new(), body);
    let id = table.find("m").unwrap();
    let pool = table.pool(id);
    let mut record = Record::begin(Arc::new(Deaf), RequestId::Drawn(0), Asks::default());
    record.allowed(table, id, id);
    let budget = Budget::new(&pool.fallback, &inbound).unwrap();
    let next = Pass::new(id, pool, &inbound).next(&budget, &mut record).await;
    let next = next.map_err(|refusal| refusal.message())?;
    Ok(next.map(|attempt| attempt.provider_ref.provider as usize))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_explained_is_what_is_then_asked(
        strategy in strategies(),
        enabled: bool,
        on_rate_limit: bool,
        is_long: bool,
        all in prop::collection::vec(standing(), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let fallback = json!({"enabled": enabled, "on_rate_limit": on_rate_limit});
            let table = table(strategy, &fallback, &all);
            let _held = bring(&table, &all);
            let words = if is_long { "word ".repeat(10_000) } else { "short".into() };
            let body = json!({"model": "m", "messages": words}).to_string();
            let tokens = affinity::certain_tokens(&Inbound::chat(http::HeaderMap::new(), &body));
            prop_assert_eq!(tokens > 1_000, is_long);

            let told = explain(
                &table,
                Question { alias: "m", asker: Asker::Any, path: None, tokens, needs: None },
            ).unwrap();
            let candidates = &told.pools[0].candidates;
            prop_assert_eq!(candidates.len(), all.len());
            prop_assert!(candidates.iter().all(|one| one.available || !one.first));
            let is_first = |at: usize| {
                candidates.iter().any(|one| one.first && one.provider == format!("p{at}"))
            };
            let is_any = candidates.iter().any(|one| one.first);
            match asked(&table, &body).await {
                Ok(Some(at)) => prop_assert!(is_first(at), "p{at} was asked: {candidates:?}"),
                Ok(None) => prop_assert!(!is_any, "none was asked: {candidates:?}"),
                // A limit refuses the request where one that is drawn has met it.
                Err(_) => {
                    prop_assert!(!(enabled && on_rate_limit));
                    prop_assert!(all.iter().any(|one| one.full || one.throttled));
                }
            }
            Ok(())
        })?;
    }
}
