//! Aliases, read and changed: live when they are answered, with the rest of the file as it was.

use serde_json::{Value, json};

use super::{administered, administered_raw, audit, call, field, file, get, send};
use crate::support::{Launch, Reply, Upstream, assert_ok};

/// A file as a person writes it; `URL` is the provider's.
const WRITTEN: &str = r#"{
    "strict_mode":   false,

    "targets": {
        "m":   { "url": "URL",  "onwards_key" : "a-secret-of-m" , "weight" : 5.0 },
        "list": [ {"url": "URL"},
                  {"url": "URL", "name": "second"} ]
    },
    "defaults": { "timeouts": {"connect_ms":  700} }
}
"#;

#[tokio::test]
async fn a_change_is_live_when_it_is_answered_and_moves_no_other_byte() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let written = WRITTEN.replace("URL", &upstream.base());
    let router = administered_raw(&written).await;
    let created =
        send(&router, "PUT", "/admin/targets/smart/new", &json!({"url": upstream.base()})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!((&created.json()["live"], &created.json()["changed"]), (&json!(true), &json!(true)));
    assert_ok(&router.chat("smart/new").await);
    let added = format!(
        " ],\n        \"smart/new\": {{\"url\": \"{}\"}}\n    }},\n    \"defaults\"",
        upstream.base()
    );
    let expected = written.replace(" ]\n    },\n    \"defaults\"", &added);
    assert_eq!(file(&router), expected);

    let patched = send(&router, "PATCH", "/admin/targets/m", &json!({"weight": 7})).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let expected = expected.replace("5.0", "7");
    assert_eq!(file(&router), expected);
    let now = get(&router, "/admin/config").await;
    assert_eq!(now.header("etag"), patched.header("etag"));

    let gone = call("DELETE", "/admin/targets/smart%2Fnew").send(router.metrics_addr()).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(file(&router), written.replace("5.0", "7"));
    assert_eq!(router.chat("smart/new").await.status, 404);
    let again = call("DELETE", "/admin/targets/smart/new").send(router.metrics_addr()).await;
    assert_eq!((again.status, again.code().as_str()), (404, "not_found"));

    let lines = audit(&router, 3).await;
    let whats: Vec<_> = lines.iter().map(|line| field(line, "before").unwrap()).collect();
    let afters: Vec<_> = lines.iter().map(|line| field(line, "after").unwrap()).collect();
    assert_eq!(whats[1..], afters[..2], "each begins where the last one ended");
    assert_eq!(Some(format!("\"{}\"", afters[2]).as_str()), gone.header("etag"));
    assert!(lines[0].contains("PUT targets") && lines[0].contains("smart/new"), "{}", lines[0]);
    assert!(lines.iter().all(|line| field(line, "from") == Some("127.0.0.1")), "{lines:?}");
}

#[tokio::test]
async fn what_would_be_refused_changes_nothing_and_every_problem_is_told() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let written = WRITTEN.replace("URL", &upstream.base());
    let router = administered_raw(&written).await;
    let bad = json!({"url": "ftp://x", "wieght": 1});
    let refused = send(&router, "PUT", "/admin/targets/bad", &bad).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_configuration"));
    let problems = refused.json()["problems"].to_string();
    assert!(problems.contains("wieght") && problems.contains("targets[\\\"bad\\\"]"), "{problems}");
    for (method, path, body, status) in [
        ("PUT", "/admin/targets/x", json!("text"), 400),
        ("PATCH", "/admin/targets/x", json!({"weight": 1}), 404),
        ("PATCH", "/admin/targets/m", json!([1]), 400),
        ("PUT", "/admin/targets/x?dry_run=maybe", json!({"url": "mock:"}), 400),
        ("PUT", "/admin/targets/x?dryrun=true", json!({"url": "mock:"}), 400),
        ("PUT", "/admin/targets/x", json!({"url": "mock:", "onwards_key": "***"}), 400),
        ("POST", "/admin/targets/x", json!({}), 405),
        ("PUT", "/admin/nothing", json!({}), 404),
    ] {
        let refused = send(&router, method, path, &body).await;
        assert_eq!(refused.status, status, "{method} {path}: {}", refused.text());
        assert!(refused.json()["error"]["message"].is_string());
    }
    let twice = call("PUT", "/admin/targets/x").body(r#"{"url": "mock:", "url": "mock:"}"#);
    let twice = twice.send(router.metrics_addr()).await;
    assert_eq!((twice.status, twice.code().as_str()), (400, "invalid_json"), "{}", twice.text());
    let large = call("PUT", "/admin/targets/x").body(vec![b' '; (1 << 20) + 1]);
    assert_eq!(large.send(router.metrics_addr()).await.status, 413);
    assert_eq!(file(&router), written);
    assert!(!router.log_text().contains(" audit "));
}

