//! Active probes: providers are asked how they are before a client has to find out.
//!
//! Never: a probe costs tokens, or is sent without the provider's own credential.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::{Call, Reply, Router, Script, Upstream, assert_ok, eventually, pair, secs};

#[tokio::test]
async fn probes_take_a_provider_out_and_bring_it_back() {
    let ill = Arc::new(AtomicBool::new(true));
    let script = {
        let ill = Arc::clone(&ill);
        Script::by(move |seen| match (seen.method.as_str(), ill.load(Ordering::Relaxed)) {
            ("GET", true) => Reply::error(503, "starting"),
            ("GET", false) => Reply::json(200, &json!({"data": []})),
            _ => Reply::chat("first"),
        })
    };
    let first = Upstream::start(script).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["health_check"] = json!({"path": "/v1/models", "interval_secs": 1,
        "timeout_ms": 500, "healthy_after": 1, "unhealthy_after": 1});
    let router = Router::start(&targets).await;
    let asks = async || router.chat("m").await.attempts().to_owned();
    assert!(eventually(secs(5), async || asks().await == "first=cooling,second=200").await);
    let metrics = Call::get("/metrics").send(router.metrics_addr()).await.text();
    for series in [
        r#"onwards_provider_state{alias="m",provider="first",state="unhealthy"} 1"#,
        r#"onwards_probes_total{alias="m",provider="first",result="bad"} "#,
    ] {
        assert!(metrics.contains(series), "{series} is not in\n{metrics}");
    }
    let probe = first.requests().into_iter().find(|seen| seen.method == "GET").unwrap();
    assert_eq!(probe.target, "/v1/models");
    assert_eq!(probe.header("authorization"), Some("Bearer sk-provider-first"));
    assert!(probe.body.is_empty());

    ill.store(false, Ordering::Relaxed);
    assert!(eventually(secs(5), async || asks().await == "first=200").await);
}

#[tokio::test]
async fn probes_end_with_the_provider_they_are_for() {
    let first = Upstream::start(Reply::json(200, &json!({}))).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["health_check"] = json!({"interval_secs": 1});
    let router = Router::start(&targets).await;
    assert!(first.wait_hits(1, secs(5)).await);
    targets["targets"]["m"]["providers"].as_array_mut().unwrap().remove(0);
    std::fs::write(router.file(), targets.to_string()).unwrap();
    let asked = async || router.chat("m").await.attempts() == "second=200";
    assert!(eventually(secs(5), asked).await);
    tokio::time::sleep(secs(1)).await;
    let hits = first.hits();
    tokio::time::sleep(secs(3)).await;
    assert_eq!(first.hits(), hits, "it is still probed");
}

#[tokio::test]
async fn when_all_are_unhealthy_somebody_is_asked_all_the_same() {
    let script = Script::by(|seen| match seen.method.as_str() {
        "GET" => Reply::error(404, "no such page"),
        _ => Reply::chat("well"),
    });
    let only = Upstream::start(script).await;
    let target = json!({"url": only.base(), "name": "only",
        "health_check": {"path": "/nowhere", "interval_secs": 1, "unhealthy_after": 1}});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    assert!(only.wait_hits(1, secs(5)).await);
    let all_the_same = async || {
        let answer = router.chat("m").await;
        assert_ok(&answer);
        answer.attempts() == "only=cooling,only=200"
    };
    assert!(eventually(secs(5), all_the_same).await);
}

#[tokio::test]
async fn a_credential_that_was_changed_is_probed_with() {
    for key in ["request_headers", "upstream_auth_header_prefix"] {
        let script = Script::by(|seen| match seen.header("x-cred") {
            Some("new") => Reply::json(200, &json!({})),
            _ => Reply::error(401, "no such credential"),
        });
        let only = Upstream::start(script).await;
        let targets = |cred: &str| {
            let mut target = json!({"url": only.base(), "name": "only", "health_check":
                {"interval_secs": 1, "healthy_after": 1, "unhealthy_after": 1}});
            match key {
                "request_headers" => target[key] = json!({"x-cred": cred}),
                _ => {
                    target["onwards_key"] = json!("w");
                    target["upstream_auth_header_name"] = json!("x-cred");
                    target[key] = json!(cred.trim_end_matches('w'));
                }
            }
            json!({"targets": {"m": target}})
        };
        let router = Router::start(&targets("old")).await;
        let is = async |state| {
            let labels = [("provider", "only"), ("state", state)];
            router.metric("onwards_provider_state", &labels).await == Some(1.0)
        };
        assert!(eventually(secs(5), async || is("unhealthy").await).await);
        router.write_targets(&targets("new")).await;
        assert!(eventually(secs(5), async || is("ready").await).await, "{key} as it was");
    }
}
