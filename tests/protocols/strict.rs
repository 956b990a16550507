//! What strict mode promises of any bytes, at every endpoint whose fields are declared.
//!
//! It knows no declared field: what it holds them to is said of all of them. The fuzz targets ask it, too.

use bytes::Bytes;
use onwards::protocol::codec::{Head, Target};
use onwards::protocol::strict::trial::{Cleaned, Trial};
use onwards::protocol::{Endpoint, Operation};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// The check of requests. Whatever comes, it answers; what it takes, it takes in every way of writing that
/// says the same; and what the router's own writers write, it takes.
pub(crate) fn validate(data: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(data).ok();
    for path in PATHS {
        let trial = Trial::at(path).expect(path);
        let (lenient, narrow) = (trial.validate(data, false), trial.validate(data, true));
        if let Err((place, sentence)) = &lenient {
            assert!(!sentence.is_empty() && place.len() <= LONGEST, "{path}: {place}: {sentence}");
            assert!(narrow.is_err(), "{path}: an unknown field makes nothing right");
            continue;
        }
        assert!(serde_json::from_slice::<IgnoredAny>(data).is_ok(), "{path}: it is not JSON");
        // A number may be beyond any double.
        let Some(value) = &value else { continue };
        let printed = value.to_string();
        assert_eq!(
            trial.validate(printed.as_bytes(), false),
            Ok(()),
            "{path}: printed anew {printed}"
        );
        let printed = serde_json::to_string_pretty(&with_unknown(value)).expect("a value");
        assert_eq!(
            trial.validate(printed.as_bytes(), false),
            Ok(()),
            "{path}: with more {printed}"
        );
        written(path, &trial, data);
    }
}

/// A request that is taken and read is taken as the router writes it for the same protocol.
fn written(path: &str, trial: &Trial, data: &[u8]) {
    let endpoint = Endpoint::find(path, None).expect(path);
    if endpoint.operation != Operation::Generate {
        return;
    }
    let codec = endpoint.protocol.codec();
    let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    let Ok(conversation) = codec.read_request(data, &head) else { return };
    let target = Target { model: "m", seed: "seed", ..Target::default() };
    let Ok(written) = codec.write_request(&conversation, &target) else { return };
    let taken = trial.validate(&written.body, false);
    if taken.as_ref().is_err_and(|(_, sentence)| sentence.contains("at least one item")) {
        // A conversation that says nothing is written as one.
        return;
    }
    assert_eq!(taken, Ok(()), "{path}: {}", String::from_utf8_lossy(&written.body));
}

/// The object with a field that is not declared, in front and at the end.
fn with_unknown(value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let mut all = Map::new();
    all.insert(UNKNOWN.to_owned(), Value::Array(vec![Value::Null, 1.into()]));
    all.extend(fields.clone());
    Value::Object(all)
}

/// The cleaning of answers. What is left is JSON, holds nothing that did not come or is bookkeeping, and is
/// clean; a stream is cleaned in the same way however it is cut.
pub(crate) fn clean(data: &[u8]) {
    let json = Bytes::copy_from_slice(data);
    for path in PATHS {
        let trial = Trial::at(path).expect(path);
        if let Cleaned::Kept(clean) = trial.clean(&json, ALIAS) {
            whole(path, data, &clean);
            let again = trial.clean(&clean, ALIAS);
            assert_eq!(again, Cleaned::Kept(clean), "{path}: twice is once");
        }
        let Some(at_once) = trial.clean_stream(&[data], ALIAS) else { continue };
        for pieces in [data.chunks(1).collect::<Vec<_>>(), cut(data)] {
            let cut = trial.clean_stream(&pieces, ALIAS);
            assert_eq!(cut.as_ref(), Some(&at_once), "{path}: cut differently");
        }
        if at_once.1 {
            let again = trial.clean_stream(&[&at_once.0], ALIAS);
            assert_eq!(again.map(|(out, _)| out), Some(at_once.0), "{path}: twice is once");
        }
    }
}

fn whole(path: &str, dirty: &[u8], clean: &[u8]) {
    let after: Value = serde_json::from_slice(clean).unwrap_or_else(|error| {
        panic!("{path}: {error}: {}", String::from_utf8_lossy(clean));
    });
    // Of a field that is written twice it is not known which is compared.
    let Ok(before) = serde_json::from_slice::<Once>(dirty) else { return };
    if let Err(place) = is_within(&after, &before.0, "") {
        let (dirty, clean) = (String::from_utf8_lossy(dirty), String::from_utf8_lossy(clean));
        panic!("{path}: `{place}` did not come:\n{dirty}\n{clean}");
    }
}

/// Whether all that is left came, but for the alias, bookkeeping and words of the protocol.
fn is_within(after: &Value, before: &Value, key: &str) -> Result<(), String> {
    match (after, before) {
        (Value::Object(after), Value::Object(before)) => {
            for (key, value) in after {
                match before.get(key) {
                    Some(before) => {
                        is_within(value, before, key).map_err(|it| format!("{key}.{it}"))?
                    }
                    // Bookkeeping, or nothing.
                    None if is_scalar(value) || value.as_array().is_some_and(Vec::is_empty) => {}
                    None => return Err(key.clone()),
                }
            }
            Ok(())
        }
        (Value::Array(after), Value::Array(before)) => {
            // What is left stands in the same order.
            let mut rest = before.iter();
            for (at, value) in after.iter().enumerate() {
                if !rest.any(|before| is_within(value, before, key).is_ok()) {
                    return Err(format!("[{at}]"));
                }
            }
            Ok(())
        }
        // The alias, the arguments of calls, and words that become the nearest that the protocol has.
        (Value::String(_), _) if is_scalar(before) || key == "arguments" => Ok(()),
        (after, before) if after == before => Ok(()),
        _ => Err(String::new()),
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

/// Pieces of lengths that follow from the bytes themselves.
fn cut(mut data: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut state) = (Vec::new(), data.len() as u32 | 1);
    while !data.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223 ^ u32::from(data[0]));
        let (piece, rest) = data.split_at(((state >> 16) as usize % 23 + 1).min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

/// A value in which no field is written twice.
struct Once(Value);

impl<'de> serde::Deserialize<'de> for Once {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read).map(Self)
    }
}

struct Read;

impl<'de> serde::de::Visitor<'de> for Read {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Once(value))) = fields.next_entry::<String, Once>()? {
            if all.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a field is written twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

/// One of every kind of endpoint that declares its fields.
const PATHS: [&str; 13] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1beta/models/m:generateContent",
    "/v1beta/models/m:streamGenerateContent",
    "/v1beta/models/m:countTokens",
    "/model/m/converse",
    "/model/m/converse-stream",
    "/v2/chat",
    "/v2/embed",
];
const ALIAS: &str = "alias";
const UNKNOWN: &str = "x_unknown";
/// Characters of a place: deep nesting is refused before it is deeper than this.
const LONGEST: usize = 64 * 1024;
