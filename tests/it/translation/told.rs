//! What is told in the client's own form: errors, the id of the request, and what a provider could
//! not be told.

use serde_json::json;

use super::{PROTOCOLS, call, golden, model, stream_file, stream_type, targets};
use crate::support::{Call, Fault, Place, Reply, Router, Upstream};

#[tokio::test]
async fn every_client_reads_errors_in_its_own_form() {
    for provider in PROTOCOLS {
        let reply = Reply::new(429)
            .header("content-type", "application/json")
            .header("retry-after", "7")
            .body(r#"{"message":"slow down","error":{"message":"slow down","type":"rate_limit_error","code":429}}"#);
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&targets(provider, &upstream)).await;
        for client in PROTOCOLS {
            let answer = call(client, false).send(router.addr()).await;
            let place = format!("{client} at {provider}: {}", answer.text());
            assert_eq!(answer.status, 429, "{place}");
            assert_eq!(answer.header("retry-after"), Some("7"), "{place}");
            assert!(answer.text().contains("slow down"), "{place}");
        }
    }
}

/// What a client reports and what the router logs is one id, in the header and in the body.
#[tokio::test]
async fn an_errors_body_names_the_request_as_its_header_does() {
    let upstream = Upstream::start(Reply::error(429, "slow down")).await;
    let router = Router::start(&targets("gemini", &upstream)).await;
    for (client, field) in [("anthropic", "request_id"), ("cohere", "id")] {
        let own = call(client, false).header("x-request-id", "mine-1").send(router.addr()).await;
        let ours = call(client, false).send(router.addr()).await;
        for answer in [own, ours] {
            assert_eq!(answer.status, 429, "{client}: {}", answer.text());
            let id = answer.header("x-request-id").map(str::to_owned);
            assert!(id.as_ref().is_some_and(|id| !id.is_empty()), "{client}");
            assert_eq!(answer.json()[field].as_str().map(str::to_owned), id, "{client}");
        }
    }
}

/// Whatever a client calls its fields: a name that fits no header hides no other one.
#[tokio::test]
async fn every_dropped_field_is_named() {
    let body = golden("anthropic", "plain", "response.json");
    let reply = Reply::new(200).header("content-type", "application/json").body(body);
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&targets("anthropic", &upstream)).await;
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}],
        "a\nb": 1, "c,d%": 1, "\u{e9}\u{7f}": 1, "seed": 1});
    let answer = Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let dropped = answer.header("x-onwards-dropped").unwrap_or_default();
    let mut names: Vec<&str> = dropped.split(',').collect();
    names.sort_unstable();
    assert_eq!(names, ["%C3%A9%7F", "a%0Ab", "c%2Cd%25", "seed"]);

    let fields = (0..1_000).map(|number| (format!("field_{number}"), json!(1)));
    let mut request = request;
    request.as_object_mut().unwrap().extend(fields);
    let answer = Call::post("/v1/chat/completions").json(&request).send(router.addr()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let dropped = answer.header("x-onwards-dropped").unwrap_or_default();
    assert!(dropped.len() < 4096 && dropped.ends_with("..."), "{} bytes", dropped.len());
}

/// AWS's SDKs ask again after a 503, which is the status of their `ServiceUnavailableException`, and do not know a 529.
#[tokio::test]
async fn clients_of_bedrock_are_told_with_503_what_may_be_asked_again() {
    for provider in PROTOCOLS {
        let gone = Upstream::refused();
        let busy = Reply::error(529, "busy");
        let busy = Upstream::start(busy).await;
        let resets = Upstream::start(Reply::chat("no").fault(Place::Start, Fault::Reset)).await;
        for (what, upstream) in [("gone", &gone), ("busy", &busy), ("reset", &resets)] {
            // What Bedrock itself answers passes as it came.
            if (what, provider) == ("busy", "bedrock") {
                continue;
            }
            let router = Router::start(&targets(provider, upstream)).await;
            for stream in [false, true] {
                let answer = call("bedrock", stream).send(router.addr()).await;
                let place = format!("{what} at {provider}, {stream}: {}", answer.text());
                assert_eq!(answer.status, 503, "{place}");
                let kind = answer.header("x-amzn-errortype").unwrap_or_default();
                assert!(kind.starts_with("ServiceUnavailableException"), "{kind} {place}");
            }
        }
    }
}

/// So that a client knows the model that served it, and not only the name that it asked for.
#[tokio::test]
async fn translated_answers_name_the_model_of_their_provider() {
    for provider in PROTOCOLS {
        let whole = golden(provider, "plain", "response.json");
        let streamed = golden(provider, "plain", stream_file(provider));
        for (stream, kind, body) in
            [(false, "application/json", whole), (true, stream_type(provider), streamed)]
        {
            let named = named_in(&body).unwrap_or_else(|| model(provider).to_owned());
            let reply = Reply::new(200).header("content-type", kind).body(body);
            let upstream = Upstream::start(reply).await;
            let router = Router::start(&targets(provider, &upstream)).await;
            // Bedrock and Cohere have no field for it.
            for client in ["openai", "openai_responses", "anthropic", "gemini"] {
                let text = call(client, stream).send(router.addr()).await.text();
                let place = format!("{client} at {provider}, {stream}: {named} in {text}");
                let field = if client == "gemini" { "modelVersion" } else { "model" };
                let name = |it: &str| text.contains(&format!("\"{field}\":{it}\"{named}\""));
                assert!(name("") || name(" "), "{place}");
            }
        }
    }
}

/// The model that an answer of a vendor names.
fn named_in(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let fields = ["\"model\":", "\"modelVersion\":"];
    let after = fields.iter().find_map(|field| Some(text.split_once(field)?.1))?;
    after.split('"').nth(1).map(str::to_owned)
}
