//! Bodies as clients write them, against serde_json and cut at every byte.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Found, Invalid> {
    let mut scanner = Scanner::new();
    pieces.into_iter().for_each(|piece| scanner.feed(piece));
    scanner.finish()
}

fn whole(body: &[u8]) -> Result<Found, Invalid> {
    scan([body])
}

/// Agrees with `serde_json` about what is an object, and finds the same values in it.
fn agrees_with_serde(body: &[u8]) {
    let shown = String::from_utf8_lossy(body);
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let Some(object) = parsed.as_ref().and_then(Value::as_object) else {
        assert!(matches!(whole(body), Err(Invalid::Json { .. })), "{shown}");
        return;
    };
    match whole(body) {
        Ok(found) => {
            assert!(models(body) <= 1, "{shown}");
            assert_eq!(found.stream, object.get("stream").and_then(Value::as_bool), "{shown}");
            let value = object.iter().find(|(key, _)| key.eq_ignore_ascii_case("model"));
            assert_eq!(found.model.is_some(), value.is_some(), "{shown}");
            if let Some(model) = found.model {
                let span = model.span.start as usize..model.span.end as usize;
                let found: Value = serde_json::from_slice(&body[span]).unwrap();
                assert_eq!(Some(&found), value.map(|(_, value)| value), "{shown}");
                assert_eq!(model.name.as_deref(), found.as_str(), "{shown}");
            }
        }
        Err(Invalid::DuplicateModel) => assert!(models(body) > 1, "{shown}"),
        Err(Invalid::DuplicateStream) => assert!(streams(body) > 1, "{shown}"),
        Err(other) => panic!("{other}: {shown}"),
    }
}

/// How often the top-level object has the key `model`.
fn models(body: &[u8]) -> usize {
    keys(body, |key| key.eq_ignore_ascii_case("model"))
}

/// The same of `stream`.
fn streams(body: &[u8]) -> usize {
    keys(body, |key| key == "stream")
}

fn keys(body: &[u8], is_it: fn(&str) -> bool) -> usize {
    struct Keys(usize, fn(&str) -> bool);
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            mut self,
            mut map: A,
        ) -> Result<usize, A::Error> {
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                self.0 += usize::from((self.1)(&key));
            }
            Ok(self.0)
        }
    }
    let keys = Keys(0, is_it);
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_slice(body), keys)
        .unwrap()
}

/// Says the same when cut at every place, and into single bytes.
fn same_at_every_split(body: &[u8]) {
    let wanted = whole(body);
    for at in 0..=body.len() {
        let (left, right) = body.split_at(at);
        assert_eq!(scan([left, right]), wanted, "{:?} at {at}", String::from_utf8_lossy(body));
    }
    assert_eq!(scan(body.chunks(1)), wanted);
    assert_eq!(scan(body.chunks(3)), wanted);
}

