//! Statuses: limited, refused, moved, empty, and nobody left: B20 to B23, B26.
//!
//! Never: a redirect is followed, and what a provider says about time is lost.

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Router, Upstream, assert_error, assert_ok, chat, chat_stream, eventually, open,
    pair, provider, secs,
};

fn limited(after: &str) -> Reply {
    Reply::error(429, "slow down")
        .header("retry-after", after)
        .header("retry-after-ms", "7000")
        .header("x-ratelimit-remaining-requests", "0")
        .header("x-ratelimit-reset-tokens", "6m0s")
        .header("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z")
}

#[tokio::test]
async fn b20_a_429_passes_with_its_headers_when_there_is_no_fallback() {
    for after in ["7", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let reply = limited(after);
        let upstream = Upstream::start(reply.clone()).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!((answer.status, &answer.body), (429, &reply.payload()));
        assert_eq!(answer.header("retry-after"), Some(after));
        for name in [
            "retry-after-ms",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-tokens",
            "anthropic-ratelimit-requests-reset",
        ] {
            assert!(answer.header(name).is_some(), "{name} is lost");
        }
    }
}

#[tokio::test]
async fn b20_a_429_falls_back_when_there_is_one() {
    let (first, backup) =
        (Upstream::start(limited("7")).await, Upstream::start(Reply::chat("hi")).await);
    let router = Router::start(&pair(&first, &backup)).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=429,second=200");
    assert_eq!(answer.header("retry-after"), None, "nothing of the failed attempt is seen");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), None);
}

#[tokio::test]
async fn b20_retry_after_is_the_soonest_of_all() {
    let (first, second) =
        (Upstream::start(limited("40")).await, Upstream::start(limited("7")).await);
    let router = Router::start(&pair(&first, &second)).await;
    let answer = router.chat("m").await;
    assert_error(&answer, 429, "all_providers_failed");
    let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((6..=8).contains(&after), "retry-after: {after}");
    assert_eq!(answer.attempts(), "first=429,second=429");
}

#[tokio::test]
async fn b21_a_refused_credential_passes_or_goes_to_the_next() {
    for status in [401, 403] {
        let reply = Reply::error(status, "no such credential");
        let first = Upstream::start(reply.clone()).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&first, &backup);
        targets["targets"]["m"]["fallback"]["on_status"] = json!([status, 5]);
        targets["targets"]["alone"] = provider("first", &first);
        let router = Router::start(&targets).await;
        let alone = router.chat("alone").await;
        assert_eq!((alone.status, &alone.body), (status, &reply.payload()));
        assert!(!format!("{alone:?}").contains("sk-provider"), "the key is echoed");
        let answer = router.chat("m").await;
        assert_eq!(answer.said(), "hi");
        assert_eq!(backup.last().header("authorization"), Some("Bearer sk-provider-second"));
    }
}

#[tokio::test]
async fn b22_a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Upstream::start(Reply::chat("stolen")).await;
        let place = format!("{}/v1/chat/completions", elsewhere.base());
        let first = Upstream::start(Reply::new(status).header("location", &place)).await;
        let router = Router::start(&json!({"targets": {"m": provider("first", &first)}})).await;
        let answer = router.chat("m").await;
        assert_error(&answer, 502, "upstream_malformed");
        assert_eq!(answer.header("location"), None);
        assert_eq!(elsewhere.connections(), 0);
    }
}

/// Answers without a body where one is needed.
fn empty() -> [(&'static str, Reply); 4] {
    [
        ("204", Reply::new(204)),
        ("304", Reply::new(304)),
        ("empty", Reply::new(200).header("content-type", "application/json")),
        ("empty chunks", Reply::new(200).header("content-type", "application/json").chunked()),
    ]
}

#[tokio::test]
async fn b23_an_empty_answer_is_malformed_and_falls_back() {
    for (name, reply) in empty() {
        let first = Upstream::start(reply).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&first, &backup);
        targets["targets"]["alone"] = json!({"url": first.base()});
        let router = Router::start(&targets).await;
        let alone = router.chat("alone").await;
        assert_eq!(alone.status, 502, "{name}");
        assert_error(&alone, 502, "upstream_malformed");
        let answer = router.chat("m").await;
        assert_eq!(answer.said(), "hi", "{name}");
        let outcome = if name == "304" { "304" } else { "malformed" };
        assert_eq!(answer.attempts(), format!("first={outcome},second=200"), "{name}");
        let failed = [("provider", "first"), ("outcome", outcome)];
        let told = async || router.metric("onwards_attempts_total", &failed).await == Some(1.0);
        assert!(eventually(secs(5), told).await, "{name}: {}", router.metrics().await);
    }
}

/// A translated answer that is malformed is told as one that passes as it came: nothing was reset.
#[tokio::test]
async fn a_page_in_the_place_of_an_answer_is_malformed_passed_on_and_translated() {
    let page = Reply::new(200).header("content-type", "text/html").body("<html>log in</html>");
    let cut = Reply::new(200).header("content-type", "application/json").body("{\"id\":");
    for reply in [page, cut] {
        let first = Upstream::start(reply).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        for protocol in ["openai", "anthropic"] {
            let mut targets = pair(&first, &backup);
            targets["targets"]["m"]["providers"][0]["protocol"] = json!(protocol);
            let router = Router::start(&targets).await;
            let answer = router.chat("m").await;
            assert_eq!(answer.attempts(), "first=malformed,second=200", "{protocol}");
        }
    }
}

async fn all_fail(first: Reply, second: Reply, timeouts: Value) -> crate::support::Response {
    let (first, second) = (Upstream::start(first).await, Upstream::start(second).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["timeouts"] = timeouts;
    let router = Router::start(&targets).await;
    Call::chat(&chat_stream("m")).send(router.addr()).await
}

#[tokio::test]
async fn b26_when_all_fail_one_true_answer_is_given() {
    use crate::support::{Fault, Place};
    let (none, short) = (json!({"connect_ms": 2000}), json!({"response_ms": 200}));
    let (bad, busy) = (Reply::error(500, "broken"), Reply::error(429, "busy"));
    let silent = Reply::chat("late").fault(Place::Start, Fault::Stall);

    let answer = all_fail(bad.clone(), bad.clone(), none.clone()).await;
    assert_error(&answer, 503, "all_providers_failed");
    let answer = all_fail(busy.clone(), bad.clone(), none.clone()).await;
    assert_error(&answer, 503, "all_providers_failed");
    assert_eq!(answer.attempts(), "first=429,second=500");
    let answer = all_fail(busy.clone(), busy, none).await;
    assert_error(&answer, 429, "all_providers_failed");
    let answer = all_fail(silent.clone(), silent.clone(), short.clone()).await;
    assert_error(&answer, 504, "all_providers_failed");
    assert_eq!(answer.attempts(), "first=timeout,second=timeout");
    let answer = all_fail(silent, bad, short).await;
    assert_error(&answer, 503, "all_providers_failed");
}

#[tokio::test]
async fn b26_a_status_that_does_not_fall_back_ends_the_search() {
    let reply = Reply::error(400, "your fault");
    let first = Upstream::start(reply.clone()).await;
    let backup = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&pair(&first, &backup)).await;
    let answer = Call::chat(&chat("m")).send(router.addr()).await;
    assert_eq!((answer.status, &answer.body), (400, &reply.payload()));
    assert_eq!(backup.hits(), 0);
}
