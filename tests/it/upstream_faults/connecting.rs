//! Before HTTP: refused, unnamed, silent, distrusted and dead connections: B1 to B5, B25.
//!
//! Never: a credential is sent to a peer that has not proved its name.

use std::time::Instant;

use serde_json::json;

use crate::support::upstream::Tls;
use crate::support::{
    Accept, Call, Conn, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_error,
    assert_ok, chat, eventually, ms, open, pair, provider, secs,
};

#[tokio::test]
async fn b1_a_refused_connection_falls_back_or_is_502() {
    let (refused, backup) = (Upstream::refused(), Upstream::start(Reply::chat("hi")).await);
    let router = Router::start(&pair(&refused, &backup)).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=connect,second=200");
    assert_eq!(answer.header("x-onwards-provider"), Some("second"));

    let alone = Router::start(&open(&refused)).await;
    assert_error(&alone.chat("m").await, 502, "upstream_unreachable");
}

#[tokio::test]
async fn b1_a_connection_that_is_never_accepted_is_timed() {
    let (hole, backup) = (Upstream::black_hole(), Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&hole, &backup);
    targets["targets"]["m"]["timeouts"] = json!({"connect_ms": 300});
    let router = Router::start(&targets).await;
    let start = Instant::now();
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.said(), "hi");
    assert!((ms(280)..secs(2)).contains(&start.elapsed()), "{:?}", start.elapsed());

    let mut targets = open(&hole);
    targets["targets"]["m"]["timeouts"] = json!({"connect_ms": 300});
    let alone = Router::start(&targets).await;
    assert_error(&alone.chat("m").await, 504, "upstream_timeout");
}

#[tokio::test]
async fn a_connection_that_is_old_is_followed_by_another() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["http_pool"] = json!({"max_age_secs": 1});
    let router = Launch::new(&targets).args(["--cores", "1"]).start().await;
    assert_ok(&router.chat("m").await);
    assert_ok(&router.chat("m").await);
    assert_eq!(upstream.connections(), 1);
    let followed = async || {
        assert_ok(&router.chat("m").await);
        upstream.connections() > 1
    };
    assert!(eventually(secs(10), followed).await);
}

#[tokio::test]
async fn b2_a_name_without_an_address_is_502_and_stops_nobody_else() {
    let fine = Upstream::start(Reply::chat("hi")).await;
    let lost = json!({"url": "http://no-such-host.invalid", "timeouts": {"connect_ms": 3000}});
    let router =
        Router::start(&json!({"targets": {"lost": lost, "m": {"url": fine.base()}}})).await;
    let start = Instant::now();
    let (lost, others) = tokio::join!(router.chat("lost"), async {
        for _ in 0..20 {
            let start = Instant::now();
            assert_ok(&router.chat("m").await);
            assert!(start.elapsed() < secs(2), "the resolver stops the others");
        }
    });
    let () = others;
    assert!(start.elapsed() < secs(6), "{:?}", start.elapsed());
    match lost.status {
        504 => assert_error(&lost, 504, "upstream_timeout"),
        _ => assert_error(&lost, 502, "upstream_unreachable"),
    }
    assert!(!lost.text().contains("no-such-host"), "{}", lost.text());
}

#[tokio::test]
async fn b3_a_silent_tls_handshake_counts_as_connecting() {
    let (silent, backup) =
        (Upstream::start(Accept::Silent).await, Upstream::start(Reply::chat("hi")).await);
    let url = format!("https://{}", silent.addr());
    let first = json!({"name": "first", "url": url, "timeouts": {"connect_ms": 300}});
    let mut targets = crate::support::pool(&[first.clone(), provider("second", &backup)]);
    targets["targets"]["alone"] = first;
    let router = Router::start(&targets).await;
    let start = Instant::now();
    assert_eq!(router.chat("m").await.said(), "hi");
    assert_error(&router.chat("alone").await, 504, "upstream_timeout");
    assert!(start.elapsed() < secs(3), "{:?}", start.elapsed());
    assert!(!silent.received().is_empty(), "a handshake was begun");
}

#[tokio::test]
async fn b4_a_peer_that_does_not_prove_its_name_gets_no_key() {
    let good = Tls::good();
    for wrong in [Some(Tls::wrong_name()), Some(Tls::self_signed()), None] {
        // Without a certificate at all: plain HTTP on the port where TLS is expected.
        let trusted = wrong.as_ref().map_or_else(|| good.ca_file(), Tls::ca_file);
        let upstream = match &wrong {
            Some(tls) => Upstream::start_tls(Reply::chat("stolen"), tls).await,
            None => Upstream::start(Accept::Say("HTTP/1.1 400 Bad Request\r\n\r\n".into())).await,
        };
        let url = format!("https://{}", upstream.addr());
        let targets = json!({"targets": {"m": {"url": url, "onwards_key": "sk-provider-secret"}}});
        let router =
            Launch::new(&targets).env("SSL_CERT_FILE", trusted.to_string_lossy()).start().await;
        assert_error(&router.chat("m").await, 502, "upstream_unreachable");
        let received = String::from_utf8_lossy(&upstream.received()).into_owned();
        assert!(!received.contains("sk-provider-secret"), "the key was sent");
        assert_eq!(upstream.hits(), 0);
    }
}

