//! Reloads, as the registry sees them.

use super::*;
use crate::live::{Meters, Times, limit::Rate};

fn limits(per_second: f64, burst: u32, max: u32) -> LimitSettings {
    LimitSettings::of_requests(Some(Rate { per_second, burst }), Some(max))
}

fn provider(per_second: f64, burst: u32) -> ProviderSettings {
    ProviderSettings { limits: limits(per_second, burst, 9), ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn equal_identity_and_equal_numbers_are_the_very_same_object() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let first = draft.provider("gpt", "a", provider(1.0, 4));
    let (pool, key) = (draft.pool("gpt", limits(1.0, 1, 1)), draft.key("ann", limits(1.0, 1, 1)));
    draft.commit();

    let mut draft = registry.draft();
    assert!(Arc::ptr_eq(&first, &draft.provider("gpt", "a", provider(1.0, 4))));
    assert!(Arc::ptr_eq(&pool, &draft.pool("gpt", limits(1.0, 1, 1))));
    assert!(Arc::ptr_eq(&key, &draft.key("ann", limits(1.0, 1, 1))));
    assert!(!Arc::ptr_eq(&first, &draft.provider("other", "a", provider(1.0, 4))));
    assert!(!Arc::ptr_eq(&first, &draft.provider("gpt", "b", provider(1.0, 4))));
}

#[tokio::test(start_paused = true)]
async fn equal_entries_are_told_apart_by_occurrence_and_never_by_position() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let before: Vec<_> =
        ["a", "a", "b"].map(|endpoint| draft.provider("gpt", endpoint, provider(1.0, 4))).into();
    assert!(!Arc::ptr_eq(&before[0], &before[1]));
    assert_ne!(before[0].identity(), before[1].identity());
    draft.commit();

    let mut draft = registry.draft();
    let after: Vec<_> = ["b", "c", "a", "a"]
        .map(|endpoint| draft.provider("gpt", endpoint, provider(1.0, 4)))
        .into();
    assert!(Arc::ptr_eq(&after[0], &before[2]));
    assert!(Arc::ptr_eq(&after[2], &before[0]));
    assert!(Arc::ptr_eq(&after[3], &before[1]));
}

#[tokio::test(start_paused = true)]
async fn changed_numbers_start_with_the_used_up_share_and_what_is_in_flight() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let old = draft.provider("gpt", "a", provider(1.0, 4));
    let old_key = draft.key("ann", limits(1.0, 2, 2));
    draft.commit();
    let permits: Vec<_> = (0..3).map(|_| old.limits().admit().unwrap()).collect();
    drop(old_key.limits().admit().unwrap());

    let mut draft = registry.draft();
    let new = draft.provider("gpt", "a", provider(2.0, 100));
    let new_key = draft.key("ann", limits(1.0, 10, 2));
    draft.commit();
    assert!((new.limits().rate().unwrap().level() - 0.25).abs() < 1e-9);
    assert_eq!(new.limits().in_flight(), 3);
    assert_eq!(new.identity(), old.identity());
    assert!((new_key.limits().rate().unwrap().level() - 0.5).abs() < 1e-9);
    drop(permits);
    assert_eq!(new.limits().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_draft_that_is_dropped_was_never_there() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let serving = draft.provider("gpt", "a", provider(1.0, 4));
    draft.commit();

    let mut failed = registry.draft();
    let never = failed.provider("gpt", "a", provider(5.0, 8));
    failed.pool("typo", LimitSettings::default());
    drop(failed);
    drop(serving.limits().admit().unwrap());
    assert_eq!(never.limits().rate().unwrap().level(), 1.0);
    assert_eq!(registry.sizes(), (1, 0, 0));

    let mut draft = registry.draft();
    assert!(Arc::ptr_eq(&serving, &draft.provider("gpt", "a", provider(1.0, 4))));
    drop(draft);
    let mut draft = registry.draft();
    let level = draft.provider("gpt", "a", provider(5.0, 8)).limits().rate().unwrap().level();
    assert_eq!(level, 0.75, "the share of what serves, not of what failed");
}

