//! Routes of APISIX and API7, as their users type them, and the paths that they lead to.

use serde_json::{Value, json};

use super::{KEY, administered, administered_raw, call, file, get};
use crate::support::{Call, Reply, Response, Router, Upstream, assert_ok, eventually, secs};

/// As `curl -X PUT -H "X-API-KEY: …" -d …` sends it.
async fn put(router: &Router, body: &Value) -> Response {
    Call::new("PUT", "/apisix/admin/routes?gateway_group_id=default")
        .header("X-API-KEY", KEY)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.to_string())
        .send(router.metrics_addr())
        .await
}

fn route(id: &str, plugin: Value) -> Value {
    json!({
        "id": id, "service_id": "some-service", "paths": ["/ai"],
        "plugins": {"ai-proxy-multi": plugin},
    })
}

fn instance(name: &str, upstream: Option<&Upstream>, more: Value) -> Value {
    let mut instance = json!({
        "name": name, "provider": "openai", "options": {"model": name},
        "auth": {"header": {"Authorization": "Bearer a-key-of-a-provider"}},
    });
    if let Some(upstream) = upstream {
        let endpoint = format!("{}/v1/chat/completions", upstream.base());
        instance["override"] = json!({"endpoint": endpoint});
    }
    instance.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    instance
}

async fn ask(router: &Router) -> Response {
    let body = json!({"messages": [{"role": "user", "content": "Hello"}]});
    router.post("/ai", "", &body).await
}

#[tokio::test]
async fn weights_share_the_traffic_of_a_path() {
    let [mini, large] =
        [Upstream::start(Reply::chat("mini")).await, Upstream::start(Reply::chat("large")).await];
    let router = administered_raw("{\"targets\": {}}").await;
    let plugin = json!({
        "balancer": {"algorithm": "roundrobin"},
        "instances": [
            instance("gpt-4o-mini", Some(&mini), json!({"weight": 8})),
            instance("gpt-4o", Some(&large), json!({"weight": 2})),
        ],
    });
    let made = put(&router, &route("multi-llm-weighted", plugin)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["key"], "/apisix/routes/multi-llm-weighted");
    assert_eq!(made.json()["without_effect"], json!(["service_id", "gateway_group_id"]));
    for _ in 0..20 {
        assert_ok(&ask(&router).await);
    }
    assert_eq!((mini.hits(), large.hits()), (16, 4));
    assert_eq!(mini.requests()[0].json()["model"], "gpt-4o-mini");
    assert_eq!(mini.requests()[0].target, "/v1/chat/completions");
    assert!(!router.log_text().contains("a-key-of-a-provider"));
    // The body's model and the client's header lead to no other target.
    let other = Call::post("/ai").header("model-override", "nothing").json(&json!({
        "model": "nothing", "messages": [{"role": "user", "content": "Hello"}],
    }));
    assert_ok(&other.send(router.addr()).await);
    assert_eq!(router.post("/ai/", "", &json!({})).await.status, 404);
}

#[tokio::test]
async fn statuses_that_the_route_names_lead_to_the_next_priority() {
    let [primary, fallback] = [
        Upstream::start(Reply::error(500, "down")).await,
        Upstream::start(Reply::chat("hi")).await,
    ];
    let router = administered_raw("{\"targets\": {}}").await;
    let plugin = |primary: Option<&Upstream>, fallback: Option<&Upstream>, vendor: &str| {
        json!({
            "fallback_strategy": ["http_429", "http_5xx"],
            "instances": [
                instance("openai-primary", primary, json!({"weight": 1, "priority": 1})),
                instance("anthropic-fallback", fallback,
                    json!({"weight": 1, "priority": 2, "provider": vendor})),
            ],
        })
    };
    let made = put(
        &router,
        &route("multi-llm-failover", plugin(Some(&primary), Some(&fallback), "openai")),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let answer = ask(&router).await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "openai-primary=500,anthropic-fallback=200");

    // As it is published: at the vendors' own places.
    let again = put(&router, &route("multi-llm-failover", plugin(None, None, "anthropic"))).await;
    assert_eq!(again.status, 200, "{}", again.text());
    let target = get(&router, "/admin/targets/multi-llm-failover").await.json()["target"].clone();
    assert_eq!(target["providers"][0]["url"], "https://api.openai.com");
    assert_eq!(target["providers"][1]["protocol"], "anthropic");
    assert_eq!(target["fallback"]["on_status"], json!([429, 5]));
    assert_eq!(target["providers"][0]["onwards_key"], "***");
}

