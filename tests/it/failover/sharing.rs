//! Who is asked first follows from how soon answers begin (`aimd`).
//!
//! Never: a provider is out of reach because its share is small.

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Place, Reply, Router, Upstream, assert_ok, chat, chat_stream, ms, pair, run_cli,
    secs,
};

/// Few attempts decide, and the first decision is a large one and the last for a while.
fn aimd() -> Value {
    json!({"latency_budget_ms": 150, "min_samples": 4, "window_samples": 8, "share_decay": 0.01,
           "share_floor": 0.01, "dwell_ms": 600_000})
}

fn steered(first: &Upstream, second: &Upstream, strategy: &str, aimd: Value) -> Value {
    let mut targets = pair(first, second);
    targets["targets"]["m"]["strategy"] = strategy.into();
    targets["targets"]["m"]["fallback"]["aimd"] = aimd;
    targets
}

async fn share(router: &Router, provider: &str) -> Option<f64> {
    let labels = [("alias", "m"), ("provider", provider)];
    router.metric("onwards_first_choice_share", &labels).await
}

#[tokio::test]
async fn a_slow_provider_is_asked_first_less_often_and_seen_to_be() {
    let slow = Reply::chat_stream(&["slow"]).fault(Place::Start, Fault::Pause(ms(300)));
    let first = Upstream::start(slow).await;
    let second = Upstream::start(Reply::chat_stream(&["quick"])).await;
    let router = Router::start(&steered(&first, &second, "priority", aimd())).await;
    assert_eq!(share(&router, "first").await, Some(1.0));
    let ask = async || Call::chat(&chat_stream("m")).send(router.addr()).await;
    for _ in 0..4 {
        assert_eq!(ask().await.attempts(), "first=200");
    }
    assert_eq!(share(&router, "first").await, Some(0.01));
    assert_eq!(share(&router, "second").await, None, "only the preferred one is steered");
    for _ in 0..20 {
        assert_ok(&ask().await);
    }
    assert!(first.hits() <= 4 + 4, "{} of 20 asked the slow one first", first.hits() - 4);
    let explained = router.explain("m").await.json();
    let candidates = &explained["pools"][0]["candidates"];
    assert_eq!((&candidates[0]["share"], &candidates[1]["share"]), (&json!(0.01), &Value::Null));
    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    let told = status["aliases"][0]["providers"].as_array().unwrap();
    let told = told.iter().find(|it| it["provider"] == "first").unwrap();
    assert_eq!(told["first_share"], json!(0.01));
}

#[tokio::test]
async fn one_that_is_left_to_later_is_asked_when_the_others_fail() {
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(ms(300)));
    let first = Upstream::start(slow).await;
    let second = Upstream::start(Reply::error(500, "no")).await;
    let router = Router::start(&steered(&first, &second, "priority", aimd())).await;
    // Whole answers count as streams do.
    for _ in 0..4 {
        assert_ok(&router.chat("m").await);
    }
    assert_eq!(share(&router, "first").await, Some(0.01));
    let mut later = 0;
    for _ in 0..4 {
        let answer = router.chat("m").await;
        assert_ok(&answer);
        later += usize::from(answer.attempts() == "second=500,first=200");
    }
    assert!(later > 0, "it is asked first every time");
}

#[tokio::test]
async fn a_hedge_hides_no_slow_provider() {
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(secs(20)));
    let first = Upstream::start(slow).await;
    let second = Upstream::start(Reply::chat("quick")).await;
    for (budget, expected) in [(150, 0.01), (600_000, 1.0)] {
        let mut rules = aimd();
        rules["latency_budget_ms"] = budget.into();
        let mut file = steered(&first, &second, "priority", rules);
        file["targets"]["m"]["hedge"] = json!({"after_ms": 200, "max_extra": 1.0});
        let router = Router::start(&file).await;
        for _ in 0..4 {
            let answer = router.chat("m").await;
            assert_ok(&answer);
            assert_eq!(answer.attempts(), "first=hedged,second=200");
        }
        // What was silent for less than the budget allows is no breach, and no proof of the contrary.
        assert_eq!(share(&router, "first").await, Some(expected), "{budget}");
    }
}

