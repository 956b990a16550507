//! What logs, metrics and errors may say: E9 to E11.
//!
//! Never: a key or a prompt, at any level.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{
    Accept, Call, Launch, Reply, Router, Upstream, Write, chat, eventually, run_cli, secs,
};

/// Everything secret in these tests contains this.
const MARK: &str = "hush-7f3a";

async fn noisy(targets: &Value) -> Router {
    let launch = Launch::new(targets).env("RUST_LOG", "trace").env("ONWARDS_LOG", "trace");
    launch.env("RUST_BACKTRACE", "full").start().await
}

fn secret_prompt(alias: &str) -> Value {
    let text = format!("my {MARK} prompt");
    json!({"model": alias, "messages": [{"role": "user", "content": text}]})
}

fn secrets(up: &Upstream, dead: &Upstream) -> Value {
    json!({
        "auth": {
            "global_keys": [format!("sk-global-{MARK}")],
            "key_definitions": {"team": {"key": format!("sk-team-{MARK}")}}},
        "targets": {
            "m": {"url": up.base(), "onwards_key": format!("sk-up-{MARK}"), "keys": ["team"]},
            "dead": {"url": dead.base(), "onwards_key": format!("sk-dead-{MARK}"), "keys": ["team"]}}})
}

#[tokio::test]
async fn e9_e10_no_key_and_no_prompt_is_ever_written() {
    let up = Upstream::start(Reply::chat(&format!("the {MARK} answer"))).await;
    let dead = Upstream::start(Accept::Reset).await;
    let router = noisy(&secrets(&up, &dead)).await;
    let (team, stranger) = (format!("sk-team-{MARK}"), format!("sk-stranger-{MARK}"));
    let mut answers = Vec::new();
    for alias in ["m", "dead", "nobody"] {
        for key in [&team, &stranger] {
            answers.push(router.post(CHAT, key, &secret_prompt(alias)).await);
        }
    }
    let broken = format!(r#"{{"model":"m","messages":"{MARK}"#);
    answers.push(Call::post(CHAT).key(&team).body(broken).send(router.addr()).await);
    let in_query = format!("/v1beta/models/m:generateContent?key={stranger}");
    answers.push(router.get(&in_query).await);
    assert_eq!(up.hits(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(!format!("{:?}{}", answer.headers, answer.text()).contains(MARK), "{answer:?}");
    }
    // A reload that fails beside a secret.
    let mut bad = secrets(&up, &dead);
    bad["targets"]["m"]["onwards_key"] = json!({"value": format!("sk-up-{MARK}")});
    let before = router.log_text().len();
    router.write(Write::InPlace, bad.to_string().as_bytes()).await;
    let told = eventually(secs(5), async || router.log_text()[before..].contains("onwards_key"));
    assert!(told.await, "the problem is told");

    let metrics = router.metrics().await;
    for (name, text) in [("the log", router.log_text()), ("the metrics", metrics)] {
        let line = text.lines().find(|line| line.contains(MARK));
        assert!(line.is_none(), "{name} says {line:?}");
    }
    assert!(!router.log_text().is_empty(), "something was logged");
}

#[tokio::test]
async fn e9_e10_what_a_provider_repeats_is_not_written_either() {
    let error = json!({"type": "error", "error": {"type": "api_error", "message": MARK}});
    for status in [400, 401, 200] {
        let up = Upstream::start(Reply::json(status, &error)).await;
        let target = json!({"url": up.base(), "protocol": "anthropic"});
        let router = noisy(&json!({"targets": {"m": target}})).await;
        router.post(CHAT, "", &secret_prompt("m")).await;
        let told = eventually(secs(5), async || router.log_text().contains("attempt failed"));
        assert!(told.await, "{status}");
        let log = router.log_text();
        let line = log.lines().find(|line| line.contains(MARK));
        assert!(line.is_none(), "{status}: {line:?}");
    }
}

#[test]
fn e9_check_never_quotes_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let key = format!("sk-up-{MARK}");
    let wrong = [
        json!({"targets": {"m": {"url": "http://a.example", "onwards_key": {"k": key}}}}),
        json!({"targets": {"m": {"url": "http://a.example", "onwards_key": [[key]]}}}),
        json!({"targets": {"m": {"url": "http://a.example", "keys": key}}}),
        json!({"targets": {}, "auth": {"global_keys": key}}),
        json!({"targets": {}, "auth": {"key_definitions": {"a": key}}}),
        json!({"targets": {}, "auth": {"key_definitions": {"a": {"key": [key]}}}}),
        json!({"targets": {"m": {"url": format!("http://u:{key}@a.example")}}}),
        json!({"targets": {"m": {"url": "http://a.example", "onwards_key": format!("{key}\n")}}}),
    ];
    for targets in wrong {
        std::fs::write(&file, targets.to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "accepted: {targets}");
        assert!(!text.contains(MARK), "{text}");
    }
}

#[tokio::test]
async fn e11_nothing_a_client_sends_forges_a_line_of_the_log() {
    let up = Upstream::start(Reply::error(500, "bad\n2026-01-01 ERROR forged-upstream")).await;
    let router = noisy(&json!({"targets": {"m": {"url": up.base()}}})).await;
    let forged = "x\n2026-01-01T00:00:00Z ERROR forged-line\r\u{1b}[31mred\u{202e}oib";
    assert_eq!(router.chat(forged).await.status, 404);
    assert_eq!(router.chat("m").await.status, 500);
    for (name, value) in [
        ("x-request-id", "a\u{202e}forged-id"),
        ("user-agent", "\u{9b}31m\u{202e}forged-agent"),
        ("model-override", "\u{202e}forged-override"),
        ("x-request-id", "\u{1b}[31mred"),
        ("user-agent", "\u{1b}]0;title\u{7}"),
    ] {
        // Control characters may be refused before anything else is read.
        let answer = Call::chat(&chat("m")).header(name, value).send(router.addr()).await;
        assert!(answer.status >= 400);
    }
    router.get("/v1/%0aforged-path%1b[31m").await;
    router.post("/v1/%0a%0dforged-path", "", &chat("m")).await;
    let log = router.log_text();
    for line in log.lines() {
        let forged = line.contains("forged-") && line.trim_start().starts_with("2026-01-01");
        assert!(!forged, "a line of its own: {line:?}");
        assert!(!line.contains("\u{1b}[31mred") && !line.contains('\u{202e}'), "{line:?}");
        assert!(!line.contains("\u{1b}]0;"), "{line:?}");
    }
}

#[tokio::test]
async fn e9_a_signal_changes_the_level_and_never_shows_a_secret() {
    let up = Upstream::start(Reply::chat("hi")).await;
    let dead = Upstream::start(Accept::Reset).await;
    let launch = Launch::new(&secrets(&up, &dead)).env("RUST_LOG", "trace");
    let router = launch.env("ONWARDS_LOG", "warn").start().await;
    let key = format!("sk-team-{MARK}");
    let fail = async || router.post(CHAT, &key, &secret_prompt("dead")).await;
    let count = |text: &str| router.stderr_text().matches(text).count();
    fail().await;
    let cause = "attempt failed";
    for (level, failed) in [("info", 0), ("debug", 1), ("trace", 2), ("info", 2), ("debug", 3)] {
        let told = format!("level={level}");
        let before = count(&told);
        router.signal("USR2");
        let is_told = eventually(secs(10), async || count(&told) == before + 1).await;
        assert!(is_told, "{level}: {}", router.stderr_text());
        fail().await;
        let is_logged = eventually(secs(10), async || count(cause) >= failed).await;
        assert!(is_logged && count(cause) == failed, "{level}: {}", router.stderr_text());
    }
    let text = router.log_text();
    assert!(!text.contains(MARK), "{text}");
    for library in ["hyper", "rustls", "h2::", "tokio"] {
        assert!(!router.stderr_text().contains(library), "{}", router.stderr_text());
    }
}
