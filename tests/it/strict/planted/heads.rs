//! The places of an answer's head and framing where a marker can stand, and bodies that are not what
//! the head says.
//!
//! Never: a provider's header is no place for the client's own words.

use serde_json::Value;

use super::{Bed, Planted, marker};
use crate::support::Reply;
use crate::support::upstream::gzip_stored;
use crate::translation::{golden, stream_file, stream_type};

/// Headers that vendors send, and such as pass a mask where they say what they are for.
const NAMES: [&str; 46] = [
    "server",
    "via",
    "date",
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "x-amzn-errortype",
    "x-amzn-bedrock-invocation-latency",
    "openai-organization",
    "openai-processing-ms",
    "openai-version",
    "openai-model",
    "anthropic-organization-id",
    "cf-ray",
    "set-cookie",
    "etag",
    "last-modified",
    "content-language",
    "content-location",
    "content-disposition",
    "content-range",
    "content-md5",
    "x-content-type-options",
    "cache-control",
    "vary",
    "expires",
    "pragma",
    "warning",
    "link",
    "location",
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-unified-status",
    "anthropic-ratelimit-unified-representative-claim",
    "www-authenticate",
    "x-onwards-provider",
    "x-onwards-dropped",
    "x-onwards-attempts",
    "x-envoy-upstream-service-time",
    "grpc-message",
];
/// How the names of families begin.
const FAMILIES: [&str; 4] = ["", "x-", "x-ratelimit-", "anthropic-ratelimit-"];

pub(super) async fn hold_no_marker(provider: &'static str) {
    let bed = Bed::of(provider, marker()).await;
    let mark = bed.marker.clone();
    let body = golden(provider, "plain", "response.json");
    let stream = golden(provider, "plain", stream_file(provider));
    for status in [200, 400, 429, 503] {
        for (name, reply) in heads(status, &mark) {
            let whole = reply.clone().header("content-type", "application/json").body(body.clone());
            let streamed = reply.header("content-type", stream_type(provider)).chunked();
            let streamed = streamed.body(stream.clone());
            let place = |how: &str| format!("{status} {how} {name}");
            let is_answer = status == 200;
            bed.holds(
                Planted { place: place("whole"), reply: whole, is_answer, of_two: false },
                &[false],
            )
            .await;
            bed.holds(
                Planted { place: place("stream"), reply: streamed, is_answer, of_two: false },
                &[true],
            )
            .await;
        }
    }
    for (place, reply) in raw(&mark, &body).into_iter().chain(mislabelled(&mark, provider)) {
        bed.holds(Planted { place, reply, is_answer: false, of_two: true }, &[false, true]).await;
    }
}

fn heads(status: u16, mark: &str) -> Vec<(String, Reply)> {
    let all =
        |value: &str| NAMES.iter().fold(Reply::new(status), |it, name| it.header(name, value));
    let families = |value: &str| {
        FAMILIES
            .iter()
            .fold(Reply::new(status), |it, start| it.header(&format!("{start}{mark}"), value))
    };
    let values = [mark.to_owned(), format!("1{mark}"), format!("1;{mark}"), format!("en-{mark}")];
    let mut heads: Vec<_> =
        values.iter().map(|value| (format!("all {value}"), all(value))).collect();
    heads.extend(["1", mark].map(|value| (format!("families {value}"), families(value))));
    heads
}

/// Status texts, interim answers, extensions of chunks and trailers.
fn raw(mark: &str, body: &[u8]) -> Vec<(String, Reply)> {
    let length = body.len();
    let body = String::from_utf8_lossy(body);
    let json = "content-type: application/json\r\n";
    let whole = format!("{json}content-length: {length}\r\n\r\n{body}");
    let chunks = format!(
        "{json}transfer-encoding: chunked\r\ntrailer: {mark}\r\n\r\n{length:x};{mark}={mark}\r\n{body}\r\n0;{mark}\r\n{mark}: {mark}\r\nx-ratelimit-{mark}: 1\r\n\r\n"
    );
    let texts = [
        ("status text", format!("HTTP/1.1 200 {mark}\r\n{whole}")),
        ("status text of an error", format!("HTTP/1.1 500 {mark}\r\n{whole}")),
        (
            "interim",
            format!(
                "HTTP/1.1 103 {mark}\r\nlink: <{mark}>\r\n{mark}: 1\r\n\r\nHTTP/1.1 200 OK\r\n{whole}"
            ),
        ),
        ("chunks and trailers", format!("HTTP/1.1 200 OK\r\n{chunks}")),
        ("chunks of an error", format!("HTTP/1.1 503 Busy\r\n{chunks}")),
        ("no HTTP", format!("{mark} {mark}\r\n\r\n{mark}")),
        (
            "too little",
            format!("HTTP/1.1 200 OK\r\n{json}content-length: 9999\r\n\r\n{{\"{mark}\":\"{mark}\""),
        ),
    ];
    texts.into_iter().map(|(place, text)| (place.to_owned(), Reply::raw(text))).collect()
}

/// Bodies that are not what their type or packing says, or bear the marker in it.
fn mislabelled(mark: &str, provider: &str) -> Vec<(String, Reply)> {
    let mut value: Value =
        serde_json::from_slice(&golden(provider, "plain", "response.json")).unwrap();
    value[mark] = mark.into();
    let text = value.to_string();
    let page = format!("<html>{mark}</html>");
    let packed = gzip_stored(text.as_bytes());
    let mut all = Vec::new();
    let mut with = |types: &[&str], coding: &str, body: Vec<u8>| {
        let reply =
            types.iter().fold(Reply::new(200), |it, it_is| it.header("content-type", it_is));
        let reply =
            if coding.is_empty() { reply } else { reply.header("content-encoding", coding) };
        all.push((format!("{types:?} {coding:?}"), reply.body(body)));
    };
    let named = format!("application/json; {mark}={mark}");
    let types: [&[&str]; 11] = [
        &["application/json"],
        &[],
        &["text/plain"],
        &["text/html"],
        &["text/event-stream"],
        &["application/octet-stream"],
        &["application/vnd.amazon.eventstream"],
        &[&named],
        &[mark],
        &["application/json", "text/html"],
        &["text/html", "application/json"],
    ];
    for types in types {
        with(types, "", text.clone().into_bytes());
        with(types, "", page.clone().into_bytes());
        with(types, "gzip", packed.clone());
    }
    for coding in [mark, "gzip, gzip", "br", "zstd", "deflate", "identity", "gzip, identity"] {
        with(&["application/json"], coding, packed.clone());
        with(&["application/json"], coding, text.clone().into_bytes());
    }
    all
}
