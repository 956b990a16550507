//! What crosses the router beside bodies: ids, hints, upgrades, and pages of other origins.
//!
//! Never: a client is told what belongs to another one.

use serde_json::json;

use crate::support::{
    Call, Reply, Router, Upstream, assert_error, assert_ok, chat, chat_stream, ms, open, pair,
};

#[tokio::test]
async fn a_request_has_one_id_at_the_client_and_at_its_provider() {
    let upstream = Upstream::start(Reply::chat("hi").header("x-request-id", "up-1")).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert_eq!(upstream.last().header("x-request-id"), Some(&*id));
    assert_eq!(answer.header("x-upstream-request-id"), Some("up-1"));
    for (sent, is_kept) in [("mine-7", true), ("not sane !", false)] {
        let answer = Call::chat(&chat("m")).header("x-request-id", sent).send(router.addr()).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == sent, is_kept);
        assert_eq!(upstream.last().header("x-request-id"), Some(id));
    }
}

#[tokio::test]
async fn the_providers_own_id_is_told_translated_too() {
    let message = json!({"id": "1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 4}});
    let upstream = Upstream::start(Reply::json(200, &message).header("request-id", "req_up")).await;
    let mut targets = open(&upstream);
    targets["targets"]["m"]["protocol"] = "anthropic".into();
    let router = Router::start(&targets).await;
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let body = json!({"model": "m", "max_tokens": 9,
            "messages": [{"role": "user", "content": "hello"}]});
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert_ok(&answer);
        assert_eq!(answer.header("x-upstream-request-id"), Some("req_up"), "{path}");
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(upstream.last().header("x-request-id"), Some(id), "{path}");
        assert_ne!(id, "req_up");
    }
}

#[tokio::test]
async fn what_asking_again_cannot_mend_says_so() {
    let upstream = Upstream::start(Reply::error(503, "busy")).await;
    let mut targets = pair(&upstream, &upstream);
    targets["auth"] = json!({"global_keys": ["sk-a"]});
    let router = Router::start(&targets).await;
    let says =
        |answer: &crate::support::Response| answer.header("x-should-retry").map(str::to_owned);
    let call = || Call::post("/v1/chat/completions");
    let unknown = call().key("sk-b").json(&chat("m")).send(router.addr()).await;
    let missing = call().key("sk-a").json(&chat("x")).send(router.addr()).await;
    let wrong = call().key("sk-a").json(&json!([])).send(router.addr()).await;
    let failed = call().key("sk-a").json(&chat("m")).send(router.addr()).await;
    for (answer, status) in [(&unknown, 401), (&missing, 404), (&wrong, 400)] {
        assert_eq!((answer.status, says(answer).as_deref()), (status, Some("false")));
    }
    assert_eq!((failed.status, says(&failed)), (503, None));
}

#[tokio::test]
async fn streams_are_not_to_be_gathered_on_their_way() {
    let upstream = Upstream::start(Reply::chat_stream(&["a"])).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    let whole = Upstream::start(Reply::chat("a")).await;
    let router = Router::start(&open(&whole)).await;
    assert_eq!(router.chat("m").await.header("x-accel-buffering"), None);
}

#[tokio::test]
async fn trusted_providers_are_told_whom_a_request_is_forwarded_for() {
    for (trusted, told) in [(true, Some("1.2.3.4")), (false, None)] {
        let upstream = Upstream::start(Reply::chat("a")).await;
        let mut targets = open(&upstream);
        targets["targets"]["m"]["trusted"] = trusted.into();
        let router = Router::start(&targets).await;
        let call = Call::chat(&chat("m")).header("x-forwarded-for", "1.2.3.4");
        assert_ok(&call.header("x-real-ip", "1.2.3.4").send(router.addr()).await);
        let seen = upstream.last();
        assert_eq!((seen.header("x-forwarded-for"), seen.header("x-real-ip")), (told, None));
    }
}

#[tokio::test]
async fn comments_keep_a_stream_open_that_pauses_between_events() {
    let upstream = Upstream::start(Reply::chat_stream(&["a", "b"]).paced(ms(2_500))).await;
    let mut targets = open(&upstream);
    targets["targets"]["m"]["keepalive_secs"] = 1.into();
    let router = Router::start(&targets).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    let text = answer.text();
    let first = text.find("\"content\":\"a\"").expect("the first event");
    assert!(text[first..].contains("\n\n: keep-alive\n\ndata: "), "{text}");
    assert!(text.contains("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn an_upgrade_is_refused_at_once_and_for_good() {
    let upstream = Upstream::start(Reply::chat("a")).await;
    let router = Router::start(&open(&upstream)).await;
    for path in ["/v1/responses", "/responses", "/v1/realtime?model=m"] {
        let call = Call::get(path)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let answer = call.send(router.addr()).await;
        assert_error(&answer, 426, "upgrade_refused");
        assert_eq!(answer.header("x-should-retry"), Some("false"), "{path}");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn pages_of_named_origins_may_read_every_answer() {
    let upstream = Upstream::start(Reply::chat("a")).await;
    let mut targets = open(&upstream);
    let router = Router::start(&targets).await;
    let page = "https://app.example.com";
    let preflight = |origin: &str| {
        Call::new("OPTIONS", "/v1/chat/completions")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
    };
    assert_eq!(preflight(page).send(router.addr()).await.status, 405);

    targets["cors"] = json!({"origins": [page]});
    let router = Router::start(&targets).await;
    let answer = preflight(page).send(router.addr()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(page));
    let allowed = answer.header("access-control-allow-headers");
    assert_eq!(allowed, Some("authorization,content-type"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    for (body, status) in [(chat("m"), 200), (chat("x"), 404), (json!([]), 400)] {
        let answer = Call::chat(&body).header("origin", page).send(router.addr()).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(page));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("x-request-id"));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    let models = Call::get("/v1/models").header("origin", page).send(router.addr()).await;
    assert_eq!(models.header("access-control-allow-origin"), Some(page));
    for origin in ["https://evil.example.com", "null", "https://app.example.com.evil.com"] {
        assert_eq!(
            preflight(origin).send(router.addr()).await.header("access-control-allow-origin"),
            None
        );
        let answer = Call::chat(&chat("m")).header("origin", origin).send(router.addr()).await;
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}
