//! Services that are asked what is in the texts of requests and answers.
//!
//! Never: what a service refuses reaches a provider or a client, and what it says reaches a client.

use serde_json::{Value, json};

use super::{
    CARD,
    answers::{stream, streams},
    is_refusal, requests, text,
};
use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_error, assert_ok, eventually,
    router::SeriesExt,
    run_cli, secs,
    upstream::{Accept, Script, Seen, Tls},
};

/// Refuses what is forbidden, and replaces what is secret.
async fn hook() -> Upstream {
    Upstream::start(Script::by(|seen: &Seen| {
        let texts: Vec<String> = serde_json::from_value(seen.json()["texts"].clone()).unwrap();
        let answer = match texts {
            all if all.iter().any(|text| text.contains("forbidden")) => {
                json!({"action": "deny", "reason": "zq-reason"})
            }
            all if all.iter().any(|text| text.contains("secret word")) => {
                let put = |text: &String| text.replace("secret word", "\"[hook]\"\n");
                json!({"action": "replace", "texts": all.iter().map(put).collect::<Vec<_>>()})
            }
            _ => json!({"action": "allow"}),
        };
        Reply::json(200, &answer)
    }))
    .await
}

fn file(upstream: &Upstream, hook: &Upstream, webhook: Value) -> Value {
    let rule = |on: &str| {
        let mut webhook = webhook.clone();
        webhook["url"] = json!(format!("{}/look?tenant=zq-tenant", hook.base()));
        json!({"webhook": webhook, "on": on})
    };
    let mut dry = rule("input");
    dry["action"] = json!("flag");
    let alias = |rules: Value| json!({"url": upstream.base(), "guardrails": rules});
    json!({
        "guardrails": {
            "hook": rule("input"), "said": rule("output"), "dry": dry,
            "mail": {"match": "email", "action": "redact"},
            "cards": {"match": "payment_card", "on": "both"}},
        "auth": {"key_definitions": {"ann": {"key": "sk-ann"}}},
        "targets": {
            "hook": alias(json!(["hook"])), "said": alias(json!(["said"])), "dry": alias(json!(["dry"])),
            "all": alias(json!(["hook", "mail", "cards"])),
            "both": alias(json!(["said", "cards"])),
            "over": {
                "providers": [
                    {"url": upstream.base(), "onwards_model": "a"},
                    {"url": upstream.base(), "onwards_model": "b"}],
                "strategy": "priority", "guardrails": ["hook"],
                "fallback": {"enabled": true, "on_status": [500], "to": ["hook"]}}}})
}

