//! A credential that stands in the wrong place of the file: E9 for every place and every problem.
//!
//! Never: a part of it is printed, logged or counted, whatever is wrong with the file.

use serde_json::{Map, Value, json};

use crate::support::router::run_cli_with;
use crate::support::{Launch, Reply, Upstream, Write, eventually, run_cli, secs};

/// A key of a published form; whatever holds it is as secret.
const PASTED: &str = "sk-live-4kQ9zT1vXw7Ljm";
/// What of it must not be seen.
const MARK: &str = "4kQ9zT1";

/// A valid file that has every kind of place.
fn whole() -> Value {
    json!({
        "auth": {
            "global_keys": ["global"],
            "key_definitions": {
                "team": {"key": "token", "labels": {"tier": "gold"},
                         "rate_limit": {"requests_per_second": 5}},
                "signer": {"aws": {"access_key_id": "AKIA", "secret_access_key": "s"}}}},
        "defaults": {"response_headers": {"x-default": "1"}},
        "targets": {
            "one": {
                "url": "http://127.0.0.1:9/v1", "onwards_key": "k", "onwards_model": "m",
                "name": "first", "keys": ["team"], "request_headers": {"x-a": "b"},
                "upstream_auth_header_name": "x-auth", "upstream_auth_header_prefix": "P ",
                "error_classes": {"1113": "quota"}, "strategy": "priority", "lossy": "warn"},
            "two": {
                "strategy": "sticky", "sticky": {"header": "x-session-id"},
                "response_headers": {"x-b": "c"},
                "fallback": {"enabled": true, "on": ["malformed"], "to": ["one"],
                             "backoff": {"initial_ms": 1, "jitter": "full"}},
                "health_check": {"path": "/health"}, "cooldown": {"failures": 2},
                "routing_rules": [
                    {"match_labels": {"tier": "gold"}, "action": {"type": "redirect", "target": "one"}},
                    {"match_labels": {"tier": "tin"}, "action": {"type": "deny"}}],
                "providers": [
                    {"url": "http://127.0.0.1:9", "onwards_key": ["a", "b"], "protocol": "anthropic"},
                    {"url": "http://127.0.0.1:9", "protocol": "bedrock",
                     "aws": {"region": "eu-west-1", "access_key_id": "A", "secret_access_key": "s",
                             "session_token": "t"}},
                    {"url": "mock:", "weight": 2, "rate_limit": {"requests_per_second": 1}}]}}})
}

/// Every file that comes of changing one place of this one.
fn changed(value: &Value, change: &dyn Fn(&Value) -> Vec<Value>) -> Vec<Value> {
    let mut all = change(value);
    match value {
        Value::Object(entries) => {
            for (at, (key, inner)) in entries.iter().enumerate() {
                let with = |replaced: (String, Value)| {
                    let mut pairs: Vec<_> = entries.clone().into_iter().collect();
                    pairs[at] = replaced;
                    Value::Object(pairs.into_iter().collect::<Map<_, _>>())
                };
                all.extend(changed(inner, change).into_iter().map(|new| with((key.clone(), new))));
                for name in pasted() {
                    all.push(with((name, inner.clone())));
                }
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                all.extend(changed(inner, change).into_iter().map(|new| {
                    let mut items = items.clone();
                    items[at] = new;
                    Value::Array(items)
                }));
            }
        }
        _ => {}
    }
    all
}

/// The key alone and as a part of what is written.
fn pasted() -> Vec<String> {
    vec![
        PASTED.to_owned(),
        format!("${{env:{PASTED}}}"),
        format!("${{file:{PASTED}}}"),
        format!("${{{PASTED}}}"),
        format!("${{{PASTED}"),
        format!("https://user:{PASTED}@host.example/?key={PASTED}"),
        format!("Bearer {PASTED}\n"),
        "${env:ONWARDS_LAB_PASTED}".to_owned(),
    ]
}

/// Wrong values of every kind that hold the key, in place of any value.
fn wrong(_: &Value) -> Vec<Value> {
    let mut values: Vec<Value> = pasted().into_iter().map(Value::from).collect();
    values.extend([json!([PASTED]), json!({PASTED: PASTED}), json!([[PASTED, 5]])]);
    values
}

#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    let line = text.lines().find(|line| line.contains(MARK));
    assert!(line.is_none(), "{what}: {line:?}");
}

