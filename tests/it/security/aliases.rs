//! What the holder of a key for `cheap` reaches at a provider that has `dear`, files and an account.
//!
//! Never: another model than the alias's, or what `endpoints` does not allow.

use serde_json::{Value, json};

use crate::support::router::CHAT;
use crate::support::{Call, Reply, Response, Router, Upstream, assert_error, assert_ok, run_cli};

/// The alias `cheap`, which the provider calls `small`, with these pool keys.
async fn cheap(protocol: &str, keys: Value) -> (Upstream, Router) {
    let upstream =
        Upstream::start(Reply::json(200, &json!({"candidates": [], "choices": []}))).await;
    let mut target = json!({"url": upstream.base(), "protocol": protocol, "onwards_key": "sk-operator",
        "onwards_model": "small", "keys": ["sk-c"]});
    target.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    let router = Router::start(&json!({"targets": {"cheap": target}})).await;
    (upstream, router)
}

fn call(method: &str, path: &str) -> Call {
    Call::new(method, path).header("authorization", "Bearer sk-c")
}

async fn post(router: &Router, path: &str, body: &Value, header: bool) -> Response {
    let call = call("POST", path).json(body);
    let call = if header { call.header("model-override", "cheap") } else { call };
    call.send(router.addr()).await
}

/// The protocol of the provider, the path, and the body around a model's name.
type PlaceOfModel = (&'static str, &'static str, fn(&str) -> Value);

/// Every place, with the body around the model's name.
fn places() -> Vec<PlaceOfModel> {
    vec![
        ("openai", "/v1/realtime/client_secrets", |m| json!({"session": {"model": m}})),
        ("openai", "/v1//realtime/sessions/", |m| json!({"session": {"MODEL": m}})),
        (
            "openai",
            "/openai/v1/realtime/calls",
            |m| json!({"session": {"audio": {"input": {"transcription": {"model": m}}}}}),
        ),
        ("openai", "/v1/realtime/x", |m| json!({"response": {"model": m}})),
        (
            "openai",
            "/v1/fine_tuning/jobs",
            |m| json!({"method": {"reinforcement": {"grader": {"model": m}}}}),
        ),
        ("openai", "/v1/evals", |m| json!({"testing_criteria": [{"model": m}]})),
        ("openai", "/v1/evals/e/runs", |m| json!({"data_source": {"model": m}})),
        ("openai", CHAT, |m| json!({"model": "cheap", "models": ["cheap", m]})),
        ("openai", CHAT, |m| json!({"model": "cheap", "fallbacks": [m, {"model": m}]})),
        ("openai", CHAT, |m| json!({"model": "cheap", "fallbacks": [{"x": [m]}]})),
        ("openai", CHAT, |m| json!({"model": "cheap", "plugins": [{"id": "fusion", "model": m}]})),
        ("openai", CHAT, |m| json!({"model": "cheap", "extra_body": {"models": [m]}})),
        (
            "openai",
            CHAT,
            |m| json!({"model": "cheap", "providerOptions": {"gateway": {"models": [m]}}}),
        ),
        (
            "openai",
            CHAT,
            |m| json!({"model": "cheap", "tools": [{"type": "x", "parameters": {"model": m}}]}),
        ),
        (
            "openai",
            "/v1/responses",
            |m| json!({"model": "cheap", "tools": [{"type": "image_generation", "model": m}], "input": "q"}),
        ),
        (
            "anthropic",
            "/v1/messages",
            |m| json!({"model": "cheap", "messages": [], "tools": [{"type": "advisor_20260301", "model": m}]}),
        ),
        (
            "anthropic",
            "/v1/messages/batches",
            |m| json!({"requests": [{"params": {"model": m}}, {"params": {"model": m}}]}),
        ),
        ("bedrock", "/async-invoke", |m| json!({"modelId": m})),
        ("gemini", "/v1beta/cachedContents", |m| json!({"model": format!("models/{m}")})),
        ("gemini", "/v1beta/models/cheap:batchGenerateContent", |m| {
            json!({"batch": {"inputConfig": {"requests": {"requests": [
                {"request": {"model": format!("models/{m}")}}]}}}})
        }),
        (
            "gemini",
            "/v1beta/models/cheap:generateContent",
            |m| json!({"model": format!("models/{m}"), "contents": []}),
        ),
        (
            "gemini",
            "/v1beta/models/cheap:batchEmbedContents",
            |m| json!({"requests": [{"model": format!("models/{m}"), "content": {"parts": [{"text": "x"}]}}]}),
        ),
    ]
}

