//! The corpus, and the arguments that every test uses.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use onwards::protocol::codec::{Client, Head, Reading, Target};
use onwards::protocol::conversation::{Conversation, Delivery, Event, Failure, Lossy};
use onwards::protocol::{Endpoint, Protocol};

/// One folder of the corpus.
pub(crate) struct Case {
    pub(crate) protocol: Protocol,
    pub(crate) name: String,
    folder: PathBuf,
}

/// Every case of a protocol, by name.
pub(crate) fn cases(protocol: Protocol) -> Vec<Case> {
    let folders = std::fs::read_dir(root(protocol))
        .unwrap_or_else(|_| panic!("{protocol} has no corpus in tests/golden/{protocol}"));
    let mut cases: Vec<Case> = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| Case {
            protocol,
            name: entry.file_name().into_string().unwrap(),
            folder: entry.path(),
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

impl Case {
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(name)).ok()
    }

    /// The provider's stream, whatever its file is called.
    pub(crate) fn stream(&self) -> Option<Vec<u8>> {
        let mut files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let stream = files.find(|path| path.file_stem().is_some_and(|stem| stem == "stream"))?;
        Some(std::fs::read(stream).unwrap())
    }

    /// The request, read.
    pub(crate) fn conversation(&self) -> Option<Conversation> {
        let body = self.file("request.json")?;
        let path =
            self.file("path").or_else(|| std::fs::read(root(self.protocol).join("path")).ok());
        let path = String::from_utf8(path.expect("a path")).unwrap();
        let (path, query) = match path.trim().split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path.trim(), None),
        };
        let endpoint = Endpoint::find(path, query).expect("a known path");
        assert_eq!(endpoint.protocol, self.protocol);
        let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
        let read = self.protocol.codec().read_request(&body, &head);
        Some(read.unwrap_or_else(|error| panic!("{}/{}: {error}", self.protocol, self.name)))
    }

    /// The error, read.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let error: serde_json::Value = serde_json::from_slice(&self.file("error.json")?).unwrap();
        let status = error["status"].as_u64().unwrap() as u16;
        let body = match &error["body"] {
            serde_json::Value::String(text) => text.clone().into_bytes(),
            body => serde_json::to_vec(body).unwrap(),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in error["headers"].as_object().into_iter().flatten() {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        Some(self.protocol.codec().read_error(status, &headers, &body))
    }

    /// The stream's events.
    pub(crate) fn events(&self) -> Option<Vec<Event>> {
        Some(read_stream(self.protocol, &[&self.stream()?]))
    }
}

/// The events of a stream that arrives in these pieces.
pub(crate) fn read_stream(protocol: Protocol, pieces: &[&[u8]]) -> Vec<Event> {
    let mut reader = protocol.codec().stream_reader(reading());
    let mut events = Vec::new();
    for piece in pieces {
        reader.feed(Bytes::copy_from_slice(piece), &mut events);
    }
    reader.end(&mut events);
    events
}

/// The events of a stream that comes in one piece.
pub(crate) fn read_stream_as(protocol: Protocol, reading: Reading, bytes: &[u8]) -> Vec<Event> {
    let mut reader = protocol.codec().stream_reader(reading);
    let mut events = Vec::new();
    reader.feed(Bytes::copy_from_slice(bytes), &mut events);
    reader.end(&mut events);
    events
}

/// A stream for a client of that protocol.
pub(crate) fn write_stream(protocol: Protocol, events: &[Event]) -> Vec<u8> {
    let mut writer = protocol.codec().stream_writer(&client(Delivery::Events));
    let mut out = Vec::new();
    for event in events {
        writer.write(event.clone(), &mut out);
    }
    out
}

pub(crate) fn target(protocol: Protocol) -> Target<'static> {
    let model = match protocol.name() {
        "anthropic" => "claude-opus-4-5",
        "openai" | "openai_responses" => "gpt-5",
        "gemini" => "gemini-2.5-pro",
        "bedrock" => "anthropic.claude-sonnet-4-5-20250929-v1:0",
        _ => "model-1",
    };
    Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() }
}

pub(crate) fn client(delivery: Delivery) -> Client<'static> {
    Client {
        model: "alias",
        id: "id1",
        created: 1_700_000_000,
        delivery,
        include_usage: true,
        ..Client::default()
    }
}

pub(crate) fn reading() -> Reading {
    Reading { seed: "seed".to_owned(), ..Reading::default() }
}

fn root(protocol: Protocol) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(protocol.name())
}
