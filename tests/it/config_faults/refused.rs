//! Files that are refused, and what is said about them: C1, C6, C7, C13 to C17.
//!
//! Never: a problem is named without its place, and no value of a secret is quoted.

use serde_json::{Value, json};

use crate::support::router::{CHAT, run_cli_with};
use crate::support::{
    Launch, Reply, Router, Upstream, assert_error, assert_ok, chat, run_cli, secs,
};

/// What `onwards check` says about this file, and whether it accepts it.
fn check(content: &str) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    std::fs::write(&file, content).unwrap();
    let output = run_cli(["check", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "exit {:?}: {text}", output.status);
    (output.status.success(), text.into_owned())
}

#[track_caller]
fn assert_refused(content: &str, words: &[&str]) {
    let (accepted, text) = check(content);
    assert!(!accepted, "accepted: {content}\n{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not said about {content}:\n{text}");
    }
    assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
    assert!(!text.contains("untagged enum"), "{text}");
}

#[track_caller]
fn assert_accepted(content: &Value) {
    let (accepted, text) = check(&content.to_string());
    assert!(accepted, "refused: {content}\n{text}");
}

/// A file of one provider with one more key.
fn with(key: &str, value: &Value) -> String {
    let mut provider = json!({"url": "http://one.example"});
    provider[key] = value.clone();
    json!({"targets": {"m": {"providers": [provider]}}}).to_string()
}

#[tokio::test]
async fn c1_invalid_json_stops_the_start_with_its_place() {
    let broken = "{\n  \"targets\": {\n    \"m\": {\"url\": \"http://one.example\",}\n  }\n}\n";
    assert_refused(broken, &["targets.json:3:", "^"]);
    for content in [broken, "", "{\"targets\":", "not json", "[]"] {
        let mut router = Launch::raw(content).spawn();
        let exit = router.wait_exit(secs(5)).await.expect("it does not start");
        assert!(!exit.success());
        tokio::task::yield_now().await;
        let told = crate::support::eventually(secs(1), async || {
            router.log_text().contains("targets.json:")
        });
        assert!(told.await, "no place for {content:?}: {}", router.log_text());
        assert!(!router.log_text().contains("panicked"), "{}", router.log_text());
    }
}

