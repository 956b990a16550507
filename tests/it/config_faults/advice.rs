//! What `onwards check` says of files that are allowed and probably not meant, and what it suggests for
//! those that are not allowed.
//!
//! Never: a warning repeats a credential or a URL.

use serde_json::{Value, json};

use crate::support::run_cli;

/// Exit status, standard output, standard error.
fn check(file: &Value, flags: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let arguments = ["check", path.to_str().unwrap()].into_iter().chain(flags.iter().copied());
    let output = run_cli(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn target(target: Value) -> Value {
    json!({"targets": {"m": target}})
}

#[test]
fn list_of_keys_that_is_empty_and_opens_every_alias_is_a_warning() {
    let file = |keys: Value| json!({"auth": {"global_keys": []}, "targets": {"m": {"url": "http://127.0.0.1:1", "keys": keys}}});
    let mut open = file(Value::Null);
    open["targets"]["m"].as_object_mut().unwrap().remove("keys");
    let (status, _, told) = check(&open, &["--strict"]);
    assert!(status == 1 && told.contains("auth.global_keys"), "{told}");
    let closed = file(json!(["0123456789abcdef0123456789abcdef"]));
    assert!(!check(&closed, &[]).2.contains("global_keys"));
}

#[test]
fn what_is_probably_not_meant_is_a_warning_with_its_place() {
    let url = "https://llm.example.com";
    let key = |key: &str| target(json!({"url": url, "onwards_key": key}));
    let at = |url: &str| target(json!({"url": url, "onwards_key": "sk-0123456789abcdef"}));
    let cases = [
        (key("$OPENAI_API_KEY"), "onwards_key", "${env:NAME}"),
        (key("OPENAI_API_KEY"), "onwards_key", "${env:NAME}"),
        (key("os.environ/OPENAI"), "onwards_key", "${env:NAME}"),
        (key("Bearer sk-0123456789abcdef"), "onwards_key", "write only the key"),
        (key("bearer sk-0123456789abcdef"), "onwards_key", "write only the key"),
        (key("sk-..."), "onwards_key", "example"),
        (key("<your key>"), "onwards_key", "example"),
        (key("changeme"), "onwards_key", "example"),
        (key(" sk-0123456789abcdef"), "onwards_key", "white space"),
        (key("\"sk-0123456789abcdef\""), "onwards_key", "quotes"),
        (key("sk-0123456789 abcdef"), "onwards_key", "copy it again"),
        (key("sk-0123456789–abcdef"), "onwards_key", "copy it again"),
        (at("https://llm.example.com/v1/v1"), ".url", "remove one of the two"),
        (
            target(json!({"url": url, "onwards_key": ["sk-0123456789abcdef", "$B"]})),
            "onwards_key[1]",
            "",
        ),
        (at("https://api.openai.com/v1/chat/completions"), ".url", "remove `/chat/completions`"),
        (at("https://api.mistral.ai/v1/embeddings"), ".url", "remove `/embeddings`"),
        (at("https://api.anthropic.com"), "targets[\"m\"]", "\"protocol\": \"anthropic\""),
        (at("https://generativelanguage.googleapis.com"), "", "\"protocol\": \"gemini\""),
        (at("http://api.example.org/v1"), ".url", "https://"),
        (target(json!({"url": url, "fallback": {"on_status": [429]}})), ".fallback", "enabled"),
        (
            json!({"targets": {"n": {"url": url},
            "m": {"url": url, "fallback": {"enabled": false, "to": ["n"]}}}}),
            ".fallback.to",
            "never",
        ),
        (
            json!({"targets": {"n": [],
            "m": {"url": url, "fallback": {"enabled": true, "to": ["n"]}}}}),
            ".fallback.to",
            "no provider",
        ),
        (target(json!({"url": url, "onwards_model": "gpt-*"})), ".onwards_model", "pattern"),
        (target(json!({"url": url, "keys": ["team-*-0123456789"]})), ".keys[0]", "pattern"),
        (target(json!({"url": url, "keys": ["abc"]})), ".keys[0]", "guessed"),
        (target(json!({"url": url, "keys": ["$CLIENT_KEY"]})), ".keys[0]", "${env:NAME}"),
        (
            json!({"auth": {"global_keys": ["letmein"]}, "targets": {}}),
            "auth.global_keys[0]",
            "guessed",
        ),
        (
            json!({"auth": {"key_definitions": {"a": {"key": "pw"}}}, "targets": {}}),
            ".key",
            "guessed",
        ),
        (
            json!({"defaults": {"fallback": {"max_attempts": 2}}, "targets": {}}),
            "defaults.fallback",
            "enabled",
        ),
        (json!({"targets": {"^gpt-.*$": {"url": url}}}), "targets", "regular expression"),
        (
            target(json!({"url": url, "fallback": {"enabled": true, "aimd": {}},
                "timeouts": {"first_event_ms": 9_999}})),
            ".timeouts.first_event_ms",
            "latency_budget_ms",
        ),
        (
            target(json!({"providers": [
                {"url": url, "timeouts": {"total_ms": 400}}, {"url": url}],
                "fallback": {"enabled": true, "aimd": {"latency_budget_ms": 500}}})),
            ".providers[0].timeouts.total_ms",
            "latency_budget_ms",
        ),
        (
            target(
                json!({"url": url, "fallback": {"enabled": true, "first_token_timeout_ms": 3_000,
                "aimd": {}}}),
            ),
            ".fallback.first_token_timeout_ms",
            "latency_budget_ms",
        ),
        (
            json!({"defaults": {"timeouts": {"first_event_ms": 100}}, "targets": {
                "a": {"url": url, "fallback": {"enabled": true, "aimd": {}}},
                "b": {"url": url, "fallback": {"enabled": true, "aimd": {}, "deadline_ms": 60_000}}}}),
            "defaults.timeouts.first_event_ms",
            "latency_budget_ms",
        ),
        (
            json!({"targets": {"a": {"fallback": {"enabled": true, "aimd": {}, "deadline_ms": 50},
                "pools": {"default": {"url": url}, "completions": {"url": url}}}}}),
            "targets[\"a\"].fallback.deadline_ms",
            "latency_budget_ms",
        ),
        (
            target(json!({"providers": [{"url": url}, {"url": url, "weight": 0}],
                "fallback": {"enabled": true, "affinity": {"target_conversations": 9}}})),
            ".fallback.affinity",
            "every conversation stays",
        ),
    ];
    for (file, place, words) in cases {
        let (status, _, told) = check(&file, &[]);
        let lines: Vec<_> = told.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!((status, lines.len()), (0, 1), "{file}: {told}");
        assert!(lines[0].contains("targets.json:1:"), "{told}");
        assert!(lines[0].contains(place) && lines[0].contains(words), "{file}: {told}");
        assert!(!told.contains("0123456789"), "{told}");
        let (status, _, _) = check(&file, &["--strict"]);
        assert_eq!(status, 1, "{file}");
        let (status, json, _) = check(&file, &["--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((status, &json["ok"]), (0, &json!(true)), "{json}");
        assert_eq!(json["warnings"][0]["line"], 1, "{json}");
        assert!(json["warnings"][0]["path"].as_str().unwrap().contains(place), "{json}");
    }
}

/// What an operator reads at night: each says what to write.
#[test]
fn habits_of_other_languages_and_encodings_are_told_what_to_write() {
    let url = |url: &str| target(json!({"url": url})).to_string().into_bytes();
    let of = |text: &str| format!(r#"{{"targets":{{"m":{{"url":"mock:",{text}}}}}}}"#).into_bytes();
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (utf16, "save it as UTF-8"),
        ("{}".encode_utf16().flat_map(u16::to_be_bytes).collect(), "UTF-8"),
        (b"\x1f\x8b\x08".to_vec(), "gzip"),
        (b"model_list:\n  - model_name: a\n".to_vec(), "docs/from-litellm.md"),
        (br#"{"model_list":[],"litellm_settings":{}}"#.to_vec(), "docs/from-litellm.md"),
        (b"targets:\n  a:\n".to_vec(), "YAML"),
        (b"[targets]\n".to_vec(), "TOML"),
        (b"KEY=x\n".to_vec(), "variables"),
        (b"<html>".to_vec(), "HTML"),
        (b"{targets:{}}".to_vec(), "put the key in double quotes"),
        ("{\u{a0}\"targets\":{}}".into(), "plain blank"),
        (of(r#""trusted":True"#), "write `true` or `false`"),
        (of(r#""keys":None"#), "write `null`"),
        (of(r#""weight":NaN"#), "no such number"),
        (of(r#""name":bad"#), "put a text in double quotes"),
        (of(r#""rate_limit":10"#), r#"write `{"requests_per_second": …}`"#),
        (of(r#""concurrency_limit":5"#), r#"write `{"max_concurrent_requests": …}`"#),
        (of(r#""keys":"sk-0123456789abcdef""#), "write it in a list"),
        (br#"{"targets":[{"url":"mock:"}]}"#.to_vec(), r#"write `{"NAME": …"#),
        (br#"{"targets":{"m":"mock:"}}"#.to_vec(), r#"write `{"url": …}`"#),
        (
            of(r#""fallback":{"enabled":true,"to":["m"]}"#),
            "cannot take over from itself; remove it",
        ),
        (url("api.example.com/v1"), "write `https://` or `http://` before it"),
        (url("localhost:11434"), "before it"),
        (url("https:/api.example.com"), "two slashes"),
        (url("https://api.example.com/v1 "), "remove the white space"),
        (url("http://localhost:99999"), "65535"),
        (
            target(json!({"url": "https://a.example", "onwards_key": "sk-0123456789\n"}))
                .to_string()
                .into_bytes(),
            "line end",
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    for (content, words) in &cases {
        std::fs::write(&path, content).unwrap();
        let output = run_cli(["check", path.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let shown = String::from_utf8_lossy(content);
        assert_eq!(output.status.code(), Some(1), "{shown}: {told}");
        assert!(told.contains("targets.json:1:") && told.contains(words), "{shown}: {told}");
        assert!(!told.contains("0123456789"), "{told}");
    }
}

#[test]
fn what_is_meant_is_no_warning() {
    for file in [
        target(json!({"url": "http://localhost", "timeouts": {"first_event_ms": 10_000},
            "fallback": {"enabled": true, "aimd": {}, "first_token_timeout_ms": 10_001}})),
        target(json!({"url": "http://localhost", "timeouts": {"first_event_ms": 100},
            "fallback": {"enabled": true, "aimd": {"enabled": false}}})),
        target(json!({"url": "http://localhost:11434/v1", "onwards_key": "ollama"})),
        target(
            json!({"url": "http://vllm.models.svc.cluster.local", "onwards_key": "sk-0123456789ab"}),
        ),
        target(json!({"url": "http://10.0.0.7:8000", "onwards_key": "sk-0123456789ab"})),
        target(json!({"url": "http://api.example.org"})),
        target(json!({"url": "https://api.anthropic.com", "protocol": "openai"})),
        target(json!({"url": "https://generativelanguage.googleapis.com/v1beta/openai"})),
        target(json!({"url": "mock:", "fallback": {"enabled": false}})),
        target(json!({"url": "mock:", "onwards_key": "${caller}", "onwards_model": "${model}"})),
        json!({"targets": {"claude-*": {"url": "mock:"}}}),
        json!({"auth": {"key_definitions": {"a": {"key": "sk-0123456789ab"}}},
            "targets": {"m": {"url": "mock:", "keys": ["a"]}}}),
    ] {
        let (status, _, told) = check(&file, &["--strict"]);
        assert_eq!((status, told.as_str()), (0, ""), "{file}");
    }
}

#[test]
fn entry_that_is_nearly_the_name_of_a_definition_is_a_problem() {
    let file = |keys: Value, global: Value| {
        json!({"auth": {"global_keys": global,
                "key_definitions": {"basic-plan": {"key": "sk-0123456789ab"}, "ops": {"key": "sk-0123456789cd"}}},
            "targets": {"m": {"url": "mock:", "keys": keys}}})
    };
    for (keys, global, place) in [
        (json!(["basic_plan"]), json!([]), "targets[\"m\"].keys[0]"),
        (json!(["ops", "Basic-Plan"]), json!([]), "targets[\"m\"].keys[1]"),
        (json!(["basic-plam"]), json!([]), "targets[\"m\"].keys[0]"),
        (json!(["op"]), json!([]), "targets[\"m\"].keys[0]"),
        (json!(["ops"]), json!(["basicplan"]), "auth.global_keys[0]"),
    ] {
        let (status, _, told) = check(&file(keys.clone(), global), &[]);
        assert_eq!(status, 1, "{keys}: {told}");
        assert!(told.contains(place) && told.contains("did you mean"), "{keys}: {told}");
    }
    let (status, _, told) =
        check(&file(json!(["basic-plan", "sk-another-0123456"]), json!([])), &[]);
    assert_eq!(status, 0, "{told}");
    let defaults = json!({"auth": {"key_definitions": {"ops": {"key": "sk-0123456789ab"}}},
        "defaults": {"keys": ["opps"]}, "targets": {"a": {"url": "mock:"}, "b": {"url": "mock:"}}});
    let (status, _, told) = check(&defaults, &[]);
    assert_eq!((status, told.matches("defaults.keys[0]").count()), (1, 1), "{told}");
}

#[test]
fn names_of_other_gateways_and_numbers_with_units_are_hinted_at() {
    let url = "https://llm.example.com";
    for (file, words) in [
        (target(json!({"url": url, "api_key": "x"})), "did you mean `onwards_key`?"),
        (target(json!({"base_url": url, "apiKey": "x"})), "did you mean `url`?"),
        (target(json!([{"api_base": url}])), "did you mean `url`?"),
        (target(json!({"url": url, "model": "x"})), "did you mean `onwards_model`?"),
        (
            target(json!({"providers": [{"url": url, "model_name": "x"}]})),
            "did you mean `onwards_model`?",
        ),
        (
            target(json!({"url": url, "fallback": {"on_status": ["5xx"]}})),
            "write 5, which stands for 5xx",
        ),
        (
            target(json!({"url": url, "fallback": {"on_status": "5xx"}})),
            "write 5, which stands for 5xx",
        ),
        (target(json!({"url": url, "timeouts": {"response_ms": "30s"}})), "write 30000"),
        (target(json!({"url": url, "request_timeout_secs": "30s"})), "write 30:"),
        (target(json!({"url": url, "cooldown": {"duration_secs": "2m"}})), "write 120:"),
        (json!({"targets": {}, "port": 3000}), "a flag of `onwards serve`"),
    ] {
        let (status, _, told) = check(&file, &[]);
        assert_eq!(status, 1, "{file}");
        assert!(told.contains(words), "{file}: {told}");
        assert!(!told.contains("`url` is missing"), "{file}: {told}");
        let (status, json, _) = check(&file, &["--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((status, &json["ok"]), (1, &json!(false)), "{json}");
        assert!(json["problems"][0]["hint"].is_string(), "{json}");
    }
}

#[test]
fn offline_looks_up_no_reference_and_sees_all_else() {
    let file = |more: Value| {
        let mut target = json!({
            "url": "${env:ONWARDS_LAB_GONE}/v1", "onwards_key": ["${env:ONWARDS_LAB_A}", "${file:gone/b}"],
            "keys": ["${env:ONWARDS_LAB_C}"], "request_headers": {"x-a": "${env:ONWARDS_LAB_D}"}});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"auth": {"key_definitions": {"a": {"key": "${env:ONWARDS_LAB_E}"}, "b": {"key": "${env:ONWARDS_LAB_F}"}}},
            "targets": {"m": target, "v": {"url": "https://${env:ONWARDS_LAB_HOST}/v1", "protocol": "gemini",
                "gcp": {"service_account": "${file:gone.json}"}}}})
    };
    let (status, _, told) = check(&file(json!({})), &[]);
    assert_eq!((status, told.matches("ONWARDS_LAB").count() >= 6), (1, true), "{told}");
    let (status, said, told) = check(&file(json!({})), &["--offline", "--strict"]);
    assert_eq!((status, told.as_str()), (0, ""), "{said}");
    let (status, _, told) = check(&file(json!({"weight": -1})), &["--offline"]);
    assert!(status == 1 && told.contains("weight"), "{told}");
    let (status, _, told) =
        check(&target(json!({"url": "mock:", "name": "${oops}"})), &["--offline"]);
    assert!(status == 1 && told.contains("neither"), "{told}");
    let (_, _, told) =
        check(&target(json!({"url": "mock:", "onwards_key": "${OPENAI_API_KEY}"})), &[]);
    assert!(told.contains("did you mean `${env:OPENAI_API_KEY}`?"), "{told}");
}
