//! Which conversation a request belongs to, for pools that keep conversations with a provider.
//!
//! It never changes a request. What it tells is a hash, the same in every process and every version.

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

/// The conversation, by the session that the client names, else by its key for the prompt's cache, else by how
/// it began; `None` for what is no part of a conversation.
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
            // The text goes on as the answer does.
            Some(value) if *name == "prompt" => opening.begin(value),
            Some(value) => opening.read(value),
            None => {}
        }
    }
    if opening.0.is_empty() {
        return None;
    }
    // Others may begin with the same words.
    let signer = || signature::access_key_id(&inbound.headers);
    let caller = token::of(&inbound.headers).or_else(signer).unwrap_or_default();
    opening.0.extend_from_slice(caller.as_bytes());
    Some(sticky::key(&opening.0))
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = serde_json::from_str::<String>(value.get()).ok()?.into();
    (!text.is_empty()).then_some(text)
}

/// The texts with which a conversation begins, up to the end of what its user said first. Later turns leave
/// them as they are, while marks of caches and ids of items may move.
struct Opening(Vec<u8>);

impl Opening {
    fn begin(&mut self, value: &RawValue) {
        self.0.extend(value.get().bytes().take(BEGINNING));
    }

    fn read(&mut self, value: &RawValue) {
        // It ends with an error once the user has spoken, so that the rest is not read.
        let mut reader = serde_json::Deserializer::from_str(value.get());
        let _ = reader.deserialize_any(self);
    }

    /// Adds the texts of a turn; answers whether the user's.
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

/// Whether a field says something of a turn, and is no text of it.
fn is_mark(name: &str) -> bool {
    matches!(name, "type" | "role" | "id" | "status" | "name" | "cache_control" | "cachePoint")
}

const SESSION: HeaderName = HeaderName::from_static("x-session-id");
const NAMES: [&str; 2] = ["session_id", "prompt_cache_key"];
/// Bytes of a text to be completed.
const BEGINNING: usize = 256;
/// Bytes of an opening.
const LONGEST: usize = 64 * 1024;
