//! Every query of the alerts, the dashboard and the page of metrics against a real Prometheus that scrapes a
//! router, and the metrics and rules against `promtool`.
//!
//! Never: a server is fetched. `ONWARDS_PROMETHEUS` names the directory with `prometheus` and `promtool`; without
//! it they are looked for on the path, and where they are not there nothing is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::router::free_port;
use crate::support::{Call, Launch, Reply, Router, Script, Upstream, eventually, secs};

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn found(name: &str) -> Option<PathBuf> {
    let program = match std::env::var_os("ONWARDS_PROMETHEUS") {
        Some(directory) => Path::new(&directory).join(name),
        None => name.into(),
    };
    let output = Command::new(&program).arg("--version").output();
    if output.is_ok_and(|it| it.status.success()) {
        return Some(program);
    }
    eprintln!("skipped: `{name}` is not here");
    None
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A router that has served, fallen back, refused and lost an answer.
async fn seasoned() -> (Upstream, Router) {
    let upstream = Upstream::start(Script::by(|seen| match &seen.target {
        target if target.starts_with("/bad") => Reply::error(503, "no"),
        target if target.starts_with("/cut") => {
            Reply::sse(["data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"])
        }
        _ => Reply::chat("hi"),
    }))
    .await;
    let at =
        |name: &str, path: &str| json!({"name": name, "url": format!("{}{path}", upstream.base())});
    let mut closed = at("good", "/v1");
    closed["keys"] = json!(["sk-caller"]);
    let router = Launch::new(&json!({
        "prices": {"m": {"input": 1, "output": 2}},
        "targets": {
            "m": {"strategy": "priority", "fallback": {"enabled": true}, "cooldown": {},
                "rate_limit": {"requests_per_second": 1000},
                "providers": [at("bad", "/bad"), at("good", "/v1")]},
            "cut": at("cut", "/cut"), "closed": closed}}))
    .start()
    .await;
    for alias in ["m", "m", "cut", "closed", "none"] {
        router.chat(alias).await;
    }
    (upstream, router)
}

/// The queries of the rules: those of one line, and those of an indented block.
fn of_alerts() -> Vec<String> {
    let text = std::fs::read_to_string(file("deploy/alerts.yaml")).unwrap();
    let mut lines = text.lines().peekable();
    let mut queries = Vec::new();
    while let Some(line) = lines.next() {
        let Some(query) = line.trim_start().strip_prefix("expr: ") else { continue };
        if query != "|" {
            queries.push(query.to_owned());
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        let mut block = String::new();
        while let Some(next) = lines.next_if(|it| it.len() - it.trim_start().len() > depth) {
            block.push_str(next.trim());
            block.push(' ');
        }
        queries.push(block);
    }
    queries
}

fn of_dashboard() -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                into.extend(map.get("expr").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|inner| collect(inner, into));
            }
            Value::Array(list) => list.iter().for_each(|inner| collect(inner, into)),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(file("deploy/grafana-dashboard.json")).unwrap();
    let mut queries = Vec::new();
    collect(&serde_json::from_str(&text).unwrap(), &mut queries);
    queries
}

/// Those in the column behind "which provider fails" and the like.
fn of_page() -> Vec<String> {
    let text = std::fs::read_to_string(file("docs/metrics.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|it| it.contains("onwards_") && it.contains('(')).map(str::to_owned).collect()
}

async fn asked(port: u16, query: &str) -> Value {
    let query = query.replace("$__rate_interval", "30s").replace("$alias", ".*");
    let encoded = percent_encoding::utf8_percent_encode(&query, percent_encoding::NON_ALPHANUMERIC);
    let path = format!("/api/v1/query?query={encoded}");
    Call::get(&path).header("connection", "close").send(([127, 0, 0, 1], port).into()).await.json()
}

#[tokio::test]
async fn every_query_is_answered_by_a_real_prometheus() {
    let Some(program) = found("prometheus") else { return };
    let (_upstream, router) = seasoned().await;
    let dir = tempfile::tempdir().unwrap();
    let rules = file("deploy/alerts.yaml");
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{rules:?}]\n\
         scrape_configs: [{{job_name: onwards, static_configs: [{{targets: [\"{}\"]}}]}}]\n",
        router.metrics_addr()
    );
    std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
    let port = free_port();
    let mut prometheus = tokio::process::Command::new(program);
    prometheus
        .arg(format!("--config.file={}", dir.path().join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let _running = prometheus.spawn().unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let scraped = eventually(secs(60), async || {
        if Call::get("/-/ready").try_send(address).await.is_err() {
            return false;
        }
        let twice = asked(port, "count_over_time(onwards_build_info[1m]) >= 3").await;
        twice["data"]["result"].as_array().is_some_and(|it| !it.is_empty())
    });
    assert!(scraped.await, "it does not scrape the router");
    let queries = [of_alerts(), of_dashboard(), of_page()].concat();
    assert!(queries.len() > 25, "only {queries:?}");
    for query in &queries {
        let answer = asked(port, query).await;
        assert_eq!(answer["status"], "success", "{query}: {answer}");
    }
    // What has happened is seen, and what watches for nothing is quiet.
    for query in [
        "onwards_requests_total{alias=\"m\",status=\"200\"} == 2",
        "onwards_attempts_total{provider=\"bad\",outcome=\"503\"} == 2",
        "onwards_broken_answers_total{alias=\"cut\"} == 1",
        "sum(onwards_rejections_total) > 0",
    ] {
        let answer = asked(port, query).await;
        assert!(!answer["data"]["result"].as_array().unwrap().is_empty(), "{query}: {answer}");
    }
    let down = asked(port, "absent(onwards_build_info)").await;
    assert_eq!(down["data"]["result"], json!([]));
    let told = Call::get("/api/v1/rules").send(address).await.json();
    let rules = told["data"]["groups"][0]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.len(), of_alerts().len());
    assert!(rules.iter().all(|rule| rule["health"] != "err"), "{told}");
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_metrics_and_rules() {
    let Some(program) = found("promtool") else { return };
    let output =
        Command::new(&program).args(["check", "rules"]).arg(file("deploy/alerts.yaml")).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_upstream, router) = seasoned().await;
    let metrics = router.metrics().await;
    let mut promtool = tokio::process::Command::new(&program);
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = promtool.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{told}");
}