#[tokio::test]
async fn b4_a_peer_that_proves_its_name_is_served_from() {
    let tls = Tls::good();
    let upstream = Upstream::start_tls(Reply::chat("over tls"), &tls).await;
    let router = Launch::new(&open(&upstream))
        .env("SSL_CERT_FILE", tls.ca_file().to_string_lossy())
        .start()
        .await;
    assert_eq!(router.chat("m").await.said(), "over tls");
}

#[tokio::test]
async fn b5_a_connection_lost_before_the_head_falls_back_or_is_502() {
    let lost = |fault| Script::from(Reply::chat("x").fault(Place::Start, fault));
    let scripts: [Script; 4] =
        [Accept::Reset.into(), Accept::Close.into(), lost(Fault::Reset), lost(Fault::Fin)];
    for script in scripts {
        let first = Upstream::start(script).await;
        let backup = Upstream::start(Reply::chat("hi")).await;
        let mut targets = pair(&first, &backup);
        targets["targets"]["alone"] = provider("first", &first);
        let router = Router::start(&targets).await;
        let answer = router.chat("m").await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi");
        assert_eq!(answer.header("x-onwards-provider"), Some("second"));

        let before = first.hits();
        assert_error(&router.chat("alone").await, 502, "upstream_unreachable");
        assert!(first.hits() - before <= 1, "on a fresh connection nothing is sent twice");
    }
}

#[tokio::test]
async fn b5_a_reused_connection_that_died_is_replaced_once_unseen() {
    for fault in [Fault::Reset, Fault::Fin] {
        let dead = Reply::chat("never").fault(Place::Start, fault);
        let replies = [Reply::chat("one"), dead, Reply::chat("two")];
        let upstream = Upstream::start(replies).await;
        let router = Router::start(&open(&upstream)).await;
        let mut conn = Conn::connect(router.addr()).await;
        assert_eq!(conn.ask(&Call::chat(&chat("m"))).await.said(), "one");
        let answer = conn.ask(&Call::chat(&chat("m"))).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "two"), "{}", answer.text());
        assert_eq!((upstream.hits(), upstream.connections()), (3, 2));
        let host = upstream.addr().ip().to_string();
        assert_eq!(answer.attempts(), format!("{host}=resent,{host}=200"));
        let counted = |outcome| {
            let labels = [("alias", "m"), ("provider", host.as_str()), ("outcome", outcome)];
            let router = &router;
            async move { router.metric("onwards_attempts_total", &labels).await }
        };
        assert_eq!((counted("resent").await, counted("200").await), (Some(1.0), Some(2.0)));
        assert_eq!(router.metric("onwards_fallbacks_total", &[("alias", "m")]).await, None);
        let told =
            Conn::connect(router.metrics_addr()).await.ask(&Call::get("/requests")).await.text();
        assert!(told.contains(r#""outcome":"resent","at_ms":"#), "{told}");
        let line = eventually(secs(10), async || {
            router.stdout_text().lines().any(|line| line.contains(r#""outcome":"resent""#))
        });
        assert!(line.await, "{}", router.stdout_text());
    }
}

#[tokio::test]
async fn b5_a_provider_that_worked_on_a_request_before_it_broke_has_failed() {
    for fault in [Fault::LateReset(secs(2)), Fault::LateFin(secs(2))] {
        let slow = Reply::chat("never").fault(Place::Start, fault);
        let first = Upstream::start([Reply::chat("one"), slow, Reply::chat("two")]).await;
        let second = Upstream::start(Reply::chat("backup")).await;
        let router = Router::start(&pair(&first, &second)).await;
        let mut conn = Conn::connect(router.addr()).await;
        assert_eq!(conn.ask(&Call::chat(&chat("m"))).await.said(), "one");
        let answer = conn.ask(&Call::chat(&chat("m"))).await;
        assert_eq!((answer.said(), first.hits()), ("backup".to_owned(), 2), "{}", answer.text());
        assert_eq!(answer.attempts(), "first=reset,second=200");
    }
}

#[tokio::test]
async fn b5_a_request_that_was_partly_answered_is_not_sent_again() {
    let half = Reply::chat("never").fault(Place::HeadByte(20), Fault::Fin);
    let upstream = Upstream::start([Reply::chat("one"), half, Reply::chat("two")]).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Conn::connect(router.addr()).await;
    assert_eq!(conn.ask(&Call::chat(&chat("m"))).await.said(), "one");
    let answer = conn.ask(&Call::chat(&chat("m"))).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn b25_idle_connections_closed_by_the_provider_are_never_seen() {
    let upstream = Upstream::start(Reply::chat("hi").then_close()).await;
    let router = Router::start(&open(&upstream)).await;
    let mut conn = Conn::connect(router.addr()).await;
    for round in 0..30 {
        let answer = conn.ask(&Call::chat(&chat("m"))).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "hi"), "round {round}");
        // Sometimes before, sometimes after the router has noticed the FIN.
        tokio::time::sleep(ms(round % 4)).await;
    }
    assert_eq!(upstream.hits(), 30);
}
