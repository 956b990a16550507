//! Clients that sign as AWS SDKs do (Signature Version 4): who is believed, and what of it travels on.
//!
//! Never: a signature opens anything that is not the request it was made for.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::support::client::h2::H2;
use crate::support::{Call, Reply, Response, Router, Upstream, assert_error};

/// A request before it is signed, and with what.
#[derive(Clone)]
struct Signer {
    path: String,
    body: String,
    access_key_id: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    service: &'static str,
    at: SystemTime,
    names_hash: bool,
    unsigned_payload: bool,
}

impl Signer {
    fn new() -> Self {
        Self {
            path: "/model/m%2Fone%3A0/converse".into(),
            body: json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}).to_string(),
            access_key_id: ID,
            secret: SECRET,
            token: None,
            service: "bedrock",
            at: SystemTime::now(),
            names_hash: false,
            unsigned_payload: false,
        }
    }

    /// The headers that an SDK would set for `authority`.
    fn headers(&self, authority: &str) -> Vec<(String, String)> {
        let token = self.token.map(str::to_owned);
        let credentials = Credentials::new(self.access_key_id, self.secret, token, None, "test");
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        if self.names_hash {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(self.service)
            .time(self.at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = match self.unsigned_payload {
            true => SignableBody::UnsignedPayload,
            false => SignableBody::Bytes(self.body.as_bytes()),
        };
        let url = format!("http://{authority}{}", self.path);
        let headers = [("content-type", "application/json")];
        let request = SignableRequest::new("POST", url, headers.into_iter(), body).unwrap();
        let (set, _) = sign(request, &params).unwrap().into_parts();
        let set = set.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .chain(set)
            .collect()
    }

    /// The request as it goes to `addr`.
    fn call(&self, addr: SocketAddr) -> Call {
        let call = Call::post(&self.path).body(self.body.clone().into_bytes());
        let headers = self.headers(&addr.to_string());
        headers.iter().fold(call, |call, (name, value)| call.header(name, value))
    }

    async fn send(&self, router: &Router) -> Response {
        self.call(router.addr()).send(router.addr()).await
    }
}

fn targets(upstream: &Upstream) -> Value {
    json!({
        "auth": {"key_definitions": {
            "team": {"aws": {"access_key_id": ID, "secret_access_key": SECRET},
                     "labels": {"plan": "paid"}},
            "slow": {"aws": {"access_key_id": "AKIASLOW", "secret_access_key": "slow secret"},
                     "key": "sk-slow",
                     "rate_limit": {"requests_per_second": 0.001, "burst_size": 1}},
            "gone": {"aws": {"access_key_id": "AKIAGONE", "secret_access_key": "gone secret"},
                     "labels": {"plan": "ended"}}}},
        "targets": {"m/one:0": {
            "url": upstream.base(), "protocol": "bedrock", "onwards_key": "sk-provider",
            "onwards_model": "amazon.nova", "keys": ["team", "slow", "gone"],
            "routing_rules": [{"match_labels": {"plan": "ended"}, "action": {"type": "deny"}}]}}})
}

fn reply() -> Reply {
    Reply::json(
        200,
        &json!({"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
            "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
    )
}

/// Bedrock's own form of a refused credential, which says nothing of why.
#[track_caller]
fn assert_not_believed(answer: &Response, place: &str) {
    let body = r#"{"message":"The API key is unknown."}"#;
    assert_eq!((answer.status, answer.text().as_str()), (403, body), "{place}");
    assert_eq!(answer.header("x-amzn-errortype"), Some("UnrecognizedClientException"), "{place}");
    assert_eq!(answer.header("x-amzn-requestid"), answer.header("x-request-id"), "{place}");
}

#[tokio::test]
async fn a_signed_request_is_its_key_definitions() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let hashed = Signer { names_hash: true, ..Signer::new() };
    let temporary = Signer { token: Some("IQoJ//session=="), ..Signer::new() };
    let queried = Signer { path: "/model/m%2Fone%3A0/converse?b=2&a=%20x".into(), ..Signer::new() };
    for signer in [Signer::new(), hashed, temporary, queried] {
        let answer = signer.send(&router).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.header("x-amzn-requestid");
        assert!(id.is_some() && id == answer.header("x-request-id"), "{answer:?}");
        let seen = upstream.last();
        assert!(seen.target.starts_with("/model/amazon.nova/converse"), "{}", seen.target);
        assert_eq!(seen.header("authorization"), Some("Bearer sk-provider"));
        for own in
            [ID, "AWS4-HMAC", "x-amz-date", "x-amz-security-token", "session==", "x-amz-content"]
        {
            assert!(!seen.mentions(own), "{own}: {seen:?}");
        }
    }
    let denied = Signer { access_key_id: "AKIAGONE", secret: "gone secret", ..Signer::new() };
    let answer = denied.send(&router).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), Some("AccessDeniedException"));
}

