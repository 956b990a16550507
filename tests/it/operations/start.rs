//! Starts that can not succeed, and a panic that must not matter: D9 to D11.
//!
//! Never: a start fails without naming what is in the way.

use std::{collections::BTreeSet, net::TcpListener};

use serde_json::json;

use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_envelope, assert_ok, eventually, open, secs,
};

#[tokio::test]
async fn d11_a_taken_port_is_named() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for which in ["port", "metrics-port"] {
        let launch = Launch::new(&open(&upstream));
        let launch = match which {
            "port" => launch.port(address.port()),
            _ => launch.metrics_port(address.port()),
        };
        let mut router = launch.spawn();
        let exit = router.wait_exit(secs(5)).await.expect("it does not start");
        assert!(!exit.success(), "--{which}");
        let named =
            eventually(secs(1), async || router.log_text().contains(&address.to_string())).await;
        assert!(named, "--{which}: {}", router.log_text());
        assert!(!router.log_text().contains("panicked"), "{}", router.log_text());
    }
}

#[tokio::test]
async fn d10_a_panic_costs_one_request() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["targets"]["bad"] = json!({
        "url": "mock:?panic=true", "concurrency_limit": {"max_concurrent_requests": 1}});
    let mut router = Router::start(&targets).await;
    for _ in 0..3 {
        // The second and third show that the first gave its permit back.
        assert_envelope(&router.chat("bad").await, 500);
    }
    assert_ok(&router.chat("m").await);
    assert!(router.is_running());
}

#[tokio::test]
async fn d10_a_panic_is_told_in_the_clients_form_and_by_the_requests_id() {
    let router = Router::start(&json!({"targets": {"bad": {"url": "mock:?panic=true"}}})).await;
    let body = json!({"model": "bad", "max_tokens": 9,
                      "messages": [{"role": "user", "content": "hi"}]});
    let (mut ids, named) = (BTreeSet::new(), Some("mine"));
    for name in [None, None, named] {
        let mut call = Call::post("/v1/messages").json(&body);
        if let Some(name) = name {
            call = call.header("x-request-id", name);
        }
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert_eq!(answer.json()["type"], "error", "{}", answer.text());
        assert_eq!(answer.json()["error"]["type"], "api_error", "{}", answer.text());
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(answer.json()["request_id"], id, "{}", answer.text());
        assert!(ids.insert(id), "{ids:?}");
    }
    assert!(ids.contains("mine") && ids.iter().any(|id| id.starts_with("req_")), "{ids:?}");
}

#[tokio::test]
async fn d10_a_panic_is_a_line_of_the_log_in_its_form() {
    let targets = json!({"targets": {"bad": {"url": "mock:?panic=true"}}});
    let router = Launch::new(&targets).args(["--log-format", "json"]).start().await;
    assert_eq!(router.chat("bad").await.status, 500);
    let told = eventually(secs(3), async || router.stderr_text().contains("panics as scripted"));
    assert!(told.await, "{}", router.stderr_text());
    for line in router.stderr_text().lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(record["level"], "ERROR", "{line}");
        assert!(record["fields"]["place"].as_str().unwrap().contains("mock.rs:"), "{line}");
    }
}

/// The clock can not be set back here; but what never asks for the wall's time does not care.
#[test]
fn d9_limits_never_read_the_wall_clock() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![root.join("live.rs"), root.join("choose.rs")];
    let mut folders = vec![root.join("live"), root.join("choose")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        // The registry tells when an alias was first seen (`created` of a model); it measures nothing by it.
        if file.ends_with("live/registry.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for clock in ["SystemTime", "UNIX_EPOCH", "chrono"] {
            assert!(!text.contains(clock), "{} reads {clock}", file.display());
        }
    }
}
