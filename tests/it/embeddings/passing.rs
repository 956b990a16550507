//! Who is asked at all: endpoints that only one protocol has go to its providers, and embeddings to
//! those that have them. Nobody else is asked, whether the pool falls back or not.

use serde_json::{Value, json};

use super::{alias, golden_reply, named, one};
use crate::support::{Call, Reply, Router, Upstream, assert_error, assert_ok};

const FOREIGN: [&str; 4] = ["anthropic", "gemini", "bedrock", "cohere"];

/// The endpoints of OpenAI that no other protocol has, each with a request as clients send it.
fn natives() -> Vec<Call> {
    let form = "--X\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--X\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n\x01\x02\r\n--X--\r\n";
    let json = |path, body: Value| Call::post(path).json(&body);
    let form = |path| {
        let call = Call::post(path).header("content-type", "multipart/form-data; boundary=X");
        call.body(form)
    };
    vec![
        json("/v1/completions", json!({"model": "m", "prompt": "p"})),
        json("/v1/moderations", json!({"model": "m", "input": "i"})),
        json("/v1/audio/speech", json!({"model": "m", "input": "i", "voice": "v"})),
        form("/v1/audio/transcriptions"),
        form("/v1/audio/translations"),
        json("/v1/images/generations", json!({"model": "m", "prompt": "p"})),
        form("/v1/images/edits"),
        form("/v1/files"),
        Call::get("/v1/files/file-1/content").header("model-override", "m"),
        Call::new("DELETE", "/v1/files/file-1").header("model-override", "m"),
        json("/v1/batches", json!({"model": "m", "input_file_id": "file-1"})),
        json("/completions", json!({"model": "m", "prompt": "p"})),
    ]
}

#[tokio::test]
async fn openais_own_endpoints_pass_to_providers_of_its_kind() {
    // Bytes of no format that is known here.
    let reply = Reply::new(200).header("content-type", "audio/mpeg").body(vec![0_u8, 255, 13, 10]);
    let upstream = Upstream::start(reply).await;
    for protocol in ["openai", "openai_responses"] {
        let router = Router::start(&alias(&one(protocol, "m", &upstream))).await;
        for call in natives() {
            let answer = call.send(router.addr()).await;
            assert_ok(&answer);
            assert_eq!(answer.header("content-type"), Some("audio/mpeg"));
            assert_eq!(answer.body, [0, 255, 13, 10]);
            let (seen, sent) = (upstream.last(), call.bytes(router.addr()));
            assert!(sent.ends_with(&seen.body), "{protocol} {}: the body", seen.target);
            assert!(sent.windows(seen.target.len()).any(|it| it == seen.target.as_bytes()));
        }
    }
    assert_eq!(upstream.hits(), 2 * natives().len());
}

#[tokio::test]
async fn a_provider_of_another_protocol_is_not_asked_for_them() {
    let upstream = Upstream::start(Reply::json(200, &json!({}))).await;
    for protocol in FOREIGN {
        let router = Router::start(&alias(&one(protocol, "m", &upstream))).await;
        for call in natives() {
            let answer = call.send(router.addr()).await;
            assert_error(&answer, 400, "unsupported_endpoint");
            assert!(answer.attempts().ends_with("=protocol"), "{}", answer.attempts());
        }
    }
    assert_eq!(upstream.hits(), 0);
}

/// With or without falling back, and whatever the strategy: it is no failure of theirs.
#[tokio::test]
async fn it_goes_to_the_one_of_the_pool_that_serves_it() {
    let foreign = Upstream::start(Reply::json(200, &json!({}))).await;
    let good = Upstream::start(Reply::json(200, &json!({"text": "hi"}))).await;
    let mut providers: Vec<_> =
        FOREIGN.iter().map(|protocol| named(protocol, &one(protocol, "m", &foreign))).collect();
    providers.push(named("good", &one("openai", "m", &good)));
    for strategy in ["priority", "weighted_random", "round_robin"] {
        for enabled in [true, false] {
            let targets = json!({"targets": {"m": {"strategy": strategy,
                "fallback": {"enabled": enabled}, "providers": providers}}});
            let router = Router::start(&targets).await;
            for call in natives() {
                let answer = call.send(router.addr()).await;
                assert_ok(&answer);
                assert_eq!(answer.header("x-onwards-provider"), Some("good"));
            }
            // The same providers serve what they all have words for.
            if strategy == "priority" {
                let chat = Call::chat(&crate::support::chat("m")).send(router.addr()).await;
                assert!(chat.attempts().starts_with("anthropic="), "{}", chat.attempts());
            }
        }
    }
}

