//! The laboratory itself: each fault of a provider really looks so on the wire, to a client that talks to it directly.
//!
//! Never: the router has no part in these tests.

use crate::support::client::h2::H2;
use crate::support::upstream::{Framing, Tls, chunk_event, gzip_stored};
use crate::support::{
    Accept, Call, Conn, End, Fault, Place, Reply, Script, Upstream, chat, eventually, ms,
};

async fn ask(upstream: &Upstream) -> std::io::Result<crate::support::Response> {
    Call::chat(&chat("m")).try_send(upstream.addr()).await
}

#[tokio::test]
async fn a_whole_answer_is_whole_and_the_request_is_remembered() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut conn = Conn::connect(upstream.addr()).await;
    for round in 0..2 {
        conn.send(Call::chat(&chat("m")).header("X-Order", "1").bytes(upstream.addr())).await;
        let answer = conn.response().await;
        assert_eq!((answer.status, answer.end, answer.said().as_str()), (200, End::Complete, "hi"));
        assert_eq!(upstream.hits(), round + 1);
    }
    let seen = upstream.last();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!((seen.header("x-order"), seen.connection), (Some("1"), 0));
    assert_eq!(seen.json(), chat("m"));
    assert_eq!(upstream.connections(), 1);
    assert!(upstream.requests()[0].at <= seen.at);
}

#[tokio::test]
async fn pre_http_faults_are_what_they_say() {
    let refused = Upstream::refused();
    let error = Conn::try_connect(refused.addr()).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);

    let hole = Upstream::black_hole();
    let connect = tokio::time::timeout(ms(300), Conn::try_connect(hole.addr())).await;
    assert!(connect.is_err(), "a connect into the hole neither succeeds nor fails");

    let reset = Upstream::start(Accept::Reset).await;
    assert!(ask(&reset).await.is_err());

    let silent = Upstream::start(Accept::Silent).await;
    let mut conn = Conn::connect(silent.addr()).await;
    conn.send("hello").await;
    assert_eq!(conn.end(ms(200)).await, None);
    assert_eq!(silent.received(), b"hello");

    let garbage = Upstream::start(Accept::Say("\0\x01nonsense".into())).await;
    assert!(ask(&garbage).await.is_err());
}

