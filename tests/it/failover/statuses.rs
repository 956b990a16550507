//! What a status means: the one that was sent, and what a provider would say again.
//!
//! Never: a status counts as another one, unless the error's own code says that it is wrong.

use serde_json::{Value, json};

use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, chat, eventually, pair, pool, provider, secs,
};

fn refusal(status: u16, error: Value) -> Reply {
    Reply::json(status, &json!({"error": error}))
}

async fn trail(first: Reply, fallback: Value) -> String {
    let (first, second) = (Upstream::start(first).await, Upstream::start(Reply::chat("hi")).await);
    let mut targets = pair(&first, &second);
    targets["targets"]["m"]["fallback"] = fallback;
    Router::start(&targets).await.chat("m").await.attempts().to_owned()
}

#[tokio::test]
async fn rules_on_statuses_are_about_the_status_that_was_sent() {
    let server = json!({"message": "m", "type": "server_error", "code": "server_error"});
    let busy = json!({"message": "m", "type": "overloaded_error"});
    let slow = json!({"message": "m", "code": "rate_limit_exceeded"});
    let bare = json!({"message": "m"});
    for (status, error, on_status, falls_back) in [
        (510, &bare, json!([50]), false),
        (510, &server, json!([50]), false),
        (501, &bare, json!([429, 500, 502, 503, 504]), false),
        (501, &server, json!([500]), false),
        (529, &bare, json!([503]), false),
        (529, &busy, json!([529]), true),
        (502, &bare, json!([500, 503]), false),
        (503, &server, json!([500]), false),
        (429, &slow, json!([5]), false),
        (402, &bare, json!([429]), false),
        (509, &bare, json!([50]), true),
        (400, &busy, json!([503]), true),
        (400, &slow, json!([429]), true),
        (200, &busy, json!([503]), true),
        (200, &slow, json!([429]), true),
        (200, &slow, json!([500]), false),
    ] {
        let rules = json!({"enabled": true, "on_status": on_status});
        let trail = trail(refusal(status, error.clone()), rules).await;
        assert_eq!(
            trail.contains("second=200"),
            falls_back,
            "{status} {error} {on_status}: {trail}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_refused_the_request_for_good_is_not_asked_again() {
    for (refused, on) in [
        (
            refusal(400, json!({"message": "m", "code": "context_length_exceeded"})),
            "context_window",
        ),
        (refusal(400, json!({"message": "m", "code": "content_filter"})), "content_filter"),
        (refusal(401, json!({"message": "m", "code": "invalid_api_key"})), "credential"),
        (refusal(403, json!({"message": "m"})), "credential"),
        (refusal(429, json!({"message": "m", "code": "insufficient_quota"})), "quota"),
        (refusal(404, json!({"message": "m", "code": "model_not_found"})), "model_missing"),
    ] {
        let (first, second) =
            (Upstream::start(refused).await, Upstream::start(Reply::error(500, "x")).await);
        for strategy in ["priority", "weighted_random"] {
            let mut targets = pair(&first, &second);
            targets["targets"]["m"]["strategy"] = strategy.into();
            targets["targets"]["m"]["fallback"] = json!({"enabled": true, "on_status": [5], "on": [on],
                "max_attempts": 4, "with_replacement": strategy == "weighted_random"});
            let before = first.hits();
            let answer = Router::start(&targets).await.chat("m").await;
            assert!(first.hits() - before <= 1, "{on}, {strategy}: {}", answer.attempts());
        }
    }
}

#[tokio::test]
async fn a_model_that_its_provider_does_not_know_falls_back_rests_and_is_counted() {
    for body in [
        json!({"error": {"message": "m", "type": "invalid_request_error", "code": "model_not_found"}}),
        json!({"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}),
        json!({"error": {"code": 404, "status": "NOT_FOUND",
            "message": "models/gemini-9 is not found for API version v1beta"}}),
        json!({"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}),
        json!({"object": "error", "message": "The model `x` does not exist.", "code": 404}),
        json!({"error": "model 'x' not found"}),
    ] {
        let (first, second) = (
            Upstream::start(Reply::json(404, &body)).await,
            Upstream::start(Reply::chat("hi")).await,
        );
        let mut targets = pair(&first, &second);
        targets["targets"]["m"]["fallback"]["on_status"] = json!([429]);
        targets["targets"]["m"]["cooldown"] = json!({});
        let router = Router::start(&targets).await;
        assert_eq!(router.chat("m").await.attempts(), "first=404,second=200", "{body}");
        assert_eq!(router.chat("m").await.attempts(), "first=cooling,second=200", "{body}");
        let line = "resting 60 s since it does not know its model";
        assert!(eventually(secs(10), async || router.stderr_text().contains(line)).await);
        let labels = [("alias", "m"), ("provider", "first")];
        let counted = router.metric("onwards_model_missing_total", &labels).await;
        assert_eq!(counted, Some(1.0), "{body}");
    }
    let (first, second) = (
        Upstream::start(refusal(
            404,
            json!({"type": "not_found_error", "message": "File not found: file_1"}),
        ))
        .await,
        Upstream::start(Reply::chat("hi")).await,
    );
    assert_eq!(Router::start(&pair(&first, &second)).await.chat("m").await.attempts(), "first=404");
}

#[tokio::test]
async fn a_picture_that_a_provider_could_not_fetch_is_the_clients_fault() {
    for (status, code) in [
        (400, "invalid_image_url"),
        (500, "failed_to_download_image"),
        (404, "image_file_not_found"),
    ] {
        let error = json!({"message": "Error while downloading the image", "code": code});
        let rules = json!({"enabled": true, "on_status": [4, 5]});
        let rules = if status == 500 { rules } else { json!({"enabled": true}) };
        let trail = trail(refusal(status, error), rules).await;
        assert_eq!(trail, format!("first={status}"), "{code}");
    }
}

#[tokio::test]
async fn a_length_is_known_by_its_code_or_by_what_the_operator_says_of_its_prose() {
    let llama = json!({"code": 400, "type": "exceed_context_size_error", "message": "too large"});
    let rules = json!({"enabled": true, "on": ["context_window"]});
    assert_eq!(trail(refusal(400, llama), rules.clone()).await, "first=400,second=200");

    let prose = json!({"message": "This model's Maximum Context Length is 4096 tokens"});
    assert_eq!(trail(refusal(400, prose.clone()), rules.clone()).await, "first=400");
    let (first, second) =
        (Upstream::start(refusal(400, prose)).await, Upstream::start(Reply::chat("hi")).await);
    let mut named = provider("first", &first);
    named["error_phrases"] = json!({"maximum context length": "context_window"});
    let mut targets = pool(&[named, provider("second", &second)]);
    targets["targets"]["m"]["fallback"] = rules;
    let router = Router::start(&targets).await;
    for (path, body) in [
        ("/v1/chat/completions", chat("m")),
        (
            "/v1/messages",
            json!({"model": "m", "max_tokens": 9,
            "messages": [{"role": "user", "content": "hello"}]}),
        ),
    ] {
        let answer = Call::post(path).json(&body).send(router.addr()).await;
        assert_ok(&answer);
        assert_eq!(answer.attempts(), "first=400,second=200", "{path}");
    }
}