#[tokio::test]
async fn a_dry_run_shows_the_difference_without_secrets_and_writes_nothing() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let written = WRITTEN.replace("URL", &upstream.base());
    let router = administered_raw(&written).await;
    let patch = json!({"weight": 9, "onwards_key": "another-secret"});
    let shown = send(&router, "PATCH", "/admin/targets/m?dry_run=true", &patch).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let diff = shown.json()["diff"].as_str().unwrap().to_owned();
    let line = |text: &str| diff.lines().any(|line| line.contains(text));
    assert!(line("-        \"m\"") && line("+        \"m\"") && diff.contains(": 9"), "{diff}");
    assert!(diff.contains("*** (new)") && !diff.contains("secret"), "{diff}");
    assert_eq!(file(&router), written);
    assert_eq!(shown.header("etag"), get(&router, "/admin/config").await.header("etag"));
}

#[tokio::test]
async fn a_change_for_another_state_of_the_file_is_412() {
    let router = administered_raw("{\"targets\": {\"m\": {\"url\": \"mock:\"}}}").await;
    let etag = get(&router, "/admin/targets/m").await.header("etag").unwrap().to_owned();
    let put = |etag: &str, weight: u32| {
        call("PATCH", "/admin/targets/m").header("if-match", etag).json(&json!({"weight": weight}))
    };
    let first = put(&etag, 2).send(router.metrics_addr()).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let stale = put(&etag, 3).send(router.metrics_addr()).await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
    let next = first.header("etag").unwrap();
    assert_eq!(put(next, 4).send(router.metrics_addr()).await.status, 200);
    assert!(file(&router).contains("\"weight\": 4"));
}

