//! The places of a stream where a marker can stand: in each event's JSON, and in what frames it.
//!
//! Never: a stream is not repaired around what is planted.

use std::collections::HashSet;

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::Value;

use super::places;
use crate::support::Reply;
use crate::translation::{stream_file, stream_type};

/// A stream of the corpus.
pub(super) struct Golden {
    pub(super) case: String,
    provider: &'static str,
    events: Vec<Event>,
}

/// One event: lines before its data, and the data.
#[derive(Clone)]
enum Event {
    Lines { before: String, data: String },
    Frame(Message),
}

/// The streams of a vendor's corpus that are whole.
pub(super) fn goldens(provider: &'static str) -> Vec<Golden> {
    let all = places::goldens(provider, stream_file(provider));
    let whole =
        all.into_iter().filter(|(case, _)| !case.contains("cut") && !case.contains("broken"));
    let golden = |(case, bytes): (String, Vec<u8>)| {
        let events = if provider == "bedrock" { frames(&bytes) } else { lines(&bytes) };
        Golden { case, provider, events }
    };
    whole.map(golden).collect()
}

fn lines(bytes: &[u8]) -> Vec<Event> {
    let text = String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n");
    let events = text.split("\n\n").filter(|event| !event.trim().is_empty());
    let event = |event: &str| {
        let (data, before): (Vec<_>, Vec<_>) =
            event.lines().partition(|line| line.starts_with("data:"));
        let data: Vec<_> = data.iter().map(|line| line[5..].trim()).collect();
        let before = before.iter().map(|line| format!("{line}\n")).collect();
        Event::Lines { before, data: data.join("\n") }
    };
    events.map(event).collect()
}

fn frames(bytes: &[u8]) -> Vec<Event> {
    let mut bytes = Bytes::copy_from_slice(bytes);
    let mut events = Vec::new();
    while let Ok(message) = read_message_from(&mut bytes) {
        events.push(Event::Frame(message));
    }
    events
}

impl Event {
    fn json(&self) -> Option<Value> {
        match self {
            Self::Lines { data, .. } => serde_json::from_str(data).ok(),
            Self::Frame(message) => serde_json::from_slice(message.payload()).ok(),
        }
    }

    fn with(&self, json: &Value) -> Self {
        match self {
            Self::Lines { before, .. } => {
                Self::Lines { before: before.clone(), data: json.to_string() }
            }
            Self::Frame(message) => {
                let headers = message.headers().to_vec();
                Self::Frame(Message::new_from_parts(headers, json.to_string()))
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Lines { before, data } => format!("{before}data: {data}\n\n").into_bytes(),
            Self::Frame(message) => {
                let mut bytes = Vec::new();
                write_message_to(message, &mut bytes).unwrap();
                bytes
            }
        }
    }

    /// The same event with the marker in what frames it.
    fn framed(&self, marker: &str) -> Vec<(String, Vec<u8>)> {
        match self {
            Self::Lines { before, data } => {
                let mark = [
                    format!(": {marker}"),
                    format!(":{marker}"),
                    format!("id: {marker}"),
                    format!("event: {marker}"),
                    format!("retry: {marker}"),
                    format!("{marker}: {marker}"),
                    marker.to_owned(),
                    format!("data: {marker}\n"),
                ];
                let line = |mark: &String| {
                    let text = format!("{mark}\n{before}data: {data}\n{mark}\n\n{mark}\n\n");
                    (format!("line {mark:?}"), text.into_bytes())
                };
                mark.iter().map(line).collect()
            }
            Self::Frame(message) => {
                let planted = |name: &str| {
                    let headers = message.headers().iter();
                    let others = headers.filter(|header| header.name().as_str() != name).cloned();
                    let own =
                        Header::new(name.to_owned(), HeaderValue::String(marker.to_owned().into()));
                    let headers = others.chain([own]).collect();
                    let message = Message::new_from_parts(headers, message.payload().clone());
                    (format!("header {name}"), Self::Frame(message).bytes())
                };
                let names = [marker, ":event-type", ":message-type", ":content-type"];
                names.into_iter().map(planted).collect()
            }
        }
    }
}

impl Golden {
    /// Where a marker is planted, the stream with it, and the same cut behind it.
    pub(super) fn planted(
        &self,
        marker: &str,
        known: &mut HashSet<String>,
    ) -> Vec<(String, Vec<u8>, Option<Vec<u8>>)> {
        let mut all = Vec::new();
        let around = |at: usize, event: &[u8]| {
            let bytes = |events: &[Event]| events.iter().flat_map(Event::bytes).collect::<Vec<_>>();
            [&bytes(&self.events[..at]), event, &bytes(&self.events[at + 1..])].concat()
        };
        for (at, event) in self.events.iter().enumerate() {
            if known.insert(format!("frame of {}", at.min(2))) {
                for (place, bytes) in event.framed(marker) {
                    all.push((format!("event {at} {place}"), around(at, &bytes), None));
                }
            }
            let Some(json) = event.json() else { continue };
            for (place, json, _) in places::planted(&json, marker, known) {
                let whole = around(at, &event.with(&json).bytes());
                let found = memchr::memmem::rfind(&whole, marker.as_bytes());
                let cut = found.map(|found| whole[..found + marker.len()].to_vec());
                let cut = cut.filter(|_| place.ends_with("unknown"));
                all.push((format!("event {at} {place}"), whole, cut));
            }
        }
        all
    }

    /// The answer with this body.
    pub(super) fn reply(&self, body: Vec<u8>) -> Reply {
        Reply::new(200).header("content-type", stream_type(self.provider)).chunked().body(body)
    }
}
