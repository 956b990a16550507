//! What may not stand in texts: looked for in requests of every protocol, wherever the text stands and however
//! it is written.
//!
//! Never: a provider sees what a rule refuses, or a client reads it in the refusal.

mod address;
mod answers;
mod webhooks;

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Response, Router, Upstream, assert_error, assert_ok, router::SeriesExt, run_cli,
    upstream::Seen,
};

const CARD: &str = "4111 1111 1111 1111";

/// One alias for each action, and one whose rule is named where it is reached from.
fn file(upstream: &Upstream) -> Value {
    let alias = |rules: Value| json!({"url": upstream.base(), "guardrails": rules});
    json!({
        "guardrails": {
            "cards": {"match": "payment_card"},
            "mail": {"match": "email", "action": "redact"},
            "dry": {"match": "email", "action": "flag"},
            "said": {"match": "payment_card", "on": "output"},
            "told": {"match": "email", "on": "both", "action": "redact"},
            "seen": {"match": "payment_card", "on": "output", "action": "flag"},
            "project": {"match": {"regex": "(?i)project\\s+x\\d{1,4}"}}},
        "auth": {
            "key_definitions": {
                "ann": {"key": "sk-ann", "guardrails": ["cards"]},
                "bob": {"key": "sk-bob", "team": "t"},
                "eve": {"key": "sk-eve", "labels": {"plan": "free"}}},
            "teams": {"t": {"guardrails": ["project"]}}},
        "targets": {
            "free": {"url": upstream.base()},
            "m": alias(json!(["cards", "project"])),
            "mail": alias(json!(["mail"])),
            "dry": alias(json!(["dry"])),
            "said": alias(json!(["said"])),
            "told": alias(json!(["told"])),
            "seen": alias(json!(["seen"])),
            "led": {"url": upstream.base(), "routing_rules": [
                {"match_labels": {}, "action": {"type": "redirect", "target": "m"}}]},
            "over": {"providers": [{"url": upstream.base()}],
                "fallback": {"enabled": true, "to": ["led"]}}}})
}

/// A request in each of the six protocols, and for vectors and at other endpoints, whose text is this.
fn requests(alias: &str, text: &str) -> Vec<Call> {
    let at = |path: &str, body: Value| Call::post(path).json(&body);
    let user = json!([{"role": "user", "content": text}]);
    let parts = json!([{"role": "user", "parts": [{"text": text}]}]);
    let arguments = json!({"note": text}).to_string();
    let called = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function",
        "function": {"name": "f", "arguments": arguments}}]});
    vec![
        at("/v1/chat/completions", json!({"model": alias, "messages": user})),
        at(
            "/v1/chat/completions",
            json!({"model": alias, "stream": true, "messages": [
            {"role": "user", "content": [{"type": "text", "text": text}]}]}),
        ),
        at(
            "/v1/chat/completions",
            json!({"model": alias, "messages": [
            {"role": "system", "content": text}, {"role": "user", "content": "q"}]}),
        ),
        at(
            "/v1/chat/completions",
            json!({"model": alias, "messages": [{"role": "user", "content": "q"},
            called, {"role": "tool", "tool_call_id": "c", "content": "r"}]}),
        ),
        at(
            "/v1/chat/completions",
            json!({"model": alias, "messages": [{"role": "user", "content": "q"}],
            "tools": [{"type": "function", "function": {"name": "f", "description": text}}]}),
        ),
        at(
            "/v1/chat/completions",
            json!({"model": alias, "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "alt": text}}]}]}),
        ),
        at("/v1/responses", json!({"model": alias, "input": text})),
        at(
            "/v1/responses",
            json!({"model": alias, "instructions": text, "input": [
            {"type": "function_call_output", "call_id": "c", "output": "r"}]}),
        ),
        at("/v1/messages", json!({"model": alias, "max_tokens": 9, "messages": user})),
        at(
            "/v1/messages",
            json!({"model": alias, "max_tokens": 9, "system": [
            {"type": "text", "text": text}], "messages": [{"role": "user", "content": "q"}]}),
        ),
        at(
            "/v1/messages",
            json!({"model": alias, "max_tokens": 9, "messages": [{"role": "user", "content": [
            {"type": "document", "title": "t", "source": {"type": "text", "media_type": "text/plain",
                "data": text}}]}]}),
        ),
        at(
            "/v1/messages",
            json!({"model": alias, "max_tokens": 9, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f",
                "input": {"a": [text]}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]}]}),
        ),
        at(&format!("/v1beta/models/{alias}:generateContent"), json!({"contents": parts})),
        at(
            &format!("/v1beta/models/{alias}:streamGenerateContent?alt=sse"),
            json!({
            "systemInstruction": {"parts": [{"text": text}]}, "contents": [{"parts": [{"text": "q"}]}]}),
        ),
        at(
            &format!("/model/{alias}/converse"),
            json!({"messages": [
            {"role": "user", "content": [{"text": text}]}]}),
        ),
        at("/v2/chat", json!({"model": alias, "messages": user})),
        at("/v1/embeddings", json!({"model": alias, "input": ["a", text]})),
        at("/v1/completions", json!({"model": alias, "prompt": text})),
        at("/v1/rerank", json!({"model": alias, "query": "q", "documents": [text]})),
        at("/v1/unheard-of", json!({"model": alias, "anything": {text: 1}})),
    ]
}

