//! Requests in flight for each account of an alias.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::upstream::chunk_event;
use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Upstream, assert_error, assert_ok, chat,
    chat_stream, eventually, secs,
};

/// A stream that begins and never ends.
fn held() -> Reply {
    Reply::sse([chunk_event("a"), chunk_event("b")]).fault(Place::Piece(1), Fault::Stall)
}

/// Three keys of one account, one of them for batches; a key of another; and one of no account.
fn targets(upstream: &Upstream, alias: Value) -> Value {
    let key = |name: &str, labels: Value| json!({"key": format!("sk-{name}"), "labels": labels});
    let mut alias = alias;
    alias["url"] = upstream.base().into();
    json!({
        "auth": {"key_definitions": {
            "a1": key("a1-000000", json!({"account": "acme"})),
            "a2": key("a2-000000", json!({"account": "acme"})),
            "a3": key("a3-000000", json!({"account": "acme", "purpose": "batch"})),
            "g1": key("g1-000000", json!({"account": "globex"})),
            "n1": key("n1-000000", json!({}))}},
        "targets": {"m": alias, "other": {"url": upstream.base()}}})
}

#[tokio::test]
async fn an_account_has_so_many_requests_in_flight_whatever_their_keys() {
    let upstream = Upstream::start(held()).await;
    let alias = json!({"inflight_limit": 1, "account_inflight_limits": {"globex": 2}});
    let router = Router::start(&targets(&upstream, alias)).await;
    let open = async |key: &str| {
        let call = Call::chat(&chat_stream("m")).key(key);
        let mut stream = call.stream(router.addr()).await;
        assert_eq!(stream.head.status, 200);
        stream.next().await.unwrap();
        stream
    };
    let first = open("sk-a1-000000").await;
    for key in ["sk-a1-000000", "sk-a2-000000"] {
        let answer = router.post(CHAT, key, &chat("m")).await;
        assert_error(&answer, 429, "inflight_limit_exceeded");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    // Other accounts, no account and batch work have nothing to do with it.
    let others = [open("sk-g1-000000").await, open("sk-g1-000000").await];
    assert_error(
        &router.post(CHAT, "sk-g1-000000", &chat("m")).await,
        429,
        "inflight_limit_exceeded",
    );
    let more = [open("sk-a3-000000").await, open("sk-n1-000000").await, open("sk-n1-000000").await];
    assert_eq!(upstream.hits(), 6, "what is refused reaches no provider");
    // A client that leaves gives its place back.
    drop(first);
    let is_free = eventually(secs(10), async || {
        let call = Call::chat(&chat_stream("m")).key("sk-a2-000000");
        call.stream(router.addr()).await.head.status == 200
    });
    assert!(is_free.await, "the place is not given back");
    drop((others, more));
}

#[tokio::test]
async fn a_place_is_given_back_whatever_the_end_and_kept_over_a_reload() {
    let script =
        Script::by(|seen| match (seen.mentions("break"), seen.mentions("\"stream\":true")) {
            (true, _) => Reply::error(500, "no"),
            (_, true) => held(),
            _ => Reply::chat("hi"),
        });
    let upstream = Upstream::start(script).await;
    let router = Router::start(&targets(&upstream, json!({"inflight_limit": 1}))).await;
    for _ in 0..3 {
        assert_ok(&router.post(CHAT, "sk-a1-000000", &chat("m")).await);
    }
    let mut breaks = chat("m");
    breaks["user"] = "break".into();
    for _ in 0..3 {
        assert_eq!(router.post(CHAT, "sk-a1-000000", &breaks).await.status, 500);
    }
    let call = Call::chat(&chat_stream("m")).key("sk-a1-000000");
    let mut stream = call.stream(router.addr()).await;
    stream.next().await.unwrap();
    // Another number for the account: the one in flight counts on.
    let alias = json!({"inflight_limit": 5, "account_inflight_limits": {"acme": 1}});
    let mut file = targets(&upstream, alias);
    file["targets"]["new"] = json!({"url": upstream.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "new", "other"], secs(10)).await);
    let answer = router.post(CHAT, "sk-a2-000000", &chat("m")).await;
    assert_error(&answer, 429, "inflight_limit_exceeded");
    drop(stream);
}
