//! Headers that must not travel: E4 to E7, E16.
//!
//! Never: a client's credential reaches a provider, or a provider's cookie a client.

use serde_json::json;

use crate::support::{Call, Reply, Router, Upstream, assert_ok, chat, open, provider, run_cli};

/// What a client may send and a provider must not see.
const PRIVATE: [(&str, &str); 22] = [
    ("x-api-key", "sk-client-2"),
    ("api-key", "sk-client-3"),
    ("x-goog-api-key", "sk-client-4"),
    ("cookie", "session=sk-client-5"),
    ("proxy-authorization", "Basic sk-client-6"),
    ("origin", "https://page.example"),
    ("referer", "https://page.example/x"),
    ("sec-fetch-mode", "cors"),
    ("sec-ch-ua", "\"x\""),
    ("model-override", "m"),
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("forwarded", "for=6.6.6.6"),
    ("x-real-ip", "6.6.6.6"),
    ("keep-alive", "timeout=5"),
    ("te", "trailers"),
    ("trailer", "x-sum"),
    ("upgrade", "h2c"),
    ("proxy-connection", "keep-alive"),
    ("x-nominated", "secret"),
    ("x-also-nominated", "secret"),
];

fn nosy_call() -> Call {
    nosy_call_of("m")
}

fn nosy_call_of(alias: &str) -> Call {
    let nominate = "keep-alive, X-Nominated,x-also-nominated";
    let call = Call::chat(&chat("m")).key("sk-client-1").header("connection", nominate);
    let value = |name: &str, value| if name == "model-override" { alias } else { value };
    PRIVATE.iter().fold(call, |call, (name, its)| call.header(name, value(name, its)))
}

#[tokio::test]
async fn e4_credentials_of_the_client_are_never_forwarded() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut targets = open(&upstream);
    targets["targets"]["keyed"] = provider("keyed", &upstream);
    let router = Router::start(&targets).await;
    for alias in ["m", "keyed"] {
        let answer = nosy_call_of(alias).header("x-kept", "1");
        assert_ok(&answer.send(router.addr()).await);
        let seen = upstream.last();
        assert!(!seen.mentions("sk-client"), "{seen:?}");
    }
    assert_ok(&nosy_call().send(router.addr()).await);
    assert_eq!(upstream.last().header("authorization"), None, "no key of its own, none at all");
    let keyed = Call::chat(&chat("keyed")).key("sk-client-1").send(router.addr()).await;
    assert_ok(&keyed);
    assert_eq!(upstream.last().header("authorization"), Some("Bearer sk-provider-keyed"));
}

#[tokio::test]
async fn e5_e7_hop_by_hop_nominated_and_forwarding_headers_are_dropped() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let kept = [("x-kept", "1"), ("openai-beta", "assistants=v2"), ("user-agent", "lab/1")];
    let call = kept.iter().fold(nosy_call(), |call, (name, value)| call.header(name, value));
    assert_ok(&call.send(router.addr()).await);
    let seen = upstream.last();
    for (name, value) in PRIVATE {
        assert_ne!(seen.header(name), Some(value), "{name} is forwarded");
    }
    assert!(!seen.mentions("6.6.6.6") && !seen.mentions("evil.example"), "{seen:?}");
    let connection = seen.header("connection").unwrap_or_default().to_ascii_lowercase();
    assert!(!connection.contains("nominated"), "{connection}");
    for (name, value) in kept {
        assert_eq!(seen.header(name), Some(value), "{name} is lost");
    }
}

#[tokio::test]
async fn e5_e6_what_a_provider_says_for_its_own_hop_is_dropped() {
    let private = [
        ("set-cookie", "__cf_bm=secret; path=/"),
        ("server", "cloudflare"),
        ("via", "1.1 varnish"),
        ("openai-organization", "org-secret"),
        ("alt-svc", "h3=\":443\""),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("x-nominated", "secret"),
    ];
    let kept = [
        ("x-ratelimit-remaining-tokens", "12"),
        ("openai-processing-ms", "34"),
        ("content-language", "en"),
    ];
    let reply = Reply::chat("hi").header("connection", "X-Nominated");
    let reply = private.iter().chain(&kept).fold(reply, |reply, (n, v)| reply.header(n, v));
    let upstream = Upstream::start(reply).await;
    let router = Router::start(&open(&upstream)).await;
    let answer = router.chat("m").await;
    assert_ok(&answer);
    for (name, _) in private {
        assert_eq!(answer.header(name), None, "{name} is passed on");
    }
    for (name, value) in kept {
        assert_eq!(answer.header(name), Some(value), "{name} is lost");
    }
}

