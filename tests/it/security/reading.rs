//! Requests that the router and a provider could read in two ways: one question, one reading.
//!
//! Never: who may use `cheap` gets `dear` because a provider reads a body, a type or a form otherwise.

use serde_json::json;

use crate::support::router::CHAT;
use crate::support::{Call, Reply, Router, Upstream, assert_error, assert_ok};

async fn cheap() -> (Upstream, Router) {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let target = json!({"url": upstream.base(), "keys": ["sk-c"]});
    let router = Router::start(&json!({"targets": {"cheap": target}})).await;
    (upstream, router)
}

fn call(path: &str, body: impl Into<Vec<u8>>) -> Call {
    Call::post(path).header("authorization", "Bearer sk-c").body(body)
}

fn form(parts: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--X--\r\n"
}

const CHEAP: &str = r#"{"model":"cheap","messages":[]}"#;
const FORM: &str = "multipart/form-data; boundary=X";

#[tokio::test]
async fn a_body_has_one_type() {
    let (upstream, router) = cheap().await;
    let cheap_form = form(&[("model", "cheap")]);
    for (lines, status, code) in [
        (&[("content-type", FORM)][..], 415, "unsupported_content_type"),
        (&[("content-type", "application/x-www-form-urlencoded")], 415, "unsupported_content_type"),
        (&[("content-type", "application/json; charset=utf-16")], 415, "unsupported_content_type"),
        (&[("content-type", "application/json"), ("content-type", FORM)], 400, "ambiguous_request"),
        (&[("content-type", FORM), ("connection", "content-type")], 400, "ambiguous_request"),
        (&[("connection", "close, Content-Encoding")], 400, "ambiguous_request"),
        (&[("content-encoding", "identity"), ("content-encoding", "gzip")], 400, "invalid_json"),
        (&[("content-encoding", "identity, GZIP")], 400, "invalid_json"),
        (&[("content-encoding", "identity, x")], 415, "unsupported_content_encoding"),
    ] {
        for body in [CHEAP, &cheap_form] {
            let call =
                lines.iter().fold(call(CHAT, body), |it, (name, value)| it.header(name, value));
            let answer = call.send(router.addr()).await;
            assert_eq!(answer.status, status, "{lines:?}: {:?}", upstream.requests());
            assert_error(&answer, status, code);
        }
    }
    assert_eq!(upstream.hits(), 0);
    let plain = call(CHAT, CHEAP)
        .header("content-type", "Application/JSON; charset=\"UTF-8\"")
        .header("content-encoding", "Identity");
    assert_ok(&plain.send(router.addr()).await);
}

