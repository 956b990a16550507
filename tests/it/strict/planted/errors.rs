//! Errors of each vendor at each status, in a 200, at the beginning and in the midst of a stream.
//!
//! Never: an error's text is not the client's, whatever field it stands in.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Bed, Planted, marker, places};
use crate::support::Reply;
use crate::support::upstream::gzip_stored;
use crate::translation::{golden, stream_file, stream_type};

const STATUSES: [u16; 26] = [
    300, 302, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 413, 418, 422, 424, 425, 429,
    451, 499, 500, 503, 504, 529, 599,
];
/// Fields that say which error it is.
const KINDS: [&str; 5] = ["type", "code", "status", "__type", "@type"];
const TYPES: [Option<&str>; 6] = [
    Some("application/json"),
    Some("text/html"),
    Some("text/plain; charset=iso-8859-1"),
    Some("application/problem+json"),
    Some("text/event-stream"),
    None,
];

pub(super) async fn hold_no_marker(provider: &'static str) {
    let bed = Bed::of(provider, marker()).await;
    let errors = errors(provider, &bed.marker);
    assert!(errors.len() > 12, "{provider}: {}", errors.len());
    for (at, status) in STATUSES.iter().enumerate() {
        for (error, media_type) in [(&errors[at % errors.len()], 0), (&errors[0], at)] {
            let media_type = TYPES[media_type % TYPES.len()];
            let reply = named(Reply::new(*status), media_type).body(error.to_string());
            let place = format!("{status} {media_type:?} {error}");
            bed.holds(Planted { place, reply, is_answer: false, of_two: false }, &[at % 2 == 0])
                .await;
        }
    }
    for (at, error) in errors.iter().enumerate() {
        let status = STATUSES[2 + at % 24];
        for (place, reply) in [
            ("in a 200", Reply::json(200, error)),
            ("as it is", Reply::json(status, error)),
            ("packed", packed(status, error)),
        ] {
            let planted = Planted {
                place: format!("{place}: {error}"),
                reply,
                is_answer: false,
                of_two: true,
            };
            bed.holds(planted, &[at % 2 == 0]).await;
        }
        if provider != "bedrock" {
            for (place, reply) in streamed(provider, error) {
                let planted = Planted {
                    place: format!("{place}: {error}"),
                    reply,
                    is_answer: false,
                    of_two: true,
                };
                bed.holds(planted, &[true]).await;
            }
        }
    }
}

/// Errors of the corpus and of other forms, with the marker for every text but those that say which
/// error it is, and with it for these, too.
fn errors(provider: &str, marker: &str) -> Vec<Value> {
    let corpus = ["error_context", "error_rate", "error_key", "error_quota", "error_overloaded"];
    let vendors = corpus.iter().filter_map(|case| {
        let all = places::goldens(provider, "error.json");
        let (_, text) = all.into_iter().find(|(name, _)| name == case)?;
        let error: Value = serde_json::from_slice(&text).unwrap();
        Some(error["body"].clone())
    });
    let others = [
        json!({"error": {"message": "m", "type": "t", "code": "c", "param": "p"}}),
        json!({"error": {"message": "m", "code": 429, "metadata": {"raw": "r", "provider_name": "n"}}}),
        json!({"error": "boom"}),
        json!({"message": "boom"}),
        json!({"detail": [{"loc": ["body"], "msg": "m", "type": "t"}]}),
        json!({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}),
        json!({"errors": [{"message": "m"}]}),
        json!("boom"),
        json!([{"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}]),
    ];
    let all = vendors.chain(others);
    all.flat_map(|error| [marked(&error, marker, false), marked(&error, marker, true)]).collect()
}

fn marked(value: &Value, marker: &str, kinds: bool) -> Value {
    match value {
        Value::String(_) => marker.into(),
        Value::Array(items) => items.iter().map(|item| marked(item, marker, kinds)).collect(),
        Value::Object(map) => {
            let member = |(key, value): (&String, &Value)| {
                let stays = KINDS.contains(&key.as_str()) && value.is_string() && !kinds;
                let value = if stays { value.clone() } else { marked(value, marker, kinds) };
                (key.clone(), value)
            };
            let mut map: Map<String, Value> = map.iter().map(member).collect();
            map.insert(marker.to_owned(), marker.into());
            Value::Object(map)
        }
        other => other.clone(),
    }
}

fn named(reply: Reply, media_type: Option<&str>) -> Reply {
    match media_type {
        Some(media_type) => reply.header("content-type", media_type),
        None => reply,
    }
}

fn packed(status: u16, error: &Value) -> Reply {
    let reply = Reply::new(status).header("content-type", "application/json");
    reply.header("content-encoding", "gzip").body(gzip_stored(error.to_string().as_bytes()))
}

/// The error as the first event, and behind the first events of a stream, by each name.
fn streamed(provider: &str, error: &Value) -> Vec<(String, Reply)> {
    let stream = golden(provider, "plain", stream_file(provider));
    let text = String::from_utf8(stream).unwrap();
    let half: String = text.split_inclusive("\n\n").take(3).collect();
    let mut all = Vec::new();
    for name in ["", "event: error\n", "event: response.failed\n"] {
        for before in ["", &half] {
            let body = Bytes::from(format!("{before}{name}data: {error}\n\n"));
            let reply = Reply::new(200).header("content-type", stream_type(provider)).chunked();
            all.push((format!("{name:?} behind {} bytes", before.len()), reply.body(body)));
        }
    }
    all
}
