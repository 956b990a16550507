//! What a finished request says of itself, and what is decided from a trail.

use std::sync::Mutex;

use tokio::time::Instant as Moment;

use super::{
    outcome::Rest,
    trail::{AT_ONCE, Asked},
    *,
};
use crate::{
    config,
    failure::{Brief, Class, What},
    live::{Limited, Meters, Registry},
    table::{self, HashKey},
};

/// What was reported, in short.
#[derive(Default)]
struct Heard(Mutex<Vec<Told>>);

#[derive(Debug, PartialEq)]
struct Told {
    alias: Option<String>,
    served: Option<String>,
    caller: Option<Caller>,
    status: u16,
    end: End,
    bytes: (u64, u64),
    attempts: Vec<(String, String, Option<Duration>)>,
}

impl Report for Heard {
    fn finished(&self, request: &Finished<'_>) {
        let attempt = |(_, provider, step): (&Pool, &Provider, &trail::Step)| {
            let took = step.asked.map(|asked| asked.took);
            (provider.name.to_string(), step.outcome.to_string(), took)
        };
        self.0.lock().unwrap().push(Told {
            alias: request.alias().map(str::to_owned),
            served: request.served_by.map(|it| it.pool.alias.to_string()),
            caller: request.caller,
            status: request.status,
            end: request.end,
            bytes: (request.bytes_in, request.bytes_out),
            attempts: request.attempts().map(attempt).collect(),
        });
    }
}

impl Heard {
    fn only(&self) -> Told {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(all.len(), 1, "a request is reported once");
        all.remove(0)
    }
}

fn begin(heard: &Arc<Heard>) -> Box<Record> {
    let report: Arc<dyn Report> = Arc::<Heard>::clone(heard);
    Record::begin(report, RequestId::Drawn(1), Asks::default())
}

fn table() -> Arc<Table> {
    let text = r#"{"targets": {
        "asked": {"url": "http://a.example", "routing_rules": [
            {"match_labels": {}, "action": {"type": "redirect", "target": "served"}}]},
        "served": {"providers": [
            {"name": "one", "url": "http://b.example"}, {"name": "two", "url": "http://c.example"}]}}}"#;
    let loaded = config::parse("targets.json", text.into(), &config::references::Nothing).unwrap();
    let registry = Registry::new(Meters::new("onwards").unwrap());
    Arc::new(table::compile(&loaded, &registry, &HashKey::random(), 0).unwrap())
}

fn asked(millis: u64) -> Asked {
    Asked { started: Moment::now(), took: Duration::from_millis(millis) }
}

fn place(pool: u32, provider: u32) -> ProviderRef {
    ProviderRef { pool: PoolId(pool), provider }
}

#[test]
fn refusal_before_any_pool_is_reported_with_its_alias_and_caller() {
    let heard = Arc::<Heard>::default();
    let mut record = begin(&heard);
    record.came(12, false);
    record.called_by(Caller::Unknown, &table());
    record.unserved("ghost".into(), None);
    record.refused(&Refusal::InvalidApiKey);
    record.sent(34);
    drop(record);
    let told = heard.only();
    assert_eq!((told.alias.as_deref(), told.served), (Some("ghost"), None));
    assert_eq!((told.caller, told.status, told.bytes), (Some(Caller::Unknown), 401, (12, 34)));
    assert_eq!(told.end, End::Refused { code: "invalid_api_key", whose: "" });
}

#[test]
fn answer_is_reported_with_pools_attempts_and_times_after_the_table_is_released() {
    let (heard, table) = (Arc::<Heard>::default(), table());
    let mut record = begin(&heard);
    let [first, served] = ["asked", "served"].map(|alias| table.find(alias).unwrap());
    record.called_by(Caller::Anonymous, &table);
    record.allowed(&table, first, served);
    let [one, two] = [0, 1].map(|provider| ProviderRef { pool: served, provider });
    let failed = Outcome::Failed(Brief { what: What::Status(503), class: Class::Overloaded });
    record.trail.asked(one, failed, asked(7), Some(AT_ONCE));
    record.trail.asked(two, Outcome::Status(200), asked(9), None);
    record.answered(StatusCode::OK);
    record.releases_table();
    drop(table);
    record.completed();
    drop(record);
    let told = heard.only();
    assert_eq!(told.alias.as_deref().zip(told.served.as_deref()), Some(("asked", "served")));
    assert_eq!((told.status, told.end), (200, End::Complete));
    let millis = |millis| Some(Duration::from_millis(millis));
    let attempt = |name: &str, outcome: &str, took| (name.to_owned(), outcome.to_owned(), took);
    assert_eq!(told.attempts, [attempt("one", "503", millis(7)), attempt("two", "200", millis(9))]);
}