#[tokio::test]
async fn the_host_of_http2_is_signed_too() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let mut conn = H2::connect(router.addr()).await;
    let signer = Signer::new();
    for (host, status) in [("gateway.example.com", 200), ("elsewhere.example.com", 403)] {
        let mut request = Request::post(format!("http://{host}{}", signer.path));
        for (name, value) in signer.headers("gateway.example.com") {
            request = request.header(name, value);
        }
        let answer = conn.ask(request.body(Full::from(signer.body.clone())).unwrap()).await;
        assert_eq!(answer.status, status, "{host}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_pair_and_a_token_of_one_definition_share_its_limits() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let slow = Signer { access_key_id: "AKIASLOW", secret: "slow secret", ..Signer::new() };
    assert_eq!(slow.send(&router).await.status, 200);
    let limited = slow.send(&router).await;
    assert_eq!(limited.status, 429, "{}", limited.text());
    assert_eq!(limited.header("x-amzn-errortype"), Some("ThrottlingException"));
    let body: Value = serde_json::from_str(&slow.body).unwrap();
    let token = router.post("/model/m%2Fone%3A0/converse", "sk-slow", &body).await;
    assert_eq!(token.status, 429, "{}", token.text());
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn what_was_not_signed_is_not_believed() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let ago = |secs| SystemTime::now() - Duration::from_secs(secs);
    let signers = [
        ("another secret", Signer { secret: "wJalrXUtnFEMI", ..Signer::new() }),
        ("an unknown pair", Signer { access_key_id: "AKIANOBODY", ..Signer::new() }),
        ("another's pair", Signer { access_key_id: "AKIASLOW", ..Signer::new() }),
        ("a late signature", Signer { at: ago(400), ..Signer::new() }),
        (
            "one of tomorrow",
            Signer { at: SystemTime::now() + Duration::from_secs(400), ..Signer::new() },
        ),
        ("another service", Signer { service: "s3", ..Signer::new() }),
        ("no signed body", Signer { unsigned_payload: true, names_hash: true, ..Signer::new() }),
    ];
    for (place, signer) in signers {
        assert_not_believed(&signer.send(&router).await, place);
    }
    let addr = router.addr();
    let good = Signer::new();
    let changed: [(&str, Call); 3] = [
        ("body", good.call(addr).body(good.body.replace("hi", "ho").into_bytes())),
        ("an unsigned header of Amazon's", good.call(addr).header("x-amz-target", "evil")),
        ("host", good.call(addr).header("host", "elsewhere.example.com")),
    ];
    for (place, call) in changed {
        assert_not_believed(&call.send(addr).await, place);
    }
    let moved = String::from_utf8(good.call(addr).bytes(addr)).unwrap();
    let moved = moved.replacen("/converse ", "/converse?x=1 ", 1);
    let mut conn = crate::support::Conn::connect(addr).await;
    conn.send(moved).await;
    assert_not_believed(&conn.response().await, "path");
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn the_public_half_is_no_token_and_no_signature_is_no_key() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let body: Value = serde_json::from_str(&Signer::new().body).unwrap();
    let path = "/model/m%2Fone%3A0/converse";
    for token in [ID, SECRET, "team"] {
        assert_not_believed(&router.post(path, token, &body).await, token);
    }
    let none = router.post(path, "", &body).await;
    assert_eq!(none.header("x-amzn-errortype"), Some("UnrecognizedClientException"));
    let elsewhere = Call::chat(&json!({"model": "m/one:0", "messages": []}));
    let signed = elsewhere.header("authorization", "AWS4-HMAC-SHA256 Credential=x");
    assert_error(&signed.send(router.addr()).await, 401, "invalid_api_key");
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn a_signature_in_a_query_goes_no_further() {
    let upstream = Upstream::start(reply()).await;
    let open = json!({"targets": {"m/one:0": {"url": upstream.base(), "protocol": "bedrock", "onwards_key": "k"}}});
    let router = Router::start(&open).await;
    let query = "?X-Amz-Credential=AKIA&X-Amz-Signature=00&keep=1";
    let signer = Signer { path: format!("/model/m%2Fone%3A0/converse{query}"), ..Signer::new() };
    assert_eq!(signer.send(&router).await.status, 200);
    assert_eq!(upstream.last().target, "/model/m%2Fone%3A0/converse?keep=1");
}

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[tokio::test]
async fn a_large_body_is_read_for_the_holder_of_a_pair() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let mut signer = Signer::new();
    let text = "x".repeat(200_000);
    signer.body = json!({"messages": [{"role": "user", "content": [{"text": text}]}]}).to_string();
    assert_eq!(signer.send(&router).await.status, 200);
    signer.access_key_id = "AKIAIOSFODNN7NOBODYS";
    assert_eq!(signer.send(&router).await.status, 403);
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn what_is_not_signed_is_not_believed() {
    let upstream = Upstream::start(reply()).await;
    let mut file = targets(&upstream);
    file["targets"]["dear"] = file["targets"]["m/one:0"].clone();
    file["targets"]["dear"]["onwards_model"] = json!("amazon.dear");
    let router = Router::start(&file).await;
    let signer = Signer::new();
    for (name, value) in [
        ("model-override", "dear"),
        ("x-onwards-timeout-ms", "no number"),
        ("content-encoding", "gzip"),
        ("x-other", "x"),
    ] {
        let answer = signer.call(router.addr()).header(name, value).send(router.addr()).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let seen = upstream.last();
        assert!(seen.target.starts_with("/model/amazon.nova/"), "{name}: {}", seen.target);
        assert_eq!(seen.header(name), None, "{name}");
    }
}

/// A signature is of the packed bytes, which are gone when it is verified.
#[tokio::test]
async fn what_is_signed_and_packed_is_refused_by_name() {
    let upstream = Upstream::start(reply()).await;
    let router = Router::start(&targets(&upstream)).await;
    let signed = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/r/bedrock/aws4_request, \
        SignedHeaders=content-encoding;host;x-amz-date, Signature=0";
    let call = Call::post("/model/m%2Fone%3A0/converse").body("packed");
    let call = call.header("authorization", signed).header("content-encoding", "gzip");
    let answer = call.send(router.addr()).await;
    // AWS has one status for all that a client does wrong.
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("without `content-encoding`"), "{}", answer.text());
    assert_eq!(upstream.hits(), 0);
}