#[tokio::test]
async fn conditions_are_those_of_rfc_9110() {
    let router = administered_raw("{\"targets\": {\"m\": {\"url\": \"mock:\"}}}").await;
    let key = json!({"labels": {"team": "blue"}});
    let route = json!({"uri": "/ai", "plugins": {"ai-proxy": {"provider": "openai",
        "auth": {"header": {"Authorization": "Bearer sk-0"}}, "options": {"model": "gpt-4o"}}}});
    let target = json!({"url": "mock:"});
    let route_path = "/apisix/admin/routes/r";
    for (path, body) in
        [("/admin/targets/n", &target), ("/admin/keys/k", &key), (route_path, &route)]
    {
        let put = async |header: &str, value: &str| {
            let call = call("PUT", path).header(header, value).json(body);
            let answer = call.send(router.metrics_addr()).await;
            if answer.status == 412 {
                assert_eq!(answer.code(), "precondition_failed", "{}", answer.text());
            }
            answer.status
        };
        let before = file(&router);
        assert_eq!(put("if-match", "*").await, 412, "{path}: there is nothing to replace");
        assert_eq!(file(&router), before);
        assert_eq!(put("if-none-match", "*").await, 201, "{path}: it is new");
        let made = file(&router);
        assert_eq!(put("if-none-match", "*").await, 412, "{path}: it exists");
        assert_eq!(file(&router), made);
        assert_eq!(put("if-match", "*").await, 200, "{path}: it is replaced");
    }
    let etag = get(&router, "/admin/config").await.header("etag").unwrap().to_owned();
    let (weak, within) = (format!("W/{etag}"), etag.replace('"', ""));
    for (header, value, status) in [
        ("if-match", format!("\"a\", {etag}"), 200),
        ("if-match", format!("\"a\", {weak}"), 412),
        ("if-match", format!("\"a,{within},b\""), 412),
        ("if-none-match", format!("\"a\", {weak}"), 412),
        ("if-none-match", "\"a\"".to_owned(), 200),
    ] {
        let call = call("PATCH", "/admin/targets/m?dry_run=true").header(header, &value);
        let answer = call.json(&json!({"weight": 2})).send(router.metrics_addr()).await;
        assert_eq!(answer.status, status, "{header}: {value}: {}", answer.text());
    }
    for (method, path, status) in [
        ("PATCH", "/admin/targets/m", 412),
        ("PATCH", "/admin/targets/absent", 404),
        ("DELETE", "/admin/targets/m", 412),
        ("POST", "/admin/keys/k/rotate", 412),
    ] {
        let call = call(method, path).header("if-none-match", "*").json(&json!({}));
        let answer = call.send(router.metrics_addr()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_read_can_be_written_back_and_shows_no_secret() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let written = WRITTEN.replace("URL", &upstream.base());
    let router = administered_raw(&written).await;
    let read = get(&router, "/admin/targets/m").await;
    let mut target = read.json()["target"].clone();
    assert_eq!(target["onwards_key"], "***", "{}", read.text());
    assert_eq!(read.json()["providers"][0]["state"], "ready");
    let back = send(&router, "PUT", "/admin/targets/m", &target).await;
    assert_eq!((back.status, &back.json()["changed"]), (200, &json!(false)), "{}", back.text());
    target["weight"] = json!(3);
    assert_eq!(send(&router, "PUT", "/admin/targets/m", &target).await.status, 200);
    assert_eq!(file(&router), written.replace("5.0", "3"));
    target["url"] = json!("http://127.0.0.1:1");
    let elsewhere = send(&router, "PUT", "/admin/targets/m", &target).await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (400, "masked_secret"));
    for path in ["/admin/config", "/admin/targets", "/admin/targets/m"] {
        let shown = get(&router, path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert!(!shown.text().contains("a-secret-of-m"), "{path}: {}", shown.text());
    }
    assert!(!router.log_text().contains("a-secret-of-m"));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_409_with_the_reason() {
    let targets = json!({"targets": {"m": {"url": "mock:"}}});
    let launch = Launch::new(&targets).env("ONWARDS_ADMIN_KEY", super::KEY).config_map();
    let router = launch.start().await;
    let refused = send(&router, "PATCH", "/admin/targets/m", &json!({"weight": 2})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "file_not_writable"));
    assert!(refused.text().contains("ConfigMap"), "{}", refused.text());
    let shown =
        send(&router, "PATCH", "/admin/targets/m?dry_run=true", &json!({"weight": 2})).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
}

#[tokio::test]
async fn a_file_that_has_problems_already_is_409_with_them() {
    let router = administered_raw("{\"targets\": {\"m\": {\"url\": \"mock:\"}}}").await;
    std::fs::write(router.file(), "{\"targets\": ").unwrap();
    let refused = send(&router, "PATCH", "/admin/targets/m", &json!({"weight": 2})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "file_has_problems"));
    assert_eq!(refused.json()["problems"].as_array().unwrap().len(), 1);
    assert_eq!(file(&router), "{\"targets\": ");
}

#[tokio::test]
async fn reload_answers_what_became_of_it() {
    let launch = Launch::raw("{\"targets\": {\"m\": {\"url\": \"mock:\"}}}");
    let launch = launch.env("ONWARDS_ADMIN_KEY", super::KEY).args(["--watch", "false"]);
    let router = launch.start().await;
    std::fs::write(router.file(), "{\"targets\": {\"n\": {\"url\": \"mock:\"}}}").unwrap();
    let taken = call("POST", "/admin/reload").send(router.metrics_addr()).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(router.models().await, ["n"]);
    std::fs::write(router.file(), "{\"targets\": {\"n\": {\"url\": 5}}}").unwrap();
    let refused = call("POST", "/admin/reload").send(router.metrics_addr()).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "not_taken"), "{}", refused.text());
}

