//! Strategies that learn: latency, stickiness, headroom.
//!
//! Never: a provider that recovered is forgotten.

use serde_json::json;

use crate::support::{Call, Fault, Place, Reply, Router, Upstream, chat, ms, provider};

#[tokio::test]
async fn the_quick_one_gets_nearly_everything() {
    let slow = Reply::chat("slow").fault(Place::Start, Fault::Pause(ms(150)));
    let (slow, quick) = (Upstream::start(slow).await, Upstream::start(Reply::chat("quick")).await);
    let targets = json!({"targets": {"m": {"strategy": "lowest_latency",
        "providers": [provider("slow", &slow), provider("quick", &quick)]}}});
    let router = Router::start(&targets).await;
    for _ in 0..30 {
        router.chat("m").await;
    }
    assert!(slow.hits() >= 1 && quick.hits() >= 25, "{} {}", slow.hits(), quick.hits());
}

#[tokio::test]
async fn a_session_stays_where_it_is() {
    let mut upstreams = Vec::new();
    for _ in 0..4 {
        upstreams.push(Upstream::start(Reply::chat("hi")).await);
    }
    let providers: Vec<_> =
        upstreams.iter().enumerate().map(|(at, up)| provider(&format!("p{at}"), up)).collect();
    let sticky = |by| json!({"targets": {"m": {"strategy": "sticky", "sticky": by, "providers": providers}}});
    for (by, header) in [
        (json!(null), "x-session-id"),
        (json!({"header": "x-user"}), "x-user"),
        (json!({"key": true}), "x-api-key"),
    ] {
        let router = Router::start(&sticky(by)).await;
        let mut seen = std::collections::HashSet::new();
        for session in 0..16 {
            let mut own = std::collections::HashSet::new();
            for _ in 0..4 {
                let call = Call::chat(&chat("m")).header(header, &format!("s{session}"));
                let answer = call.send(router.addr()).await;
                own.insert(answer.header("x-onwards-provider").unwrap().to_owned());
            }
            assert_eq!(own.len(), 1, "{header}");
            seen.extend(own);
        }
        assert!(seen.len() > 1, "{header}");
    }
    let router = Router::start(&sticky(json!({"prompt_prefix": 64}))).await;
    let mut own = std::collections::HashSet::new();
    for turn in 0..8 {
        let mut body = chat("m");
        body["messages"][0]["content"] =
            format!("{}{turn}", "the same beginning ".repeat(8)).into();
        own.insert(
            Call::chat(&body)
                .send(router.addr())
                .await
                .header("x-onwards-provider")
                .map(str::to_owned),
        );
    }
    assert_eq!(own.len(), 1);
}

#[tokio::test]
async fn next_to_nothing_left_steers_away_before_the_429() {
    let last = Reply::chat("first")
        .header("x-ratelimit-limit-requests", "100")
        .header("x-ratelimit-remaining-requests", "0")
        .header("x-ratelimit-reset-requests", "1s");
    let first = Upstream::start(last).await;
    let second = Upstream::start(Reply::chat("second")).await;
    let router = Router::start(&crate::support::pair(&first, &second)).await;
    assert_eq!(router.chat("m").await.said(), "first");
    for _ in 0..5 {
        assert_eq!(router.chat("m").await.attempts(), "second=200");
    }
    tokio::time::sleep(ms(1100)).await;
    assert_eq!(router.chat("m").await.said(), "first");
}