#[test]
fn a_draft_that_is_dropped_leaves_no_name_behind() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let name = draft.name("gpt", "one");
    assert!(Arc::ptr_eq(&name, &draft.name("gpt", "one")));
    drop(draft);
    assert!(registry.names.is_empty());
    let mut draft = registry.draft();
    let name = draft.name("gpt", "one");
    draft.commit();
    assert!(Arc::ptr_eq(&name, &registry.draft().name("gpt", "one")), "what is counted goes on");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_refers_to_is_forgotten_and_what_is_in_flight_is_not() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let mut draft = registry.draft();
    let old = draft.provider("gpt", "a", provider(1.0, 4));
    draft.pool("gpt", LimitSettings::default());
    draft.commit();
    registry.sweep();
    assert_eq!(registry.sizes(), (1, 0, 0), "the pool's table is gone");

    let permit = old.limits().admit().unwrap();
    registry.draft().commit();
    registry.sweep();
    assert_eq!(registry.sizes(), (1, 0, 0), "the table before still serves");
    drop(old);
    registry.sweep();
    assert_eq!(registry.sizes(), (1, 0, 0), "a request is still in flight");
    let mut draft = registry.draft();
    assert_eq!(draft.provider("gpt", "a", provider(1.0, 4)).limits().in_flight(), 1);
    drop((draft, permit));
    registry.sweep();
    assert_eq!(registry.sizes(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn series_go_when_nobody_is_left_who_counts() {
    let meters = Meters::new("test").unwrap();
    let registry = Registry::new(Arc::clone(&meters));
    let mut draft = registry.draft();
    let pools = ["gone", "here"].map(|alias| draft.pool(alias, LimitSettings::default()));
    let names = [("gone", "one"), ("here", "one"), ("here", "two")];
    let names = names.map(|(alias, name)| draft.name(alias, name));
    draft.commit();
    let [gone, here] = &pools;
    let times = Times { total: SECOND, head: None };
    for (pool, name, meters) in
        [(gone, "one", &names[0]), (here, "one", &names[1]), (here, "two", &names[2])]
    {
        pool.meters.ended(200, times);
        pool.meters.ended(500, times);
        pool.meters.served(meters, name);
        pool.meters.attempted(name, "500");
        pool.meters.fell_back("500");
        pool.meters.refused("rate_limit", "pool");
        pool.meters.broke_off("reset");
        pool.meters.credential_refused(name);
        pool.meters.model_missing(name);
    }
    meters.refused("invalid_api_key");
    let series = |word: &str| {
        let text = meters.render(crate::secret::names::label, &[]).unwrap();
        text.lines().filter(|line| line.contains(&format!("\"{word}\""))).count()
    };
    let all = (series("gone"), series("here"), series("one"), series("two"));

    registry.sweep();
    assert_eq!((series("gone"), series("here"), series("one"), series("two")), all);

    let [gone, here] = pools;
    let [one_of_gone, one, two] = names;
    drop((gone, one_of_gone, two));
    registry.sweep();
    let of_a_name = all.3;
    assert_eq!((series("gone"), series("two")), (0, 0));
    assert_eq!(series("here"), all.1 - of_a_name);
    assert_eq!(series("one"), of_a_name);
    assert_eq!(series("invalid_api_key"), 1, "it belongs to no alias");

    let again = registry.draft().name("here", "one");
    here.meters.served(&again, "one");
    assert!(
        meters.render(crate::secret::names::label, &[]).unwrap().contains(r#"provider="one"} 2"#),
        "the same handle"
    );
    drop(one);
}

#[test]
fn numbers_of_a_compile_that_failed_and_of_a_table_that_is_gone_are_forgotten() {
    let registry = Registry::new(Meters::new("test").unwrap());
    let (origin, identity) = (registry.draft().origin("a"), registry.draft().identity("a"));
    drop(registry.draft().origin("typo"));
    assert_eq!(registry.numbers(), (2, 1));
    registry.sweep();
    assert_eq!(registry.numbers(), (1, 1));
    assert_eq!(registry.draft().origin("a").get(), origin.get(), "a reload keeps its connections");
    drop((origin, identity));
    registry.sweep();
    assert_eq!(registry.numbers(), (0, 0));
}

#[test]
fn identities_are_the_same_in_every_version() {
    let id = |alias: &str, endpoint: &str, occurrence| {
        ProviderId { alias: alias.into(), endpoint: endpoint.into(), occurrence }.hash()
    };
    assert_eq!(id("gpt", "a", 0), id("gpt", "a", 0));
    assert_ne!(id("gpt", "a", 0), id("gpt", "a", 1));
    assert_ne!(id("gp", "ta", 0), id("gpt", "a", 0));
    assert_eq!(id("gpt", "a", 0), PINNED, "sticky requests would move");
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
const PINNED: u64 = 8_272_628_205_553_226_231;
