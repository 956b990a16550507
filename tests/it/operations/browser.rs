//! The status page in a headless Chromium: what a person sees of it.
//!
//! Never: a machine without a browser fails here; it says that it has skipped the test.

mod administering;
mod chromium;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use self::chromium::Chromium;
use crate::support::{
    Call, Launch, Reply, Router, Script, Upstream, assert_ok, chat, eventually, secs,
};

const KEY: &str = "sk-team-a-secret-0123456789";
const EVIL: &str = "<img src=x onerror=alert(1)>";

/// A provider for each state: `/busy` and `/down` fail, `/once` the first time, `/sick` when it is probed.
async fn upstream() -> Upstream {
    let asked = AtomicBool::new(false);
    Upstream::start(Script::by(move |seen| match (&*seen.method, &*seen.target) {
        (_, it) if it.starts_with("/once") && !asked.swap(true, Ordering::Relaxed) => {
            Reply::error(503, "busy")
        }
        (_, it) if it.starts_with("/busy") || it.starts_with("/down") => Reply::error(503, "busy"),
        ("GET", it) if it.starts_with("/sick") => Reply::error(500, "sick"),
        _ => Reply::chat("hi"),
    }))
    .await
}

fn file(upstream: &Upstream) -> serde_json::Value {
    let at = |path: &str| format!("{}{path}", upstream.base());
    let falls_back = json!({"enabled": true, "on_status": [5]});
    json!({
        "auth": {"teams": {"research": {}},
            "key_definitions": {"team-a": {"key": KEY, "team": "research"}, "team-b": {"key": "sk-team-b-0123456789"}}},
        "prices": {"gpt-4o": {"input": 2500.0, "output": 10000.0}},
        "targets": {
            "gpt-4": {"strategy": "priority", "fallback": falls_back, "cooldown": {"failures": 1},
                "providers": [
                    {"url": at("/busy"), "name": "primary"},
                    {"url": at(""), "name": "backup", "onwards_model": "gpt-4o",
                        "concurrency_limit": {"max_concurrent_requests": 8}}]},
            "claude": {"strategy": "priority", "fallback": falls_back, "providers": [
                {"url": at("/down"), "name": "flaky"}, {"url": at(""), "name": "steady"}]},
            "gemini": {"strategy": "priority", "fallback": falls_back,
                "cooldown": {"failures": 1, "duration_secs": 1}, "providers": [
                {"url": at("/busy"), "name": "rested"}, {"url": at(""), "name": "ready"}]},
            "back": {"strategy": "priority", "fallback": falls_back,
                "cooldown": {"failures": 1, "duration_secs": 1, "slow_start_secs": 600},
                "providers": [{"url": at("/once"), "name": "slowly"}, {"url": at(""), "name": "other"}]},
            "small": {"url": at(""), "name": "only",
                "rate_limit": {"requests_per_second": 0.001, "burst_size": 1}},
            "probed": {"fallback": falls_back,
                "health_check": {"path": "/health", "interval_secs": 1, "unhealthy_after": 1},
                "providers": [{"url": at("/sick"), "name": "sick"}]},
        },
    })
}

async fn ask(router: &Router, alias: &str, id: &str) {
    let call = Call::chat(&chat(alias)).key(KEY).header("x-request-id", id);
    assert_ok(&call.send(router.addr()).await);
}

