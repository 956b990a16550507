//! Starts that can not succeed, and a panic that must not matter: D9 to D11.
//!
//! Never: a start fails without naming what is in the way.

use std::{collections::BTreeSet, net::TcpListener};

use serde_json::json;

use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_envelope, assert_ok, eventually, open,
    router::{free_port, run_cli_with},
    run_cli, secs,
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

/// A first request that is refused tells a new user nothing.
#[tokio::test]
async fn what_is_printed_to_try_is_answered() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let closed = json!({"url": upstream.base(), "keys": ["sk-of-one-client"]});
    let mut file = json!({"targets": {"a": closed, "pat-*": {"url": upstream.base()},
        "z": {"url": upstream.base()}}});
    let told = async |file: &serde_json::Value| {
        let router = Router::start(file).await;
        let there = async || router.log_text().contains("Hello");
        assert!(eventually(secs(5), there).await, "{}", router.log_text());
        router.log_text()
    };
    let text = told(&file).await;
    assert!(text.contains("{\"model\":\"z\"") && !text.contains("YOUR_KEY"), "{text}");
    file["targets"].as_object_mut().unwrap().remove("z");
    let text = told(&file).await;
    assert!(text.contains("{\"model\":\"a\"") && text.contains("Bearer YOUR_KEY"), "{text}");
    assert!(!text.contains("sk-of-one-client"), "{text}");
}

/// Else each client would reach one of the two by chance.
#[tokio::test]
async fn one_port_for_clients_and_operations_is_refused_by_name() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let port = free_port();
    for args in [["--host", "127.0.0.1"], ["--host", "0.0.0.0"], ["--reuse-port", "true"]] {
        let launch = Launch::new(&open(&upstream)).args(args);
        let mut router = launch.port(port).metrics_port(port).spawn();
        let exit = router.wait_exit(secs(10)).await.expect("it does not start");
        assert!(!exit.success(), "{args:?}");
        let named = async || router.log_text().contains("`--metrics-port`");
        assert!(eventually(secs(5), named).await, "{args:?}: {}", router.log_text());
    }
}

#[tokio::test]
async fn start_that_fails_does_not_say_that_it_serves() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let args = ["--access-log", "/nowhere/access.log"];
    let mut router = Launch::new(&open(&upstream)).args(args).spawn();
    let exit = router.wait_exit(secs(10)).await.expect("it does not start");
    assert!(!exit.success());
    let named = async || router.log_text().contains("--access-log /nowhere/access.log");
    assert!(eventually(secs(5), named).await, "{}", router.log_text());
    assert!(!router.log_text().contains("onwards serves"), "{}", router.log_text());
}

#[test]
fn file_in_the_place_of_a_command_is_answered_with_the_flag() {
    let run = run_cli(["targets.json"]);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && told.contains("`--targets FILE`"), "{told}");
}

#[tokio::test]
async fn port_of_another_router_is_an_error_unless_it_is_to_be_shared() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let first = Router::start(&open(&upstream)).await;
    let port = first.addr().port();
    let mut second = Launch::new(&open(&upstream)).port(port).spawn();
    let exit = second.wait_exit(secs(10)).await.expect("it does not start");
    assert!(!exit.success());
    let told = eventually(secs(3), async || second.log_text().contains("--reuse-port")).await;
    assert!(told, "{}", second.log_text());
    let healthy =
        |port: &str| run_cli(["health", "--host", "localhost", "--port", port]).status.code();
    assert_eq!(healthy(&port.to_string()), Some(0));
    drop(first);
    assert!(eventually(secs(10), async || healthy(&port.to_string()) == Some(1)).await);
    let output = run_cli_with(["serve"], &[("ONWARDS_PORT", "tcp://10.0.0.1:3000")]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("Kubernetes"), "{output:?}");
}

/// One line at once for each cause, and no line for each request.
#[tokio::test]
async fn log_speaks_in_an_outage_once_for_each_cause() {
    let down = Upstream::start(Reply::new(503).body("{}")).await;
    let up = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&json!({"targets": {"m": {"strategy": "priority",
        "fallback": {"enabled": true}, "providers": [
            {"name": "down", "url": down.base()},
            {"name": "gone", "url": "http://127.0.0.1:1"},
            {"name": "up", "url": up.base()}]}}}))
    .await;
    for _ in 0..30 {
        assert_ok(&router.chat("m").await);
    }
    let text = || router.stderr_text();
    let both = async || text().contains("answered 503") && text().contains("connection refused");
    assert!(eventually(secs(5), both).await, "{}", text());
    // A loaded machine may take longer than ten seconds for the requests.
    assert!(text().matches("answered 503").count() <= 3, "{}", text());
    assert!(text().contains("request_id"), "{}", text());
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
        if record["fields"]["message"] == "started" {
            continue;
        }
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

/// What listens there sends a byte now and then, for ever: each would be in time for a read.
#[test]
fn health_of_what_answers_a_byte_at_a_time_is_told_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while std::io::Write::write_all(&mut stream, b"H").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    });
    let began = std::time::Instant::now();
    let output = run_cli(["health", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    assert!(began.elapsed() < secs(30), "{:?}", began.elapsed());
}