#[tokio::test]
async fn forms_are_taken_only_where_they_belong() {
    let (upstream, router) = cheap().await;
    let cheap_form = form(&[("model", "cheap"), ("messages", r#"{"model":"dear"}"#)]);
    for path in [
        CHAT,
        "/v1//chat/completions",
        "/V1/Chat/Completions",
        "/v1/messages",
        "/v1/messages/batches",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/moderations",
        "/v1/batches",
        "/v1/rerank",
        "/v1beta/models/cheap:generateContent",
        "/model/cheap/converse",
        "/v2/chat",
        "/v1/realtime/calls",
        "/openai/deployments/cheap/chat/completions",
    ] {
        let call = call(path, cheap_form.as_str()).header("content-type", FORM);
        let answer = call.send(router.addr()).await;
        // Bedrock's protocol has no 415.
        let is_refused = matches!(answer.status, 400 | 415);
        assert!(is_refused, "{path}: {:?}", upstream.requests());
        assert!(answer.text().contains("form"), "{path}: {}", answer.text());
    }
    assert_eq!(upstream.hits(), 0);
    for path in ["/v1/audio/transcriptions", "/v1/images/edits", "/v1/files", "/v1/own"] {
        let call = call(path, cheap_form.as_str()).header("content-type", FORM);
        assert_ok(&call.send(router.addr()).await);
    }
}

#[tokio::test]
async fn a_form_has_one_reading() {
    let (upstream, router) = cheap().await;
    let good = form(&[("model", "cheap")]);
    let dear = "content-disposition: form-data; name=\"model\"\r\n\r\ndear\r\n";
    for wrong in [
        format!("preamble\r\n{good}"),
        format!("{good}--X\r\n{dear}--X--\r\n"),
        good.replace("--X--", &format!("--X \r\n{dear}--X--")),
        good.replace("\r\ncheap", &format!("\r\ncheap\n--X\n{dear}")),
        good.replace("cheap\r\n", &format!("cheap\r\n--X\r\n{}", dear.replace("model", "Model"))),
        good.replace("cheap\r\n", &format!("cheap\r\n--X\r\n{}", dear.replace("model", "mode\\l"))),
        good.replace("\r\n\r\ncheap", "\r\ncontent-transfer-encoding: base64\r\n\r\ncheap"),
        good.replace("\r\n\r\ncheap", "\r\ncontent-type: text/plain; charset=utf-16\r\n\r\ncheap"),
    ] {
        let call = call("/v1/audio/transcriptions", wrong.as_str()).header("content-type", FORM);
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status, 400, "{wrong:?}: {:?}", upstream.requests());
    }
    for wrong in [
        "multipart/form-data; boundary*=utf-8''Y; boundary=X",
        "multipart/form-data; boundary=X; boundary=Y",
        "multipart/form-data; x=\"; boundary=Y\"; boundary=X",
        "multipart/form-data; boundary=X,Y",
    ] {
        let call = call("/v1/audio/transcriptions", good.as_str()).header("content-type", wrong);
        assert_error(&call.send(router.addr()).await, 400, "ambiguous_request");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn the_header_opens_no_path_to_what_cannot_be_read() {
    let (upstream, router) = cheap().await;
    let dear = r#"{"model":"dear","temperature":NaN}"#;
    for (path, content_type, body) in [
        ("/api/v1/own", "application/json", dear.as_bytes()),
        ("/api/v1/own", "text/plain", dear.as_bytes()),
        ("/api/v1/own", "application/octet-stream", b"\xef\xbb\xbf{\"model\":\"dear\"}"),
        ("/api/v1/own", "text/plain", b"{\0\"\0"),
        ("/api/v1/own", "text/plain", br#"/**/{"model":"dear"}"#),
        ("/api/v1/own", "application/x-www-form-urlencoded", b"a=b&mod%65l=dear"),
        ("/api/v1/chat/completions", "text/plain", dear.as_bytes()),
        ("/v1/CHAT/completions", "text/plain", dear.as_bytes()),
        ("/openai/deployments/cheap/chat/completions", "text/plain", dear.as_bytes()),
    ] {
        let call = call(path, body).header("content-type", content_type);
        let answer = call.header("model-override", "cheap").send(router.addr()).await;
        assert!(matches!(answer.status, 400 | 415), "{path} {content_type}: {}", answer.status);
    }
    let twice = r#"{"model":"cheap","stream":false,"stream":true}"#;
    let broken =
        call(CHAT, "--x\r\nno head").header("content-type", "multipart/form-data; boundary=x");
    // What is wrong is said of what was sent: neither is broken JSON.
    for call in [call(CHAT, twice), broken] {
        let answer = call.send(router.addr()).await;
        assert_eq!(answer.status / 100, 4, "{}", answer.text());
        assert!(!answer.text().contains("JSON object"), "{}", answer.text());
    }
    assert_error(&call(CHAT, twice).send(router.addr()).await, 400, "invalid_json");
    assert_eq!(upstream.hits(), 0);
    let file = call("/v1/own", "RIFF\0\0").header("content-type", "audio/wav");
    assert_ok(&file.header("model-override", "cheap").send(router.addr()).await);
    let pairs = call("/v1/own", "a=b").header("content-type", "application/x-www-form-urlencoded");
    assert_ok(&pairs.header("model-override", "cheap").send(router.addr()).await);
}

#[tokio::test]
async fn an_override_has_one_value() {
    let (upstream, router) = cheap().await;
    let ask = async |second: &str| {
        let call = call(CHAT, r#"{"model":"x","messages":[]}"#).header("model-override", "cheap");
        call.header("model-override", second).send(router.addr()).await
    };
    for other in ["dear", "", "Cheap", "cheap, dear"] {
        assert_eq!(ask(other).await.status, 400, "{other}");
    }
    assert_eq!(upstream.hits(), 0);
    assert_ok(&ask("cheap").await);
}