#[test]
fn a_repeated_stream_is_refused() {
    for body in [r#"{"stream":true,"stream":"no"}"#, r#"{"stream":1,"str\u0065am":true}"#] {
        assert_eq!(whole(body.as_bytes()), Err(Invalid::DuplicateStream), "{body}");
    }
    assert!(whole(br#"{"models":["a"]}"#).unwrap().has_models);
}

#[test]
fn finds_model_and_stream() {
    /// A body, the value of `model` as it stands there, its text, and `stream`.
    type Case = (&'static str, Option<&'static str>, Option<&'static str>, Option<bool>);
    let cases: &[Case] = &[
        ("{}", None, None, None),
        (r#"{"model":"gpt-4"}"#, Some(r#""gpt-4""#), Some("gpt-4"), None),
        (r#" { "stream" : true , "model" : "m" } "#, Some(r#""m""#), Some("m"), Some(true)),
        (r#"{"mod\u0065l":"\u0067pt\n\ud83d\ude00"}"#, None, Some("gpt\n😀"), None),
        (r#"{"\u006dodel":"a\"b"}"#, None, Some("a\"b"), None),
        (r#"{"model":""}"#, Some(r#""""#), Some(""), None),
        (r#"{"MODEL":"a","Stream":true}"#, Some(r#""a""#), Some("a"), None),
        (r#"{"model":"日本"}"#, Some(r#""日本""#), Some("日本"), None),
        (r#"{"model":12.5e3,"stream":false}"#, Some("12.5e3"), None, Some(false)),
        (r#"{"model":null}"#, Some("null"), None, None),
        (r#"{"model":{"model":"x"},"a":1}"#, Some(r#"{"model":"x"}"#), None, None),
        (r#"{"model": [ "x" ] }"#, Some(r#"[ "x" ]"#), None, None),
        (r#"{"a":{"model":"x","stream":true},"b":[{"model":"y"}]}"#, None, None, None),
        (r#"{"stream":1}"#, None, None, None),
        (r#"{"models":"x","mode":"y","":"z","stream":null}"#, None, None, None),
        (
            r#"{"a_key_of_more_than_twenty_four_letters_\u0061":"model","model":"x"}"#,
            Some(r#""x""#),
            Some("x"),
            None,
        ),
    ];
    for (body, value, name, stream) in cases {
        let found = whole(body.as_bytes()).unwrap();
        let model = found.model.as_ref();
        assert_eq!(model.and_then(|model| model.name.as_deref()), *name, "{body}");
        assert_eq!(found.stream, *stream, "{body}");
        if let Some(value) = value {
            let span = model.unwrap().span.clone();
            assert_eq!(&body[span.start as usize..span.end as usize], *value, "{body}");
        }
        agrees_with_serde(body.as_bytes());
        same_at_every_split(body.as_bytes());
    }
}

#[test]
fn a_repeated_model_is_refused_however_it_is_written() {
    for body in [
        r#"{"model":"a","model":"a"}"#,
        r#"{"model":"a","mod\u0065l":"b"}"#,
        r#"{"model":"a","Model":"b"}"#,
        r#"{"mod\u0065l":null,"x":1,"\u006d\u006f\u0064\u0065\u006c":"b"}"#,
    ] {
        assert_eq!(whole(body.as_bytes()), Err(Invalid::DuplicateModel), "{body}");
        same_at_every_split(body.as_bytes());
    }
    let broken = br#"{"model":"a","model":"a""#;
    assert_eq!(whole(broken), Err(Invalid::Json { offset: 24 }));
}

#[test]
fn says_where_it_goes_wrong() {
    let cases: &[(&[u8], u64)] = &[
        (b"", 0),
        (b"  ", 2),
        (b"[]", 0),
        (b"null", 0),
        (b"\"x\"", 0),
        (b"\xef\xbb\xbf{}", 0),
        (b"{}x", 2),
        (b"{} {}", 3),
        (b"{\"a\":1,}", 7),
        (b"{\"a\":01}", 6),
        (b"{\"a\":1.}", 7),
        (b"{\"a\":tru }", 8),
        (b"{\"a\":\"\x1f\"}", 6),
        (b"{\"a\":\"01234567890123456789012345678901\x00\"}", 38),
        (b"{\"a\":\"ok\xc3\x28\"}", 8),
        (b"{\"a\":\"ok\xe2\x82\"}", 8),
        (b"{\"a\":\"ok\xe2\x82", 10),
        (b"{\"a\":\"\\x\"}", 7),
        (b"{\"a\":\"\\ud800\"}", 12),
        (b"{\"a\":\"\\udc00\"}", 11),
        (b"{\"a\":\"\\ud800\\u0041\"}", 17),
        (b"{\"a\" 1}", 5),
        (b"{\"a\":1 2}", 7),
        (b"{\"a\":[1}}", 7),
        (b"{\"a\":1e400}", 10),
        (b"{a:1}", 1),
        (b"{,}", 1),
        (b"{\"a\":\0}", 5),
    ];
    for (body, offset) in cases {
        let shown = String::from_utf8_lossy(body);
        assert_eq!(whole(body), Err(Invalid::Json { offset: *offset }), "{shown}");
        agrees_with_serde(body);
        same_at_every_split(body);
    }
}

#[test]
fn values_and_what_only_looks_like_them() {
    let values = [
        "0",
        "-0",
        "-",
        "+1",
        "00",
        "0.0",
        "1.",
        ".5",
        "1e5",
        "1E+5",
        "1e-5",
        "1e",
        "1e+",
        "-1.5e-3",
        "18446744073709551616",
        "123456789012345678901234567890.5",
        "1e308",
        "1.8e308",
        "2e308",
        "1e309",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "17976931348623157e292",
        "17976931348623159e292",
        "0e999999999999",
        "1e-999999999999",
        "1e99999999999",
        "0.0e400",
        "0.00001e312",
        "0.00001e313",
        "0.00001e314",
        "-1e400",
        "1e0000000000000000000001",
        "1x",
        "- 1",
        "true",
        "false",
        "null",
        "True",
        "nul",
        "nulll",
        "tru",
        "NaN",
        "Infinity",
        "[]",
        "[1]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{}",
        "{\"a\":1}",
        "{\"a\"}",
        "{1:1}",
        "[}",
        "{]",
        "[[[]]]",
        r#""""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u00e9\uD83D\uDE00""#,
        r#""\u12g4""#,
        r#""\u12"#,
        r#""\ud83d\n""#,
        r#""\ud83d\ud83d\ude00""#,
        r#""\ud83dx""#,
        r#""\a""#,
        r#""\"#,
        "\"\t\"",
        "\"\u{7f}\"",
        "\"Ünïcödé ist lang genug für alle Wege 日本語 😀\"",
        "'x'",
        "//x\n1",
        "",
    ];
    for value in values {
        for body in [
            format!("{{\"model\":{value}}}"),
            format!("{{\"stream\":{value} ,\"model\":\"x\"}}"),
            format!("{{\"a\":[1,{value},\"some text\"]}}"),
        ] {
            agrees_with_serde(body.as_bytes());
            same_at_every_split(body.as_bytes());
        }
    }
    for digits in [307, 308, 309, 310, 700] {
        for tail in ["", ".5", "e1", "e-1", "e-400", ".0e-1"] {
            let number = "9".repeat(digits) + tail;
            agrees_with_serde(format!("{{\"a\":{number}}}").as_bytes());
            agrees_with_serde(format!("{{\"a\":0.{number}}}").as_bytes());
        }
    }
}

#[test]
fn nesting_has_a_floor() {
    for depth in [1, 126, 127, 128, 129, 100_000] {
        let arrays = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
        let body = format!("{{\"a\":{}}}", if depth == 1 { "1" } else { &arrays });
        assert_eq!(whole(body.as_bytes()).is_ok(), depth <= 127, "{depth}");
        agrees_with_serde(body.as_bytes());
        let objects = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        agrees_with_serde(objects.as_bytes());
    }
}

#[test]
fn long_strings_are_checked_to_the_last_byte() {
    for length in [7, 8, 31, 32, 33, 63, 64, 65, 127, 16_383, 16_384, 16_385, 40_000] {
        for odd in ["é", "\u{1}", "😀", "\\", "\"", "\\u0000", "\x7f"] {
            let body = format!("{{\"a\":\"{}{odd}\",\"model\":\"m\"}}", "x".repeat(length));
            agrees_with_serde(body.as_bytes());
            assert_eq!(scan(body.as_bytes().chunks(1000)), whole(body.as_bytes()));
            assert_eq!(scan(body.as_bytes().chunks(7)), whole(body.as_bytes()));
        }
        let text = "日".repeat(length);
        let body = format!("{{\"model\":\"{text}\"}}");
        assert_eq!(whole(body.as_bytes()).unwrap().model.unwrap().name.as_deref(), Some(&*text));
        assert_eq!(scan(body.as_bytes().chunks(1001)), whole(body.as_bytes()));
    }
}

/// JSON values as text, with odd spaces, odd escapes and the watched names at all depths.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?",
        string(),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((key(), inner, "[ \n\r\t]{0,2}"), 0..6).prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(key, value, gap)| format!("{gap}{key}{gap}:{gap}{value}{gap}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#""model""#.to_owned()),
        Just(r#""stream""#.to_owned()),
        Just(r#""mod\u0065l""#.to_owned()),
        Just(r#""\u0073tream""#.to_owned()),
        string(),
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        r#""([a-z "'é日😀]|\\[\\"/bfnrt]|\\u00[0-7][0-9a-fA-F]|\\ud83d\\ude00|\\u[0-9a-fA-F]{4}){0,40}""#,
        "[a-zA-Z0-9 .,]{0,90}".prop_map(|text| format!("\"{text}\"")),
    ]
}

proptest! {
    #[test]
    fn drawn_json_scans_as_serde_reads_it(body in object(json())) {
        agrees_with_serde(body.as_bytes());
        same_at_every_split(body.as_bytes());
    }

    #[test]
    fn damaged_json_scans_as_serde_reads_it(
        body in object(json()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut body = body.into_bytes();
        for (index, byte, what) in changes {
            let at = index.index(body.len() + 1);
            match what {
                0 => body.truncate(at),
                1 => body.insert(at, byte),
                2 if at < body.len() => { body.remove(at); }
                _ if at < body.len() => body[at] = byte,
                _ => body.push(b"{}[]\",:\\"[usize::from(byte) % 8]),
            }
        }
        agrees_with_serde(&body);
        same_at_every_split(&body);
    }
}