fn target(protocol: &str, upstream: &Upstream) -> Value {
    let mut target =
        json!({"url": upstream.base(), "protocol": protocol, "onwards_model": "small"});
    if protocol == "bedrock" {
        target["onwards_key"] = json!("sk-operator");
    }
    target
}

#[tokio::test]
async fn a_nested_model_is_replaced_or_refused() {
    for (protocol, path, body) in places() {
        let upstream =
            Upstream::start(Reply::json(200, &json!({"choices": [], "candidates": []}))).await;
        let router =
            Router::start(&json!({"targets": {"cheap": target(protocol, &upstream)}})).await;
        let answer = post(&router, path, &body("dear"), true).await;
        assert_eq!(answer.status, 400, "{path}: {:?}", upstream.requests());
        assert_eq!(upstream.hits(), 0, "{path}");
        let answer = post(&router, path, &body("cheap"), true).await;
        assert!(upstream.hits() > 0, "{path}: {}", answer.text());
        let seen = upstream.last();
        let wanted = body("small").to_string().replace("cheap", "small");
        assert_eq!(seen.json().to_string(), wanted, "{path}");
        assert!(!seen.target.contains("cheap"), "{path}: {}", seen.target);
    }
}

#[tokio::test]
async fn a_nested_model_names_the_alias_where_nothing_else_does() {
    let (upstream, router) = cheap("openai", json!({})).await;
    let session = |model| json!({"session": {"model": model}});
    assert_ok(&post(&router, "/v1/realtime/client_secrets", &session("cheap"), false).await);
    assert_eq!(upstream.last().json(), session("small"));
    let answer = post(&router, "/v1/realtime/client_secrets", &session("dear"), false).await;
    assert_error(&answer, 404, "model_not_found");
    for (path, sent) in [
        ("/openai/deployments/cheap/chat/completions?api-version=1", "/openai/deployments/small/"),
        ("/v1/engines/che%61p/completions", "/v1/engines/small/"),
        ("/v1/realtime/calls?x=1&model=cheap", "/v1/realtime/calls?x=1&model=small"),
    ] {
        assert_ok(&post(&router, path, &json!({"messages": []}), false).await);
        assert!(upstream.last().target.starts_with(sent), "{}", upstream.last().target);
    }
}

#[tokio::test]
async fn a_path_or_a_query_names_no_other_model() {
    let (upstream, router) = cheap("openai", json!({})).await;
    for path in [
        "/openai/deployments/dear/chat/completions",
        "/openai/deployments/de%61r/chat/completions",
        "/openai/DEPLOYMENTS/dear/chat/completions",
        "/openai/deployments//dear/chat/completions",
        "/openai/deployments;x/dear/chat/completions",
        "/openai%2Fdeployments%2Fdear/chat/completions",
        "/v1/engines/dear/completions",
        "/v1/realtime/sessions?model=dear",
        "/v1/realtime/sessions?model=cheap&model=dear",
        "/v1/realtime/sessions?mod%65l=dear",
        "/v1/realtime/sessions?a=b;model=dear",
        "/v1/chat/completions?model=dear",
        "/v1/chat/completions?deployment=dear",
        "/v1/files?$httpMethod=DELETE",
    ] {
        for header in [true, false] {
            let answer = post(&router, path, &json!({"model": "cheap"}), header).await;
            // Azure's deployment names the alias, and this alias does not exist.
            let refused = [400, if header { 400 } else { 404 }];
            assert!(refused.contains(&answer.status), "{path}: {:?}", upstream.requests());
        }
    }
    assert_eq!(upstream.hits(), 0);
    // Where the path names a model, the body does not name another one to the provider.
    let (upstream, router) = cheap("gemini", json!({})).await;
    assert_ok(&post(&router, "/v1beta/models/cheap:predict", &json!({}), true).await);
    assert_eq!(upstream.last().target, "/v1beta/models/small:predict");
}