#[test]
fn end_says_who_ended_it() {
    let heard = Arc::<Heard>::default();
    drop(begin(&heard));
    let told = heard.only();
    assert_eq!((told.status, told.end), (499, End::Left));

    let mut record = begin(&heard);
    record.answered(StatusCode::OK);
    record.broke_off("timeout");
    record.completed();
    drop(record);
    let told = heard.only();
    assert_eq!((told.status, told.end), (200, End::BrokeOff("timeout")));

    let record = begin(&heard);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _record = record;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(panicked.is_err());
    let told = heard.only();
    assert_eq!((told.status, told.end), (500, End::Fault));
}

#[test]
fn last_resort_is_the_soonest_to_be_back_then_the_largest() {
    let now = Moment::now();
    let until = |secs| Outcome::Cooling(Rest::Until(now + Duration::from_secs(secs)));
    let mut trail = Trail::default();
    assert_eq!(trail.last_resort(), None);
    for (provider, window) in [(0, 10), (1, 30), (2, 30)] {
        trail.passed_over(place(0, provider), Outcome::TooSmall(window), None);
    }
    assert_eq!(trail.last_resort(), Some(place(0, 1)), "the first of the largest");
    trail.passed_over(place(0, 3), Outcome::Cooling(Rest::Unknown), Some(AT_ONCE));
    assert_eq!(trail.last_resort(), Some(place(0, 3)), "one that rests is no mistake of size");
    trail.passed_over(place(0, 4), until(9), None);
    trail.passed_over(place(0, 5), until(5), None);
    trail.passed_over(place(0, 6), until(5), None);
    assert_eq!(trail.last_resort(), Some(place(0, 5)));
}

#[test]
fn trial_is_waited_for_once_and_then_asked_or_forgotten() {
    let on_trial = || {
        let mut trail = Trail::default();
        for provider in [0, 1, 0] {
            let outcome = Outcome::Cooling(Rest::Trial);
            trail.passed_over(place(0, provider), outcome, Some(AT_ONCE));
        }
        trail
    };
    let mut trail = on_trial();
    assert_eq!(trail.on_trial().collect::<Vec<_>>(), [place(0, 0), place(0, 1)]);
    assert_eq!((trail.steps().len(), trail.last_resort()), (2, None));
    trail.trials_ended();
    assert_eq!((trail.on_trial().count(), trail.last_resort()), (0, None));
    let mut trail = on_trial();
    trail.trials_undecided();
    assert_eq!((trail.on_trial().count(), trail.last_resort()), (0, Some(place(0, 0))));
}

#[test]
fn last_limit_is_the_one_that_was_met_last_wherever_it_stands() {
    let rate = Limited::Rate(Duration::from_secs(3));
    let mut trail = Trail::default();
    trail.limited(place(0, 0), Limited::Concurrency);
    assert_eq!(trail.last_limit(), Some(Limited::Concurrency));
    trail.pool_limited(PoolId(1), rate, 0);
    assert_eq!(trail.last_limit(), Some(rate));
    trail.limited(place(2, 0), Limited::Concurrency);
    assert_eq!(trail.last_limit(), Some(Limited::Concurrency));
    assert_eq!(trail.soonest(), Some(AT_ONCE));
    let attempts = trail.attempts().count();
    assert_eq!((attempts, trail.steps().len()), (0, 2), "a pool is no step");
}

#[test]
fn nearest_limit_is_the_one_that_admits_first_and_an_endless_one_only_if_alone() {
    let (rate, endless) = (Limited::Rate(Duration::from_secs(3)), Limited::Budget(None));
    let mut trail = Trail::default();
    assert_eq!(trail.nearest_limit(), None);
    trail.pool_limited(PoolId(1), endless, 0);
    assert_eq!(trail.nearest_limit(), Some(endless));
    trail.limited(place(0, 0), rate);
    trail.pool_limited(PoolId(2), endless, 0);
    assert_eq!(trail.nearest_limit(), Some(rate));
}

#[test]
fn limit_that_was_waited_for_is_in_the_way_no_more_and_the_rest_keeps_its_place() {
    let now = Moment::now();
    let asked = Asked { started: now, took: Duration::ZERO };
    let mut trail = Trail::default();
    trail.limited(place(0, 0), Limited::Concurrency);
    trail.asked(place(0, 1), Outcome::Status(503), asked, None);
    trail.spent(Usage { input: 1, ..Usage::default() });
    trail.pool_limited(PoolId(1), Limited::Concurrency, 0);
    trail.pool_limited(PoolId(2), Limited::Concurrency, 0);
    trail.waited_for(place(0, 0));
    assert_eq!((trail.steps().len(), trail.steps()[0].provider), (1, place(0, 1)));
    assert_eq!(trail.all_spent()[0].0, 0, "the tokens are still those of the same step");
    trail.waited_for_pool(PoolId(1));
    assert_eq!(trail.full_pools().collect::<Vec<_>>(), [PoolId(2)]);
    assert_eq!(trail.last_limit(), Some(Limited::Concurrency));
    trail.waited_for_pool(PoolId(2));
    assert_eq!(trail.last_limit(), None);
}
