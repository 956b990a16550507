//! Ways to a provider that are not straight: proxies of the file and of the environment, and TLS of a
//! provider's own.
//!
//! Never: a credential reaches the proxy that is not the proxy's, or a proxy's the provider.

use serde_json::{Value, json};

use crate::support::proxy::Proxy;
use crate::support::upstream::Tls;
use crate::support::{
    Launch, Reply, Router, Upstream, Write, assert_ok, eventually, run_cli, secs,
};

/// `u%40ser:pass` as it stands in a URL.
const BASIC: &str = "Basic dUBzZXI6cGFzcw==";

fn one(target: Value) -> Value {
    json!({"targets": {"m": target}})
}

#[tokio::test]
async fn a_tunnel_leads_to_a_provider_over_tls_and_is_kept() {
    let tls = Tls::good();
    let upstream = Upstream::start_tls(Reply::chat("through"), &tls).await;
    let proxy = Proxy::http(upstream.addr(), Some(BASIC)).await;
    let way = format!("http://u%40ser:pass@{}", proxy.addr());
    let target = json!({"url": "https://provider.example", "onwards_key": "sk-provider", "proxy": way,
        "tls": {"ca": tls.ca_file(), "server_name": "localhost"}});
    let router = Launch::new(&one(target.clone())).args(["--cores", "1"]).start().await;
    for _ in 0..3 {
        assert_eq!(router.chat("m").await.said(), "through");
    }
    assert_eq!(proxy.asked(), ["CONNECT provider.example:443 HTTP/1.1"]);
    assert_eq!(upstream.connections(), 1);
    let seen = upstream.last();
    assert_eq!(seen.header("host"), Some("provider.example"));
    assert_eq!(seen.header("proxy-authorization"), None);

    // The same origin by two ways has two connections.
    let mut both = one(target);
    both["targets"]["straight"] = json!({"url": "http://127.0.0.1:9", "proxy": "direct"});
    both["targets"]["other"] = both["targets"]["m"].clone();
    both["targets"]["other"]["proxy"] = json!(format!("http://u%40ser:wrong@{}", proxy.addr()));
    let launch = Launch::new(&both).env("ONWARDS_LOG", "debug").args(["--cores", "1"]);
    let router = launch.start().await;
    assert_eq!(router.chat("m").await.said(), "through");
    let refused = router.chat("other").await;
    assert_eq!((refused.status, refused.attempts()), (502, "provider.example=connect"));
    let told = eventually(secs(10), async || router.stderr_text().contains("proxy answered 407"));
    assert!(told.await, "{}", router.stderr_text());
    assert!(!router.log_text().contains("wrong") && !router.log_text().contains("dUBz"));
}

#[tokio::test]
async fn a_proxy_of_the_file_is_a_tunnel_for_plain_http_and_for_probes_too() {
    let upstream = Upstream::start(Reply::chat("plain")).await;
    let proxy = Proxy::http(upstream.addr(), None).await;
    let way = format!("http://{}", proxy.addr());
    let target = json!({"url": "http://provider.example:8000", "proxy": way,
        "health_check": {"path": "/v1/models", "interval_secs": 1}});
    let router = Router::start(&one(target)).await;
    assert_eq!(router.chat("m").await.said(), "plain");
    let probed = eventually(secs(10), async || {
        upstream.requests().iter().any(|seen| seen.method == "GET" && seen.target == "/v1/models")
    });
    assert!(probed.await, "{:?}", proxy.asked());
    let asked = proxy.asked();
    assert!(asked.iter().all(|it| it == "CONNECT provider.example:8000 HTTP/1.1"), "{asked:?}");
}

#[tokio::test]
async fn socks5_leads_by_address_or_by_name() {
    let upstream = Upstream::start(Reply::chat("socks")).await;
    let port = upstream.addr().port();
    let proxy = Proxy::socks5(upstream.addr(), Some(("ann", "pa:ss"))).await;
    let at = |user: &str, scheme: &str, host: &str| {
        let url = format!("http://{host}:{port}");
        json!({"url": url, "proxy": format!("{scheme}://{user}{}", proxy.addr())})
    };
    let user = "ann:pa%3Ass@";
    let targets = json!({"targets": {
        "by-name": at(user, "socks5h", "provider.example"),
        "by-address": at(user, "socks5", "127.0.0.1"),
        "wrong": at("ann:x@", "socks5h", "provider.example"),
        "none": at("", "socks5h", "provider.example"),
    }});
    let router = Router::start(&targets).await;
    assert_eq!(router.chat("by-name").await.said(), "socks");
    assert_eq!(router.chat("by-address").await.said(), "socks");
    let wanted = [format!("provider.example:{port}"), format!("127.0.0.1:{port}")];
    assert_eq!(proxy.asked(), wanted);
    for refused in ["wrong", "none"] {
        let answer = router.chat(refused).await;
        assert_eq!((answer.status, answer.attempts()), (502, "provider.example=connect"));
    }
    assert_eq!(proxy.asked().len(), 2);
}