#[tokio::test]
async fn faults_strike_where_they_are_told() {
    let json = |fault| Reply::chat("a long enough answer").fault(Place::BodyByte(10), fault);
    let reset = ask(&Upstream::start(json(Fault::Reset)).await).await.unwrap();
    assert_eq!(reset.end, End::Reset);
    let fin = ask(&Upstream::start(json(Fault::Fin)).await).await.unwrap();
    assert_eq!((fin.end, fin.body.len()), (End::Truncated, 10));

    let mid_head = Reply::chat("x").fault(Place::HeadByte(12), Fault::Fin);
    assert!(ask(&Upstream::start(mid_head).await).await.is_err());
    let before = Reply::chat("x").fault(Place::Start, Fault::Reset);
    assert!(ask(&Upstream::start(before).await).await.is_err());

    let lie = Reply::new(200).body("short").framing(Framing::Claims(100)).then_close();
    let lie = ask(&Upstream::start(lie).await).await.unwrap();
    assert_eq!((lie.end, lie.body.len()), (End::Truncated, 5));
    let until_close = Reply::new(200).body("all").framing(Framing::UntilClose);
    let until_close = ask(&Upstream::start(until_close).await).await.unwrap();
    assert_eq!((until_close.end, until_close.text().as_str()), (End::Closed, "all"));

    let informed = Reply::chat("x").preceded_by("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
    let informed = ask(&Upstream::start(informed).await).await.unwrap();
    assert_eq!((informed.informational, informed.status), (vec![103], 200));
}

#[tokio::test]
async fn streams_are_paced_and_cut_between_events_and_inside_them() {
    let words = ["one", "two", "three"];
    let paced = Upstream::start(Reply::chat_stream(&words).paced(ms(40))).await;
    let mut events = Call::chat(&chat("m")).stream(paced.addr()).await;
    let (first, second) = (events.next().await.unwrap(), events.next().await.unwrap());
    assert!(second.at - first.at >= ms(30));
    let (rest, end) = events.all().await;
    assert_eq!((rest.len(), end), (2, End::Complete));
    assert_eq!(rest[1].data(), "[DONE]");

    let cut = Reply::chat_stream(&words).fault(Place::Piece(2), Fault::Fin);
    let cut = Upstream::start(cut).await;
    let mut events = Call::chat(&chat("m")).stream(cut.addr()).await;
    let (seen, end) = events.all().await;
    assert_eq!((seen.len(), end), (2, End::Truncated));

    let inside = chunk_event("one").len() + 5;
    let cut = Reply::chat_stream(&words).fault(Place::BodyByte(inside), Fault::Fin);
    let cut = Upstream::start(cut).await;
    let mut events = Call::chat(&chat("m")).stream(cut.addr()).await;
    assert_eq!(events.all().await.0.len(), 1);
    assert_eq!(events.rest(), b"data:");
}

#[tokio::test]
async fn a_peer_that_leaves_a_stalled_answer_is_noticed() {
    let upstream = Upstream::start(Reply::chat("x").fault(Place::Head, Fault::Stall)).await;
    let conn = Call::chat(&chat("m")).open(upstream.addr()).await;
    assert!(upstream.wait_hits(1, ms(1000)).await);
    assert!(upstream.wait_disconnect(ms(50)).await.is_none());
    conn.abort();
    assert!(upstream.wait_disconnect(ms(1000)).await.is_some());
}

#[tokio::test]
async fn queues_come_before_the_default() {
    let script = Script::always(Reply::chat("later")).first([Reply::chat("first")]);
    let upstream = Upstream::start(script.first_connects([Accept::Close])).await;
    assert!(ask(&upstream).await.is_err());
    assert_eq!(ask(&upstream).await.unwrap().said(), "first");
    assert_eq!(ask(&upstream).await.unwrap().said(), "later");
    assert_eq!(ask(&upstream).await.unwrap().said(), "later");
}

#[tokio::test]
async fn certificates_are_good_or_wrong_as_named() {
    for (tls, accepted) in
        [(Tls::good(), true), (Tls::wrong_name(), false), (Tls::self_signed(), false)]
    {
        let upstream = Upstream::start_tls(Reply::chat("over tls"), &tls).await;
        let curl = tokio::process::Command::new("openssl")
            .args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1", "-brief"])
            .arg("-connect")
            .arg(upstream.addr().to_string())
            .arg("-CAfile")
            .arg(tls.ca_file())
            .stdin(std::process::Stdio::null())
            .output();
        assert_eq!(curl.await.unwrap().status.success(), accepted);
    }
}

#[tokio::test]
async fn the_h2_client_and_the_gzip_file_are_sound() {
    // The h2 client is tried on the axum of our own dependencies, since providers speak h2 over TLS only.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(async |body: String| body);
    tokio::spawn(axum::serve(listener, app).into_future());
    let mut h2 = H2::connect(addr).await;
    let answer = h2.post("/v1/chat/completions", &chat("m")).await;
    assert_eq!((answer.status, answer.json()), (200, chat("m")));

    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("x.gz");
    std::fs::write(&path, gzip_stored(b"plain text")).unwrap();
    let out = std::process::Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert_eq!(out.stdout, b"plain text");
}

#[tokio::test]
async fn h2_acts_are_played_in_order() {
    use crate::support::upstream::h2::{Act, H2Upstream};
    let tls = Tls::good().with_h2();
    let upstream = H2Upstream::start(&[Act::Refuse, Act::ResetMidStream, Act::Answer], &tls).await;
    let pem = std::fs::read(tls.ca_file()).unwrap();
    let client = reqwest_with(&pem);
    // The client resends the refused stream by itself, and meets the next act.
    let cut = client.post(upstream.base()).body("{}").send().await.unwrap();
    assert!(cut.bytes().await.is_err());
    let whole = client.post(upstream.base()).body("{}").send().await.unwrap();
    assert!(whole.text().await.unwrap().contains("over h2"));
    assert_eq!((upstream.hits(), upstream.connections()), (3, 1));
    assert!(eventually(ms(10), async || true).await);
}

fn reqwest_with(pem: &[u8]) -> reqwest::Client {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    reqwest::Client::builder().use_preconfigured_tls(tls).build().unwrap()
}
