//! Alerts that are posted to the webhooks of the file.
//!
//! Never: a webhook is felt by a request, or its URL and headers stand in a log.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Call, Launch, Reply, Router, Script, Upstream, assert_ok, chat, eventually, ms, open, pair,
    pool, provider, secs,
};

/// The file, with a webhook that is told of these.
fn alerting(mut file: Value, webhook: &Upstream, on: &[&str]) -> Value {
    file["alerts"] = json!([{
        "url": format!("{}/hooks/T0/secret-of-the-hook", webhook.base()),
        "on": on,
        "headers": {"authorization": "Bearer secret-of-the-header"},
        "window_secs": 5,
        "min_requests": 3,
    }]);
    file
}

async fn taking() -> Upstream {
    Upstream::start(Reply::new(200)).await
}

/// Kind, state and text of each post.
fn posts(webhook: &Upstream) -> Vec<[String; 3]> {
    let text = |post: &Value, key: &str| post[key].as_str().unwrap_or_default().to_owned();
    let read = |post: Value| ["kind", "state", "text"].map(|key| text(&post, key));
    webhook.requests().iter().map(|it| read(it.json())).collect()
}

async fn told(webhook: &Upstream, kind: &str, state: &str) -> bool {
    let is_told = || posts(webhook).iter().any(|[one, other, _]| one == kind && other == state);
    eventually(secs(20), async || is_told()).await
}

#[tokio::test]
async fn a_provider_that_rests_is_raised_and_resolved() {
    let (webhook, well) = (taking().await, Upstream::start(Reply::chat("hi")).await);
    let upstream = Upstream::start([Reply::error(503, "busy"), Reply::chat("hi")]).await;
    let mut file = alerting(pair(&upstream, &well), &webhook, &["provider_resting"]);
    file["targets"]["m"]["cooldown"] = json!({"failures": 1, "duration_secs": 2});
    let router = Router::start(&file).await;
    assert_ok(&router.chat("m").await);
    assert!(told(&webhook, "provider_resting", "raised").await, "{:?}", router.log_text());
    let post = webhook.requests().remove(0);
    assert_eq!((&*post.method, &*post.target), ("POST", "/hooks/T0/secret-of-the-hook"));
    assert_eq!(post.header("authorization"), Some("Bearer secret-of-the-header"));
    assert_eq!(post.header("content-type"), Some("application/json"));
    let body = post.json();
    assert_eq!((&body["alias"], &body["provider"]), (&json!("m"), &json!("first")));
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("m / first: resting 2 s after a 503"), "{text}");
    assert!(body["since"].as_str().unwrap().ends_with('Z'), "{body}");

    // A trial that succeeds ends its rest.
    let asked = async || router.chat("m").await.status == 200 && upstream.hits() > 1;
    assert!(eventually(secs(20), asked).await);
    assert!(told(&webhook, "provider_resting", "resolved").await, "{:?}", posts(&webhook));
    assert_eq!(posts(&webhook).len(), 2, "{:?}", posts(&webhook));
    let kind = [("kind", "provider_resting")];
    assert_eq!(router.metric("onwards_alerts_total", &kind).await, Some(1.0));
    let delivered = async || {
        let result = [("result", "delivered")];
        router.metric("onwards_alert_posts_total", &result).await == Some(2.0)
    };
    assert!(eventually(secs(10), delivered).await);
    assert!(!router.log_text().contains("secret-of"), "{}", router.log_text());
}

#[tokio::test]
async fn an_edit_that_is_refused_is_raised_once_until_it_is_mended() {
    let (webhook, upstream) = (taking().await, Upstream::start(Reply::chat("hi")).await);
    let file = alerting(open(&upstream), &webhook, &["reload_failed"]);
    let router = Router::start(&file).await;
    let mut bad = file.clone();
    bad["targets"]["m"]["strategi"] = json!("priority");
    router.write_targets(&bad).await;
    assert!(told(&webhook, "reload_failed", "raised").await, "{}", router.log_text());
    router.write_targets(&file).await;
    assert!(told(&webhook, "reload_failed", "resolved").await, "{}", router.log_text());
    // Again within the interval: nothing is posted.
    router.write_targets(&bad).await;
    let refused =
        async || router.metric("onwards_config_last_reload_successful", &[]).await == Some(0.0);
    assert!(eventually(secs(10), refused).await);
    tokio::time::sleep(ms(2_500)).await;
    let posts = posts(&webhook);
    assert_eq!(posts.len(), 2, "{posts:?}");
    assert!(posts[0][2].contains("strategi"), "{posts:?}");
}