/// What API7's guide says beside its two routes: of limits and other errors, of three priorities, of shares, of streams
/// and of the model that an answer names.
#[tokio::test]
async fn what_the_guide_says_of_strategies_shares_and_streams_is_so() {
    let limited = Upstream::start(Reply::error(429, "slow down")).await;
    let wrong = Upstream::start(Reply::error(400, "no such thing")).await;
    let well = Upstream::start(Reply::chat("well")).await;
    let streams = Upstream::start(Reply::chat_stream(&["one", "two"])).await;
    let router = administered_raw("{\"targets\": {}}").await;
    let ordered = |strategy: Value, upstreams: &[&Upstream]| {
        let instances: Vec<Value> = (1..)
            .zip(upstreams)
            .map(|(at, upstream)| {
                instance(&format!("i{at}"), Some(upstream), json!({"weight": 1, "priority": at}))
            })
            .collect();
        route("ordered", json!({"fallback_strategy": strategy, "instances": instances}))
    };
    let all = json!(["rate_limiting", "http_429", "http_5xx"]);
    for (strategy, upstreams, attempts) in [
        (json!("http_429"), [&limited, &limited, &well], "i1=429,i2=429,i3=200"),
        (all.clone(), [&limited, &limited, &well], "i1=429,i2=429,i3=200"),
        (json!("http_5xx"), [&limited, &well, &well], "i1=429"),
        (json!("instance_health_and_rate_limiting"), [&well, &limited, &limited], "i1=200"),
        (all.clone(), [&wrong, &well, &well], "i1=400"),
    ] {
        let made = put(&router, &ordered(strategy.clone(), &upstreams)).await;
        assert!([200, 201].contains(&made.status), "{strategy}: {}", made.text());
        assert_eq!(ask(&router).await.attempts(), attempts, "{strategy}");
    }
    // A stream comes from whichever instance serves.
    let made = put(&router, &ordered(all, &[&limited, &streams])).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let body = json!({"stream": true, "messages": [{"role": "user", "content": "Hello"}]});
    let answer = router.post("/ai", "", &body).await;
    assert_ok(&answer);
    assert!(answer.text().contains("one") && answer.text().contains("two"), "{}", answer.text());
    assert_eq!(answer.attempts(), "i1=429,i2=200");

    // Five, three and two of ten, at three vendors; each is asked for its own model.
    let shares = [("gpt-4o", 5), ("claude-sonnet-4-20250514", 3), ("deepseek-chat", 2)];
    let mut pools = Vec::new();
    for (model, _) in shares {
        let told = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
            "model": model, "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "hi"}}]});
        pools.push(Upstream::start(Reply::json(200, &told)).await);
    }
    let instances: Vec<Value> = shares
        .iter()
        .zip(&pools)
        .map(|((model, weight), upstream)| {
            instance(model, Some(upstream), json!({"weight": weight}))
        })
        .collect();
    let plugin = json!({"balancer": {"algorithm": "roundrobin"}, "instances": instances});
    put(&router, &route("ordered", plugin)).await;
    let mut models = std::collections::BTreeMap::new();
    for _ in 0..20 {
        let answer = ask(&router).await;
        assert_ok(&answer);
        *models.entry(answer.json()["model"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    let wanted = shares.map(|(model, weight)| (model.to_owned(), 2 * weight));
    assert_eq!(models, wanted.into());
    for ((model, _), pool) in shares.iter().zip(&pools) {
        assert_eq!(pool.requests()[0].json()["model"], *model);
    }
}

#[tokio::test]
async fn the_newest_route_has_the_path_and_deleting_it_ends_that() {
    let [one, two] =
        [Upstream::start(Reply::chat("one")).await, Upstream::start(Reply::chat("two")).await];
    let router = administered_raw("{\"targets\": {}}").await;
    let plugin = |upstream| json!({"instances": [instance("only", Some(upstream), json!({}))]});
    assert_eq!(put(&router, &route("first", plugin(&one))).await.status, 201);
    assert!(ask(&router).await.text().contains("one"));
    let second = put(&router, &route("second", plugin(&two))).await;
    assert_eq!(second.json()["taken_from"], json!({"/ai": "first"}), "{}", second.text());
    assert!(ask(&router).await.text().contains("two"));
    assert!(router.chat("first").await.text().contains("one"), "its name still leads to it");
    let gone = call("DELETE", "/apisix/admin/routes/second").send(router.metrics_addr()).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(ask(&router).await.status, 404);
}

#[tokio::test]
async fn what_a_route_has_no_counterpart_for_is_refused_by_its_name() {
    let router = administered_raw("{\"targets\": {}}").await;
    let plugin = |more: Value| json!({"instances": [instance("a", None, more)]});
    let mut with_plugin = route("x", plugin(json!({})));
    with_plugin["plugins"]["limit-count"] = json!({"count": 1});
    let mut hosted = route("x", plugin(json!({})));
    hosted["hosts"] = json!(["a.example"]);
    for (body, name) in [
        (with_plugin, "plugins.limit-count"),
        (hosted, "hosts"),
        (route("x", plugin(json!({"checks": {"active": {}, "x": 1}}))), "instances[0].checks"),
        (
            route("x", plugin(json!({"options": {"model": "m", "temperature": 1}}))),
            "options.temperature",
        ),
        (route("x", plugin(json!({"provider": "nobody"}))), "instances[0].provider"),
        (route("x", json!({"instances": []})), "instances"),
        (
            route(
                "x",
                json!({"fallback_strategy": "http_404", "instances": [instance("a", None, json!({}))]}),
            ),
            "fallback_strategy",
        ),
        (json!({"id": "x", "uri": "/ai"}), "plugins"),
        (json!({"uri": "/ai", "plugins": {}}), "id"),
    ] {
        let refused = put(&router, &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text());
        assert!(refused.text().contains(name), "{name}: {}", refused.text());
    }
    assert_eq!(file(&router), "{\"targets\": {}}");
    let keyless = Call::new("PUT", "/apisix/admin/routes").header("X-API-KEY", "wrong").body("{}");
    assert_eq!(keyless.send(router.metrics_addr()).await.status, 401);
}

#[tokio::test]
async fn a_path_is_spoken_at_in_the_protocol_that_is_said_beside_it() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({"targets": {"m": {
        "url": upstream.base(), "keys": ["a-token-of-a-client"],
        "paths": ["/ai", {"path": "/claude", "protocol": "anthropic"}],
    }}});
    let router = administered(&targets).await;
    let body = json!({"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]});
    assert_eq!(router.post("/ai", "", &body).await.status, 401, "its keys hold");
    assert_ok(&router.post("/ai", "a-token-of-a-client", &body).await);
    let spoken = router.post("/claude", "a-token-of-a-client", &body).await;
    assert_eq!(
        (spoken.status, &spoken.json()["type"]),
        (200, &json!("message")),
        "{}",
        spoken.text()
    );
    assert_eq!(upstream.requests()[1].target, "/v1/chat/completions");
    assert!(
        eventually(secs(5), async || router.log_text().contains("\"/claude\"")
            || router.log_text().contains("/claude"))
        .await
    );
}