/// What acts on a client's browser, on what stands before the router, or speaks in its name.
const ACTING: [(&str, &str); 58] = [
    ("x-onwards-provider", "impostor"),
    ("x-onwards-attempts", "impostor=200"),
    ("x-onwards-anything", "1"),
    ("refresh", "0; url=https://evil.example"),
    ("clear-site-data", "\"*\""),
    ("location", "https://evil.example"),
    ("content-location", "https://evil.example"),
    ("link", "<https://evil.example>; rel=preload"),
    ("www-authenticate", "Basic realm=\"you\""),
    ("optional-www-authenticate", "Basic realm=\"you\""),
    ("proxy-authenticate", "Basic"),
    ("proxy-authentication-info", "x"),
    ("authentication-info", "x"),
    ("authentication-control", "x"),
    ("set-cookie", "a=b"),
    ("set-cookie2", "a=b"),
    ("set-login", "logged-in"),
    ("strict-transport-security", "max-age=31536000"),
    ("public-key-pins", "x"),
    ("public-key-pins-report-only", "x"),
    ("expect-ct", "x"),
    ("alt-svc", "h3=\":443\""),
    ("nel", "{}"),
    ("report-to", "{}"),
    ("reporting-endpoints", "a=\"https://evil.example\""),
    ("service-worker-allowed", "/"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("timing-allow-origin", "*"),
    ("content-security-policy", "x"),
    ("content-security-policy-report-only", "x"),
    ("permissions-policy", "x"),
    ("feature-policy", "x"),
    ("cross-origin-opener-policy", "x"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("referrer-policy", "unsafe-url"),
    ("origin-agent-cluster", "?1"),
    ("accept-ch", "x"),
    ("critical-ch", "x"),
    ("speculation-rules", "x"),
    ("supports-loading-mode", "x"),
    ("sourcemap", "x"),
    ("x-sourcemap", "x"),
    ("x-frame-options", "ALLOWALL"),
    ("x-accel-redirect", "/internal"),
    ("x-accel-buffering", "yes"),
    ("x-sendfile", "/etc/passwd"),
    ("x-lighttpd-send-file", "/etc/passwd"),
    ("x-reproxy-url", "http://inside"),
    ("x-middleware-rewrite", "/internal"),
    ("x-forwarded-host", "evil.example"),
    ("surrogate-control", "max-age=1"),
    ("cdn-cache-control", "max-age=1"),
    ("x-powered-by", "PHP"),
    ("upgrade", "h2c"),
    ("trailer", "x-sum"),
    ("te", "trailers"),
    ("status", "500 no"),
];

#[tokio::test]
async fn header_that_acts_on_a_client_or_speaks_for_the_router_is_dropped() {
    let kept = [
        ("x-ratelimit-remaining-tokens", "12"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("openai-processing-ms", "34"),
        ("openai-version", "2020-10-01"),
        ("apim-request-id", "a"),
        ("x-ms-region", "west"),
        ("x-should-retry", "true"),
        ("cache-control", "no-store"),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept"),
        ("etag", "\"1\""),
        ("server-timing", "a;dur=1"),
    ];
    for status in [200, 401, 500] {
        let reply = if status == 200 { Reply::chat("hi") } else { Reply::error(status, "no") };
        let all = ACTING.iter().chain(&kept);
        let reply = all.fold(reply, |reply, (name, value)| reply.header(name, value));
        let upstream = Upstream::start(reply).await;
        let router = Router::start(&open(&upstream)).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.status, status);
        for (name, value) in ACTING {
            assert_ne!(answer.header(name), Some(value), "{name} is passed on");
        }
        for (name, value) in kept {
            assert_eq!(answer.header(name), Some(value), "{name} is lost");
        }
    }
}

#[tokio::test]
async fn a_length_beside_chunks_does_not_cut_an_answer() {
    let reply = Reply::chat("hi").chunked().header("content-length", "3");
    let upstream = Upstream::start(reply).await;
    let (plain, falls_back) = (provider("p", &upstream), provider("q", &upstream));
    let pool = json!({"providers": [falls_back], "fallback": {"enabled": true}});
    let router = Router::start(&json!({"targets": {"m": plain, "n": pool}})).await;
    for alias in ["m", "n"] {
        let answer = router.chat(alias).await;
        assert_ok(&answer);
        assert_eq!(answer.said(), "hi");
    }
}

#[tokio::test]
async fn e4_the_request_id_is_the_clients_if_it_is_sane() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let ask = async |id: &str| {
        let answer = Call::chat(&chat("m")).header("x-request-id", id).send(router.addr()).await;
        assert_ok(&answer);
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(ask("abc-123_X").await, "abc-123_X");
    let long = "a".repeat(5_000);
    for insane in [long.as_str(), "a b\tc", "a,b;c=\"d\"", "\u{202e}oib", "{\"x\":1}\"><script>"] {
        assert_ne!(ask(insane).await, insane);
    }
}

#[test]
fn e16_headers_that_would_split_a_response_are_refused_at_load() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let bad = [
        ("x-a", "1\r\nset-cookie: a=b"),
        ("x-a", "1\nx-b: 2"),
        ("x-a", "a\u{0}b"),
        ("x-a\r\nx-b", "1"),
        ("x a", "1"),
        ("", "1"),
        ("x-a:", "1"),
    ];
    for name in ["host", "content-length", "Transfer-Encoding", "connection", "x a"] {
        let provider = json!({"url": "http://a.example", "onwards_key": "sk",
            "upstream_auth_header_name": name});
        std::fs::write(&file, json!({"targets": {"m": provider}}).to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name} is accepted");
        assert!(text.contains("upstream_auth_header_name"), "{text}");
    }
    for key in ["response_headers", "request_headers"] {
        for (name, value) in bad {
            let provider = json!({"url": "http://a.example", key: {name: value}});
            let targets = json!({"targets": {"m": {"providers": [provider]}}}).to_string();
            std::fs::write(&file, targets).unwrap();
            let output = run_cli(["check", file.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(1), "{key}: {name:?}: {value:?} is accepted");
            let text =
                String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(text.contains(&format!("providers[0].{key}")), "{text}");
        }
    }
}