#[test]
fn c1_a_wrong_kind_of_value_is_told_with_path_and_place() {
    let file = "{\n  \"targets\": {\n    \"gpt-4\": {\n      \"providers\": [\n        \
        {\"url\": \"http://a.example\"},\n        {\"url\": \"http://b.example\", \"weight\": \"two\"}\n      ]\n    }\n  }\n}\n";
    assert_refused(file, &["targets.json:6:", "targets[\"gpt-4\"].providers[1].weight", "^"]);
    assert_refused(r#"{"targets":{"m":{"strategy":"priority"}}}"#, &["targets", "providers"]);
    assert_refused(r#"{"targets":{"m":"http://a.example"}}"#, &["targets"]);
    assert_refused(r#"{}"#, &["targets"]);
    assert_refused("{\"targets\":{}}\u{0}", &["targets.json:1:"]);
}

#[test]
fn c1_every_problem_is_told_at_once() {
    let two =
        r#"{"targets":{"a":{"url":"ftp://a.example"},"b":{"url":"http://b.example","weight":-1}}}"#;
    assert_refused(two, &["targets[\"a\"].url", "targets[\"b\"].weight"]);
}

/// The places of the problems of a file, in their order.
fn places(content: &str) -> Vec<String> {
    let (_, text) = check(content);
    let told = text.lines().filter_map(|line| line.split_once("targets.json:"));
    let place = |(_, rest): (_, &str)| rest.splitn(3, [':', ' ']).nth(2).map(str::to_owned);
    told.filter_map(place)
        .filter_map(|rest| rest.trim_start().split_once(": ").map(|(place, _)| place.to_owned()))
        .collect()
}

#[test]
fn c1_what_is_wrong_in_one_place_hides_nothing_elsewhere_in_its_target() {
    let both = [
        (
            r#"{"url":"ftp://x","rate_limit":{"requests_per_second":0}}"#,
            [".url", ".rate_limit.requests_per_second"],
        ),
        (
            r#"{"fallback":{"on_status":[1000],"to":["gone"]},"url":"mock:"}"#,
            [".fallback.on_status[0]", ".fallback.to[0]"],
        ),
        (
            r#"{"url":"ftp://x","onwards_key":["${env:ONWARDS_LAB_NOT_SET}"]}"#,
            [".url", ".onwards_key[0]"],
        ),
        (
            r#"{"providers":[{"weight":1},{"url":"ftp://x"}]}"#,
            [".providers[0]", ".providers[1].url"],
        ),
        (r#"[5,{"url":"ftp://x"}]"#, ["[0]", "[1].url"]),
        (r#"{"url":5,"response_headers":{"a b":"c"}}"#, [".url", ".response_headers[\"a b\"]"]),
        (r#"{"providers":{},"fallback":{"to":["gone"]}}"#, [".providers", ".fallback.to[0]"]),
        (r#"{"weight":1,"fallback":{"to":["gone"]}}"#, ["", ".fallback.to[0]"]),
        (r#"{"hedge":{"after":5},"url":"mock:"}"#, [".hedge", ".hedge.after"]),
    ];
    for (target, expected) in both {
        let file = format!(r#"{{"targets":{{"m":{target}}}}}"#);
        let expected = expected.map(|place| format!("targets[\"m\"]{place}"));
        assert_eq!(places(&file), expected, "{file}");
    }
}

#[test]
fn c1_a_wrong_value_is_not_told_as_a_missing_one_too() {
    let key = |key: &str| {
        format!(r#"{{"targets":{{}},"auth":{{"key_definitions":{{"k":{{"key":{key}}}}}}}}}"#)
    };
    let place = "auth.key_definitions[\"k\"].key";
    for written in ["5", "\"\"", "\"${env:ONWARDS_LAB_NOT_SET}\""] {
        assert_eq!(places(&key(written)), [place], "{written}");
    }
    let one = [
        (r#""strategy":"sticky","sticky":{"header":5}"#, "sticky.header"),
        (r#""hedge":{"after_ms":0}"#, "hedge.after_ms"),
        (r#""strategy":"stiky","sticky":{"key":true}"#, "strategy"),
        (r#""protocol":"bedrok","aws":{"region":"r"}"#, "protocol"),
        (r#""protocol":"bedrock","onwards_key":5"#, "onwards_key"),
        (
            r#""protocol":"bedrock","aws":{"region":"r","access_key_id":5,"secret_access_key":"s"}"#,
            "aws.access_key_id",
        ),
    ];
    for (keys, place) in one {
        let file = format!(r#"{{"targets":{{"m":{{"url":"http://a",{keys}}}}}}}"#);
        assert_eq!(places(&file), [format!("targets[\"m\"].{place}")], "{file}");
    }
}

#[test]
fn c6_an_unknown_key_is_refused_with_the_nearest_one() {
    let nearest = [
        (
            r#"{"targets":{"gpt-4":{"providers":[{"url":"http://a.example","wieght":1}]}}}"#,
            "targets[\"gpt-4\"].providers[0].wieght",
            "`weight`",
        ),
        (
            r#"{"targets":{"m":{"url":"http://a.example","onward_key":"k"}}}"#,
            "onward_key",
            "`onwards_key`",
        ),
        (
            r#"{"targets":{"m":{"url":"http://a.example","fallback":{"enable":true}}}}"#,
            "fallback.enable",
            "`enabled`",
        ),
        (r#"{"target":{},"targets":{}}"#, "target", "`targets`"),
        (r#"{"targets":{},"auth":{"global_key":["k"]}}"#, "auth.global_key", "`global_keys`"),
        (
            r#"{"targets":{"m":{"url":"http://a.example","strategy":"prioritty"}}}"#,
            "strategy",
            "priority",
        ),
    ];
    for (content, path, near) in nearest {
        assert_refused(content, &[path, near, "targets.json:1:"]);
    }
}

#[test]
fn c7_a_repeated_key_is_refused_with_both_places() {
    let twice = "{\"targets\": {\n  \"gpt-4\": {\"url\": \"http://a.example\"},\n  \
        \"gpt-5\": {\"url\": \"http://b.example\"},\n  \"gpt-4\": {\"url\": \"http://c.example\"}\n}}";
    assert_refused(twice, &["gpt-4", "targets.json:4:", "2:"]);
    assert_refused(
        r#"{"targets":{"m":{"url":"http://a.example","url":"http://b.example"}}}"#,
        &["url"],
    );
    assert_refused(r#"{"targets":{},"t\u0061rgets":{}}"#, &["targets"]);
}

#[test]
fn c13_a_missing_reference_is_refused_by_its_name() {
    let env = with("onwards_key", &json!("${env:ONWARDS_LAB_NOT_SET}"));
    assert_refused(&env, &["ONWARDS_LAB_NOT_SET", "onwards_key"]);
    let file = with("onwards_key", &json!("${file:/nonexistent/lab-key}"));
    assert_refused(&file, &["/nonexistent/lab-key", "onwards_key"]);
    assert_accepted(
        &serde_json::from_str(&with("onwards_key", &json!("$${env:NOT_SET}"))).unwrap(),
    );
}

#[test]
fn c13_what_a_reference_found_is_never_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    for url in
        ["mock:${env:SEK}", "mock:?${env:SEK}", "mock:?${env:SEK}=1", "mock:?status=${env:SEK}"]
    {
        std::fs::write(&file, with("url", &json!(url))).unwrap();
        let output = run_cli_with(["check", file.to_str().unwrap()], &[("SEK", "sk-ENVSECRET")]);
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("providers[0].url"), "{url}: {text}");
        assert!(!text.contains("ENVSECRET"), "{url}: {text}");
    }
}

#[tokio::test]
async fn c13_references_are_replaced_by_what_they_name() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    std::fs::write(&key, "sk-from-file\n").unwrap();
    let entry = |key: String| json!({"url": upstream.base(), "onwards_key": key});
    let targets = json!({"targets": {
        "env": entry("${env:LAB_KEY}".to_owned()),
        "file": entry(format!("${{file:{}}}", key.display())),
        "plain": entry("$${env:LAB_KEY}".to_owned())}});
    let router = Launch::new(&targets).env("LAB_KEY", "sk-from-env").start().await;
    for (alias, sent) in
        [("env", "sk-from-env"), ("file", "sk-from-file"), ("plain", "${env:LAB_KEY}")]
    {
        assert_ok(&router.chat(alias).await);
        let expected = format!("Bearer {sent}");
        assert_eq!(upstream.last().header("authorization"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn c14_the_name_of_a_key_is_no_key() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({
        "auth": {"key_definitions": {"basic": {"key": "sk-real"}}},
        "targets": {"m": {"url": upstream.base(), "keys": ["basic", "sk-literal"]}}});
    let router = Router::start(&targets).await;
    assert_error(&router.post(CHAT, "basic", &chat("m")).await, 401, "invalid_api_key");
    assert_error(&router.post(CHAT, "", &chat("m")).await, 401, "missing_api_key");
    assert_ok(&router.post(CHAT, "sk-real", &chat("m")).await);
    assert_ok(&router.post(CHAT, "sk-literal", &chat("m")).await);
}

#[tokio::test]
async fn c15_urls_with_and_without_v1_mean_the_same() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let base = upstream.base();
    let forms = [
        ("", CHAT),
        ("/", CHAT),
        ("/v1", CHAT),
        ("/v1/", CHAT),
        ("/openai/v1", "/openai/v1/chat/completions"),
        ("/openai/v1/", "/openai/v1/chat/completions"),
        ("/openai", "/openai/v1/chat/completions"),
    ];
    let targets: serde_json::Map<String, Value> = forms
        .iter()
        .enumerate()
        .map(|(at, (path, _))| (format!("m{at}"), json!({"url": format!("{base}{path}")})))
        .collect();
    let router = Router::start(&json!({"targets": targets})).await;
    for (at, (path, expected)) in forms.iter().enumerate() {
        assert_ok(&router.chat(&format!("m{at}")).await);
        assert_eq!(upstream.last().target, *expected, "for the base {path:?}");
    }
    let query = format!("{CHAT}?api-version=1&x=%20y");
    assert_ok(&router.post(&query, "", &chat("m2")).await);
    assert_eq!(upstream.last().target, query);
    assert_refused(&with("url", &json!("http://user:secret-word@a.example/v1")), &[".url"]);
    let (_, text) = check(&with("url", &json!("http://user:secret-word@a.example/v1")));
    assert!(!text.contains("secret-word"), "the password is quoted: {text}");
}

#[test]
fn c16_numbers_that_make_no_sense_are_refused_with_their_path() {
    for (rps, burst) in
        [("0", "1"), ("-1", "1"), ("1e999", "1"), ("\"5\"", "1"), ("5", "0"), ("5", "-1")]
    {
        let limit = format!(r#"{{"requests_per_second":{rps},"burst_size":{burst}}}"#);
        let file =
            format!(r#"{{"targets":{{"m":{{"url":"http://a.example","rate_limit":{limit}}}}}}}"#);
        // What JSON itself can not hold has a place, and no path yet.
        let word = if rps == "1e999" { "targets.json:1:" } else { "rate_limit" };
        assert_refused(&file, &[word]);
    }
    let nan =
        r#"{"targets":{"m":{"url":"http://a.example","rate_limit":{"requests_per_second":NaN}}}}"#;
    assert_refused(nan, &["targets.json:1:"]);
    for count in [json!(0), json!(-1), json!(1.5)] {
        let limit = json!({"max_concurrent_requests": count});
        assert_refused(&with("concurrency_limit", &limit), &["max_concurrent_requests"]);
    }
    for weight in [json!(-1), json!(1.5), json!("1"), json!(u64::MAX)] {
        assert_refused(&with("weight", &weight), &["providers[0].weight"]);
    }
    for status in [json!(0), json!(600), json!(-5), json!(1000)] {
        let fallback = json!({"enabled": true, "on_status": [status]});
        let file = json!({"targets": {"m": {"url": "http://a.example", "fallback": fallback}}});
        assert_refused(&file.to_string(), &["on_status"]);
    }
}

#[tokio::test]
async fn c17_fractional_rates_are_accepted_and_hold() {
    for rps in [json!(5), json!(5.0), json!(0.2), json!(0.001)] {
        let limit = json!({"requests_per_second": rps});
        assert_accepted(
            &json!({"targets": {"m": {"url": "http://a.example", "rate_limit": limit}}}),
        );
    }
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let limit = json!({"requests_per_second": 0.2});
    let targets = json!({"targets": {"m": {"url": upstream.base(), "rate_limit": limit}}});
    let router = Router::start(&targets).await;
    assert_ok(&router.chat("m").await);
    let limited = router.chat("m").await;
    assert_error(&limited, 429, "rate_limit");
    let after: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((4..=5).contains(&after), "0.2 a second is one in five: {after}");
}

#[test]
fn c6_a_definition_has_a_key_or_a_pair_of_its_own() {
    let file = |definitions: Value| {
        json!({"targets": {}, "auth": {"key_definitions": definitions}}).to_string()
    };
    let pair = json!({"access_key_id": "AKIAONE", "secret_access_key": "very-secret"});
    assert_refused(
        &file(json!({"a": {}})),
        &["key_definitions[\"a\"]", "`key` is missing", "`aws`"],
    );
    let half = json!({"a": {"aws": {"access_key_id": "AKIAONE"}}});
    assert_refused(&file(half), &["aws: `secret_access_key` is missing"]);
    let twice = file(json!({"a": {"aws": pair}, "b": {"aws": pair}}));
    assert_refused(&twice, &["b\"].aws.access_key_id", "the same as that of `a`"]);
    assert!(!check(&twice).1.contains("very-secret"));
    assert_accepted(&json!({"targets": {}, "auth": {"key_definitions": {"a": {"aws": pair}}}}));
}
