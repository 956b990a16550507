//! Falling back as files of the original's successor say it.
//!
//! Never: an attempt is cut off that no other could follow.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use crate::support::router::{CHAT, Launch};
use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Seen, Upstream, assert_ok, chat, chat_stream, ms,
    pair,
};

/// Two providers of the alias `m`, with these rules.
fn rules(first: &Upstream, second: &Upstream, rules: Value) -> Value {
    let mut targets = pair(first, second);
    let fallback = targets["targets"]["m"]["fallback"].as_object_mut().unwrap();
    fallback.extend(rules.as_object().unwrap().clone());
    targets
}

#[tokio::test]
async fn further_statuses_fall_back_for_all_but_batch_work() {
    let first = Upstream::start(Reply::error(529, "busy")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut targets =
        rules(&first, &second, json!({"on_status": [500], "realtime_on_status": [529]}));
    targets["auth"] = json!({"key_definitions": {
        "web": {"key": "sk-web-00000", "labels": {"purpose": "web"}},
        "jobs": {"key": "sk-jobs-0000", "labels": {"purpose": "batch"}}}});
    let router = Router::start(&targets).await;
    assert_ok(&router.chat("m").await);
    assert_ok(&router.post(CHAT, "sk-web-00000", &chat("m")).await);
    let answer = router.post(CHAT, "sk-jobs-0000", &chat("m")).await;
    assert_eq!(answer.status, 529, "batch work asks again by itself");
    assert_eq!(answer.attempts(), "first=529");
}

#[tokio::test]
async fn the_first_token_has_its_time_where_another_attempt_may_follow() {
    let slow = Reply::chat_stream(&["slow"]).fault(Place::Start, Fault::Pause(ms(1200)));
    let whole = Reply::chat("hi").fault(Place::Start, Fault::Pause(ms(400)));
    let stream = slow.clone();
    let by_wish = move |seen: &Seen| match seen.mentions("\"stream\":true") {
        true => stream.clone(),
        false => whole.clone(),
    };
    let first = Upstream::start(Script::by(by_wish)).await;
    let second = Upstream::start(slow).await;
    let router =
        Router::start(&rules(&first, &second, json!({"first_token_timeout_ms": 150}))).await;
    let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=timeout,second=200", "the last one has all its time");
    // Only a stream has a first token.
    let answer = router.chat("m").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=200");
}

#[tokio::test]
async fn the_first_token_has_all_the_time_where_nothing_follows() {
    let slow = Reply::chat_stream(&["slow"]).fault(Place::Start, Fault::Pause(ms(500)));
    let first = Upstream::start(slow.clone()).await;
    let second = Upstream::start(slow).await;
    for more in [
        json!({"first_token_timeout_ms": 100, "max_attempts": 1}),
        json!({"first_token_timeout_ms": 100, "max_attempts_total": 1}),
        json!({"first_token_timeout_ms": 0}),
        json!({"first_token_timeout_ms": 100, "enabled": false}),
    ] {
        let router = Router::start(&rules(&first, &second, more.clone())).await;
        let answer = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_ok(&answer);
        assert_eq!(answer.attempts(), "first=200", "{more}");
    }
}

#[tokio::test]
async fn a_provider_is_not_told_the_priority_that_it_does_not_take() {
    let message = json!({"id": "msg", "type": "message", "role": "assistant", "model": "x",
                         "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
                         "usage": {"input_tokens": 1, "output_tokens": 1}});
    let by_path = move |seen: &Seen| match seen.target.ends_with("/messages") {
        true => Reply::json(200, &message),
        false => Reply::chat("hi"),
    };
    let upstream = Upstream::start(Script::by(by_path)).await;
    let deaf = json!({"url": upstream.base(), "onwards_model": "m2",
                      "accepts_scheduling_priority": false});
    let open = json!({"url": upstream.base(), "onwards_model": "m2"});
    let elsewhere = json!({"url": upstream.base(), "protocol": "anthropic",
                           "accepts_scheduling_priority": false});
    let file = json!({"targets": {"deaf": deaf, "open": open, "elsewhere": elsewhere}});
    let router = Router::start(&file).await;
    let written = |alias: &str, cut: bool| {
        let (one, two) =
            if cut { (" ", "") } else { (r#""priority": 3, "#, r#", "nvext":{"a":"}"}"#) };
        format!(
            r#"{{ {one}"model":"{alias}","messages":[{{"role":"user","content":"priority","priority":1}}]{two}, "n":1.0}}"#
        )
    };
    let ask = async |body: String| {
        let call = Call::post(CHAT).header("content-type", "application/json").body(body);
        assert_ok(&call.send(router.addr()).await);
        String::from_utf8(upstream.last().body).unwrap()
    };
    assert_eq!(ask(written("deaf", false)).await, written("m2", true));
    assert_eq!(ask(written("open", false)).await, written("m2", false));
    let body = json!({"model": "elsewhere", "priority": 3, "nvext": {},
                      "messages": [{"role": "user", "content": "hi"}]});
    let seen: Value = serde_json::from_str(&ask(body.to_string()).await).unwrap();
    assert!(seen.get("priority").is_none() && seen.get("nvext").is_none(), "{seen}");
}

/// The keys that only the successor of the original has, and that mean the same here.
const KEYS: [&str; 26] = [
    "pools",
    "completions",
    "accepts_scheduling_priority",
    "first_token_timeout_ms",
    "realtime_on_status",
    "inflight_limit",
    "account_inflight_limits",
    "aimd",
    "latency_budget_ms",
    "breach_rate_target",
    "recovery_breach_rate",
    "window_samples",
    "min_samples",
    "share_step",
    "share_decay",
    "share_floor",
    "dwell_ms",
    "idle_recovery_ms",
    "overload_statuses",
    "affinity",
    "target_conversations",
    "margin",
    "active_window_ms",
    "update_interval_ms",
    "max_tracked",
    "account",
];

/// The files of the page under its first heading that have one of the keys.
fn published() -> Vec<Value> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrating.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page.split("\n## ").find(|it| it.starts_with("From the original")).unwrap();
    let blocks = section.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let files = blocks.map(|block| serde_json::from_str::<Value>(block).unwrap());
    let of_successor = |file: &Value| {
        let mut keys = BTreeSet::new();
        collect(file, &mut keys);
        KEYS.iter().any(|key| keys.contains(*key))
    };
    files.filter(of_successor).collect()
}

fn collect(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            keys.insert(key.clone());
            collect(value, keys);
        }),
        Value::Array(all) => all.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

/// Every provider is the one of the laboratory; the names of the variables that the file reads.
fn aimed(value: &mut Value, base: &str, variables: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| match key.as_str() {
            "url" => *value = base.into(),
            _ => aimed(value, base, variables),
        }),
        Value::Array(all) => all.iter_mut().for_each(|value| aimed(value, base, variables)),
        Value::String(text) => {
            let name = text.strip_prefix("${env:").and_then(|rest| rest.strip_suffix('}'));
            variables.extend(name.map(str::to_owned));
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_example_of_the_successors_keys_in_the_page_loads_and_runs() {
    let by_path = |seen: &Seen| match seen.target.contains("/chat/completions") {
        false => Reply::json(
            200,
            &json!({"id": "c", "object": "text_completion", "created": 1,
            "model": "m", "choices": [{"index": 0, "text": "hi", "finish_reason": "stop"}]}),
        ),
        true if seen.mentions("\"stream\":true") => Reply::chat_stream(&["hi"]),
        true => Reply::chat("hi"),
    };
    let upstream = Upstream::start(Script::by(by_path)).await;
    let mut seen = BTreeSet::new();
    let files = published();
    assert!(files.len() >= 3, "{}", files.len());
    for mut file in files {
        collect(&file, &mut seen);
        let mut variables = BTreeSet::new();
        aimed(&mut file, &upstream.base(), &mut variables);
        let mut launch =
            Launch::new(&file).args(["--shutdown-delay-secs", "0", "--shutdown-timeout-secs", "1"]);
        for name in &variables {
            launch = launch.env(name, format!("sk-{name}-0123456789"));
        }
        let router = launch.start().await;
        for (alias, target) in file["targets"].as_object().unwrap() {
            let key = match target["keys"][0].as_str() {
                None => String::new(),
                Some(name) => {
                    let key = file["auth"]["key_definitions"][name]["key"].as_str().unwrap();
                    let name = key.trim_start_matches("${env:").trim_end_matches('}');
                    format!("sk-{name}-0123456789")
                }
            };
            for body in [chat(alias), chat_stream(alias)] {
                assert_ok(&router.post(CHAT, &key, &body).await);
            }
            let body = json!({"model": alias, "prompt": "Once"});
            assert_ok(&router.post("/v1/completions", &key, &body).await);
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(Call::get(path).send(router.metrics_addr()).await.status, 200, "{path}");
        }
    }
    let missing: Vec<_> = KEYS.iter().filter(|key| !seen.contains(**key)).collect();
    assert!(missing.is_empty(), "in no example: {missing:?}");
}
