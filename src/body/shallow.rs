//! The fields of an object, without a look into their values: what is inside brackets and quotes is passed over.
//!
//! It copies nothing, and it does not check what it passes over.

/// Shows each field's name, as it is written, and its value. `None` if this is not an object, or if a name has
/// an escape.
pub(crate) fn each_field<'a>(
    object: &'a [u8],
    mut see: impl FnMut(&'a [u8], &'a [u8]),
) -> Option<()> {
    let mut at = past(object, 0, b'{')?;
    if object.get(at) == Some(&b'}') {
        return Some(());
    }
    loop {
        let name = at + 1;
        let end = past_text(object, at)?;
        let name = &object[name..end - 1];
        if memchr::memchr(b'\\', name).is_some() {
            return None;
        }
        let value = past(object, blank(object, end), b':')?;
        let end = past_value(object, value)?;
        see(name, &object[value..end]);
        at = blank(object, end);
        match object.get(at)? {
            b',' => at = blank(object, at + 1),
            b'}' => return Some(()),
            _ => return None,
        }
    }
}

/// Past this byte and the blanks after it.
fn past(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = blank(text, at);
    (text.get(at) == Some(&byte)).then(|| blank(text, at + 1))
}

fn blank(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Past the text that begins here with its quote.
fn past_text(text: &[u8], at: usize) -> Option<usize> {
    let mut at = (text.get(at) == Some(&b'"')).then_some(at + 1)?;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn past_value(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => at = past_text(text, at)?,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' if depth > 0 => (depth, at) = (depth - 1, at + 1),
            b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return Some(at),
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, value::RawValue};

    use super::*;

    fn fields(object: &str) -> Option<Vec<(String, String)>> {
        let mut all = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        each_field(object.as_bytes(), |name, value| all.push((text(name), text(value))))?;
        Some(all)
    }

    #[test]
    fn fields_are_shown_as_they_are_written() {
        let object = r#" { "a" : [1, {"b": "}\\\""}] , "c":"x\"y","d":-1e3 ,"a":null, "e":{}} "#;
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let wanted = [
            ("a", r#"[1, {"b": "}\\\""}]"#),
            ("c", r#""x\"y""#),
            ("d", "-1e3"),
            ("a", "null"),
            ("e", "{}"),
        ];
        assert_eq!(fields(object).unwrap(), wanted.map(own));
        assert_eq!(fields(" {  } "), Some(Vec::new()));
        for broken in
            ["", "[]", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":"b}"#, r#"{"\u0061":1}"#]
        {
            assert_eq!(
                fields(broken).filter(|all| !all.iter().any(|(_, it)| it.is_empty())),
                None,
                "{broken}"
            );
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{0,3}", inner, 0..4)
                    .prop_map(|all| Value::Object(Map::from_iter(all))),
            ]
        })
    }

    proptest! {
        #[test]
        fn fields_are_those_that_a_whole_reader_finds(
            all in prop::collection::btree_map("[a-z]{0,5}", values(), 0..6), is_pretty in any::<bool>(),
        ) {
            let object = Value::Object(Map::from_iter(all));
            let text = if is_pretty {
                serde_json::to_string_pretty(&object).unwrap()
            } else {
                object.to_string()
            };
            let wanted: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
            let mut wanted: Vec<_> =
                wanted.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect();
            let mut found = fields(&text).unwrap();
            wanted.sort();
            found.sort();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..64), text in r#"[{}\[\]",:\\a 1]{0,40}"#) {
            let _ = each_field(&bytes, |_, _| {});
            let _ = each_field(text.as_bytes(), |_, _| {});
        }
    }
}
