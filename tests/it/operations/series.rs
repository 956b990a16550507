//! Which series there are: those of what the file names.
//!
//! Never: an alias that comes and goes leaves anything behind.

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Script, Upstream, assert_ok, eventually, secs};

/// One alias, one provider of that name that is probed, and another that fails before it.
fn file(upstream: &Upstream, alias: &str, provider: &str) -> Value {
    json!({"targets": {alias: {
        "strategy": "priority",
        "fallback": {"enabled": true, "on_status": [5]},
        "health_check": {"interval_secs": 1, "unhealthy_after": 1000},
        "providers": [
            {"url": format!("{}/failing", upstream.base()), "name": format!("bad-{provider}")},
            {"url": upstream.base(), "name": provider}]}}})
}

async fn served_by(router: &Router, provider: &str) -> Option<f64> {
    let labels = [("provider", provider), ("outcome", "200")];
    router.metric("onwards_attempts_total", &labels).await
}

fn failing_or_not() -> Script {
    Script::by(|seen| {
        if seen.target.starts_with("/failing") {
            Reply::error(500, "no")
        } else {
            Reply::chat("hi")
        }
    })
}

#[tokio::test]
async fn the_series_of_an_alias_go_with_it() {
    let upstream = Upstream::start(failing_or_not()).await;
    let router = Router::start(&file(&upstream, "gone", "one")).await;
    assert_ok(&router.chat("gone").await);
    let probed = async || router.metrics().await.contains("onwards_probes_total{alias=\"gone\"");
    assert!(eventually(secs(5), probed).await);
    router.write_targets(&file(&upstream, "here", "one")).await;
    assert!(router.serves(&["here"], secs(2)).await);
    assert_ok(&router.chat("here").await);
    let left = async || router.metrics().await.contains("\"gone\"");
    assert!(eventually(secs(10), async || !left().await).await, "{}", router.metrics().await);
    assert_eq!(served_by(&router, "one").await, Some(1.0), "of the alias that is there");

    router.write_targets(&file(&upstream, "gone", "one")).await;
    assert!(router.serves(&["gone"], secs(2)).await);
    for _ in 0..3 {
        assert_ok(&router.chat("gone").await);
    }
    let requests = async || router.metric("onwards_requests_total", &[("alias", "gone")]).await;
    assert!(eventually(secs(1), async || requests().await == Some(3.0)).await);
}

#[tokio::test]
async fn a_provider_that_is_renamed_is_counted_under_its_new_name() {
    let upstream = Upstream::start(failing_or_not()).await;
    let router = Router::start(&file(&upstream, "m", "old")).await;
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(1), async || served_by(&router, "old").await == Some(1.0)).await);
    router.write_targets(&file(&upstream, "m", "new")).await;
    let renamed = async || {
        let answer = router.chat("m").await;
        answer.attempts() == "bad-new=500,new=200"
    };
    assert!(eventually(secs(3), renamed).await);
    let asked = async || served_by(&router, "new").await;
    assert!(eventually(secs(1), async || asked().await == Some(1.0)).await, "{:?}", asked().await);
    let left = async || router.metrics().await.contains("old\"");
    assert!(eventually(secs(10), async || !left().await).await, "{}", router.metrics().await);
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(1), async || asked().await == Some(2.0)).await, "{:?}", asked().await);

    // Another credential is another provider, and the name is the same.
    let mut changed = file(&upstream, "m", "new");
    changed["targets"]["m"]["providers"][1]["onwards_key"] = json!("sk-changed");
    router.write_targets(&changed).await;
    let sent = async || {
        assert_ok(&router.chat("m").await);
        upstream.last().header("authorization") == Some("Bearer sk-changed")
    };
    assert!(eventually(secs(3), sent).await);
    let before = asked().await.unwrap();
    // Longer than what was replaced is kept.
    tokio::time::sleep(secs(5)).await;
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(1), async || asked().await > Some(before)).await);
}