fn text(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

fn is_refusal(answer: &Response, rule: &str) {
    let text = answer.text();
    assert_eq!(answer.status, 400, "{text}");
    assert!(text.contains(&format!("`{rule}`")), "{text}");
    assert!(!text.contains("4111"), "{text}");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn no_request_of_any_protocol_passes_with_what_is_refused() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    for alias in ["m", "led", "over"] {
        for call in requests(alias, &format!("my card is {CARD}, thanks")) {
            is_refusal(&call.key("sk-eve").send(router.addr()).await, "cards");
        }
    }
    for call in requests("free", CARD) {
        is_refusal(&call.key("sk-ann").send(router.addr()).await, "cards");
    }
    for call in requests("free", "about Project  X42") {
        is_refusal(&call.key("sk-bob").send(router.addr()).await, "project");
    }
    assert_eq!(upstream.hits(), 0);
    let anthropic = &requests("m", CARD)[8];
    let answer = anthropic.clone().send(router.addr()).await;
    assert_eq!(answer.json()["type"], "error");
    assert_error(&requests("m", CARD)[0].clone().send(router.addr()).await, 400, "guardrail");
    // What no rule looks for passes, byte for byte.
    let body =
        r#"{"model":"m","messages":[{"role":"user","content":"4111 1111 1111 1112 \u0041"}]}"#;
    let call =
        Call::post("/v1/chat/completions").header("content-type", "application/json").body(body);
    assert_ok(&call.key("sk-eve").send(router.addr()).await);
    assert_eq!(text(upstream.requests().last().unwrap()), body);
}

#[tokio::test]
async fn however_it_is_written_it_is_found() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    for content in [
        r#""4111\u0020\u0031111 1111 1111""#,
        r#""\u0034\u0031\u0031\u0031111111111111""#,
        r#"[{"type":"text","text":"4111 1111"},{"type":"text","text":" 1111 1111"}]"#,
        r#""{\"a\":\"4111\\u00201111 1111 1111\"}""#,
        r#""{\"a\":4111111111111111}""#,
        "4111111111111111",
        r#"{"4111111111111111":1}"#,
        r#"[{"type":"file","file":{"file_data":"data:text/plain;base64,NDExMSAxMTExIDExMTEgMTExMQ=="}}]"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":{content}}}]}}"#);
        let call = Call::post("/v1/chat/completions")
            .header("content-type", "application/json")
            .body(body);
        is_refusal(&call.send(router.addr()).await, "cards");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn what_is_taken_out_is_all_that_changes() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    let body = r#"{ "temperature":1.50,"messages" : [{"role":"user","content":"é\u00e9 to ann\u0040example.com, or bob@example.org\n"}],"model":"mail","x":"\/"}"#;
    let wanted = r#"{ "temperature":1.50,"messages" : [{"role":"user","content":"é\u00e9 to [redacted:mail], or [redacted:mail]\n"}],"model":"mail","x":"\/"}"#;
    let call =
        Call::post("/v1/chat/completions").header("content-type", "application/json").body(body);
    assert_ok(&call.send(router.addr()).await);
    assert_eq!(text(&upstream.requests()[0]), wanted);
    for call in requests("mail", "to ann@example.com") {
        call.send(router.addr()).await;
    }
    assert!(upstream.hits() > 15);
    for seen in upstream.requests() {
        let text = text(&seen);
        assert!(!text.contains("ann@") && text.contains("[redacted:mail]"), "{text}");
    }
}

#[tokio::test]
async fn rule_that_only_counts_lets_pass_and_is_counted() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    let with = |alias: &str, text: &str| json!({"model": alias, "messages": [{"role": "user", "content": text}]});
    let asked = with("dry", "to ann@example.com and ann@example.com");
    assert_ok(&Call::chat(&asked).send(router.addr()).await);
    assert_eq!(text(&upstream.requests()[0]), asked.to_string());
    assert_ok(&router.chat("dry").await);
    Call::chat(&with("m", CARD)).send(router.addr()).await;
    Call::chat(&with("mail", "ann@example.com")).send(router.addr()).await;
    let metrics = router.metrics().await;
    let count = |alias: &str, rule: &str, action: &str| {
        let labels = [("alias", alias), ("rule", rule), ("action", action)];
        metrics.series("onwards_guardrail_matches_total", &labels)
    };
    assert_eq!(count("dry", "dry", "flag"), Some(1.0));
    assert_eq!(count("m", "cards", "deny"), Some(1.0));
    assert_eq!(count("mail", "mail", "redact"), Some(1.0));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&file(&upstream)).await;
    let part = |part: Value| {
        Call::chat(&json!({"model": "m", "messages": [{"role": "user", "content": [part]}]}))
    };
    let form = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n--b--\r\n";
    for call in [
        part(json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}})),
        part(json!({"type": "file", "file": {"file_id": "file-1"}})),
        part(
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjcK/w=="}}),
        ),
        Call::post("/v1/audio/transcriptions")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(form),
        Call::post("/v1/unheard-of").header("model-override", "m").body("text"),
    ] {
        let answer = call.send(router.addr()).await;
        is_refusal(&answer, "cards");
        assert!(answer.text().contains("cannot inspect"), "{}", answer.text());
    }
    let query = Call::post(&format!("/v1/embeddings?note={}", CARD.replace(' ', "+")));
    is_refusal(
        &query.json(&json!({"model": "m", "input": "a"})).send(router.addr()).await,
        "cards",
    );
    assert_eq!(upstream.hits(), 0);
    // A picture has no text, and a rule that only counts refuses nothing.
    let picture =
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}});
    assert_ok(&part(picture).send(router.addr()).await);
    let audio = json!([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]);
    let dry = json!({"model": "dry", "messages": [{"role": "user", "content": audio}]});
    assert_ok(&Call::chat(&dry).send(router.addr()).await);
}

