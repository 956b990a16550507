//! The output limit of a request: read where a limit depends on it, and written where the caller's
//! key has one.
//!
//! It edits the client's own body, so that every request built from it has the limit.

#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;
use http::Method;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::edits::{self, Edits};
use crate::{
    body::shallow,
    path,
    protocol::{Endpoint, Family, Operation, Protocol, profile::OutputCap},
    refusal::Refusal,
    table::classes,
    upstream::{inbound::Inbound, off_core},
};

/// What a request says about the length of its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The most tokens of one answer.
    pub(crate) output: Option<u64>,
    /// The number of answers it asks for.
    pub(crate) copies: u64,
}

/// The limit that is written.
#[derive(Clone, Copy)]
struct Write {
    cap: u64,
    /// The field that is inserted where the request has none.
    name: &'static str,
    /// The fields that the endpoint knows: a server takes no notice of any other.
    known: &'static [&'static str],
}

/// Reads how long the answer may be, of a large body beside this core.
pub(crate) async fn read(inbound: &Inbound) -> Asked {
    if inbound.body.len() <= off_core::LARGE as u64 {
        return read_here(inbound);
    }
    let found = match place(inbound) {
        Some(place) => look(inbound, place, None).await,
        None => None,
    };
    asked_with(inbound, found)
}

/// Reads how long the answer may be.
fn read_here(inbound: &Inbound) -> Asked {
    let found = place(inbound).and_then(|place| found(&inbound.body.to_bytes(), place, None));
    asked_with(inbound, found)
}

/// The same, if a walk through the body has `seen` its fields.
pub(crate) fn read_seen(inbound: &Inbound, seen: Option<Seen>) -> Asked {
    match seen {
        Some(seen) if !seen.is_odd => seen.asked,
        _ => read_here(inbound),
    }
}

fn asked_with(inbound: &Inbound, found: Option<(Asked, Edits)>) -> Asked {
    let asked = found.map_or(Asked { output: None, copies: 1 }, |(asked, _)| asked);
    let prompts = if is_legacy(inbound) { prompts(&inbound.body.to_bytes()) } else { 1 };
    Asked { copies: asked.copies.saturating_mul(prompts), ..asked }
}

/// The number of prompts of a text completion: each has an answer of its own.
fn prompts(body: &[u8]) -> u64 {
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(body) else { return 1 };
    let count = |value: &RawValue| match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        // One prompt may be written as the numbers of its tokens.
        Ok(items) if items.iter().any(|item| item.get().starts_with(['"', '['])) => {
            items.len() as u64
        }
        _ => 1,
    };
    let prompts = fields.0.iter().filter(|(name, _)| is_one_of(&["prompt"], name));
    prompts.map(|(_, value)| count(value)).max().unwrap_or(1).max(1)
}

/// Writes the key's output limit into a request for `model` that asks for more or sets none.
/// Returns how long the answer may then be.
///
/// # Errors
/// The endpoint has no field for the limit, or the body cannot be read.
pub(crate) async fn write(inbound: &mut Inbound, cap: u64, model: &str) -> Result<Asked, Refusal> {
    let Some(place) = place(inbound) else {
        return if answers_no_tokens(inbound) {
            Ok(Asked { output: Some(0), copies: 1 })
        } else {
            Err(no_place())
        };
    };
    let is_legacy = is_legacy(inbound);
    let name = match &place.newer {
        Some(newer) if !is_legacy && (newer.wants)(model) => newer.name,
        _ => place.names[0],
    };
    let known = if is_legacy { &place.names[..1] } else { place.names };
    let write = Write { cap, name, known };
    let (asked, edits) = look(inbound, place, Some(write)).await.ok_or_else(no_place)?;
    edits::splice(inbound, edits);
    Ok(asked)
}

/// The field for the output limit; `None` if the endpoint's answers are not measured in tokens, or
/// if the field is unknown.
fn place(inbound: &Inbound) -> Option<&'static OutputCap> {
    let endpoint = inbound.endpoint.as_ref().filter(|_| inbound.method == Method::POST)?;
    let generates = endpoint.operation == Operation::Generate || is_legacy(inbound);
    (generates && !inbound.form).then(|| &endpoint.protocol.profile().output)
}

