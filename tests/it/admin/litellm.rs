//! The administration of LiteLLM and Routero, as their users type it.

use serde_json::{Value, json};

use super::{administered, administered_raw, call, file, get, send};
use crate::support::{Reply, Router, Upstream, assert_ok, chat, eventually, secs};

const CHAT: &str = "/v1/chat/completions";

async fn post(router: &Router, path: &str, body: Value) -> Value {
    // As curl sends it: no word of JSON in the headers.
    let answer = call("POST", path).body(body.to_string()).send(router.metrics_addr()).await;
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text());
    answer.json()
}

async fn refused(router: &Router, path: &str, body: Value) -> String {
    let before = file(router);
    let answer = call("POST", path).body(body.to_string()).send(router.metrics_addr()).await;
    assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.text());
    assert_eq!(file(router), before, "{path} {body}");
    answer.text()
}

fn deployment(model: &str, upstream: &Upstream) -> Value {
    json!({"model": model, "api_key": "sk-a-test-key", "api_base": upstream.base()})
}

/// The three deployments of Routero's guide, each at its own vendor, and the same at servers of ours.
#[tokio::test]
async fn three_deployments_of_one_name_fall_over_in_their_order() {
    let router = administered_raw("{\n  \"targets\": {}\n}\n").await;
    for params in [
        json!({"model": "openai/gpt-4o", "api_key": "sk-openai-..."}),
        json!({"model": "anthropic/claude-sonnet-4-6-20250514", "api_key": "sk-ant-..."}),
        json!({
            "model": "bedrock/anthropic.claude-sonnet-4-6-20250514-v1:0",
            "aws_access_key_id": "...", "aws_secret_access_key": "...",
            "aws_region_name": "us-east-1",
        }),
    ] {
        let body = json!({"model_name": "smart/balanced", "litellm_params": params});
        post(&router, "/model/new", body).await;
    }
    let told = get(&router, "/admin/targets/smart/balanced").await.json();
    let target = &told["target"];
    assert_eq!(
        (&target["strategy"], &target["fallback"]["enabled"]),
        (&json!("priority"), &json!(true))
    );
    let url = |at: usize| target["providers"][at]["url"].as_str().unwrap().to_owned();
    assert_eq!(url(0), "https://api.openai.com");
    assert_eq!(url(1), "https://api.anthropic.com");
    assert_eq!(url(2), "https://bedrock-runtime.us-east-1.amazonaws.com");
    let explained = router.explain("smart/balanced").await.json();
    let names: Vec<_> = explained["pools"][0]["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["provider"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["openai", "anthropic", "bedrock"]);

    // The same at providers of ours: an invalid key, a failure and a limit lead on, and all lost is 503.
    let refusing = Upstream::start(Reply::error(401, "Incorrect API key provided")).await;
    let limiting = Upstream::start(Reply::error(429, "slow down")).await;
    let well = Upstream::start(Reply::chat("served")).await;
    for (model, upstream) in [("openai/a", &refusing), ("openai/b", &limiting), ("openai/c", &well)]
    {
        let body = json!({"model_name": "own", "litellm_params": deployment(model, upstream)});
        post(&router, "/model/new", body).await;
    }
    let answer = router.chat("own").await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "openai-2=401,openai-3=429,openai-4=200");
    assert_eq!(well.requests()[0].json()["model"], "c");
    post(&router, "/model/delete", json!({"id": "openai-4"})).await;
    let lost = router.chat("own").await;
    assert_eq!(lost.status, 503, "{}", lost.text());
    assert!(lost.header("retry-after").is_some());
}