#[tokio::test]
async fn refused_request_holds_no_limit_and_large_ones_are_looked_at() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut file = file(&upstream);
    file["targets"]["m"]["rate_limit"] = json!({"requests_per_second": 0.001, "burst_size": 1});
    let router = Router::start(&file).await;
    let long = format!("{}{CARD} {}", "lorem ipsum ".repeat(40_000), "dolor ".repeat(40_000));
    let body = json!({"model": "m", "messages": [{"role": "user", "content": long}]});
    is_refusal(&Call::chat(&body).send(router.addr()).await, "cards");
    assert_ok(&router.chat("m").await);
    assert_error(&router.chat("m").await, 429, "rate_limit");
    let mail = format!("{}ann@example.com {}", "a b ".repeat(100_000), "c".repeat(100_000));
    let body = json!({"model": "mail", "messages": [{"role": "user", "content": mail}]});
    assert_ok(&Call::chat(&body).send(router.addr()).await);
    let seen = text(upstream.requests().last().unwrap());
    assert_eq!(seen, body.to_string().replace("ann@example.com", "[redacted:mail]"));
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    let told = |file: &Value| {
        std::fs::write(&path, file.to_string()).unwrap();
        let output = run_cli(["check", path.to_str().unwrap()]);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for (rule, wanted) in [
        (json!({}), "guardrails.cards: `match` is missing"),
        (json!({"match": "payment_cards"}), "payment_card"),
        (
            json!({"match": {"regex": "a(b"}}),
            "guardrails.cards.match.regex: this is not a valid pattern at character 2",
        ),
        (json!({"match": {"regex": "a*"}}), "matches the empty text"),
        (json!({"match": "email", "action": "redcat"}), "redact"),
        (json!({"match": "email", "onn": "input"}), "onn"),
    ] {
        let file = json!({"guardrails": {"cards": rule},
            "targets": {"m": {"url": "mock:", "guardrails": ["cards"]}}});
        let (is_good, text) = told(&file);
        assert!(!is_good && text.contains(wanted), "{rule}: {text}");
        assert!(!text.contains("there is no guardrail"), "{text}");
    }
    let named = json!({"guardrails": {"cards": {"match": "payment_card"}}, "defaults": {"guardrails": ["crads"]},
        "auth": {"key_definitions": {"a": {"key": "sk-a", "guardrails": ["card"]}},
            "teams": {"t": {"guardrails": ["zzz"]}}},
        "targets": {"m": {"url": "mock:"}, "n": {"url": "mock:"}}});
    let (is_good, text) = told(&named);
    assert!(!is_good);
    assert_eq!(text.matches("there is no guardrail `crads`").count(), 1, "{text}");
    assert!(
        text.contains("defaults.guardrails[0]") && text.contains("did you mean `cards`?"),
        "{text}"
    );
    assert!(text.contains("there is no guardrail `card`; did you mean `cards`?"), "{text}");
    assert!(text.contains("auth.teams.t.guardrails[0]"), "{text}");
    let name = json!({"guardrails": {"a b": {"match": "email"}}, "targets": {}});
    assert!(told(&name).1.contains("letters, digits"));
}

#[test]
fn rules_that_apply_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("targets.json");
    let file = json!({
        "guardrails": {"cards": {"match": "payment_card"}, "mail": {"match": "email", "action": "flag"}},
        "auth": {"key_definitions": {"ann": {"key": "sk-ann", "guardrails": ["mail"]}}},
        "targets": {"m": {"url": "mock:", "keys": ["ann"], "guardrails": ["cards"]}}});
    std::fs::write(&path, file.to_string()).unwrap();
    let output = run_cli(["explain", path.to_str().unwrap(), "m", "--key", "ann"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("guardrails: mail (input, flag), cards (input, deny)"), "{text}");
}
