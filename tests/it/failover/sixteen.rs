//! The sixteen faults of Failover Bench 0.1, a public benchmark of gateways, by its rules: each whole and streamed, committed
//! at the first content and at the end.
//!
//! Never: a truncated answer that claims to be whole, a provider that is hammered, or an error that hides another one.

mod faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use self::faults::{CANONICAL, Scenario, Shape, said, scenarios};
use crate::support::{
    Call, End, Reply, Router, Script, Seen, Upstream, eventually, provider, secs,
};

/// The benchmark's verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The whole answer (or the right error), and good conduct.
    Pass,
    /// No answer, but a clean error in time, and good conduct.
    Safe,
    Fail,
}

/// What a careful client holds in the end.
enum Got {
    Answer { text: String, model: String, has_usage: bool },
    Error(String),
}

/// One scenario's providers, which nothing else asks.
struct Place {
    scenario: Scenario,
    first: Upstream,
    second: Upstream,
}

/// One pool for all: what the documents say for a client that waits for its answer.
fn target(first: &Upstream, second: &Upstream, commit: &str) -> Value {
    let limit = 3_000;
    json!({"strategy": "priority",
        "fallback": {"enabled": true, "on": ["context_window"], "commit": commit,
            "stay": {"times": 1, "up_to_ms": 3_000}},
        "timeouts": {"response_ms": limit, "first_event_ms": limit, "idle_ms": limit},
        "providers": [provider("first", first), provider("second", second)]})
}

async fn ask(router: &Router, alias: &str, stream: bool) -> Got {
    let body = json!({"model": alias, "stream": stream, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "hello"}]});
    let call = Call::chat(&body);
    if !stream {
        let answer = call.send(router.addr()).await;
        if answer.status != 200 || answer.end != End::Complete {
            return Got::Error(format!("{} {:?} {}", answer.status, answer.end, answer.text()));
        }
        let value = answer.json();
        return Got::Answer {
            text: answer.said(),
            model: value["model"].as_str().unwrap_or_default().to_owned(),
            has_usage: value["usage"].is_object(),
        };
    }
    let mut events = call.stream(router.addr()).await;
    let status = events.head.status;
    let (seen, end) = events.all().await;
    if status != 200 || end != End::Complete {
        let rest = String::from_utf8_lossy(events.rest()).into_owned();
        return Got::Error(format!("{status} {end:?} {rest}"));
    }
    said(&seen)
}

/// The benchmark's judgement: the outcome, then the conduct that the provider has seen.
fn judge(place: &Place, got: &Got) -> (Verdict, String) {
    let (scenario, asked) = (&place.scenario, place.first.requests());
    let others = place.second.requests().len();
    let trail = format!("{} and {others} asked", asked.len());
    let conduct = (scenario.conduct)(&asked, others);
    let verdict = match got {
        _ if !conduct => Verdict::Fail,
        Got::Error(_) if scenario.is_refused => Verdict::Pass,
        Got::Answer { .. } if scenario.is_refused => Verdict::Fail,
        Got::Error(_) => Verdict::Safe,
        Got::Answer { text, .. } if text != CANONICAL => Verdict::Fail,
        Got::Answer { model, has_usage, .. } => {
            let of_second = !scenario.tells_the_model || model == "second-model";
            if of_second && *has_usage { Verdict::Pass } else { Verdict::Fail }
        }
    };
    let told = match got {
        Got::Error(text) => text.clone(),
        Got::Answer { text, model, has_usage } => {
            format!("{} words of {model}, usage: {has_usage}", text.split(' ').count())
        }
    };
    (verdict, format!("{trail}: {told}"))
}