/// Whether it is a text completion, which has only the older field.
fn is_legacy(inbound: &Inbound) -> bool {
    let native = |it: &Endpoint| it.operation == Operation::Native;
    inbound.endpoint.as_ref().is_some_and(native)
        && classes::is_completions(&inbound.path)
        && inbound.speaks() == Protocol::default()
}

/// Whether the answer has no text that a limit would apply to: embeddings, counts, files, images.
fn answers_no_tokens(inbound: &Inbound) -> bool {
    if inbound.method != Method::POST {
        return true;
    }
    match inbound.endpoint.as_ref().map(|endpoint| endpoint.operation) {
        Some(Operation::CountTokens) => true,
        // One vendor uses one path for embeddings and texts.
        Some(Operation::Embed) => {
            let body = inbound.body.to_bytes();
            let fields = serde_json::from_slice::<Fields<'_>>(&body);
            let held_by = inbound.speaks().profile().output.object;
            let is_prompt =
                |(name, _): &(String, _)| PROMPTS.contains(&&**name) || held_by.contains(&&**name);
            fields.is_ok_and(|fields| !fields.0.iter().any(is_prompt))
        }
        _ => {
            let path = path::plain(&inbound.path).to_ascii_lowercase();
            matches!(
                inbound.family,
                Some(
                    Family::Files
                        | Family::Models
                        | Family::VectorStores
                        | Family::Stored
                        | Family::Containers
                        | Family::Caches
                )
            ) || MEDIA.iter().any(|word| path.contains(word))
        }
    }
}

/// The limits in the body, and the edits; `None` if it is not an object.
async fn look(
    inbound: &Inbound,
    place: &'static OutputCap,
    write: Option<Write>,
) -> Option<(Asked, Edits)> {
    let body = inbound.body.to_bytes();
    if body.len() > off_core::LARGE {
        return off_core::run(move || found(&body, place, write)).await;
    }
    found(&body, place, write)
}

