//! The schema, held to the loader by a validator that knows nothing of either: what the loader refuses for
//! its shape, the schema refuses, and points at the same place.
//!
//! Never: the validator is ours. It is Python's `jsonschema`; where that is not there, nothing is tested.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{load::load, page};

/// Prints, for each file, the places of all errors.
const SCRIPT: &str = r"
import json, sys
from jsonschema import Draft202012Validator
told = json.load(sys.stdin)
Draft202012Validator.check_schema(told['schema'])
validator = Draft202012Validator(told['schema'])
places = []
for file in told['files']:
    errors = validator.iter_errors(file)
    places.append(['/'.join(map(str, error.absolute_path)) for error in errors])
print(json.dumps(places))
";

/// The places of the errors in each file; `None` where there is no validator.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn places(files: &[Value]) -> Option<Vec<Vec<String>>> {
    let has_validator = Command::new("python3").args(["-c", "import jsonschema"]).output();
    if !has_validator.is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: Python's `jsonschema` is not here");
        return None;
    }
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = json!({"schema": onwards::config::published(), "files": files});
    python.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A file with something wrong in it, and where.
fn bad_files() -> Vec<(Value, &'static str)> {
    let target = |target: Value| json!({"targets": {"a": target}});
    let single = |key: &str, value: Value| target(json!({"url": "https://h.example", key: value}));
    let pool = |key: &str, value: Value| {
        target(json!({"providers": [{"url": "https://h.example"}], key: value}))
    };
    let provider = |key: &str, value: Value| {
        let bad = json!({"url": "https://h.example", key: value});
        target(json!({"providers": [{"url": "https://g.example"}, bad]}))
    };
    vec![
        (json!([]), ""),
        (json!({"target": {}}), ""),
        (json!({"targets": []}), "targets"),
        (target(json!({"uri": "https://h.example"})), "targets/a"),
        (single("weigth", json!(1)), "targets/a"),
        (single("weight", json!(-1)), "targets/a/weight"),
        (single("weight", json!("1")), "targets/a/weight"),
        (single("url", json!("ftp://h")), "targets/a/url"),
        (single("url", json!("https://u:p@h.example")), "targets/a/url"),
        (single("url", json!("https://h.example/#f")), "targets/a/url"),
        (single("name", json!("no name")), "targets/a/name"),
        (single("protocol", json!("grpc")), "targets/a/protocol"),
        (single("onwards_key", json!("")), "targets/a/onwards_key"),
        (single("onwards_key", json!([])), "targets/a/onwards_key"),
        (single("tls", json!({"cert": "a.crt"})), "targets/a/tls"),
        (single("tls", json!({"client_ca": "a.crt"})), "targets/a/tls"),
        (single("sanitize", json!(true)), "targets/a"),
        (pool("strategy", json!("random")), "targets/a/strategy"),
        (pool("fallback", json!({"on_status": [600]})), "targets/a/fallback/on_status/0"),
        (pool("fallback", json!({"on_status": ["5xx"]})), "targets/a/fallback/on_status/0"),
        (pool("fallback", json!({"backoff": {"initial": 1}})), "targets/a/fallback/backoff"),
        (
            pool("fallback", json!({"backoff": {"initial_ms": 1, "jitter": "some"}})),
            "targets/a/fallback/backoff/jitter",
        ),
        (
            pool("rate_limit", json!({"requests_per_second": 0})),
            "targets/a/rate_limit/requests_per_second",
        ),
        (pool("concurrency_limit", json!({})), "targets/a/concurrency_limit"),
        (pool("hedge", json!({"after_ms": 1, "after_percentile": 95})), "targets/a/hedge"),
        (pool("hedge", json!({"side_effects": true})), "targets/a/hedge"),
        (pool("token_limit", json!({})), "targets/a/token_limit"),
        (pool("sticky", json!({})), "targets/a/sticky"),
        (pool("sticky", json!({"key": false})), "targets/a/sticky"),
        (pool("sticky", json!({"header": "a b"})), "targets/a/sticky/header"),
        (single("api_prefix", json!("x")), "targets/a/api_prefix"),
        (single("upstream_auth_header_name", json!("")), "targets/a/upstream_auth_header_name"),
        (single("reasoning_translation", json!({})), "targets/a/reasoning_translation"),
        (single("aws", json!({"access_key_id": "AKIA"})), "targets/a/aws"),
        (pool("url", json!("https://h.example")), "targets/a"),
        (provider("priority", json!("1")), "targets/a/providers/1/priority"),
        (provider("timeouts", json!({"idle": 1})), "targets/a/providers/1/timeouts"),
        (
            provider("rate_limit", json!({"requests_per_second": "5"})),
            "targets/a/providers/1/rate_limit/requests_per_second",
        ),
        (target(json!([{"url": "https://h.example"}, {"weight": 1}])), "targets/a/1"),
        (
            pool("routing_rules", json!([{"match_labels": {}, "action": {"type": "allow"}}])),
            "targets/a/routing_rules/0/action/type",
        ),
        (
            pool("routing_rules", json!([{"match_labels": {}, "action": {"type": "redirect"}}])),
            "targets/a/routing_rules/0/action",
        ),
        (
            json!({"targets": {}, "auth": {"key_definitions": {"k": {"labels": {"a": 1}, "key": "sk-k"}}}}),
            "auth/key_definitions/k/labels/a",
        ),
        (json!({"targets": {}, "auth": {"key_definitions": {"k": {}}}}), "auth/key_definitions/k"),
    ]
}

#[test]
fn what_the_loader_refuses_the_schema_refuses_at_the_same_place() {
    let bad = bad_files();
    let files: Vec<Value> = bad.iter().map(|(file, _)| file.clone()).collect();
    let Some(found) = places(&files) else { return };
    for ((file, place), places) in bad.iter().zip(found) {
        assert!(load(&file.to_string()).is_err(), "it loads: {file}");
        assert!(places.iter().any(|found| found == place), "{file}: {place}, found {places:?}");
        // Nothing else is told beside it, least of all the target as a whole.
        assert!(places.iter().all(|found| found.starts_with(place)), "{file}: {places:?}");
    }
}

#[test]
fn every_example_of_the_documents_fits_the_schema() {
    let mut files = Vec::new();
    for page in page::all() {
        for block in page.blocks().iter().filter(|block| block.info == "json") {
            files.push(serde_json::from_str::<Value>(&block.text).unwrap());
        }
    }
    let example = std::fs::read_to_string(page::root().join("targets.example.json")).unwrap();
    files.push(serde_json::from_str(&example).unwrap());
    let Some(found) = places(&files) else { return };
    for (file, places) in files.iter().zip(found) {
        assert!(places.is_empty(), "{places:?}: {file}");
    }
}