#[tokio::test]
async fn a_person_sees_every_state_a_failover_and_why_an_edit_was_refused() {
    let Some(mut browser) = Chromium::start().await else { return skipped() };
    let upstream = upstream().await;
    let router = Launch::new(&file(&upstream)).relative().start().await;
    browser.looks(1280, 800, "light").await;
    browser.open(&format!("http://{}/", router.metrics_addr())).await;
    browser.reads(&["live", "unhealthy after", "probed / sick", "the last edit is live"]).await;
    let ready = browser.value("document.getElementById('aliases').innerText").await;
    assert!(ready.as_str().unwrap().contains("ready"), "{ready}");

    // It appears by itself, and within the time that an operator looks at it.
    ask(&router, "gpt-4", "req-that-fell-back").await;
    let began = std::time::Instant::now();
    browser.reads(&["gpt-4 / primary: resting 60 s after a 503", "req-that-fell-back"]).await;
    assert!(began.elapsed() < secs(10), "it took {:?}", began.elapsed());
    browser.reads(&["primary=503 → backup=200", "team-a", "degraded"]).await;

    for alias in ["claude", "claude", "gemini", "small"] {
        ask(&router, alias, &format!("req-{alias}")).await;
    }
    let evil = Call::chat(&chat(EVIL)).key(KEY).send(router.addr()).await;
    assert_eq!(evil.status, 404);
    browser.reads(&["2 of its last 2 attempts failed", EVIL, "404"]).await;
    browser.reads(&["rested, waiting for a trial", "rate limit"]).await;
    // A trial that succeeds is the begin of a slow start.
    let starts = async || {
        ask(&router, "back", "req-back").await;
        let told = Call::get("/status").send(router.metrics_addr()).await.text();
        told.contains("starting slowly")
    };
    assert!(eventually(secs(20), starts).await);
    browser.reads(&["starting slowly at"]).await;
    browser.reads(&["Teams by cost today", "research", "Keys by cost today"]).await;
    browser.reads(&["Cost today counts from ", " UTC, when this process started."]).await;
    let first = browser.value("document.querySelector('#keys tr').innerText").await.to_string();
    assert!(first.contains("team-a") && first.contains('$'), "who spent most is first: {first}");
    browser.picture("status.png").await;

    search(&mut browser).await;
    dark_and_narrow(&mut browser).await;
    refused(&mut browser, &router, file(&upstream)).await;

    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert_eq!(
        browser.value("document.querySelectorAll('img').length").await,
        0,
        "text stays text"
    );
    let page = browser.value("document.documentElement.outerHTML").await.to_string();
    assert!(!page.contains("sk-"), "no key is in the page");
}

async fn search(browser: &mut Chromium) {
    let seek = |text: &str| {
        format!(
            "(() => {{ const it = document.getElementById('search'); it.value = '{text}'; \
             it.dispatchEvent(new Event('input')); \
             return [...document.querySelectorAll('#requests tr')].filter((it) => !it.hidden \
             && it.offsetParent !== null).length }})()"
        )
    };
    assert_eq!(browser.value(&seek("fell-back")).await, 1);
    assert_eq!(browser.value(&seek("flaky")).await, 2);
    assert_eq!(browser.value(&seek("nothing-has-this")).await, 0);
    assert!(browser.value(&seek("")).await.as_u64() > Some(6));
}

async fn dark_and_narrow(browser: &mut Chromium) {
    const COLOUR: &str = "getComputedStyle(document.documentElement).backgroundColor + \
                          getComputedStyle(document.body).backgroundColor";
    let light = browser.value(COLOUR).await;
    browser.looks(1280, 800, "dark").await;
    assert_ne!(browser.value(COLOUR).await, light, "dark is another colour");
    browser.picture("status-dark.png").await;
    browser.looks(375, 800, "light").await;
    let width = "[document.documentElement.scrollWidth, innerWidth]";
    assert_eq!(
        browser.value(width).await,
        json!([375, 375]),
        "nothing stands outside of the screen"
    );
    browser.reads(&["gpt-4 / primary: resting", "primary=503"]).await;
    browser.picture("status-narrow.png").await;
}

async fn refused(browser: &mut Chromium, router: &Router, mut file: serde_json::Value) {
    file["targets"]["gpt-4"]["strategi"] = json!("priority");
    router.write_targets(&file).await;
    browser.reads(&["the last edit is not live", "The file was refused at", "strategi"]).await;
    let asked = eventually(secs(10), async || {
        router.metric("onwards_config_last_reload_successful", &[]).await == Some(0.0)
    });
    assert!(asked.await);
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped() {
    eprintln!("skipped: this machine has no Chromium");
}