fn found(body: &[u8], place: &'static OutputCap, write: Option<Write>) -> Option<(Asked, Edits)> {
    if let (None, []) = (write, place.object)
        && let Some(asked) = only_read(body, place)
    {
        return Some((asked, Edits::new()));
    }
    let mut search = Search { body, place, write, edits: Edits::new(), most: None, copies: 1 };
    if place.object.is_empty() {
        search.object(body)?;
    } else {
        let fields: Fields<'_> = serde_json::from_slice(body).ok()?;
        let mut is_there = false;
        for (name, value) in &fields.0 {
            if !is_one_of(place.object, name) {
                continue;
            }
            let is_own = place.object.contains(&name.as_str());
            if value.get().starts_with('{') {
                is_there |= is_own;
                search.object(value.get().as_bytes())?;
            } else if let Some(Write { cap, name, .. }) = write {
                is_there |= is_own;
                let object = Bytes::from(format!(r#"{{"{name}":{cap}}}"#));
                search.edits.push((span(body, value), object));
                search.most = Some(cap);
            }
        }
        if let (false, Some(Write { cap, name, .. })) = (is_there, write) {
            let own = place.object.first()?;
            search.insert(body, &format!(r#""{own}":{{"{name}":{cap}}}"#), fields.0.is_empty())?;
            search.most = Some(cap);
        }
    }
    let Search { mut edits, most, copies, .. } = search;
    edits.sort_by_key(|(span, _)| span.start);
    Some((Asked { output: most, copies }, edits))
}

/// The same if nothing is to be written and the limit is a field of the body itself, which is most often so.
fn only_read(body: &[u8], place: &'static OutputCap) -> Option<Asked> {
    let mut seen = Seen::new(place);
    shallow::each_field(body, |name, value| seen.field(name, value))?;
    (!seen.is_odd).then_some(seen.asked)
}

/// What the fields of a body say, seen one after the other.
pub(crate) struct Seen {
    place: &'static OutputCap,
    asked: Asked,
    /// Whether a name has an escape, so that a closer look is needed.
    is_odd: bool,
}

impl Seen {
    /// Of a request whose limit is a field of the body itself, and which has one prompt.
    pub(crate) fn of(inbound: &Inbound) -> Option<Self> {
        let place = place(inbound).filter(|place| place.object.is_empty())?;
        (!is_legacy(inbound)).then(|| Self::new(place))
    }

    fn new(place: &'static OutputCap) -> Self {
        Self { place, asked: Asked { output: None, copies: 1 }, is_odd: false }
    }

    /// Takes a field: its name as it is written, and its value, of an object or a list at least the bracket.
    #[inline]
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) {
        let is_in =
            |names: &[&str]| names.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
        let number = || std::str::from_utf8(value).ok().and_then(whole);
        let asked = &mut self.asked;
        self.is_odd |= name.contains(&b'\\');
        if is_in(self.place.copies) {
            asked.copies = asked.copies.max(number().unwrap_or(1)).min(MOST_COPIES);
        }
        if is_in(self.place.names)
            && let Some(limit) = number()
        {
            asked.output = Some(asked.output.map_or(limit, |most| most.max(limit)));
        }
    }
}

/// A search in progress.
struct Search<'a> {
    body: &'a [u8],
    place: &'a OutputCap,
    write: Option<Write>,
    edits: Edits,
    /// The greatest limit, since readers could take either field.
    most: Option<u64>,
    copies: u64,
}

impl Search<'_> {
    /// Searches the object that holds the limit. A duplicate field counts twice, since readers
    /// could take either.
    fn object(&mut self, text: &[u8]) -> Option<()> {
        let fields: Fields<'_> = serde_json::from_slice(text).ok()?;
        let mut is_there = false;
        for (name, value) in &fields.0 {
            if is_one_of(self.place.copies, name) {
                self.copies = self.copies.max(whole(value.get()).unwrap_or(1)).min(MOST_COPIES);
            }
            if !is_one_of(self.place.names, name) {
                continue;
            }
            let asked = whole(value.get());
            let (within, bound) = match (self.write, asked) {
                (None, Some(asked)) => (true, asked),
                (None, None) => continue,
                (Some(Write { cap, .. }), Some(asked)) if asked <= cap => (true, asked),
                (Some(Write { cap, .. }), _) => (false, cap),
            };
            // Other letters are another field to most providers.
            is_there |= self.write.is_some_and(|write| write.known.contains(&name.as_str()));
            self.most = Some(self.most.map_or(bound, |most| most.max(bound)));
            if !within {
                self.edits.push((span(self.body, value), Bytes::from(bound.to_string())));
            }
        }
        if let (false, Some(Write { cap, name, .. })) = (is_there, self.write) {
            self.insert(text, &format!(r#""{name}":{cap}"#), fields.0.is_empty())?;
            self.most = Some(cap);
        }
        Some(())
    }

    /// Inserts a field at the start of an object.
    fn insert(&mut self, object: &[u8], field: &str, is_empty: bool) -> Option<()> {
        let brace = memchr::memchr(b'{', object)?;
        let at = (offset(self.body, object) + brace + 1) as u64;
        let comma = if is_empty { "" } else { "," };
        self.edits.push((at..at, Bytes::from(format!("{field}{comma}"))));
        Some(())
    }
}

/// Providers written in Go ignore the case of field names.
fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// A limit as vendors may read it: an integer, a fraction, or a string of one. A negative number is
/// not a limit.
fn whole(text: &str) -> Option<u64> {
    let bare = text.trim_matches('"');
    let float = || bare.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
    // Saturates.
    bare.parse::<u64>().ok().or_else(|| float().map(|it| it.ceil() as u64))
}

fn span(body: &[u8], value: &RawValue) -> Range<u64> {
    let start = offset(body, value.get().as_bytes()) as u64;
    start..start + value.get().len() as u64
}

/// The offset of a part of the body.
fn offset(body: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(body.as_ptr() as usize)
}

fn no_place() -> Refusal {
    Refusal::Unsupported {
        field: String::new(),
        message:
            "This API key has a cap on the tokens of an answer, and a request to this endpoint \
            cannot carry it: ask the operator for a key without `max_output_tokens`."
                .into(),
    }
}

/// An object's fields in order, duplicates included.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// More than any vendor generates at once.
const MOST_COPIES: u64 = 128;
/// Fields that ask for text on a path that also serves embeddings.
const PROMPTS: [&str; 4] = ["messages", "prompt", "message", "textGenerationConfig"];
/// Paths whose answers are not a model's text.
const MEDIA: [&str; 4] = ["/audio/", "/images/", "/moderations", "/rerank"];