fn told(args: [&str; 2]) -> String {
    let output = run_cli_with(args, &[("ONWARDS_LAB_PASTED", PASTED)]);
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn e9_key_in_any_place_of_the_file_is_never_shown_by_the_library() {
    let files = changed(&whole(), &wrong);
    assert!(files.len() > 1500, "{}", files.len());
    let mut refused = 0;
    for file in files {
        for text in [file.to_string(), serde_json::to_string_pretty(&file).unwrap()] {
            refused += usize::from(is_refused_silently(text.clone()));
            // Cut anywhere, it is not JSON, and the cut may be inside the key.
            if let Some(at) = text.find(MARK) {
                for end in [at, at + 3, at + MARK.len()] {
                    is_refused_silently(text[..end].to_owned());
                    is_refused_silently(text[..end].to_owned() + "\"" + &text[end..]);
                }
            }
        }
    }
    assert!(refused > 1500, "{refused}");
}

/// Whether the loader refuses the text; nothing that it says or holds shows the key.
fn is_refused_silently(text: String) -> bool {
    struct Variables;
    impl onwards::config::references::Lookup for Variables {
        fn variable(&self, name: &str) -> Result<Option<String>, String> {
            Ok((name == "ONWARDS_LAB_PASTED").then(|| PASTED.to_owned()))
        }
        fn file(&self, _: &std::path::Path) -> std::io::Result<String> {
            Err(std::io::ErrorKind::NotFound.into())
        }
    }
    let written = text.clone();
    match onwards::config::parse("targets.json", text, &Variables) {
        Err(problems) => {
            assert_hidden(&written, &problems.rendered());
            true
        }
        Ok(loaded) => {
            assert_hidden(&written, &format!("{loaded:?}"));
            let meters = onwards::live::Meters::new("onwards").unwrap();
            let registry = onwards::live::Registry::new(meters);
            let key = onwards::table::HashKey::random();
            match onwards::table::compile(&loaded, &registry, &key, 0) {
                Err(problems) => assert_hidden(&written, &problems.rendered()),
                Ok(table) => {
                    let pools = format!("{table:?} {:?} {:?}", table.pools(), table.keyring);
                    assert_hidden(&written, &pools);
                    for pool in table.pools() {
                        assert_hidden(&written, &format!("{pool:?} {:?}", pool.providers));
                    }
                    return false;
                }
            }
            true
        }
    }
}

#[test]
fn e9_check_and_the_flags_never_show_a_pasted_key() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let path = file.to_str().unwrap();
    // One of each kind; the test above has them all.
    for file_text in changed(&whole(), &wrong).into_iter().step_by(61) {
        std::fs::write(&file, file_text.to_string()).unwrap();
        assert_hidden(&file_text.to_string(), &told(["check", path]));
        assert_hidden(&file_text.to_string(), &told(["explain", path]));
    }
    for args in [["check", PASTED], ["explain", PASTED], [PASTED, PASTED], ["--port", PASTED]] {
        assert_hidden(&format!("{args:?}"), &told(args));
    }
    for args in [["--log-format", PASTED], ["--drain", PASTED], ["--max-body", PASTED]] {
        assert_hidden(&format!("{args:?}"), &told(args));
    }
    let flag = format!("--{PASTED}");
    assert_hidden("a flag", &told(["serve", &flag]));
    let set = ["ONWARDS_TARGETS", "ONWARDS_METRICS_PREFIX", "ONWARDS_PORT", "ONWARDS_HOST"];
    for name in set {
        for args in [["serve", "--help"], ["check", "--help"], ["serve", "--watch=false"]] {
            let output = run_cli_with(args, &[(name, PASTED)]);
            let text =
                String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert_hidden(name, &text);
            assert!(args[1] != "--help" || text.contains(name) || args[0] == "check", "{text}");
        }
    }
    drop(run_cli(["schema"]));
}

#[tokio::test]
async fn e9_pasted_key_is_in_no_log_no_metric_and_no_explanation() {
    let up = Upstream::start(Reply::error(500, "no")).await;
    for format in ["text", "json"] {
        let mut file = whole();
        file["targets"][PASTED] = json!({"url": up.base(), "keys": [PASTED], "name": PASTED, "onwards_key": PASTED,
                   "cooldown": {"failures": 1}, "fallback": {"enabled": true, "to": ["one"]},
                   "rate_limit": {"requests_per_second": 1}, "request_headers": {"x-a": PASTED}});
        file["auth"]["key_definitions"][PASTED] = json!({"key": "t", "labels": {PASTED: PASTED}, "rate_limit": {"requests_per_second": 1}});
        let launch = Launch::new(&file).args(["--log-format", format]).env("ONWARDS_LOG", "trace");
        let router = launch.start().await;
        router.post(crate::support::router::CHAT, "t", &crate::support::chat(PASTED)).await;
        let explained = router.explain(PASTED).await;
        assert_eq!(explained.status, 200);
        assert_hidden("/explain", &explained.text());
        let metrics = router.metrics().await;
        assert!(metrics.contains("alias=\"masked-"), "{metrics}");
        assert_hidden("/metrics", &metrics);
        for bad in changed(&whole(), &wrong).into_iter().step_by(331) {
            let before = router.metric("onwards_config_reloads_total", &[]).await;
            router.write(Write::InPlace, bad.to_string().as_bytes()).await;
            router.signal("HUP");
            let again = async || router.metric("onwards_config_reloads_total", &[]).await != before;
            let _ = eventually(secs(2), again).await;
        }
        assert_hidden("the log", &router.log_text());
        assert!(router.log_text().contains("the configuration has problems"));
    }
}

#[tokio::test]
async fn e9_no_line_of_a_library_passes_the_filter() {
    let up = Upstream::start(Reply::error(500, "no")).await;
    let file = json!({"targets": {"m": {
        "url": format!("{}/?key={PASTED}", up.base()), "protocol": "bedrock",
        "aws": {"region": "eu-west-1", "access_key_id": "AKIAX", "secret_access_key": "s",
                "session_token": PASTED},
        "request_headers": {"x-marked": PASTED}}}});
    let launch = Launch::new(&file).env("ONWARDS_LOG", "trace,hyper=trace,aws_sigv4=trace,=trace");
    let router = launch.start().await;
    router.chat("m").await;
    assert_eq!(up.hits(), 1);
    let told = eventually(secs(5), async || router.log_text().contains("attempt failed"));
    assert!(told.await, "{}", router.log_text());
    assert_hidden("the log", &router.log_text());
    assert!(router.log_text().contains("the lines of libraries are not written"));
}