async fn run(shape: Shape, commit: &str) -> Vec<(&'static str, Verdict, String)> {
    let mut places = Vec::new();
    for scenario in scenarios(shape) {
        let first = Upstream::start(scenario.first.clone()).await;
        let second = Upstream::start(scenario.second.clone()).await;
        places.push(Place { scenario, first, second });
    }
    let targets =
        places.iter().map(|it| (it.scenario.id.to_owned(), target(&it.first, &it.second, commit)));
    let targets: serde_json::Map<_, _> = targets.collect();
    let router = Router::start(&json!({"targets": targets})).await;
    let stream = shape == Shape::Stream;
    let asked = places.iter().map(|it| ask(&router, it.scenario.id, stream));
    let got = futures_util::future::join_all(asked).await;
    let judged = places.iter().zip(&got).map(|(place, got)| {
        let (verdict, why) = judge(place, got);
        (place.scenario.id, verdict, why)
    });
    let mut judged: Vec<_> = judged.collect();
    // What failed is charged to no one: only the second provider told of tokens.
    let of_first = [("alias", "s16"), ("provider", "first"), ("kind", "output")];
    let charged = router.metric("onwards_tokens_total", &of_first).await;
    assert!(charged.is_none_or(|tokens| tokens == 0.0), "{charged:?}");
    judged.push(flapping(shape, commit).await);
    judged
}

/// S15: the first provider is down for a while; twenty requests, then it is asked again.
async fn flapping(shape: Shape, commit: &str) -> (&'static str, Verdict, String) {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = is_down.clone();
    let first = Upstream::start(Script::by(move |_| {
        let busy = Reply::error(503, "busy");
        if down.load(Ordering::Relaxed) { busy } else { shape.whole("first-model") }
    }))
    .await;
    let second = Upstream::start(shape.whole("second-model")).await;
    let mut target = target(&first, &second, commit);
    // The default brings it back within 30 s; a test does not wait for that.
    target["cooldown"] = json!({"failures": 3, "duration_secs": 1});
    let router = Router::start(&json!({"targets": {"s15": target}})).await;
    let stream = shape == Shape::Stream;
    let whole = async || matches!(ask(&router, "s15", stream).await, Got::Answer { text, .. } if text == CANONICAL);
    let mut served = 0;
    for _ in 0..20 {
        served += usize::from(whole().await);
    }
    let asked = first.hits();
    is_down.store(false, Ordering::Relaxed);
    let is_back = eventually(secs(20), async || whole().await && first.hits() > asked + 2).await;
    let verdict = if served == 20 && asked < 40 && is_back { Verdict::Pass } else { Verdict::Fail };
    ("s15", verdict, format!("{served} served, {asked} asked, back: {is_back}"))
}

async fn check(shape: Shape, commit: &str, safe: &[&str]) {
    let judged = run(shape, commit).await;
    assert_eq!(judged.len(), 16);
    let wrong: Vec<_> = judged
        .iter()
        .filter(|(id, verdict, _)| {
            let expected = if safe.contains(id) { Verdict::Safe } else { Verdict::Pass };
            *verdict != expected
        })
        .collect();
    assert!(wrong.is_empty(), "{shape:?} {commit}: {wrong:#?}");
}

#[tokio::test]
async fn sixteen_faults_of_whole_answers_end_in_the_answer() {
    check(Shape::Whole, "content", &[]).await;
}

#[tokio::test]
async fn sixteen_faults_of_streams_end_in_the_answer_or_an_honest_error() {
    // Once content has been sent, a second provider is not asked.
    check(Shape::Stream, "content", &["s08", "s09", "s10", "s14"]).await;
}

#[tokio::test]
async fn sixteen_faults_end_in_the_answer_where_answers_are_held_to_their_end() {
    check(Shape::Stream, "end", &[]).await;
    check(Shape::Whole, "end", &[]).await;
}

/// How far apart the first two requests were.
fn gap(asked: &[Seen]) -> Option<Duration> {
    Some(asked.get(1)?.at.duration_since(asked[0].at))
}

/// At most so many within the first three seconds.
fn is_calm(asked: &[Seen], most: usize) -> bool {
    let Some(first) = asked.first() else { return false };
    asked.iter().filter(|it| it.at.duration_since(first.at) < secs(3)).count() <= most
}