#[tokio::test]
async fn the_environment_names_proxies_and_what_needs_none() {
    let tls = Tls::good();
    let secure = Upstream::start_tls(Reply::chat("secure"), &tls).await;
    let plain = Upstream::start(Reply::chat("plain")).await;
    let of_secure = Proxy::http(secure.addr(), None).await;
    let of_plain = Proxy::http(plain.addr(), Some(BASIC)).await;
    let targets = json!({"targets": {
        "secure": {"url": "https://localhost:8443/v1"},
        "plain": {"url": "http://provider.example:8000/v1", "onwards_key": "sk-provider"},
        "near": {"url": plain.base()},
        "direct": {"url": plain.base().replace("127.0.0.1", "localhost"), "proxy": "direct"},
    }});
    let router = Launch::new(&targets)
        .env("HTTPS_PROXY", format!("http://{}", of_secure.addr()))
        .env("http_proxy", format!("http://u%40ser:pass@{}", of_plain.addr()))
        .env("NO_PROXY", "127.0.0.1,.internal")
        .env("SSL_CERT_FILE", tls.ca_file().to_string_lossy())
        .start()
        .await;
    assert_eq!(router.chat("secure").await.said(), "secure");
    assert_eq!(of_secure.asked(), ["CONNECT localhost:8443 HTTP/1.1"]);
    for alias in ["near", "direct"] {
        assert_eq!(router.chat(alias).await.said(), "plain");
    }
    assert!(of_plain.asked().is_empty(), "{:?}", of_plain.asked());
    // Plain HTTP is given to the proxy as it is, with the whole URL.
    assert_eq!(router.chat("plain").await.said(), "plain");
    let line = "POST http://provider.example:8000/v1/chat/completions HTTP/1.1";
    assert_eq!(of_plain.asked(), [line]);
    let seen = plain.last();
    assert_eq!(seen.header("host"), Some("provider.example:8000"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk-provider"));
}

#[tokio::test]
async fn a_provider_may_have_authorities_a_name_and_a_certificate_of_its_own() {
    let (tls, own, stranger) = (Tls::good(), Tls::good(), Tls::good());
    let asking = Tls::wrong_name().asking_for(&own);
    let private = Upstream::start_tls(Reply::chat("private"), &tls).await;
    let mutual = Upstream::start_tls(Reply::chat("mutual"), &asking).await;
    let with = |upstream: &Upstream, tls: Value| json!({"url": upstream.base(), "tls": tls});
    let pair = json!({"ca": asking.ca_file(), "server_name": "elsewhere.example",
        "cert": "own.crt", "key": "own.key"});
    let mut unnamed = pair.clone();
    unnamed.as_object_mut().unwrap().remove("server_name");
    let mut unknown = pair.clone();
    (unknown["cert"], unknown["key"]) = (json!("stranger.crt"), json!("stranger.key"));
    let targets = json!({"targets": {
        "private": with(&private, json!({"ca": tls.ca_file()})),
        "untold": {"url": private.base()},
        "mutual": with(&mutual, pair),
        "unnamed": with(&mutual, unnamed),
        "stranger": with(&mutual, unknown),
        "no-certificate": with(&mutual, json!({"ca": asking.ca_file(),
            "server_name": "elsewhere.example"})),
    }});
    let router = Launch::new(&targets)
        .file("own.crt", &own.cert_pem())
        .file("own.key", &own.key_pem())
        .file("stranger.crt", &stranger.cert_pem())
        .file("stranger.key", &stranger.key_pem())
        .start()
        .await;
    assert_eq!(router.chat("private").await.said(), "private");
    assert_eq!(router.chat("mutual").await.said(), "mutual");
    for refused in ["untold", "unnamed", "stranger", "no-certificate"] {
        let answer = router.chat(refused).await;
        assert_eq!(answer.status, 502, "{refused}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_renewed_authority_is_taken_and_a_broken_one_is_not() {
    let (old, new) = (Tls::good(), Tls::good());
    let upstream = Upstream::start_tls(Reply::chat("renewed").then_close(), &new).await;
    let target = json!({"url": upstream.base(), "tls": {"ca": "ca.pem"}});
    let ca = |tls: &Tls| std::fs::read_to_string(tls.ca_file()).unwrap();
    let router = Launch::new(&one(target)).file("ca.pem", &ca(&old)).start().await;
    assert_eq!(router.chat("m").await.status, 502);
    std::fs::write(router.dir().join("ca.pem"), ca(&new)).unwrap();
    let taken = eventually(secs(10), async || router.chat("m").await.status == 200);
    assert!(taken.await, "{}", router.stderr_text());
    std::fs::write(router.dir().join("ca.pem"), "no certificate").unwrap();
    let place = r#"targets["m"].tls.ca"#;
    let told = eventually(secs(10), async || router.stderr_text().contains(place));
    assert!(told.await, "{}", router.stderr_text());
    assert_ok(&router.chat("m").await);
    router.write(Write::InPlace, b"{}").await;
}

#[test]
fn what_is_wrong_with_a_way_is_told_with_its_place_and_without_its_secret() {
    let tls = Tls::good();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("own.crt"), tls.cert_pem()).unwrap();
    std::fs::write(dir.path().join("own.key"), tls.key_pem()).unwrap();
    std::fs::write(dir.path().join("other.key"), Tls::good().key_pem()).unwrap();
    let file = dir.path().join("targets.json");
    let check = |target: Value, args: &[&str]| {
        std::fs::write(&file, one(target).to_string()).unwrap();
        let output = run_cli([&["check", file.to_str().unwrap()], args].concat());
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let https = |key: &str, value: Value| json!({"url": "https://provider.example", key: value});
    for (target, wanted) in [
        (https("proxy", json!("ftp://ann:hush@h")), "proxy"),
        (https("proxy", json!("http://ann:hush@h/path")), "proxy"),
        (https("tls", json!({"ca": "missing.pem"})), "tls.ca"),
        (https("tls", json!({"ca": "own.key"})), "tls.ca"),
        (https("tls", json!({"cert": "own.crt"})), "tls.key"),
        (https("tls", json!({"cert": "own.crt", "key": "other.key"})), "tls.key"),
        (https("tls", json!({"server_name": "no name"})), "tls.server_name"),
        (https("tls", json!({"client_ca": "own.crt"})), "client_ca"),
        (json!({"url": "http://provider.example", "tls": {"ca": "own.crt"}}), "tls"),
        (json!({"url": "mock:", "proxy": "http://h"}), "proxy"),
    ] {
        let (good, told) = check(target.clone(), &[]);
        assert!(!good && told.contains(wanted), "{target}: {told}");
        assert!(!told.contains("hush") && !told.contains("PRIVATE"), "{target}: {told}");
    }
    let good = json!({"url": "https://provider.example", "proxy": "socks5h://a:b@h:1080",
        "tls": {"cert": "own.crt", "key": "own.key", "server_name": "other.example"}});
    assert!(check(good, &[]).0);
    let offline = https("tls", json!({"ca": "${env:CA}", "cert": "gone", "key": "gone"}));
    let (good, told) = check(offline, &["--offline"]);
    assert!(good, "{told}");
}

/// A password that was rotated is the commonest fault behind a proxy; the provider is not to blame for it.
#[tokio::test]
async fn log_tells_a_proxy_that_refuses_from_a_provider_that_is_down() {
    let refuses = Upstream::start(Reply::new(407)).await;
    let fails = Upstream::start(Reply::new(502)).await;
    let gone = Upstream::refused();
    let target =
        |proxy: &Upstream| json!({"url": "https://provider.invalid", "proxy": proxy.base()});
    let router = Router::start(&json!({"targets": {
        "refuses": target(&refuses), "fails": target(&fails), "gone": target(&gone)}}))
    .await;
    for (alias, told) in [
        ("refuses", "its proxy answered 407"),
        ("fails", "its proxy answered 502"),
        ("gone", "its proxy cannot be reached: connection refused"),
    ] {
        assert_eq!(router.chat(alias).await.status, 502);
        let line = async || router.stderr_text().lines().any(|line| line.contains(told));
        assert!(eventually(secs(10), line).await, "{told}: {}", router.stderr_text());
    }
}
