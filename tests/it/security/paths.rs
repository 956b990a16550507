//! Paths that try to be more than a path: E1 to E3, E15.
//!
//! Never: a host is asked that the configuration does not name.

use serde_json::json;

use crate::support::router::CHAT;
use crate::support::{Call, Reply, Router, Upstream, assert_error, assert_ok, chat, run_cli};

async fn two() -> (Upstream, Upstream, Router) {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let decoy = Upstream::start(Reply::chat("stolen")).await;
    let target =
        json!({"url": format!("{}/base/v1", upstream.base()), "onwards_key": "sk-provider"});
    let router = Router::start(&json!({"targets": {"m": target}})).await;
    (upstream, decoy, router)
}

#[tokio::test]
async fn e1_a_url_in_the_path_asks_no_other_host() {
    let (upstream, decoy, router) = two().await;
    let there = decoy.addr();
    for target in [
        format!("/http://{there}/v1/chat/completions"),
        format!("/https://{there}/"),
        format!("//{there}/v1/chat/completions"),
        format!("///{there}/v1/chat/completions"),
        format!("/\\{there}/v1/chat/completions"),
        format!("/v1/http://{there}/x"),
        format!("/v1//{there}/x"),
    ] {
        let call = Call::post(&target).json(&chat("m"));
        assert_error(&call.send(router.addr()).await, 400, "invalid_path");
    }
    // A port or a user after the host, if paths were glued to it.
    for target in [format!("/@{there}/x"), "/:80@evil.example/x".to_owned()] {
        let answer = Call::post(&target).json(&chat("m")).send(router.addr()).await;
        assert!(matches!(answer.status, 200 | 400), "{target}: {}", answer.status);
        if answer.status == 200 {
            assert_eq!(upstream.last().target, format!("/base/v1{target}"));
        }
    }
    assert_eq!(decoy.connections(), 0);
}

#[tokio::test]
async fn e2_dot_segments_are_refused_in_every_spelling() {
    let (upstream, _, router) = two().await;
    for path in [
        "/v1/../admin",
        "/v1/chat/../../admin",
        "/../admin",
        "/v1/./chat",
        "/v1/..",
        "/v1/%2e%2e/admin",
        "/v1/%2E%2E/admin",
        "/v1/.%2e/admin",
        "/v1/..%2fadmin",
        "/v1/..%2Fadmin",
        "/v1/..%5cadmin",
        "/v1/..\\admin",
        "/v1/%252e%252e/admin",
        "/v1/%252e%252e%252fadmin",
        "/v1/..;/admin",
    ] {
        let call = Call::post(path).json(&chat("m"));
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert_error(&answer, 400, "invalid_path");
    }
    assert_eq!(upstream.hits(), 0);
    for path in ["/v1/models..x/y", "/v1/a...b", "/v1/files/report.v2..json", "/v1/%41%20b"] {
        assert_ok(&Call::post(path).json(&chat("m")).send(router.addr()).await);
        assert_eq!(upstream.last().target, format!("/base{path}"), "what is harmless is untouched");
    }
    // Dots in the query are data.
    let query = format!("{CHAT}?file=../../x&url=http://evil.example/");
    assert_ok(&Call::post(&query).json(&chat("m")).send(router.addr()).await);
    assert_eq!(upstream.last().target, format!("/base{query}"));
}

#[tokio::test]
async fn e3_absolute_form_and_odd_hosts_do_not_route() {
    let (upstream, decoy, router) = two().await;
    let there = decoy.addr();
    for target in [format!("http://{there}{CHAT}"), format!("http://user:pw@{there}{CHAT}")] {
        let answer = Call::post(&target).json(&chat("m")).send(router.addr()).await;
        match answer.status {
            200 => assert_eq!(upstream.last().target, format!("/base{CHAT}")),
            _ => assert_eq!(answer.status, 400, "{target}: {}", answer.text()),
        }
    }
    for host in [there.to_string(), "evil.example:1".to_owned(), "a@b".to_owned(), String::new()] {
        let answer = Call::chat(&chat("m")).header("host", &host).send(router.addr()).await;
        match answer.status {
            200 => assert_eq!(
                upstream.last().header("host"),
                Some(upstream.addr().to_string().as_str()),
                "the provider is asked under its own name"
            ),
            _ => assert_eq!(answer.status, 400, "{host}: {}", answer.text()),
        }
    }
    assert_eq!(decoy.connections(), 0);
    assert_ok(&router.chat("m").await);
}

#[test]
fn e15_only_http_and_https_name_a_provider() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    for url in [
        "file:///etc/passwd",
        "unix:/run/x.sock",
        "ftp://a.example",
        "gopher://a.example",
        "javascript:1",
        "a.example/v1",
        "//a.example",
        "http://",
        "",
    ] {
        let targets = json!({"targets": {"m": {"url": url}}}).to_string();
        std::fs::write(&file, targets).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{url} is accepted");
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("targets[\"m\"].url"), "{url}: {text}");
    }
}