#[tokio::test]
async fn a_name_that_no_client_could_mean_makes_no_alias() {
    let router = administered_raw("{\n  \"targets\": {}\n}\n").await;
    let body = json!({"url": "mock:"});
    for name in
        ["/ab", "%2Fab", "a//b", "ab/", "%20", "%20a", "a%20", "a/%09/b", "%00", "a%00b", "a%0Ab"]
    {
        let path = format!("/admin/targets/{name}");
        let refused = send(&router, "PUT", &path, &body).await;
        assert!(
            [400, 422].contains(&refused.status),
            "{name}: {} {}",
            refused.status,
            refused.text()
        );
    }
    for alias in ["/ab", " ", "a\u{0}b"] {
        let params = json!({"model": "openai/gpt-4o", "api_key": "sk-a-test-key"});
        let new = json!({"model_name": alias, "litellm_params": params});
        let refused = send(&router, "POST", "/model/new", &new).await;
        assert!([400, 422].contains(&refused.status), "{alias:?}: {}", refused.text());
    }
    assert_eq!(file(&router), "{\n  \"targets\": {}\n}\n");
    for name in ["a", "a/b", "a%20b", "openai/gpt-4o:free", "%E4%B8%AD"] {
        let path = format!("/admin/targets/{name}");
        assert_eq!(send(&router, "PUT", &path, &body).await.status, 201, "{name}");
    }
}

#[test]
fn a_blank_name_or_one_with_control_characters_is_a_problem_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    for name in ["", " ", "a\u{0}b", "a\nb"] {
        let text = json!({"targets": {name: {"url": "mock:"}}}).to_string();
        std::fs::write(&path, text).unwrap();
        let output = crate::support::run_cli_with(["check", path.to_str().unwrap()], &[]);
        assert!(!output.status.success(), "{name:?}");
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(told.contains("a target's name must not"), "{name:?}: {told}");
    }
}

#[tokio::test]
async fn a_pool_of_a_class_is_written_by_its_name_and_becomes_no_alias_beside_it() {
    let router = administered(&json!({"targets": {
        "m": {"pools": {
            "default": [{"url": "mock:", "name": "one"}],
            "completions": [{"url": "mock:", "name": "two"}]}},
        "plain": {"url": "mock:"}}}))
    .await;
    let written = || -> Value { serde_json::from_str(&file(&router)).unwrap() };
    let body = json!([{"url": "mock:", "name": "three"}, {"url": "mock:", "name": "four"}]);
    let put = send(&router, "PUT", "/admin/targets/m/default", &body).await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(written()["targets"]["m"]["pools"]["default"], body);
    assert!(written()["targets"].get("m/default").is_none(), "{}", file(&router));
    for (name, providers) in [("m/default", 2), ("m/completions", 1)] {
        let told = get(&router, &format!("/admin/targets/{name}")).await.json();
        assert_eq!((&told["alias"], &told["live"]), (&json!(name), &json!(true)));
        assert_eq!(told["providers"].as_array().unwrap().len(), providers, "{told}");
    }
    let gone = call("DELETE", "/admin/targets/m/completions").send(router.metrics_addr()).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(written()["targets"]["m"]["pools"], json!({"default": body}));
    assert_eq!(get(&router, "/admin/targets/m/completions").await.status, 404);
    // An alias without pools has none of a class, and one of that name is an alias.
    assert_eq!(get(&router, "/admin/targets/plain/default").await.status, 404);
    let put = send(&router, "PUT", "/admin/targets/plain/default", &json!({"url": "mock:"})).await;
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(written()["targets"]["plain/default"]["url"], "mock:");
}