#[tokio::test]
async fn models_are_told_updated_and_deleted_by_their_ids() {
    let [one, two] =
        [Upstream::start(Reply::chat("one")).await, Upstream::start(Reply::chat("two")).await];
    let router = administered_raw("{\"targets\": {}}").await;
    let body = json!({
        "model_name": "m", "model_info": {"id": "first", "mode": "chat"},
        "litellm_params": {
            "model": "openai/gpt-4o", "api_key": "os.environ/HOME", "api_base": one.base(), "rpm": 600,
            "tpm": 100_000, "weight": 3, "order": 1, "timeout": 20, "max_parallel_requests": 9,
            "input_cost_per_token": 0.0000025, "output_cost_per_token": 0.00001,
        },
    });
    assert_eq!(post(&router, "/model/new", body).await["model_id"], "first");
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    let target = &written["targets"]["m"];
    assert_eq!(target["strategy"], "weighted_random", "weights share the traffic");
    assert_eq!(
        target["providers"][0],
        json!({
            "name": "first", "url": one.base(), "onwards_model": "gpt-4o", "onwards_key": "${env:HOME}",
            "weight": 3, "priority": 1, "rate_limit": {"requests_per_second": 10.0, "burst_size": 600},
            "token_limit": {"per_minute": 100_000}, "concurrency_limit": {"max_concurrent_requests": 9},
            "timeouts": {"response_ms": 20_000}, "price": {"input": 2.5, "output": 10.0},
        })
    );
    let info = get(&router, "/model/info").await.json();
    assert_eq!(info["data"][0]["model_name"], "m");
    assert_eq!(info["data"][0]["litellm_params"]["model"], "openai/gpt-4o");
    assert_eq!(info["data"][0]["litellm_params"]["weight"], 3);

    let body = json!({"model_info": {"id": "first"}, "litellm_params": {"api_base": two.base(), "model": "openai/new"}});
    post(&router, "/model/update", body).await;
    assert!(router.chat("m").await.text().contains("two"));
    assert_eq!(two.requests()[0].json()["model"], "new");
    assert!(file(&router).contains("${env:HOME}"), "what is not given stays");
    post(&router, "/model/delete", json!({"id": "first"})).await;
    assert_eq!(router.chat("m").await.status, 404);
    assert!(!file(&router).contains("\"m\""), "the target goes with its last provider");
}

#[tokio::test]
async fn the_star_of_a_wildcard_is_what_was_requested() {
    let router = administered_raw("{\"targets\": {}}").await;
    let upstream = Upstream::start(Reply::chat("hi")).await;
    for (alias, model, requested, sent) in [
        ("openai/*", "openai/*", "openai/gpt-4o", "gpt-4o"),
        ("claude-*", "openai/claude-*", "claude-x", "claude-x"),
        ("own-*", "openai/gpt-*", "own-5", "gpt-5"),
    ] {
        let body = json!({"model_name": alias, "litellm_params": deployment(model, &upstream)});
        let id = post(&router, "/model/new", body).await["model_id"].clone();
        let path = format!("/model/info?model_id={}", id.as_str().unwrap());
        let told = get(&router, &path).await.json();
        assert_eq!(told["data"][0]["litellm_params"]["model"], model);
        assert_ok(&router.chat(requested).await);
        assert_eq!(upstream.last().json()["model"], sent, "{alias}");
    }
}

#[tokio::test]
async fn a_field_without_counterpart_is_refused_by_its_name() {
    let router = administered_raw("{\"targets\": {\"m\": {\"url\": \"mock:\"}}}").await;
    let new = |params: Value| json!({"model_name": "n", "litellm_params": params});
    for (body, names) in [
        (
            new(json!({"model": "openai/x", "use_in_pass_through": true})),
            "litellm_params.use_in_pass_through",
        ),
        (json!({"model_name": "n", "litellm_params": {"model": "openai/x"}, "tier": 1}), "tier"),
        (
            json!({"model_name": "n", "litellm_params": {"model": "openai/x"}, "model_info": {"tags": ["a"]}}),
            "model_info.tags",
        ),
        (new(json!({"model": "nobody/x"})), "litellm_params.model"),
        (new(json!({"model": "openai/*"})), "litellm_params.model"),
        (new(json!({"model": "openai/responses/x"})), "litellm_params.model"),
        (new(json!({"model": "azure/x"})), "litellm_params.api_base"),
        (new(json!({"model": "bedrock/x"})), "litellm_params.aws_region_name"),
        (new(json!({"model": "openai/x", "rpm": "many"})), "litellm_params.rpm"),
        (json!({"litellm_params": {"model": "openai/x"}}), "model_name"),
        (json!({"model_name": "n"}), "litellm_params"),
    ] {
        let said = refused(&router, "/model/new", body).await;
        assert!(said.contains(names), "{names}: {said}");
    }
    assert!(refused(&router, "/model/delete", json!({"id": "nobody"})).await.contains("nobody"));
    assert!(
        refused(&router, "/key/generate", json!({"tpm_limit": 5, "guardrails": ["x"]}))
            .await
            .contains("guardrails")
    );
    assert!(
        refused(&router, "/key/generate", json!({"metadata": {"a": 5}}))
            .await
            .contains("metadata.a")
    );
    assert!(
        refused(&router, "/key/generate", json!({"duration": "soon"})).await.contains("duration")
    );
    assert!(
        refused(&router, "/key/update", json!({"key": "sk-unknown-key-0001"}))
            .await
            .contains("no key")
    );
}

