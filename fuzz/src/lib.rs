//! What every protocol's target asks: whatever bytes come, each reader of the protocol answers, and
//! what it has read is written in all six and read again.
//!
//! It never checks what is said, only that it is well formed; `tests/protocols` checks the rest.

mod cost;
#[path = "../../tests/protocols/strict.rs"]
mod strict;
#[path = "../../tests/protocols/order.rs"]
mod order;

pub use cost::read_in_proportion;

use bytes::Bytes;
use http::HeaderMap;
use onwards::protocol::codec::{Client, Head, Reading, Target};
use onwards::protocol::conversation::{Conversation, Delivery, Event, Lossy};
use onwards::protocol::{Endpoint, Protocol};
use serde_json::value::RawValue;

/// Gives the bytes to strict mode's check of requests.
pub fn validate_strictly(data: &[u8]) {
    strict::validate(data);
}

/// Gives the bytes to strict mode's cleaning of answers and streams.
pub fn clean_strictly(data: &[u8]) {
    strict::clean(data);
}

/// Gives the bytes to each reader of a protocol.
pub fn read_all(protocol: Protocol, data: &[u8]) {
    request(protocol, data);
    response(protocol, data);
    stream(protocol, data);
    error(protocol, data);
}

fn request(protocol: Protocol, data: &[u8]) {
    for (model, delivery) in
        [(None, None), (Some("m"), Some(Delivery::Whole)), (Some("m"), Some(Delivery::Events))]
    {
        let head = Head { model, delivery };
        let Ok(conversation) = protocol.codec().read_request(data, &head) else { continue };
        for &to in Protocol::ALL {
            for model in models(to) {
                written_request(&conversation, to, model);
            }
        }
    }
}

fn written_request(conversation: &Conversation, to: Protocol, model: &str) {
    let target = |lossy| Target { model, lossy, seed: "seed", ..Target::default() };
    let codec = to.codec();
    let written = codec.write_request(conversation, &target(Lossy::Warn)).expect("it only warns");
    let refused = codec.write_request(conversation, &target(Lossy::Refuse)).err();
    assert_eq!(refused.map(|refused| refused.field).as_ref(), written.dropped.first());
    valid(&written.body, to);
    let (path, query) = match written.path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (written.path_and_query.as_str(), None),
    };
    let endpoint = Endpoint::find(path, query).expect("a path of ours");
    let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    if let Err(error) = codec.read_request(&written.body, &head) {
        // A conversation that says nothing is written as one, and the vendor says so.
        assert!(error.message.contains("must hold at least one"), "{to}: {error}");
    }
    if let Some(count) = codec.write_count(conversation, &target(Lossy::Warn)).expect("it warns") {
        valid(&count.body, to);
    }
}

fn response(protocol: Protocol, data: &[u8]) {
    let Ok(reply) = protocol.codec().read_response(data, &reading()) else { return };
    for &to in Protocol::ALL {
        let body = to.codec().write_response(&reply, &client(Delivery::Whole));
        valid(&body, to);
        let again = to.codec().read_response(&body, &reading());
        again.unwrap_or_else(|failure| panic!("{to}: {failure:?}"));
    }
}

fn stream(protocol: Protocol, data: &[u8]) {
    let events = events_of(protocol, &[data]);
    order::check(&events, protocol.name());
    let middle = data.len() / 2;
    assert_eq!(events_of(protocol, &[&data[..middle], &data[middle..]]), events);
    assert_eq!(events_of(protocol, &data.chunks(1).collect::<Vec<_>>()), events);
    for &to in Protocol::ALL {
        let mut writer = to.codec().stream_writer(&client(Delivery::Events));
        let mut out = Vec::new();
        events.iter().for_each(|event| writer.write(event.clone(), &mut out));
        let again = events_of(to, &[&out]);
        order::check(&again, to.name());
        let failed = |events: &[Event]| matches!(events.last(), Some(Event::Failure(_)));
        assert_eq!(failed(&again), failed(&events), "{to}");
    }
}

fn events_of(protocol: Protocol, pieces: &[&[u8]]) -> Vec<Event> {
    let mut reader = protocol.codec().stream_reader(reading());
    let mut events = Vec::new();
    for piece in pieces {
        reader.feed(Bytes::copy_from_slice(piece), &mut events);
    }
    reader.end(&mut events);
    events
}

/// The bytes as they are, and where they are a case of the corpus the body that it holds.
fn error(protocol: Protocol, data: &[u8]) {
    #[derive(serde::Deserialize)]
    struct Case<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let body =
        serde_json::from_slice::<Case<'_>>(data).map_or(data, |case| case.body.get().as_bytes());
    for status in [400, 404, 429, 500, 529] {
        let failure = protocol.codec().read_error(status, &HeaderMap::new(), body);
        for &to in Protocol::ALL {
            let written = to.codec().write_error(&failure, "req_1");
            valid(&written.body, to);
            to.codec().read_error(written.status, &HeaderMap::new(), &written.body);
        }
    }
}

fn valid(body: &[u8], to: Protocol) {
    let parsed = serde_json::from_slice::<&RawValue>(body);
    assert!(parsed.is_ok(), "{to}: {}", String::from_utf8_lossy(body));
}

/// An old and a new one, where it makes a difference.
fn models(to: Protocol) -> &'static [&'static str] {
    match to.name() {
        "anthropic" => &["claude-3-5-sonnet-20241022", "claude-opus-4-6"],
        "openai" | "openai_responses" => &["gpt-4o", "gpt-5"],
        "gemini" => &["gemini-2.5-pro", "gemini-3-flash-preview"],
        "bedrock" => &["anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-2-lite-v1:0"],
        _ => &["command-r", "command-a-reasoning-08-2025"],
    }
}

fn client(delivery: Delivery) -> Client<'static> {
    Client {
        model: "alias",
        id: "id1",
        created: 1_700_000_000,
        delivery,
        include_usage: true,
        prompt_tokens: 0,
    }
}

fn reading() -> Reading {
    Reading { seed: "seed".to_owned(), ..Reading::default() }
}