#[tokio::test]
async fn overload_is_a_breach_under_every_strategy_and_the_others_keep_their_share() {
    for strategy in ["weighted_random", "round_robin", "least_busy", "lowest_latency", "sticky"] {
        let first = Upstream::start(Reply::error(529, "busy")).await;
        let second = Upstream::start(Reply::chat("hi")).await;
        let router = Router::start(&steered(&first, &second, strategy, aimd())).await;
        for nth in 0..60 {
            let call = Call::chat(&chat("m")).header("x-session-id", &nth.to_string());
            assert_ok(&call.send(router.addr()).await);
            if share(&router, "first").await == Some(0.01) {
                break;
            }
        }
        let shares = (share(&router, "first").await, share(&router, "second").await);
        assert_eq!(shares, (Some(0.01), Some(1.0)), "{strategy}");
        let explained = router.explain("m").await.json();
        let candidates = explained["pools"][0]["candidates"].as_array().unwrap();
        let told = candidates.iter().find(|it| it["provider"] == "first").unwrap();
        assert_eq!(told["share"], json!(0.01), "{strategy}: {explained}");
        let status = Call::get("/status").send(router.metrics_addr()).await.json();
        let told = status["aliases"][0]["providers"].as_array().unwrap();
        let told = told.iter().find(|it| it["provider"] == "first").unwrap();
        assert_eq!(told["first_share"], json!(0.01), "{strategy}");
        let before = first.hits();
        for nth in 0..20 {
            let call = Call::chat(&chat("m")).header("x-session-id", &nth.to_string());
            assert_ok(&call.send(router.addr()).await);
        }
        assert!(first.hits() - before <= 4, "{strategy}: {}", first.hits() - before);
    }
}

#[tokio::test]
async fn a_share_survives_a_reload_unless_its_numbers_change() {
    let first = Upstream::start(Reply::error(503, "busy")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut file = steered(&first, &second, "priority", aimd());
    let router = Router::start(&file).await;
    for _ in 0..4 {
        assert_ok(&router.chat("m").await);
    }
    assert_eq!(share(&router, "first").await, Some(0.01));
    file["targets"]["m2"] = json!({"url": second.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "m2"], secs(10)).await);
    assert_eq!(share(&router, "first").await, Some(0.01));
    file["targets"]["m"]["fallback"]["aimd"]["share_step"] = 0.5.into();
    file["targets"]["m3"] = json!({"url": second.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "m2", "m3"], secs(10)).await);
    assert_eq!(share(&router, "first").await, Some(1.0));
}

#[tokio::test]
async fn nothing_is_steered_unless_the_file_says_so() {
    let first = Upstream::start(Reply::error(503, "busy")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut off = aimd();
    off["enabled"] = false.into();
    let mut disabled = steered(&first, &second, "priority", aimd());
    disabled["targets"]["m"]["fallback"]["enabled"] = false.into();
    for file in [pair(&first, &second), steered(&first, &second, "priority", off), disabled] {
        let router = Router::start(&file).await;
        let before = first.hits();
        for _ in 0..8 {
            router.chat("m").await;
        }
        assert_eq!(first.hits() - before, 8, "{file}");
        assert!(!router.metrics().await.contains("onwards_first_choice_share{"));
    }
}

#[test]
fn numbers_that_contradict_each_other_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("targets.json");
    for (key, value, said) in [
        ("breach_rate_target", json!(1.0), "must be below 1"),
        ("recovery_breach_rate", json!(0.2), "must not be above `breach_rate_target`"),
        ("min_samples", json!(101), "must not be above `window_samples`"),
        ("min_samples", json!(1), "min_samples"),
        ("share_step", json!(0), "must be above 0"),
        ("share_decay", json!(1), "must be above 0 and below 1"),
        ("share_floor", json!(0), "must be above 0"),
        ("overload_statuses", json!([200]), "overload_statuses"),
        ("latency_budget_ms", json!(0), "latency_budget_ms"),
        ("dwel_ms", json!(1), "did you mean `dwell_ms`?"),
    ] {
        let fallback = json!({"enabled": true, "aimd": {key: value}});
        let file = json!({"targets": {"m": {"fallback": fallback, "providers": []}}});
        std::fs::write(&path, file.to_string()).unwrap();
        let output = run_cli(["check", path.to_str().unwrap()]);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert!(!output.status.success() && told.contains(said), "{key}: {told}");
        assert!(told.contains("fallback.aimd"), "{key}: {told}");
    }
}
