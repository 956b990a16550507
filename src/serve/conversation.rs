//! The conversation of a request, for pools with conversation affinity.
//!
//! It is a hash that is the same in every process and version.

use std::borrow::Cow;

use http::HeaderName;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::{signature, token};
use crate::{
    choose::sticky,
    protocol::{Operation, object::Object},
    table::classes,
    upstream::inbound::Inbound,
};

/// The conversation: by the session that the client names, otherwise by its prompt cache key,
/// otherwise by its first turns; `None` for a request outside a conversation.
pub(crate) fn key(inbound: &Inbound) -> Option<u64> {
    let endpoint = inbound.endpoint.as_ref()?;
    let converses = endpoint.operation == Operation::Generate;
    if !converses && !classes::is_completions(&inbound.path) {
        return None;
    }
    let session = inbound.headers.get(SESSION).map(|value| value.as_bytes());
    if let Some(session) = session.filter(|session| !session.is_empty()) {
        return Some(sticky::key(session));
    }
    let body = inbound.body.to_bytes();
    let found = Object::parse(&body).ok()?;
    let named = NAMES.iter().find_map(|name| text(found.peek(name)?));
    if let Some(named) = named {
        return Some(sticky::key(named.as_bytes()));
    }
    let mut opening = Opening(Vec::new());
    for name in endpoint.protocol.profile().prompt {
        match found.peek(name) {
            // A completion's text grows with its answers.
            Some(value) if *name == "prompt" => opening.begin(value),
            Some(value) => opening.read(value),
            None => {}
        }
    }
    if opening.0.is_empty() {
        return None;
    }
    // Other conversations may begin with the same words.
    let signer = || signature::access_key_id(&inbound.headers);
    let caller = token::of(&inbound.headers).or_else(signer).unwrap_or_default();
    opening.0.extend_from_slice(caller.as_bytes());
    Some(sticky::key(&opening.0))
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = serde_json::from_str::<String>(value.get()).ok()?.into();
    (!text.is_empty()).then_some(text)
}

/// The texts of a conversation up to the end of its first user turn. Later turns leave them
/// unchanged, while cache marks and item IDs may move.
struct Opening(Vec<u8>);

impl Opening {
    fn begin(&mut self, value: &RawValue) {
        self.0.extend(value.get().bytes().take(BEGINNING));
    }

    fn read(&mut self, value: &RawValue) {
        // Returns an error after the first user turn, so that the rest is not read.
        let mut reader = serde_json::Deserializer::from_str(value.get());
        let _ = reader.deserialize_any(self);
    }

    /// Adds the texts of a turn. Returns whether it is the user's.
    fn turn(&mut self, turn: &RawValue) -> bool {
        let Ok(turn) = serde_json::from_str::<Value>(turn.get()) else { return true };
        self.texts(&turn);
        turn["role"] == "user" || self.0.len() >= LONGEST
    }

    fn texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let room = LONGEST.saturating_sub(self.0.len());
                self.0.extend(text.bytes().take(room));
            }
            Value::Array(all) => all.iter().for_each(|one| self.texts(one)),
            Value::Object(fields) => {
                for (_, value) in fields.iter().filter(|(name, _)| !is_mark(name)) {
                    self.texts(value);
                }
            }
            _ => {}
        }
    }
}

impl<'de> Visitor<'de> for &mut Opening {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text or a list of turns")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.texts(&Value::String(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut turns: A) -> Result<(), A::Error> {
        while let Some(turn) = turns.next_element::<&RawValue>()? {
            if self.turn(turn) {
                return Err(A::Error::custom("the user has spoken"));
            }
        }
        Ok(())
    }
}

/// Whether a field describes a turn and is not part of its text.
fn is_mark(name: &str) -> bool {
    matches!(name, "type" | "role" | "id" | "status" | "name" | "cache_control" | "cachePoint")
}

const SESSION: HeaderName = HeaderName::from_static("x-session-id");
const NAMES: [&str; 2] = ["session_id", "prompt_cache_key"];
/// The first bytes of a completion's text that count.
const BEGINNING: usize = 256;
/// The most bytes of the first turns that count.
const LONGEST: usize = 64 * 1024;