/// One router, in which everything goes wrong that is no state.
#[tokio::test]
async fn what_requests_show_is_raised_by_its_kind() {
    let webhook = taking().await;
    let upstream = Upstream::start(Script::by(|seen| match &*seen.target {
        it if it.starts_with("/refuses") => Reply::error(401, "no such key"),
        it if it.starts_with("/knows-not") => Reply::json(
            404,
            &json!({"error": {"message": "no", "type": "invalid_request_error",
                "code": "model_not_found", "param": null}}),
        ),
        it if it.starts_with("/fails") => Reply::error(500, "no"),
        _ => Reply::chat("hi"),
    }))
    .await;
    let at = |path: &str| format!("{}/{path}", upstream.base());
    let falls_back = json!({"enabled": true, "on_status": [5]});
    let mut file = json!({"targets": {
        "refused": {"url": at("refuses"), "onwards_key": "sk-refused-0123456789"},
        "missing": {"url": at("knows-not")},
        "failing": {"url": at("fails")},
        "lower": {"fallback": falls_back, "providers": [
            {"url": at("fails"), "name": "upper"},
            {"url": upstream.base(), "name": "lower", "priority": 2}]},
        "other": {"fallback": {"enabled": true, "to": ["unpriced"]},
            "providers": [{"url": at("fails")}]},
        "unpriced": {"url": upstream.base()},
    }});
    file["prices"] = json!({"gpt-4o": {"input": 2.5, "output": 10.0}});
    let kinds = [
        "credential_refused",
        "model_missing",
        "error_rate",
        "fallback_rate",
        "pool_degraded",
        "unpriced_model",
    ];
    let router = Router::start(&alerting(file, &webhook, &kinds)).await;
    let everything: BTreeSet<String> = kinds.map(str::to_owned).into();
    let raised = async || {
        for alias in ["refused", "missing", "failing", "lower", "other", "unpriced"] {
            router.chat(alias).await;
        }
        tokio::time::sleep(ms(200)).await;
        let kinds: BTreeSet<String> = posts(&webhook).into_iter().map(|[kind, ..]| kind).collect();
        let degraded = posts(&webhook).into_iter().filter(|it| it[0] == "pool_degraded").count();
        kinds == everything && degraded == 2
    };
    assert!(eventually(secs(40), raised).await, "{:#?}", posts(&webhook));
    let all = posts(&webhook);
    let text = |kind: &str, part: &str| {
        let texts = all.iter().filter(|it| it[0] == kind);
        assert!(texts.clone().any(|it| it[2].contains(part)), "{kind}: {part}: {all:#?}");
    };
    text("credential_refused", "refuses its credential");
    text("model_missing", "does not know its model");
    text("error_rate", "failing: ");
    text("fallback_rate", "requests of the last 5 s need another provider");
    text("pool_degraded", "lower: no provider of its first tier");
    text("pool_degraded", "another alias serves");
    text("unpriced_model", "has no price");
    assert!(!format!("{all:?}").contains("sk-"), "{all:?}");
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_and_costs_no_request_anything() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let later = Upstream::start([Reply::error(503, "later"), Reply::new(200)]).await;
    let (refuses, dead) = (Upstream::start(Reply::error(400, "no")).await, Upstream::black_hole());
    let mut file = open(&upstream);
    let hook = |it: &Upstream| json!({"url": it.base(), "on": ["reload_failed"]});
    file["alerts"] = json!([hook(&dead), hook(&later), hook(&refuses)]);
    let router = Router::start(&file).await;
    router.write_targets(&json!({"targets": 1})).await;
    let retried = eventually(secs(30), async || later.hits() == 2).await;
    assert!(retried, "{}", router.log_text());
    let counted = async || {
        let of =
            async |result| router.metric("onwards_alert_posts_total", &[("result", result)]).await;
        of("delivered").await == Some(1.0) && of("failed").await >= Some(1.0)
    };
    assert!(eventually(secs(10), counted).await, "{}", router.metrics().await);
    assert_eq!(refuses.hits(), 1, "what is refused is not tried again");
    assert!(
        router.stderr_text().contains("an alert was not delivered"),
        "{}",
        router.stderr_text()
    );
    for _ in 0..20 {
        let began = std::time::Instant::now();
        assert_ok(&router.chat("m").await);
        assert!(began.elapsed() < secs(5), "a request has waited");
    }
}

