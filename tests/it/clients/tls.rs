//! TLS on the clients' port: what is spoken, whose certificates are taken, how a new one comes in.
//!
//! Never: a request is served that did not come over TLS.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::upstream::Tls;
use crate::support::{
    Conn, Launch, Reply, Router, Upstream, chat, chat_stream, eventually, ms, open, secs,
};

fn file(upstream: &Upstream, with_ca: bool) -> Value {
    let mut file = open(upstream);
    file["tls"] = json!({"cert": "tls.crt", "key": "tls.key"});
    if with_ca {
        file["tls"]["client_ca"] = json!("clients.crt");
    }
    file
}

fn launch(upstream: &Upstream, tls: &Tls) -> Launch {
    Launch::new(&file(upstream, false))
        .file("tls.crt", &tls.cert_pem())
        .file("tls.key", &tls.key_pem())
}

async fn dial(router: &Router, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(router.addr()).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn started(launch: Launch, config: &ClientConfig) -> Router {
    let router = launch.spawn();
    let is_up = async || dial(&router, config.clone()).await.is_ok();
    assert!(eventually(secs(20), is_up).await, "{}", router.stderr_text());
    router
}

fn http(config: ClientConfig) -> reqwest::Client {
    reqwest::Client::builder().use_preconfigured_tls(config).no_proxy().build().unwrap()
}

async fn ask(
    client: &reqwest::Client,
    router: &Router,
    body: &Value,
) -> reqwest::Result<reqwest::Response> {
    let url = format!("https://{}/v1/chat/completions", router.addr());
    client.post(url).header("content-type", "application/json").body(body.to_string()).send().await
}

#[tokio::test]
async fn both_protocols_are_served_as_the_client_asks_for_them() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let tls = Tls::good();
    let router = started(launch(&upstream, &tls), &tls.client(&[], None)).await;
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], reqwest::Version::HTTP_2),
        (&["http/1.1"], reqwest::Version::HTTP_11),
        (&[], reqwest::Version::HTTP_11),
    ] {
        let client = http(tls.client(protocols, None));
        // The second goes over the same connection.
        for _ in 0..2 {
            let answer = ask(&client, &router, &chat("m")).await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
            assert!(answer.text().await.unwrap().contains("hi"));
        }
    }
    // A body of many records, and one that is refused while it is being sent.
    let mut large = chat("m");
    large["messages"][0]["content"] = json!("x".repeat(5 << 20));
    let client = http(tls.client(&["http/1.1"], None));
    assert_eq!(ask(&client, &router, &large).await.unwrap().status(), 200);
    assert_eq!(upstream.last().json(), large);
    large["messages"][0]["content"] = json!("x".repeat(40 << 20));
    assert_eq!(ask(&client, &router, &large).await.unwrap().status(), 413);
}

#[tokio::test]
async fn plain_http_is_told_to_use_tls() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let tls = Tls::good();
    let router = started(launch(&upstream, &tls), &tls.client(&[], None)).await;
    let answer = router.chat("m").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("https://"), "{}", answer.text());
    assert_eq!(upstream.hits(), 0);
    let port = router.addr().port().to_string();
    let health = crate::support::run_cli(["health", "--port", &port]);
    assert!(health.status.success(), "{health:?}");
    let welcome = router.log_text();
    assert!(welcome.contains("https://127.0.0.1"), "{welcome}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_has_the_header_timeout() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let tls = Tls::good();
    let launch = launch(&upstream, &tls).args(["--header-timeout", "1s"]);
    let router = started(launch, &tls.client(&[], None)).await;
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut connection = Conn::connect(router.addr()).await;
        connection.send(begun).await;
        assert!(connection.end(secs(10)).await.is_some(), "{begun:?}");
    }
    // After the handshake, too.
    let mut silent = dial(&router, tls.client(&[], None)).await.unwrap();
    let read = tokio::time::timeout(secs(10), silent.read(&mut [0; 16])).await;
    assert!(read.is_ok_and(|read| !matches!(read, Ok(1..))));
}

#[tokio::test]
async fn a_client_needs_a_certificate_of_the_authority() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let (tls, own, strange) = (Tls::good(), Tls::good(), Tls::good());
    let authority = std::fs::read_to_string(own.ca_file()).unwrap();
    let launch = Launch::new(&file(&upstream, true))
        .file("tls.crt", &tls.cert_pem())
        .file("tls.key", &tls.key_pem())
        .file("clients.crt", &authority);
    let router = started(launch, &tls.client(&[], Some(&own))).await;
    let asked = async |shows| {
        let client = http(tls.client(&["http/1.1"], shows));
        ask(&client, &router, &chat("m")).await.map(|answer| answer.status().as_u16())
    };
    assert!(asked(None).await.is_err());
    assert!(asked(Some(&strange)).await.is_err());
    assert_eq!(upstream.hits(), 0);
    assert_eq!(asked(Some(&own)).await.unwrap(), 200);
}

#[tokio::test]
async fn a_new_certificate_serves_the_next_connection_and_ends_none() {
    let slow = Reply::chat_stream(&["a", "b", "c", "d", "e", "f", "g", "h"]).paced(ms(500));
    let upstream = Upstream::start(slow).await;
    let (old, new) = (Tls::good(), Tls::good());
    let router = started(launch(&upstream, &old), &old.client(&[], None)).await;
    let client = http(old.client(&["http/1.1"], None));
    let streaming = ask(&client, &router, &chat_stream("m")).await.unwrap();

    // A key that belongs to another certificate changes nothing.
    let write = |name: &str, text: &str| std::fs::write(router.dir().join(name), text).unwrap();
    write("tls.key", &new.key_pem());
    let told = async || router.log_text().contains("it is not the key of the certificate");
    assert!(eventually(secs(10), told).await, "{}", router.log_text());
    assert!(dial(&router, old.client(&[], None)).await.is_ok());

    write("tls.crt", &new.cert_pem());
    let swapped = async || dial(&router, new.client(&[], None)).await.is_ok();
    assert!(eventually(secs(10), swapped).await, "{}", router.log_text());
    assert!(dial(&router, old.client(&[], None)).await.is_err());
    let text = streaming.text().await.unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    // The connection from before goes on.
    let answer = ask(&client, &router, &chat_stream("m")).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(answer);

    // Without the key, the port speaks plain HTTP from the next connection on.
    router.write_targets(&open(&upstream)).await;
    let plain = async || {
        let mut stream = TcpStream::connect(router.addr()).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.is_ok() && &head == b"HTTP/1.1 200"
    };
    assert!(eventually(secs(10), plain).await, "{}", router.log_text());
}