#[tokio::test]
async fn webhook_is_asked_once_and_does_what_it_says() {
    let (upstream, hook) = (Upstream::start(Reply::chat("hi")).await, hook().await);
    let file = file(&upstream, &hook, json!({"key": "sk-zq-hook", "headers": {"x-of": "zq"}}));
    let router = Router::start(&file).await;
    for call in requests("hook", "a forbidden \"thing\", said so") {
        let answer = call.send(router.addr()).await;
        is_refusal(&answer, "hook");
        assert!(!answer.text().contains("zq-reason"), "{}", answer.text());
    }
    assert_eq!((upstream.hits(), hook.hits()), (0, requests("hook", "").len()));
    let is_told = eventually(secs(10), async || router.log_text().contains("zq-reason"));
    assert!(is_told.await, "{}", router.log_text());
    for call in requests("hook", "the secret word is said") {
        call.send(router.addr()).await;
    }
    assert_eq!(upstream.hits(), requests("hook", "").len());
    for seen in upstream.requests() {
        let text = text(&seen);
        assert!(text.contains("[hook]") && !text.contains("secret word"), "{text}");
    }
    let log = router.log_text();
    for hidden in ["sk-zq-hook", "zq-tenant", "forbidden", "secret word"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
    let count = |action: &'static str| [("rule", "hook"), ("action", action)];
    let metrics = router.metrics().await;
    let all = Some(requests("hook", "").len() as f64);
    for action in ["deny", "redact"] {
        assert_eq!(metrics.series("onwards_guardrail_matches_total", &count(action)), all);
    }
    let asked =
        metrics.series("onwards_guardrail_webhook_duration_seconds_count", &[("rule", "hook")]);
    assert_eq!(asked, all.map(|count| 2.0 * count));
}

#[tokio::test]
async fn webhook_is_told_the_texts_and_whose_they_are() {
    let (upstream, hook) = (Upstream::start(Reply::chat("hi")).await, hook().await);
    let file = file(&upstream, &hook, json!({"key": "sk-hook", "headers": {"x-of": "zq"}}));
    let router = Router::start(&file).await;
    let body = r#"{ "model":"hook","temperature":1.50,"messages":[{"role":"system","content":"\u0042e brief"},
        {"role":"user","name":"ann","content":[{"type":"text","text":"The secret word"},{"type":"image_url",
        "image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}],"x":"\/"}"#;
    let call = Call::post("/v1/chat/completions").header("content-type", "application/json");
    let answer = call.body(body).key("sk-ann").send(router.addr()).await;
    assert_ok(&answer);
    let seen = hook.last();
    assert_eq!(
        seen.json(),
        json!({"texts": ["Be brief", "The secret word", "/"], "key": "ann", "alias": "hook",
            "request_id": answer.header("x-request-id").unwrap()})
    );
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/look?tenant=zq-tenant"));
    for (name, value) in [
        ("authorization", "Bearer sk-hook"),
        ("x-of", "zq"),
        ("content-type", "application/json"),
        ("x-onwards-guardrail", "hook"),
        ("x-onwards-side", "input"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    // All that is not replaced stays as it came.
    let wanted = body.replace("The secret word", r#"The \"[hook]\"\n"#);
    assert_eq!(text(&upstream.last()), wanted);
}

#[tokio::test]
async fn webhook_is_asked_once_however_many_providers_are_asked() {
    let upstream = Upstream::start(Reply::error(500, "no")).await;
    let hook = hook().await;
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    let answer = router.chat("over").await;
    assert!(answer.status >= 500 && upstream.hits() >= 2, "{}", answer.text());
    assert_eq!(hook.hits(), 1);
}

#[tokio::test]
async fn webhook_is_given_nothing_that_other_rules_take_out() {
    let (upstream, hook) = (Upstream::start(Reply::chat("hi")).await, hook().await);
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    let with = |text: &str| {
        Call::chat(&json!({"model": "all", "messages": [{"role": "user", "content": text}]}))
    };
    assert_ok(&with("to ann@example.com, please").send(router.addr()).await);
    assert_eq!(hook.last().json()["texts"], json!(["to [redacted:mail], please"]));
    is_refusal(&with(CARD).send(router.addr()).await, "cards");
    assert_eq!((hook.hits(), upstream.hits()), (1, 1));
    // What it puts in passes the other rules, too.
    let put = json!({"action": "replace", "texts": [format!("it is {CARD}")]});
    let other = Upstream::start(Reply::json(200, &put)).await;
    let router = Router::start(&file(&upstream, &other, json!({}))).await;
    is_refusal(&with("what is it?").send(router.addr()).await, "cards");
    assert_eq!(upstream.hits(), 1);
    // One that only counts changes nothing.
    let dry = Call::chat(&json!({"model": "dry", "messages": [{"role": "user", "content": "q"}]}));
    assert_ok(&dry.send(router.addr()).await);
    assert_eq!(upstream.last().json()["messages"][0]["content"], "q");
    let count = [("rule", "dry"), ("action", "flag")];
    assert_eq!(router.metric("onwards_guardrail_matches_total", &count).await, Some(1.0));
}

#[tokio::test]
async fn webhook_that_fails_does_what_the_file_says() {
    let json = |text: &str| {
        Reply::new(200).header("content-type", "application/json").body(text.to_owned())
    };
    let long = format!(r#"{{"action":"allow","more":"{}"}}"#, "x".repeat(200_000));
    let hooks = [
        Upstream::start(json("no")).await,
        Upstream::start(json(r#"{"action":"perhaps"}"#)).await,
        Upstream::start(json(r#"{"action":"replace","texts":[]}"#)).await,
        Upstream::start(json(r#"{"action":"replace","texts":["a","b"]}"#)).await,
        Upstream::start(json(&long)).await,
        Upstream::start(Reply::error(500, "no")).await,
        Upstream::start(Reply::new(302).header("location", "/allow")).await,
        Upstream::start(Script::always(Reply::new(200)).connect(Accept::Silent)).await,
        Upstream::start(Script::always(Reply::new(200)).connect(Accept::Reset)).await,
        Upstream::refused(),
    ];
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut passed = 0;
    for (nth, hook) in hooks.iter().enumerate() {
        let deny = file(&upstream, hook, json!({"timeout_ms": 2000}));
        let router = Router::start(&deny).await;
        let answer = router.chat("hook").await;
        is_refusal(&answer, "hook");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        assert_eq!(upstream.hits(), passed, "{nth}");
        let is_told = eventually(secs(10), async || router.log_text().contains("guardrail hook"));
        assert!(is_told.await, "{nth}: {}", router.log_text());
        assert!(!router.log_text().contains("zq-tenant"), "{}", router.log_text());
        let allow = file(&upstream, hook, json!({"timeout_ms": 2000, "on_failure": "allow"}));
        let router = Router::start(&allow).await;
        assert_ok(&router.chat("hook").await);
        passed += 1;
        assert_eq!(upstream.hits(), passed, "{nth}");
        let count = [("rule", "hook"), ("action", "failed")];
        assert_eq!(router.metric("onwards_guardrail_matches_total", &count).await, Some(1.0));
    }
}

#[tokio::test]
async fn webhook_over_tls_has_to_prove_its_name() {
    let deny = json!({"action": "deny"});
    for (tls, is_asked) in [(Tls::good(), true), (Tls::wrong_name(), false)] {
        let hook = Upstream::start_tls(Reply::json(200, &deny), &tls).await;
        let upstream = Upstream::start(Reply::chat("hi")).await;
        let file = file(&upstream, &hook, json!({"on_failure": "allow", "timeout_ms": 30_000}));
        let ca = tls.ca_file().to_string_lossy().into_owned();
        let router = Launch::new(&file).env("SSL_CERT_FILE", ca).start().await;
        let answer = router.chat("hook").await;
        assert_eq!(answer.status, if is_asked { 400 } else { 200 }, "{}", answer.text());
        assert_eq!(hook.hits(), usize::from(is_asked));
    }
}

#[tokio::test]
async fn body_that_memory_has_no_room_to_ask_of_is_refused() {
    let (upstream, hook) = (Upstream::start(Reply::chat("hi")).await, hook().await);
    let launch = Launch::new(&file(&upstream, &hook, json!({"timeout_ms": 30_000})));
    let router = launch.args(["--max-bodies", "3MiB"]).start().await;
    let with = |length| json!({"model": "hook", "messages": [{"role": "user", "content": "a ".repeat(length)}]});
    assert_error(&Call::chat(&with(1 << 19)).send(router.addr()).await, 503, "no_room");
    assert_eq!((hook.hits(), upstream.hits()), (0, 0));
    assert_ok(&Call::chat(&with(1 << 17)).send(router.addr()).await);
    assert_eq!(hook.hits(), 1);
}

#[tokio::test]
async fn webhook_sees_answers_of_all_protocols() {
    let hook = hook().await;
    let upstream = Upstream::start(Reply::chat("A secret word, said.")).await;
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    let whole = |call: &&Call| !format!("{call:?}").contains("stream");
    for call in requests("said", "hi").iter().filter(whole) {
        let answer = call.clone().send(router.addr()).await;
        let text = answer.text();
        assert!(text.contains("[hook]") && !text.contains("secret word"), "{call:?}: {text}");
        assert_eq!(hook.last().header("x-onwards-side"), Some("output"));
    }
    let upstream = Upstream::start(Reply::chat("A forbidden thing.")).await;
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    for call in requests("said", "hi") {
        let answer = call.send(router.addr()).await;
        is_refusal(&answer, "said");
        assert!(!answer.text().contains("forbidden thing"), "{}", answer.text());
    }
    let plain = Reply::new(200).header("content-type", "text/plain").body("a secret word");
    let upstream = Upstream::start(plain).await;
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    let call = Call::post("/v1/unheard-of").json(&json!({"model": "said"}));
    assert_eq!(call.send(router.addr()).await.text(), "a \"[hook]\"\n");
}

#[tokio::test]
async fn stream_is_held_until_its_webhook_has_answered() {
    let hook = hook().await;
    let pieces = ["It is a se", "cret wo", "rd, you kn", "ow, bye"];
    let upstream = Upstream::start(stream(&pieces)).await;
    let router = Router::start(&file(&upstream, &hook, json!({}))).await;
    for call in streams("said") {
        let answer = call.clone().send(router.addr()).await;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{text}");
        assert!(text.contains("[hook]") && text.contains("you know, bye"), "{call:?}: {text}");
        for piece in &pieces[..3] {
            assert!(!text.contains(piece), "{call:?}: {piece}: {text}");
        }
        let asked = hook.last().json()["texts"].clone();
        assert_eq!(asked, json!(["It is a secret word, you know, bye"]), "{call:?}");
    }
    let allowed = Upstream::start(stream(&["Nothing is", " to be said"])).await;
    let router = Router::start(&file(&allowed, &hook, json!({}))).await;
    let plain = streams("hook")[0].clone().send(router.addr()).await;
    assert_eq!(streams("said")[0].clone().send(router.addr()).await.text(), plain.text());
    let denied = Upstream::start(stream(&["It is for", "bidden by us"])).await;
    let router = Router::start(&file(&denied, &hook, json!({}))).await;
    for call in streams("said") {
        let answer = call.clone().send(router.addr()).await;
        is_refusal(&answer, "said");
        assert!(!answer.text().contains("bidden by us"), "{}", answer.text());
    }
    let put = json!({"action": "replace", "texts": [format!("it is {CARD}")]});
    let other = Upstream::start(Reply::json(200, &put)).await;
    let router = Router::start(&file(&allowed, &other, json!({}))).await;
    is_refusal(&streams("both")[0].clone().send(router.addr()).await, "cards");
}

#[test]
fn what_is_wrong_with_a_webhook_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    let told = |rule: &Value| {
        let file = json!({"guardrails": {"hook": rule},
            "targets": {"m": {"url": "mock:", "guardrails": ["hook"]}}});
        std::fs::write(&path, file.to_string()).unwrap();
        let output = run_cli(["check", path.to_str().unwrap()]);
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let url = "https://hidden.example.com/look";
    for (rule, wanted) in [
        (json!({"webhook": {}}), "url"),
        (
            json!({"webhook": {"url": "hidden.example.com"}}),
            "guardrails.hook.webhook.url: this is not an",
        ),
        (json!({"webhook": {"url": "https://a:hidden@b.example"}}), "guardrails.hook.webhook.url"),
        (
            json!({"webhook": {"url": url}, "match": "email"}),
            "`match` and `webhook` exclude each other",
        ),
        (json!({"webhook": {"url": url}, "action": "redact"}), "guardrails.hook.action"),
        (json!({"webhook": {"url": url, "timeout_ms": 0}}), "timeout_ms"),
        (json!({"webhook": {"url": url, "on_failure": "alow"}}), "allow"),
        (json!({"webhook": {"url": url, "key": "a\nhidden"}}), "guardrails.hook.webhook.key"),
        (
            json!({"webhook": {"url": url, "key": "a", "headers": {"Authorization": "hidden"}}}),
            "guardrails.hook.webhook.headers.Authorization",
        ),
    ] {
        let (is_good, text) = told(&rule);
        assert!(!is_good && text.contains(wanted) && !text.contains("hidden"), "{rule}: {text}");
    }
    let (is_good, text) = told(&json!({"webhook": {"url": "http://hidden.example.com/"}}));
    assert!(is_good && text.contains("use `https://`") && !text.contains("hidden"), "{text}");
    let (_, text) = told(&json!({"webhook": {"url": "http://hook.internal/"}}));
    assert!(!text.contains("use `https://`"), "{text}");
    let output = run_cli(["explain", path.to_str().unwrap(), "m"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("guardrails: hook (input, webhook)"), "{text}");
}