#[tokio::test]
async fn counters_are_zero_before_the_first_request_and_told_once_after_it() {
    let upstream = Upstream::start(failing_or_not()).await;
    let mut file = file(&upstream, "m", "one");
    file["targets"]["other"] = json!({"url": upstream.base(), "name": "far"});
    let router = Router::start(&file).await;
    let requests = async |alias| {
        router.metric("onwards_requests_total", &[("alias", alias), ("status", "200")]).await
    };
    let attempts = async |provider: &str| {
        let labels = [("provider", provider), ("outcome", "200")];
        router.metric("onwards_attempts_total", &labels).await
    };
    let refused = async |provider: &str| {
        router.metric("onwards_credential_refused_total", &[("provider", provider)]).await
    };
    for provider in ["one", "bad-one", "far"] {
        assert_eq!((attempts(provider).await, refused(provider).await), (Some(0.0), Some(0.0)));
    }
    assert_eq!((requests("m").await, requests("other").await), (Some(0.0), Some(0.0)));
    assert_ok(&router.chat("m").await);
    assert!(eventually(secs(5), async || requests("m").await == Some(1.0)).await);
    assert_eq!(attempts("one").await, Some(1.0));
    assert_eq!((requests("other").await, attempts("bad-one").await), (Some(0.0), Some(0.0)));
    let text = router.metrics().await;
    let series: Vec<_> = text.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    let names: std::collections::BTreeSet<_> = series.iter().map(|(name, _)| name).collect();
    let told = series.iter().filter(|(name, _)| !name.starts_with('#')).count();
    let distinct = names.iter().filter(|name| !name.starts_with('#')).count();
    assert_eq!(told, distinct, "{text}");
}

#[tokio::test]
async fn the_process_and_its_configuration_are_told() {
    let router = Router::start(&json!({"targets": {"m": {"url": "mock:"}}})).await;
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"]
    {
        assert!(router.metric(name, &[]).await.is_some_and(|value| value > 0.0), "{name}");
    }
    assert_eq!(router.metric("onwards_build_info", &[]).await, Some(1.0));
    let hash = async || {
        let text = router.metrics().await;
        let line = text.lines().find(|line| line.starts_with("onwards_config_hash{")).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let before = hash().await;
    assert_eq!(before.len(), 64);
    router.write_targets(&json!({"targets": {"n": {"url": "mock:"}}})).await;
    assert!(eventually(secs(10), async || hash().await != before).await);
}

#[tokio::test]
async fn a_refusal_names_its_alias_where_the_file_has_it() {
    let file = json!({
        "auth": {"key_definitions": {"team": {"key": "sk-team-key-that-is-long"}}},
        "targets": {"m": {"url": "mock:", "keys": ["team"]}, "open": {"url": "mock:"},
            "far": {"url": "mock:", "keys": ["sk-another-key-that-is-long"]}}});
    let router = Router::start(&file).await;
    let ask = async |alias: &str, key: &str| {
        let call = Call::chat(&crate::support::client::chat(alias));
        let call = if key.is_empty() { call } else { call.key(key) };
        call.send(router.addr()).await
    };
    ask("m", "").await;
    ask("m", "sk-wrong").await;
    ask("far", "sk-team-key-that-is-long").await;
    ask("ghost", "sk-team-key-that-is-long").await;
    for (alias, code) in [
        ("m", "missing_api_key"),
        ("m", "invalid_api_key"),
        ("far", "forbidden"),
        ("", "model_not_found"),
    ] {
        let labels = [("alias", alias), ("code", code)];
        let counted =
            async || router.metric("onwards_rejections_total", &labels).await == Some(1.0);
        assert!(eventually(secs(5), counted).await, "{alias} {code}");
    }
}

#[tokio::test]
async fn gauges_exist_before_the_first_request() {
    let upstream = Upstream::start(failing_or_not()).await;
    let limit = json!({"requests_per_second": 5});
    let mut file = file(&upstream, "m", "one");
    file["auth"] = json!({"key_definitions": {"team": {"key": "k", "rate_limit": limit}}});
    file["targets"]["m"]["rate_limit"] = limit.clone();
    file["targets"]["m"]["providers"][1]["rate_limit"] = limit;
    let router = Router::start(&file).await;
    for (name, labels) in [
        ("onwards_in_flight", [("alias", "m"), ("provider", "")]),
        ("onwards_in_flight", [("alias", "m"), ("provider", "one")]),
        ("onwards_in_flight", [("alias", "m"), ("provider", "bad-one")]),
    ] {
        assert_eq!(router.metric(name, &labels).await, Some(0.0), "{labels:?}");
    }
    for (limit, name) in [("pool", "m"), ("provider", "m/one"), ("key", "team")] {
        let level =
            router.metric("onwards_limiter_level", &[("limit", limit), ("name", name)]).await;
        assert_eq!(level, Some(1.0), "{limit}");
    }
    let states = router.metrics().await.matches("onwards_provider_state{").count();
    assert_eq!(states, 2 * 6, "each provider has a series for each state");
    assert_eq!(router.metric("onwards_config_last_reload_successful", &[]).await, Some(1.0));
    assert_eq!(router.metric("onwards_panics_total", &[]).await, Some(0.0));
}
