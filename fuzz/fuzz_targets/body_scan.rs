//! The body scanner against `serde_json`: the same bodies are objects, the same values are found
//! in them, however the body is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onwards::body::{Found, Invalid, Scanner};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((cuts, body)) = cut(data) else { return };
    // serde_json reads a value under this key as JSON again, for its own RawValue.
    if body.windows(12).any(|window| window == b"$serde_json:") {
        return;
    }
    let found = scan(&[body]);
    assert_eq!(scan(&pieces(body, cuts)), found);
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let Some(object) = parsed.as_ref().and_then(Value::as_object) else {
        assert!(matches!(found, Err(Invalid::Json { .. })));
        return;
    };
    match found {
        Ok(found) => agrees(body, &found, object),
        Err(error) => {
            assert_eq!(error, Invalid::DuplicateModel);
            assert!(models(body) > 1);
        }
    }
});

fn agrees(body: &[u8], found: &Found, object: &serde_json::Map<String, Value>) {
    assert!(models(body) <= 1);
    assert_eq!(found.stream, object.get("stream").and_then(Value::as_bool));
    let named = object.iter().find(|(key, _)| key.eq_ignore_ascii_case("model"));
    assert_eq!(found.model.is_some(), named.is_some());
    if let Some(model) = &found.model {
        let span = model.span.start as usize..model.span.end as usize;
        let value: Value = serde_json::from_slice(&body[span]).unwrap();
        assert_eq!(Some(&value), named.map(|(_, value)| value));
        assert_eq!(model.name.as_deref(), value.as_str());
    }
}

fn scan(pieces: &[&[u8]]) -> Result<Found, Invalid> {
    let mut scanner = Scanner::new();
    pieces.iter().for_each(|piece| scanner.feed(piece));
    scanner.finish()
}

/// The lengths of the pieces, which stand before the body with their number.
fn cut(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&count, rest) = data.split_first()?;
    rest.split_at_checked(usize::from(count % 16))
}

fn pieces<'a>(mut body: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &length in cuts {
        let (piece, rest) = body.split_at(usize::from(length).min(body.len()));
        pieces.push(piece);
        body = rest;
    }
    pieces.push(body);
    pieces
}

/// How often the top-level object has the key `model`.
fn models(body: &[u8]) -> usize {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
            let mut models = 0;
            while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
                models += usize::from(key.eq_ignore_ascii_case("model"));
            }
            Ok(models)
        }
    }
    serde_json::Deserializer::from_slice(body).deserialize_map(Keys).unwrap()
}
