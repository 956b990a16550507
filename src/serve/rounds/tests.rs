//! Policy as a property: no sequence of faults, redirects, fallbacks, hedges, waits and forced attempts reaches a
//! provider that the policy excludes. Many small worlds, each with a few requests over time that stands still unless
//! all of them sleep; a world that fails is shown as the smallest one that does.

mod world;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use self::world::{Act, World, world};
use super::run;
use crate::{
    config,
    gateway::Gateway,
    live::{BodyBudget, Held, Meters, Registry, Retries},
    protocol::Endpoint,
    record::{Asks, Finished, Outcome, Record, Report, RequestId, trail::Step},
    serve::{admit, context::Context, intake::BodyLimits, policy, rounds, waiting},
    table::{self, HashKey, Table},
    upstream::{client::Client, inbound::Inbound},
};

struct Deaf;

impl Report for Deaf {
    fn finished(&self, _: &Finished<'_>) {}
}

fn compiled(world: &World) -> Table {
    let text = world.written().to_string();
    let loaded = config::parse("targets.json", text, &config::references::Nothing);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let registry = Registry::new(Meters::new("onwards").unwrap());
    table::compile(&loaded, &registry, &HashKey::random(), 0).unwrap_or_else(|all| panic!("{all}"))
}

fn context(table: Table) -> Context {
    let budget = BodyBudget::new(u64::MAX);
    Context {
        gateway: Arc::new(Gateway::new(table)),
        client: Client::default(),
        retries: Retries::new(tokio::time::Instant::now()),
        report: Arc::new(Deaf),
        sampling: None,
        body_limits: BodyLimits {
            max_bytes: u64::MAX,
            stall: Duration::from_secs(1),
            budget,
            strangers: budget,
        },
        stage: Default::default(),
        routes: axum::Router::new(),
    }
}

fn inbound(act: &Act, alias: &str) -> Inbound {
    let mut content = vec![json!({"type": "text",
        "text": if act.is_long { "word ".repeat(3_000) } else { "short".to_owned() }})];
    if act.sees {
        content.push(json!({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}));
    }
    let body = json!({"model": alias, "messages": [{"role": "user", "content": content}]});
    let mut headers = http::HeaderMap::new();
    if let Some(region) = act.narrows {
        headers.insert("x-onwards-require", format!("region={region}").parse().unwrap());
    }
    Inbound {
        alias: alias.into(),
        endpoint: Endpoint::find("/v1/chat/completions", None),
        ..Inbound::chat(headers, &body.to_string())
    }
}

/// One request through the stages that decide where it goes; every provider that it reached.
async fn asked(context: &Context, act: &Act, alias: usize) -> (Vec<Step>, Arc<Table>) {
    let table = context.gateway.snapshot();
    let mut record = Record::begin(Arc::new(Deaf), RequestId::Drawn(0), Asks::default());
    let mut inbound = inbound(act, &format!("a{alias}"));
    let caller = table.keyring.caller(act.key);
    let stages = async {
        let allowed = admit::allow(&table, caller, &mut inbound)?;
        record.allowed(&table, allowed.asked, allowed.pool);
        policy::require(&table, &allowed, &mut inbound)?;
        if !table.pool(allowed.pool).lacked.is_empty() {
            policy::require_capabilities(&table, &allowed, &mut inbound).await?;
        }
        let until = rounds::until(table.pool(allowed.pool), &inbound)?;
        let held = waiting::hold(&table, &allowed, &inbound, &mut record, until).await?;
        let accepted = run(context, &held, &inbound, &mut record).await?;
        tokio::time::sleep(Duration::from_millis(act.holds_ms)).await;
        drop((accepted, held));
        Ok::<_, crate::refusal::Refusal>(())
    };
    // A refusal is as good as an answer here.
    let _ = stages.await;
    (record.trail.steps().to_vec(), table)
}

fn operate(context: &Context, (alias, server, what): (usize, usize, u8)) {
    let table = context.gateway.snapshot();
    let Some(pool) = table.find(&format!("a{alias}")) else { return };
    let Some(provider) = table.pool(pool).providers.get(server) else { return };
    match what {
        0 => provider.live.hold(Held::resting(tokio::time::Instant::now(), None)),
        1 => provider.live.hold(Held::Drained),
        _ => provider.live.wake(),
    }
}

/// What was reached and passed over in a world.
async fn played(world: &World, seen: &Seen) -> Result<(), TestCaseError> {
    let context = context(compiled(world));
    for (at, alias) in world.aliases.iter().enumerate() {
        let held = alias.servers.iter().enumerate();
        held.for_each(|(nth, it)| {
            it.held.into_iter().for_each(|what| operate(&context, (at, nth, what)))
        });
    }
    for (after_ms, acts) in &world.acts {
        tokio::time::sleep(Duration::from_millis(*after_ms)).await;
        let requests = acts.iter().map(async |act| {
            act.operator.into_iter().for_each(|hand| operate(&context, hand));
            let alias = act.alias % world.aliases.len();
            (act, alias, asked(&context, act, alias).await)
        });
        for (act, alias, (steps, table)) in join_all(requests).await {
            for step in steps {
                let excluded = matches!(step.outcome, Outcome::Excluded | Outcome::Lacking);
                seen.excluded.fetch_add(usize::from(excluded), Relaxed);
                if step.asked.is_none() {
                    continue;
                }
                seen.asked.fetch_add(1, Relaxed);
                let name = &table.pool(step.provider.pool).alias;
                let pool: usize = name[1..].parse().unwrap();
                seen.elsewhere.fetch_add(usize::from(pool != alias), Relaxed);
                let why = world.forbids(act, alias, pool, step.provider.provider as usize);
                prop_assert!(
                    why.is_none(),
                    "{act:?} reached p{} of {name} ({}) although {}\n{:#}",
                    step.provider.provider,
                    step.outcome,
                    why.unwrap_or_default(),
                    world.written(),
                );
            }
        }
    }
    Ok(())
}

/// Whether the worlds are such that anything could have gone wrong.
#[derive(Default)]
struct Seen {
    asked: AtomicUsize,
    elsewhere: AtomicUsize,
    excluded: AtomicUsize,
}

/// `ONWARDS_POLICY_WORLDS` makes it as many worlds as one has time for.
#[test]
fn no_sequence_of_faults_reaches_a_provider_that_the_policy_excludes() {
    let worlds = std::env::var("ONWARDS_POLICY_WORLDS").ok().and_then(|count| count.parse().ok());
    let cases = worlds.unwrap_or(400);
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let seen = Seen::default();
    let played = TestRunner::new(config).run(&world(), |world| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(played(&world, &seen))
    });
    if let Err(found) = played {
        panic!("{found}");
    }
    let counts = [&seen.asked, &seen.elsewhere, &seen.excluded].map(|count| count.load(Relaxed));
    let [asked, elsewhere, excluded] = counts;
    let cases = cases as usize;
    assert!(asked > cases && elsewhere > cases / 8 && excluded > cases / 4, "{counts:?}");
}
