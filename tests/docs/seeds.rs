//! The configurations of the original's documents, as they were published, and what they are
//! compiled to. How they behave on the wire is tested in `it`.
//!
//! Never: a file in `golden/seeds` is changed to make it load.

use std::time::Duration;

use onwards::failure::What;
use onwards::table::{Place, Pool, Table, fallback::Verdict};

use crate::{load::load, page::root};

fn seed(name: &str) -> Table {
    let path = root().join("tests/golden/seeds").join(name).with_extension("json");
    load(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn pool<'a>(table: &'a Table, alias: &str) -> &'a Pool {
    table.pool(table.find(alias).unwrap())
}

#[test]
fn seeds_as_published_load() {
    let files = std::fs::read_dir(root().join("tests/golden/seeds")).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(names.len(), 4);
    for name in names {
        assert_eq!(seed(name.file_stem().unwrap().to_str().unwrap()).pools().len(), 1);
    }
}

#[test]
fn seed_of_weights_compiles_as_it_says() {
    let table = seed("onwards-weighted");
    let pool = pool(&table, "gpt-4");
    let weights: Vec<_> = pool.providers.iter().map(|provider| provider.weight).collect();
    assert_eq!(weights, [3, 1]);
    assert!(format!("{:?}", pool.strategy).contains("WeightedRandom"));
    assert!(pool.fallback.enabled && pool.fallback.on_rate_limit);
    for status in [429, 500, 503, 599] {
        assert_eq!(
            pool.fallback.verdict(What::Status(status).into(), Duration::ZERO),
            Verdict::Next,
            "{status}"
        );
    }
    assert_eq!(pool.fallback.verdict(What::Status(400).into(), Duration::ZERO), Verdict::Stop);
    assert_eq!(pool.fallback.max_attempts, 2);
}

#[test]
fn seed_of_primary_and_backup_compiles_as_it_says() {
    let table = seed("onwards-primary-backup");
    let pool = pool(&table, "gpt-4");
    assert!(pool.in_definition_order && pool.fallback.on_rate_limit);
    let names: Vec<_> = pool.providers.iter().map(|provider| &*provider.name).collect();
    assert_eq!(names, ["primary.example.com", "backup.example.com"]);
    assert_eq!(pool.fallback.verdict(What::Status(502).into(), Duration::ZERO), Verdict::Next);
    assert_eq!(pool.fallback.verdict(What::Status(429).into(), Duration::ZERO), Verdict::Stop);
}

#[test]
fn seed_of_two_credentials_shares_one_limit() {
    let table = seed("onwards-pool-limit");
    let pool = pool(&table, "gpt-4");
    let rate = pool.limits.settings().rate.unwrap();
    assert_eq!((rate.per_second, rate.burst), (100.0, 200));
    assert_eq!(pool.providers.len(), 2);
    assert!(pool.providers.iter().all(|provider| provider.limits.settings().rate.is_none()));
    assert!(!pool.fallback.enabled);
}

#[test]
fn seed_of_one_provider_compiles_as_it_says() {
    let table = seed("onwards-single");
    let pool = pool(&table, "gpt-4");
    let Place::Wire { origin, .. } = &pool.providers[0].place else { panic!("it is on the wire") };
    assert_eq!(origin.uri, "https://api.openai.com/");
    assert_eq!(&*pool.providers[0].model, "gpt-4");
}