#[tokio::test]
async fn budget_is_raised_at_its_soft_share_and_when_it_is_spent() {
    let webhook = taking().await;
    let upstream = Upstream::start(Reply::json(
        200,
        &json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}}),
    ))
    .await;
    // An answer costs 50 millionths of a dollar.
    let file = |dollars: &str| {
        let mut file = alerting(open(&upstream), &webhook, &["budget"]);
        file["prices"] = json!({"m": {"input": 1, "output": 2}});
        file["targets"]["m"]["budget"] = json!({"dollars": "1", "period": "total"});
        file["auth"] = json!({
            "key_definitions": {"ann": {"key": "sk-client-ann0", "team": "research"}},
            "teams": {"research": {"budget": {"dollars": dollars, "period": "total"}}}});
        file
    };
    let router = Router::start(&file("0.00012")).await;
    let ask = async || router.post("/v1/chat/completions", "sk-client-ann0", &chat("m")).await;
    let texts = || posts(&webhook).into_iter().map(|[_, _, text]| text).collect::<Vec<_>>();
    let says = async |words: &str| {
        eventually(secs(20), async || texts().iter().any(|text| text.contains(words))).await
    };
    for _ in 0..2 {
        assert_ok(&ask().await);
    }
    let soft = "team research: 80 % of the budget of 0.00012 dollars in all is used";
    assert!(says(soft).await, "{:?}", texts());
    assert_eq!(posts(&webhook).len(), 1, "{:?}", texts());
    let post = webhook.requests().remove(0).json();
    assert_eq!((&post["team"], &post["kind"]), (&json!("research"), &json!("budget")));
    assert_ok(&ask().await);
    let spent = "team research: the budget of 0.00012 dollars in all is spent";
    assert!(says(spent).await, "{:?}", texts());
    router.write_targets(&file("1")).await;
    let resolved = || posts(&webhook).iter().filter(|[_, state, _]| state == "resolved").count();
    assert!(eventually(secs(20), async || resolved() == 2).await, "{:?}", texts());
}

#[tokio::test]
async fn what_cannot_be_an_alert_is_a_problem_of_the_file() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    for (alert, wanted) in [
        (json!({"url": "hooks.example"}), "this is not an `http://` or `https://` URL"),
        (json!({"url": "https://h.example", "on": ["fire"]}), "provider_resting"),
        (
            json!({"url": "https://h.example", "headers": {"host": "a"}}),
            "the router sets `host` itself",
        ),
        (json!({"url": "https://h.example", "window_secs": 1}), "window_secs"),
        (json!({"url": "https://h.example", "error_rate": 2}), "error_rate"),
        (json!({"on": []}), "url"),
    ] {
        let mut file = open(&upstream);
        file["alerts"] = json!([alert]);
        let mut router = Launch::new(&file).spawn();
        let ended = router.wait_exit(secs(10)).await.expect("it refuses the file");
        assert!(!ended.success());
        let said = eventually(secs(5), async || router.stderr_text().contains(wanted)).await;
        assert!(said, "{alert}: {}", router.stderr_text());
    }
}

/// A webhook that an edit takes out hears nothing more.
#[tokio::test]
async fn a_webhook_that_is_taken_out_hears_nothing_more() {
    let (webhook, upstream) = (taking().await, Upstream::start(Reply::error(500, "no")).await);
    let file = pool(&[provider("only", &upstream)]);
    let router = Router::start(&alerting(file.clone(), &webhook, &["error_rate"])).await;
    router.write_targets(&file).await;
    let live = async || {
        let reloads = [("result", "success")];
        router.metric("onwards_config_reloads_total", &reloads).await == Some(1.0)
    };
    assert!(eventually(secs(10), live).await);
    for _ in 0..5 {
        assert_eq!(Call::chat(&crate::support::chat("m")).send(router.addr()).await.status, 503);
    }
    tokio::time::sleep(ms(2_500)).await;
    assert_eq!(posts(&webhook), Vec::<[String; 3]>::new());
}