#[tokio::test]
async fn keys_are_generated_updated_blocked_and_deleted() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({
        "auth": {"global_keys": ["a-master-key-0001"]},
        "targets": {"m": {"url": upstream.base()}, "n": {"url": upstream.base()}},
    });
    let router = administered(&targets).await;
    let body = json!({
        "key_alias": "team-blue", "models": ["m"], "duration": "30d", "rpm_limit": 60, "tpm_limit": 1000,
        "max_parallel_requests": 4, "metadata": {"team": "blue"}, "aliases": {}, "user_id": null,
    });
    let made = post(&router, "/key/generate", body).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let ask = async |key: &str, alias: &str| router.post(CHAT, key, &chat(alias)).await.status;
    assert_eq!((ask(&key, "m").await, ask(&key, "n").await), (200, 403));
    assert!(!file(&router).contains(&key));
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    let definition = &written["auth"]["key_definitions"]["team-blue"];
    assert_eq!(definition["labels"], json!({"team": "blue"}));
    assert!(definition["expires_at"].as_str().unwrap().starts_with("20"), "{definition}");

    let path = format!("/key/info?key={key}");
    let info = get(&router, &path).await.json();
    assert_eq!(
        (&info["key"], &info["info"]["definition"]["models"]),
        (&json!("team-blue"), &json!(["m"]))
    );
    post(&router, "/key/update", json!({"key": key, "models": ["m", "n"]})).await;
    assert_eq!(ask(&key, "n").await, 200);
    // As there: an empty list is every model.
    post(&router, "/key/update", json!({"key": key, "models": ["m"]})).await;
    assert_eq!(ask(&key, "n").await, 403);
    post(&router, "/key/update", json!({"key": key, "rpm_limit": 90})).await;
    assert_eq!(ask(&key, "n").await, 403, "what is not named stays");
    post(&router, "/key/update", json!({"key": key, "models": []})).await;
    assert_eq!((ask(&key, "m").await, ask(&key, "n").await), (200, 200));
    post(&router, "/key/block", json!({"key": key})).await;
    assert_eq!(ask(&key, "m").await, 401);
    post(&router, "/key/unblock", json!({"key": key})).await;
    assert_eq!(ask(&key, "m").await, 200);
    let all = post(&router, "/key/generate", json!({})).await;
    let open = all["key"].as_str().unwrap().to_owned();
    assert_eq!(
        (ask(&open, "m").await, ask(&open, "n").await),
        (200, 200),
        "no models are all of them"
    );
    let gone = post(&router, "/key/delete", json!({"keys": [key, open]})).await;
    assert_eq!(gone["deleted_keys"].as_array().unwrap().len(), 2);
    assert_eq!((ask(&key, "m").await, ask(&open, "m").await), (401, 401));
    let log = router.log_text();
    assert!(!log.contains(&key) && !log.contains(&open));
    assert!(eventually(secs(5), async || router.log_text().contains("key/delete")).await);
    let _ = send(&router, "POST", "/key/generate?dry_run=true", &json!({})).await;
}

#[tokio::test]
async fn pools_of_classes_are_told_and_a_single_provider_is_changed_without_its_alias() {
    let router = administered(&json!({"targets": {
        "m": {"url": "mock:", "name": "own", "keys": ["sk-client-key0"], "rate_limit": {"requests_per_second": 9}},
        "l": {"pools": {"default": {"url": "mock:", "name": "chat"},
            "completions": [{"url": "mock:", "name": "one"}]}}}}))
    .await;
    let told = call("GET", "/model/info").send(router.metrics_addr()).await.json();
    let ids: Vec<_> =
        told["data"].as_array().unwrap().iter().map(|it| it["model_info"]["id"].clone()).collect();
    assert_eq!(ids.len(), 3, "{told}");
    assert!(["own", "chat", "one"].iter().all(|id| ids.contains(&json!(id))), "{told}");
    let update = json!({"model_info": {"id": "own"}, "litellm_params": {"rpm": 60}});
    post(&router, "/model/update", update).await;
    post(&router, "/model/delete", json!({"id": "one"})).await;
    let written: Value = serde_json::from_str(&file(&router)).unwrap();
    let m = &written["targets"]["m"];
    assert_eq!(m["rate_limit"]["requests_per_second"], 9, "{m}");
    assert_eq!(m["providers"][0]["rate_limit"]["requests_per_second"], 1.0, "{m}");
    assert_eq!(
        written["targets"]["l"],
        json!({"pools": {"default": {"url": "mock:", "name": "chat"}}})
    );
    refused(&router, "/model/delete", json!({"id": "chat"})).await;
}