#[tokio::test]
async fn another_pool_may_take_over() {
    let foreign = Upstream::start(Reply::json(200, &json!({}))).await;
    let good = Upstream::start(Reply::json(200, &json!({}))).await;
    let mut first = one("gemini", "m", &foreign);
    first["fallback"] = json!({"enabled": true, "to": ["other"]});
    first["name"] = json!("first");
    let other = named("second", &one("openai", "m", &good));
    let router = Router::start(&json!({"targets": {"m": first, "other": other}})).await;
    let answer = natives().swap_remove(0).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(answer.attempts(), "first=protocol,second=200");
}

/// Who could serve it and may not now is what is told, not that others could not.
#[tokio::test]
async fn the_truth_is_told_of_who_could_serve_it() {
    let good = Upstream::start(Reply::json(200, &json!({}))).await;
    let mut openai = named("openai", &one("openai", "m", &good));
    openai["rate_limit"] = json!({"requests_per_second": 0.01, "burst_size": 1});
    let gemini = named("gemini", &one("gemini", "m", &good));
    let router = Router::start(&super::pool(&[gemini, openai])).await;
    let call = natives().swap_remove(1);
    assert_ok(&call.send(router.addr()).await);
    assert_error(&call.send(router.addr()).await, 429, "rate_limit");
}

/// Anthropic has files at the same path; its clients name their version of its protocol.
#[tokio::test]
async fn files_of_anthropics_clients_go_to_anthropic() {
    let openai = Upstream::start(Reply::json(200, &json!({"who": "openai"}))).await;
    let anthropic = Upstream::start(Reply::json(200, &json!({"who": "anthropic"}))).await;
    let router = Router::start(&super::pool(&[
        named("openai", &one("openai", "m", &openai)),
        named("anthropic", &one("anthropic", "m", &anthropic)),
    ]))
    .await;
    let files = Call::get("/v1/files").header("model-override", "m");
    let answer = files.clone().send(router.addr()).await;
    assert_eq!(answer.json()["who"], "openai", "{}", answer.text());
    let theirs = files.header("anthropic-version", "2023-06-01");
    let answer = theirs.clone().send(router.addr()).await;
    assert_eq!(answer.json()["who"], "anthropic", "{}", answer.text());
    let alone = Router::start(&alias(&one("openai", "m", &openai))).await;
    let answer = theirs.send(alone.addr()).await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (400, &json!("error")),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn anthropic_is_not_asked_for_embeddings() {
    let anthropic = Upstream::start(Reply::json(200, &json!({}))).await;
    let good = Upstream::start(golden_reply("cohere")).await;
    let claude = named("claude", &one("anthropic", "claude", &anthropic));
    let alone = Router::start(&alias(&claude)).await;
    let router =
        Router::start(&super::pool(&[claude, named("good", &one("cohere", "embed-v4.0", &good))]))
            .await;
    for client in super::CLIENTS {
        let answer = super::call(client).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{client}: {}", answer.text());
        assert_eq!(answer.attempts(), "claude=protocol,good=200", "{client}");
        let refused = super::call(client).send(alone.addr()).await;
        assert_eq!(refused.status, 400, "{client}: {}", refused.text());
        let body = refused.json();
        match client {
            "openai" => assert_error(&refused, 400, "unsupported_endpoint"),
            "gemini" => assert_eq!(body["error"]["status"], "INVALID_ARGUMENT", "{body}"),
            "bedrock" => {
                assert_eq!(refused.header("x-amzn-errortype"), Some("ValidationException"));
            }
            _ => assert!(body["message"].is_string() && body["id"].is_string(), "{body}"),
        }
    }
    assert_eq!(anthropic.hits(), 0);
}

/// Paths that belong to no protocol go to whoever the alias has, as ever.
#[tokio::test]
async fn other_paths_go_to_anybody() {
    let upstream = Upstream::start(Reply::json(200, &json!({"results": []}))).await;
    let router = Router::start(&alias(&one("cohere", "rerank-v3.5", &upstream))).await;
    let body = json!({"model": "m", "query": "q", "documents": ["d"]});
    let answer = Call::post("/v2/rerank").json(&body).send(router.addr()).await;
    assert_ok(&answer);
    assert_eq!(upstream.last().json()["model"], "rerank-v3.5");
    assert_eq!(upstream.last().target, "/v2/rerank");
}

/// A batch is not one long prompt.
#[tokio::test]
async fn a_batch_may_be_longer_than_a_context_window() {
    let upstream = Upstream::start(Reply::json(200, &json!({"data": []}))).await;
    let mut provider = one("openai", "m", &upstream);
    provider["context_window"] = json!(512);
    let router = Router::start(&super::pool(&[named("p", &provider)])).await;
    let texts = vec!["word ".repeat(300); 20];
    let body = json!({"model": "m", "input": texts});
    let answer = Call::post("/v1/embeddings").json(&body).send(router.addr()).await;
    assert_eq!(answer.attempts(), "p=200", "{}", answer.text());
}