#[tokio::test]
async fn what_names_no_model_goes_out_unless_it_is_narrowed() {
    let files = [
        ("GET", "/v1/files", "files"),
        ("POST", "/v1/batches", "batches"),
        ("GET", "/v1/responses/resp_1", "stored"),
        ("GET", "/v1/chat/completions", "stored"),
        ("POST", "/v1/fine_tuning/jobs/j/cancel", "fine_tuning"),
        ("POST", "/v1/threads/t/runs", "assistants"),
        ("GET", "/v1/own", ""),
    ];
    let (upstream, router) = cheap("openai", json!({})).await;
    let ask = |method, path| call(method, path).header("model-override", "cheap").json(&json!({}));
    for (method, path, _) in files {
        assert_ok(&ask(method, path).send(router.addr()).await);
        assert_eq!(upstream.last().header("authorization"), Some("Bearer sk-operator"));
    }
    let (upstream, router) = cheap("openai", json!({"endpoints": ["inference"]})).await;
    for (method, path, _) in files {
        let answer = ask(method, path).send(router.addr()).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_error(&answer, 403, "endpoint_not_allowed");
    }
    assert_eq!(upstream.hits(), 0);
    for path in [CHAT, "/v1/embeddings", "/v1/audio/speech", "/v1/rerank", "/v1/completions"] {
        let answer = ask("POST", path).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    for path in [
        "/v1beta/models/cheap:somethingNew",
        "/v1beta/models/cheap/something",
        "/v1/projects/p/locations/l/endpoints/cheap:somethingNew",
    ] {
        assert_error(&ask("POST", path).send(router.addr()).await, 403, "endpoint_not_allowed");
    }
    for (method, path, family) in files.into_iter().filter(|(_, _, family)| !family.is_empty()) {
        let (_upstream, router) = cheap("openai", json!({"endpoints": [family]})).await;
        assert_ok(&ask(method, path).send(router.addr()).await);
        assert_error(&ask("POST", CHAT).send(router.addr()).await, 403, "endpoint_not_allowed");
    }
    let (_upstream, router) = cheap("openai", json!({"endpoints": ["/v1/own"]})).await;
    assert_ok(&ask("GET", "/v1/own?x=1").send(router.addr()).await);
    assert_error(&ask("GET", "/v1/owner").send(router.addr()).await, 403, "endpoint_not_allowed");
}

#[tokio::test]
async fn an_account_is_administered_only_by_paths_in_full() {
    let (upstream, router) = cheap("openai", json!({})).await;
    let (other, wide) =
        cheap("openai", json!({"endpoints": ["inference", "files", "/v1/*"]})).await;
    for path in [
        "/v1/organization/admin_api_keys",
        "/organization/costs?limit=1",
        "/v1/organizations/api_keys",
        "/v1//organization/users",
        "/v1/ORGANIZATION/users",
        "/v1/organiz%61tion/users",
        "/v1%2Forganization%2Fusers",
        "/v1/organization;x/users",
        "/v1/organization/files",
        "/openai/v1/organization/usage/completions",
        "/dashboard/billing/usage",
        "/api/v1/keys",
        "/v1/usage",
        "/openai/deployments",
    ] {
        for router in [&router, &wide] {
            let call = call("GET", path).header("model-override", "cheap");
            assert_error(&call.send(router.addr()).await, 403, "endpoint_not_allowed");
        }
    }
    for path in [
        "/model/new",
        "/model/delete",
        "/config/update",
        "/key/generate",
        "/user/new",
        "/team/new",
        "/sleep",
        "/wake_up",
        "/v1/load_lora_adapter",
        "/V1/Load_Lora_Adapter",
        "/collective_rpc",
        "/reset_prefix_cache",
        "/flush_cache",
        "/update_weights_from_disk",
        "/slots/0?action=erase",
        "/api/delete",
        "/api/pull",
        "/api/p%75sh",
        "/api/create",
        "/api/copy",
        "/models/load",
        "/v1/projects/p/locations/l/endpoints/cheap:undeployModel",
        "/guardrails",
        "/provisioned-model-throughput",
        "/v1/fine_tuning/checkpoints/c/permissions",
    ] {
        for router in [&router, &wide] {
            let call = call("POST", path).header("model-override", "cheap").json(&json!({}));
            assert_error(&call.send(router.addr()).await, 403, "endpoint_not_allowed");
        }
    }
    let delete = call("DELETE", "/v1/models/ft:small").header("model-override", "cheap");
    assert_error(&delete.send(router.addr()).await, 403, "endpoint_not_allowed");
    assert_eq!(upstream.hits() + other.hits(), 0);
    let (_upstream, router) =
        cheap("openai", json!({"endpoints": ["/v1/organization/costs"]})).await;
    let costs = call("GET", "/v1/organization/costs?limit=1").header("model-override", "cheap");
    assert_ok(&costs.send(router.addr()).await);
    let users = call("GET", "/v1/organization/users").header("model-override", "cheap");
    assert_error(&users.send(router.addr()).await, 403, "endpoint_not_allowed");
}

#[tokio::test]
async fn a_part_of_a_form_names_the_model_by_every_name() {
    let (upstream, router) = cheap("openai", json!({})).await;
    let form = |parts: &[(&str, &str)]| {
        let parts = parts.iter().map(|(name, value)| {
            format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        parts.collect::<String>() + "--X--\r\n"
    };
    let ask = async |parts: &[(&str, &str)]| {
        let call = call("POST", "/v1/audio/transcriptions").body(form(parts));
        let call = call.header("content-type", "multipart/form-data; boundary=X");
        call.send(router.addr()).await
    };
    for name in ["model_id", "engine", "Deployment", "modelName"] {
        for parts in [[("model", "cheap"), (name, "dear")], [(name, "dear"), ("model", "cheap")]] {
            assert_error(&ask(&parts).await, 400, "duplicate_model");
        }
        assert_error(&ask(&[(name, "dear")]).await, 404, "model_not_found");
        assert_eq!(upstream.hits(), 0, "{name}");
    }
    for name in ["models", "models[]", "model_id[]", "model.id", "fallbacks", "extra_body"] {
        assert_eq!(ask(&[("model", "cheap"), (name, "dear")]).await.status, 400, "{name}");
    }
    assert_eq!(upstream.hits(), 0);
    assert_ok(&ask(&[("model_id", "cheap"), ("language", "en")]).await);
    let wanted = form(&[("model_id", "small"), ("language", "en")]);
    assert_eq!(String::from_utf8_lossy(&upstream.last().body), wanted);
}

#[tokio::test]
async fn a_pool_that_takes_over_has_endpoints_of_its_own() {
    let broken = Upstream::start(Reply::json(503, &json!({}))).await;
    let whole = Upstream::start(Reply::json(200, &json!({}))).await;
    let router = Router::start(&json!({"targets": {
        "cheap": {"url": broken.base(), "fallback": {"enabled": true, "to": ["next"]}},
        "next": {"url": whole.base(), "endpoints": ["inference"]}}}))
    .await;
    let files = Call::get("/v1/files").header("model-override", "cheap").send(router.addr()).await;
    assert_eq!((files.status, whole.hits()), (503, 0));
}

#[test]
fn check_warns_of_a_closed_alias_at_a_vendors_host() {
    let file = std::env::temp_dir().join(format!("onwards-warns-{}.json", std::process::id()));
    let warned = |target: Value| {
        std::fs::write(&file, json!({"targets": {"cheap": target}}).to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let url = "https://api.openai.com/v1";
    let told = warned(json!({"url": url, "keys": ["sk-secret"]}));
    assert!(told.contains("warning") && told.contains("cheap"), "{told}");
    assert!(told.contains("endpoints") && !told.contains("sk-secret"), "{told}");
    for quiet in [
        json!({"url": url}),
        json!({"url": url, "keys": ["sk-a-long-secret"], "endpoints": ["inference"]}),
        json!({"url": "https://llm.example.com", "keys": ["sk-a-long-secret"]}),
    ] {
        let told = warned(quiet);
        assert!(!told.contains("warning"), "{told}");
    }
    let misspelled =
        json!({"targets": {"cheap": {"url": url, "endpoints": ["infrence", "files?"]}}});
    std::fs::write(&file, misspelled.to_string()).unwrap();
    let output = run_cli(["check", file.to_str().unwrap()]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("did you mean `inference`?"), "{told}");
    std::fs::remove_file(&file).unwrap();
}
